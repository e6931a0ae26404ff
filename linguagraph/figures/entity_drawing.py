"""Boxes, bars and lines with their places -> the elements of an SVG drawing of an entity graph."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from linguagraph.figures.entity_layout import Box, Line
from linguagraph.figures.palette import INK, PAPER, SOFT, series
from linguagraph.figures.text import shorten, width_in_ems

__all__ = ["MARGIN", "SMALL", "Across", "Node", "across"]
__all__ += [
    "draw_bar",
    "draw_box",
    "draw_key",
    "draw_line",
    "draw_number",
    "key_width",
    "outermost",
]
__all__ += ["write"]

MARGIN, SMALL = 14.0, 10.5
_INSET, _SIZE, _NUMBER = 9.0, 12.0, 10.0
_LANE, _TIP, _CORNER = 8.5, 8.0, 5.0
_NARROWEST, _LONGEST, _WIDEST = 190.0, 30, 18.0
"""Pixels of a bar at least; characters and ems of a label at most."""


@dataclass(frozen=True, slots=True)
class Node:
    """A mention.

    Attributes:
        support: its document.
        text: as written.
        style: what its outline says: subject, right, candidate, bridge or coreferent.
        tag: written at its right end.
        filled: mentions the predicted answer.
        gold: in a gold document.
    """

    support: int
    text: str
    style: str
    tag: str = ""
    filled: bool = False
    gold: bool = False

    @property
    def label(self) -> str:
        """The text, cut to what a bar has room for."""
        length = _LONGEST
        while width_in_ems(shorten(self.text, length)) > _WIDEST:
            length -= 1
        return shorten(self.text, length)

    @property
    def weight(self) -> str | None:
        """Of the label: bold for the subject and for answers."""
        return "bold" if self.filled or self.style in ("subject", "right") else None


@dataclass(frozen=True, slots=True)
class Across:
    """Horizontal places in pixels: the bars' ends, and the room for numbers beside them."""

    bar: float
    end: float
    number: float

    def lane(self, lane: int, *, inside: bool) -> float:
        """Where a lane runs, counted from 1, within the boxes or at their right."""
        away = _TIP + self.number + _LANE * (lane - 0.3)
        return self.bar - away if inside else self.end + away


def across(texts: list[str], nodes: dict[int, Node], *, lanes: int) -> Across:
    """Make room for what is written on lines and bars, and for ``lanes`` within the boxes."""
    number = max((width_in_ems(text) * _NUMBER for text in texts), default=0.0) + 7.0
    bar = MARGIN + _INSET + (_TIP + number + _LANE * (lanes + 0.3) if lanes else 0.0)
    return Across(bar, bar + max([_NARROWEST, *map(_bar_width, nodes.values())]), number)


def _bar_width(node: Node) -> float:
    tag = width_in_ems(node.tag) * SMALL + 12.0 if node.tag else 0.0
    wide = 1.15 if node.weight else 1.04
    return 38.0 + width_in_ems(node.label) * _SIZE * wide + tag


def draw_box(root: ElementTree.Element, box: Box, places: Across, nodes: list[Node]) -> None:
    """Draw a document; ``nodes`` are all its mentions."""
    tint: dict[str, str | float] = {"fill": SOFT, "fill-opacity": "0.09", "rx": 6.0}
    wide = places.end + _INSET - MARGIN
    _add(root, "rect", x=MARGIN, y=box.top, width=wide, height=box.height, **tint)
    y = box.top + 15.5
    name = f"Document {box.support}" + (", gold" if any(node.gold for node in nodes) else "")
    write(root, name, MARGIN + _INSET, y, weight="bold")
    if len(nodes) > len(box.nodes):
        text = f"{len(box.nodes)} of {len(nodes)} mentions"
        write(root, text, places.end, y, fill=SOFT, anchor="end")


def draw_bar(
    root: ElementTree.Element,
    number: int,
    node: Node,
    places: Across,
    *,
    top: float,
    height: float,
    spoken: str,
) -> None:
    """Draw a mention."""
    group = ElementTree.SubElement(root, "g")
    ElementTree.SubElement(group, "title").text = spoken
    _draw_shape(group, node, places.bar, top, places.end - places.bar, height)
    y = top + height / 2 + 4.0
    write(group, str(number), places.bar + 25.0, y, size=_NUMBER, fill=SOFT, anchor="end")
    write(group, node.label, places.bar + 31.0, y, size=_SIZE, weight=node.weight)
    if node.tag:
        write(group, node.tag, places.end - 7.0, y, anchor="end")


def _draw_shape(
    parent: ElementTree.Element, node: Node, x: float, y: float, width: float, height: float
) -> None:
    """The bar's outline, which says what the mention is."""
    place: dict[str, str | float] = {"x": x, "y": y, "width": width, "height": height, "rx": 4.0}
    _add(parent, "rect", **place, fill=PAPER)
    if node.filled:
        tint: dict[str, str | float] = {"fill": INK, "fill-opacity": "0.2"}
        _add(parent, "rect", **place, **tint)
    line: dict[str, str | float] = {"fill": "none", "stroke": INK, "stroke-width": 1.2}
    right, end = x + width, y + height
    if node.style == "coreferent":
        for side, turn in ((x, 5.0), (right, -5.0)):
            path = f"M {side + turn:.1f} {y:.1f} H {side:.1f} V {end:.1f} H {side + turn:.1f}"
            _add(parent, "path", d=path, **line)
        return
    if node.style == "bridge":
        path = f"M {x:.1f} {y:.1f} H {right:.1f} V {end:.1f} H {x:.1f} z"
        line["stroke-dasharray"] = "3 2.5"
        _add(parent, "path", d=path, **line)
        return
    if node.style == "right":
        line["stroke-width"] = 2.6
    _add(parent, "rect", **place, **line)
    if node.style == "subject":
        place = {"x": x + 3.0, "y": y + 3.0, "width": width - 6.0, "height": height - 6.0}
        _add(parent, "rect", **place, rx=2.0, **line)


