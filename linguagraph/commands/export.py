"""A tabulated run -> its tables as CSV, LaTeX and Parquet, and a table for R's lme4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Quiet, RunDir
from linguagraph.runs.console import sayer

__all__ = ["export_tables"]


def export_tables(
    run: RunDir,
    out: Out,
    lme4: Annotated[
        bool,
        typer.Option("--lme4", help="Also write edges_lme4.csv, which R's lme4 reads as it is."),
    ] = False,
    only_lme4: Annotated[
        bool, typer.Option("--only-lme4", help="Write that file and nothing else.")
    ] = False,
    analysis: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE.py", help="Also tables of this analysis of yours. May be given again."
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write every table of a run's report as CSV, LaTeX (booktabs) and Parquet with provenance.

    The Parquet files hold versions, fingerprints and the manifest of the run in their metadata;
    README.txt says the same beside them, and what each table holds.
    """
    from linguagraph.runs.directory import Run
    from linguagraph.runs.exporting import export_lme4, export_run

    say = sayer(quiet)
    opened = Run.open(run, notify=say)
    written: list[Path] = (
        [] if only_lme4 else export_run(opened, out, analyses=analysis or (), warn=say)
    )
    if lme4 or only_lme4:
        written += export_lme4(opened, out / "edges_lme4.csv")
    if as_json:
        typer.echo(json.dumps([str(path) for path in written], indent=2, ensure_ascii=False))
    say(f"{len(written)} files in {out}")
