"""The edge table of one run in, each edge of each example once, with votes in every layer, out.

Layers are counted from the top, because the top layer is the one whose messages reach the
prediction: so models of different depth can be laid side by side. The first level is "any layer":
an edge is retained there by a seed that retains it in at least one layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import IntArray, compile_items

__all__ = ["ANY", "EdgeVotes", "compile_votes", "level_names"]

ANY = "any"
"""The level that takes all layers of an edge together."""


@dataclass(frozen=True)
class EdgeVotes:
    """The edges of a run's examples; E edges.

    Attributes:
        table: the edge table that they come from; rows: [E], a row of it for each edge.
        votes: [1 + depth, E, seeds], int8: 1 retained, 0 superfluous, -1 not rated; first in any
            layer, then in the top layer, the one below it ...
        depth: number of layers.
        example: [E], int64, the example as all runs on the same corpus name it (:func:`_key`).
        sentence: [E], int64, corpus index of the sentence (or graph).
    """

    table: pd.DataFrame
    rows: IntArray
    votes: NDArray[np.int8]
    depth: int
    example: NDArray[np.int64]
    sentence: NDArray[np.int64]

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.votes.shape[2])

    def codes(self, column: str) -> tuple[IntArray, list[str]]:
        """Codes [E] and names of a column of strings."""
        values = self.table[column].astype("category")
        codes = values.cat.codes.to_numpy()[self.rows].astype(np.intp)
        return codes, [str(name) for name in values.cat.categories]

    def column(self, name: str) -> NDArray[np.generic]:
        """Values [E] of a column of numbers."""
        return np.asarray(self.table[name].to_numpy()[self.rows])

    def take(self, edges: NDArray[np.generic]) -> EdgeVotes:
        """Some of the edges: flags or positions."""
        return EdgeVotes(
            self.table,
            self.rows[edges],
            self.votes[:, edges],
            self.depth,
            self.example[edges],
            self.sentence[edges],
        )

    def shares(self, level: int) -> NDArray[np.float64]:
        """Share of the seeds that retain each edge: [E]; NaN where none rates it."""
        votes = self.votes[level]
        rated = (votes >= 0).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray((votes == 1).sum(axis=1) / rated, dtype=np.float64)


def compile_votes(edges: pd.DataFrame) -> EdgeVotes:
    """Turn an edge table (:data:`linguagraph.columns.EDGES`) into votes by level.

    Raises:
        TableError: as :func:`~linguagraph.aggregates.items.compile_items`.
    """
    items = compile_items(edges)
    depth = len(items.layers)
    number = items.column("edge").astype(np.int64)
    key = items.example.astype(np.int64) * (int(number.max(initial=0)) + 1) + number
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    votes = np.full((1 + depth, len(first), len(items.seeds)), -1, dtype=np.int8)
    for layer in range(depth):
        here = items.layer == layer
        votes[depth - layer, place[here]] = items.votes[here]
    if depth:
        votes[0] = votes[1:].max(axis=0)
    rows = items.rows[first]
    sentence = edges["sentence"].to_numpy()[rows].astype(np.int64)
    predicate = edges["predicate_index"].to_numpy()[rows].astype(np.int64)
    return EdgeVotes(edges, rows, votes, depth, _key(sentence, predicate), sentence)


def level_names(depths: Sequence[int]) -> list[str]:
    """Names of the levels of runs with so many layers, "any" first, then from the top down.

    Layers are called by their number where all runs have as many, else "top", "top-1" ...
    """
    most = max(depths, default=0)
    if len(set(depths)) <= 1:
        return [ANY, *(str(layer) for layer in range(most - 1, -1, -1))]
    return [ANY, *("top" if not down else f"top-{down}" for down in range(most))]


def _key(sentence: NDArray[np.int64], predicate: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each sentence and predicate (-1 in graphs, which have none)."""
    return (sentence << 32) | (predicate + 1)
