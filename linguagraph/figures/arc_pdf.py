"""An arc drawing as SVG -> the same drawing as a small, deterministic PDF with text as text.

Only what :mod:`linguagraph.figures.arc_drawing` writes is understood: groups, rectangles, text and
paths, with their colours as attributes. One SVG unit becomes one point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal
from xml.etree import ElementTree

from matplotlib.artist import Artist
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import BoxStyle, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from linguagraph.errors import ReportError
from linguagraph.figures.export import to_pdf
from linguagraph.figures.palette import PAPER
from linguagraph.figures.panels import styled

__all__ = ["arcs_to_figure", "arcs_to_pdf"]

_SVG = "{http://www.w3.org/2000/svg}"
_COMMAND = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_LONGEST_SIDE = 14400.0
"""Points; readers refuse a longer page, so a longer drawing is scaled down to it."""

_ANCHORS: dict[str, Literal["left", "center", "right"]] = {
    "start": "left",
    "middle": "center",
    "end": "right",
}

_Color = tuple[float, float, float, float]


def arcs_to_pdf(svg: str) -> bytes:
    """Return the arc drawing as a one-page PDF, in the colours of a light page.

    The page is as many points wide and high as the SVG has units. Text stays text, set in the face
    of the other figures' PDFs; glyphs that it lacks are drawn as boxes, without a warning. The same
    drawing gives the same bytes on every run.

    Args:
        svg: what :func:`linguagraph.figures.arcs` returned.

    Raises:
        ReportError: ``svg`` is no such drawing.
    """
    return to_pdf(arcs_to_figure(svg))


def arcs_to_figure(svg: str) -> Figure:
    """Return the arc drawing as a matplotlib figure of the SVG's size, in points.

    Raises:
        ReportError: ``svg`` is not what :func:`linguagraph.figures.arcs` returned.
    """
    try:
        root = ElementTree.fromstring(svg)
        if root.tag != _SVG + "svg" or root.get("class") != "lg-arcs":
            raise ValueError("its outermost element is not an svg of class lg-arcs")
        return _draw(root)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ReportError(f"this is no arc drawing that can become a PDF: {error}") from error


def _draw(root: ElementTree.Element) -> Figure:
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    if not (width > 0.0 and height > 0.0):
        raise ValueError(f"its size is {width:g} by {height:g}")
    scale = min(1.0, _LONGEST_SIDE / max(width, height))
    inch = scale / 72
    with styled():
        figure = Figure(figsize=(width * inch, height * inch), facecolor=PAPER)
        places = Affine2D().scale(inch, -inch).translate(0.0, height * inch)
        for order, element in enumerate(_leaves(root)):
            artist = _DRAW[element.tag](element, scale)
            artist.set_transform(places + figure.dpi_scale_trans)
            artist.set_zorder(order)
            figure.add_artist(artist)
    return figure


def _leaves(parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield what is drawn, in the order of drawing; names for screen readers are left out."""
    for child in parent:
        if child.tag == _SVG + "g":
            yield from _leaves(child)
        elif child.tag in _DRAW:
            yield child
        elif child.tag not in (_SVG + "title", _SVG + "desc"):
            raise ValueError(f"unknown element {child.tag.removeprefix(_SVG)!r}")


def _color(element: ElementTree.Element, paint: str) -> _Color:
    opacity = float(element.get(f"{paint}-opacity", "1"))
    color = element.get(paint, "none")
    return (0.0, 0.0, 0.0, 0.0) if color == "none" else to_rgba(color, opacity)


def _stroke_width(element: ElementTree.Element, scale: float) -> float:
    return float(element.get("stroke-width", "1")) * scale if "stroke" in element.attrib else 0.0


def _rect(element: ElementTree.Element, scale: float) -> Artist:
    x, y, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
    return FancyBboxPatch(
        (x, y),
        width,
        height,
        boxstyle=BoxStyle.Round(pad=0.0, rounding_size=float(element.get("rx", "0"))),
        facecolor=_color(element, "fill"),
        edgecolor=_color(element, "stroke"),
        linewidth=_stroke_width(element, scale),
    )


def _path(element: ElementTree.Element, scale: float) -> Artist:
    width = _stroke_width(element, scale)
    # matplotlib counts dashes in widths of the line, SVG in units
    dashes = [float(d) * scale / width for d in element.get("stroke-dasharray", "").split()]
    return PathPatch(
        _outline(element.attrib["d"]),
        facecolor=_color(element, "fill"),
        edgecolor=_color(element, "stroke"),
        linewidth=width,
        linestyle=(0.0, dashes) if dashes else "solid",
    )


def _outline(data: str) -> Path:
    """Return the outline of a ``d`` attribute made of ``M V H Q l h z``."""
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, rest in _COMMAND.findall(data):
        numbers = [float(number) for number in rest.split()]
        x, y = points[-1] if points else (0.0, 0.0)
        match command, numbers:
            case "M", [to_x, to_y]:
                new, code = [(to_x, to_y)], Path.MOVETO
            case "V", [to_y]:
                new, code = [(x, to_y)], Path.LINETO
            case "H", [to_x]:
                new, code = [(to_x, y)], Path.LINETO
            case "Q", [by_x, by_y, to_x, to_y]:
                new, code = [(by_x, by_y), (to_x, to_y)], Path.CURVE3
            case "l", [step_x, step_y]:
                new, code = [(x + step_x, y + step_y)], Path.LINETO
            case "h", [step_x]:
                new, code = [(x + step_x, y)], Path.LINETO
            case "z", [] if points:
                new, code = [points[0]], Path.CLOSEPOLY
            case _:
                raise ValueError(f"unknown path command {command + rest!r}")
        points += new
        codes += [int(code)] * len(new)
    return Path(points, codes)


def _text(element: ElementTree.Element, scale: float) -> Artist:
    return Text(
        float(element.attrib["x"]),
        float(element.attrib["y"]),
        element.text or "",
        fontsize=float(element.attrib["font-size"]) * scale,
        fontweight=element.get("font-weight", "normal"),
        color=_color(element, "fill"),
        horizontalalignment=_ANCHORS[element.attrib["text-anchor"]],
        verticalalignment="baseline",
        parse_math=False,
    )


_DRAW: dict[str, Callable[[ElementTree.Element, float], Artist]] = {
    _SVG + "rect": _rect,
    _SVG + "path": _path,
    _SVG + "text": _text,
}
