"""Training graphs -> batches with their unmasked passes, in a new order every epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, Sent, Site

__all__ = ["TrainingSet", "place", "place_rows"]


class TrainingSet:
    """Graphs cut into batches at random, once; the batches come in another order every epoch.

    Unmasked passes are kept as long as there is room, as they are the same in every epoch. Iterate
    only inside :func:`linguagraph.masks.frozen.frozen`.

    Args:
        model: frozen.
        graphs: single graphs; those without edges are left out, as nothing can be learned there.
        batch_size: graphs per batch.
        generator: of the order.
        room: bytes of messages and states that may be kept.

    Raises:
        MaskError: no graph has edges.
    """

    def __init__(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        batch_size: int,
        generator: torch.Generator,
        room: int = 256 * 2**20,
    ) -> None:
        self.model, self.generator, self.room = model, generator, room
        order = torch.randperm(len(graphs), generator=generator).tolist()
        self.groups = [
            [graphs[number] for number in order[start : start + batch_size]]
            for start in range(0, len(order), batch_size)
        ]
        self.kept: dict[int, tuple[GraphBatch, Pass]] = {}
        self.seen = 0

    def __iter__(self) -> Iterator[tuple[GraphBatch, Pass]]:
        self.seen = 0
        for number in torch.randperm(len(self.groups), generator=self.generator).tolist():
            batch, trace = self._load(number)
            if bool(trace.present.any()):
                self.seen += 1
                yield batch, trace
        if not self.seen:
            raise MaskError(
                f"none of the {sum(map(len, self.groups))} training graphs has an edge that sends "
                "a message; there is nothing to learn from"
            )

    def _load(self, number: int) -> tuple[GraphBatch, Pass]:
        if number in self.kept:
            return self.kept[number]
        batch = self.model.batch(self.groups[number])
        trace = self.model.trace(batch)
        size = sum(
            tensor.numel() * tensor.element_size()
            for sent in trace.sent
            for tensor in (sent.sources, sent.targets, sent.messages)
        )
        if size <= self.room:
            self.room -= size
            self.kept[number] = batch, trace
        return batch, trace


def place(values: Sequence[Tensor], sites: Sequence[Site], trace: Pass) -> Tensor:
    """Values of messages, one float [M] per site -> float [L, E], 0 where there is no message."""
    layers, edges = trace.present.shape
    flat = torch.zeros(layers * edges, device=trace.present.device, dtype=trace.output.dtype)
    for value, site, sent in zip(values, sites, trace.sent, strict=True):
        columns = _columns(sent)
        flat = flat.index_add(0, columns + site.layer * edges, value.to(flat.dtype))
    return flat.view(layers, edges)


def place_rows(rows: Tensor, sent: Sent, edges: int) -> Tensor:
    """Rows of messages, float [M, D] -> rows of edges, float [E, D], 0 where there is none."""
    if sent.edge is None:
        return rows
    return rows.new_zeros(edges, rows.shape[1]).index_copy(0, sent.edge, rows)


def _columns(sent: Sent) -> Tensor:
    if sent.edge is not None:
        return sent.edge
    return torch.arange(len(sent.messages), device=sent.messages.device)
