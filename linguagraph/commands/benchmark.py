"""Tasks with known truth -> how faithful every method is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Quiet, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["faithfulness", "parse_seed_list"]

FILE = "faithfulness.json"
LOST = "stopped; finished cells are kept only with -o or --json, so give one of them next time"


def faithfulness(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for the picture of a star graph (SVG, PDF, PNG), trained models, and "
            f"{FILE} unless --json names another.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write everything into FILE, and go on with what it already holds.",
        ),
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(help="Tasks, such as star,path. Default: all three.")
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help="Methods, such as graphmask,integrated_gradients. Default: all."),
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Seeds: a number (the first so many) or a list such as 0,2,4.")
    ] = "5",
    graphs: Annotated[
        int, typer.Option(help="Test graphs; thresholds get as many others.", min=1, max=500)
    ] = 500,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look in a minute or two: one seed, fewer graphs.")
    ] = False,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train the bundled star models anew, too.")
    ] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Precision, recall and F1 of every method on tasks whose relevant edges are known.

    Star graphs as in section 4 of Schlichtkrull et al. (2021), paths of two edges among decoys, and
    redundant evidence. An interrupted benchmark goes on where it stopped, if it has --json or -o.
    """
    import torch
    from rich.console import Console

    from linguagraph.runs.benchmark import BenchmarkConfig, run_benchmark
    from linguagraph.runs.benchmark_methods import CONTENDERS
    from linguagraph.runs.benchmark_picture import write_picture
    from linguagraph.runs.benchmark_results import table_rows
    from linguagraph.runs.benchmark_table import print_invariance, print_tables
    from linguagraph.tasks.registry import TASKS

    config = BenchmarkConfig(
        tasks=_names(tasks) or tuple(TASKS),
        methods=_names(methods) or tuple(CONTENDERS),
        seeds=parse_seed_list(seeds),
        graphs=graphs,
        retrain=retrain,
    )
    config = config.quick() if quick else config
    torch.set_num_threads(threads or 1)  # the graphs are small: more threads wait for each other
    file = json_file or (None if out is None else out / FILE)
    try:
        with bars(quiet) as progress:
            results = run_benchmark(
                config,
                file=file,
                models=None if out is None else out / "models",
                log=sayer(quiet),
                progress=progress,
            )
    except KeyboardInterrupt:
        if file is not None:
            raise
        typer.echo(LOST, err=True)
        raise SystemExit(130) from None
    rows = table_rows(results.cells, results.config)
    if not quiet:
        console = Console()
        print_tables(rows, console)
        if results.invariance is not None:
            print_invariance(results.invariance, console)
    if out is not None:
        order = {name: place for place, name in enumerate(config.methods)}
        cells = [cell for cell in results.cells if cell["method"] in order]
        cells.sort(key=lambda cell: order[cell["method"]])
        for path in write_picture(out, cells, seed=config.seeds[0]):
            sayer(quiet)(f"wrote {path}")


def _names(given: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (given or "").split(",") if part.strip())


def parse_seed_list(given: str) -> tuple[int, ...]:
    """A number (the first so many seeds) or a list of seeds."""
    from linguagraph.errors import ConfigError

    try:
        numbers = tuple(int(part) for part in given.split(","))
    except ValueError as error:
        raise ConfigError(f"--seeds {given}; expected a number or a list such as 0,2,4") from error
    return tuple(range(numbers[0])) if len(numbers) == 1 else numbers
