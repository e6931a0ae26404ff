"""Items in, the share of edges that is retained out: per layer, predicate type and seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.statistics import FloatArray, Resampling, Sums, ratio_table

__all__ = ["MEAN", "retention", "retention_by_type"]

MEAN = "mean"
"""The row that averages the seeds."""


def retention(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Retained share per layer and seed, over all layers, and as a mean over seeds.

    Returns:
        Columns ``layer`` ("all", "0" ...), ``seed`` ("mean", "0" ...), those of
        :func:`~linguagraph.aggregates.statistics.ratio_table` with n in edges (a row of the edge
        table in one layer), and ``sd``: standard deviation over seeds (n - 1), on the mean rows
        only and NaN for fewer than two seeds. Intervals are over sentences, the probes fixed.
    """
    layers = [ALL, *(str(layer) for layer in items.layers)]
    size = len(items.layers)

    def count(part: Items) -> tuple[FloatArray, FloatArray]:
        hits = [_with_all(part.tally(part.layer, size, v == 1)) for v in part.votes.T]
        totals = [_with_all(part.tally(part.layer, size, v >= 0)) for v in part.votes.T]
        if not hits:
            hits = totals = [np.zeros((len(part.sentences), len(layers)))]
        return np.stack(hits, axis=1), np.stack(totals, axis=1)

    retained, rated = items.count(count).resample(resampling=resampling)
    per_seed = ratio_table(retained, rated, resampling=resampling)
    names = [str(seed) for seed in items.seeds] or ["none"]
    per_seed.insert(0, "layer", layers * len(names))
    per_seed.insert(1, "seed", np.repeat(names, len(layers)))
    mean = ratio_table(
        _over_seeds(retained), _over_seeds(rated), resampling=resampling, ratings=len(names)
    )
    mean.insert(0, "layer", layers)
    mean.insert(1, "seed", MEAN)
    shares = per_seed["share"].to_numpy().reshape(len(names), len(layers))
    mean["sd"] = shares.std(axis=0, ddof=1) if len(names) > 1 else np.nan
    table = pd.concat([mean, per_seed.assign(sd=np.nan)], ignore_index=True)
    order = table["layer"].map({name: place for place, name in enumerate(layers)})
    return table.loc[order.sort_values(kind="stable").index].reset_index(drop=True)


def retention_by_type(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Retained share per predicate type and layer, mean over seeds.

    Returns:
        Columns ``predicate_type``, ``layer`` and those of ``ratio_table``; n in edges.
    """
    types = items.types
    layers = [ALL, *(str(layer) for layer in items.layers)]
    size = len(types) * len(items.layers)

    def count(part: Items) -> tuple[FloatArray, FloatArray]:
        cells = part.type_codes * len(part.layers) + part.layer
        shape = (len(part.sentences), len(types), len(part.layers))
        return (
            _with_all(part.tally(cells, size, part.retained).reshape(shape)),
            _with_all(part.tally(cells, size, part.rated).reshape(shape)),
        )

    retained, rated = items.count(count).resample(resampling=resampling)
    table = ratio_table(retained, rated, resampling=resampling, ratings=max(1, len(items.seeds)))
    table.insert(0, "predicate_type", np.repeat(np.array(types, dtype=object), len(layers)))
    table.insert(1, "layer", layers * len(types))
    return table


def _with_all(counts: FloatArray) -> FloatArray:
    """Put the sum over the last axis before its first cell."""
    return np.concatenate([counts.sum(axis=-1, keepdims=True), counts], axis=-1)


def _over_seeds(sums: Sums) -> Sums:
    """Add up the seed axis, the first of the cells; a sentence counts if any seed rates it."""
    return Sums(sums.total.sum(axis=0), sums.samples.sum(axis=1), sums.sentences.max(axis=0))
