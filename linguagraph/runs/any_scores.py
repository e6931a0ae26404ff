"""A batch and its masks -> answers under each mask, weaker ones, and random ones of equal size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.edges.graphs import Scored
from linguagraph.masks.controls import SHARES, draw_like, drop_some
from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, Pass
from linguagraph.masks.frozen import frozen
from linguagraph.runs.any_inputs import answers

__all__ = ["Baselines", "Explained", "score_masks"]

Baselines = Sequence[Tensor | None] | None
"""What is sent instead of dropped messages, one per site; ``None`` for zeros."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Explained:
    """A batch under all seeds; E edges, U units, G graphs.

    Attributes:
        batch, trace: the graphs, and the unmasked pass over them.
        masks: one per seed.
        baselines: one per seed.
        labels: int64 [E], code of each edge's label.
        right: the right answers, see :func:`linguagraph.runs.any_inputs.right_answers`.
    """

    batch: GraphBatch
    trace: Pass
    masks: Sequence[EdgeMask]
    baselines: Sequence[Baselines]
    labels: NDArray[np.int64]
    right: Tensor | None


def score_masks(
    model: Explainable, explained: Explained, *, random: np.random.Generator
) -> Iterator[Scored]:
    """Answers under every condition of :data:`linguagraph.columns.SCORES` that graphs have.

    ``original``; then for each seed ``retained_100`` ... ``retained_0``, ``random``,
    ``random_labels`` and, if the model weighs its messages in every layer, ``soft_gates_top``.
    Edges that are dropped send the seed's baselines. Only edges that send a message are drawn.

    Args:
        model: left as it is.
        explained: the batch and its masks.
        random: source of the random conditions.
    """
    counter = _Counter(model, explained)
    present = explained.trace.present.cpu().numpy()
    yield counter.count("original", -1, explained.trace.output, present)
    for mask, baselines in zip(explained.masks, explained.baselines, strict=True):
        for condition, kept in _choices(explained, mask, present, random):
            yield counter.count(condition, mask.seed, counter.run(kept, baselines), kept)


def _choices(
    explained: Explained, mask: EdgeMask, present: Flags, random: np.random.Generator
) -> Iterator[tuple[str, Flags]]:
    """Name and kept edges [L, E] of every condition with a mask."""
    kept = (mask.retained & mask.present).cpu().numpy() & present
    yield "retained_100", kept
    for share in SHARES:
        yield f"retained_{share}", np.stack([drop_some(row, share, random) for row in kept])
    graph = explained.batch.edge_graph.cpu().numpy().astype(np.int64)
    by_label = graph * (int(explained.labels.max(initial=0)) + 1) + explained.labels
    last = np.where(present, 0.0, np.inf)
    for name, groups in (("random", graph), ("random_labels", by_label)):
        drawn = [
            draw_like(row, groups, random.random(len(row)) + after)
            for row, after in zip(kept, last, strict=True)
        ]
        yield name, np.stack(drawn)
    own = explained.trace.own
    if own is not None and not bool((own.isnan() & explained.trace.present).any()):
        order = -np.nan_to_num(own.double().cpu().numpy())
        top = [
            draw_like(row, graph, values + after)
            for row, values, after in zip(kept, order, last, strict=True)
        ]
        yield "soft_gates_top", np.stack(top)


class _Counter:
    """Runs a model on parts of a batch's edges and counts its answers by graph."""

    def __init__(self, model: Explainable, explained: Explained) -> None:
        self.model, self.explained = model, explained
        self.graph = explained.batch.edge_graph.cpu().numpy()
        self.answers = self._by_unit(explained.trace.asked)
        self.edges = self._by_edge(explained.trace.present.cpu().numpy())

    def run(self, kept: Flags, baselines: Baselines) -> Tensor:
        """Output [U, C] with just these edges."""
        trace = self.explained.trace
        gates = torch.from_numpy(kept).to(trace.output)
        with torch.no_grad(), frozen(self.model.module):
            return self.model.run(self.explained.batch, gates, baselines=baselines, trace=trace)

    def count(self, condition: str, seed: int, masked: Tensor, kept: Flags) -> Scored:
        """Right answers and kept edges of each graph."""
        trace = self.explained.trace
        right = answers(self.model.output, trace.output, masked, self.explained.right)
        correct = self._by_unit(right & trace.asked)
        return Scored(condition, seed, correct, self.answers, self._by_edge(kept), self.edges)

    def _by_unit(self, flags: Tensor) -> NDArray[np.int64]:
        batch = self.explained.batch
        return batch.per_graph(flags.long(), batch.unit_graph).cpu().numpy().astype(np.int64)

    def _by_edge(self, flags: Flags) -> NDArray[np.int64]:
        size = self.explained.batch.num_graphs
        return np.bincount(self.graph, weights=flags.sum(0), minlength=size).astype(np.int64)
