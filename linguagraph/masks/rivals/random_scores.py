"""Graphs and a seed -> uniform scores: the control that every method has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.method import MethodMask, NotFitted, scored
from linguagraph.masks.rivals.noise import GraphNoise

__all__ = ["RandomConfig", "RandomScores"]


@dataclass(frozen=True)
class RandomConfig:
    """What is retained.

    Attributes:
        threshold: retained are edges whose score is above it.
    """

    threshold: float = 0.5


class RandomScores(NotFitted):
    """Uniform scores in (0, 1), by seed and graph."""

    name: ClassVar[str] = "random"
    hard: ClassVar[bool] = False

    def __init__(self, config: RandomConfig | None = None) -> None:
        self.config = config or RandomConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`."""
        with frozen(model.module):
            batch = model.batch(graphs)
            present = model.trace(batch).present
        scores = GraphNoise(batch, seed=seed, first=first).uniform(len(present))
        return scored(
            scores, batch, present, name=self.name, seed=seed, threshold=self.config.threshold
        )
