"""Examples -> padded-free batches, each one disconnected graph.

Nodes of an example are the tokens of its sentence and those of its context, if it has one. Only the
former are *units*: they alone have logits and roles and count in losses and divergences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from linguagraph.models.examples import FEATURES, SrlExample, encode_examples
from linguagraph.models.transfer import moved

__all__ = [
    "SentenceRows",
    "SrlBatch",
    "SrlExample",
    "bucket",
    "collate",
    "encode_examples",
    "in_order",
]


@dataclass(frozen=True)
class SentenceRows:
    """Where the N nodes of a batch stand in its R sentences. All int64.

    Attributes:
        example: [N] sentence of each node.
        position: [N] its position there.
        lengths: [R] tokens of each sentence up to its last node.
        longest: the largest of the lengths, known without asking the device.
    """

    example: Tensor
    position: Tensor
    lengths: Tensor
    longest: int

    @property
    def num_examples(self) -> int:
        """R."""
        return self.lengths.shape[0]


@dataclass(frozen=True)
class SrlBatch:
    """Several examples as one disconnected graph. All int64.

    N nodes, E edges, B examples, U units (tokens that may carry a role), R sentences. Without
    context every node is a unit and every example has one sentence: U = N and R = B.

    Attributes:
        words, lemmas, tags, suffixes, shapes: [N] token features.
        predicate: [B] node of each example's predicate.
        predicate_lemma: [B].
        example: [N] example of each node.
        row: [N] sentence of each node; position: [N] its position there.
        spans: [R] tokens of each sentence up to its last node.
        unit: [U] node of each unit; unit_example: [U] its example.
        lengths: [B] units per example; edge_counts: [B] edges per example.
        source, target, edge_type: [E]; direction: [E] 0 for ``->``, 1 for ``<-``.
        kind: [E] position in :data:`linguagraph.graphs.KINDS`.
        hops: [E] edges from an edge's target to the example's sentence; 0 inside of it.
        roles: [U] target role, -100 where ignored.
        longest: the largest of the spans, a plain number.
    """

    words: Tensor
    lemmas: Tensor
    tags: Tensor
    suffixes: Tensor
    shapes: Tensor
    predicate: Tensor
    predicate_lemma: Tensor
    example: Tensor
    row: Tensor
    position: Tensor
    spans: Tensor
    unit: Tensor
    unit_example: Tensor
    lengths: Tensor
    edge_counts: Tensor
    source: Tensor
    target: Tensor
    edge_type: Tensor
    direction: Tensor
    kind: Tensor
    hops: Tensor
    roles: Tensor
    longest: int

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.words.shape[0]

    @property
    def num_edges(self) -> int:
        """E."""
        return self.source.shape[0]

    @property
    def num_examples(self) -> int:
        """B."""
        return self.lengths.shape[0]

    @property
    def rows(self) -> SentenceRows:
        """The sentences, for an encoder that reads one at a time."""
        return SentenceRows(self.row, self.position, self.spans, self.longest)

    @property
    def has_context(self) -> bool:
        """Whether some nodes are no units."""
        return self.unit.shape[0] < self.num_nodes

    def effective(self, layer: int, layers: int) -> Tensor | None:
        """Edges that can matter in a layer of a model of ``layers`` layers.

        Returns:
            bool [E], or ``None`` for all of them.
        """
        return self.hops < layers - layer if self.has_context else None

    def to(self, device: torch.device | str) -> SrlBatch:
        """The batch on another device."""
        there: dict[str, Any] = {**moved(self.tensors(), device)}
        return replace(self, **there)

    def tensors(self) -> dict[str, Tensor]:
        """All fields that are tensors, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "longest"}

    def edge_example(self) -> Tensor:
        """Example of each edge, int64 [E]."""
        return self.example.index_select(0, self.target)


def collate(examples: Sequence[SrlExample], *, num_labels: int) -> SrlBatch:
    """Join examples into one batch; ``num_labels`` is the size of the label vocabulary."""
    encoded = [example.encoded for example in examples]
    sizes = np.array([example.num_nodes for example in examples], dtype=np.int64)
    lengths = np.array([len(example) for example in examples], dtype=np.int64)
    edge_counts = np.array([e.edge_type.shape[0] for e in encoded], dtype=np.int64)
    rows = np.array([e.spans.shape[0] for e in encoded], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    units = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    features = np.concatenate([e.features for e in encoded], axis=1)
    edges = np.concatenate([e.edge_index for e in encoded], axis=1)
    edges = edges + np.repeat(starts, edge_counts)
    edge_type = np.concatenate([e.edge_type for e in encoded])
    places = np.concatenate([e.place for e in encoded])
    arrays = {
        **dict(zip(FEATURES, features, strict=True)),
        "predicate": starts + np.array([example.frame.predicate for example in examples]),
        "predicate_lemma": np.array([example.predicate_lemma for example in examples]),
        "example": np.repeat(np.arange(len(examples)), sizes),
        "row": places + np.repeat(np.cumsum(rows) - rows, sizes),
        "position": np.concatenate([e.token for e in encoded]),
        "spans": np.concatenate([e.spans for e in encoded]),
        "unit": units,
        "unit_example": np.repeat(np.arange(len(examples)), lengths),
        "lengths": lengths,
        "edge_counts": edge_counts,
        "source": edges[0],
        "target": edges[1],
        "edge_type": edge_type,
        "direction": edge_type // num_labels,
        "kind": np.concatenate([e.kind for e in encoded]),
        "hops": np.concatenate([e.hops for e in encoded]),
        "roles": np.concatenate([example.roles for example in examples]),
    }
    tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}
    return SrlBatch(**tensors, longest=int(arrays["spans"].max(initial=0)))


def in_order(lengths: Sequence[int], *, tokens: int) -> list[list[int]]:
    """Cut positions ``0 .. n-1`` into runs of at most ``tokens`` tokens (at least one example)."""
    batches: list[list[int]] = []
    room = 0
    for position, length in enumerate(lengths):
        if not batches or length > room:
            batches.append([])
            room = tokens
        batches[-1].append(position)
        room -= length
    return batches


def bucket(lengths: Sequence[int], *, tokens: int, seed: int) -> list[list[int]]:
    """Shuffled batches of examples of similar length, at most ``tokens`` tokens each.

    Deterministic in ``seed``. Lengths get up to 10% of noise, so that batches differ by epoch.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(lengths)
    order = np.argsort(sizes * random.uniform(0.9, 1.1, len(sizes)), kind="stable")
    cut = in_order([int(sizes[i]) for i in order], tokens=tokens)
    batches = [[int(order[i]) for i in run] for run in cut]
    return [batches[i] for i in random.permutation(len(batches))]
