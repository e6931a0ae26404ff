"""A star graph and what methods retain of it -> one figure with a drawing per method.

After figure 2 of Schlichtkrull et al. (2021). Colours of edges are told apart by hue and by the
shape of the leaf; retained edges are thick and solid, dropped ones thin and dotted; nothing is said
by hue alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from linguagraph.errors import ReportError
from linguagraph.figures.export import to_svg
from linguagraph.figures.palette import INK, PAPER, SOFT, series
from linguagraph.figures.panels import WIDTH, styled
from linguagraph.figures.text import visible

__all__ = ["StarPanel", "describe_stars", "star_panels", "star_svg"]

_COLUMNS = 4


@dataclass(frozen=True)
class StarPanel:
    """What one method says of the graph.

    Attributes:
        title: above the drawing.
        retained: of each edge, whether it is retained.
        scores: of each edge, shown at its leaf; ``None`` for methods that only decide.
        note: below the title, such as the method's F1; may be empty.
    """

    title: str
    retained: tuple[bool, ...]
    scores: tuple[float, ...] | None = None
    note: str = ""


def star_panels(
    colours: Sequence[int],
    query: tuple[int, int],
    panels: Sequence[StarPanel],
    *,
    names: Sequence[str],
) -> Figure:
    """Draw the same star graph once per panel, in rows of four.

    Args:
        colours: of each edge, numbers from 0.
        query: the two colours x and y that are compared.
        panels: what is drawn, the first one usually the truth.
        names: of all colours.

    Raises:
        ReportError: a panel with another number of edges, an unknown colour, or no panel.
    """
    _check(colours, query, panels, names)
    rows = -(-len(panels) // _COLUMNS)
    with styled():
        figure = Figure(figsize=(WIDTH, 2.05 * rows + 0.65), layout="constrained")
        grid = figure.subplots(rows, min(_COLUMNS, len(panels)), squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            _draw(axes, colours, query, panel)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        used = [colour for colour in range(len(names)) if colour in {*colours, *query}]
        handles = [
            Line2D([], [], color=series(c).color, marker=series(c).marker, linewidth=2.2)
            for c in used
        ]
        handles.append(Line2D([], [], color=SOFT, linestyle=":", linewidth=1.2))
        labels = [*(_named(c, query, names) for c in used), "dropped"]
        figure.legend(
            handles, labels, loc="outside lower center", ncols=min(7, len(labels)), fontsize=8.5
        )
    return figure


def _named(colour: int, query: tuple[int, int], names: Sequence[str]) -> str:
    role = {query[0]: " (x)", query[1]: " (y)"}.get(colour, "")
    return visible(names[colour]) + role


def _draw(axes: Axes, colours: Sequence[int], query: tuple[int, int], panel: StarPanel) -> None:
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.42, 1.42))
    title = visible(panel.title) + (f"\n{visible(panel.note)}" if panel.note else "")
    axes.set_title(title, fontsize=8.5, loc="center", parse_math=False)
    for number, colour in enumerate(colours):
        angle = math.pi / 2 - 2 * math.pi * number / len(colours)
        x, y = math.cos(angle), math.sin(angle)
        style, kept = series(colour), panel.retained[number]
        axes.plot(
            [0, x],
            [0, y],
            color=style.color if kept else SOFT,
            linestyle="-" if kept else (0, (1.0, 2.2)),
            linewidth=2.4 if kept else 0.9,
            zorder=2 if kept else 1,
        )
        face = style.color if kept else PAPER
        axes.plot(
            x, y, style.marker, markersize=6, color=style.color, markerfacecolor=face, zorder=3
        )
        asked = {query[0]: "x", query[1]: "y"}.get(colour, "")
        score = "" if panel.scores is None else f"{panel.scores[number]:.2f}"
        text = score or asked
        axes.text(1.27 * x, 1.24 * y, text, fontsize=6.5, ha="center", va="center", color=INK)
    axes.plot(0, 0, "o", markersize=7, color=INK, zorder=4)


def describe_stars(
    colours: Sequence[int],
    query: tuple[int, int],
    panels: Sequence[StarPanel],
    *,
    names: Sequence[str],
) -> str:
    """The drawing in words: the graph, the query, and what each panel retains of each colour.

    Raises:
        ReportError: as in :func:`star_panels`.
    """
    _check(colours, query, panels, names)
    graph = ", ".join(
        f"{list(colours).count(c)} {names[c]}" for c in range(len(names)) if c in colours
    )
    text = [
        f"A star graph with {len(colours)} edges: {graph}. "
        f"The query: more {names[query[0]]} than {names[query[1]]}?"
    ]
    for panel in panels:
        kept = [c for c, retained in zip(colours, panel.retained, strict=True) if retained]
        parts = [
            f"{kept.count(c)} of {list(colours).count(c)} {names[c]}"
            for c in range(len(names))
            if c in kept
        ]
        text.append(f"{panel.title} retains {', '.join(parts) or 'nothing'}.")
    return " ".join(text)


def star_svg(figure: Figure, *, title: str, description: str) -> str:
    """The figure as SVG that a screen reader can name and read."""
    svg = to_svg(figure)
    head, rest = svg.split(">", 1)
    named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return f'{head} role="img">{named}{rest}'


def _check(
    colours: Sequence[int],
    query: tuple[int, int],
    panels: Sequence[StarPanel],
    names: Sequence[str],
) -> None:
    if not panels:
        raise ReportError("no panel to draw")
    for colour in (*colours, *query):
        if not 0 <= colour < len(names):
            raise ReportError(f"no colour {colour}; there are {len(names)}")
    for panel in panels:
        sizes = {len(panel.retained), *(() if panel.scores is None else (len(panel.scores),))}
        if sizes != {len(colours)}:
            raise ReportError(f"{panel.title!r} speaks of {sizes} edges, not of {len(colours)}")
