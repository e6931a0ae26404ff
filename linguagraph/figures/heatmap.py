"""A table with one share per row and column -> a grid of shaded cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from linguagraph.figures.palette import PAPER, SOFT, series
from linguagraph.figures.panels import (
    WIDTH,
    check_keys,
    label_axis,
    levels,
    require_columns,
    say_no_data,
    settle,
    styled,
    tick_labels,
)

__all__ = ["heatmap"]

_ROW = 0.30
_LABELS = 1.05
_TOP = 0.35


def heatmap(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    names: Sequence[str],
    marks: Sequence[int] = (),
    ylabel: str = "",
    title: str = "",
) -> Figure:
    """Draw shares in [0, 1] as cells, white for 0; the first row is at the bottom.

    Cells are outlined, so that none is told by its shade alone; values that are missing stay empty.

    Args:
        table: one row per combination of ``x`` and ``y``.
        x: column of positions from 0, left to right.
        y: column of row labels, in the order of their first appearance, from the bottom.
        value: column of shares.
        names: label of each position.
        marks: positions whose labels are printed in bold.
        ylabel: label of the rows.
        title: above the grid.

    Raises:
        TableError: a column or label is missing, or a cell repeats.
    """
    require_columns(table, x, y, value)
    check_keys(table, x, y)
    rows = levels(table, y)
    with styled():
        height = _LABELS + _TOP + _ROW * max(1, len(rows))
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots()
        if table.empty:
            say_no_data(axes)
            return settle(figure)
        shades = LinearSegmentedColormap.from_list("shares", [PAPER, series(0).color])
        place = {name: number for number, name in enumerate(rows)}
        for column, row, share in zip(table[x], table[y], table[value], strict=True):
            if not np.isnan(share):
                axes.add_patch(
                    Rectangle(
                        (float(column) - 0.5, place[row] - 0.5),
                        1.0,
                        1.0,
                        facecolor=shades(float(share)),
                        edgecolor=SOFT,
                        linewidth=0.4,
                    )
                )
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_xticks(range(len(names)), tick_labels(names), rotation=90, parse_math=False)
        axes.set_yticks(range(len(rows)), tick_labels(rows), parse_math=False)
        for number, label in enumerate(axes.get_xticklabels()):
            label.set_fontweight("bold" if number in marks else "normal")
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        label_axis(axes, "y", ylabel)
        if title:
            axes.set_title(title, parse_math=False)
        return settle(figure)
