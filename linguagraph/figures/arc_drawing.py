"""Arcs with their layout, tokens and roles -> the elements of an SVG drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from linguagraph.figures.arc_layout import Arc, Layout
from linguagraph.figures.palette import INK, MARK, PAPER, SOFT, series
from linguagraph.figures.text import shorten, width_in_ems

__all__ = ["GUTTER", "LABEL_SIZE", "MARGIN", "Legend", "draw", "token_width"]

LABEL_SIZE = 10.5
MARGIN = 14.0
GUTTER = 88.0
_TOKEN_SIZE = 14.0
_LEVEL = 19.0
_CORNER = 6.0
_LINE = 17.0
_KEY = (
    "-> head to dependent, <- dependent to head; heads point where the message goes; "
    "faint: retained by no seed; a percentage: the share of seeds that retain the edge"
)
_ROLE_ROWS = ("gold", "predicted", "verdict")

Roles = Mapping[int, tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Legend:
    """What is written at the left of a drawing and below it.

    Attributes:
        above, below: series (:attr:`Arc.layer`) of the arcs on each side with their names, the
            one nearest to the tokens first.
        rows: names of the rows beneath the tokens.
        key: what the signs mean.
    """

    above: tuple[tuple[int, str], ...]
    below: tuple[tuple[int, str], ...]
    rows: tuple[str, ...] = _ROLE_ROWS
    key: str = _KEY

    @classmethod
    def of_layers(cls, layers: Sequence[int]) -> Legend:
        """The upper half of the layers above the tokens, the lower half below."""
        names = [(layer, f"layer {layer}") for layer in layers]
        half = len(layers) // 2
        return cls(tuple(reversed(names[half:])), tuple(names[:half]))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Vertical places, pixels: the tokens' baseline and where arcs above and below begin."""

    baseline: float
    above: float
    below: float
    height: float


def draw(
    forms: Sequence[str],
    arcs: Sequence[Arc],
    layout: Layout,
    *,
    legend: Legend,
    predicate: int | None,
    roles: Roles,
    title: str,
    description: str,
) -> ElementTree.Element:
    """Return the drawing as an ``svg`` element.

    Args:
        forms: the words.
        arcs: what to draw, and ``layout`` where.
        layout: from :func:`linguagraph.figures.arc_layout.lay_out`.
        legend: what is written beside the drawing.
        predicate: token index of the predicate, if any.
        roles: per token its gold role, predicted role and how they compare.
        title: name for screen readers.
        description: the drawing in words.
    """
    rows = _rows(arcs, layout, legend)
    root = _root(layout, rows, legend, title, description)
    for i in sorted(range(len(arcs)), key=lambda i: arcs[i].share):
        _draw_arc(root, arcs[i], layout.levels[i], layout.ports[i], rows)
    _draw_tokens(root, forms, predicate, roles, layout, rows)
    _draw_gutter(root, legend, rows)
    return root


def token_width(form: str, roles: Sequence[str]) -> float:
    """Return the pixels that a word and the roles beneath it need."""
    word = width_in_ems(shorten(form, 60)) * _TOKEN_SIZE * 1.08
    return max([word, *(width_in_ems(role) * LABEL_SIZE for role in roles)]) + 4.0


def _rows(drawn: Sequence[Arc], layout: Layout, legend: Legend) -> _Rows:
    tallest = {True: 0, False: 0}
    for arc, level in zip(drawn, layout.levels, strict=True):
        tallest[arc.above] = max(tallest[arc.above], level)
    above = max(_LEVEL * max(tallest[True], 1), _LINE * (len(legend.above) - 1))
    baseline = MARGIN + above + 22.0
    below = baseline + 12.0 + _LINE * len(legend.rows) + 4.0
    under = max(_LEVEL * max(tallest[False], 1), _LINE * len(legend.below))
    height = below + under + MARGIN + _LINE
    return _Rows(baseline, baseline - _TOKEN_SIZE - 3.0, below, height)


def _root(
    layout: Layout, rows: _Rows, legend: Legend, title: str, description: str
) -> ElementTree.Element:
    pixels = max(layout.width + MARGIN, MARGIN + width_in_ems(legend.key) * 9.5)
    width, height = f"{pixels:.0f}", f"{rows.height:.0f}"
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "lg-arcs",
            "width": width,
            "height": height,
            "viewBox": f"0 0 {width} {height}",
            "font-family": "sans-serif",
            "role": "img",
        },
    )
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "desc").text = description
    _add(root, "rect", x=0.0, y=0.0, width=pixels, height=rows.height, fill=PAPER)
    return root


