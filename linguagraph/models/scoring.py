"""Predicted and gold roles -> precision, recall and F1 over (predicate, token, role) triples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.models.batch import SrlBatch

__all__ = ["RoleCounts", "count_roles", "predict_roles"]


@dataclass(frozen=True)
class RoleCounts:
    """Counts of triples; ``a + b`` adds them."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: RoleCounts) -> RoleCounts:
        return RoleCounts(
            self.correct + other.correct,
            self.predicted + other.predicted,
            self.gold + other.gold,
        )

    @property
    def precision(self) -> float:
        """Share of predicted triples that are gold, in [0, 1]; 0 if none is predicted."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of gold triples that are predicted, in [0, 1]; 0 if there is none."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """2 c / (p + g), in [0, 1]; 0 if nothing is predicted and nothing is gold."""
        total = self.predicted + self.gold
        return 2 * self.correct / total if total else 0.0


def predict_roles(logits: Tensor) -> Tensor:
    """Role logits [..., U, roles] -> int64 [..., U]; 0 is no role."""
    return logits.argmax(-1)


def count_roles(roles: Tensor, gold: Tensor) -> Tensor:
    """Per-unit counts, int64 [..., U, 3]: correct, predicted, gold.

    Args:
        roles: int64 [..., U] predicted role, 0 for none.
        gold: int64 [U]; 0 for none, -100 for a role outside the vocabulary (counted in gold only).
    """
    predicted = roles > 0
    correct = predicted & (roles == gold)
    there = (gold != 0).expand_as(predicted)
    return torch.stack((correct, predicted, there), dim=-1).long()


def total(batch: SrlBatch, logits: Tensor) -> RoleCounts:
    """Counts of one batch; logits float [U, roles]."""
    counts = count_roles(predict_roles(logits), batch.roles).sum(0).tolist()
    return RoleCounts(*counts)
