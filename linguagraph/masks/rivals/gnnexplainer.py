"""A model and graphs -> soft edge masks learned on those graphs: GNNExplainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import Explainable, GraphBatch
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.answers import binary_entropy, losses
from linguagraph.masks.rivals.method import MethodMask, NotFitted, nothing, scored
from linguagraph.masks.rivals.noise import GraphNoise

__all__ = ["GNNExplainer", "GNNExplainerConfig"]


@dataclass(frozen=True)
class GNNExplainerConfig:
    """PyG's objective and its defaults.

    Attributes:
        epochs: gradient steps.
        lr: of Adam.
        size: weight of the sum of a graph's mask.
        entropy: weight of the mean entropy of a graph's mask, in nats.
        per_layer: a mask for every layer; else one for all layers, as in the original.
        threshold: retained are edges whose score is above it.
    """

    epochs: int = 100
    lr: float = 0.01
    size: float = 0.005
    entropy: float = 1.0
    per_layer: bool = False
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ConfigError(f"epochs={self.epochs}; expected at least 1")


class GNNExplainer(NotFitted):
    """GNNExplainer (Ying et al. 2019), masks over edges, with the objective of PyG.

    ``loss(masked, own answer) + size * sum(s) + entropy * mean(H(s))``, ``s = sigmoid(mask)``, for
    each graph. The mask multiplies messages through gates, so that it works on layers that send
    messages in several calls. As in PyG, regularisation starts at the second step and holds for
    edges whose gradient was not 0 in the first; the others have score 0. All graphs of a call are
    learned together and do not influence each other.
    """

    name: ClassVar[str] = "gnnexplainer"
    hard: ClassVar[bool] = False

    def __init__(self, config: GNNExplainerConfig | None = None) -> None:
        self.config = config or GNNExplainerConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; one mask over the whole batch."""
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            present = trace.present
            rows = model.num_layers if self.config.per_layer else 1
            noise = GraphNoise(batch, seed=seed, first=first).normal(rows)
            mask = (noise * _spread(batch)).to(trace.output.dtype).requires_grad_()
            used = torch.zeros_like(mask, dtype=torch.bool)
            optimizer = torch.optim.Adam([mask], lr=self.config.lr)
            for step in range(self.config.epochs):
                gates = torch.sigmoid(mask).expand(model.num_layers, -1)
                found = model.run(batch, gates, trace=trace)
                loss = losses(model.output, batch, trace, found).sum() + 0 * mask.sum()
                if step:
                    loss = loss + self._regularised(mask, used, batch)
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                if not step and mask.grad is not None:
                    used = mask.grad != 0
                optimizer.step()
            scores = torch.where(used, torch.sigmoid(mask.detach()), torch.zeros_like(mask))
        return scored(
            scores.expand(model.num_layers, -1),
            batch,
            present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
        )

    def _regularised(self, mask: Tensor, used: Tensor, batch: GraphBatch) -> Tensor:
        kept = used.to(mask.dtype)
        counts = batch.per_graph(kept.sum(0), batch.edge_graph).clamp(min=1)
        entropy = batch.per_graph((binary_entropy(mask) * kept).sum(0), batch.edge_graph) / counts
        size = (torch.sigmoid(mask) * kept).sum()
        return self.config.size * size + self.config.entropy * entropy.sum()


def _spread(batch: GraphBatch) -> Tensor:
    """Standard deviation of the initial mask, float [E]: sqrt(2 / N), N nodes of the graph.

    PyG's ``gain("relu") * sqrt(2 / 2N)``; nodes without edges cannot be seen here and do not count.
    """
    ends = torch.stack((batch.edge_index.flatten(), batch.edge_graph.repeat(2)))
    pairs = torch.unique(ends, dim=1)
    nodes = torch.bincount(pairs[1], minlength=batch.num_graphs).clamp(min=1)
    return (2 / nodes.float()).sqrt().index_select(0, batch.edge_graph)
