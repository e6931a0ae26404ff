"""The edge tables of one text with two sets of trees in, agreement on what the trees share out.

An edge is *shared* if both trees have it: the same example, head, dependent and direction, with
any label or with the same one. Only dependencies within the example's own sentence are compared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.agreement import coefficients
from linguagraph.aggregates.items import ALL
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    resample,
)

__all__ = ["cohen_kappa", "mask_agreement"]

_MEASURES = ("cohen_kappa", "fleiss_kappa", "raw_agreement")


def mask_agreement(
    gold: pd.DataFrame, predicted: pd.DataFrame, *, resampling: Resampling
) -> pd.DataFrame:
    """Agreement of the two masks on the edges that both trees share.

    The items are edges, each in every layer and under every probe seed; the two masks that the same
    probe gives with either tree are the raters.

    Args:
        gold, predicted: edge tables (:data:`linguagraph.columns.EDGES`).

    Returns:
        ``edges`` ("any label", "same label") and ``layer`` ("all", "0" ...): ``n`` (items),
        ``of_gold`` (share of the gold run's items), ``cohen_kappa``, ``fleiss_kappa`` and
        ``raw_agreement``, each with ``_low`` and ``_high`` (percentile interval over resampled
        sentences; resamples in which a coefficient is undefined are left out), ``retained_gold``
        and ``retained_predicted`` (shares of the items). NaN where undefined.
    """
    gold, predicted = (_dependencies(table) for table in (gold, predicted))
    shared = _shared(gold, predicted)
    layers = sorted(gold["layer"].unique().tolist())
    rows = []
    for name, part in (("any label", shared), ("same label", shared[shared["same_label"]])):
        for layer in (ALL, *layers):
            here = part if layer == ALL else part[part["layer"] == layer]
            total = len(gold) if layer == ALL else int((gold["layer"] == layer).sum())
            rows.append({"edges": name, "layer": str(layer), **_row(here, total, resampling)})
    return pd.DataFrame(rows)


def cohen_kappa(
    both: FloatArray, first: FloatArray, second: FloatArray, n: FloatArray
) -> FloatArray:
    """Cohen's kappa (1960) of two masks, elementwise; NaN where chance agreement is 1 or n is 0.

    Args:
        both, first, second: edges that both, the first and the second mask retain.
        n: edges.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (n - first - second + 2 * both) / n
        chance = (first * second + (n - first) * (n - second)) / n**2
        return np.asarray(np.where(chance < 1, (observed - chance) / (1 - chance), np.nan))


def _dependencies(edges: pd.DataFrame) -> pd.DataFrame:
    own = (edges["source_offset"] == 0) & (edges["target_offset"] == 0)
    own &= edges["kind"] == "dependency"
    return edges if own.all() else edges[own]


def _shared(gold: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Edges that both runs have: sentence, layer, same_label, retained_gold, retained_predicted."""
    runs = (gold, predicted)
    pair = [t["sentence"].to_numpy(np.int64) << 32 | t["predicate_index"] for t in runs]
    _, example = np.unique(np.concatenate(pair), return_inverse=True)
    parts = np.split(example.astype(np.int64), [len(gold)])
    columns = ("layer", "seed", "source", "target")
    sizes = {name: 1 + max(int(t[name].max()) for t in runs) for name in columns}
    keys = []
    for table, key in zip(runs, parts, strict=True):
        for name in columns:
            key = key * sizes[name] + table[name].to_numpy(np.int64)
        keys.append(key * 2 + (table["direction"] == "->").to_numpy(np.int64))
    _, first, second = np.intersect1d(keys[0], keys[1], return_indices=True)
    labels = [t["label"].astype("category") for t in runs]
    names = labels[0].cat.categories.union(labels[1].cat.categories)
    code = [label.cat.set_categories(names).cat.codes.to_numpy() for label in labels]
    return pd.DataFrame(
        {
            "sentence": gold["sentence"].to_numpy()[first],
            "layer": gold["layer"].to_numpy()[first],
            "same_label": code[0][first] == code[1][second],
            "retained_gold": gold["retained"].to_numpy()[first],
            "retained_predicted": predicted["retained"].to_numpy()[second],
        }
    )


def _row(shared: pd.DataFrame, total: int, resampling: Resampling) -> dict[str, float]:
    gold, predicted = (shared[f"retained_{run}"].astype(float) for run in ("gold", "predicted"))
    counts = pd.DataFrame(
        {"n": 1.0, "gold": gold, "predicted": predicted, "both": gold * predicted}
    )
    sums = counts.groupby(shared["sentence"].to_numpy()).sum()
    (found,) = resample(sums.to_numpy(dtype=np.float64), resampling=resampling)
    values, samples = _agreement(found.total), _agreement(found.samples)
    n = found.total[0]
    row = {"n": int(n), "of_gold": n / total if total else float("nan")}
    for name in _MEASURES:
        low, high = percentile_interval(samples[name], level=resampling.level)
        row |= {name: float(values[name]), f"{name}_low": float(low), f"{name}_high": float(high)}
    shares = found.total[1:3] / n if n else np.full(2, np.nan)
    return row | {"retained_gold": float(shares[0]), "retained_predicted": float(shares[1])}


def _agreement(cells: FloatArray) -> dict[str, FloatArray]:
    """Coefficients from n, gold, predicted and both [..., 4]: the two masks are the raters."""
    n, gold, predicted, both = (cells[..., field] for field in range(4))
    votes = gold + predicted
    found = coefficients(n, votes, votes + 2 * both, 2)
    return {**found, "cohen_kappa": cohen_kappa(both, gold, predicted, n)}
