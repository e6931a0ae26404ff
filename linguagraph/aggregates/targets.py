"""Items in, what retained edges point at out: arguments, the predicate, or something else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
)
from linguagraph.errors import TableError

__all__ = ["ANY_ARGUMENT", "KINDS", "targets"]

KINDS = ("argument", "other_argument", "predicate", "elsewhere")
ANY_ARGUMENT = "any_argument"
"""The row that adds ``argument`` and ``other_argument``."""


def targets(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Shares of target kinds among retained edges, beside those among all edges.

    Returns:
        One row per ``layer`` ("all" first), ``predicate_type`` ("all" first) and ``target_kind``:
        the columns of ``ratio_table`` with n = retained edges and k = those that point at the kind
        (means over seeds); ``of_all``, ``of_all_low``, ``of_all_high``: the share among all
        ``edges``, retained or not; ``lift`` = share / of_all with ``lift_low`` and ``lift_high``
        (above 1: retained more often than a random edge).

    Raises:
        TableError: a target kind that :data:`linguagraph.columns.EDGES` does not name.
    """
    names = items.names("target_kind")
    unknown = sorted(set(names) - set(KINDS))
    if unknown:
        raise TableError(f"column 'target_kind' holds {unknown}; expected {list(KINDS)}")
    place = np.array([KINDS.index(name) for name in names], dtype=np.intp)
    types, layers = items.types, len(items.layers)
    size = layers * len(types) * len(KINDS)

    def count(part: Items) -> tuple[FloatArray, ...]:
        kind = place[part.codes("target_kind")[0]]
        cell = (part.layer * len(types) + part.type_codes) * len(KINDS) + kind
        shape = (len(part.sentences), layers, len(types), len(KINDS))
        chosen = _totals(part.tally(cell, size, part.retained).reshape(shape))
        every = _totals(part.tally(cell, size, part.rated).reshape(shape))
        sums = (c[..., :-1].sum(axis=-1, keepdims=True) for c in (chosen, every))
        return chosen, next(sums), every, next(sums)

    hit, all_hits, there, all_there = items.count(count).resample(resampling=resampling)
    ratings = max(1, len(items.seeds))
    own = ratio_table(hit, all_hits, resampling=resampling, ratings=ratings)
    base = ratio_table(there, all_there, resampling=resampling, ratings=ratings)
    low, high = percentile_interval(_lift(hit, all_hits, there, all_there), level=resampling.level)
    index = pd.MultiIndex.from_product(
        [[ALL, *map(str, items.layers)], [ALL, *types], [*KINDS, ANY_ARGUMENT]],
        names=["layer", "predicate_type", "target_kind"],
    ).to_frame(index=False)
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = own["share"] / base["share"].where(base["share"] > 0)
    return pd.concat([index, own], axis=1).assign(
        of_all=base["share"],
        of_all_low=base["low"],
        of_all_high=base["high"],
        edges=base["n"],
        lift=lift,
        lift_low=low.ravel(),
        lift_high=high.ravel(),
    )


def _totals(counts: FloatArray) -> FloatArray:
    """Add the "all" layer and type in front, and the sum of both argument kinds at the end."""
    counts = np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1)
    counts = np.concatenate([counts.sum(axis=2, keepdims=True), counts], axis=2)
    return np.concatenate([counts, counts[..., :2].sum(axis=-1, keepdims=True)], axis=-1)


def _lift(hit: Sums, all_hits: Sums, there: Sums, all_there: Sums) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = (hit.samples / all_hits.samples) / (there.samples / all_there.samples)
    return np.where(np.isfinite(lift), lift, np.nan)
