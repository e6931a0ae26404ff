"""A treebank -> small Stanza models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Quiet, Resume, Threads
from linguagraph.runs.console import bars, sayer, tell

__all__ = ["train_parser"]

Steps = Annotated[int | None, typer.Option(help="Gradient steps.", min=1)]


def train_parser(
    train: Annotated[Path, typer.Option("--train", help="Training treebank, CoNLL-U.")],
    dev: Annotated[Path, typer.Option("--dev", help="Development treebank, CoNLL-U.")],
    out: Out,
    lang: Annotated[str, typer.Option(help="Language code, as Stanza has it.")] = "en",
    treebank: Annotated[
        str | None,
        typer.Option(
            help="Name of the treebank for Stanza's preparation, such as UD_English-EWT; some "
            "have rules of their own there."
        ),
    ] = None,
    tokenizer_steps: Steps = None,
    tagger_steps: Steps = None,
    parser_steps: Steps = None,
    lemmatizer_epochs: Annotated[
        int | None, typer.Option(help="Passes over the data.", min=1)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the treebank, to be recorded.")
    ] = None,
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a tokeniser, tagger, lemmatiser and dependency parser with Stanza's trainers.

    The folder can be given as --parser to 'report' and 'parse'. Needs about two hours of one core
    for 200,000 words; an interrupted training goes on with --resume.
    """
    from linguagraph.runs.configuring import updated
    from linguagraph.runs.parser_training import ParserConfig, train_parser_run

    given = {
        "treebank": treebank,
        "tokenizer_steps": tokenizer_steps,
        "tagger_steps": tagger_steps,
        "parser_steps": parser_steps,
        "lemmatizer_epochs": lemmatizer_epochs,
        "seed": seed,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    config = updated(ParserConfig(), chosen, where="parser")
    with bars(quiet) as progress:
        facts = train_parser_run(
            train,
            dev,
            out,
            language=lang,
            config=config,
            licence=licence,
            threads=threads or 1,
            resume=resume,
            log=sayer(quiet),
            progress=progress,
        )
    shown = {name: facts[name] for name in ("name", "language", "bytes", "scores", "licence")}
    tell(shown, as_json=as_json, quiet=quiet)
