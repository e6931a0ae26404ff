"""The palette: the number of a series -> its colour, hatch, marker and dash.

The colours can be told apart with any colour vision, and each has a contrast of at least 3:1
against both white and the report's dark background, so that one drawing serves both. ``INK``,
``SOFT`` and ``PAPER`` are the colours that a page may replace by its own (the report's style sheet
does): text and axes, secondary text and grid, and the background.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["INK", "MARK", "PAPER", "SERIES", "SOFT", "Series", "series"]

INK = "#1b1f24"
SOFT = "#5b6470"
PAPER = "#ffffff"
MARK = "#e69f00"
"""Bands behind what is marked, drawn half transparent."""


@dataclass(frozen=True, slots=True)
class Series:
    """How one series is drawn.

    Attributes:
        color: sRGB hexadecimal, drawn the same in light and dark surroundings.
        hatch: matplotlib hatch of bars; empty for a plain fill.
        marker: matplotlib marker of points.
        dash: lengths of strokes and gaps in points; empty for a solid line.
    """

    color: str
    hatch: str
    marker: str
    dash: tuple[float, ...]


SERIES: tuple[Series, ...] = (
    Series("#0072b2", "", "o", ()),
    Series("#d55e00", "////", "s", (5.0, 2.0)),
    Series("#008f68", "||||", "^", (1.2, 1.6)),
    Series("#b35c93", "\\\\\\\\", "D", (6.0, 2.0, 1.2, 2.0)),
    Series("#767c85", "xxxx", "v", (8.0, 3.0)),
    Series("#946c1c", "----", "P", (3.0, 1.5, 1.2, 1.5, 1.2, 1.5)),
)


def series(index: int) -> Series:
    """Return the style of series ``index``, counted from 0; styles repeat after the sixth."""
    return SERIES[index % len(SERIES)]
