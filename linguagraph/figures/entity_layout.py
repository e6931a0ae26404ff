"""Edges between mentions in documents -> where boxes, mentions and lines stand; pixels, no colours.

Documents are boxes below one another, mentions are bars in them. Lines within a document run in
lanes at the left of its bars, lines between documents in lanes at the right of all of them. Every
line has ends and a lane of its own wherever it would meet another one, so that lines only ever
cross at right angles.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from linguagraph.aggregates.entity_selection import ROUTES

__all__ = ["PORT", "Box", "EntityLayout", "Line", "lay_out_entities", "merge_lines"]

PORT = 12.0
"""Distance of the ends of two lines on a bar."""
_BAR = 21.0
_EDGE = 5.0
_BAR_GAP, _BOX_GAP = 5.0, 14.0
_HEAD, _FOOT = 23.0, 7.0
_LEADS = 1000
"""How much more a line counts that lies on a path from the subject to the answer."""
_APART = 7.0
"""Distance of two lines that share a lane."""


@dataclass(frozen=True, slots=True)
class Line:
    """Retained edges that are drawn as one line.

    Attributes:
        source, target: nodes.
        label: the relation.
        layers: ascending.
        share: of the seeds, mean over the edges.
        both: whether the line also stands for the edges from target to source.
        leads: whether one of the edges is on a path from the subject to the answer.
    """

    source: int
    target: int
    label: str
    layers: tuple[int, ...]
    share: float
    both: bool
    leads: bool = False

    @property
    def text(self) -> str:
        """The layers as written on the line."""
        return ",".join(map(str, self.layers))


@dataclass(frozen=True, slots=True)
class Box:
    """A document: its number, upper end, height, and nodes."""

    support: int
    top: float
    height: float
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class EntityLayout:
    """Where everything stands; vertical places in pixels, lanes counted from 1 at the bars.

    Attributes:
        boxes: from top to bottom.
        bars: upper end and height of each node.
        ports: height of the source's and of the target's end of each line.
        lanes: lane of each line.
        inside: whether each line stays within a document.
        height: lower end of the last box.
    """

    boxes: tuple[Box, ...]
    bars: Mapping[int, tuple[float, float]]
    ports: tuple[tuple[float, float], ...]
    lanes: tuple[int, ...]
    inside: tuple[bool, ...]
    height: float

    def widest(self, *, inside: bool) -> int:
        """How many lanes there are within the boxes, or beside them."""
        return max(
            (k for k, own in zip(self.lanes, self.inside, strict=True) if own == inside), default=0
        )


def merge_lines(edges: pd.DataFrame) -> list[Line]:
    """Rows per edge and layer -> the lines.

    The same pair and relation in several layers is one line; so are an edge and its inverse that
    are there in the same layers.

    Args:
        edges: those of an :class:`~linguagraph.aggregates.entity_selection.ItemPart`.
    """
    found: dict[tuple[int, int, str], dict[int, tuple[float, bool]]] = {}
    columns = ("source", "target", "label", "layer", "retained_share", "route")
    for source, target, label, layer, share, route in zip(
        *(edges[name].tolist() for name in columns), strict=True
    ):
        line = found.setdefault((int(source), int(target), str(label)), {})
        line[int(layer)] = (float(share), route == ROUTES[0])
    lines = []
    for (source, target, label), held in found.items():
        inverse = found.get((target, source, label), {})
        both = set(inverse) == set(held)
        if both and source > target:
            continue
        values = [*held.values(), *(inverse.values() if both else ())]
        share = sum(share for share, _ in values) / len(values)
        leads = any(route for _, route in values)
        lines.append(Line(source, target, label, tuple(sorted(held)), share, both, leads))
    return sorted(lines, key=lambda line: (line.source, line.target, line.label))


def lay_out_entities(
    lines: Sequence[Line],
    supports: Mapping[int, int],
    *,
    first: Collection[int],
    last: Collection[int],
    top: float,
) -> EntityLayout:
    """Place the lines and the nodes that they join.

    Args:
        lines: from :func:`merge_lines`.
        supports: the document of each node.
        first: nodes; the document in which most lines join them stands first, lines on a path from
            the subject to the answer before others.
        last: nodes; in the same way, their document stands last.
        top: upper end of the first box.
    """
    nodes = sorted({node for line in lines for node in (line.source, line.target)})
    inside = tuple(supports[line.source] == supports[line.target] for line in lines)
    order = _order(lines, supports, first=first, last=last)
    rank = {node: (order.index(supports[node]), node) for node in nodes}
    ends = _ends(lines, inside, rank)
    boxes, bars = [], {}
    y = top
    for support in order:
        inner = tuple(node for node in nodes if supports[node] == support)
        start, y = y, y + _HEAD
        for node in inner:
            most = max(len(ends.get((node, side), ())) for side in (True, False))
            bars[node] = (y, max(_BAR, PORT * most + _EDGE))
            y += bars[node][1] + _BAR_GAP
        y += _FOOT - _BAR_GAP
        boxes.append(Box(support, start, y - start, inner))
        y += _BOX_GAP
    heights: dict[tuple[int, int], float] = {}
    for (node, _), held in ends.items():
        middle = bars[node][0] + bars[node][1] / 2
        for place, (number, end) in enumerate(held):
            heights[number, end] = middle + PORT * (place - (len(held) - 1) / 2)
    ports = tuple((heights[number, 0], heights[number, 1]) for number in range(len(lines)))
    lanes = _lanes(ports, inside, [order.index(supports[line.source]) for line in lines])
    return EntityLayout(tuple(boxes), bars, ports, lanes, inside, y - _BOX_GAP if boxes else top)


def _order(
    lines: Sequence[Line],
    supports: Mapping[int, int],
    *,
    first: Collection[int],
    last: Collection[int],
) -> list[int]:
    """Documents from top to bottom; those in the middle so that lines are short."""
    weight: dict[tuple[int, int], int] = {}
    busy: dict[tuple[int, bool], int] = {}
    for line in lines:
        pair = (supports[line.source], supports[line.target])
        weight[pair] = weight.get(pair, 0) + len(line.layers)
        for node in (line.source, line.target):
            for group, ending in ((first, False), (last, True)):
                if node in group:
                    key = (supports[node], ending)
                    busy[key] = busy.get(key, 0) + len(line.layers) + _LEADS * line.leads
    held = sorted({support for pair in weight for support in pair})
    starts = [s for s in held if (s, False) in busy]
    head = [max(starts, key=lambda s: (busy[s, False], -s))] if starts else []
    stops = [s for s in held if (s, True) in busy and s not in head]
    tail = [max(stops, key=lambda s: (busy[s, True], -s))] if stops else []
    middle = [s for s in held if s not in (*head, *tail)]

    def length(order: list[int]) -> int:
        place = {support: position for position, support in enumerate(head + order + tail)}
        return sum(abs(place[a] - place[b]) * count for (a, b), count in weight.items())

    best = length(middle)
    better = True
    while better:
        better = False
        for support in list(middle):
            rest = [s for s in middle if s != support]
            for position in range(len(middle)):
                tried = [*rest[:position], support, *rest[position:]]
                if length(tried) < best:
                    middle, best, better = tried, length(tried), True
    return head + middle + tail


def _ends(
    lines: Sequence[Line], inside: Sequence[bool], rank: Mapping[int, tuple[int, int]]
) -> dict[tuple[int, bool], list[tuple[int, int]]]:
    """Ends (number of the line; 0 source, 1 target) on each side of each node, from the top.

    Lines that go up come first, the nearest of them on top; then those that go down, the nearest
    at the bottom: so lines from one node do not cross each other.
    """
    places = {node: place for place, node in enumerate(sorted(rank, key=lambda n: rank[n]))}
    found: dict[tuple[int, bool], list[tuple[tuple[int, int, int], tuple[int, int]]]] = {}
    for number, line in enumerate(lines):
        for end, (node, other) in enumerate(
            ((line.source, line.target), (line.target, line.source))
        ):
            away = places[other] - places[node]
            # lines between the same two nodes must not cross: their order is turned at one end
            turn = number if away < 0 else -number
            key = (0, -away, turn) if away < 0 else (1, -away, turn)
            found.setdefault((node, inside[number]), []).append((key, (number, end)))
    return {side: [end for _, end in sorted(held)] for side, held in found.items()}


def _lanes(
    ports: Sequence[tuple[float, float]], inside: Sequence[bool], box: Sequence[int]
) -> tuple[int, ...]:
    """A lane for every line, the short ones nearest to the bars."""
    taken: dict[tuple[bool, int], list[tuple[float, float]]] = {}
    lanes = [0] * len(ports)
    for number in sorted(
        range(len(ports)), key=lambda i: (abs(ports[i][0] - ports[i][1]), box[i], i)
    ):
        low, high = sorted(ports[number])
        lane = 1
        while any(
            low - _APART < end and start < high + _APART
            for start, end in taken.get((inside[number], lane), ())
        ):
            lane += 1
        taken.setdefault((inside[number], lane), []).append((low, high))
        lanes[number] = lane
    return tuple(lanes)
