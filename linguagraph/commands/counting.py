"""The counting task -> how well DiffMask finds its relevant tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Quiet, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["counting"]


def counting(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write the rows into FILE (JSON) after every seed, and go on with what it holds.",
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Seeds: a number (the first so many) or a list such as 0,2,4.")
    ] = "1",
    quick: Annotated[
        bool, typer.Option("--quick", help="A look in a minute: fewer examples, worse masks.")
    ] = False,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """DiffMask on the toy task of De Cao et al. (2020), whose relevant tokens are known.

    Precision, recall and F1 of the tokens that amortised gates keep in every layer, by masking the
    input and by masking hidden states, and of masks that are fitted to each example (free).
    """
    import json

    import torch

    from linguagraph.commands.benchmark import parse_seed_list
    from linguagraph.runs.counting import CountingConfig, run_counting

    numbers = parse_seed_list(seeds)
    config = CountingConfig(seeds=numbers)
    if quick:
        config = CountingConfig(seeds=numbers, examples=4_000, gates=1_000, epochs=8, free=50)
    torch.set_num_threads(threads or 1)  # the network is small: more threads wait for each other
    with bars(quiet) as progress:
        rows = run_counting(config, file=out, log=sayer(quiet), progress=progress)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    if quiet:
        return
    for row in rows:
        shares = "  ".join(
            f"{name} {row[name]:.3f}" for name in ("precision", "recall", "f1", "retained")
        )
        place = f"{row['variant']:<7} {row['method']:<10} {row['state']:<13}"
        typer.echo(f"seed {row['seed']}  {place}{shares}")
