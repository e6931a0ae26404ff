"""Counts per sentence of two groups in, the difference of their shares with interval and p out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = ["contrast_table", "holm"]

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
) -> pd.DataFrame:
    """Differences ``first - second`` of shares, one per cell.

    The interval is the percentile interval over resampled sentences; where a share is exactly 0 or
    1 it is Newcombe's (1998), which joins the intervals of both shares. The p-value is two-sided,
    from a normal approximation with the linearised (sandwich) variance over sentences; a group
    without any variation gets share and variance of Agresti & Caffo (2000), sentences as cases. It
    is adjusted for the number of rows by Holm's method. With fewer sentences than
    ``resampling.min_sentences`` interval and p-value are NaN.

    Args:
        index: [cells] what each row is.
        first_hits, first_totals, second_hits, second_totals: [sentences, cells], float64.
        resampling: number of resamples, seed and level.
        ratings: over how many seeds the counts run; n is given per seed.

    Returns:
        The index with ``n_first``, ``share_first``, ``n_second``, ``share_second``, ``difference``,
        ``low``, ``high``, ``p`` and ``p_holm``.
    """
    if not len(index):
        return index.reindex(columns=[*index.columns, *_COLUMNS]).reset_index(drop=True)
    a, m, b, n = resample(
        first_hits, first_totals, second_hits, second_totals, resampling=resampling
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        samples = a.samples / m.samples - b.samples / n.samples
    first = ratio_table(a, m, resampling=resampling, ratings=ratings)
    second = ratio_table(b, n, resampling=resampling, ratings=ratings)
    x, y = first["share"].to_numpy(), second["share"].to_numpy()
    low, high = percentile_interval(samples, level=resampling.level)
    constant = _constant(x) | _constant(y)
    below = np.hypot(x - first["low"], second["high"] - y)
    above = np.hypot(first["high"] - x, y - second["low"])
    p = _two_sided(first_hits, first_totals, second_hits, second_totals)
    if len(first_hits) < resampling.min_sentences:
        p = np.full_like(p, np.nan)
    return index.reset_index(drop=True).assign(
        n_first=first["n"],
        share_first=x,
        n_second=second["n"],
        share_second=y,
        difference=x - y,
        low=np.where(constant, np.maximum(-1, x - y - below), low),
        high=np.where(constant, np.minimum(1, x - y + above), high),
        p=p,
        p_holm=holm(p),
    )


def _constant(share: FloatArray) -> np.ndarray:
    return np.asarray((share <= 0) | (share >= 1))


def _two_sided(
    first_hits: FloatArray,
    first_totals: FloatArray,
    second_hits: FloatArray,
    second_totals: FloatArray,
) -> FloatArray:
    """p-values of equal shares; NaN where a group has no cases."""
    first, first_part, first_extra = _linearised(first_hits, first_totals)
    second, second_part, second_extra = _linearised(second_hits, second_totals)
    sentences = len(first_hits)
    residual = first_part - second_part
    variance = (residual**2).sum(axis=0) * sentences / max(1, sentences - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(first - second) / np.sqrt(variance + first_extra + second_extra)
    z = np.where(first == second, 0.0, z)
    return np.asarray(2 * ndtr(-z), dtype=np.float64)


def _linearised(hits: FloatArray, totals: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share [cells], influence values [sentences, cells], and the variance of constant groups.

    The share of a constant group is moved towards 1/2, by one sentence each way.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits.sum(axis=0) / totals.sum(axis=0)
        part = (hits - share * totals) / totals.sum(axis=0)
    sentences = np.count_nonzero(totals, axis=0)
    moved = (share * sentences + 1) / (sentences + 2)
    constant = _constant(share)
    extra = np.where(constant, moved * (1 - moved) / (sentences + 2), 0.0)
    return np.where(constant, moved, share), part, extra


def holm(p: FloatArray) -> FloatArray:
    """Holm's adjusted p-values (Holm 1979); NaN stays NaN and counts as no test."""
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted
