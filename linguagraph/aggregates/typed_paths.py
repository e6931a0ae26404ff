"""The path table in, typed path patterns out: how often they are retained, against all paths.

A *pattern* is a sequence of directions and labels, such as ``<-xcomp ->nsubj``, with which a
dependency path from a predicate to one of its predicted arguments ends; a pattern as long as the
path is the path itself. A pattern is *retained* in a path if the path's retained subpath is at
least as long: messages can then travel over these edges to the argument, one edge per layer in
ascending layers, each through an open gate. Patterns are no longer than the model has layers.

Long patterns are retained less often than short ones whatever their labels, so a pattern is
compared with all patterns of its length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from linguagraph.aggregates.contrasts import MIN_CONTRIBUTING, holm, two_tailed
from linguagraph.aggregates.differences import benjamini_hochberg
from linguagraph.aggregates.items import IntArray, dense_codes, require_one, sums_by
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = ["typed_paths"]


@dataclass(frozen=True)
class _Places:
    """Occurrences of patterns: [occurrences] arrays, and the patterns' names and lengths."""

    pattern: IntArray
    sentence: IntArray
    retained: FloatArray
    whole: FloatArray
    names: list[str]
    lengths: IntArray
    sentences: int

    def counts(self, values: FloatArray, chosen: IntArray) -> FloatArray:
        """Sums by sentence and chosen pattern: [sentences, chosen]."""
        shape = (self.sentences, len(self.names))
        table = csr_matrix((values, (self.sentence, self.pattern)), shape=shape)
        return np.asarray(table[:, chosen].toarray(), dtype=np.float64)

    def by_length(self, values: FloatArray, longest: int) -> FloatArray:
        """Sums by sentence and length: [sentences, longest], lengths from 1."""
        size = self.sentences * longest
        cell = self.sentence * longest + self.lengths[self.pattern] - 1
        return sums_by(cell, values, size).reshape(self.sentences, longest)


