"""Counts per sentence of two groups in, the difference of their shares with interval and p out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.seed_spread import SeedSpread
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
)

__all__ = ["MIN_CONTRIBUTING", "contrast_blocks", "contrast_table", "holm", "two_tailed"]

MIN_CONTRIBUTING = 10
"""Cells to which fewer sentences contribute get no p-value."""

_COLUMNS = (
    *("n_first", "share_first", "n_second", "share_second"),
    *("difference", "low", "high", "p", "p_holm"),
)


def contrast_table(
    index: pd.DataFrame,
    first_hits: FloatArray,
    first_totals: FloatArray,
    second_hits: FloatArray,
    second_totals: FloatArray,
    *,
    resampling: Resampling,
    ratings: int = 1,
    seeds: SeedSpread | None = None,
) -> pd.DataFrame:
    """Differences ``first - second`` of shares, one per cell.

    The interval is the percentile interval over resampled sentences; where a share is exactly 0 or
    1 it is Newcombe's (1998), which joins the intervals of both shares. The p-value is two-sided,
    from Student's t with the linearised (sandwich) variance over sentences and one degree of
    freedom less than sentences contribute to the group with fewer; a group without any variation
    gets share and variance of Agresti & Caffo (2000), sentences as cases. Fewer than
    :data:`MIN_CONTRIBUTING` such sentences do not support a variance: the p-value is NaN and counts
    as no test. It is adjusted for the number of rows by Holm's method. With fewer sentences than
    ``resampling.min_sentences`` interval and p-value are NaN.

    With ``seeds`` both hold for other seeds as well. The variance of seeds is added to that of
    sentences (votes that depend on both count twice, on the safe side), with Welch and
    Satterthwaite's degrees of freedom. A handful of seeds may agree by chance, which these degrees
    of freedom do not see, so the p-value is never below that of Welch's test between the seeds
    alone. Either side of the interval is joined with the margin of the seeds (Student's t) by the
    root of their squares (Zou & Donner 2008), as Newcombe's joins two shares.

    Args:
        index: [cells] what each row is.
        first_hits, first_totals, second_hits, second_totals: [sentences, cells], float64.
        resampling: number of resamples, seed and level.
        ratings: over how many seeds the counts run; n is given per seed.
        seeds: what seeds add to the variance, by cell; none where they are held fixed.

    Returns:
        The index with ``n_first``, ``share_first``, ``n_second``, ``share_second``, ``difference``,
        ``low``, ``high``, ``p`` and ``p_holm``.
    """
    counts = Blocks.whole(first_hits, first_totals, second_hits, second_totals)
    return contrast_blocks(index, counts, resampling=resampling, ratings=ratings, seeds=seeds)


def contrast_blocks(
    index: pd.DataFrame,
    counts: Blocks,
    *,
    resampling: Resampling,
    ratings: int = 1,
    seeds: SeedSpread | None = None,
) -> pd.DataFrame:
    """:func:`contrast_table` of counts that come in blocks of sentences.

    Args:
        index, resampling, ratings, seeds: as there.
        counts: hits and totals of the first group, hits and totals of the second.
    """
    if not len(index):
        return index.reindex(columns=[*index.columns, *_COLUMNS]).reset_index(drop=True)
    a, m, b, n = counts.resample(resampling=resampling)
    with np.errstate(invalid="ignore", divide="ignore"):
        samples = a.samples / m.samples - b.samples / n.samples
    first = ratio_table(a, m, resampling=resampling, ratings=ratings)
    second = ratio_table(b, n, resampling=resampling, ratings=ratings)
    x, y = first["share"].to_numpy(), second["share"].to_numpy()
    low, high = percentile_interval(samples, level=resampling.level)
    constant = _constant(x) | _constant(y)
    below = np.hypot(x - first["low"], second["high"] - y)
    above = np.hypot(first["high"] - x, y - second["low"])
    low = np.where(constant, np.maximum(-1, x - y - below), low)
    high = np.where(constant, np.minimum(1, x - y + above), high)
    if seeds is not None:
        low, high = _widened(x - y, low, high, seeds, resampling.level)
    p = _two_sided(counts, (a, m, b, n), seeds)
    if counts.sentences < resampling.min_sentences:
        p = np.full_like(p, np.nan)
    return index.reset_index(drop=True).assign(
        n_first=first["n"],
        share_first=x,
        n_second=second["n"],
        share_second=y,
        difference=x - y,
        low=low,
        high=high,
        p=p,
        p_holm=holm(p),
    )


def _constant(share: FloatArray) -> np.ndarray:
    return np.asarray((share <= 0) | (share >= 1))


def two_tailed(t: FloatArray, freedom: FloatArray) -> FloatArray:
    """Two-sided p-values of Student's t."""
    return np.asarray(2 * stdtr(freedom, -np.abs(t)), dtype=np.float64)


def _widened(
    difference: FloatArray, low: FloatArray, high: FloatArray, seeds: SeedSpread, level: float
) -> tuple[FloatArray, FloatArray]:
    """Join either side of the intervals with the margin of the seeds."""
    margin = stdtrit(seeds.freedom, 0.5 + level / 2) * np.sqrt(seeds.variance)
    below, above = (
        np.hypot(np.maximum(side, 0), margin) for side in (difference - low, high - difference)
    )
    low, high = np.minimum(low, difference - below), np.maximum(high, difference + above)
    return np.maximum(-1, low), np.minimum(1, high)


def _two_sided(counts: Blocks, sums: tuple[Sums, ...], seeds: SeedSpread | None) -> FloatArray:
    """p-values of equal shares; NaN where a group has no cases or too few sentences."""
    first_hits, first_totals, second_hits, second_totals = sums
    first, first_extra = _moved(first_hits, first_totals)
    second, second_extra = _moved(second_hits, second_totals)

    def squares(*arrays: FloatArray) -> tuple[FloatArray]:
        ours = _linearised(arrays[0], arrays[1], first_hits.total, first_totals.total)
        theirs = _linearised(arrays[2], arrays[3], second_hits.total, second_totals.total)
        return (((ours - theirs) ** 2).sum(axis=0),)

    (squared,) = counts.add(squares)
    sentences = np.minimum(first_totals.sentences, second_totals.sentences)
    freedom = np.maximum(1, sentences - 1)
    variance = squared * sentences / freedom + first_extra + second_extra
    apart = first - second
    with np.errstate(invalid="ignore", divide="ignore"):
        if seeds is None:
            p = two_tailed(apart / np.sqrt(variance), freedom)
        else:
            both = variance + seeds.variance
            parts = variance**2 / freedom + seeds.variance**2 / seeds.freedom
            p = two_tailed(apart / np.sqrt(both), both**2 / parts)
            alone = two_tailed(apart / np.sqrt(seeds.variance), seeds.freedom)
            p = np.where(seeds.variance > 0, np.maximum(p, alone), p)
    p = np.where(apart == 0, 1.0, p)
    return np.where(sentences < MIN_CONTRIBUTING, np.nan, p)


def _moved(hits: Sums, totals: Sums) -> tuple[FloatArray, FloatArray]:
    """Share [cells], and the variance of constant groups.

    The share of a constant group is moved towards 1/2, by one sentence each way.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits.total / totals.total
    sentences = totals.sentences
    moved = (share * sentences + 1) / (sentences + 2)
    constant = _constant(share)
    extra = np.where(constant, moved * (1 - moved) / (sentences + 2), 0.0)
    return np.where(constant, moved, share), extra


def _linearised(
    hits: FloatArray, totals: FloatArray, all_hits: FloatArray, all_totals: FloatArray
) -> FloatArray:
    """Influence values [sentences, cells] of a share."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((hits - all_hits / all_totals * totals) / all_totals)


def holm(p: FloatArray) -> FloatArray:
    """Holm's adjusted p-values (Holm 1979); NaN stays NaN and counts as no test."""
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted
