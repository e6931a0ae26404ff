"""Scores of several methods on the same edges in, how far they agree at equal sparsity out.

Methods retain unequal shares, and two masks of unequal size cannot agree on every edge. Here every
method retains, in every example, as many of its messages (an edge in a layer) as the first one
does: those with its highest scores. The messages are the subjects, two methods the raters.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.agreement import coefficients
from linguagraph.aggregates.items import IntArray, dense_codes
from linguagraph.aggregates.shared_edges import cohen_kappa
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    ratio_table,
    resample,
)
from linguagraph.errors import TableError

__all__ = ["KEYS", "at_equal_sparsity", "join_scores", "method_agreement", "method_labels"]

KEYS = ("sentence", "predicate_index", "layer", "edge")
"""What names a message in all runs over one corpus and one model."""

MEASURES = ("cohen_kappa", "gwet_ac1", "raw_agreement", "jaccard")


def join_scores(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Mean scores over seeds of the messages that all methods rate.

    Args:
        runs: :data:`linguagraph.columns.EDGES` by name of the method, over one model and corpus.

    Returns:
        One row per message: :data:`KEYS`, ``label``, ``direction``, ``retained`` (share of the
        first method's seeds that retain it), and a column of scores per method, by its name.

    Raises:
        TableError: the methods have no message in common.
    """
    joined: pd.DataFrame | None = None
    for name, edges in runs.items():
        found = edges.groupby(list(KEYS), observed=True)["score"].mean().rename(name)
        if joined is None:
            first = edges.groupby(list(KEYS), observed=True)
            facts = first.agg({"label": "first", "direction": "first", "retained": "mean"})
            joined = facts.join(found)
        else:
            joined = joined.join(found, how="inner")
    if joined is None or joined.empty:
        raise TableError("the runs have no message in common; compare runs of one model and corpus")
    return joined.reset_index()


def at_equal_sparsity(
    scores: pd.DataFrame, names: tuple[str, ...], *, seed: int = 0
) -> NDArray[np.bool_]:
    """What each method retains when it may retain as many messages per example as the first.

    Ties are broken at random, for every method anew, so that two methods that score everything
    alike do not agree for that.

    Args:
        scores: from :func:`join_scores`.
        names: of the methods.
        seed: of the ties.

    Returns:
        bool [messages, methods].
    """
    example, examples = _examples(scores)
    wanted = np.bincount(example, weights=scores["retained"], minlength=examples)
    size = np.rint(wanted).astype(np.intp)
    starts = np.cumsum(np.bincount(example, minlength=examples)) - np.bincount(
        example, minlength=examples
    )
    kept = np.zeros((len(scores), len(names)), dtype=bool)
    random = np.random.default_rng(seed)
    for place, name in enumerate(names):
        order = np.lexsort((random.random(len(scores)), -scores[name].to_numpy(), example))
        rank = np.arange(len(order)) - starts[example[order]]
        kept[order, place] = rank < size[example[order]]
    return kept


def method_agreement(
    scores: pd.DataFrame,
    kept: NDArray[np.bool_],
    names: tuple[str, ...],
    *,
    resampling: Resampling,
) -> pd.DataFrame:
    """Agreement of every pair of methods at equal sparsity, and rank correlation of their scores.

    Args:
        scores, kept: from :func:`join_scores` and :func:`at_equal_sparsity`.
        names: of the methods.
        resampling: of sentences.

    Returns:
        A row per pair ``first``, ``second``: ``n`` messages, ``share`` that either retains,
        ``cohen_kappa``, ``gwet_ac1``, ``raw_agreement``, ``jaccard`` (what both retain of what
        either does) and ``rank_correlation`` (Spearman's within an example, mean over the
        ``examples`` in which both scores vary), each with ``_low`` and ``_high``.
    """
    sentence, sentences = dense_codes(scores["sentence"].to_numpy())
    size = len(sentences)
    example, examples = _examples(scores)
    owner = np.zeros(examples, dtype=np.intp)
    owner[example] = sentence
    n = np.bincount(sentence, minlength=size).astype(float)
    rows = []
    ranks = {name: _ranks(scores[name], example) for name in names}
    for i, j in combinations(range(len(names)), 2):
        each = (kept[:, i], kept[:, j], kept[:, i] & kept[:, j])
        counts = [np.bincount(sentence[flags], minlength=size).astype(float) for flags in each]
        rho = _correlations(ranks[names[i]], ranks[names[j]], example, examples)
        known = ~np.isnan(rho)
        summed = np.bincount(owner[known], weights=rho[known], minlength=size)
        there = np.bincount(owner[known], minlength=size).astype(float)
        cells = np.stack([n, *counts, summed, there], axis=1)
        (sums,) = resample(cells, resampling=resampling)
        values, samples = _measures(sums.total), _measures(sums.samples)
        row: dict[str, object] = {"first": names[i], "second": names[j], "n": len(scores)}
        row |= {"share": float(kept[:, i].mean()), "examples": int(known.sum())}
        for name, value in values.items():
            low, high = percentile_interval(samples[name], level=resampling.level)
            row |= {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}
        rows.append(row)
    return pd.DataFrame(rows)


