"""Items in, how undecided retention is per label out, in bits, and what contexts explain of it.

The entropy of a label and direction is H(p) = -p log2 p - (1 - p) log2 (1 - p) for the share p of
its edges that is retained: 0 where the label alone decides, 1 bit where it says nothing. What a
context (layer, predicate type ...) explains is the mutual information I = H(p) - sum of
H(p within the context), weighted by the context's edges; I / H is its share.

Information is never negative, so a sample shows some where there is none, and a resample of the
sample still more. Estimates are therefore corrected by what resampling adds to them, and intervals
are *basic* ones (the percentile interval reflected about the estimate), cut at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import xlogy

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.items import IntArray, Items
from linguagraph.aggregates.retention_factors import FACTORS, Factor, find_factors
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    mark_small_cells,
    percentile_interval,
)
from linguagraph.errors import ConfigError

__all__ = ["CONTEXTS", "label_entropy", "retention_information"]

_Cells = Callable[[Items], IntArray]

CONTEXTS = ("layer", "predicate_type", "position")
"""What may explain why some edges of a label are retained and others are not."""


def label_entropy(
    items: Items, *, resampling: Resampling, contexts: Sequence[str] = CONTEXTS
) -> pd.DataFrame:
    """Entropy of retention of each label and direction, and what contexts explain of it.

    Args:
        contexts: factors with levels, of :data:`linguagraph.aggregates.retention_factors.FACTORS`.

    Returns:
        One row per label and direction, least decided first among those that are not small:
        ``label``, ``direction``, ``n`` (edges), ``k`` (retained, mean over seeds), ``share``,
        ``entropy`` with ``entropy_low`` and ``entropy_high`` (bits), for each context
        ``by_CONTEXT`` with ``by_CONTEXT_low`` and ``by_CONTEXT_high`` (share of the entropy that
        the context explains, in [0, 1]; NaN where the entropy is 0), and ``small``.

    Raises:
        ConfigError: a context that has no levels, or is unknown.
    """
    labels, directions = items.names("label"), items.names("direction")
    size = len(labels) * len(directions)

    def pair(part: Items) -> IntArray:
        codes = part.codes("label")[0] * len(directions) + part.codes("direction")[0]
        return np.asarray(codes, dtype=np.intp)

    index = pd.MultiIndex.from_product([labels, directions], names=["label", "direction"]).to_frame(
        index=False
    )
    table, entropies = _entropies(items, pair, index, resampling)
    for factor in _with_levels(items, contexts):
        counts = _counts(items, _within(pair, factor), size, len(factor.levels))
        explained, samples, _ = _explained(counts, resampling)
        table = table.assign(
            **_corrected(f"by_{factor.name}", explained, samples, entropies, resampling.level)
        )
    table = mark_small_cells(table, min_n=resampling.min_n)
    order = np.lexsort([-table["entropy"].fillna(-1).to_numpy(), table["small"].to_numpy()])
    table = table.iloc[order]
    return table[table["n"] > 0].reset_index(drop=True)


def retention_information(
    items: Items,
    *,
    resampling: Resampling,
    factors: Sequence[str] = ("label", "direction", *CONTEXTS),
) -> pd.DataFrame:
    """What each factor alone explains of the entropy of all edges.

    Returns:
        One row per factor, best first: ``factor``, ``levels``, ``n`` (edges), ``entropy`` (bits, of
        all edges), ``information`` (bits) and ``explained`` (share), the latter with ``_low`` and
        ``_high``. Factors overlap: the shares do not add up.

    Raises:
        ConfigError: a factor that has no levels, or is unknown.
    """
    index = pd.DataFrame(index=range(1))
    whole, entropies = _entropies(items, _nothing, index, resampling)
    parts = []
    for factor in _with_levels(items, factors):
        counts = _counts(items, _within(_nothing, factor), 1, len(factor.levels))
        explained, samples, n = _explained(counts, resampling)
        share = _corrected("explained", explained, samples, entropies, resampling.level)
        ends = ("", "_low", "_high")
        bits = {f"information{e}": share[f"explained{e}"] * whole["entropy"] for e in ends}
        row = whole[["n", "entropy"]].assign(**bits, **share)
        row.insert(0, "factor", factor.name)
        row.insert(1, "levels", int((n > 0).sum()))
        parts.append(row)
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("explained", ascending=False, ignore_index=True, kind="stable")


def _with_levels(items: Items, names: Sequence[str]) -> list[Factor]:
    found = find_factors(items, names)
    numeric = [factor.name for factor in found if factor.values is not None]
    if numeric:
        known = [name for name in FACTORS if name not in ("distance", "frequency")]
        raise ConfigError(f"{numeric} are numbers; entropy takes factors with levels, of {known}")
    return found


def _nothing(part: Items) -> IntArray:
    return np.zeros(len(part.rows), dtype=np.intp)


def _within(cells: _Cells, factor: Factor) -> _Cells:
    """The levels of a factor within each cell."""
    return lambda part: cells(part) * len(factor.levels) + factor.of(part)


def _counts(items: Items, cells: _Cells, first: int, second: int) -> Blocks:
    """Retained and rated votes: two [sentences, first, second]."""

    def count(part: Items) -> tuple[FloatArray, FloatArray]:
        shape, cell = (len(part.sentences), first, second), cells(part)
        k = part.tally(cell, first * second, part.retained).reshape(shape)
        return k, part.tally(cell, first * second, part.rated).reshape(shape)

    return items.count(count)


def _entropies(
    items: Items, cells: _Cells, index: pd.DataFrame, resampling: Resampling
) -> tuple[pd.DataFrame, tuple[FloatArray, FloatArray]]:
    counts = _counts(items, cells, len(index), 1).select(lambda k, n: (k[:, :, 0], n[:, :, 0]))
    retained, rated = counts.resample(resampling=resampling)
    seeds = max(1, len(items.seeds))
    entropy = _entropy(retained.total, rated.total)
    samples = _entropy(retained.samples, rated.samples)
    low, high = percentile_interval(samples, level=resampling.level)
    with np.errstate(invalid="ignore"):
        share = retained.total / rated.total
    table = index.assign(
        n=np.rint(rated.total / seeds).astype(np.int64),
        k=retained.total / seeds,
        share=share,
        entropy=entropy,
        entropy_low=low,
        entropy_high=high,
    )
    return table, (entropy, samples)


def _explained(counts: Blocks, resampling: Resampling) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mutual information of retention and the last axis: [cells], [resamples, cells]; its votes."""
    retained, rated = counts.resample(resampling=resampling)
    explained = _information(retained.total, rated.total)
    samples = _information(retained.samples, rated.samples)
    return explained, samples, rated.total.sum(axis=0)


