"""Several question answering examples -> one batch: nodes and edges side by side, or padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.models.qa_examples import QaExample

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
        choices: [B], number of candidates; answer: [B], -1 where it is not known.
        size: V, nodes of the largest item.
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
    choices: Tensor
    answer: Tensor
    size: int

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
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "size"}
        return replace(self, **moved)

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
        counts = torch.bincount(key, minlength=self.num_nodes * kinds)
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
    query = torch.nn.utils.rnn.pad_sequence([e.query for e in examples], batch_first=True)
    return QaBatch(
        words=torch.cat([e.words for e in examples]),
        shapes=torch.cat([e.shapes for e in examples]),
        suffixes=torch.cat([e.suffixes for e in examples]),
        roles=torch.cat([e.roles for e in examples]),
        places=torch.cat([e.places for e in examples]),
        item=item,
        slot=torch.arange(len(item)) - starts.index_select(0, item),
        candidate=torch.cat([e.candidate for e in examples]),
        edge_index=index + starts.index_select(0, edge_item),
        relation=torch.cat([e.relation for e in examples]),
        edge_item=edge_item,
        query=query,
        query_length=lengths,
        choices=torch.tensor([e.num_candidates for e in examples]),
        answer=torch.tensor([e.answer for e in examples]),
        size=int(sizes.max()) if len(sizes) else 0,
    )


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
