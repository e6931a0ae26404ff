"""Finished runs on one corpus -> one page that lays them side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Quiet
from linguagraph.runs.console import bars, sayer

__all__ = ["compare"]


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN_A RUN_B ...", help="Run directories with tables."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="NAME.html, with tables and figures in NAME_files beside it; or a directory.",
        ),
    ],
    names: Annotated[
        str | None,
        typer.Option(help="What to call the runs, separated by commas. Default: their models."),
    ] = None,
    min_n: Annotated[int, typer.Option(help="Mark cells with fewer cases.", min=1)] = 30,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples.", min=10)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare runs on the same corpus: other models, other methods, other depths.

    Scores, retained edges by layer, agreement on single edges beside that of seeds, differences by
    label with intervals and corrected significance, faithfulness curves, paths, and example
    sentences drawn once per run. Differences are from the first run. Needs no torch.
    """
    from linguagraph.analyses import Params
    from linguagraph.runs.compare import compare as compare_runs

    say = sayer(quiet)
    params = Params(min_n=min_n, resamples=resamples, seed=seed)
    wanted = None if names is None else [name.strip() for name in names.split(",")]
    with bars(quiet) as progress:
        made = compare_runs(runs, names=wanted, params=params, progress=progress)
        page = made.save(out)
    for warning in made.warnings:
        say(f"note: {warning}")
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    say(f"comparison: {page}")
