"""A table with one value per row label -> horizontal bars or points with whiskers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from linguagraph.figures.palette import INK, PAPER, Series, series
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

__all__ = ["bars"]

_MOST_GROUPED_BARS = 24
_MANY_ROWS = 18


def bars(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    low: str | None = None,
    high: str | None = None,
    hue: str | None = None,
    panel: str | None = None,
    xlabel: str | Mapping[str, str],
    ylabel: str = "",
    percent: bool = True,
    height_per_row: float = 0.28,
) -> Figure:
    """Draw one row per value of column ``y``, in the order given, first row on top.

    Without ``hue``, and with few rows, values are bars from zero; long lists split by ``hue`` are
    points, which stay apart where thin bars would merge. Missing values leave their place empty.

    Args:
        table: one row per combination of ``y``, ``hue`` and ``panel``.
        y: column of row labels.
        x: column of values; shares in [0, 1] where ``percent``.
        low: column with the lower ends of the intervals.
        high: column with the upper ends.
        hue: column that splits a row into series, told apart by colour and hatch or marker.
        panel: column whose values get panels side by side.
        xlabel: label of the value axis; a mapping from panel to label gives every panel its own
            label and its own scale.
        ylabel: label of the row axis.
        percent: show shares as percentages.
        height_per_row: inches per row; rows split by ``hue`` get more.

    Raises:
        TableError: a column or label is missing, or a combination of ``y``, ``hue`` and
            ``panel`` repeats.
    """
    require_columns(table, y, x, low, high, hue, panel)
    check_keys(table, y, hue, panel)
    rows, hues = levels(table, y), levels(table, hue)
    points = len(hues) > 1 and len(rows) * len(hues) > _MOST_GROUPED_BARS
    row_height = height_per_row * max(1.0, (0.36 if points else 0.62) * len(hues))
    height = 0.75 + (0.4 if len(hues) > 1 else 0.0) + row_height * max(len(rows), 2)
    with styled():
        figure, panels = make_panels(table, panel, height=height, share_x=isinstance(xlabel, str))
        for part in panels:
            if not rows:
                say_no_data(part.axes)
                continue
            _draw_panel(part, rows, hues, (y, x, low, high, hue), points=points)
            label_axis(part.axes, "x", xlabel, part.name)
            _format_rows(part, rows, ylabel, percent=percent, panels=len(panels))
        if rows and hue is not None:
            add_legend(figure, _handles(len(hues), points=points), hues, hue)
        return settle(figure)


def _draw_panel(
    part: Panel,
    rows: list[Any],
    hues: list[Any],
    columns: tuple[str, str, str | None, str | None, str | None],
    *,
    points: bool,
) -> None:
    y, x, low, high, hue = columns
    place = {value: index for index, value in enumerate(rows)}
    step = 0.78 / len(hues)
    for index, value in enumerate(hues):
        chosen = restrict(part.rows, hue, value)
        offset = (index - (len(hues) - 1) / 2) * step
        at = np.array([place[label] for label in chosen[y]], dtype=float) + offset
        size = chosen[x].to_numpy(dtype=float)
        style = series(index)
        if points:
            _draw_points(part.axes, at, size, style)
        else:
            _draw_bars(part.axes, at, size, style, thickness=step * 0.92)
        if low is not None and high is not None:
            ends = chosen[low].to_numpy(dtype=float), chosen[high].to_numpy(dtype=float)
            color = style.color if points else INK
            part.axes.hlines(at, *ends, color=color, linewidth=1.1, zorder=2.5)


def _draw_bars(axes: Axes, at: Any, size: Any, style: Series, *, thickness: float) -> None:
    axes.barh(
        at,
        size,
        height=thickness,
        color=style.color,
        hatch=style.hatch,
        edgecolor=PAPER,
        linewidth=0.4,
    )


def _draw_points(axes: Axes, at: Any, size: Any, style: Series) -> None:
    axes.plot(
        size,
        at,
        linestyle="none",
        marker=style.marker,
        color=style.color,
        markersize=4.6,
        markeredgecolor=PAPER,
        markeredgewidth=0.4,
        zorder=3,
    )


def _format_rows(part: Panel, rows: list[Any], ylabel: str, *, percent: bool, panels: int) -> None:
    axes = part.axes
    axes.set_yticks(range(len(rows)), tick_labels(rows), parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelleft=part.index == 0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=2.2)
    if part.index == 0:
        label_axis(axes, "y", ylabel)
    if len(rows) >= _MANY_ROWS:
        axes.tick_params(axis="x", top=True, labeltop=True)
        for row in range(0, len(rows), 2):
            axes.axhspan(row - 0.5, row + 0.5, color=INK, alpha=0.045, linewidth=0, zorder=0)
    format_share_axis(axes, "x", percent=percent, panels=panels)


def _handles(count: int, *, points: bool) -> list[Any]:
    styles = [series(index) for index in range(count)]
    if points:
        return [
            Line2D([], [], linestyle="none", marker=s.marker, color=s.color, markersize=5.5)
            for s in styles
        ]
    return [Patch(facecolor=s.color, hatch=s.hatch, edgecolor=PAPER) for s in styles]
