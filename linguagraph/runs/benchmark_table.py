"""Rows of the benchmark -> tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from linguagraph.runs.benchmark_methods import CONTENDERS
from linguagraph.tasks.registry import TASKS

__all__ = ["print_invariance", "print_tables"]

_COLUMNS = ("P", "R", "F1 ± sd", "worst", "same", "ms", "fit")

_NOTE = (
    "P, R, F1: retained edges against the relevant ones, in percent, over all edges and layers of "
    "the test graphs; means over seeds, standard deviation and worst seed of F1. same: answers in "
    "percent that stay when dropped messages are replaced by the method's baselines (zeros where "
    "it has none). ms: per graph; fit: seconds. yes: F1 on graphs whose answer is yes (more x than "
    "y). paper: F1 in table 1 of Schlichtkrull et al. (2021)."
)


def print_tables(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print one table per task, in the order of the rows, and what the columns mean."""
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        console.print(_table(task, own))
        for note in filter(None, map(_ways, own)):
            console.print(note, style="dim")
    console.print(_NOTE, style="dim")


def print_invariance(found: Mapping[str, Any], console: Console) -> None:
    """Print what two networks of one function get from GraphMask and from LRP."""
    same = "the same masks" if found["masks_equal"] else "different masks"
    lrp = "; ".join(
        f"{name}: {', '.join(f'{value:.3g}' for value in values)}"
        for name, values in found["lrp"].items()
    )
    console.print(
        f"Two networks of one function (appendix H): GraphMask gives {same} (scores differ by at "
        f"most {found['scores_apart']:.1g}); LRP differs, on one graph's four edges {lrp}."
    )


def _table(task: str, rows: Sequence[dict[str, Any]]) -> Table:
    seeds = max(len(row["seeds"]) for row in rows)
    graphs = max(row.get("test_graphs", 0) for row in rows)
    many = "1 seed" if seeds == 1 else f"{seeds} seeds"
    title = f"{TASKS[task].title} ({task}): {graphs} test graphs, {many}"
    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("method", no_wrap=True)
    layered = TASKS[task].layers > 1
    for name in (*_COLUMNS, *(("by layer",) if layered else ("yes", "paper"))):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row["title"], *_values(row, layered=layered))
    return table


def _ways(row: dict[str, Any]) -> str:
    """How a method's masks were found, if not all alike."""
    if "error" in row or not CONTENDERS[row["method"]].ways:
        return ""
    how = row.get("how")
    if not how:
        return f"{row['title']}: not recorded how each graph was searched."
    total = sum(how.values())
    shares = ", ".join(f"{name} on {100 * how[name] / total:.0f}%" for name in sorted(how))
    return f"{row['title']}: {shares} of the graphs."


def _values(row: dict[str, Any], *, layered: bool) -> list[str]:
    if "error" in row:
        return ["does not apply"]
    f1 = row["f1"]
    values = [
        f"{100 * row['precision']['mean']:.1f}",
        f"{100 * row['recall']['mean']:.1f}",
        f"{100 * f1['mean']:.1f} ±{100 * f1['sd']:.1f}",
        f"{100 * f1['min']:.1f}",
        f"{100 * row['answers_kept']['mean']:.0f}",
        f"{1000 * row['seconds_per_graph']['mean']:.2g}",
        f"{row['fit_seconds']['mean']:.0f}" if row["fit_seconds"]["max"] >= 0.5 else "–",
    ]
    if layered:
        return [*values, " ".join(f"{100 * value:.1f}" for value in row["f1_by_layer"])]
    yes = f"{100 * row['f1_yes']['mean']:.1f}"
    return [*values, yes, "–" if row["paper"] is None else f"{row['paper'][2]:.1f}"]
