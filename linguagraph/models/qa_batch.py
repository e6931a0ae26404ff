"""Several question answering examples -> one batch: nodes and edges side by side, or padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.models.qa_examples import QaExample
from linguagraph.models.transfer import moved

__all__ = ["NORMALISATIONS", "QaBatch", "by_size", "collate_qa"]

NORMALISATIONS = ("relation", "node", "root")


@dataclass(frozen=True)
class QaBatch:
    """B items; N nodes, E edges, Q the longest query, C the most candidates. Integers are int64.

    Attributes:
        words, shapes, suffixes: [N, P]; roles, places: [N], see :class:`QaExample`.
        item: [N], item of each node.
        slot: [N], place of each node in its item.
        candidate: [N], column of the logits, -1 for none.
        edge_index: [2, E], numbers of nodes in the batch; relation: [E].
        edge_item: [E], ascending.
        query: [B, Q], padded with zeros; query_length: [B].
        query_rows, query_places: see :meth:`packed`; query_sizes: [Q], always on the processor.
        mentions: [M], nodes that stand for a candidate.
        choices: [B], number of candidates; answer: [B], -1 where it is not known.
        size: V, nodes of the largest item; most: C. Plain numbers.
    """

    words: Tensor
    shapes: Tensor
    suffixes: Tensor
    roles: Tensor
    places: Tensor
    item: Tensor
    slot: Tensor
    candidate: Tensor
    edge_index: Tensor
    relation: Tensor
    edge_item: Tensor
    query: Tensor
    query_length: Tensor
    query_rows: Tensor
    query_places: Tensor
    query_sizes: Tensor
    mentions: Tensor
    choices: Tensor
    answer: Tensor
    size: int
    most: int

    @property
    def num_items(self) -> int:
        """B."""
        return self.choices.shape[0]

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.item.shape[0]

    @property
    def num_edges(self) -> int:
        """E."""
        return self.edge_index.shape[1]

    @property
    def density(self) -> float:
        """Edges over the cells of all padded adjacency matrices, E / (B R V^2)."""
        cells = self.num_items * len(RELATIONS) * self.size**2
        return self.num_edges / max(1, cells)

    def to(self, device: torch.device | str) -> QaBatch:
        """The batch on another device."""
        staying = ("size", "most", "query_sizes")
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in staying}
        there: dict[str, Any] = {**moved(tensors, device)}
        return replace(self, **there)

    def packed(self, embedded: Tensor) -> PackedSequence:
        """Words of the queries, float [B, Q, D], for a recurrent network: the longest query first.

        As ``pack_padded_sequence`` has it, which would look at lengths on the device.
        """
        order = torch.empty_like(self.query_places)
        number = torch.arange(len(order), device=order.device)
        order = order.index_copy(0, self.query_places, number)
        words = embedded.flatten(0, 1).index_select(0, self.query_rows)
        return PackedSequence(words, self.query_sizes, order, self.query_places)

    @cached_property
    def place(self) -> Tensor:
        """Row of each node in padded states [B * V], int64 [N]."""
        return self.item * self.size + self.slot

    @cached_property
    def cell(self) -> Tensor:
        """Cell of each edge in padded matrices [B, V target, R, V source], int64 [E]."""
        source, target = self.edge_index
        row = self.place.index_select(0, target) * len(RELATIONS) + self.relation
        return row * self.size + self.slot.index_select(0, source)

    @property
    def cells(self) -> tuple[int, int, int, int]:
        """Shape of padded matrices."""
        return self.num_items, self.size, len(RELATIONS), self.size

    def weights(self, normalise: str) -> Tensor:
        """Weight of each edge's message, float [E]: 1 / number of messages to its target.

        Args:
            normalise: ``relation`` counts those of the same relation (R-GCN's c_{i,r}), ``node``
                all (De Cao et al. 2019), ``root`` takes the square root of the first.

        Raises:
            ConfigError: another word.
        """
        if normalise not in NORMALISATIONS:
            raise ConfigError(f"normalise={normalise!r}; expected one of {list(NORMALISATIONS)}")
        key, kinds = self.edge_index[1], 1
        if normalise != "node":
            kinds = len(RELATIONS)
            key = key * kinds + self.relation
        counts = torch.zeros(self.num_nodes * kinds, dtype=torch.int64, device=key.device)
        counts = counts.index_add(0, key, torch.ones_like(key))
        found = 1 / counts.index_select(0, key).float()
        return found.sqrt() if normalise == "root" else found

    def padded(self, values: Tensor) -> Tensor:
        """Values of nodes [..., N, D] -> [..., B, V, D], zeros where an item has no node."""
        out = values.new_zeros(*values.shape[:-2], self.num_items * self.size, values.shape[-1])
        out = out.index_copy(-2, self.place, values)
        return out.view(*values.shape[:-2], self.num_items, self.size, values.shape[-1])

    def unpadded(self, values: Tensor) -> Tensor:
        """The inverse of :meth:`padded`: [..., B, V, D] -> [..., N, D]."""
        return values.flatten(-3, -2).index_select(-2, self.place)

    def matrices(self, values: Tensor) -> Tensor:
        """Values of edges [..., E] -> [..., B, V target, R, V source], zeros elsewhere."""
        out = values.new_zeros(*values.shape[:-1], self.num_items * self.size**2 * len(RELATIONS))
        out = out.index_copy(-1, self.cell, values)
        return out.view(*values.shape[:-1], *self.cells)

    def edges(self, matrices: Tensor) -> Tensor:
        """The inverse of :meth:`matrices`: [..., B, V, R, V] -> [..., E]."""
        return matrices.flatten(-4).index_select(-1, self.cell)


def collate_qa(examples: Sequence[QaExample]) -> QaBatch:
    """Join examples, in order; edges keep their order within each item."""
    sizes = torch.tensor([e.num_nodes for e in examples])
    edges = torch.tensor([e.graph.num_edges for e in examples])
    starts = torch.cumsum(sizes, 0) - sizes
    number = torch.arange(len(examples))
    index = torch.cat([torch.from_numpy(e.graph.edge_index) for e in examples], 1)
    edge_item = number.repeat_interleave(edges)
    item = number.repeat_interleave(sizes)
    lengths = torch.tensor([len(e.query) for e in examples])
    choices = torch.tensor([e.num_candidates for e in examples])
    candidate = torch.cat([e.candidate for e in examples])
    query = torch.nn.utils.rnn.pad_sequence([e.query for e in examples], batch_first=True)
    return QaBatch(
        words=torch.cat([e.words for e in examples]),
        shapes=torch.cat([e.shapes for e in examples]),
        suffixes=torch.cat([e.suffixes for e in examples]),
        roles=torch.cat([e.roles for e in examples]),
        places=torch.cat([e.places for e in examples]),
        item=item,
        slot=torch.arange(len(item)) - starts.index_select(0, item),
        candidate=candidate,
        edge_index=index + starts.index_select(0, edge_item),
        relation=torch.cat([e.relation for e in examples]),
        edge_item=edge_item,
        query=query,
        query_length=lengths,
        **_packing(lengths, query.shape[1]),
        mentions=(candidate >= 0).nonzero().squeeze(1),
        choices=choices,
        answer=torch.tensor([e.answer for e in examples]),
        size=int(sizes.max()) if len(sizes) else 0,
        most=int(choices.max()) if len(choices) else 0,
    )


def _packing(lengths: Tensor, longest: int) -> dict[str, Tensor]:
    """See :meth:`QaBatch.packed`: cells of [B, Q] by place and then by length, and how many.

    ``query_places`` is where each query stands in the order by length.
    """
    order = torch.argsort(lengths, descending=True, stable=True)
    place = torch.arange(longest).unsqueeze(1)
    there = place < lengths[order]
    return {
        "query_rows": (order * longest + place)[there],
        "query_places": torch.argsort(order),
        "query_sizes": there.sum(1),
    }


def by_size(sizes: Sequence[int], *, cells: int, seed: int | None = None) -> list[list[int]]:
    """Batches of items of like size, as lists of their numbers.

    Args:
        sizes: nodes of each item.
        cells: node pairs (V^2, padding counted) per batch; a batch has at least one item.
        seed: shuffles items of like size and the batches; ``None`` keeps them in order of size.
    """
    generator = torch.Generator().manual_seed(seed or 0)
    noise = torch.rand(len(sizes), generator=generator).tolist() if seed is not None else None
    order = sorted(
        range(len(sizes)),
        key=lambda i: sizes[i] * (1 if noise is None else 1 + 0.3 * noise[i]),
    )
    batches: list[list[int]] = []
    largest = 0
    for number in order:
        largest = max(largest, sizes[number])
        if batches and (len(batches[-1]) + 1) * largest**2 <= cells:
            batches[-1].append(number)
        else:
            batches.append([number])
            largest = sizes[number]
    if seed is not None:
        mixed = torch.randperm(len(batches), generator=generator).tolist()
        batches = [batches[i] for i in mixed]
    return batches
