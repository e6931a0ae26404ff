"""Masks of graphs that need not be made of language -> rows of the edge and score tables; no torch.

The columns that only language fills hold what :mod:`linguagraph.columns` says, so that aggregates
and analyses read these tables like any other: a graph stands in the place of a sentence and of an
example, and every graph resamples as one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.columns import EDGES, SCORES
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.errors import TableError

__all__ = ["GRAPH_TYPE", "GraphEdges", "Scored", "graph_edge_rows", "graph_score_rows"]

GRAPH_TYPE = "graph"
"""The predicate type of everything that is no language."""

_NOTHING = {
    "document": "",
    "predicate_lemma": "",
    "predicate_type": GRAPH_TYPE,
    "direction": "",
    "target_kind": "elsewhere",
}
_ZERO = {"source_offset": 0, "target_offset": 0, "token_distance": 0, "predicate_index": -1}


@dataclass(frozen=True)
class GraphEdges:
    """The edges of consecutive graphs; E over all of them, in the order of the masks' columns.

    Attributes:
        first: number of the first graph in the data.
        graph: int64 [E], graph of every edge, 0 is the first of these.
        source, target: int64 [E], nodes, numbered from 0 within their graph.
        labels: E edge labels.
        sets: name and number of edges of each set of edges, one after the other.
        present: bool [L, E], whether the edge sends a message in the layer.
        needed: bool [L, E], whether the answer depends on it there; ``None`` if nobody knows.

    Raises:
        TableError: lengths differ.
    """

    first: int
    graph: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    labels: Sequence[str]
    sets: tuple[tuple[str, int], ...]
    present: NDArray[np.bool_]
    needed: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        sizes = {
            "graph": len(self.graph),
            "source": len(self.source),
            "target": len(self.target),
            "labels": len(self.labels),
            "sets": sum(size for _, size in self.sets),
            "present": self.present.shape[-1],
            "needed": self.present.shape[-1],
        }
        if self.needed is not None:
            sizes["needed"] = self.needed.shape[-1]
            if self.needed.shape != self.present.shape:
                raise TableError(
                    f"needed has shape {self.needed.shape}; expected that of present, "
                    f"{self.present.shape}"
                )
        if len(set(sizes.values())) > 1:
            raise TableError(f"edges of graphs: lengths differ: {sizes}")

    def numbers(self) -> NDArray[np.int64]:
        """Number of every edge within its graph, from 0, in the order of the columns, int64 [E]."""
        order = np.argsort(self.graph, kind="stable")
        counts = np.bincount(self.graph)
        starts = np.cumsum(counts) - counts
        numbers = np.empty(len(self.graph), dtype=np.int64)
        numbers[order] = np.arange(len(self.graph)) - np.repeat(starts, counts)
        return numbers


@dataclass(frozen=True)
class Scored:
    """Answers under one condition and seed; G graphs.

    Attributes:
        condition, seed: see :data:`linguagraph.columns.SCORES`.
        correct, answers, kept, edges: int64 [G].
    """

    condition: str
    seed: int
    correct: NDArray[np.int64]
    answers: NDArray[np.int64]
    kept: NDArray[np.int64]
    edges: NDArray[np.int64]


def graph_edge_rows(edges: GraphEdges, masks: MaskArrays, names: Names) -> pd.DataFrame:
    """One row per graph, layer, edge and seed; none where an edge sends no message in a layer.

    Raises:
        TableError: the masks are not [seeds, L, E] for these edges.
    """
    seeds, layers, total = masks.scores.shape
    if edges.present.shape != (layers, total):
        raise TableError(
            f"masks for {layers} layers and {total} edges; the graphs have "
            f"{edges.present.shape[0]} and {edges.present.shape[1]}"
        )
    if not edges.present.any():
        return EDGES.empty()
    layer, column = np.nonzero(edges.present)
    rows = len(column)
    order = np.tile(column, seeds)
    place = pd.Categorical(np.array(edges.labels, dtype=object))
    kinds = pd.Index([name for name, _ in edges.sets])
    kind = np.repeat(np.arange(len(kinds)), [size for _, size in edges.sets])
    numbers = edges.first + edges.graph[order]
    columns: dict[str, object] = {
        **{name: _constant(value, len(order)) for name, value in _NOTHING.items()},
        **{name: np.full(len(order), value) for name, value in _ZERO.items()},
        **{name: _constant(getattr(names, name), len(order)) for name in _NAMES},
        "sentence": numbers,
        "example": numbers,
        "seed": np.repeat(np.array(masks.seeds), rows),
        "layer": np.tile(layer, seeds),
        "edge": edges.numbers()[order],
        "source": edges.source[order],
        "target": edges.target[order],
        "label": place.take(order),
        "kind": pd.Categorical.from_codes(kind[order], categories=kinds),
        "score": masks.scores[:, layer, column].reshape(-1),
        "retained": masks.retained[:, layer, column].reshape(-1),
        "soft_gate": _own(masks, layer, column, seeds),
        "target_role": _missing(len(order)),
        "target_gold_role": _missing(len(order)),
        "needed": _needed(edges, layer, column, seeds),
    }
    return EDGES.check(pd.DataFrame(columns))


_NAMES = ("corpus", "model", "method")


def graph_score_rows(
    scored: Iterable[Scored], *, first: int, model: str, method: str
) -> pd.DataFrame:
    """One row per condition, seed and graph (:data:`linguagraph.columns.SCORES`).

    Args:
        scored: for the same graphs each.
        first: number of the first of them.
        model, method: names.
    """
    parts = [
        pd.DataFrame(
            {
                "model": model,
                "method": method,
                "condition": one.condition,
                "seed": one.seed,
                "sentence": first + np.arange(len(one.correct)),
                "predicate_type": GRAPH_TYPE,
                "correct": one.correct,
                "predicted": one.answers,
                "gold": one.answers,
                "kept": one.kept,
                "edges": one.edges,
            }
        )
        for one in scored
    ]
    return SCORES.check(pd.concat(parts, ignore_index=True)) if parts else SCORES.empty()


def _constant(value: str, rows: int) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), categories=pd.Index([value]))


def _missing(rows: int) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(
        np.full(rows, -1, dtype=np.int8), categories=pd.Index([], dtype=object)
    )


def _own(
    masks: MaskArrays, layer: NDArray[np.intp], column: NDArray[np.intp], seeds: int
) -> NDArray[np.float32]:
    if masks.soft_gates is None:
        return np.full(seeds * len(column), np.nan, dtype=np.float32)
    return np.tile(masks.soft_gates[layer, column], seeds)


def _needed(
    edges: GraphEdges, layer: NDArray[np.intp], column: NDArray[np.intp], seeds: int
) -> pd.Categorical[Any]:
    if edges.needed is None:
        return _constant("", seeds * len(column))
    codes = np.tile(edges.needed[layer, column], seeds).astype(np.int8)
    return pd.Categorical.from_codes(codes, categories=pd.Index(["no", "yes"]))
