"""A mask of a batch -> the edges that it puts first, and as many drawn at random in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import EdgeMask

__all__ = ["SHARES", "Choice", "choices"]

SHARES = (0, 5, 10, 20, 35, 50, 75, 100)
"""Percent of the edges that ``keep_P`` keeps and ``drop_P`` drops."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """Edges that a method, or a draw in its place, puts first.

    Attributes:
        keep, drop: names of the conditions that keep just these, and all but these.
        control: ``method``, ``random`` or ``random_labels``.
        draw: number of the draw; 0 for the method.
        chosen: bool [L, E].
    """

    keep: str
    drop: str
    control: str
    draw: int
    chosen: Bools


def choices(
    mask: EdgeMask,
    graph: NDArray[np.int64],
    *,
    labels: NDArray[np.int64] | None = None,
    draws: int = 3,
    random: np.random.Generator,
) -> Iterator[Choice]:
    """Every choice of edges of one batch: the method's, and what is drawn in its place.

    Args:
        mask: [L, E].
        graph: int64 [E], graph of each edge.
        labels: int64 [E], code of each edge's label, at least 0; ``None`` leaves ``random_labels``
            out.
        draws: per control. Choices of nothing and of everything leave nothing to draw.
        random: breaks ties and draws.

    Raises:
        MaskError: scores that are not numbers.
    """
    present, scores = (t.cpu().numpy() for t in (mask.present, mask.scores))
    if np.isnan(scores[present]).any():
        raise MaskError(f"method {mask.method!r} gave scores that are not numbers (NaN)")
    layers, edges = present.shape
    graphs = np.tile(graph, layers)
    absent = ~present.ravel()
    rank = _ranks(graphs, absent, -scores.ravel(), random.random(absent.size))
    there = np.bincount(graphs[~absent], minlength=int(graph.max(initial=-1)) + 1)
    chosen = {share: rank < (there * share + 50)[graphs] // 100 for share in SHARES}
    sets = [
        (f"keep_{share}", f"drop_{share}", flags & ~absent, 0 < share < 100)
        for share, flags in chosen.items()
    ]
    sets.append(("mask", "complement", (mask.retained & mask.present).cpu().numpy().ravel(), True))
    for keep, drop, flags, _ in sets:
        yield Choice(keep, drop, "method", 0, flags.reshape(layers, edges))
    by_layer = np.repeat(np.arange(layers), edges) * max(1, len(there)) + graphs
    groups = {"random": by_layer}
    if labels is not None:
        size = int(labels.max(initial=0)) + 1
        groups["random_labels"] = np.unique(
            by_layer * size + np.tile(labels, layers), return_inverse=True
        )[1]
    for control, group in groups.items():
        for draw in range(draws):
            place = _ranks(group, absent, random.random(absent.size))
            for keep, drop, flags, drawn in sets:
                if drawn:
                    wanted = np.bincount(group, weights=flags)
                    like = place < wanted[group]
                    yield Choice(keep, drop, control, draw, like.reshape(layers, edges))


def _ranks(groups: NDArray[np.int64], *keys: NDArray[Any]) -> NDArray[np.int64]:
    """Place of each item within its group, from 0, by ascending keys, the first one first."""
    order = np.lexsort((*reversed(keys), groups))
    sizes = np.bincount(groups)
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank
