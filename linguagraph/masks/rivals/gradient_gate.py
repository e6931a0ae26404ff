"""A model and graphs -> the derivative of the answer by every gate, times the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.answers import answer
from linguagraph.masks.rivals.method import MethodMask, NotFitted, nothing, scored

__all__ = ["GradientGate", "GradientGateConfig"]


@dataclass(frozen=True)
class GradientGateConfig:
    """What is retained.

    Attributes:
        threshold: retained are edges whose normalised score is above it.
    """

    threshold: float = 0.5


class GradientGate(NotFitted):
    """Gradient times gate, at gates of 1: what closing each gate would change, to first order.

    Raw scores are signed; scores are absolute values over the largest of the graph.
    """

    name: ClassVar[str] = "gradient_gate"
    hard: ClassVar[bool] = False

    def __init__(self, config: GradientGateConfig | None = None) -> None:
        self.config = config or GradientGateConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; one pass for all graphs."""
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            gates = torch.ones_like(trace.present, dtype=trace.output.dtype).requires_grad_()
            (raw,) = torch.autograd.grad(answer(model, batch, trace, gates), gates)
        return scored(
            raw,
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
            relative=True,
        )
