"""Masks of entity graphs in, what retained edges have to do with query and prediction out.

The measures are those of the paper's section 5. A *query mention* is a mention of the subject of
the question. A *path* is made of retained edges in strictly ascending layers, each starting where
the one before ended. An edge lies on a path from the query if its source is a query mention, or is
reached from one by a path in the layers below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.entity_masks import (
    Bools,
    EntityMasks,
    over_seeds,
    total_first,
)
from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = [
    "QUERY_MEASURES",
    "candidate_reach",
    "prediction_entered",
    "query_counts",
    "query_edges",
    "query_paths",
]

QUERY_MEASURES = ("predicted", "average", "others")
"""Candidates in :func:`candidate_reach`: the predicted one, the mean of all, the mean of others."""


@dataclass(frozen=True)
class _Reached:
    """What paths of retained edges from query mentions do.

    Attributes:
        on_paths, retained: [items, seeds, layers], edges on such paths, and all retained ones.
        nodes: bool [seeds, nodes], whether such a path (of an edge at least) ends there.
    """

    on_paths: FloatArray
    retained: FloatArray
    nodes: Bools


def query_counts(masks: EntityMasks) -> dict[str, int]:
    """Items: ``items``, ``with_subject``, ``with_prediction`` and ``with_both`` (mentions)."""
    subject, predicted = masks.by_item(masks.subject), masks.by_item(masks.predicted)
    return {
        "items": masks.shape[0],
        "with_subject": int(subject.sum()),
        "with_prediction": int(predicted.sum()),
        "with_both": int((subject * predicted).sum()),
    }


def query_edges(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """Share of items in which an edge is retained that leaves or enters a query mention.

    Returns:
        A row per ``layer`` ("all" first, where any layer counts) with ``n`` items that have a query
        mention, ``k`` of them with such an edge (mean over seeds), ``share``, ``low``, ``high``,
        ``interval``, ``small``.
    """
    found = []
    for seed, rows in masks.layers():
        touches = masks.subject[masks.source[rows]] | masks.subject[masks.target[rows]]
        found.append(masks.count(seed[touches], rows[touches]) > 0)
    hits = np.stack(found, axis=-1) if found else np.zeros(masks.shape, dtype=np.bool_)
    hits = np.concatenate([hits.any(axis=-1, keepdims=True), hits], axis=-1)
    asked = masks.by_item(masks.subject)[:, None] * masks.rated()
    return _shares(
        masks, hits * asked[..., None], np.broadcast_to(asked[..., None], hits.shape), resampling
    )


def query_paths(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """Share of retained edges that lie on paths from the query, in items with a query mention.

    Returns:
        A row per ``layer`` ("all" first) with ``n`` retained edges and ``k`` of them on such paths
        (means over seeds), ``share``, ``low``, ``high``, ``interval``, ``small``.
    """
    reached = _reached(masks)
    asked = masks.by_item(masks.subject)[:, None, None]
    return _shares(
        masks,
        total_first(reached.on_paths * asked),
        total_first(reached.retained * asked),
        resampling,
    )


def prediction_entered(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """Share of items in which a retained edge enters a mention of the predicted candidate.

    Returns:
        The same columns as :func:`query_edges`; n: items with such a mention.
    """
    found = []
    for seed, rows in masks.layers():
        enters = masks.predicted[masks.target[rows]]
        found.append(masks.count(seed[enters], rows[enters]) > 0)
    hits = np.stack(found, axis=-1) if found else np.zeros(masks.shape, dtype=np.bool_)
    hits = np.concatenate([hits.any(axis=-1, keepdims=True), hits], axis=-1)
    known = (masks.by_item(masks.predicted)[:, None] * masks.rated())[..., None]
    return _shares(masks, hits * known, np.broadcast_to(known, hits.shape), resampling)


def candidate_reach(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """How often paths from the query reach the predicted candidate, and how often the others.

    A candidate is reached if a path ends at any of its mentions; candidates without a mention
    cannot be and do not count.

    Returns:
        A row for each of :data:`QUERY_MEASURES` in ``candidates``: ``n`` items (that have a query
        mention, a predicted mention and, for "others", another candidate with one), ``share``
        (mean over items of the share of these candidates that is reached, mean over seeds),
        ``low``, ``high``; ``difference``, ``difference_low``, ``difference_high``: of the
        predicted candidate from this row, in the same items.
    """
    items, seeds, _ = masks.shape
    reached = _reached(masks).nodes
    named = np.flatnonzero(masks.candidate >= 0)
    width = int(masks.candidate.max(initial=-1)) + 1
    keys, place = np.unique(masks.item[named] * width + masks.candidate[named], return_inverse=True)
    owner = keys // max(1, width)
    chosen = np.zeros(len(keys), dtype=np.bool_)
    chosen[place[masks.predicted[named]]] = True
    hit = np.zeros((len(keys), seeds))
    for seed in range(seeds):
        hit[place[reached[seed, named]], seed] = 1.0
    known = (masks.by_item(masks.subject) * masks.by_item(masks.predicted))[:, None] * masks.rated()
    parts = {"predicted": chosen, "average": np.ones_like(chosen), "others": ~chosen}
    rates, cases = {}, {}
    for name, flags in parts.items():
        number = np.bincount(owner[flags], minlength=items)
        total = np.zeros((items, seeds))
        np.add.at(total, owner[flags], hit[flags])
        rates[name] = total / np.maximum(1, number)[:, None]
        cases[name] = known * (number > 0)[:, None]
    rows = [_compared(rates, cases, name, masks, resampling) for name in QUERY_MEASURES]
    return pd.concat(rows, ignore_index=True)


def _compared(
    rates: dict[str, FloatArray],
    cases: dict[str, FloatArray],
    name: str,
    masks: EntityMasks,
    resampling: Resampling,
) -> pd.DataFrame:
    both = cases[name] * cases["predicted"]
    own, first, known = (
        sums
        for sums in resample(
            (rates[name] * both).sum(1),
            (rates["predicted"] * both).sum(1),
            both.sum(1),
            resampling=resampling,
        )
    )
    table = ratio_table(own, known, resampling=resampling, ratings=max(1, masks.shape[1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        change = (first.total - own.total) / known.total
        drawn = (first.samples - own.samples) / known.samples
    low, high = percentile_interval(drawn, level=resampling.level)
    table.insert(0, "candidates", name)
    if name == "predicted":
        change = low = high = np.full((), np.nan)
    return table.drop(columns="k").assign(
        difference=float(change), difference_low=float(low), difference_high=float(high)
    )


def _reached(masks: EntityMasks) -> _Reached:
    items, seeds, layers = masks.shape
    nodes = len(masks.item)
    before = np.tile(masks.subject, seeds)
    ends = np.zeros(seeds * nodes, dtype=np.bool_)
    on_paths, retained = np.zeros((2, items, seeds, layers))
    for layer, (seed, rows) in enumerate(masks.layers()):
        follows = before[masks.places(seed, masks.source[rows])]
        retained[..., layer] = masks.count(seed, rows)
        on_paths[..., layer] = masks.count(seed[follows], rows[follows])
        ends[masks.places(seed[follows], masks.target[rows[follows]])] = True
        before |= ends
    return _Reached(on_paths, retained, ends.reshape(seeds, nodes))


def _shares(
    masks: EntityMasks, above: FloatArray, below: FloatArray, resampling: Resampling
) -> pd.DataFrame:
    """Shares by layer, "all" first, from counts [items, seeds, 1 + layers]."""
    hits, cases = (over_seeds(s) for s in resample(above, np.array(below), resampling=resampling))
    table = ratio_table(hits, cases, resampling=resampling, ratings=max(1, masks.shape[1]))
    table.insert(0, "layer", [ALL, *map(str, masks.items.layers)])
    return table
