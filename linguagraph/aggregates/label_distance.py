"""Two runs on the same examples in, how far apart the labels of what they retain are, out.

The distance is Jensen-Shannon's, the square root of the divergence in bits (Endres and Schindelin
2003): 0 for equal distributions of retained edges over labels and directions, 1 for distributions
with nothing in common. As an estimate from counts it is never below 0 and so too large on average,
the more so the fewer edges are retained. Two things say how much of it is more than chance:

* the interval: a basic bootstrap interval of the divergence over sentences, which takes the bias of
  the estimate off, cut at 0 and 1; it holds the probes fixed;
* seeds: the mean distance between two seeds of one run, beside that between seeds of both runs.

There is no p-value: exchanging the runs within sentences evens out how much they retain, and would
call runs different in their labels that only retain different amounts.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, IntArray, predicate_types
from linguagraph.aggregates.levels import EdgeVotes
from linguagraph.aggregates.matching import joint_codes
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    resample,
)

__all__ = ["jensen_shannon", "label_distances"]


def label_distances(
    first: EdgeVotes, second: EdgeVotes, levels: list[str], *, resampling: Resampling
) -> pd.DataFrame:
    """Jensen-Shannon distance between the labels of the retained edges, by layer and type.

    Returns:
        ``layer``, ``predicate_type`` ("all" first), ``retained_first``, ``retained_second`` (edges,
        mean over seeds), ``distance``, ``low``, ``high`` (basic bootstrap over sentences);
        ``between_runs``: mean over pairs of a seed of either run; ``seeds_first``,
        ``seeds_second``: the same over pairs of seeds of one run, NaN with one. NaN where a run
        retains nothing.
    """
    runs = (first, second)
    sentences = np.union1d(first.sentence, second.sentence)
    labels, names = joint_codes(runs, ("label", "direction"))
    kinds, types = joint_codes(runs, ("predicate_type",))
    places, order = predicate_types(np.arange(len(types)), [t for (t,) in types])
    rows = []
    for level, name in enumerate(levels[: 1 + min(first.depth, second.depth)]):
        counts = [
            _retained(
                run,
                level,
                np.searchsorted(sentences, run.sentence),
                places[kind],
                label,
                (len(sentences), len(order), len(names)),
            )
            for run, label, kind in zip(runs, labels, kinds, strict=True)
        ]
        for place, kind_name in enumerate([ALL, *order]):
            cell = [c.sum(axis=2) if not place else c[:, :, place - 1] for c in counts]
            rows.append(
                {"layer": name, "predicate_type": kind_name, **_row(cell[0], cell[1], resampling)}
            )
    return pd.DataFrame(rows)


def jensen_shannon(first: FloatArray, second: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence in bits over the last axis of two arrays of counts; NaN for none.

    ``H((p + q) / 2) - (H(p) + H(q)) / 2`` (Lin 1991, equation 4.1 with equal weights).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (c / c.sum(axis=-1, keepdims=True) for c in (first, second))
    value = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.asarray(np.clip(value, 0.0, 1.0))


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1))


def _retained(
    run: EdgeVotes,
    level: int,
    sentence: IntArray,
    kind: IntArray,
    label: IntArray,
    shape: tuple[int, int, int],
) -> FloatArray:
    """Retained edges [sentences, seeds, types, labels]."""
    sentences, types, labels = shape
    cell = (sentence * types + kind) * labels + label
    votes = run.votes[level] == 1
    size = sentences * types * labels
    seeds = [np.bincount(cell[v], minlength=size).reshape(shape) for v in votes.T]
    return np.stack(seeds, axis=1).astype(np.float64)


def _row(first: FloatArray, second: FloatArray, resampling: Resampling) -> dict[str, float]:
    """Counts [sentences, seeds, labels] of both runs -> one row."""
    a, b = first.mean(axis=1), second.mean(axis=1)
    sums = resample(a, b, resampling=resampling)
    value = float(jensen_shannon(sums[0].total, sums[1].total))
    low, high = percentile_interval(
        jensen_shannon(sums[0].samples, sums[1].samples), level=resampling.level
    )
    ends = np.sqrt(np.clip([2 * value - float(high), 2 * value - float(low)], 0, 1))
    seeds = [first.sum(axis=0), second.sum(axis=0)]
    return {
        "retained_first": float(a.sum()),
        "retained_second": float(b.sum()),
        "distance": float(np.sqrt(value)),
        "low": float(ends[0]),
        "high": float(ends[1]),
        "between_runs": _mean([(p, q) for p, q in product(*seeds)]),
        "seeds_first": _mean(list(combinations(seeds[0], 2))),
        "seeds_second": _mean(list(combinations(seeds[1], 2))),
    }


def _mean(pairs: list[tuple[FloatArray, FloatArray]]) -> float:
    """Mean distance of pairs of counts; NaN without pairs."""
    if not pairs:
        return float("nan")
    return float(np.mean([np.sqrt(jensen_shannon(p, q)) for p, q in pairs]))
