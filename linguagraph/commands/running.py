"""A corpus in shards: made by one process, several, or a Ray cluster; and what is done of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from linguagraph.commands.options import Device, Json, Out, Quiet, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["cost", "run", "status"]


def run(
    recipe: Annotated[
        Path,
        typer.Argument(
            metavar="RECIPE.toml", help="What to do; analyses/recipe.toml shows everything."
        ),
    ],
    out: Out,
    engine: Annotated[
        str, typer.Option(help="local, or ray (needs the extra linguagraph[ray]).")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Ray cluster, or auto for the one on this machine. Default: start one here.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that make shards. Default: 1; ray: one per GPU, else per processor.",
            min=1,
        ),
    ] = None,
    until: Annotated[
        str, typer.Option(help="Last stage: parse, graph, mask or tabulate.")
    ] = "tabulate",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Parse, mask and tabulate a corpus in shards; repeat the command to go on.

    Every shard is a run of its own, OUT/shards/NNNNN. What is there, made from the same bytes,
    models and options, is not made again; a shard that fails is named and the others are made.
    Several processes may work on one OUT. See how far it is with 'linguagraph status OUT'; write
    the report with 'linguagraph analyse OUT'.
    """
    from linguagraph.errors import RunError
    from linguagraph.runs.running import run_recipe

    say = sayer(quiet)
    with bars(quiet) as progress:
        made = run_recipe(
            recipe,
            out,
            engine=engine,
            address=address,
            workers=workers,
            until=until,
            device=device,
            threads=threads,
            progress=progress,
            warn=say,
        )
    facts: dict[str, Any] = {
        "made": len(made.done),
        "there before": len(made.kept),
        "in other hands": len(made.busy),
        "failed": len(made.failed),
    }
    if as_json:
        found: dict[str, Any] = {"done": made.done, "kept": made.kept, "busy": made.busy}
        found |= {"failed": made.failed, "seconds": round(made.seconds, 2)}
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif not quiet:
        typer.echo("shards: " + ", ".join(f"{count} {name}" for name, count in facts.items()))
        for what, count in made.dropped.items():
            typer.echo(f"left out: {count:,} {what} (see 'linguagraph status {out}')")
    if made.failed:
        number, why = next(iter(made.failed.items()))
        raise RunError(
            f"{len(made.failed)} shards failed (see 'linguagraph status {out}'); {number}: {why}"
        )


def status(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Run, or corpus in shards ('linguagraph run -o')."),
    ],
    as_json: Json = False,
) -> None:
    """Say what is done, failed and left of a run or a corpus in shards, and how long it will take.

    May be asked while others are at work.
    """
    from linguagraph.runs.status import status_of

    found = status_of(run)
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    lines = _shards(found) if found["kind"] == "shards" else _stages(found)
    for line in lines:
        typer.echo(line)


def cost(
    tokens: Annotated[float, typer.Option(metavar="N", help="Tokens of the corpus, such as 1e9.")],
    machines: Annotated[int, typer.Option(help="Machines.", min=1)] = 1,
    workers: Annotated[
        int,
        typer.Option(help="Workers on each machine, a processor thread or a GPU each.", min=1),
    ] = 1,
    model: Annotated[
        str | None,
        typer.Option(help="Bundled model whose figures are taken. Default: srl-gnn."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda, where masks are computed.")] = "cpu",
    seeds: Annotated[
        int | None, typer.Option(help="Number of probes. Default: as measured, 5.", min=1)
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(help="Share of the predicates that is explained. Default: as measured, 1."),
    ] = None,
    until: Annotated[
        str, typer.Option(help="Last stage: parse, graph, mask or tabulate.")
    ] = "tabulate",
    annotated: Annotated[
        bool, typer.Option("--annotated", help="The corpus has trees: nothing is parsed.")
    ] = False,
    measured: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Take the figures of these shards, made by 'linguagraph run', best with "
            "[shards] limit on your machine and corpus.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate the hours and gigabytes of a corpus in shards, before any work."""
    from linguagraph.errors import ConfigError
    from linguagraph.runs.cost import bundled_rates, estimate, measured_rates

    if measured is not None and model is not None:
        raise ConfigError("--measured takes the figures of its own model; leave --model out")
    if measured is None:
        rates = bundled_rates(model or "srl-gnn", device)
    else:
        rates = measured_rates(measured)
    found = estimate(
        rates,
        tokens,
        machines=machines,
        workers=workers,
        seeds=seeds,
        share=share,
        until=until,
        parsed=annotated,
    )
    if as_json:
        typer.echo(json.dumps(found.to_json() | {"about": rates.about}, indent=2))
        return
    typer.echo(f"measured: {rates.about}")
    for stage, hours in found.hours.items():
        typer.echo(f"{stage}: {_time(3600 * hours)}")
    typer.echo(
        f"in all: {_time(3600 * sum(found.hours.values()))} of work, "
        f"{_time(3600 * found.wall_hours)} with {machines:,} x {workers:,} workers"
    )
    for part, size in found.gigabytes.items():
        typer.echo(f"{part} on the disk: {size:,.3g} GB")
    typer.echo(f"on the disk in all: {sum(found.gigabytes.values()):,.3g} GB")
    if found.rows:
        typer.echo(f"rows of the edge table: {found.rows:,.3g}")


def _shards(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['done']:,} of {found['shards']:,} shards done (up to {found['until']}), "
        f"{found['failed']:,} failed, {found['left']:,} left, {found['at_work']:,} of these at "
        "work",
        f"{found['tokens']:,} tokens, {found['predicates']:,} predicates, "
        f"{_time(found['seconds'])} of work",
    ]
    if found["stages"]:
        parts = (f"{name} {_time(seconds)}" for name, seconds in found["stages"].items())
        lines.append("by stage: " + ", ".join(parts))
    if found["left"]:
        left, hours = found["seconds_left"], found["hours_left"]
        if left is None:
            lines.append("left: not known before a shard is done")
        elif hours is None:
            lines.append(f"left: {_time(left)} of work; no worker is at it")
        else:
            lines.append(f"left: {_time(left)} of work, {_time(3600 * hours)} by these workers")
    lines += [f"left out: {count:,} {what}" for what, count in found["dropped"].items()]
    lines += [f"warning: {text}" for text in found["warnings"]]
    lines += [f"failed: shard {n}: {f['error']}" for n, f in found["failures"].items()]
    return lines


def _stages(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, stage in found["stages"].items():
        line = f"{name}: {stage['state']}"
        if "seconds" in stage:
            line += f", {_time(stage['seconds'])}"
        if stage.get("of"):
            line += f", {stage['shards']} of {stage['of']} shards"
        lines.append(line)
    if found["seconds_left"] is not None:
        lines.append(f"left of this stage: {_time(found['seconds_left'])}")
    return [*lines, "a process is at work" if found["at_work"] else "no process is at work"]


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"
