"""Masks of entity graphs in, retention by layer and relation out (the paper's Table 2).

The paper (section 5) gives what each relation makes up of all retained edges, in which all cells of
all layers add up to 100%, and how many of the COREF edges join mentions that MATCH joins, too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.entity_masks import Bools, EntityMasks, total_first
from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = ["entity_relations", "relation_overlap"]


def entity_relations(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """How much of each relation is retained in each layer, and what it makes up of all of it.

    Returns:
        A row per ``layer`` ("all" first) and ``relation`` ("all" first): ``n`` edges,
        ``of_edges`` (their share of the layer's edges), ``k`` retained (mean over seeds),
        ``share`` of n with ``low``, ``high``, ``interval``, ``small``; ``of_retained``,
        ``of_retained_low``, ``of_retained_high``: share of k in all retained edges of all layers
        (the paper's Table 2; NaN where nothing is retained). Intervals resample items.
    """
    items, seeds = masks.items, max(1, len(masks.items.seeds))
    size, layers = len(masks.relations), len(items.layers)
    cells = items.layer * size + masks.relation
    shape = (len(items.sentences), layers, size)
    kept, rated = resample(
        _margins(items.tally(cells, layers * size, items.retained).reshape(shape)),
        _margins(items.tally(cells, layers * size, items.rated).reshape(shape)),
        resampling=resampling,
    )
    whole = Sums(kept.total[:1, :1], kept.samples[:, :1, :1], kept.sentences[:1, :1])
    table = ratio_table(kept, rated, resampling=resampling, ratings=seeds)
    part = ratio_table(kept, whole, resampling=resampling, ratings=seeds)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_edges = (rated.total / rated.total[:, :1]).ravel()
    table.insert(0, "layer", np.repeat([ALL, *map(str, items.layers)], size + 1))
    table.insert(1, "relation", [ALL, *masks.relations] * (layers + 1))
    table.insert(3, "of_edges", of_edges)
    table = table.assign(
        of_retained=part["share"], of_retained_low=part["low"], of_retained_high=part["high"]
    )
    table.loc[0, ["of_retained_low", "of_retained_high"]] = np.nan  # 1 by definition
    return table


def relation_overlap(
    masks: EntityMasks, *, resampling: Resampling, first: str = "COREF", second: str = "MATCH"
) -> pd.DataFrame:
    """Share of the edges of one relation whose pair of mentions the other one joins, too.

    Pairs are ordered; the other edge need not be retained.

    Returns:
        A row per ``layer`` ("all" first) and ``edges`` ("all", "retained"): ``n`` edges of
        ``first``, ``k`` of them joined by ``second`` as well (means over seeds), ``share``,
        ``low``, ``high``, ``interval``, ``small``; ``difference`` of the retained from all edges
        with ``_low``, ``_high`` (paired, over items). Empty where either relation does not occur.
    """
    items = masks.items
    if first not in masks.relations or second not in masks.relations:
        return pd.DataFrame(columns=["layer", "edges", "n", "k", "share"])
    pair = masks.source * len(masks.item) + masks.target
    own = masks.relation == masks.relations.index(first)
    joined = own & np.isin(pair, pair[masks.relation == masks.relations.index(second)])
    counts = np.stack(
        [
            np.stack([_by_layer(masks, flags, votes) for flags in (joined, own)], axis=-1)
            for votes in (items.rated, items.retained)
        ],
        axis=1,
    )  # [items, (all, retained), layers, (joined, own)]
    (sums,) = resample(counts, resampling=resampling)
    above, below = (
        Sums(sums.total[..., i], sums.samples[..., i], sums.sentences[..., i]) for i in (0, 1)
    )
    table = ratio_table(above, below, resampling=resampling, ratings=max(1, len(items.seeds)))
    names = [ALL, *map(str, items.layers)]
    table.insert(0, "layer", names * 2)
    table.insert(1, "edges", np.repeat([ALL, "retained"], len(names)))
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.diff(above.total / below.total, axis=0)[0]
        drawn = np.diff(above.samples / below.samples, axis=1)[:, 0]
    low, high = percentile_interval(drawn, level=resampling.level)
    for name, values in (("", change), ("_low", low), ("_high", high)):
        table[f"difference{name}"] = np.concatenate([np.full(len(names), np.nan), values])
    order = np.arange(len(table)).reshape(2, -1).T.ravel()
    return table.iloc[order].reset_index(drop=True)


def _margins(counts: FloatArray) -> FloatArray:
    """Add totals over layers and over relations, first in each axis."""
    return total_first(total_first(counts), axis=-2)


def _by_layer(masks: EntityMasks, flags: Bools, votes: np.ndarray) -> FloatArray:
    items = masks.items
    return total_first(items.tally(items.layer, len(items.layers), votes * flags))
