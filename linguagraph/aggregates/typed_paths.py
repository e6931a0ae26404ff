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

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.contrasts import MIN_CONTRIBUTING, holm, two_tailed
from linguagraph.aggregates.differences import benjamini_hochberg
from linguagraph.aggregates.items import IntArray, sums_by
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
)
from linguagraph.aggregates.stored_rows import (
    Rows,
    count_rows,
    distinct,
    parts,
    places,
    require_single,
    sentences_of,
)

__all__ = ["typed_paths"]


@dataclass(frozen=True)
class _Patterns:
    """The patterns of a table: names and lengths, and the pattern with which each path ends.

    ``endings`` is [layers, paths]: the pattern of so many edges, -1 where a path is shorter.
    """

    paths: list[str]
    endings: IntArray
    names: list[str]
    lengths: IntArray

    def places(self, part: pd.DataFrame) -> _Places:
        """Where the patterns occur in some rows."""
        code = places(part["path"], self.paths)
        sentence, sentences = sentences_of(part)
        subpath = part["subpath_length"].to_numpy()
        depth = np.array([len(name.split()) for name in self.paths], dtype=np.intp)
        found = []
        for length, ending in enumerate(self.endings, start=1):
            rows = np.flatnonzero(depth[code] >= length) if len(code) else code
            own = code[rows]
            kept, whole = subpath[rows] >= length, depth[own] == length
            found.append((ending[own], sentence[rows], kept, whole))
        pattern, where, retained, whole = (np.concatenate(f) for f in zip(*found, strict=True))
        return _Places(
            self, pattern, where, retained.astype(np.float64), whole.astype(np.float64), sentences
        )


@dataclass(frozen=True)
class _Places:
    """Occurrences of patterns: [occurrences] arrays."""

    patterns: _Patterns
    pattern: IntArray
    sentence: IntArray
    retained: FloatArray
    whole: FloatArray
    sentences: int

    def counts(self, values: FloatArray, chosen: IntArray) -> FloatArray:
        """Sums by sentence and chosen pattern: [sentences, chosen]."""
        shape = (self.sentences, len(self.patterns.names))
        table = csr_matrix((values, (self.sentence, self.pattern)), shape=shape)
        return np.asarray(table[:, chosen].toarray(), dtype=np.float64)

    def by_length(self, values: FloatArray, longest: int) -> FloatArray:
        """Sums by sentence and length: [sentences, longest], lengths from 1."""
        size = self.sentences * longest
        cell = self.sentence * longest + self.patterns.lengths[self.pattern] - 1
        return sums_by(cell, values, size).reshape(self.sentences, longest)


def typed_paths(paths: Rows, *, resampling: Resampling) -> pd.DataFrame:
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
    require_single(paths, "model", "method")
    seeds = max(1, paths["seed"].nunique())
    found = _patterns(paths)
    occurs, whole = _occurrences(paths, found)
    occurs = occurs / seeds
    chosen = np.flatnonzero(occurs >= max(1, resampling.min_n))
    longest = max(1, int(found.lengths.max(initial=1)))
    length = found.lengths[chosen] - 1
    counts = count_rows(paths, lambda part: _counts(found.places(part), chosen, longest))
    own, n, every, base = counts.resample(resampling=resampling)
    table = ratio_table(own, n, resampling=resampling, ratings=seeds)
    with np.errstate(invalid="ignore", divide="ignore"):
        support = own.total / base.total[length]
        supports = own.samples / base.samples[:, length]
        common = every.total / base.total
        lift = table["share"].to_numpy() / common[length]
        lifts = own.samples / n.samples / (every.samples / base.samples)[:, length]
    lifts[~np.isfinite(lifts)] = np.nan
    p = _scores(counts, (own, n, every, base), length)
    if counts.sentences < resampling.min_sentences:
        p = np.full_like(p, np.nan)
    whole = whole[chosen] / seeds
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


def _patterns(paths: Rows) -> _Patterns:
    """Every ending of every path, up to as many edges as there are layers."""
    layers = len(paths["retained_by_layer"].iloc[0]) if len(paths) else 1
    names = [str(name) for name in distinct(paths, "path")]
    steps = [name.split() for name in names]
    numbers: dict[str, int] = {}
    endings = np.full((layers, len(steps)), -1, dtype=np.intp)
    for length in range(1, layers + 1):
        for i, step in enumerate(steps):
            if len(step) >= length:
                name = " ".join(step[-length:])
                endings[length - 1, i] = numbers.setdefault(name, len(numbers))
    lengths = np.array([len(name.split()) for name in numbers], dtype=np.intp)
    return _Patterns(names, endings, list(numbers), lengths)


def _occurrences(paths: Rows, found: _Patterns) -> tuple[FloatArray, FloatArray]:
    """How often each pattern occurs, and how often it is the whole path: two [patterns]."""
    occurs, whole = np.zeros((2, len(found.names)))
    for part in parts(paths):
        here = found.places(part)
        occurs += sums_by(here.pattern, np.ones(len(here.pattern)), len(occurs))
        whole += sums_by(here.pattern, here.whole, len(whole))
    return occurs, whole


def _counts(here: _Places, chosen: IntArray, longest: int) -> tuple[FloatArray, ...]:
    """Retained and all occurrences by chosen pattern, and by length."""
    ones = np.ones(len(here.pattern))
    return (
        here.counts(here.retained, chosen),
        here.counts(ones, chosen),
        here.by_length(here.retained, longest),
        here.by_length(ones, longest),
    )


def _scores(counts: Blocks, sums: tuple[Sums, ...], length: IntArray) -> FloatArray:
    """p-values of equal shares in a pattern and in all of its length.

    NaN without any others, and where too few sentences contribute to the pattern or to the others.
    """
    _, n, every, base = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (every.total / base.total)[length]
        part = n.total / base.total[length]

    def moments(
        hits: FloatArray, totals: FloatArray, all_hits: FloatArray, all_totals: FloatArray
    ) -> tuple[FloatArray, ...]:
        apart = hits - rate * totals
        apart = apart - part * (all_hits[:, length] - rate * all_totals[:, length])
        others = np.count_nonzero(all_totals[:, length] - totals > 1e-9, axis=0)
        own = np.count_nonzero(totals > 1e-9, axis=0)
        return apart.sum(axis=0), (apart**2).sum(axis=0), own, others

    with np.errstate(invalid="ignore", divide="ignore"):
        apart, squares, own, others = counts.add(moments)
        sentences = np.minimum(own, others)
        freedom = np.maximum(1, sentences - 1)
        spread = np.sqrt(squares * sentences / freedom)
        p = two_tailed(apart / spread, freedom)
    alone = (part >= 1) | ~(spread > 1e-12)
    return np.where(alone | (sentences < MIN_CONTRIBUTING), np.nan, p)
