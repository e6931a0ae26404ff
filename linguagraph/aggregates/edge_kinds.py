"""Items in, the share of edges that is retained out: per edge kind, inside and across sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table
from linguagraph.graphs.textgraph import KINDS

__all__ = ["SPANS", "retention_by_kind"]

SPANS = ("within", "between")
"""Whether an edge joins tokens of one sentence or of two."""


def retention_by_kind(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Retained share per edge kind, span and layer, mean over seeds.

    Returns:
        One row per ``kind`` (in the order of :data:`linguagraph.graphs.KINDS`), ``span`` ("all"
        first) and ``layer`` ("all" first) with edges: the columns of ``ratio_table`` (n in edges),
        ``sd`` of the share over seeds (n - 1; NaN for one seed), ``of_edges`` and ``of_retained``:
        shares of the layer's edges and of its retained edges that are of the row's kind and span.
    """
    names = items.names("kind")
    kinds = [kind for kind in KINDS if kind in names] + sorted(set(names) - set(KINDS))
    place = np.array([kinds.index(name) for name in names], dtype=np.intp)
    layers = len(items.layers)

    def tally(part: Items, *values: np.ndarray) -> tuple[FloatArray, ...]:
        kind = place[part.codes("kind")[0]]
        between = part.column("source_offset") != part.column("target_offset")
        cell = (kind * len(SPANS) + between) * layers + part.layer
        shape = (len(part.sentences), len(kinds), len(SPANS), layers)
        return tuple(
            _with_all(part.tally(cell, int(np.prod(shape[1:])), v).reshape(shape)) for v in values
        )

    counts = items.count(lambda part: tally(part, part.retained, part.rated))
    hits, totals = counts.resample(resampling=resampling)
    table = pd.MultiIndex.from_product(
        [kinds, [ALL, *SPANS], [ALL, *map(str, items.layers)]], names=["kind", "span", "layer"]
    ).to_frame(index=False)
    ratings = max(1, len(items.seeds))
    shares = ratio_table(hits, totals, resampling=resampling, ratings=ratings)
    by_seed = items.add(
        lambda part: tuple(
            t.sum(axis=0)
            for t in tally(part, *(v == 1 for v in part.votes.T), *(part.votes.T >= 0))
        )
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = [by_seed[i] / by_seed[i + len(items.seeds)] for i in range(len(items.seeds))]
        of_edges, of_retained = (
            s.total / s.total[:, :1].sum(axis=0, keepdims=True) for s in (totals, hits)
        )
    sd = np.std(spread, axis=0, ddof=1) if len(spread) > 1 else np.full(of_edges.shape, np.nan)
    table = pd.concat([table, shares], axis=1).assign(
        sd=sd.ravel(), of_edges=of_edges.ravel(), of_retained=of_retained.ravel()
    )
    return table[table["n"] > 0].reset_index(drop=True)


def _with_all(counts: FloatArray) -> FloatArray:
    """Put the sums over spans and over layers before their first cells."""
    counts = np.concatenate([counts.sum(axis=2, keepdims=True), counts], axis=2)
    return np.concatenate([counts.sum(axis=3, keepdims=True), counts], axis=3)
