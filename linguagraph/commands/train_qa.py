"""Questions -> a trained question answering model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Device, Out, Quiet, Resume, StanzaDir, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["train_qa"]


def train_qa(
    train: Annotated[Path, typer.Option("--train", help="Training questions, WikiHop JSON.")],
    dev: Annotated[Path, typer.Option("--dev", help="Development questions, WikiHop JSON.")],
    out: Out,
    auxiliary: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Further questions for the first epochs, such as one-hop ones. May be given "
            "again.",
        ),
    ] = None,
    conv: Annotated[
        str | None,
        typer.Option(help="Graph layer: gated-rgcn, rgcn, gat, gine, transformer or ggnn."),
    ] = None,
    layers: Annotated[int | None, typer.Option(help="Times it is applied.", min=1)] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RELATION",
            help="Leave a relation out of the graph: MATCH, DOC-BASED, COREF or COMPLEMENT. May "
            "be given again.",
        ),
    ] = None,
    coreference: Annotated[
        str,
        typer.Option(help="Chains: rules (the texts are parsed, which takes a while) or none."),
    ] = "rules",
    entities: Annotated[
        str | None,
        typer.Option(
            metavar="LANG",
            help="Take named entities of Stanza's model of a language for bridges. Default: "
            "capitalised words.",
        ),
    ] = None,
    stanza_dir: StanzaDir = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad questions out; count them.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML with tables [model], [training] and [mentions]; the options below count "
            "more."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", min=1)] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the data, to be recorded.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Train a question answering model over entity graphs: BiLSTM over the query, gated R-GCN.

    The supports are parsed for coreference first; what is found is kept in OUT, so that an
    interrupted training goes on with --resume. Then explain it: linguagraph train graphmask
    --model OUT --train ... --dev ..., and linguagraph report FILE.json -o RUN --model OUT.
    """
    from linguagraph.runs.launch import train_together
    from linguagraph.runs.qa_items import QaReading
    from linguagraph.runs.qa_training import train_qa_run

    overrides = {"seed": seed, "epochs": epochs}
    architecture = {"conv": conv, "layers": layers}
    with train_together(device, out) as world, bars(quiet or not world.first) as progress:
        train_qa_run(
            train,
            dev,
            out,
            auxiliary=auxiliary or (),
            architecture={k: v for k, v in architecture.items() if v is not None},
            without=without or (),
            reading=QaReading(
                coreference=coreference,
                entities=entities,
                stanza_dir=stanza_dir,
                skip_bad=skip_bad,
            ),
            config=config,
            overrides={k: v for k, v in overrides.items() if v is not None},
            licence=licence,
            device=device,
            threads=threads,
            resume=resume,
            log=sayer(quiet or not world.first),
            progress=progress,
            world=world,
        )
