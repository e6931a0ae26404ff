"""Edges and mentions in, masks of entity graphs out: retained edges between numbered nodes.

Nodes of all items are numbered through, so that an analysis of thousands of small graphs is a
handful of operations on flat arrays. What is counted is counted by item: items are resampled, never
edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import IntArray, Items, compile_items
from linguagraph.aggregates.statistics import (
    FloatArray,
    Sums,
)
from linguagraph.graphs.entity import RELATIONS

__all__ = ["EntityMasks", "compile_masks", "over_seeds", "relation_order", "total_first"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class EntityMasks:
    """Edges in layers with the seeds' votes, between the nodes of all items.

    Attributes:
        items: the edges in layers (rows below), their votes, examples, layers and seeds.
        relations: labels that occur, in the order of :data:`linguagraph.graphs.entity.RELATIONS`.
        relation: [rows], position in ``relations``.
        source, target: [rows], nodes.
        item: [nodes], item of a node: position in ``items.examples``.
        subject, predicted: bool [nodes], mentions of the entity asked about, and of what the
            unmasked model predicts.
        candidate: [nodes], candidate that is mentioned, -1 for none.
    """

    items: Items
    relations: tuple[str, ...]
    relation: IntArray
    source: IntArray
    target: IntArray
    item: IntArray
    subject: Bools
    predicted: Bools
    candidate: IntArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of items, seeds and layers."""
        return len(self.items.examples), len(self.items.seeds), len(self.items.layers)

    def layers(self) -> Iterator[tuple[IntArray, IntArray]]:
        """For each layer, bottom first: seed (position) and row of every retained edge."""
        for layer in range(len(self.items.layers)):
            here = np.flatnonzero(self.items.layer == layer)
            place, seed = np.nonzero(self.items.votes[here] == 1)
            yield seed, here[place]

    def places(self, seed: IntArray, nodes: IntArray) -> IntArray:
        """One number for each pair of a seed and a node."""
        return seed * len(self.item) + nodes

    def rated(self) -> FloatArray:
        """Whether a seed rates any edge of an item: [items, seeds], 0 or 1."""
        found = np.zeros(self.shape[:2])
        for seed, votes in enumerate(self.items.votes.T):
            found[self.items.example[votes >= 0], seed] = 1.0
        return found

    def by_item(self, flags: Bools) -> FloatArray:
        """Whether any node of an item is flagged: [nodes] -> [items], 0 or 1."""
        found = np.zeros(self.shape[0])
        found[self.item[flags]] = 1.0
        return found

    def count(self, seed: IntArray, rows: IntArray) -> FloatArray:
        """Numbers of edges by item and seed: [items, seeds]."""
        items, seeds, _ = self.shape
        cells = self.items.example[rows] * seeds + seed
        return np.bincount(cells, minlength=items * seeds).reshape(items, seeds).astype(np.float64)


def compile_masks(edges: pd.DataFrame, mentions: pd.DataFrame | None = None) -> EntityMasks:
    """Bring the edges of a run and its mentions together.

    Args:
        edges: :data:`linguagraph.columns.EDGES`, one method.
        mentions: :data:`linguagraph.columns.MENTIONS`; those of other examples are left out, and
            nodes without a row are mentions of nothing in particular.

    Raises:
        TableError: as :func:`~linguagraph.aggregates.items.compile_items`.
    """
    items = compile_items(edges)
    source = items.column("source").astype(np.intp)
    target = items.column("target").astype(np.intp)
    sizes = np.zeros(len(items.examples), dtype=np.intp)
    np.maximum.at(sizes, items.example, np.maximum(source, target) + 1)
    part = pd.DataFrame() if mentions is None else mentions
    if len(part):
        part = part[part["example"].isin(items.examples)]
    owner = node = np.zeros(0, dtype=np.intp)
    if len(part):
        owner = np.searchsorted(items.examples, part["example"].to_numpy()).astype(np.intp)
        node = part["node"].to_numpy().astype(np.intp)
        np.maximum.at(sizes, owner, node + 1)
    first = np.cumsum(sizes) - sizes
    total, place = int(sizes.sum()), first[owner] + node
    subject, predicted = np.zeros((2, total), dtype=np.bool_)
    candidate = np.full(total, -1, dtype=np.intp)
    if len(part):
        subject[place] = (part["role"] == "subject").to_numpy()
        predicted[place] = part["predicted"].to_numpy(dtype=np.bool_)
        candidate[place] = part["candidate"].to_numpy()
    codes, names = items.codes("label")
    relations = relation_order(names[code] for code in np.unique(codes))
    order = [relations.index(name) if name in relations else -1 for name in names]
    return EntityMasks(
        items=items,
        relations=relations,
        relation=np.array(order or [-1], dtype=np.intp)[codes],
        source=first[items.example] + source,
        target=first[items.example] + target,
        item=np.repeat(np.arange(len(sizes)), sizes),
        subject=subject,
        predicted=predicted,
        candidate=candidate,
    )


def relation_order(names: Iterator[str]) -> tuple[str, ...]:
    """Distinct relations, those of the entity graph first and in their order."""
    present = set(names)
    known = tuple(name for name in RELATIONS if name in present)
    return known + tuple(sorted(present - set(RELATIONS)))


def total_first(counts: FloatArray, axis: int = -1) -> FloatArray:
    """Put the sum over an axis before its first cell."""
    return np.concatenate([counts.sum(axis=axis, keepdims=True), counts], axis=axis)


def over_seeds(sums: Sums, axis: int = 0) -> Sums:
    """Add up the seeds, an axis of the cells; an item counts if it does with any seed."""
    return Sums(
        sums.total.sum(axis=axis),
        sums.samples.sum(axis=axis + 1),
        sums.sentences.max(axis=axis, initial=0),
    )
