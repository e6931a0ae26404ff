"""Small graphs and a model with fixed weights, in which it is known which edges matter.

Edges have the labels "used" and "noise"; nodes have four numbers, of which the first is 1 or -1 and
the last tells the label of the edge that leaves. In the lower layer a node receives what comes
along "used" edges, and nothing along "noise" ones; the upper layer sends nothing but zeros. The
answer is whether the sum of the first numbers is positive.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import MessagePassing

__all__ = ["LABELS", "Planted", "batches", "graph"]

LABELS = ["used", "noise"]


class Conv(MessagePassing):
    """Messages: the sender's number times the weight of the edge's type."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__(aggr="add")
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor) -> Tensor:
        out: Tensor = self.propagate(edge_index, x=x, edge_type=edge_type)
        return out

    def message(self, x_j: Tensor, edge_type: Tensor) -> Tensor:
        return x_j * self.weights.index_select(0, edge_type).unsqueeze(-1)


class Planted(nn.Module):
    """Logits [G, 2]."""

    def __init__(self) -> None:
        super().__init__()
        self.lower, self.upper = Conv([1.0, 0.0]), Conv([0.0, 0.0])

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor, batch: Tensor) -> Tensor:
        found = self.lower(x, edge_index, edge_type)
        found = found + self.upper(found, edge_index, edge_type)
        sums = found.new_zeros(int(batch.max()) + 1, 4).index_add(0, batch, found)[:, :1]
        return 3 * torch.cat((-sums, sums), 1)


def graph(rng: torch.Generator) -> Data:
    """Seven nodes, of which six send to node 0, along three edges of each label."""
    x = torch.randn(7, 4, generator=rng)
    x[:, 0] = x[:, 0].sign()
    kinds = torch.randperm(6, generator=rng) % 2
    x[1:, 3] = 2.0 * kinds - 1
    index = torch.stack((torch.arange(1, 7), torch.zeros(6, dtype=torch.long)))
    y = (x[1:, 0][kinds == 0].sum() > 0).long().view(1)
    return Data(x=x, edge_index=index, edge_type=kinds, y=y, needed=kinds == 0)


def batches(count: int, *, seed: int, size: int = 20) -> list[Batch]:
    """Batches of random graphs."""
    rng = torch.Generator().manual_seed(seed)
    graphs = [graph(rng) for _ in range(count)]
    return [Batch.from_data_list(graphs[i : i + size]) for i in range(0, count, size)]
