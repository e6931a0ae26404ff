"""Arcs between tokens -> their levels, their places on the tokens, and the tokens' x positions.

Pure geometry in pixels, no drawing: an arc lies above every arc inside its span, arcs of one level
never share a stretch of the line, and every label fits within the span of its own arc. Labels
therefore never overlap, however long the sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PORT_GAP", "Arc", "Layout", "arc_levels", "lay_out"]

PORT_GAP = 9.0
"""Pixels between two arcs that leave the same token on the same side."""

_TOKEN_GAP = 18.0
_LABEL_GAP = 12.0


@dataclass(frozen=True, slots=True)
class Arc:
    """One arc to be drawn.

    Attributes:
        source, target: token indices; they differ.
        text: the label with whatever is written beside it.
        width: estimated width of the label in pixels.
        above: drawn above the tokens, otherwise below.
        layer: GNN layer, 0 is the bottom.
        share: share of seeds that retain the edge, in [0, 1].
        both: stands for both directions of the same dependency.
        spoken: the arc in words.
        marked: set off from the others by a band along the line.
    """

    source: int
    target: int
    text: str
    width: float
    above: bool
    layer: int
    share: float
    both: bool
    spoken: str
    marked: bool = False

    @property
    def left(self) -> int:
        """The leftmost of the two tokens."""
        return min(self.source, self.target)

    @property
    def right(self) -> int:
        """The rightmost of the two tokens."""
        return max(self.source, self.target)


@dataclass(frozen=True)
class Layout:
    """Where everything goes.

    Attributes:
        centers: x of each token's middle, pixels.
        width: width of the row of tokens, pixels.
        levels: level of each arc, from 1, in the order of the arcs.
        ports: per arc, x of its left and of its right end, pixels.
    """

    centers: tuple[float, ...]
    width: float
    levels: tuple[int, ...]
    ports: tuple[tuple[float, float], ...]


def arc_levels(arcs: Sequence[Arc]) -> tuple[int, ...]:
    """Return the level of each arc, from 1: short arcs first, each above all that it overlaps.

    Crossing arcs get different levels too, so any graph can be drawn, not only trees.
    """
    order = sorted(
        range(len(arcs)), key=lambda i: (arcs[i].right - arcs[i].left, -arcs[i].share, i)
    )
    levels = [0] * len(arcs)
    highest: dict[tuple[bool, int], int] = defaultdict(int)
    for i in order:
        arc = arcs[i]
        gaps = range(arc.left, arc.right)
        levels[i] = 1 + max(highest[arc.above, gap] for gap in gaps)
        for gap in gaps:
            highest[arc.above, gap] = levels[i]
    return tuple(levels)


def lay_out(arcs: Sequence[Arc], token_widths: Sequence[float], *, start: float) -> Layout:
    """Place tokens from ``start`` (pixels) to the right so that words, labels and ends all fit."""
    levels = arc_levels(arcs)
    offsets, half = _port_offsets(arcs, levels, len(token_widths))
    ending = defaultdict(list)
    for i, arc in enumerate(arcs):
        ending[arc.right].append(i)
    centers: list[float] = []
    edge = start
    for token, width in enumerate(token_widths):
        reach = max(width / 2, half[token])
        center = edge + reach
        for i in ending[token]:
            arc = arcs[i]
            span = arc.width + _LABEL_GAP + offsets[i][0] - offsets[i][1]
            center = max(center, centers[arc.left] + span)
        centers.append(center)
        edge = center + reach + _TOKEN_GAP
    ports = tuple(
        (centers[arc.left] + offsets[i][0], centers[arc.right] + offsets[i][1])
        for i, arc in enumerate(arcs)
    )
    return Layout(tuple(centers), edge - _TOKEN_GAP, levels, ports)


def _port_offsets(
    arcs: Sequence[Arc], levels: Sequence[int], tokens: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """Return each arc's two end offsets from its tokens' middles, and each token's half width.

    Arcs to the left take the left ends, the highest innermost; arcs to the right mirror them; so
    no arc crosses one that lies inside it.
    """
    ends: dict[tuple[int, bool], list[tuple[tuple[int, int], int, int]]] = defaultdict(list)
    for i, arc in enumerate(arcs):
        ends[arc.right, arc.above].append(((0, levels[i]), i, 1))
        ends[arc.left, arc.above].append(((1, -levels[i]), i, 0))
    offsets = [[0.0, 0.0] for _ in arcs]
    half = [0.0] * tokens
    for (token, _), here in ends.items():
        here.sort()
        middle = (len(here) - 1) / 2
        half[token] = max(half[token], middle * PORT_GAP)
        for position, (_, i, end) in enumerate(here):
            offsets[i][end] = (position - middle) * PORT_GAP
    return [(first, second) for first, second in offsets], half
