"""Items in, the distribution of the model's own scalar gates out, beside what the masks retain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table

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
    (sums,) = items.add(_sums)
    if not sums[0, 0]:
        return pd.DataFrame(columns=["layer", "mean", "sd", "threshold", "n", "k", "share"])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[:, 1] / sums[:, 0]
    squares, grids = items.add(lambda part: _spread(part, mean))
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(squares / sums[:, 0])
        table = pd.DataFrame(
            {
                "mean": mean,
                "sd": sd,
                "threshold": mean - sd,
                "mean_retained": sums[:, 2] / sums[:, 3],
                "mean_superfluous": sums[:, 4] / sums[:, 5],
                "auc": [_auc(*grid) for grid in grids],
            }
        )
    hit, total = items.count(lambda part: _below(part, mean - sd)).resample(resampling=resampling)
    table.insert(0, "layer", [ALL, *map(str, items.layers)])
    shares = ratio_table(hit, total, resampling=resampling)
    first = ["layer", "mean", "sd", "threshold"]
    return pd.concat([table[first], shares, table.drop(columns=first)], axis=1)


def soft_gate_histogram(items: Items, *, bins: int = 40) -> pd.DataFrame:
    """Counts of soft gates in equal bins of [0, 1].

    Returns:
        ``gate_from``, ``gate_to``, ``gate`` (the middle), ``edges`` and ``share`` of all edges.
    """

    def count(part: Items) -> tuple[np.ndarray]:
        gate = _gates(part)
        return (np.histogram(gate[~np.isnan(gate)], bins=bins, range=(0.0, 1.0))[0],)

    (counts,) = items.add(count)
    ends = np.linspace(0.0, 1.0, bins + 1)
    return pd.DataFrame(
        {
            "gate_from": ends[:-1],
            "gate_to": ends[1:],
            "gate": (ends[:-1] + ends[1:]) / 2,
            "edges": counts.astype(np.int64),
            "share": counts / max(1, int(counts.sum())),
        }
    )


def _gates(part: Items) -> FloatArray:
    return np.asarray(part.column("soft_gate")).astype(np.float64)


def _groups(part: Items, gate: FloatArray) -> Iterator[np.ndarray]:
    """Flags [items] of the known gates: of all layers, then of each."""
    known = ~np.isnan(gate)
    yield known
    for layer in range(len(part.layers)):
        yield known & (part.layer == layer)


def _sums(part: Items) -> tuple[FloatArray]:
    """Number and sum of the gates, and their sums by votes with these: [groups, 6]."""
    gate, rows = _gates(part), []
    for here in _groups(part, gate):
        values = gate[here]
        row = [float(len(values)), float(values.sum())]
        for votes in (part.retained[here], (part.rated - part.retained)[here]):
            row += [float((values * votes).sum()), float(votes.sum())]
        rows.append(row)
    return (np.array(rows),)


def _spread(part: Items, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Squares about the mean [groups], and votes on a grid of gates [groups, 2, 4096]."""
    gate, squares, grids = _gates(part), [], []
    for here, middle in zip(_groups(part, gate), mean, strict=True):
        values = gate[here]
        squares.append(float(((values - middle) ** 2).sum()))
        cell = np.clip((values * _FINE).astype(np.intp), 0, _FINE - 1)
        votes = (part.retained[here], (part.rated - part.retained)[here])
        grids.append([np.bincount(cell, weights=v, minlength=_FINE) for v in votes])
    return np.array(squares), np.array(grids)


def _below(part: Items, threshold: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gates below the threshold of each group, and all: two [sentences, groups]."""
    gate, hits, totals = _gates(part), [], []
    zero = np.zeros(len(gate), dtype=np.intp)
    for here, limit in zip(_groups(part, gate), threshold, strict=True):
        hits.append(part.tally(zero, 1, here & (np.nan_to_num(gate) < limit)))
        totals.append(part.tally(zero, 1, here))
    return np.hstack(hits), np.hstack(totals)


def _auc(above: FloatArray, below: FloatArray) -> float:
    """Area under the ROC curve of votes on a grid of 1/4096, ties counted half."""
    pairs = above.sum() * below.sum()
    if not pairs:
        return float("nan")
    smaller = np.cumsum(below) - below
    return float((above * (smaller + below / 2)).sum() / pairs)