def typed_paths(paths: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Mine the patterns that occur in at least ``min_n`` paths.

    Args:
        paths: :data:`linguagraph.columns.PATHS`, of one model and method.
        resampling: intervals over sentences, and the n below which patterns are left out.

    Returns:
        One row per pattern, most often retained first: ``pattern``, ``length`` (edges), ``whole``
        (share of its occurrences in which it is the whole path), ``n`` (paths that end in it),
        ``k`` (those in which it is retained, mean over seeds) and the other columns of
        ``ratio_table``; ``support``: k as a share of all paths that have at least that many edges,
        with ``support_low`` and ``support_high``; ``lift``: share over the share of all patterns of
        that length, with ``lift_low`` and ``lift_high``; ``p``: two-sided, that the lift is 1 (a
        score test with the variance over sentences, and Student's t with one degree of freedom less
        than sentences contribute to the pattern, or to the others of its length if these are
        fewer; with fewer than ten p is NaN and counts as no test), ``p_holm`` and ``p_bh``,
        adjusted by Holm and by Benjamini and Hochberg over all rows. With fewer sentences than
        ``min_sentences`` intervals and p-values are NaN.

    Raises:
        TableError: several models or methods in one table.
    """
    require_one(paths, "model", "method")
    seeds = max(1, paths["seed"].nunique())
    found = _places(paths)
    occurs = sums_by(found.pattern, np.ones(len(found.pattern)), len(found.names)) / seeds
    chosen = np.flatnonzero(occurs >= max(1, resampling.min_n))
    longest = max(1, int(found.lengths.max(initial=1)))
    ones = np.ones(len(found.pattern))
    hits, totals = found.counts(found.retained, chosen), found.counts(ones, chosen)
    length = found.lengths[chosen] - 1
    all_hits = found.by_length(found.retained, longest)
    all_totals = found.by_length(ones, longest)
    own, n, every, base = resample(hits, totals, all_hits, all_totals, resampling=resampling)
    table = ratio_table(own, n, resampling=resampling, ratings=seeds)
    with np.errstate(invalid="ignore", divide="ignore"):
        support = own.total / base.total[length]
        supports = own.samples / base.samples[:, length]
        common = every.total / base.total
        lift = table["share"].to_numpy() / common[length]
        lifts = own.samples / n.samples / (every.samples / base.samples)[:, length]
    lifts[~np.isfinite(lifts)] = np.nan
    p = _scores(hits, totals, all_hits, all_totals, length)
    if found.sentences < resampling.min_sentences:
        p = np.full_like(p, np.nan)
    whole = sums_by(found.pattern, found.whole, len(found.names))[chosen] / seeds
    table.insert(0, "pattern", pd.Series([found.names[i] for i in chosen], dtype=object))
    table.insert(1, "length", found.lengths[chosen])
    table.insert(2, "whole", whole / np.maximum(occurs[chosen], 1e-12))
    table = table.assign(
        support=support,
        **_ends("support", supports, resampling.level),
        lift=np.where(common[length] > 0, lift, np.nan),
        **_ends("lift", lifts, resampling.level),
        p=p,
        p_holm=holm(p),
        p_bh=benjamini_hochberg(p),
    )
    order = ["k", "n", "pattern"]
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True)


def _ends(name: str, samples: FloatArray, level: float) -> dict[str, FloatArray]:
    low, high = percentile_interval(samples, level=level)
    return {f"{name}_low": low, f"{name}_high": high}


def _places(paths: pd.DataFrame) -> _Places:
    """Every ending of every path, up to as many edges as there are layers."""
    layers = len(paths["retained_by_layer"].iloc[0]) if len(paths) else 1
    column = paths["path"].astype("category")
    code = column.cat.codes.to_numpy().astype(np.intp)
    steps = [str(name).split() for name in column.cat.categories]
    depth = np.array([len(s) for s in steps], dtype=np.intp)
    sentence, sentences = dense_codes(paths["sentence"].to_numpy())
    subpath = paths["subpath_length"].to_numpy()
    numbers: dict[str, int] = {}
    parts = []
    for length in range(1, layers + 1):
        ending = np.full(len(steps), -1, dtype=np.intp)
        for i in np.flatnonzero(depth >= length):
            name = " ".join(steps[i][-length:])
            ending[i] = numbers.setdefault(name, len(numbers))
        rows = np.flatnonzero(depth[code] >= length) if len(code) else code
        own = code[rows]
        parts.append((ending[own], sentence[rows], subpath[rows] >= length, depth[own] == length))
    pattern, where, retained, whole = (np.concatenate(p) for p in zip(*parts, strict=True))
    names = list(numbers)
    return _Places(
        pattern,
        where,
        retained.astype(np.float64),
        whole.astype(np.float64),
        names,
        np.array([len(name.split()) for name in names], dtype=np.intp),
        len(sentences),
    )


def _scores(
    hits: FloatArray,
    totals: FloatArray,
    all_hits: FloatArray,
    all_totals: FloatArray,
    length: IntArray,
) -> FloatArray:
    """p-values of equal shares in a pattern and in all of its length.

    NaN without any others, and where too few sentences contribute to the pattern or to the others.
    """
    others = all_totals[:, length] - totals
    sentences = np.minimum(*(np.count_nonzero(n > 1e-9, axis=0) for n in (totals, others)))
    freedom = np.maximum(1, sentences - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (all_hits.sum(axis=0) / all_totals.sum(axis=0))[length]
        part = totals.sum(axis=0) / all_totals.sum(axis=0)[length]
        apart = hits - rate * totals
        apart = apart - part * (all_hits[:, length] - rate * all_totals[:, length])
        spread = np.sqrt((apart**2).sum(axis=0) * sentences / freedom)
        p = two_tailed(apart.sum(axis=0) / spread, freedom)
    alone = (part >= 1) | ~(spread > 1e-12)
    return np.where(alone | (sentences < MIN_CONTRIBUTING), np.nan, p)
