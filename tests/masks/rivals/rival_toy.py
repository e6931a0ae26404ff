"""A dense model over small graphs, written straight against the interface of methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.masks.explainable import GraphBatch, Pass, Sent, Site
from linguagraph.masks.outputs import Output


@dataclass(frozen=True)
class Toy:
    """A graph: node features [n, d] and edges [2, e]; node 0 is read out."""

    x: Tensor
    edges: Tensor


def star(*values: float) -> Toy:
    """A centre 0 that receives one edge from each leaf; leaves have one feature, centre has 0."""
    x = torch.tensor([0.0, *values]).unsqueeze(1)
    leaves = torch.arange(1, len(values) + 1)
    return Toy(x, torch.stack((leaves, torch.zeros_like(leaves))))


class ToyModel(nn.Module):
    """Layers ``h_v = sum of messages W_k h_u + own * h_v``, then ``read(h_0)``.

    Every run counts itself; dropout would show whether the model was left in training mode.
    """

    def __init__(self, *weights: Tensor, read: Callable[[Tensor], Tensor], own: float = 0) -> None:
        super().__init__()
        self.weights = nn.ParameterList(weights)
        self.dropout = nn.Dropout(0.5)
        self.read, self.own = read, own


class ToyExplainable:
    """The adapter. ``missing`` names (layer, edge) pairs that send nothing, per single graph."""

    def __init__(
        self,
        model: ToyModel,
        *,
        output: str = "multilabel",
        own: bool = False,
        missing: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.module, self.output = model, Output(output)
        self.num_layers = len(model.weights)
        self.has_own, self.missing, self.runs, self.copies = own, missing, 0, 0

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(
            Site(layer, "edges", weight.shape[1], weight.shape[1], weight.shape[0])
            for layer, weight in enumerate(self.module.weights)
        )

    def batch(self, graphs: Sequence[Toy]) -> GraphBatch:
        nodes = torch.tensor([len(graph.x) for graph in graphs])
        starts = nodes.cumsum(0) - nodes
        edges = [graph.edges + start for graph, start in zip(graphs, starts, strict=True)]
        counts = torch.tensor([graph.edges.shape[1] for graph in graphs])
        joined = torch.cat(edges, 1)
        self.copies = max(self.copies, len(graphs))
        return GraphBatch(
            content=(torch.cat([graph.x for graph in graphs]), starts, counts),
            edge_index=joined,
            edge_graph=torch.arange(len(graphs)).repeat_interleave(counts),
            unit_graph=torch.arange(len(graphs)),
            num_graphs=len(graphs),
            edge_sets=(("edges", joined.shape[1]),),
        )

    def trace(self, batch: GraphBatch) -> Pass:
        present = torch.ones(self.num_layers, batch.num_edges, dtype=torch.bool)
        _, starts, counts = batch.content
        for layer, edge in self.missing:
            present[layer, (counts.cumsum(0) - counts)[counts > edge] + edge] = False
        sent: list[Sent] = []
        with torch.no_grad():
            output = self._forward(batch, present.to(batch.content[0].dtype), None, sent)
        return Pass(
            output=output,
            sent=tuple(sent),
            present=present,
            weights=batch.even_weights,
            asked=torch.ones(len(starts), dtype=torch.bool),
            own=_own(batch, self.num_layers) if self.has_own else None,
        )

    def run(
        self, batch: GraphBatch, gates: Tensor, *, baselines: Any = None, trace: Any = None
    ) -> Tensor:
        self.runs += 1
        assert gates.shape == (self.num_layers, batch.num_edges)
        present = self.trace(batch).present
        return self._forward(batch, gates * present, baselines, [])

    def flow(self, batch: GraphBatch, gates: Tensor, watch: Callable[[Tensor], Tensor]) -> Tensor:
        present = self.trace(batch).present
        states, *rest = batch.content
        seen = replace(batch, content=(watch(states), *rest))
        return self._forward(seen, gates * present, None, [])

    def _forward(
        self, batch: GraphBatch, gates: Tensor, baselines: Any, sent: list[Sent]
    ) -> Tensor:
        states, starts, _ = batch.content
        source, target = batch.edge_index
        for layer, weight in enumerate(self.module.weights):
            messages = states[source] @ weight.t()
            sent.append(Sent(states, states, batch.edge_index, messages))
            fill = 0 if baselines is None or baselines[layer] is None else baselines[layer]
            gate = gates[layer].unsqueeze(1)
            mixed = gate * messages + (1 - gate) * fill
            summed = mixed.new_zeros(len(states), weight.shape[0]).index_add(0, target, mixed)
            states = self.module.dropout(summed + self.module.own * states)
        return self.module.read(states[starts])


def _own(batch: GraphBatch, layers: int) -> Tensor:
    """Made-up attention: the sender's first feature, squashed; half of it in upper layers."""
    felt = torch.sigmoid(batch.content[0][batch.edge_index[0], 0])
    return torch.stack([felt / (1 + layer) for layer in range(layers)])


def linear_toy(*, shift: float = 0.0) -> ToyExplainable:
    """One logit: the sum of the leaves' values less ``shift``."""
    return ToyExplainable(ToyModel(torch.eye(1), read=lambda state: state - shift))


def relu_toy(*, shift: float) -> ToyExplainable:
    """One logit: ``relu(sum of the leaves' values - shift)``."""
    return ToyExplainable(ToyModel(torch.eye(1), read=lambda state: (state - shift).relu()))


def chain(length: int = 3) -> Toy:
    """Node k sends to node k - 1; every node has feature 1."""
    nodes = torch.arange(1, length)
    return Toy(torch.ones(length, 1), torch.stack((nodes, nodes - 1)))


def random_toys(count: int, *, seed: int, width: int = 3) -> list[Toy]:
    """Random graphs of 2 to 6 nodes."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        nodes = int(torch.randint(2, 7, (), generator=generator))
        edges = torch.randint(0, nodes, (2, 2 * nodes), generator=generator)
        found.append(Toy(torch.randn(nodes, width, generator=generator), edges))
    return found


def deep_toy(*, layers: int = 2, width: int = 3, output: str = "classification") -> ToyExplainable:
    """A random model of several layers with three outputs."""
    generator = torch.Generator().manual_seed(5)
    weights = [torch.randn(width, width, generator=generator) * 0.7 for _ in range(layers)]
    last = torch.randn(3, width, generator=generator)
    model = ToyModel(*weights, read=lambda state: torch.tanh(state) @ last.t(), own=0.5)
    return ToyExplainable(model, output=output, own=True)