def _information(k: FloatArray, n: FloatArray) -> FloatArray:
    whole = n.sum(axis=-1)
    within = np.nan_to_num(_entropy(k, n)) * n
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(_entropy(k.sum(axis=-1), whole) - within.sum(axis=-1) / whole)


def _entropy(k: FloatArray, n: FloatArray) -> FloatArray:
    """Binary entropy in bits; NaN without cases."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(n > 0, k / n, np.nan)
    q = 1 - p
    return np.asarray(-(xlogy(p, p) + xlogy(q, q)) / np.log(2))


def _corrected(
    name: str,
    explained: FloatArray,
    samples: FloatArray,
    entropies: tuple[FloatArray, FloatArray],
    level: float,
) -> dict[str, FloatArray]:
    """The share explained, less what resampling adds, with a basic interval, all in [0, 1]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(entropies[0] > 1e-12, explained / entropies[0], np.nan)
        shares = np.where(entropies[1] > 1e-12, samples / entropies[1], np.nan)
    low, high = percentile_interval(shares, level=level)
    defined = (~np.isnan(shares)).sum(axis=0)
    mean = np.where(defined > 0, np.nansum(shares, axis=0) / np.maximum(defined, 1), np.nan)
    estimate = np.where(defined > 0, 2 * share - mean, share)
    return {
        name: np.clip(estimate, 0, 1),
        f"{name}_low": np.clip(2 * share - high, 0, 1),
        f"{name}_high": np.clip(2 * share - low, 0, 1),
    }
