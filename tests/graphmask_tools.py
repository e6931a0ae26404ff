"""Toy models that are :class:`Explainable`, in plain torch, with known relevant edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.masks.explainable import GraphBatch, Pass, Sent, Site
from linguagraph.masks.outputs import Output


@dataclass(frozen=True)
class Toy:
    """A graph: x float [N, d], edges int64 [2, E] and types int64 [E]; node 0 is read out."""

    x: Tensor
    edges: Tensor
    types: Tensor


class ToyNet(nn.Module):
    """Messages ``x_u W_type`` summed at the target, per layer; logits are node 0's last sum."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        super().__init__()
        self.weights = nn.ParameterList(list(weights))  # [types, in, out] each
        self.dropout = nn.Dropout(0.5)
        self.register_buffer("runs", torch.zeros(()))

    def messages(self, layer: int, x: Tensor, edges: Tensor, types: Tensor) -> Tensor:
        weight = self.weights[layer].index_select(0, types)
        return torch.einsum("ei,eio->eo", x.index_select(0, edges[0]), weight)


class ToyModel:
    """The adapter; ``single`` sends along each type in a call of its own."""

    def __init__(
        self, net: ToyNet, *, output: Output | None = None, calls: bool = False, fail_at: int = -1
    ) -> None:
        self.net, self.output, self.calls = net, output or Output(), calls
        self.traces, self.fail_at = 0, fail_at

    @property
    def module(self) -> nn.Module:
        return self.net

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(
            Site(k, "edges", w.shape[1], w.shape[1], w.shape[2], w.shape[0] if self.calls else 1)
            for k, w in enumerate(self.net.weights)
        )

    @property
    def num_layers(self) -> int:
        return len(self.net.weights)

    def batch(self, graphs: Sequence[Toy]) -> GraphBatch:
        counts = [len(g.x) for g in graphs]
        starts = torch.tensor([0, *counts]).cumsum(0)
        index = [g.edges + start for g, start in zip(graphs, starts, strict=False)]
        graph = torch.arange(len(graphs))
        edges = torch.cat(index, 1)
        return GraphBatch(
            content=(
                torch.cat([g.x for g in graphs]),
                edges,
                torch.cat([g.types for g in graphs]),
                starts[:-1],
            ),
            edge_index=edges,
            edge_graph=graph.repeat_interleave(torch.tensor([len(g.types) for g in graphs])),
            unit_graph=graph,
            num_graphs=len(graphs),
            edge_sets=(("edges", edges.shape[1]),),
        )

    def trace(self, batch: GraphBatch) -> Pass:
        assert not self.net.training
        assert not any(p.requires_grad for p in self.net.parameters())
        self.traces += 1
        if self.traces == self.fail_at:
            raise KeyboardInterrupt
        _, edges, types, _ = batch.content
        sent = []
        with torch.no_grad():
            output = self._forward(batch, None, None, sent)
        order = torch.argsort(types, stable=True) if self.calls else None
        found = tuple(
            Sent(x, x, edges, messages)
            if order is None
            else Sent(x, x, edges[:, order], messages[order], order, types[order])
            for x, messages in sent
        )
        there = torch.ones(self.num_layers, batch.num_edges, dtype=torch.bool)
        return Pass(output, found, there, batch.even_weights, there.new_ones(len(output)))

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        assert gates.shape == (self.num_layers, batch.num_edges)
        return self._forward(batch, gates, baselines, [])

    def _forward(
        self,
        batch: GraphBatch,
        gates: Tensor | None,
        baselines: Sequence[Tensor | None] | None,
        sent: list[Any],
    ) -> Tensor:
        x, edges, types, roots = batch.content
        for layer in range(self.num_layers):
            messages = self.net.messages(layer, x, edges, types)
            sent.append((x, messages))
            if gates is not None:
                gate = gates[layer].unsqueeze(1)
                fill = None if baselines is None else baselines[layer]
                messages = gate * messages + (0 if fill is None else (1 - gate) * fill)
            x = x.new_zeros(len(x), messages.shape[1]).index_add(0, edges[1], messages)
        return x.index_select(0, roots)


def one_layer(**options: Any) -> ToyModel:
    """Three classes; an edge of type 0 speaks for class 1, type 1 for class 2, others for none."""
    weights = torch.zeros(4, 2, 3)
    weights[0, 0, 1] = weights[1, 0, 2] = 4.0
    weights[..., 0] = 0.1
    return ToyModel(ToyNet([nn.Parameter(weights)]), **options)


def stars(count: int, *, seed: int = 0) -> list[Toy]:
    """Stars of 4 to 8 leaves with edges of 4 random types to node 0."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        leaves = int(torch.randint(4, 9, (1,), generator=generator))
        x = torch.tensor([1.0, 0.5]).expand(leaves + 1, 2)  # a gate can depend on the type alone
        ends = torch.stack((torch.arange(1, leaves + 1), torch.zeros(leaves, dtype=torch.long)))
        found.append(Toy(x, ends, torch.randint(4, (leaves,), generator=generator)))
    return found


def two_layers(**options: Any) -> ToyModel:
    """Sign of the sum that comes by a type 0 edge, then by a type 1 edge; type 2 is a decoy."""
    below, above = torch.zeros(3, 2, 4), torch.zeros(3, 4, 2)
    below[0, 0, 0] = below[0, 1, 1] = 1.0
    below[2, 0, 2] = below[1, 1, 3] = 1.0  # sent, but of no use above
    above[1, 0, 0] = above[1, 1, 1] = 4.0
    above[0, 2, 0] = above[2, 3, 1] = 1e-3
    return ToyModel(ToyNet([nn.Parameter(below), nn.Parameter(above)]), **options)


def trees(count: int, *, seed: int = 0) -> list[Toy]:
    """Node 0, three middle nodes with type 1 edges to it, leaves with edges of types 0 and 2."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        x = torch.zeros(10, 2)
        votes = torch.randint(2, (6,), generator=generator)
        x[torch.arange(4, 10), votes] = 1.0
        middle = torch.tensor([[1, 2, 3], [0, 0, 0]])
        leaves = torch.stack((torch.arange(4, 10), torch.tensor([1, 1, 2, 2, 3, 3])))
        kind = torch.tensor([0, 2]).repeat(3)
        if int((votes[kind == 0]).sum()) * 2 == 3:  # never with three votes
            continue
        found.append(
            Toy(x, torch.cat((middle, leaves), 1), torch.cat((torch.ones(3).long(), kind)))
        )
    return found


def batches(model: ToyModel, graphs: Sequence[Toy], size: int = 16) -> list[GraphBatch]:
    """Graphs in batches, in order."""
    return [model.batch(graphs[i : i + size]) for i in range(0, len(graphs), size)]
