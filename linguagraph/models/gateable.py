"""The interface between masks and models: run it, see its messages, run it again with gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from linguagraph.models.layers import Messages

__all__ = ["Gateable", "Trace"]


@dataclass(frozen=True)
class Trace:
    """One pass through the graph layers.

    Attributes:
        logits: float [..., units, classes], the prediction.
        states: the states that enter each layer, bottom first: float [..., N, width].
        messages: the unmasked messages of each layer (computed from those states).
        start: index of the first layer in ``states`` and ``messages``.
    """

    logits: Tensor
    states: tuple[Tensor, ...]
    messages: tuple[Messages, ...]
    start: int = 0


class GraphBatch(Protocol):
    """What a batch must tell about its graph."""

    @property
    def source(self) -> Tensor:
        """int64 [E]."""

    @property
    def target(self) -> Tensor:
        """int64 [E]."""


class Gateable(Protocol):
    """A model whose graph layers take gates and baselines as arguments and return messages."""

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Width of the states that enter each layer."""

    @property
    def message_sizes(self) -> tuple[int, ...]:
        """Width of the messages of each layer."""

    def encode(self, batch: GraphBatch) -> Tensor:
        """States below the first graph layer, float [N, width]."""

    def propagate(
        self,
        states: Tensor,
        batch: GraphBatch,
        *,
        start: int = 0,
        messages: Messages | None = None,
        gates: Sequence[Tensor | None] | None = None,
        baselines: Sequence[Tensor | None] | None = None,
    ) -> Trace:
        """Run layers ``start`` and above, then the read-out (see :class:`SrlModel`)."""
