"""A corpus with predicates -> a trained predicate finder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Device, Out, Quiet, Resume, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["train_predicates"]


def train_predicates(
    train: Annotated[Path, typer.Option("--train", help="Training corpus, CoNLL-2009.")],
    dev: Annotated[
        Path, typer.Option("--dev", help="Development corpus, CoNLL-2009; only scored.")
    ],
    out: Out,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML with tables [model] and [training]; the options below count more."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", min=1)] = None,
    name: Annotated[str, typer.Option(help="Name, to be recorded.")] = "predicates",
    licence: Annotated[
        str | None, typer.Option(help="Licence of the data, to be recorded.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Train a predicate finder: which verbs, nouns and adjectives are predicates."""
    from linguagraph.runs.launch import train_together
    from linguagraph.runs.predicates import train_predicates_run

    overrides = {"seed": seed, "epochs": epochs}
    with train_together(device, out) as world, bars(quiet or not world.first) as progress:
        say = sayer(quiet or not world.first)
        record = train_predicates_run(
            train,
            dev,
            out,
            config=config,
            overrides={k: v for k, v in overrides.items() if v is not None},
            name=name,
            licence=licence,
            device=device,
            threads=threads,
            resume=resume,
            log=say,
            progress=progress,
            world=world,
        )
    for kind, score in record["scores"].items():
        shown = "  ".join(f"{key} {100 * score[key]:.2f}" for key in ("precision", "recall", "f1"))
        say(f"{dev.name}  {kind:3}  {shown}  ({score['gold']} gold)")
