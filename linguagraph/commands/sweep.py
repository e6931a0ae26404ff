"""A grid in a TOML file -> models, masks and tables, one folder per cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Device, Json, Out, Quiet, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["sweep"]


def sweep(
    grid: Annotated[
        Path,
        typer.Argument(
            metavar="GRID.toml", help="What varies; analyses/variants.toml shows everything."
        ),
    ],
    train: Annotated[Path, typer.Option("--train", help="Training corpus.")],
    dev: Annotated[
        Path, typer.Option("--dev", help="Development corpus, which the masks are about, too.")
    ],
    out: Out,
    train_documents: Annotated[
        Path | None,
        typer.Option(help="CoNLL-U with '# newdoc': for models with coreference or cooccurrence."),
    ] = None,
    dev_documents: Annotated[
        Path | None, typer.Option(help="The same for the development corpus.")
    ] = None,
    auxiliary: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Further questions for the first epochs (task qa)."),
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this cell. May be given again."),
    ] = None,
    list_cells: Annotated[
        bool, typer.Option("--list", help="Only say which cells there are and what is left.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Make cells anew that came from other options or data."),
    ] = False,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the data, to be recorded.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train, mask and tabulate a grid of models; repeat the command to go on.

    Every combination of the lists under [grid] is a cell with a folder of its own,
    OUT/cells/NAME: the model, its probes and a run with its report. What is finished is skipped, an
    interrupted training goes on from its last epoch, a cell that fails is named and the others are
    made. OUT/sweep.csv has a row per cell. Then put runs side by side: linguagraph compare
    OUT/cells/A/run OUT/cells/B/run -o compare.html
    """
    from linguagraph.errors import RunError
    from linguagraph.runs.sweep import CELLS, SweepData, cell_state, sweep_run
    from linguagraph.runs.sweep_grid import read_grid

    if list_cells:
        read = read_grid(grid)
        states = {c.name: cell_state(out / CELLS / c.name) for c in read.cells}
        if as_json:
            typer.echo(json.dumps(states, indent=2))
        else:
            for name, state in states.items():
                typer.echo(f"{name}: {state}")
            typer.echo(f"{len(states)} cells, {read.skipped} skipped")
        return
    data = SweepData(
        train=train,
        dev=dev,
        documents=(train_documents, dev_documents),
        auxiliary=tuple(auxiliary or ()),
        licence=licence,
    )
    with bars(quiet) as progress:
        table, failed = sweep_run(
            grid,
            data,
            out,
            only=cell or (),
            overwrite=overwrite,
            device=device,
            threads=threads,
            log=sayer(quiet),
            progress=progress,
        )
    if as_json:
        typer.echo(table.to_json(orient="records", indent=2, force_ascii=False))
    elif not quiet:
        shown = table.drop(columns=["error", "retained_low", "retained_high"])
        typer.echo(shown.to_string(index=False, na_rep="", float_format=lambda v: f"{v:.3f}"))
        typer.echo(f"table: {out / 'sweep.csv'}")
    if failed:
        first, why = next(iter(failed.items()))
        raise RunError(f"{len(failed)} cells failed; {first}: {why}")
