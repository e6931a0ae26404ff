"""Masks of one batch on two devices -> how many gates are the same, and how far off the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlBatch, SrlExample, collate

__all__ = ["Agreement"]

CLOSE = 1e-4
"""Distance of a gate's location from the threshold within which devices may differ."""


class Agreement:
    """Gates of two devices, counted."""

    def __init__(self) -> None:
        self.gates = self.differing = 0
        self.furthest = 0.0
        self.answers = self.same_answers = 0

    def add(self, there: SrlGraphMask, here: SrlGraphMask, examples: Sequence[SrlExample]) -> None:
        """Count one batch."""
        labels = len(there.model.vocabulary.labels)
        batch: SrlBatch = collate(examples, num_labels=labels)
        first, second = there.mask(batch), here.mask(batch.to(next(here.model.parameters()).device))
        threshold = there.probe.config.gates.threshold
        for gates, others, locations in zip(
            first.gates, second.gates, first.locations, strict=True
        ):
            self.compare(gates > 0, (others > 0).cpu(), locations - threshold)
        answers = first.logits.argmax(-1) == second.logits.cpu().argmax(-1)
        self.answers += answers.numel()
        self.same_answers += int(answers.sum())

    def compare(self, gates: torch.Tensor, others: torch.Tensor, distance: torch.Tensor) -> None:
        """Count gates, and how far from the threshold those that differ are."""
        differ = gates != others
        self.gates += differ.numel()
        self.differing += int(differ.sum())
        if bool(differ.any()):
            self.furthest = max(self.furthest, float(distance[differ].abs().max()))

    def say(self, title: str) -> dict[str, Any]:
        """Print and return what was found."""
        same = 1 - self.differing / max(1, self.gates)
        print(
            f"  {title:40} {same:.5%} of {self.gates:,} gates the same, {self.differing} differ, "
            f"the furthest {self.furthest:.1e} from the threshold"
        )
        return {
            "gates": self.gates,
            "differing": self.differing,
            "same": same,
            "furthest": self.furthest,
            "close": self.furthest <= CLOSE,
            "answers": self.answers,
            "same_answers": self.same_answers,
        }
