"""A table with two values per row label and their difference -> points joined, and whiskers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from linguagraph.figures.palette import INK, PAPER, SOFT, series
from linguagraph.figures.panels import (
    WIDTH,
    add_legend,
    check_keys,
    format_share_axis,
    label_axis,
    require_columns,
    say_no_data,
    settle,
    styled,
    tick_labels,
)

__all__ = ["paired"]

_ROW_HEIGHT = 0.24
_VALUES = ("first", "second", "difference", "low", "high")


def paired(
    table: pd.DataFrame,
    *,
    y: str,
    names: tuple[str, str],
    xlabels: tuple[str, str],
    title: str = "run",
) -> Figure:
    """Draw two shares per row, joined by a line, and beside them their difference.

    Args:
        table: one row per value of ``y``, first on top; ``first``, ``second``, ``difference``,
            ``low`` and ``high`` (ends of the interval of the difference), shares in [-1, 1].
        y: column of row labels.
        names: of the two series.
        xlabels: labels of the two value axes.
        title: what stands before the names.

    Raises:
        TableError: a column is missing, or a row label repeats.
    """
    require_columns(table, y, *_VALUES)
    check_keys(table, y)
    rows = table[y].tolist()
    values = {name: table[name].to_numpy(dtype=float) for name in _VALUES}
    at = np.arange(len(rows), dtype=float)
    with styled():
        figure = Figure(
            figsize=(WIDTH, 1.15 + _ROW_HEIGHT * max(len(rows), 2)), layout="constrained"
        )
        axes = figure.subplots(1, 2, sharey=True)
        if not rows:
            for part in axes:
                say_no_data(part)
            return settle(figure)
        axes[0].hlines(at, values["first"], values["second"], color=SOFT, linewidth=1.0, zorder=2)
        for index, name in enumerate(("first", "second")):
            axes[0].plot(values[name], at, **_points(index))
        axes[1].hlines(at, values["low"], values["high"], color=INK, linewidth=1.1, zorder=2)
        axes[1].plot(values["difference"], at, **{**_points(0), "color": INK, "marker": "d"})
        for index, part in enumerate(axes):
            part.set_yticks(range(len(rows)), tick_labels(rows), parse_math=False)
            part.set_ylim(len(rows) - 0.4, -0.6)
            part.tick_params(axis="y", length=0, labelleft=index == 0)
            part.spines["left"].set_visible(False)
            part.axvline(0.0, color=INK, linewidth=0.8, zorder=1.5)
            for row in range(0, len(rows), 2):
                part.axhspan(row - 0.5, row + 0.5, color=INK, alpha=0.045, linewidth=0, zorder=0)
            format_share_axis(part, "x", percent=True, panels=2)
            label_axis(part, "x", xlabels[index])
        handles = [Line2D([], [], **_points(index)) for index in range(2)]
        add_legend(figure, handles, names, title)
        return settle(figure)


def _points(index: int) -> dict[str, Any]:
    style = series(index)
    return {
        "linestyle": "none",
        "marker": style.marker,
        "color": style.color,
        "markersize": 5.5,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.4,
        "zorder": 3,
    }