def method_labels(
    scores: pd.DataFrame,
    kept: NDArray[np.bool_],
    names: tuple[str, ...],
    *,
    resampling: Resampling,
) -> pd.DataFrame:
    """Share of each label's messages that every method retains at equal sparsity.

    Returns:
        A row per ``method``, ``label`` and ``direction``, labels with most messages first, with the
        columns of :func:`linguagraph.aggregates.statistics.ratio_table`.
    """
    sentence, sentences = dense_codes(scores["sentence"].to_numpy())
    groups = scores.groupby(["label", "direction"], observed=True)
    code = groups.ngroup().to_numpy()
    index = scores[["label", "direction"]].assign(code=code).drop_duplicates("code")
    index = index.sort_values("code", ignore_index=True).drop(columns="code")
    shape = (len(sentences), len(index))
    cell = sentence * shape[1] + code

    def tally(weights: NDArray[np.generic]) -> FloatArray:
        flat = np.bincount(cell, weights=weights, minlength=shape[0] * shape[1])
        return np.asarray(flat.reshape(shape), dtype=np.float64)

    totals = tally(np.ones(len(scores)))
    hits = [tally(column) for column in kept.T]
    *found, there = resample(*hits, totals, resampling=resampling)
    parts = [
        pd.concat([index.assign(method=name), ratio_table(k, there, resampling=resampling)], axis=1)
        for name, k in zip(names, found, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True).sort_values("n", ascending=False, kind="stable")
    return table[["method", *(c for c in table.columns if c != "method")]].reset_index(drop=True)


def _examples(scores: pd.DataFrame) -> tuple[IntArray, int]:
    """Code of each message's example, and how many there are."""
    code = scores.groupby(["sentence", "predicate_index"], observed=True).ngroup().to_numpy()
    return code.astype(np.intp), int(code.max(initial=-1)) + 1


def _ranks(values: pd.Series, example: IntArray) -> FloatArray:
    """Ranks within the example, ties averaged."""
    return values.groupby(example).rank().to_numpy(dtype=np.float64)


def _correlations(
    first: FloatArray, second: FloatArray, example: IntArray, examples: int
) -> FloatArray:
    """Pearson's correlation of ranks in each example; NaN where one of them does not vary."""
    size = np.bincount(example, minlength=examples)

    def centred(values: FloatArray) -> FloatArray:
        mean = np.bincount(example, weights=values, minlength=examples) / np.maximum(size, 1)
        return np.asarray(values - mean[example])

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(example, weights=values, minlength=examples))

    a, b = centred(first), centred(second)
    spread = total(a * a) * total(b * b)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 0, total(a * b) / np.sqrt(spread), np.nan))


def _measures(cells: FloatArray) -> dict[str, FloatArray]:
    """Counts n, first, second, both, sum of correlations and their number [..., 6] -> measures."""
    n, first, second, both, summed, there = np.moveaxis(cells, -1, 0)
    votes = first + second
    pair = coefficients(n, votes, votes + 2 * both, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        jaccard = np.asarray(both / (votes - both))
        mean = np.asarray(np.where(there > 0, summed / there, np.nan))
    return {
        "cohen_kappa": cohen_kappa(both, first, second, n),
        "gwet_ac1": pair["gwet_ac1"],
        "raw_agreement": pair["raw_agreement"],
        "jaccard": jaccard,
        "rank_correlation": mean,
    }
