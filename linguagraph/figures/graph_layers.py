"""The edges of one graph, layer by layer -> a node-link drawing, retained edges strong; an SVG.

One panel per layer, the nodes in the same places in each. A retained edge is a thick line in the
colour and dashes of its label, and has the label written on it; an edge that no seed retains is
thin, grey and without a name (its title has it).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.errors import ReportError
from linguagraph.figures.force import force_layout
from linguagraph.figures.palette import INK, PAPER, SERIES, SOFT, series
from linguagraph.figures.panels import require_columns
from linguagraph.figures.text import shorten, visible, width_in_ems

__all__ = ["graph_layers"]

_MARGIN, _HEAD, _GAP = 14.0, 26.0, 18.0
_PANELS = ((500.0, 340.0), (372.0, 310.0), (244.0, 240.0))
"""Width and height of a panel where one, two, three or more stand in a row."""
_NODE, _SIZE, _LINE = 9.0, 10.5, 17.0
_INSET = 24.0
_LONGEST = 18
"""Most characters of a label that are written."""
_COLUMNS = ("source", "target", "label", "layer", "retained_share", "needed")
_KEY = (
    "arrows point where messages go; thin and grey: retained by no seed;",
    "a percentage: the share of seeds that retain the edge",
)
_TRUTH = (
    "missed: needed by construction, but retained by under half of the seeds;",
    "extra: the reverse",
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One edge in one layer: how it is drawn and what it says."""

    source: int
    target: int
    label: str
    share: float
    needed: str
    bend: float

    @property
    def note(self) -> str:
        """What differs from what the data's rule asks for."""
        if self.needed == "yes" and self.share < 0.5:
            return "missed"
        return "extra" if self.needed == "no" and self.share >= 0.5 else ""

    @property
    def text(self) -> str:
        """What is written on the line; empty for most edges that are not retained."""
        if self.share == 0.0 and not self.note:
            return ""
        name = shorten(self.label, _LONGEST)
        text = f"{self.note}: {name}" if self.note else name
        return f"{text} {self.share:.0%}" if 0.0 < self.share < 1.0 else text


