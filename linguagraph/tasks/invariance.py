"""Two networks that compute the same function by different steps -> LRP and GraphMask of both.

Schlichtkrull et al. (2021), appendix H, after figure 7 of Sundararajan et al. (2017). A layer sums
the values of each node's neighbours; two nodes of every graph are read, with sums t1 and t2, by

* f: ``ReLU(ReLU(t1) - ReLU(t2) - 1)``, or
* g: ``ReLU(ReLU(t1 - 1) - ReLU(t2))``,

which are equal for all t1 and t2. A method that looks at what a network computes must say the same
of both; layer-wise relevance propagation looks at how it is computed, and does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.pyg import PygModel
from linguagraph.tasks.store import GraphStore

try:
    from torch_geometric.nn import MessagePassing
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise MaskError(
        "synthetic tasks need PyTorch Geometric: pip install 'linguagraph[pyg]'"
    ) from error

__all__ = [
    "NETWORKS",
    "Invariance",
    "SumGnn",
    "figure_graph",
    "invariance",
    "lrp",
    "value_graphs",
]

NETWORKS = {"f": (0.0, -1.0), "g": (-1.0, 0.0)}
"""Biases of the two networks: of t1, and of the difference."""

EPSILON = 1e-9


class _Sum(MessagePassing):  # type: ignore[misc]
    """The sum over neighbours, without weights or activation."""

    def __init__(self) -> None:
        super().__init__(aggr="add")

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        out: Tensor = self.propagate(edge_index, x=x)
        return out

    def message(self, x_j: Tensor) -> Tensor:
        return x_j


class SumGnn(nn.Module):
    """The sum over neighbours, then f or g of the sums at two nodes of every graph.

    f and g compute in double precision and round their value to single. In single precision the
    two would round differently, and a training would carry that to the second decimal of scores.

    Args:
        name: ``f`` or ``g``.

    Raises:
        ConfigError: another name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in NETWORKS:
            raise ConfigError(f"network {name!r}; expected one of {list(NETWORKS)}")
        early, late = NETWORKS[name]
        self.sum = _Sum()
        self.first = nn.Linear(2, 2, dtype=torch.float64)
        self.second = nn.Linear(2, 1, dtype=torch.float64)
        with torch.no_grad():
            self.first.weight.copy_(torch.eye(2, dtype=torch.float64))
            self.first.bias.copy_(torch.tensor([early, 0.0]))
            self.second.weight.copy_(torch.tensor([[1.0, -1.0]]))
            self.second.bias.fill_(late)

    def forward(self, x: Tensor, edge_index: Tensor, root_index: Tensor) -> Tensor:
        """Values [G, 1] of x [N, 1]; the nodes that are read are the root and the one after it."""
        sums = self.sum(x, edge_index).squeeze(1)
        read = torch.stack((sums[root_index], sums[root_index + 1]), 1).double()
        value: Tensor = self.second(self.first(read).relu()).relu()
        return value.to(x.dtype)


def _share(layer: nn.Linear, inputs: Tensor, relevance: Tensor) -> Tensor:
    """The proportional rule for a linear layer: relevance [G, out] -> [G, in]; biases get none."""
    parts = inputs.unsqueeze(1) * layer.weight  # [G, out, in]
    total = parts.sum(2)
    total = total + EPSILON * torch.where(total < 0, -1.0, 1.0)
    return (parts / total.unsqueeze(2) * relevance.unsqueeze(2)).sum(1)


@torch.no_grad()
def lrp(model: SumGnn, graphs: Any) -> Tensor:
    """Layer-wise relevance propagation of the value of every graph to its edges, float [E].

    The proportional (epsilon) rule, as Schwarzenberg et al. (2019) use it for graphs: relevance is
    handed down in proportion to what each input adds to a sum; ReLU passes it on.

    Args:
        model: f or g; graphs: a graph or batch of :func:`value_graphs`.
    """
    x, (source, target), root = graphs.x, graphs.edge_index, graphs.root_index
    sums = model.sum(x, graphs.edge_index).squeeze(1)
    read = torch.stack((sums[root], sums[root + 1]), 1).double()
    hidden = model.first(read).relu()
    value = model.second(hidden).relu()
    relevance = _share(model.first, read, _share(model.second, hidden, value)).to(x.dtype)
    at_node = torch.zeros_like(sums)
    at_node[root], at_node[root + 1] = relevance[:, 0], relevance[:, 1]
    stable = sums + EPSILON * torch.where(sums < 0, -1.0, 1.0)
    shares: Tensor = x.squeeze(1)[source] / stable[target] * at_node[target]
    return shares


