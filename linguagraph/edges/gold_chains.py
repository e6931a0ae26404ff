"""Masks of one question -> what they keep of the gold reasoning, with random controls; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GoldNodes", "chain_rows", "like", "reached"]

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GoldNodes:
    """The nodes of a question whose gold reasoning is known; V nodes. All bool [V].

    Attributes:
        subject: mentions of the subject; answer: of the right candidate.
        bridge: of the gold bridge.
        first, second: in the gold support of the subject, and of the answer.
    """

    subject: Bools
    answer: Bools
    bridge: Bools
    first: Bools
    second: Bools

    @property
    def inside(self) -> Bools:
        """In one of the gold supports."""
        return self.first | self.second


def reached(retained: Bools, source: Ints, target: Ints, start: Bools) -> Bools:
    """Nodes that retained edges in strictly ascending layers lead to from a start, bool [V].

    A start counts only where an edge leads back to it: paths have at least one edge.

    Args:
        retained: bool [L, E], bottom layer first.
        source, target: int64 [E].
        start: bool [V].
    """
    at, found = start.copy(), np.zeros_like(start)
    for row in retained:
        ends = target[row & at[source]]
        found[ends] = True
        at = start | found
    return found


def like(retained: Bools, groups: Ints | None, random: np.random.Generator) -> Bools:
    """Random edges, as many in each layer, or in each layer and group, as are retained.

    Args:
        retained: bool [L, E].
        groups: int64 [E]; ``None``: all edges of a layer are one group.
        random: source.
    """
    drawn = np.zeros_like(retained)
    codes = np.zeros(retained.shape[1], dtype=np.int64) if groups is None else groups
    for layer, row in enumerate(retained):
        wanted = np.bincount(codes, weights=row, minlength=int(codes.max(initial=0)) + 1)
        order = np.lexsort((random.random(len(codes)), codes))
        sizes = np.bincount(codes, minlength=len(wanted))
        starts = np.cumsum(sizes) - sizes
        rank = np.arange(len(codes)) - starts[codes[order]]
        drawn[layer, order] = rank < wanted[codes[order]]
    return drawn


def chain_rows(
    retained: Bools,
    source: Ints,
    target: Ints,
    labels: Ints,
    gold: GoldNodes,
    *,
    draws: int,
    random: np.random.Generator,
) -> Iterator[Mapping[str, object]]:
    """Rows of :data:`linguagraph.columns.CHAINS` without method, seed and example.

    Args:
        retained: bool [L, E].
        source, target: int64 [E]; labels: int64 [E], codes of the relations.
        gold: the reasoning.
        draws: of each control.
        random: source of the controls.
    """
    ends = source, target
    yield {"control": "method", "draw": 0, **_counts(retained, *ends, gold)}
    for control, groups in (("random", None), ("random_labels", labels)):
        for draw in range(draws):
            drawn = like(retained, groups, random)
            yield {"control": control, "draw": draw, **_counts(drawn, *ends, gold)}


def _counts(retained: Bools, source: Ints, target: Ints, gold: GoldNodes) -> dict[str, object]:
    within_gold = gold.inside
    inside: Bools = within_gold[source] & within_gold[target]
    used = np.logical_or.reduce(retained, 0)
    touched = [bool(used[part[source] | part[target]].any()) for part in (gold.first, gold.second)]
    within = retained & inside
    start = gold.subject & gold.first
    reach = reached(within, source, target, start)
    goal = gold.answer & gold.second
    return {
        "retained": int(retained.sum()),
        "edges": retained.size,
        "gold_retained": int(within.sum()),
        "gold_edges": int(inside.sum()) * len(retained),
        "supports": sum(touched),
        "path": bool((reached(retained, source, target, gold.subject) & gold.answer).any()),
        "gold_path": bool((reach & goal).any()),
        "bridge_path": _over_bridge(within, source, target, start, gold.bridge, goal),
    }


def _over_bridge(
    retained: Bools, source: Ints, target: Ints, start: Bools, bridge: Bools, goal: Bools
) -> bool:
    """Whether a path leads from a start over a bridge to a goal.

    The bridge may be the goal, where the edge that ends the path leaves a bridge or enters one.
    """
    plain: Bools = start.copy()
    over: Bools = np.logical_and(start, bridge)
    for row in retained:
        plain_ends, over_ends = target[row & plain[source]], target[row & over[source]]
        plain, over = plain.copy(), over.copy()
        plain[plain_ends] = True
        over[over_ends] = True
        over |= plain & bridge
    back = reached(retained, source, target, start)
    return bool((over & back & goal).any())