def graph_layers(edges: pd.DataFrame, *, title: str, labels: Sequence[str]) -> str:
    """Draw the edges of one graph.

    Args:
        edges: a row per edge and layer: ``source``, ``target`` (node numbers), ``label``, ``layer``
            (0 is the bottom), ``retained_share`` (share of seeds, in [0, 1]), ``needed`` ("yes" or
            "no" where it is known, else empty).
        title: the drawing's name for screen readers.
        labels: all labels of the data: the first ones get colours and dashes of their own, the
            same in every drawing.

    Returns:
        A standalone SVG document.

    Raises:
        TableError: ``edges`` lacks a column.
        ReportError: a label is not among ``labels``.
    """
    require_columns(edges, *_COLUMNS)
    here = {str(label) for label in edges["label"]}
    if here - set(labels):
        raise ReportError(f"unknown labels {sorted(here - set(labels))}")
    styles = _styles(labels)
    layers = sorted({int(layer) for layer in edges["layer"]})
    nodes = sorted({*map(int, edges["source"]), *map(int, edges["target"])})
    columns = min(max(len(layers), 1), 3)
    panel = _PANELS[columns - 1]
    places = _places(edges, nodes, panel)
    row_height = panel[1] + _HEAD + _GAP
    keys = _key_rows(here, styles, columns * panel[0])
    words = [*_KEY, *(_TRUTH if bool((edges["needed"] != "").any()) else ())]
    below = _MARGIN + math.ceil(len(layers) / columns) * row_height
    width = 2 * _MARGIN + columns * panel[0] + (columns - 1) * _GAP
    height = below + _LINE * (len(keys) + len(words)) + _MARGIN
    root = _root(width, height, visible(title), _describe(edges))
    for number, layer in enumerate(layers):
        left = _MARGIN + (number % columns) * (panel[0] + _GAP)
        top = _MARGIN + (number // columns) * row_height
        _text(root, f"layer {layer}", left, top + 13.0, fill=INK, anchor="start", weight="bold")
        lines = _lines(edges[edges["layer"] == layer])
        at = {node: place + np.array([left, top + _HEAD]) for node, place in places.items()}
        _draw_panel(root, lines, at, styles)
    for row, entries in enumerate(keys):
        _draw_key(root, entries, below + _LINE * (row + 1))
    for row, line in enumerate(words, start=len(keys)):
        _text(root, line, _MARGIN, below + _LINE * (row + 1), fill=SOFT, anchor="start")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _places(
    edges: pd.DataFrame, nodes: list[int], panel: tuple[float, float]
) -> dict[int, NDArray[np.float64]]:
    """Middle of every node in its panel."""
    place = {node: number for number, node in enumerate(nodes)}
    pairs = {
        (min(place[s], place[t]), max(place[s], place[t]))
        for s, t in zip(edges["source"].tolist(), edges["target"].tolist(), strict=True)
        if s != t
    }
    links = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    room = (panel[0] - 2 * _INSET, panel[1] - 2 * _INSET)
    found = force_layout(len(nodes), links, width=room[0], height=room[1]) + _INSET
    return {node: found[number] for node, number in place.items()}


def _lines(edges: pd.DataFrame) -> list[_Line]:
    """The edges of a layer; several between two nodes bend away from each other."""
    seen: dict[tuple[int, int], int] = {}
    ends = {(int(s), int(t)) for s, t in zip(edges["source"], edges["target"], strict=True)}
    found = []
    for source, target, label, _, share, needed in zip(
        *(edges[name].tolist() for name in _COLUMNS), strict=True
    ):
        pair = (int(source), int(target))
        number = seen[pair] = seen.get(pair, -1) + 1
        both = pair[::-1] in ends
        bend = (0.11 if both else 0.0) + 0.16 * (-(number + 1) // 2 if number % 2 else number // 2)
        found.append(_Line(*pair, str(label), float(share), str(needed), bend))
    return sorted(found, key=lambda line: (line.share, bool(line.note)))


def _draw_panel(
    root: ElementTree.Element,
    lines: list[_Line],
    places: dict[int, NDArray[np.float64]],
    styles: dict[str, int],
) -> None:
    middles = [_draw_line(root, line, places, styles[line.label]) for line in lines]
    for node, (x, y) in places.items():
        half = max(_NODE, width_in_ems(str(node)) * _SIZE / 2 + 3.0)
        box: dict[str, str | float] = {"fill": PAPER, "stroke": INK, "stroke-width": 1.2}
        _add(
            root,
            "rect",
            x=x - half,
            y=y - _NODE,
            width=2 * half,
            height=2 * _NODE,
            rx=_NODE,
            **box,
        )
        _text(root, str(node), x, y + 3.7, fill=INK)
    for line, (x, y) in zip(lines, middles, strict=True):
        if line.text:
            width = width_in_ems(line.text) * _SIZE + 4.0
            behind: dict[str, str | float] = {"fill": PAPER, "fill-opacity": 0.95}
            _add(root, "rect", x=x - width / 2, y=y - 7.0, width=width, height=14.0, **behind)
            strong = "bold" if line.share > 0.0 else None
            _text(root, line.text, x, y + 3.7, fill=INK, weight=strong)


def _draw_line(
    root: ElementTree.Element,
    line: _Line,
    places: dict[int, NDArray[np.float64]],
    number: int,
) -> tuple[float, float]:
    """Draw one edge and return the place of its label."""
    start, by, end = _curve(places[line.source], places[line.target], line.bend)
    kept = line.share > 0.0
    style = series(number)
    group = ElementTree.SubElement(root, "g")
    spoken = f"{visible(line.label)} from {line.source} to {line.target}, retained by "
    spoken += f"{line.share:.0%} of seeds" + (f", {line.note}" if line.note else "")
    ElementTree.SubElement(group, "title").text = spoken
    color = style.color if kept else SOFT
    drawn: dict[str, str | float] = {
        "d": f"M {_pair(start)} Q {_pair(by)} {_pair(end)}",
        "fill": "none",
        "stroke": color,
        "stroke-width": 1.6 + 1.4 * line.share if kept else 0.9,
        "stroke-opacity": 0.6 + 0.4 * line.share if kept else 0.45,
    }
    if kept and style.dash:
        drawn["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
    _add(group, "path", **drawn)
    into = end - by
    unit = into / max(float(np.hypot(*into)), 1e-6)
    side = np.array([-unit[1], unit[0]]) * (3.8 if kept else 2.8)
    back = -unit * (9.0 if kept else 7.0)
    steps = (back + side, -2 * side)
    head = f"M {_pair(end)} l {_pair(steps[0])} l {_pair(steps[1])} z"
    fill: dict[str, str | float] = {"fill": color}
    _add(group, "path", d=head, **fill, **({} if kept else {"fill-opacity": 0.55}))
    middle = 0.25 * start + 0.5 * by + 0.25 * end
    return float(middle[0]), float(middle[1])


def _curve(
    source: NDArray[np.float64], target: NDArray[np.float64], bend: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Start, control point and end of an edge, at the rims of its nodes."""
    along = target - source
    length = float(np.hypot(*along))
    if length < 1e-6:  # an edge from a node to itself
        left, right = np.array([-0.6, -1.0]) * _NODE, np.array([0.6, -1.0]) * _NODE
        return source + left, source + np.array([0.0, -4.4 * _NODE]), source + right
    by = (source + target) / 2 + bend * np.array([-along[1], along[0]])
    rims = []
    for middle in (source, target):
        away = by - middle
        rims.append(middle + away / max(float(np.hypot(*away)), 1e-6) * (_NODE + 2.0))
    return rims[0], by, rims[1]


def _styles(labels: Sequence[str]) -> dict[str, int]:
    """Number of the series of every label; where there are too many, the last is for the rest."""
    return {label: min(number, len(SERIES) - 1) for number, label in enumerate(labels)}


def _key_rows(here: set[str], styles: dict[str, int], width: float) -> list[list[tuple[int, str]]]:
    """Series and name of every entry of the key, in rows that fit into ``width``."""
    entries = []
    for number in range(len(SERIES)):
        named = [label for label, own in styles.items() if own == number and label in here]
        if named:
            text = shorten(named[0], _LONGEST)
            entries.append((number, text if len(named) == 1 else f"{len(named)} other labels"))
    rows: list[list[tuple[int, str]]] = []
    left = 0.0
    for number, text in entries:
        if not rows or _key_width(text) > left:
            rows.append([])
            left = width
        rows[-1].append((number, text))
        left -= _key_width(text)
    return rows


def _key_width(text: str) -> float:
    return 34.0 + width_in_ems(text) * _SIZE + 16.0


def _draw_key(root: ElementTree.Element, entries: list[tuple[int, str]], y: float) -> None:
    x = _MARGIN
    for number, text in entries:
        style = series(number)
        sample: dict[str, str | float] = {
            "d": f"M {x:.1f} {y - 3.6:.1f} h 28",
            "fill": "none",
            "stroke": style.color,
            "stroke-width": 2.6,
        }
        if style.dash:
            sample["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
        _add(root, "path", **sample)
        _text(root, text, x + 34.0, y, fill=INK, anchor="start")
        x += _key_width(text)


def _describe(edges: pd.DataFrame) -> str:
    parts = []
    for layer, part in edges.groupby("layer", sort=True):
        kept = int((part["retained_share"] > 0).sum())
        parts.append(f"layer {layer}: {kept} of {len(part)} edges retained by some seed")
    return "; ".join(parts).capitalize() + "." if parts else "No edges."


def _root(width: float, height: float, title: str, description: str) -> ElementTree.Element:
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


def _pair(point: NDArray[np.float64]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _add(parent: ElementTree.Element, tag: str, **attributes: str | float) -> None:
    plain = {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    ElementTree.SubElement(parent, tag, plain)


def _text(
    parent: ElementTree.Element,
    text: str,
    x: float,
    y: float,
    *,
    fill: str,
    anchor: str = "middle",
    weight: str | None = None,
) -> None:
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "font-size": f"{_SIZE:g}",
        "fill": fill,
        "text-anchor": anchor,
    }
    if weight:
        attributes["font-weight"] = weight
    ElementTree.SubElement(parent, "text", attributes).text = text
