"""A table with one value per position -> lines with markers and interval bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from linguagraph.figures.palette import PAPER, series
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

__all__ = ["lines"]

_HEIGHT = 3.1


def lines(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    low: str | None = None,
    high: str | None = None,
    hue: str | None = None,
    panel: str | None = None,
    xlabel: str,
    ylabel: str,
    percent: bool = True,
) -> Figure:
    """Draw column ``y`` against column ``x``, one line per value of ``hue``.

    Numbers in ``x`` keep their distances; anything else is spread evenly in the order given.
    Missing values interrupt a line.

    Args:
        table: one row per combination of ``x``, ``hue`` and ``panel``.
        x: column of positions.
        y: column of values; shares in [0, 1] where ``percent``.
        low: column with the lower ends of the intervals.
        high: column with the upper ends.
        hue: column with the series, told apart by colour, marker and dashes.
        panel: column whose values get panels side by side.
        xlabel: label of the position axis.
        ylabel: label of the value axis.
        percent: show shares as percentages.

    Raises:
        TableError: a column or label is missing, or a combination of ``x``, ``hue`` and
            ``panel`` repeats.
    """
    require_columns(table, x, y, low, high, hue, panel)
    check_keys(table, x, hue, panel)
    hues = levels(table, hue)
    numeric = pd.api.types.is_numeric_dtype(table[x].dtype)
    places = None if numeric else {value: i for i, value in enumerate(levels(table, x))}
    with styled():
        figure, panels = make_panels(table, panel, height=_HEIGHT)
        for part in panels:
            if table.empty:
                say_no_data(part.axes)
                continue
            _draw_panel(part, hues, places, (x, y, low, high, hue))
            if places is not None:
                part.axes.set_xticks(
                    range(len(places)), tick_labels(list(places)), parse_math=False
                )
            format_share_axis(part.axes, "y", percent=percent)
            label_axis(part.axes, "x", xlabel)
            if part.index == 0:
                label_axis(part.axes, "y", ylabel)
        if not table.empty:
            panels[0].axes.set_ylim(bottom=min(0.0, panels[0].axes.get_ylim()[0]))
            if hue is not None:
                add_legend(figure, _handles(len(hues)), hues, hue)
        return settle(figure)


def _draw_panel(
    part: Panel,
    hues: list[Any],
    places: dict[Any, int] | None,
    columns: tuple[str, str, str | None, str | None, str | None],
) -> None:
    x, y, low, high, hue = columns
    for index, value in enumerate(hues):
        rows, style = restrict(part.rows, hue, value), series(index)
        at = rows[x].to_numpy(dtype=float) if places is None else rows[x].map(places).to_numpy()
        at = np.asarray(at, dtype=float)
        size = rows[y].to_numpy(dtype=float)
        if low is not None and high is not None:
            ends = rows[low].to_numpy(dtype=float), rows[high].to_numpy(dtype=float)
            part.axes.fill_between(at, *ends, color=style.color, alpha=0.16, linewidth=0)
            part.axes.vlines(at, *ends, color=style.color, linewidth=0.8, alpha=0.8)
        part.axes.plot(at, size, **_line(index))


def _line(index: int) -> dict[str, Any]:
    style = series(index)
    return {
        "color": style.color,
        "marker": style.marker,
        "linestyle": (0, style.dash) if style.dash else "solid",
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.5,
        "markersize": 5.5,
    }


def _handles(count: int) -> list[Line2D]:
    return [Line2D([], [], **_line(index)) for index in range(count)]
