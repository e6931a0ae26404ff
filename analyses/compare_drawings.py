"""Aggregates of a comparison in, its figures out, with captions and alt texts that hold numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from linguagraph.figures import bars, lines, to_pdf, to_svg
from linguagraph.figures.paired import paired
from linguagraph.reports.sections import FigureBlock

from .blocks import edge_name, rows
from .compared import level_title
from .params import Params
from .phrases import percent

__all__ = [
    "block",
    "draw_agreement",
    "draw_curves",
    "draw_differences",
    "draw_lines",
    "draw_shares",
]

RETAINED = "Retained share"


def block(name: str, drawing: Figure, *, caption: str, alt: str, data: str) -> FigureBlock:
    """A figure with its data."""
    return FigureBlock(name, caption, alt, to_svg(drawing), to_pdf(drawing), data=data)


def draw_shares(
    table: pd.DataFrame, *, name: str, y: str, x: str, data: str, xlabel: str, caption: str
) -> FigureBlock:
    """One row of bars per value of ``y``, one bar per run."""
    drawing = bars(table, y=y, x=x, low=f"{x}_low", high=f"{x}_high", hue="run", xlabel=xlabel)
    spoken = "; ".join(
        f"{key}: " + ", ".join(f"{r['run']} {percent(r[x])}" for r in rows(part))
        for key, part in table.groupby(y, sort=False)
    )
    return block(name, drawing, caption=caption, alt=f"{xlabel}. {spoken}.", data=data)


def draw_agreement(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Cohen's kappa between runs and between seeds, by level."""
    drawn = table.dropna(subset=["cohen_kappa"])
    drawn = drawn.assign(panel=[level_title(level) for level in drawn["layer"]])
    spoken = "; ".join(f"{r['panel']}, {r['who']}: {r['cohen_kappa']:.2f}" for r in rows(drawn))
    drawing = bars(
        drawn,
        y="who",
        x="cohen_kappa",
        low="cohen_kappa_low",
        high="cohen_kappa_high",
        panel="panel",
        xlabel="Cohen's kappa",
        percent=False,
    )
    caption = (
        "Agreement on which edges are retained: between runs, and between the seeds of one run "
        f"(the ceiling); means over pairs of seeds, {params.level:.0%} intervals."
    )
    alt = f"Cohen's kappa. {spoken}."
    return block("compare_agreement", drawing, caption=caption, alt=alt, data="compare_agreement")


def draw_differences(
    table: pd.DataFrame, names: tuple[str, str], params: Params, *, name: str, what: str
) -> FigureBlock:
    """Shares of both runs and their difference, from rows of ``differences`` of one level."""
    marked = [
        edge_name(r["label"], r["direction"]) + (" *" if r["p_holm"] < 0.05 else "")
        for r in rows(table)
    ]
    shares = {"share_first": "first", "share_second": "second"}
    drawing = paired(
        table.assign(edge=marked).rename(columns=shares),
        y="edge",
        names=names,
        xlabels=(RETAINED, f"{names[1]} minus {names[0]}"),
    )
    spoken = "; ".join(
        f"{r['edge']} {percent(r['share_first'])} and {percent(r['share_second'])}"
        for r in rows(table.assign(edge=marked))
    )
    caption = (
        f"Labels whose retained share differs most between {names[0]} and {names[1]}, up and down "
        f"({what}), and "
        f"the paired difference with its {params.level:.0%} interval; *: p below 0.05 after Holm's "
        f"correction over all tests of this pair. Cells under {params.min_n} edges are left out."
    )
    alt = f"Retained share with {names[0]} and with {names[1]}: {spoken}."
    return block(name, drawing, caption=caption, alt=alt, data="compare_labels")


def draw_lines(
    table: pd.DataFrame, *, name: str, x: str, data: str, labels: Mapping[str, str], caption: str
) -> FigureBlock:
    """A line per run of ``share`` against ``x``."""
    drawing = lines(
        table, x=x, y="share", low="low", high="high", hue="run",
        xlabel=labels["x"], ylabel=labels["y"],
    )  # fmt: skip
    spoken = "; ".join(
        f"{run}: " + ", ".join(f"{r[x]} {percent(r['share'])}" for r in rows(part))
        for run, part in table.groupby("run", sort=False)
    )
    return block(name, drawing, caption=caption, alt=f"{labels['y']}. {spoken}.", data=data)


def draw_curves(table: pd.DataFrame, params: Params, *, name: str, caption: str) -> FigureBlock:
    """A line per run and source against the share of edges, in a panel per direction."""
    both = table["panel"].nunique() > 1
    drawing = lines(
        table,
        x="percent",
        y="value",
        low="low",
        high="high",
        hue="run",
        panel="panel",
        xlabel="Edges chosen (%)" if both else "Retained edges kept (%)",
        ylabel=str(table["measure"].iloc[0]),
    )
    spoken = "; ".join(
        f"{panel}, {run}: "
        + ", ".join(f"{r['percent']:.0f}% {percent(r['value'])}" for r in rows(part))
        for (panel, run), part in table.groupby(["panel", "run"], sort=False)
    )
    text = f"{caption} {params.level:.0%} intervals."
    return block(name, drawing, caption=text, alt=f"{spoken}.", data=name)
