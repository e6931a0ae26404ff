"""The role table in, F1 of the unmasked model by role and by predicate type out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.prf import prf_table
from linguagraph.aggregates.statistics import FloatArray, Resampling
from linguagraph.aggregates.stored_rows import (
    Rows,
    count_rows,
    distinct,
    places,
    require_single,
    sentences_of,
    types_of,
)

__all__ = ["roles"]


def roles(table: Rows, *, resampling: Resampling) -> pd.DataFrame:
    """Precision, recall and F1 of the unmasked model per role and predicate type.

    Args:
        table: :data:`linguagraph.columns.ROLES`: tokens with a gold or a predicted role.

    Returns:
        Columns ``predicate_type`` and ``role`` ("all" first in both; then by number of gold roles
        over all types), those of ``prf_table`` and ``small`` (fewer than ``min_n`` gold roles).
        Combinations with neither gold nor predicted roles are left out.
    """
    require_single(table, "model")
    names = sorted({*distinct(table, "gold_role"), *distinct(table, "role")})
    types = types_of(table)
    counts = count_rows(table, lambda part: _counts(part, names, types))
    right, made, real = counts.resample(resampling=resampling)
    index = pd.MultiIndex.from_product(
        [[ALL, *types], [ALL, *names]], names=["predicate_type", "role"]
    ).to_frame(index=False)
    result = pd.concat([index, prf_table(right, made, real, resampling=resampling)], axis=1)
    result["small"] = result["gold"] < resampling.min_n
    frequency = dict(zip([ALL, *names], -real.total[0], strict=True))
    place = {name: position for position, name in enumerate([ALL, *types])}
    order = pd.DataFrame(
        {
            "type": result["predicate_type"].map(place),
            "rare": result["role"].map(frequency),
            "role": result["role"],
        }
    ).sort_values(["type", "rare", "role"])
    result = result.loc[order.index]
    return result[result["gold"] + result["predicted"] > 0].reset_index(drop=True)


def _counts(part: pd.DataFrame, names: list[str], types: list[str]) -> tuple[FloatArray, ...]:
    """Right, predicted and gold roles, each [sentences, 1 + types, 1 + names]."""
    gold, predicted = places(part["gold_role"], names), places(part["role"], names)
    kind = places(part["predicate_type"], types)
    sentence, sentences = sentences_of(part)
    shape = (sentences, len(types), len(names))

    def count(role: np.ndarray, where: np.ndarray) -> FloatArray:
        cell = ((sentence * len(types) + kind) * len(names) + role)[where]
        flat = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        flat = np.concatenate([flat.sum(axis=1, keepdims=True), flat], axis=1)
        return np.concatenate([flat.sum(axis=2, keepdims=True), flat], axis=2)

    return (
        count(gold, (gold == predicted) & (gold >= 0)),
        count(predicted, predicted >= 0),
        count(gold, gold >= 0),
    )
