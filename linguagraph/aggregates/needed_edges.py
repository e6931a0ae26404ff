"""Items whose truth is known in, precision, recall and F1 of the retained edges out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import ALL, Items
from linguagraph.aggregates.prf import MEASURES, interval, prf
from linguagraph.aggregates.statistics import FloatArray, Resampling, resample

__all__ = ["needed_edges"]


def needed_edges(items: Items, *, resampling: Resampling) -> pd.DataFrame:
    """How well retained edges match those that are needed by construction of the data.

    Edges are counted over all graphs (micro-averages); edges of which nobody knows are left out.

    Returns:
        A row per ``layer`` ("all" first) and ``seed`` ("mean" first): ``needed``, ``retained``,
        ``correct`` (edges; means over seeds in the mean rows), ``precision``, ``recall`` and
        ``f1``, each with ``_low`` and ``_high`` (over resampled graphs, the probes fixed; Wilson's
        over graphs where all is right or wrong) and, in the mean rows, ``_sd`` over seeds. Empty
        where nothing is known.
    """
    codes, names = items.codes("needed")
    truth = np.array([{"yes": 1, "no": 0}.get(name, -1) for name in names] or [-1])[codes]
    if not (truth >= 0).any():
        return pd.DataFrame(columns=["layer", "seed", "needed", "retained", "correct", *MEASURES])
    layers = [ALL, *map(str, items.layers)]
    counts = np.stack(
        [
            np.stack(
                [_by_layer(items, flags) for flags in _counted(truth, votes)],
                axis=-1,
            )
            for votes in items.votes.T
        ],
        axis=1,
    )  # [graphs, seeds, layers, (correct, retained, needed)]
    (sums,) = resample(counts, resampling=resampling)
    values = np.stack(prf(*np.moveaxis(sums.total, -1, 0)), -1)
    samples = np.stack(prf(*np.moveaxis(sums.samples, -1, 0)), -1)
    graphs = sums.sentences.max(axis=-1)
    rows = []
    for place, layer in enumerate(layers):
        mean = {"layer": layer, "seed": "mean", **_counts(sums.total[:, place].mean(0))}
        rows.append(
            mean | _measures(values[:, place], samples[:, :, place], graphs[:, place], resampling)
        )
        for number, seed in enumerate(items.seeds):
            one = slice(number, number + 1)
            row = {"layer": layer, "seed": str(seed), **_counts(sums.total[number, place])}
            rows.append(
                row
                | _measures(
                    values[one, place], samples[:, one, place], graphs[one, place], resampling
                )
            )
    return pd.DataFrame(rows)


def _counted(truth: np.ndarray, votes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Flags [items] of the edges that are correct, retained and needed, where both are known."""
    known = (truth >= 0) & (votes >= 0)
    return known & (truth == 1) & (votes == 1), known & (votes == 1), known & (truth == 1)


def _by_layer(items: Items, flags: np.ndarray) -> FloatArray:
    """Counts [graphs, layers], all layers together first."""
    counts = items.tally(items.layer, len(items.layers), flags)
    return np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1)


def _counts(total: FloatArray) -> dict[str, float]:
    return dict(zip(("correct", "retained", "needed"), map(float, total), strict=True))


def _measures(
    values: FloatArray, samples: FloatArray, graphs: np.ndarray, resampling: Resampling
) -> dict[str, float]:
    """Mean over seeds (the first axis) of each measure with its interval and spread."""
    mean, drawn = values.mean(axis=0), samples.mean(axis=1)
    low, high = interval(mean, drawn, graphs.max(initial=0), resampling=resampling)
    found: dict[str, float] = {}
    for place, name in enumerate(MEASURES):
        spread = float(values[:, place].std(ddof=1)) if len(values) > 1 else float("nan")
        found |= {
            name: float(mean[place]),
            f"{name}_low": float(low[place]),
            f"{name}_high": float(high[place]),
            f"{name}_sd": spread,
        }
    return found