def _draw_arc(
    root: ElementTree.Element, arc: Arc, level: int, ports: tuple[float, float], rows: _Rows
) -> None:
    style, kept = series(arc.layer), arc.share > 0.0
    sign = -1.0 if arc.above else 1.0
    start = rows.above if arc.above else rows.below
    top = start + sign * _LEVEL * level
    left, right = ports
    target = left if arc.target == arc.left else right
    tips = [left, right] if arc.both else [target]
    group = ElementTree.SubElement(root, "g")
    ElementTree.SubElement(group, "title").text = arc.spoken
    corner = min(_CORNER, (right - left) / 2)
    path = (
        f"M {left:.1f} {start:.1f} V {top - sign * corner:.1f} "
        f"Q {left:.1f} {top:.1f} {left + corner:.1f} {top:.1f} H {right - corner:.1f} "
        f"Q {right:.1f} {top:.1f} {right:.1f} {top - sign * corner:.1f} V {start:.1f}"
    )
    if arc.marked:
        width: dict[str, str | float] = {"stroke-width": 8.0, "stroke-opacity": 0.5}
        _add(group, "path", d=path, fill="none", stroke=MARK, **width)
    line: dict[str, str | float] = {
        "d": path,
        "fill": "none",
        "stroke": style.color if kept else SOFT,
        "stroke-width": 1.2 + 1.4 * arc.share if kept else 0.9,
        "stroke-opacity": 0.55 + 0.45 * arc.share if kept else 0.4,
    }
    if style.dash:
        line["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
    _add(group, "path", **line)
    for x in tips:
        head = f"M {x:.1f} {start:.1f} l -3.4 {sign * 7.0:.1f} h 6.8 z"
        fill: dict[str, str | float] = {"fill": style.color} if kept else {"fill": SOFT}
        _add(group, "path", d=head, **fill, **({} if kept else {"fill-opacity": 0.5}))
    _draw_label(group, arc, (left + right) / 2, top)


def _draw_label(group: ElementTree.Element, arc: Arc, middle: float, top: float) -> None:
    """Write the label in a gap of the arc's horizontal part."""
    left = middle - arc.width / 2
    _add(group, "rect", x=left, y=top - 6.5, width=arc.width, height=13.0, fill=PAPER)
    if arc.share > 0.0:
        _text(group, arc.text, middle, top + 3.6, size=LABEL_SIZE, fill=INK, weight="bold")
    else:
        _text(group, arc.text, middle, top + 3.6, size=LABEL_SIZE - 1.0, fill=SOFT)


def _draw_tokens(
    root: ElementTree.Element,
    forms: Sequence[str],
    predicate: int | None,
    roles: Roles,
    layout: Layout,
    rows: _Rows,
) -> None:
    for token, (form, x) in enumerate(zip(forms, layout.centers, strict=True)):
        text = shorten(form, 60)
        if token == predicate:
            width = width_in_ems(text) * _TOKEN_SIZE * 1.08 + 8.0
            _add(
                root,
                "rect",
                x=x - width / 2,
                y=rows.baseline - _TOKEN_SIZE - 1.0,
                width=width,
                height=_TOKEN_SIZE + 7.0,
                rx=3.0,
                fill="none",
                stroke=INK,
                **{"stroke-width": 1.4},
            )
        weight = "bold" if token == predicate else None
        _text(root, text, x, rows.baseline, size=_TOKEN_SIZE, fill=INK, weight=weight)
        shown: tuple[str, ...] = roles.get(token, ())
        if token == predicate and not shown:
            shown = ("predicate",)
        for row, role in enumerate(shown):
            strong = "bold" if row == 2 and role != "agree" else None
            y = rows.baseline + 5.0 + _LINE * (row + 1)
            fill = INK if row < 2 else SOFT
            _text(root, role, x, y, size=LABEL_SIZE, fill=fill, weight=strong)


def _draw_gutter(root: ElementTree.Element, legend: Legend, rows: _Rows) -> None:
    """Write row names and the key of the series at the left, and what the signs mean below."""
    _text(root, legend.key, MARGIN, rows.height - 10.0, size=9.5, fill=SOFT, anchor="start")
    for row, name in enumerate(legend.rows):
        y = rows.baseline + 5.0 + _LINE * (row + 1)
        _text(root, name, MARGIN, y, size=LABEL_SIZE, fill=SOFT, anchor="start")
    for side, names in ((True, legend.above), (False, legend.below)):
        for position, (number, name) in enumerate(names):
            step = _LINE * position
            y = rows.above - 8.0 - step if side else rows.below + 16.0 + step
            style = series(number)
            line: dict[str, str | float] = {
                "d": f"M {MARGIN} {y - 3.5:.1f} h 24",
                "fill": "none",
                "stroke": style.color,
                "stroke-width": 2.4,
            }
            if style.dash:
                line["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
            _add(root, "path", **line)
            _text(root, name, MARGIN + 30, y, size=LABEL_SIZE, fill=INK, anchor="start")


def _add(parent: ElementTree.Element, tag: str, **attributes: str | float) -> None:
    plain = {
        k: v if isinstance(v, str) else f"{v:.2f}".rstrip("0").rstrip(".")
        for k, v in attributes.items()
    }
    ElementTree.SubElement(parent, tag, plain)


def _text(
    parent: ElementTree.Element,
    text: str,
    x: float,
    y: float,
    *,
    size: float,
    fill: str,
    weight: str | None = None,
    anchor: str = "middle",
) -> None:
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "font-size": f"{size:g}",
        "fill": fill,
        "text-anchor": anchor,
    }
    if weight:
        attributes["font-weight"] = weight
    ElementTree.SubElement(parent, "text", attributes).text = text
