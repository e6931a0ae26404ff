"""A model and graphs -> the share of gradient paths that lead through every message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.method import MethodMask, NotFitted, nothing, scored
from linguagraph.masks.semiring_edges import record_edges

__all__ = ["SemiringBest", "SemiringConfig", "SemiringPaths"]


@dataclass(frozen=True)
class SemiringConfig:
    """How scores become a mask where nothing else is said.

    Attributes:
        threshold: retained are edges whose score is above it.
    """

    threshold: float = 0.5


class SemiringPaths(NotFitted):
    """Semiring back-propagation (Du et al. 2023) over messages: the share of all path weight.

    Raw scores are the total absolute weight of the paths from the asked answers of a graph to the
    model's inputs that lead through the edge's message in the layer, over that of all such paths.
    Shares of one layer do not sum to 1: paths also lead through what a node keeps of itself.
    Scores are raw scores over the largest of the graph.
    """

    name: ClassVar[str] = "semiring"
    hard: ClassVar[bool] = False
    ring: ClassVar[str] = "total"

    def __init__(self, config: SemiringConfig | None = None) -> None:
        self.config = config or SemiringConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; there is no noise."""
        with torch.no_grad(), frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            weight, whole = record_edges(model, batch, trace).passes(self.ring)  # type: ignore[arg-type]
        share = weight / torch.where(whole > 0, whole, 1.0).index_select(0, batch.edge_graph)
        return scored(
            share,
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
            relative=self.ring == "total",
        )


class SemiringBest(SemiringPaths):
    """The weight of the best path through a message, over that of the best path of the graph.

    Scores are 1 on the highest-weighted path itself, see :class:`SemiringPaths`.
    """

    name: ClassVar[str] = "semiring_best"
    ring: ClassVar[str] = "max"
