"""Counts of examples under many conditions -> the rows of a shard's score table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.columns import SCORES
from linguagraph.documents.records import predicate_type
from linguagraph.models.batch import SrlExample
from linguagraph.runs.directory import Stage

__all__ = ["Tally", "example_type", "spend"]


class Tally:
    """Counts of one shard by condition and seed, one row per example.

    Args:
        examples: of the shard.
        sizes: of each example what a mask can keep: edges summed over layers, or tokens.
        method: name of the method.
    """

    def __init__(self, examples: Sequence[SrlExample], sizes: Sequence[int], method: str) -> None:
        self.method = method
        self.counts: dict[tuple[str, int], NDArray[np.int64]] = {}
        self.base = pd.DataFrame(
            {
                "sentence": [e.sentence.index for e in examples],
                "predicate_type": [example_type(e) for e in examples],
                "edges": list(sizes),
            }
        )

    def add(
        self,
        places: list[int],
        condition: str,
        seed: int,
        counts: NDArray[np.int64],
        kept: NDArray[np.int64],
    ) -> None:
        """Note counts [B, 3] and kept edges or tokens [B] of the examples at ``places``."""
        key = (condition, seed)
        known = self.counts.setdefault(key, np.zeros((len(self.base), 4), dtype=np.int64))
        known[places, :3] = counts
        known[places, 3] = kept

    def frame(self, model: str) -> pd.DataFrame:
        """Rows of :data:`linguagraph.columns.SCORES`, summed by sentence and predicate type."""
        parts = []
        for (condition, seed), counts in self.counts.items():
            columns = ["correct", "predicted", "gold", "kept"]
            part = pd.concat([self.base, pd.DataFrame(counts, columns=columns)], axis=1)
            part = part.groupby(["sentence", "predicate_type"], as_index=False, sort=False).sum()
            named = {"model": model, "method": self.method}
            parts.append(part.assign(condition=condition, seed=seed, **named))
        return SCORES.check(pd.concat(parts)) if parts else SCORES.empty()


def example_type(example: SrlExample) -> str:
    """Predicate type of an example."""
    token = example.sentence.tokens[example.frame.predicate]
    return predicate_type(token.xpos, token.upos)


def spend(stage: Stage, seconds: float, examples: int) -> None:
    """Note what explaining some examples took; it adds up over attempts, in ``info["cost"]``."""
    cost = stage.info.setdefault("cost", {"explain_seconds": 0.0, "explained": 0})
    cost["explain_seconds"] = round(cost["explain_seconds"] + seconds, 4)
    cost["explained"] += examples
