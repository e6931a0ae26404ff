"""A table with one estimate per row -> a forest plot: points with intervals about a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from linguagraph.figures.palette import INK, PAPER, SOFT, series
from linguagraph.figures.panels import (
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

__all__ = ["forest"]

_ROW = 0.21  # inches


def forest(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    low: str,
    high: str,
    group: str | None = None,
    hue: str | None = None,
    xlabel: str,
    line: float = 0.0,
    percent: bool = True,
) -> Figure:
    """Draw one point with its interval per value of ``y``, in the order given, first on top.

    Args:
        table: one row per combination of ``group``, ``y`` and ``hue``; missing estimates leave
            their place empty, missing ends leave the point without an interval.
        y: column of row labels; they need differ within a group only.
        x: column of estimates; differences of shares in [-1, 1] where ``percent``.
        low, high: columns with the ends of the intervals.
        group: column that rows stand together by, each group with its name above it.
        hue: column with estimates side by side, told apart by colour and marker.
        xlabel: label of the value axis.
        line: where the vertical line of no effect is drawn.
        percent: show shares as percentages.

    Raises:
        TableError: a column or label is missing, or a combination repeats.
    """
    require_columns(table, y, x, low, high, group, hue)
    check_keys(table, group, y, hue)
    places, names, heads = _rows(table, y, group)
    hues = levels(table, hue)
    height = 0.75 + (0.4 if len(hues) > 1 else 0.0) + _ROW * max(2, len(names))
    with styled():
        figure, panels = make_panels(table, None, height=height)
        axes = panels[0].axes
        if table.empty:
            say_no_data(axes)
            return settle(figure)
        axes.axvline(line, color=INK, linewidth=0.8, zorder=1.5)
        for index, value in enumerate(hues):
            rows, style = restrict(table, hue, value), series(index)
            offset = (index - (len(hues) - 1) / 2) * 0.3
            keys = _keys(rows, y, group)
            at = np.array([places[key] for key in keys], dtype=float) + offset
            ends = rows[low].to_numpy(dtype=float), rows[high].to_numpy(dtype=float)
            axes.hlines(at, *ends, color=style.color, linewidth=1.2, zorder=2)
            axes.plot(rows[x].to_numpy(dtype=float), at, zorder=3, **_point(index))
        axes.set_yticks(range(len(names)), tick_labels(names), parse_math=False)
        for place in heads:
            axes.get_yticklabels()[place].set_fontweight("bold")
            axes.axhline(place, color=SOFT, linewidth=0.5, alpha=0.4, zorder=0)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        label_axis(axes, "x", xlabel)
        format_share_axis(axes, "x", percent=percent)
        if hue is not None:
            handles = [Line2D([], [], **_point(index)) for index in range(len(hues))]
            add_legend(figure, handles, hues, hue)
        return settle(figure)


def _keys(table: pd.DataFrame, y: str, group: str | None) -> list[tuple[Any, Any]]:
    groups = [None] * len(table) if group is None else table[group].tolist()
    return list(zip(groups, table[y].tolist(), strict=True))


def _rows(
    table: pd.DataFrame, y: str, group: str | None
) -> tuple[dict[tuple[Any, Any], int], list[Any], list[int]]:
    """Place of each row, names of all places, and the places that hold names of groups."""
    places: dict[tuple[Any, Any], int] = {}
    names: list[Any] = []
    heads: list[int] = []
    for value in levels(table, group):
        if group is not None:
            heads.append(len(names))
            names.append(value)
        for key in dict.fromkeys(_keys(restrict(table, group, value), y, group)):
            places[key] = len(names)
            names.append(key[1])
    return places, names, heads


def _point(index: int) -> dict[str, Any]:
    style = series(index)
    return {
        "linestyle": "none",
        "marker": style.marker,
        "color": style.color,
        "markersize": 4.8,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.4,
    }
