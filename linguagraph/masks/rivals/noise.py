"""Seed and numbers of graphs -> random numbers per edge that do not depend on the batching."""

from __future__ import annotations

import torch
from torch import Tensor

from linguagraph.masks.explainable import GraphBatch

__all__ = ["GraphNoise", "graph_seed"]


def graph_seed(seed: int, number: int) -> int:
    """The seed of the generator that belongs to one graph of a data set."""
    return (seed * 1_000_003 + number) % 2**63


class GraphNoise:
    """One generator per graph; the global random state is neither read nor changed.

    Args:
        batch: whose edges get numbers.
        seed: of the method.
        first: number of the batch's first graph in its data set.
    """

    def __init__(self, batch: GraphBatch, *, seed: int, first: int = 0) -> None:
        graph = batch.edge_graph.cpu()
        self.place = torch.argsort(graph, stable=True).argsort().to(batch.edge_graph.device)
        self.sizes = torch.bincount(graph, minlength=batch.num_graphs).tolist()
        self.generators = [
            torch.Generator().manual_seed(graph_seed(seed, first + number))
            for number in range(batch.num_graphs)
        ]

    def uniform(self, rows: int) -> Tensor:
        """Float [rows, E] in (0, 1), a further draw at every call."""
        return self._placed(
            [
                torch.rand(rows, size, generator=generator)
                for size, generator in zip(self.sizes, self.generators, strict=True)
            ]
        ).clamp(1e-6, 1 - 1e-6)

    def normal(self, rows: int) -> Tensor:
        """Float [rows, E], standard normal, a further draw at every call."""
        return self._placed(
            [
                torch.randn(rows, size, generator=generator)
                for size, generator in zip(self.sizes, self.generators, strict=True)
            ]
        )

    def _placed(self, drawn: list[Tensor]) -> Tensor:
        joined = torch.cat(drawn, -1) if drawn else torch.zeros(0, 0)
        return joined.to(self.place.device).index_select(-1, self.place)
