"""The part of a batch that one process has -> sizes and noise of the whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from linguagraph.masks.explainable import GraphBatch
from linguagraph.models.world import World

__all__ = ["Whole"]


class Located(Protocol):
    """What is known of a part's gates, see :class:`linguagraph.masks.amortised_step.Placed`."""

    @property
    def present(self) -> Tensor:
        """Float [M], 1 where the edge is present, else 0."""

    @property
    def blocks(self) -> tuple[int, ...]:
        """Messages of each site."""


@dataclass(frozen=True)
class Whole:
    """A batch whose graphs are spread over processes, in order, as one of them sees it.

    Attributes:
        messages: in the whole batch.
        spans: start and stop of this part's messages among them, one pair per site: the whole
            batch has its messages site by site, and graph by graph within a site.
        edges: float [], gates of present edges in the whole batch.
        graphs: float [], graphs in the whole batch.
    """

    messages: int
    spans: tuple[tuple[int, int], ...]
    edges: Tensor
    graphs: Tensor | int

    @classmethod
    def of(cls, placed: Located, batch: GraphBatch, weight: float, world: World) -> Whole:
        """What the processes have in all; each calls this at the same time.

        Args:
            placed: gates of this process' part; batch: its graphs.
            weight: 0 if the part only stands in, and counts nothing; else 1.
            world: the processes.
        """
        edges = placed.present.sum()
        if world.size == 1:
            messages = sum(placed.blocks)
            return cls(messages, ((0, messages),), edges, batch.num_graphs)
        known = torch.tensor([*placed.blocks, batch.num_graphs], dtype=torch.float64)
        own = torch.cat((known.to(edges.device), edges.double().view(1)))
        every = world.every(own * weight)
        *_, graphs, present = every.sum(0).to(edges.dtype)
        counts = every[:, :-2].long().cpu()
        before = counts.sum(0).cumsum(0) - counts.sum(0)
        starts = (before + counts[: world.rank].sum(0)).tolist()
        sizes = counts[world.rank].tolist()
        spans = tuple((start, start + size) for start, size in zip(starts, sizes, strict=True))
        return cls(int(counts.sum()), spans, present, graphs)

    def draw(self, row: Tensor, generator: torch.Generator) -> None:
        """Fill a row [M] with this part of the whole batch's noise, see :meth:`HardConcrete.noise`.

        The generator moves by the whole batch, whatever the part. A part that only stands in gets
        1/2 throughout.
        """
        if row.shape[0] == self.messages:
            row.uniform_(1e-6, 1 - 1e-6, generator=generator)
            return
        every = row.new_empty(self.messages).uniform_(1e-6, 1 - 1e-6, generator=generator)
        own = torch.cat([every[start:stop] for start, stop in self.spans])
        row.copy_(own) if own.shape == row.shape else row.fill_(0.5)
