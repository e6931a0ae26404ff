"""Counts per seed of two runs in, how uncertain the difference of their shares is over seeds, out.

The seeds of a run are a sample of the probes that could have been trained, drawn apart from those
of the other run. What they add to the variance of a difference is ``s_1^2 / n_1 + s_2^2 / n_2``,
with s the standard deviation of a run's share between its n seeds, and Welch's (1947) degrees of
freedom. One seed tells nothing about others: its run adds nothing, its probe is held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linguagraph.aggregates.statistics import FloatArray

__all__ = ["SeedSpread", "seed_spread"]


@dataclass(frozen=True)
class SeedSpread:
    """Variance that seeds add to the differences of C cells.

    Attributes:
        variance: [C], of the difference of two shares.
        freedom: [C], its degrees of freedom; infinite where the variance is 0.
    """

    variance: FloatArray
    freedom: FloatArray


def seed_spread(
    hits: tuple[FloatArray, FloatArray], totals: tuple[FloatArray, FloatArray]
) -> SeedSpread | None:
    """What the seeds of both runs add to the variance of the difference of their shares.

    Args:
        hits, totals: of each run, [seeds, C].

    Returns:
        None where both runs have a single seed.
    """
    known = [pair for pair in zip(hits, totals, strict=True) if len(pair[0]) > 1]
    if not known:
        return None
    parts = [_variance(*pair) for pair in known]
    variance = np.sum(parts, axis=0)
    squares = np.sum([v**2 / (len(h) - 1) for v, (h, _) in zip(parts, known, strict=True)], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = np.where(squares > 0, variance**2 / squares, np.inf)
    return SeedSpread(variance, freedom)


def _variance(hits: FloatArray, totals: FloatArray) -> FloatArray:
    """Variance [C] of the mean share over seeds; seeds count by the edges that they rate."""
    seeds = len(hits)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits.sum(axis=0) / totals.sum(axis=0)
        apart = (hits - share * totals) / totals.mean(axis=0)
    squares = np.nan_to_num((apart**2).sum(axis=0)) / (seeds * (seeds - 1))
    return np.where(squares > 1e-24, squares, 0.0)
