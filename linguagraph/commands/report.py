"""A corpus -> its report: all stages at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import (
    Batch,
    Device,
    Format,
    Json,
    Limit,
    Model,
    Out,
    Overwrite,
    Predicted,
    Quiet,
    Resume,
    Seeds,
    SkipBad,
    Threads,
)
from linguagraph.runs.console import bars, sayer

__all__ = ["report"]


def report(
    corpus: Annotated[
        Path, typer.Argument(metavar="CORPUS", help="Annotated corpus: CoNLL-2009 with predicates.")
    ],
    out: Out,
    model: Model = "srl-gnn",
    seeds: Seeds = None,
    device: Device = "auto",
    batch_size: Batch = 4000,
    limit: Limit = None,
    threads: Threads = None,
    format: Format = None,
    predicted: Predicted = False,
    skip_bad: SkipBad = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Do everything: read a corpus, mask a model's edges, and write the report into OUT."""
    from linguagraph.runs.reporting import ReportOptions, run_report

    options = ReportOptions(
        model=model,
        seeds=seeds,
        device=device,
        batch_size=batch_size,
        limit=limit,
        threads=threads,
        skip_bad=skip_bad,
        predicted=predicted,
        format=format,
    )
    say = sayer(quiet)
    with bars(quiet) as progress:
        made = run_report(
            corpus,
            out,
            options=options,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            warn=say,
        )
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    say(f"report: {out / 'report.html'}")