def _graphs(values: Tensor, there: Tensor) -> GraphStore:
    """Graphs from the values [G, 2, K] of the neighbours of both nodes, bool ``there`` alike."""
    count = there.sum((1, 2))
    number = there.flatten(1).cumsum(1).view_as(there) + 1
    target = torch.arange(2).view(1, 2, 1).expand_as(there)
    nodes = count + 2
    x = torch.zeros(int(nodes.sum()), 1)
    start = (nodes.cumsum(0) - nodes).view(-1, 1, 1)
    x[(start + number)[there], 0] = values[there]
    index = torch.stack((number[there], target[there]))
    return GraphStore(
        nodes, count, index, torch.zeros_like(count), node={"x": x}, edge={}, graph={}
    )


def figure_graph() -> GraphStore:
    """One graph with t1 = 2 + 1 = 3 and t2 = 0.5 + 0.5 = 1, so that both networks give 1."""
    values = torch.tensor([[[2.0, 1.0], [0.5, 0.5]]])
    return _graphs(values, torch.ones_like(values, dtype=torch.bool))


def value_graphs(count: int, *, seed: int) -> GraphStore:
    """Random graphs in which each of the two nodes has 2 to 4 neighbours, half of them of value 0.

    Raises:
        ConfigError: ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"{count} graphs; expected at least 1")
    rng = torch.Generator().manual_seed(seed)
    size = torch.randint(2, 5, (count, 2, 1), generator=rng)
    there = torch.arange(4) < size
    scale = torch.tensor([[2.0], [0.5]])
    values = torch.rand(count, 2, 4, generator=rng) * 2 * scale
    zero = torch.rand(count, 2, 4, generator=rng) < 0.5
    return _graphs(torch.where(zero, 0.0, values), there)


@dataclass(frozen=True)
class Invariance:
    """What LRP and GraphMask say of the two networks.

    Attributes:
        outputs: largest difference between the outputs of f and g on the test graphs.
        lrp: by network, relevance of the four edges of :func:`figure_graph`; the first two go to
            the node of t1.
        lrp_apart: largest difference between relevances of one edge, over the test graphs.
        masks_equal: whether GraphMask retains the same edges of all test graphs.
        scores_apart: largest difference between its scores (the two networks round differently).
        retained: share of edges that it retains.
    """

    outputs: float
    lrp: dict[str, list[float]]
    lrp_apart: float
    masks_equal: bool
    scores_apart: float
    retained: float


def invariance(*, seed: int = 0, train: int = 1_000, test: int = 500) -> Invariance:
    """Explain both networks by LRP and by GraphMask, fitted with the same seed.

    Args:
        seed: of graphs and probe; train, test: numbers of graphs.
    """
    graphs = value_graphs(train + test, seed=seed)
    models = {name: SumGnn(name).eval() for name in NETWORKS}
    batch = graphs[train:].batch()
    with torch.no_grad():
        values = [model(batch.x, batch.edge_index, batch.root_index) for model in models.values()]
    masks = [_mask(model, graphs[:train], batch, seed) for model in models.values()]
    figure = figure_graph().batch()
    relevance = [lrp(model, batch) for model in models.values()]
    return Invariance(
        outputs=_apart(values),
        lrp={name: [round(v, 6) for v in lrp(m, figure).tolist()] for name, m in models.items()},
        lrp_apart=_apart(relevance),
        masks_equal=torch.equal(masks[0].retained, masks[1].retained),
        scores_apart=_apart([mask.scores for mask in masks]),
        retained=float(masks[0].retained.float().mean()),
    )


def _apart(pair: list[Tensor]) -> float:
    return float((pair[0] - pair[1]).abs().max())


def _mask(model: SumGnn, train: GraphStore, batch: Any, seed: int) -> EdgeMask:
    explainable = PygModel(model, output="regression", units="graph")
    config = AmortisedConfig(steps=100, constraint=LagrangianConfig(initial=10.0), seed=seed)
    mask = GraphMask(explainable, seeds=(seed,), config=config)
    return mask.fit(train.batches(32, seed=seed)).explain(batch)
