"""Finished runs of several methods on one model and corpus -> one page that compares them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Device, Json, Quiet, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["compare_methods"]


def compare_methods(
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
        typer.Option(help="What to call the runs, separated by commas. Default: their methods."),
    ] = None,
    measure: Annotated[
        int,
        typer.Option(
            help="Measure faithfulness curves first, on so many predicates, in runs that lack "
            "them; 0: none.",
            min=0,
        ),
    ] = 200,
    min_n: Annotated[int, typer.Option(help="Mark cells with fewer cases.", min=1)] = 30,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples.", min=10)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of ties.")] = 0,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare methods on one model: their agreement, faithfulness and cost.

    Every method retains as many edges per example as the first run does, so that agreement is not
    one of sparsity. Faithfulness is measured against random edges of the same number. Needs torch
    only where faithfulness is to be measured.
    """
    from linguagraph.analyses import Params
    from linguagraph.runs.compare import compare_methods as compare_runs
    from linguagraph.runs.measuring import measure_missing

    say = sayer(quiet)
    params = Params(min_n=min_n, resamples=resamples, seed=seed)
    wanted = None if names is None else [name.strip() for name in names.split(",")]
    with bars(quiet) as progress:
        if measure:
            measure_missing(
                runs,
                examples=measure,
                device=device,
                threads=threads,
                notify=say,
                progress=progress,
            )
        made = compare_runs(runs, names=wanted, params=params, progress=progress)
        page = made.save(out)
    for warning in made.warnings:
        say(f"note: {warning}")
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    say(f"comparison of methods: {page}")
