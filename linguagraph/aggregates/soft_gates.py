"""Items in, the distribution of the model's own scalar gates out, beside what the masks retain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample

__all__ = ["soft_gate_histogram", "soft_gates"]

_FINE = 4096


def soft_gates(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """Mean and spread of the soft gates, and how many lie more than one sd below the mean.

    Every (example, layer, edge) counts once, whatever the number of seeds. Edges whose gate is
    missing are left out; without any soft gate the table is empty.

    Returns:
        One row per ``layer`` ("all" first): ``mean``, ``sd`` (over edges), ``threshold``
        (mean - sd of that row), the columns of ``ratio_table`` for the share of gates below it
        (threshold fixed over resamples); ``mean_retained`` and ``mean_superfluous`` (edges
        weighted by the seeds that retain them, or not) and ``auc``: the probability that a
        retained edge has the larger gate of a random pair of a retained and a superfluous edge
        (0.5: the gate says nothing; gates equal to 1/4096 count as ties).
    """
    gate = items.column("soft_gate").astype(np.float64)
    known = ~np.isnan(gate)
    if not known.any():
        return pd.DataFrame(columns=["layer", "mean", "sd", "threshold", "n", "k", "share"])
    rows, hits, totals = [], [], []
    chosen = [known, *(known & (items.layer == k) for k in range(len(items.layers)))]
    zero = np.zeros(len(gate), dtype=np.intp)
    for here in chosen:
        values = gate[here]
        mean, sd = (float(values.mean()), float(values.std())) if len(values) else (np.nan,) * 2
        kept, left = items.retained[here], (items.rated - items.retained)[here]
        rows.append(
            {
                "mean": mean,
                "sd": sd,
                "threshold": mean - sd,
                "mean_retained": _weighted(values, kept),
                "mean_superfluous": _weighted(values, left),
                "auc": _auc(values, kept, left),
            }
        )
        below = here & (np.nan_to_num(gate) < mean - sd)
        hits.append(items.tally(zero, 1, below))
        totals.append(items.tally(zero, 1, here))
    hit, total = resample(np.hstack(hits), np.hstack(totals), resampling=resampling)
    table = pd.DataFrame(rows)
    table.insert(0, "layer", [ALL, *map(str, items.layers)])
    shares = ratio_table(hit, total, resampling=resampling)
    first = ["layer", "mean", "sd", "threshold"]
    return pd.concat([table[first], shares, table.drop(columns=first)], axis=1)


def soft_gate_histogram(items: Items, *, bins: int = 40) -> pd.DataFrame:
    """Counts of soft gates in equal bins of [0, 1].

    Returns:
        ``gate_from``, ``gate_to``, ``gate`` (the middle), ``edges`` and ``share`` of all edges.
    """
    gate = items.column("soft_gate").astype(np.float64)
    counts, ends = np.histogram(gate[~np.isnan(gate)], bins=bins, range=(0.0, 1.0))
    return pd.DataFrame(
        {
            "gate_from": ends[:-1],
            "gate_to": ends[1:],
            "gate": (ends[:-1] + ends[1:]) / 2,
            "edges": counts.astype(np.int64),
            "share": counts / max(1, int(counts.sum())),
        }
    )


def _weighted(values: FloatArray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total else float("nan")


def _auc(values: FloatArray, positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve with weights, ties counted half, on a grid of 1/4096."""
    cell = np.clip((values * _FINE).astype(np.intp), 0, _FINE - 1)
    above = np.bincount(cell, weights=positive, minlength=_FINE)
    below = np.bincount(cell, weights=negative, minlength=_FINE)
    pairs = above.sum() * below.sum()
    if not pairs:
        return float("nan")
    smaller = np.cumsum(below) - below
    return float((above * (smaller + below / 2)).sum() / pairs)
