"""Original and masked logits -> how much the prediction changed, per unit of the output."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError

__all__ = ["DIVERGENCES", "UNITS", "Divergence"]


def _kl(original: Tensor, masked: Tensor) -> Tensor:
    log_p, log_q = F.log_softmax(original, -1), F.log_softmax(masked, -1)
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def _js(original: Tensor, masked: Tensor) -> Tensor:
    log_p, log_q = F.log_softmax(original, -1), F.log_softmax(masked, -1)
    log_m = torch.logaddexp(log_p.expand_as(log_q), log_q) - math.log(2)
    at_p = (log_p.exp() * (log_p - log_m)).sum(-1)
    return (at_p + (log_q.exp() * (log_q - log_m)).sum(-1)) / (2 * math.log(2))


def _cross_entropy(original: Tensor, masked: Tensor) -> Tensor:
    chosen = original.argmax(-1).expand(masked.shape[:-1]).unsqueeze(-1)
    return -F.log_softmax(masked, -1).gather(-1, chosen).squeeze(-1)


DIVERGENCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "js": _js,
    "kl": _kl,
    "cross-entropy": _cross_entropy,
}
"""Logits [N, C] of the original and [..., N, C] of the masked model -> float [..., N].

``js``: Jensen-Shannon in bits, from 0 for equal to 1 for disjoint predictions, so that a few
confident changes do not use up the tolerance. ``kl``: KL(original || masked) in nats, 0 for equal
predictions, unbounded. ``cross-entropy``: in nats, against the original's argmax; its floor is the
original's own uncertainty.
"""

UNITS = ("argument", "token")


@dataclass(frozen=True)
class Divergence:
    """A named divergence and what it is averaged over.

    Attributes:
        name: key of :data:`DIVERGENCES`.
        unit: ``token``: the mean over tokens; ``argument``: the sum over tokens divided by the
            number of arguments that the unmasked model predicts (class other than 0; at least 1).
            Most tokens are no argument of anything, so that a mean over tokens hides large changes
            to the few that are.

    Raises:
        ConfigError: unknown name or unit.
    """

    name: str = "js"
    unit: str = "argument"

    def __post_init__(self) -> None:
        if self.name not in DIVERGENCES:
            raise ConfigError(f"divergence={self.name!r}; expected one of {sorted(DIVERGENCES)}")
        if self.unit not in UNITS:
            raise ConfigError(f"unit={self.unit!r}; expected one of {list(UNITS)}")

    def units(self, original: Tensor, *, there: Tensor | None = None) -> Tensor:
        """Number of units in original logits [N, C], a whole number []; may be 0.

        Args:
            original: logits.
            there: float [N], 1 for what counts and 0 for padding; ``None``: all count.
        """
        predicted = original.argmax(-1)
        found = predicted != 0 if self.unit == "argument" else predicted >= 0
        return (found if there is None else there * found).sum()

    def total(self, original: Tensor, masked: Tensor, *, there: Tensor | None = None) -> Tensor:
        """Original [N, C] and masked [..., N, C] logits -> sum over the units, float [...].

        Args:
            original, masked: logits; there: see :meth:`units`.
        """
        values = DIVERGENCES[self.name](original, masked)
        return (values if there is None else values * there).sum(-1)

    def __call__(self, original: Tensor, masked: Tensor, *, there: Tensor | None = None) -> Tensor:
        """Original [N, C] and masked [..., N, C] logits -> divergence per unit, float [...].

        Args:
            original, masked: logits; there: see :meth:`units`.
        """
        units = self.units(original, there=there).clamp(min=1)
        return self.total(original, masked, there=there) / units
