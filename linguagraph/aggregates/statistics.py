"""Counts per sentence in, shares and other ratios with intervals out.

Edges of one sentence are not independent of each other, so every interval here comes from a
cluster bootstrap that resamples *sentences*. The counts of a sentence are added up first; a
resample is then one row of multinomial weights, and all resamples of all cells are one matrix
product.

Intervals are percentile intervals. BCa is not used: its acceleration comes from a jackknife that is
0/0 as soon as a cell is constant over sentences, and its bias correction is infinite where the
estimate is the smallest or largest of the resamples, as it is for shares near 0 or 1. At shares of
exactly 0 or 1 every resample is the same and a percentile interval would have no width; there, and
where fewer than two sentences contribute, the Wilson score interval is given, with the number of
contributing *sentences* as its n (with no variation the design effect of the edges is unknown, so
each sentence counts once).

A handful of sentences tells nothing about others: with one, all resamples are equal, and what has
no width would pass for certain. :func:`resample` decides for all intervals: with fewer sentences
(graphs, where there is no language) than ``min_sentences`` every resample is NaN, and so is every
interval, also Wilson's, and every p-value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from linguagraph.errors import ConfigError

__all__ = [
    "Resampling",
    "Sums",
    "drawn_weights",
    "mark_small_cells",
    "percentile_interval",
    "ratio_table",
    "resample",
    "wilson",
]

FloatArray = NDArray[np.float64]

_BLOCK = 4_000_000  # weights held at a time (float32 or float64)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made.

    Attributes:
        resamples: number of bootstrap resamples.
        seed: seed of the resamples; equal seeds give equal resamples, so differences are paired.
        level: coverage of the intervals, in (0, 1).
        min_n: cells with fewer cases are marked as small.
        min_sentences: data with fewer sentences (or graphs) get no intervals.
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95
    min_n: int = 30
    min_sentences: int = 5

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise ConfigError(f"resamples is {self.resamples}; give at least 1")
        if not 0 < self.level < 1:
            raise ConfigError(f"level is {self.level}; give a number between 0 and 1, such as 0.95")
        if self.min_n < 0:
            raise ConfigError(f"min_n is {self.min_n}; give 0 or more")


@dataclass(frozen=True)
class Sums:
    """Counts added over sentences, and over the sentences of each resample.

    Attributes:
        total: [cells...], float64, the observed sums.
        samples: [resamples, cells...], float64, the sums of each resample; NaN where there
            are too few sentences to resample.
        sentences: [cells...], int, sentences with a count other than 0.
    """

    total: FloatArray
    samples: FloatArray
    sentences: NDArray[np.intp]


def wilson(k: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval of ``k`` out of ``n`` (Wilson 1927), elementwise.

    Args:
        k, n: counts, broadcast against each other; ``k`` may be fractional.
        level: coverage in (0, 1).

    Returns:
        Lower and upper bounds in [0, 1]; NaN where ``n`` is 0.
    """
    successes, cases = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    z = float(ndtri(0.5 + level / 2))
    safe = np.where(cases > 0, cases, np.nan)
    share = successes / safe
    centre = (share + z * z / (2 * safe)) / (1 + z * z / safe)
    half = z * np.sqrt(share * (1 - share) / safe + z * z / (4 * safe * safe)) / (1 + z * z / safe)
    low = np.where(share <= 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(share >= 1, 1.0, np.clip(centre + half, 0, 1))
    return np.where(np.isnan(share), np.nan, low), np.where(np.isnan(share), np.nan, high)


def resample(*counts: FloatArray, resampling: Resampling) -> tuple[Sums, ...]:
    """Add up each array of counts over sentences and over the same resamples of sentences.

    Args:
        counts: arrays [sentences, cells...]; the first axis is the same in all.
        resampling: number of resamples, seed, and how many sentences it takes.

    Returns:
        One :class:`Sums` per array. With no sentences all sums are 0; with fewer than
        ``resampling.min_sentences`` the samples are NaN.
    """
    sentences = counts[0].shape[0]
    sizes = [int(np.prod(c.shape[1:], dtype=np.intp)) for c in counts]
    pairs = zip(counts, sizes, strict=True)
    flat = np.concatenate([c.reshape(sentences, size) for c, size in pairs], axis=1)
    samples = _resampled(flat, resampling)
    result, start = [], 0
    for array, size in zip(counts, sizes, strict=True):
        shape = array.shape[1:]
        stop = start + size
        result.append(
            Sums(
                total=array.sum(axis=0),
                samples=samples[:, start:stop].reshape(len(samples), *shape),
                sentences=np.count_nonzero(array, axis=0),
            )
        )
        start = stop
    return tuple(result)


def _resampled(flat: FloatArray, resampling: Resampling) -> FloatArray:
    """Sums of ``flat`` [sentences, cells] over each resample: [resamples, cells]."""
    sentences, cells = flat.shape
    result = np.zeros((resampling.resamples, cells))
    if not sentences or not cells:
        return result
    if sentences < resampling.min_sentences:
        return np.full_like(result, np.nan)
    # float32 products are exact as long as the sums stay far below 2^24
    exact = np.abs(flat).sum(axis=0).max() < 2**21 and bool((flat == np.rint(flat)).all())
    kind = np.float32 if exact else np.float64
    values = flat.astype(kind, copy=False)
    for start, weights in drawn_weights(sentences, resampling):
        stop = start + len(weights)
        result[start:stop] = np.matmul(weights.astype(kind), values)
    return result


def drawn_weights(sentences: int, resampling: Resampling) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """How often each resample draws each sentence, some resamples at a time.

    Args:
        sentences: how many there are to draw from, at least one.
        resampling: number of resamples and seed.

    Yields:
        The number of the first resample, and weights [some resamples, sentences].
    """
    rng = np.random.default_rng(resampling.seed)
    block = max(1, _BLOCK // sentences)
    for start in range(0, resampling.resamples, block):
        rows = min(block, resampling.resamples - start)
        draws = rng.integers(sentences, size=(rows, sentences))
        draws += np.arange(rows)[:, None] * sentences
        weights = np.bincount(draws.ravel(), minlength=rows * sentences)
        yield start, weights.reshape(rows, sentences)


def percentile_interval(samples: FloatArray, *, level: float) -> tuple[FloatArray, FloatArray]:
    """Percentile interval over the first axis; NaN samples (undefined resamples) are left out.

    Args:
        samples: [resamples, cells...].
        level: coverage in (0, 1).

    Returns:
        Lower and upper bounds [cells...]; NaN where every resample is undefined.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    shape = samples.shape[1:]
    flat = samples.reshape(samples.shape[0], int(np.prod(shape, dtype=np.intp)))
    bounds = np.full((2, flat.shape[1]), np.nan)
    undefined = np.isnan(flat).any(axis=0)
    if not undefined.all():
        bounds[:, ~undefined] = np.quantile(flat[:, ~undefined], tails, axis=0)
    for cell in np.flatnonzero(undefined):
        defined = flat[~np.isnan(flat[:, cell]), cell]
        if defined.size:
            bounds[:, cell] = np.quantile(defined, tails)
    return bounds[0].reshape(shape), bounds[1].reshape(shape)


def ratio_table(
    numerator: Sums, denominator: Sums, *, resampling: Resampling, ratings: int = 1
) -> pd.DataFrame:
    """Shares ``numerator / denominator`` of all cells, in C order, one row each.

    Args:
        numerator, denominator: sums whose cell shapes broadcast; 0 <= numerator <= denominator.
        resampling: level of the intervals and the n below which a cell is small.
        ratings: over how many seeds both sums run; ``k`` and ``n`` are given per seed, so that
            repeated ratings of an edge do not pass for more edges.

    Returns:
        Columns ``n`` (cases), ``k`` (cases that count, mean over seeds), ``share``, ``low``,
        ``high``, ``interval`` ("bootstrap", "wilson", or "none" where n is 0 or there are too few
        sentences) and ``small``.
    """
    shape = np.broadcast_shapes(numerator.total.shape, denominator.total.shape)
    k = np.broadcast_to(numerator.total, shape).ravel()
    n = np.broadcast_to(denominator.total, shape).ravel()
    sentences = np.broadcast_to(denominator.sentences, shape).ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n > 0, k / n, np.nan)
        samples = np.where(denominator.samples > 0, numerator.samples / denominator.samples, np.nan)
    low, high = percentile_interval(
        samples.reshape(samples.shape[0], len(n)), level=resampling.level
    )
    few = bool(np.isnan(denominator.samples).any())
    constant = (n > 0) & ((share <= 0) | (share >= 1) | (sentences < 2)) & (not few)
    known = (n > 0) & (not few)
    wide_low, wide_high = wilson(share * sentences, sentences, level=resampling.level)
    table = pd.DataFrame(
        {
            "n": np.rint(n / ratings).astype(np.int64),
            "k": k / ratings,
            "share": share,
            "low": np.where(constant, wide_low, low),
            "high": np.where(constant, wide_high, high),
            "interval": np.where(known, np.where(constant, "wilson", "bootstrap"), "none"),
        }
    )
    return mark_small_cells(table, min_n=resampling.min_n)


def mark_small_cells(table: pd.DataFrame, *, min_n: int) -> pd.DataFrame:
    """Return ``table`` with a column ``small``: whether column ``n`` is below ``min_n``."""
    return table.assign(small=table["n"].to_numpy() < min_n)
