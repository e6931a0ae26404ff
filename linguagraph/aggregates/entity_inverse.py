"""Masks of entity graphs in, how often an edge and its inverse are retained together out.

The relations are symmetric: for every edge there is one back. The paper (section 5) gives, for each
layer, the share of retained edges whose inverse is retained as well in the same layer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.entity_masks import EntityMasks, over_seeds, total_first
from linguagraph.aggregates.items import ALL, IntArray
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = ["retained_inverses"]


def retained_inverses(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """Share of retained edges whose inverse is retained in the same layer, by the same seed.

    Edges that have no inverse in the layer count as edges whose inverse is not retained.

    Returns:
        A row per ``layer`` ("all" first): ``n`` retained edges, ``k`` of them with a retained
        inverse (means over seeds), ``share``, ``low``, ``high``, ``interval``, ``small``;
        ``expected``: the share if inverses were retained independently, which is for every
        retained edge the retained share of its relation in its layer, by the same seed;
        ``difference`` of share from expected with ``_low``, ``_high`` (over items).
    """
    both, retained, rated = _counts(masks)
    margins = (total_first(counts.sum(axis=-1)) for counts in (both, retained))
    found = resample(*margins, retained, rated, resampling=resampling)
    pairs, all_retained = (over_seeds(sums) for sums in found[:2])
    table = ratio_table(pairs, all_retained, resampling=resampling, ratings=max(1, masks.shape[1]))
    table.insert(0, "layer", [ALL, *map(str, masks.items.layers)])
    expected = _expected(found[2].total, found[3].total)
    drawn = _expected(found[2].samples, found[3].samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = pairs.samples / all_retained.samples - drawn
    low, high = percentile_interval(change, level=resampling.level)
    return table.assign(
        expected=expected,
        difference=table["share"] - expected,
        difference_low=low,
        difference_high=high,
    )


def _expected(retained: FloatArray, rated: FloatArray) -> FloatArray:
    """Expected shares [..., 1 + layers] from counts [..., seeds, layers, relations]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        hits = retained * np.where(rated > 0, retained / rated, 0.0)
        above, below = (total_first(c.sum(axis=(-1, -3))) for c in (hits, retained))
        return np.asarray(np.where(below > 0, above / below, np.nan))


def _counts(masks: EntityMasks) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Counts [items, seeds, layers, relations]: both retained, retained, edges."""
    items, size = masks.items, len(masks.relations)
    inverse = _inverses(masks)
    cells, number = items.layer * size + masks.relation, len(items.layers) * size
    shape = (len(items.sentences), len(items.layers), size)
    found: tuple[list[FloatArray], ...] = ([], [], [])
    for votes in items.votes.T:
        kept = votes == 1
        back = (inverse >= 0) & kept[inverse]
        for part, flags in zip(found, (kept & back, kept, votes >= 0), strict=True):
            part.append(items.tally(cells, number, flags).reshape(shape))
    empty = np.zeros((len(items.sentences), 0, *shape[1:]))
    first, second, third = (np.stack(part, axis=1) if part else empty for part in found)
    return first, second, third


def _inverses(masks: EntityMasks) -> IntArray:
    """Row of the edge back, of the same relation and layer; -1 where there is none."""
    nodes = len(masks.item)
    kind = masks.items.layer * len(masks.relations) + masks.relation
    key = (kind * nodes + masks.source) * nodes + masks.target
    back = (kind * nodes + masks.target) * nodes + masks.source
    if not len(key):
        return np.zeros(0, dtype=np.intp)
    order = np.argsort(key, kind="stable")
    place = np.minimum(np.searchsorted(key[order], back), len(key) - 1)
    row = order[place]
    return np.where(key[row] == back, row, -1)