def draw_line(
    root: ElementTree.Element,
    line: Line,
    places: Across,
    *,
    ports: tuple[float, float],
    lane: int,
    inside: bool,
    number: int,
    spoken: str,
) -> None:
    """Draw a line from its source to its lane, along it, and to its target.

    Args:
        root: what it is added to.
        line: the edges it stands for.
        places: horizontal places.
        ports: height of its ends.
        lane: number of its lane.
        inside: whether it stays within a box.
        number: of its series in the palette.
        spoken: its title.
    """
    start, end = ports
    turn = places.lane(lane, inside=inside)
    tip, away = (places.bar, -1.0) if inside else (places.end, 1.0)
    group = ElementTree.SubElement(root, "g")
    ElementTree.SubElement(group, "title").text = spoken
    down = 1.0 if end > start else -1.0
    corner = min(_CORNER, abs(end - start) / 2)
    base = tip + away * (_TIP - 1.0)
    path = (
        f"M {base if line.both else tip:.1f} {start:.1f} H {turn - away * corner:.1f} "
        f"Q {turn:.1f} {start:.1f} {turn:.1f} {start + down * corner:.1f} "
        f"V {end - down * corner:.1f} "
        f"Q {turn:.1f} {end:.1f} {turn - away * corner:.1f} {end:.1f} H {base:.1f}"
    )
    style = series(number)
    plain: dict[str, str | float] = {"d": path, "fill": "none", "stroke": style.color}
    if line.leads:
        _add(group, "path", **plain, **_GLOW)
    strength = max(0.0, 2.0 * line.share - 1.0)
    plain["stroke-width"] = f"{1.4 + 1.1 * strength:.2f}"
    plain["stroke-opacity"] = f"{0.65 + 0.35 * strength:.2f}"
    if style.dash:
        plain["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
    _add(group, "path", **plain)
    for y in (start, end) if line.both else (end,):
        head = f"M {tip + away:.1f} {y:.1f} l {away * (_TIP - 1.0):.1f} -4 l 0 8 z"
        _add(group, "path", d=head, fill=style.color)


_GLOW: dict[str, str | float] = {"stroke-width": 7.5, "stroke-opacity": "0.25"}


def draw_number(
    root: ElementTree.Element, text: str, y: float, places: Across, *, inside: bool
) -> None:
    """Write what stands at one end of a line, on the paper's colour."""
    width = width_in_ems(text) * _NUMBER + 3.0
    start = places.bar - _TIP - 2.0 - width if inside else places.end + _TIP + 2.0
    place: dict[str, str | float] = {"x": start, "y": y - 5.5, "width": width, "height": 11.0}
    _add(root, "rect", **place, rx=2.0, fill=PAPER)
    write(root, text, start + width / 2, y + 3.6, size=_NUMBER, anchor="middle", weight="bold")


def key_width(text: str) -> float:
    """The room that an entry of the key needs."""
    return 38.0 + width_in_ems(text) * SMALL + 14.0


def draw_key(
    root: ElementTree.Element, sign: int | Node | None, text: str, x: float, y: float
) -> None:
    """Draw an entry of the key: of a series, of how a mention looks, or (``None``) of a path."""
    if isinstance(sign, Node):
        _draw_shape(root, sign, x, y - 11.0, 30.0, 15.0)
    else:
        style = series(sign or 0)
        sample: dict[str, str | float] = {"d": f"M {x:.1f} {y - 3.6:.1f} h 30", "fill": "none"}
        if sign is None:
            _add(root, "path", **sample, stroke=SOFT, **_GLOW)
        else:
            if style.dash:
                sample["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
            width: dict[str, str | float] = {"stroke-width": 2.4}
            _add(root, "path", **sample, stroke=style.color, **width)
    write(root, text, x + 38.0, y)


def outermost(width: float, height: float, *, title: str, description: str) -> ElementTree.Element:
    """The ``svg`` element, with a background."""
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "lg-arcs",
            **size,
            "viewBox": f"0 0 {size['width']} {size['height']}",
            "font-family": "sans-serif",
            "role": "img",
        },
    )
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "desc").text = description
    _add(root, "rect", x=0.0, y=0.0, width=width, height=height, fill=PAPER)
    return root


def write(
    parent: ElementTree.Element,
    text: str,
    x: float,
    y: float,
    *,
    size: float = SMALL,
    fill: str = INK,
    anchor: str = "start",
    weight: str | None = None,
) -> None:
    """Add text."""
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


def _add(parent: ElementTree.Element, tag: str, **attributes: str | float) -> None:
    plain = {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    ElementTree.SubElement(parent, tag, plain)
