"""The role table in, F1 of the unmasked model by role and by predicate type out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, dense_codes, predicate_types, require_one
from linguagraph.aggregates.prf import prf_table
from linguagraph.aggregates.statistics import FloatArray, Resampling, resample

__all__ = ["roles"]


def roles(table: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Precision, recall and F1 of the unmasked model per role and predicate type.

    Args:
        table: :data:`linguagraph.columns.ROLES`: tokens with a gold or a predicted role.

    Returns:
        Columns ``predicate_type`` and ``role`` ("all" first in both; then by number of gold roles
        over all types), those of ``prf_table`` and ``small`` (fewer than ``min_n`` gold roles).
        Combinations with neither gold nor predicted roles are left out.
    """
    require_one(table, "model")
    names = sorted(set(table["gold_role"].dropna().unique()) | set(table["role"].dropna().unique()))
    gold = _place(table["gold_role"], names)
    predicted = _place(table["role"], names)
    kinds = table["predicate_type"].astype("category")
    kind, types = predicate_types(
        kinds.cat.codes.to_numpy().astype(np.intp), [str(n) for n in kinds.cat.categories]
    )
    sentence, sentences = dense_codes(table["sentence"].to_numpy())
    shape = (len(sentences), len(types), len(names))

    def count(role: np.ndarray, where: np.ndarray) -> FloatArray:
        cell = ((sentence * len(types) + kind) * len(names) + role)[where]
        flat = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        flat = np.concatenate([flat.sum(axis=1, keepdims=True), flat], axis=1)
        return np.concatenate([flat.sum(axis=2, keepdims=True), flat], axis=2)

    right, made, real = resample(
        count(gold, (gold == predicted) & (gold >= 0)),
        count(predicted, predicted >= 0),
        count(gold, gold >= 0),
        resampling=resampling,
    )
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


def _place(column: pd.Series, names: list[str]) -> np.ndarray:
    """Positions of the values in ``names``; -1 for a missing value."""
    return np.asarray(pd.Index(names, dtype=object).get_indexer(pd.Index(column.astype(object))))
