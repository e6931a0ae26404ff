"""A table of shares that add up to one -> stacked horizontal bars with their values written in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from linguagraph.errors import TableError
from linguagraph.figures.palette import INK, PAPER, series
from linguagraph.figures.panels import (
    Panel,
    add_legend,
    check_keys,
    format_share_axis,
    label_axis,
    levels,
    make_panels,
    require_columns,
    restrict,
    say_no_data,
    settle,
    styled,
    tick_labels,
)

__all__ = ["stacked"]

_ROW_HEIGHT = 0.36
_SMALLEST_LABELLED = 0.07


def stacked(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    hue: str,
    panel: str | None = None,
    xlabel: str,
    ylabel: str | None = None,
    percent: bool = True,
) -> Figure:
    """Draw one bar per value of ``y``, made of one part per value of ``hue``, in the order given.

    Parts carry colour, hatch and, where they are wide enough, their value as text.

    Args:
        table: one row per combination of ``y``, ``hue`` and ``panel``.
        y: column of row labels.
        x: column of part sizes, not negative; shares in [0, 1] where ``percent``. Missing is 0.
        hue: column that names the parts.
        panel: column whose values get panels side by side.
        xlabel: label of the value axis.
        ylabel: label of the row axis; the name of column ``y`` if not given.
        percent: show shares as percentages; the axis then runs from 0 to 100%.

    Raises:
        TableError: a column or label is missing, a combination repeats, or a part is negative.
    """
    require_columns(table, y, x, hue, panel)
    check_keys(table, y, hue, panel)
    if bool((table[x] < 0).any()):
        raise TableError(f"figure data has negative values in {x!r}; parts of a bar cannot be")
    rows, hues = levels(table, y), levels(table, hue)
    with styled():
        figure, panels = make_panels(table, panel, height=1.15 + _ROW_HEIGHT * max(len(rows), 2))
        for part in panels:
            if not rows:
                say_no_data(part.axes)
                continue
            _draw_panel(part, rows, hues, (y, x, hue), panels=len(panels), percent=percent)
            label_axis(part.axes, "x", xlabel)
            if part.index == 0:
                label_axis(part.axes, "y", y.replace("_", " ") if ylabel is None else ylabel)
        if rows:
            handles = [
                Patch(facecolor=s.color, hatch=s.hatch, edgecolor=PAPER)
                for s in map(series, range(len(hues)))
            ]
            add_legend(figure, handles, hues, hue)
        return settle(figure)


def _draw_panel(
    part: Panel,
    rows: list[Any],
    hues: list[Any],
    columns: tuple[str, str, str],
    *,
    panels: int,
    percent: bool,
) -> None:
    y, x, hue = columns
    axes, place = part.axes, {value: index for index, value in enumerate(rows)}
    left = np.zeros(len(rows))
    written = []
    for index, value in enumerate(hues):
        chosen, size = restrict(part.rows, hue, value), np.zeros(len(rows))
        size[[place[label] for label in chosen[y]]] = chosen[x].fillna(0.0).to_numpy(dtype=float)
        style = series(index)
        axes.barh(
            range(len(rows)),
            size,
            left=left,
            height=0.74,
            color=style.color,
            hatch=style.hatch,
            edgecolor=PAPER,
            linewidth=0.8,
        )
        written += [(row, left[row] + size[row] / 2, size[row]) for row in range(len(rows))]
        left = left + size
    whole = float(left.max()) or 1.0
    for row, middle, size_here in written:
        if size_here / whole >= _SMALLEST_LABELLED * panels:
            text = f"{size_here:.0%}" if percent else f"{size_here:,.0f}"
            _write(part, middle, row, text)
    axes.set_yticks(range(len(rows)), tick_labels(rows), parse_math=False)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0, labelleft=part.index == 0)
    axes.spines["left"].set_visible(False)
    format_share_axis(axes, "x", percent=percent, whole=percent)
    if percent and panels > 2:
        axes.set_xticks([0, 0.5, 1])


def _write(part: Panel, x: float, y: float, text: str) -> None:
    box = {"boxstyle": "round,pad=0.18", "facecolor": PAPER, "edgecolor": "none"}
    part.axes.text(x, y, text, ha="center", va="center", fontsize=7.5, color=INK, bbox=box)
