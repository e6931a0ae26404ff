"""Retained and relevant edges -> precision, recall and F1 of a method, and their spread over seeds.

Counts are taken over all edges of all graphs and layers together (micro averages), as in table 1 of
Schlichtkrull et al. (2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError

__all__ = ["Counts", "Spread", "count", "spread"]


@dataclass(frozen=True)
class Counts:
    """Edges by what a method and the truth say of them.

    Attributes:
        right: retained and relevant; retained, relevant: all of them; edges: all that send
            messages.
    """

    right: int = 0
    retained: int = 0
    relevant: int = 0
    edges: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.right + other.right,
            self.retained + other.retained,
            self.relevant + other.relevant,
            self.edges + other.edges,
        )

    @property
    def precision(self) -> float:
        """Share of the retained edges that are relevant; 0 if nothing is retained."""
        return self.right / self.retained if self.retained else 0.0

    @property
    def recall(self) -> float:
        """Share of the relevant edges that are retained; 0 if nothing is relevant."""
        return self.right / self.relevant if self.relevant else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 if nothing is retained or relevant."""
        both = self.retained + self.relevant
        return 2 * self.right / both if both else 0.0

    @property
    def share(self) -> float:
        """Share of all edges that are retained."""
        return self.retained / self.edges if self.edges else 0.0

    def to_json(self) -> dict[str, Any]:
        """Counts, and the measures in [0, 1]."""
        return {
            "right": self.right,
            "retained": self.retained,
            "relevant": self.relevant,
            "edges": self.edges,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "share": self.share,
        }


def count(retained: Tensor, gold: Tensor, present: Tensor) -> Counts:
    """Counts of bool tensors of one shape; edges that are not present do not count.

    Raises:
        MaskError: the shapes differ.
    """
    if not retained.shape == gold.shape == present.shape:
        raise MaskError(
            f"retained, gold and present have shapes {tuple(retained.shape)}, "
            f"{tuple(gold.shape)} and {tuple(present.shape)}; expected one shape"
        )
    kept, wanted = retained & present, gold & present
    found = torch.stack([part.sum() for part in (kept & wanted, kept, wanted, present)])
    return Counts(*found.tolist())


@dataclass(frozen=True)
class Spread:
    """A measure over seeds: mean, standard deviation (of a sample; 0 for one), extremes."""

    mean: float
    sd: float
    least: float
    most: float

    def to_json(self) -> dict[str, float]:
        """The four numbers."""
        return {"mean": self.mean, "sd": self.sd, "min": self.least, "max": self.most}


def spread(values: Sequence[float]) -> Spread:
    """Mean and spread of at least one value.

    Raises:
        MaskError: there is none.
    """
    if not values:
        raise MaskError("no values to take the mean of")
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else 0.0
    return Spread(mean, sd, min(values), max(values))
