"""A masked run -> keep and drop curves against random masks, in its tables and its report."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from linguagraph.commands.options import Batch, Device, Json, Quiet, RunDir, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["faithfulness"]


def faithfulness(
    run: RunDir,
    examples: Annotated[
        int, typer.Option(help="Predicates to measure at most, drawn at random.", min=1)
    ] = 500,
    seeds: Annotated[
        str, typer.Option(help="Probes: a number (the first so many) or a list such as 0,2,4.")
    ] = "1",
    draws: Annotated[int, typer.Option(help="Random masks per control.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the random masks.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="The explained model. Default: where the run found it.")
    ] = None,
    device: Device = "auto",
    batch_size: Batch = 4000,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Run the model on parts of the edges of a masked run, beside random ones; renew the report."""
    import torch

    from linguagraph.analyses import Params
    from linguagraph.runs.analysing import analyse_stage
    from linguagraph.runs.directory import Run, free_threads
    from linguagraph.runs.faithfulness import FaithfulnessOptions, faithfulness_stage

    torch.set_num_threads(free_threads(threads))
    say = sayer(quiet)
    opened = Run.open(run, notify=say)
    opened.finished("tabulate")
    options = FaithfulnessOptions(
        examples=examples,
        seeds=seeds,
        draws=draws,
        seed=seed,
        tokens=batch_size,
        model=model,
        device=device,
    )
    with opened.lock(), bars(quiet) as progress:
        faithfulness_stage(opened, options, progress=progress)
        params = Params(**opened.manifest.get("params", {}))
        made = analyse_stage(opened, params=params, progress=progress, warn=say)
    if as_json:
        found = made.summary.get("faithfulness_curves", {})
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    say(f"table: {run / 'fidelity.parquet'}; report: {run / 'report.html'}")
