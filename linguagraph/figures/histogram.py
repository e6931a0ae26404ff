"""A table of binned counts -> a histogram, with named positions marked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from linguagraph.figures.palette import INK, PAPER, series
from linguagraph.figures.panels import (
    WIDTH,
    label_axis,
    require_columns,
    say_no_data,
    settle,
    styled,
)
from linguagraph.figures.text import shorten

__all__ = ["histogram"]

_HEIGHT = 2.7
_DASHES = ((4.0, 2.0), (1.2, 1.6), (6.0, 2.0, 1.2, 2.0))


def histogram(
    table: pd.DataFrame,
    *,
    x: str,
    weight: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Draw counts that were binned before.

    Args:
        table: one row per bin, in ascending order.
        x: column with the middles of the bins, evenly spaced.
        weight: column with the count of each bin.
        xlabel: label of the value axis.
        ylabel: label of the count axis.
        marks: positions on the value axis to be marked by a line, by label.

    Raises:
        TableError: a column is missing.
    """
    require_columns(table, x, weight)
    with styled():
        figure = Figure(figsize=(WIDTH, _HEIGHT), layout="constrained")
        axes = figure.subplots()
        if table.empty:
            say_no_data(axes)
            return settle(figure)
        middles = table[x].to_numpy(dtype=float)
        width = float(np.median(np.diff(middles))) if len(middles) > 1 else 1.0
        axes.bar(
            middles,
            table[weight].to_numpy(dtype=float),
            width=width,
            color=series(0).color,
            edgecolor=PAPER,
            linewidth=0.6,
        )
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.yaxis.grid(True)
        label_axis(axes, "x", xlabel)
        label_axis(axes, "y", ylabel)
        _mark(axes, dict(marks or {}))
        return settle(figure)


def _mark(axes: Axes, marks: dict[str, float]) -> None:
    top = axes.get_ylim()[1]
    axes.set_ylim(0.0, top * (1.0 + 0.12 * len(marks)))
    left, right = axes.get_xlim()
    ordered = sorted(marks.items(), key=lambda item: item[1])
    for index, (label, position) in enumerate(ordered):
        level = top * (1.03 + 0.12 * (len(marks) - 1 - index))
        near_right = position > left + 0.7 * (right - left)
        axes.vlines(
            position,
            0.0,
            level + 0.06 * top,
            color=INK,
            linewidth=1.2,
            linestyle=(0, _DASHES[index % len(_DASHES)]),
        )
        axes.annotate(
            shorten(label, 60),
            (position, level),
            xytext=(-4 if near_right else 4, 0),
            textcoords="offset points",
            ha="right" if near_right else "left",
            fontsize=8.5,
            parse_math=False,
        )
