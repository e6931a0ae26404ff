"""Items in, how often edges out of the predicate are retained out: into arguments or elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
)

__all__ = ["DESTINATIONS", "from_predicate"]

DESTINATIONS = ("argument", "other")
"""Where an edge out of the predicate leads: to its predicted argument, or to another token."""


def from_predicate(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Retained share of the edges that leave the predicate, by layer and by where they lead.

    A direct path in use says something of its argument only where edges from the predicate to
    other tokens are retained less often.

    Returns:
        One row per ``layer`` and ``leads_to`` (:data:`DESTINATIONS`): the columns of
        ``ratio_table`` with n = edges whose source is the predicate (one row of the edge table per
        seed) and k = those retained, mean over seeds; on the argument rows ``ratio`` = their share
        / the share of the others, with ``ratio_low`` and ``ratio_high`` (resamples in which it is
        undefined are left out); NaN elsewhere. Without such edges the table is empty.
    """
    hits, totals = items.count(_count).resample(resampling=resampling)
    ratings = max(1, len(items.seeds))
    shares = ratio_table(hits, totals, resampling=resampling, ratings=ratings)
    index = pd.MultiIndex.from_product(
        [list(map(str, items.layers)), DESTINATIONS], names=["layer", "leads_to"]
    ).to_frame(index=False)
    table = pd.concat([index, shares], axis=1)
    first = (table["leads_to"] == DESTINATIONS[0]).to_numpy()
    names_of = ("ratio", "ratio_low", "ratio_high")
    for name, values in zip(names_of, _ratios(hits, totals, resampling), strict=True):
        table[name] = np.nan
        table.loc[first, name] = values
    return table[table["n"] > 0].reset_index(drop=True)


def _count(part: Items) -> tuple[FloatArray, FloatArray]:
    """Retained and rated votes on edges out of the predicate: two [sentences, layers, 2]."""
    own = part.column("source_offset") == 0
    direct = own & (part.column("source") == part.column("predicate_index"))
    kind, names = part.codes("target_kind")
    argument = np.array([name == DESTINATIONS[0] for name in names], dtype=bool)[kind]
    size = len(part.layers) * len(DESTINATIONS)
    cell = part.layer * len(DESTINATIONS) + np.where(argument, 0, 1)
    shape = (len(part.sentences), len(part.layers), len(DESTINATIONS))
    return (
        part.tally(cell, size, np.where(direct, part.retained, 0)).reshape(shape),
        part.tally(cell, size, np.where(direct, part.rated, 0)).reshape(shape),
    )


def _ratios(hits: Sums, totals: Sums, resampling: Resampling) -> tuple[FloatArray, ...]:
    """Ratio of the shares with its interval, each [layers]."""
    low, high = percentile_interval(_ratio(hits.samples, totals.samples), level=resampling.level)
    ratio = _ratio(hits.total, totals.total)
    undefined = np.isnan(ratio)
    return ratio, np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def _ratio(hits: FloatArray, totals: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = hits / totals
        ratio = shares[..., 0] / shares[..., 1]
    return np.asarray(np.where(np.isfinite(ratio), ratio, np.nan))
