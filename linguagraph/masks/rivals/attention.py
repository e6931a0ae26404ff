"""A model with gates or attention of its own, and graphs -> those numbers as scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.method import MethodMask, NotFitted, scored

__all__ = ["Attention", "AttentionConfig"]


@dataclass(frozen=True)
class AttentionConfig:
    """What is retained.

    Attributes:
        threshold: retained are edges whose score is above it.
        relative: scores are divided by the largest of the graph, so that one threshold can serve
            attention that is spread over few or many edges; else they are the numbers themselves.
    """

    threshold: float = 0.5
    relative: bool = True


class Attention(NotFitted):
    """The model's own scalar gate or attention on each edge; 0 in layers that have none."""

    name: ClassVar[str] = "attention"
    hard: ClassVar[bool] = False

    def __init__(self, config: AttentionConfig | None = None) -> None:
        self.config = config or AttentionConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`.

        Raises:
            MaskError: the model has neither gates nor attention.
        """
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
        own = trace.own
        if own is None or (own.numel() and bool(own.isnan().all())):
            raise MaskError(
                f"{type(model.module).__name__} has no gates or attention of its own; choose a "
                "method that works on any model, such as 'graphmask' or 'gradient_gate'"
            )
        return scored(
            own.nan_to_num(0.0),
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
            relative=self.config.relative,
        )
