"""The score tables of several runs in, their scores side by side and what sets them apart, out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from linguagraph.aggregates.faithfulness import CONDITIONS, ORIGINAL
from linguagraph.aggregates.items import require_one
from linguagraph.aggregates.prf import interval, prf
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    resample,
)

__all__ = ["compared_scores"]

_FIELDS = ["correct", "predicted", "gold", "kept", "edges"]


def compared_scores(scores: Mapping[str, pd.DataFrame], *, resampling: Resampling) -> pd.DataFrame:
    """Scores of every condition and run, and their differences from the first run.

    Args:
        scores: :data:`linguagraph.columns.SCORES` by name of the run.

    Returns:
        One row per ``condition`` and ``run`` that has it: ``seeds``, ``gold`` (cases); ``kept``
        (share of the edges); ``score`` (F1, mean over seeds) with ``score_low``, ``score_high``;
        ``loss`` against the same run with all edges and ``difference`` from the first run, each
        with ``_low`` and ``_high``. Intervals are over the sentences that all runs have, the same
        resamples for all runs, so that differences are paired.

    Raises:
        TableError: a table holds several models or methods.
    """
    for table in scores.values():
        require_one(table, "model", "method")
    found = [np.unique(table["sentence"].to_numpy()) for table in scores.values()]
    common = found[0]
    for other in found[1:]:
        common = np.intersect1d(common, other, assume_unique=True)
    present = {str(c) for table in scores.values() for c in table["condition"].unique()}
    order = [c for c in CONDITIONS if c in present] + sorted(present - set(CONDITIONS))
    sums: dict[tuple[str, str], Sums] = {}
    for name, table in scores.items():
        own = table[np.isin(table["sentence"].to_numpy(), common)]
        for condition in order:
            part = own[own["condition"] == condition]
            if len(part):
                counts = _counts(part, common)
                (sums[condition, name],) = resample(counts, resampling=resampling)
    first = next(iter(scores))
    rows = [
        {"condition": condition, "run": name, **_row(sums, condition, name, first, resampling)}
        for condition in order
        for name in scores
        if (condition, name) in sums
    ]
    return pd.DataFrame(rows)


def _counts(part: pd.DataFrame, sentences: np.ndarray) -> FloatArray:
    """Counts [sentences, seeds, fields]."""
    seeds, seed = np.unique(part["seed"].to_numpy(), return_inverse=True)
    place = np.searchsorted(sentences, part["sentence"].to_numpy())
    shape = (len(sentences), len(seeds))
    cell = place * len(seeds) + seed
    size = shape[0] * shape[1]
    fields = [np.bincount(cell, part[name].to_numpy(), size).reshape(shape) for name in _FIELDS]
    return np.stack(fields, axis=-1).astype(np.float64)


def _row(
    sums: Mapping[tuple[str, str], Sums],
    condition: str,
    name: str,
    first: str,
    resampling: Resampling,
) -> dict[str, float]:
    own = sums[condition, name]
    value, samples = _score(own.total), _score(own.samples)
    low, high = interval(
        np.asarray(value), samples, own.sentences[:, 2].max(axis=0), resampling=resampling
    )
    row = {
        "seeds": own.total.shape[0],
        "gold": round(float(own.total[:, 2].mean())),
        "kept": float(own.total[:, 3].sum() / max(1.0, own.total[:, 4].sum())),
        "score": float(value),
        "score_low": float(low),
        "score_high": float(high),
    }
    for what, key in (("loss", (ORIGINAL, name)), ("difference", (condition, first))):
        base = sums.get(key)
        known = base is not None and key != (condition, name)
        values = [np.nan] * 3
        if known and base is not None:
            ends = percentile_interval(samples - _score(base.samples), level=resampling.level)
            values = [float(value - _score(base.total)), *map(float, ends)]
        for end, found in zip(("", "_low", "_high"), values, strict=True):
            row[f"{what}{end}"] = found
    return row


def _score(counts: FloatArray) -> FloatArray:
    """Counts [..., seeds, fields] -> F1 [...], mean over seeds."""
    return np.asarray(prf(counts[..., 0], counts[..., 1], counts[..., 2])[2].mean(axis=-1))
