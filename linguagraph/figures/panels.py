"""A table and the names of its columns -> an empty figure with one set of axes per panel.

Nothing here touches pyplot or leaves a setting changed: figures are made through matplotlib's
object interface, inside a context that restores the caller's settings.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from linguagraph.errors import TableError
from linguagraph.figures.palette import INK, PAPER, SOFT
from linguagraph.figures.text import shorten, visible

__all__ = [
    "GLYPH_WARNINGS",
    "WIDTH",
    "Panel",
    "add_legend",
    "check_keys",
    "format_share_axis",
    "label_axis",
    "levels",
    "make_panels",
    "require_columns",
    "restrict",
    "say_no_data",
    "settle",
    "styled",
    "tick_labels",
]

WIDTH = 7.2
"""Width of every figure in inches: a two-column page's text width."""

GLYPH_WARNINGS = r".*([Gg]lyph.*missing from|does not support.*natively)"
"""Scripts that the measuring font lacks are drawn by the reader's own fonts, without a warning."""

_LABEL_LENGTH = 44

_STYLE: dict[Any, Any] = {
    "font.family": ["sans-serif"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": SOFT,
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.grid": False,
    "figure.facecolor": PAPER,
    "figure.dpi": 100.0,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.05,
    "grid.color": SOFT,
    "grid.alpha": 0.28,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "legend.title_fontsize": 9.0,
    "lines.linewidth": 1.6,
    "lines.markersize": 5.0,
    "patch.linewidth": 0.8,
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.direction": "out",
    "ytick.direction": "out",
}


@dataclass(frozen=True)
class Panel:
    """One set of axes: position from the left, name (``None`` for the only one), rows."""

    index: int
    name: Any
    axes: Axes
    rows: pd.DataFrame


@contextmanager
def styled() -> Iterator[None]:
    """Apply the house style while figures are built; the caller's settings come back afterwards."""
    with mpl.rc_context(_STYLE):
        yield


def require_columns(table: pd.DataFrame, *names: str | None) -> None:
    """Check that ``table`` has the named columns; ``None`` stands for an option not used.

    Raises:
        TableError: naming what is missing and what is there.
    """
    missing = [name for name in names if name is not None and name not in table.columns]
    if missing:
        raise TableError(f"figure data lacks columns {missing}; it has {list(table.columns)}")


def check_keys(table: pd.DataFrame, *names: str | None) -> None:
    """Check that the named columns tell the rows apart; ``None`` stands for an option not used.

    Raises:
        TableError: a key is missing, or two rows share one: they would be drawn over each other.
    """
    keys = [name for name in names if name is not None]
    if bool(table[keys].isna().any(axis=None)):
        raise TableError(f"figure data has missing values in {keys}; give every row its labels")
    if bool(table.duplicated(keys).any()):
        raise TableError(f"figure data has several rows for the same {keys}; expected one")


def levels(table: pd.DataFrame, column: str | None) -> list[Any]:
    """Return the values of ``column`` in order of first appearance; ``[None]`` without a column."""
    if column is None:
        return [None]
    return list(dict.fromkeys(table[column].tolist()))


def restrict(table: pd.DataFrame, column: str | None, value: Any) -> pd.DataFrame:
    """Return the rows in which ``column`` equals ``value``; all rows without a column."""
    return table if column is None else table[table[column] == value]


def make_panels(
    table: pd.DataFrame,
    panel: str | None,
    *,
    height: float,
    share_x: bool = True,
    share_y: bool = True,
) -> tuple[Figure, list[Panel]]:
    """Return a figure of :data:`WIDTH` by ``height`` inches and its panels, side by side."""
    names = levels(table, panel) or [None]
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(1, len(names), squeeze=False, sharex=share_x, sharey=share_y)
    panels = []
    for index, (name, axes) in enumerate(zip(names, grid[0], strict=True)):
        if name is not None:
            axes.set_title(shorten(name, _LABEL_LENGTH), parse_math=False)
        rows = table if name is None else restrict(table, panel, name)
        panels.append(Panel(index, name, axes, rows))
    return figure, panels


def label_axis(axes: Axes, which: str, label: str | Mapping[str, str], name: Any = None) -> None:
    """Set the label of the ``x`` or ``y`` axis; a mapping gives each panel its own."""
    text = label if isinstance(label, str) else label.get(str(name), "")
    axes.set(**{f"{which}label": visible(text)})
    getattr(axes, f"{which}axis").label.set_parse_math(False)


def tick_labels(values: Sequence[Any]) -> list[str]:
    """Return the values as labels, shortened and with hidden characters made visible."""
    return [shorten(value, _LABEL_LENGTH) for value in values]


def format_share_axis(
    axes: Axes, which: str, *, percent: bool, whole: bool = False, panels: int = 1
) -> None:
    """Format the value axis: percentages where ``percent``, 0 to 100% where ``whole``; add grid.

    More than two ``panels`` side by side get fewer ticks, so that their labels stay apart.
    """
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(MaxNLocator(nbins=5 if panels < 3 else 3, min_n_ticks=2))
    if percent:
        axis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=None))
    if whole:
        getattr(axes, f"set_{which}lim")(0.0, 1.0)
    axis.grid(True)


def add_legend(figure: Figure, handles: Sequence[Any], names: Sequence[Any], title: str) -> None:
    """Put a legend above the panels, in reading order, with ``title`` before the entries."""
    legend = figure.legend(
        list(handles),
        ["-"] * len(handles),
        loc="outside upper left",
        ncols=min(len(handles), 5),
        title=visible(title.replace("_", " ")),
        alignment="left",
        handlelength=2.4,
        columnspacing=1.6,
        borderaxespad=0.1,
    )
    legend.get_title().set_parse_math(False)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text(shorten(name, _LABEL_LENGTH))


def settle(figure: Figure) -> Figure:
    """Lay the figure out once, for good, inside :func:`styled`; then every drawing is the same."""
    engine = figure.get_layout_engine()
    if engine is not None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=GLYPH_WARNINGS)
            engine.execute(figure)
        figure.set_layout_engine(None)
    return figure


def say_no_data(axes: Axes) -> None:
    """Write that there is nothing to draw, instead of leaving empty axes."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no data", ha="center", va="center", transform=axes.transAxes, color=SOFT)
