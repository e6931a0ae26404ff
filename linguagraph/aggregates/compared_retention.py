"""Several runs on the same examples in, what each retains, layer by layer, side by side, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.levels import EdgeVotes
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    ratio_table,
    resample,
)

__all__ = ["compared_retention"]


def compared_retention(
    runs: Mapping[str, EdgeVotes], levels: Sequence[str], *, resampling: Resampling
) -> pd.DataFrame:
    """Retained share by level and run, and its difference from the first run.

    Args:
        runs: on the same examples, by name.
        levels: from :func:`~linguagraph.aggregates.levels.level_names`.

    Returns:
        A row per ``layer`` (the levels, and last "all": an edge counts once for each layer) and
        ``run`` that has it: ``n`` (edges), ``k`` (retained, mean over seeds), ``share`` with
        ``share_low``, ``share_high``; ``sd`` over seeds (NaN with one); ``difference`` from the
        first run with ``_low``, ``_high`` (paired, over sentences; NaN for itself).
    """
    sentences = np.unique(np.concatenate([run.sentence for run in runs.values()]))
    found: dict[tuple[str, str], tuple[Sums, Sums]] = {}
    for name, run in runs.items():
        hits, totals = _counts(run, sentences)
        for level, own, every in _levels(levels, hits, totals):
            kept, rated = resample(own, every, resampling=resampling)
            found[level, name] = kept, rated
    first = next(iter(runs))
    rows = [
        {"layer": level, "run": name, **_row(found, level, name, first, resampling)}
        for level in (*levels, ALL)
        for name in runs
        if (level, name) in found
    ]
    return pd.DataFrame(rows)


def _levels(
    levels: Sequence[str], hits: FloatArray, totals: FloatArray
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Counts [sentences, seeds] of each level, and of all layers together."""
    for place in range(hits.shape[1]):
        yield levels[place], hits[:, place], totals[:, place]
    yield ALL, hits[:, 1:].sum(axis=1), totals[:, 1:].sum(axis=1)


def _counts(run: EdgeVotes, sentences: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Retained and all edges [sentences, levels, seeds]."""
    place = np.searchsorted(sentences, run.sentence)
    shape = (len(sentences), 1 + run.depth, run.seeds)
    hits, totals = np.zeros(shape), np.zeros(shape)
    for level in range(1 + run.depth):
        for seed in range(run.seeds):
            votes = run.votes[level, :, seed]
            for array, flags in ((hits, votes == 1), (totals, votes >= 0)):
                array[:, level, seed] = np.bincount(place, flags, len(sentences))
    return hits, totals


def _row(
    found: Mapping[tuple[str, str], tuple[Sums, Sums]],
    level: str,
    name: str,
    first: str,
    resampling: Resampling,
) -> dict[str, float]:
    hits, totals = found[level, name]
    seeds = len(hits.total)
    table = ratio_table(_over(hits), _over(totals), resampling=resampling, ratings=max(1, seeds))
    row = {"n": int(table["n"].iloc[0]), "k": float(table["k"].iloc[0])}
    for column, own in (("share", "share"), ("share_low", "low"), ("share_high", "high")):
        row[column] = float(table[own].iloc[0])
    each = hits.total / np.maximum(1, totals.total)
    row["sd"] = float(each.std(ddof=1)) if seeds > 1 else np.nan
    row |= dict.fromkeys(("difference", "difference_low", "difference_high"), np.nan)
    if name != first and (level, first) in found:
        base = found[level, first]
        low, high = percentile_interval(
            _share(hits, totals) - _share(*base), level=resampling.level
        )
        shares = [
            float(h.total.sum() / max(1.0, t.total.sum())) for h, t in (found[level, name], base)
        ]
        row |= {"difference": shares[0] - shares[1]}
        row |= {"difference_low": float(low), "difference_high": float(high)}
    return row


def _over(sums: Sums) -> Sums:
    """Add the seeds up; a sentence counts if it does with any seed."""
    most = np.asarray(sums.sentences.max(initial=0, keepdims=True))
    total = sums.total.sum(axis=-1, keepdims=True)
    return Sums(total, sums.samples.sum(axis=-1, keepdims=True), most)


def _share(hits: Sums, totals: Sums) -> FloatArray:
    """Shares of the resamples: [resamples]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(hits.samples.sum(axis=-1) / totals.samples.sum(axis=-1))
