"""The tables of one text with gold and with predicted trees in, what the trees change out.

Both runs have the same sentences and predicates, model and probes; only trees (and what the parser
predicts beside them) differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import require_one
from linguagraph.aggregates.prf import prf
from linguagraph.aggregates.shared_edges import mask_agreement
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    resample,
)
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

__all__ = ["ParseComparison", "compare_parses", "divergence"]

_EXAMPLE = ["sentence", "predicate_index"]
_CONDITIONS = {"original": "role F1, all edges", "retained_100": "role F1, retained edges"}


@dataclass(frozen=True)
class ParseComparison:
    """What changes with the trees.

    Attributes:
        measures: ``measure`` (role F1 with all and with the retained edges, retained share),
            ``gold``, ``predicted``, ``difference`` (predicted - gold) with ``low`` and ``high``
            (percentile interval over resampled sentences, paired); all shares.
        labels: ``label``, ``gold``, ``predicted`` (shares of the retained edges of each run),
            ``difference``, ``retained_gold``, ``retained_predicted`` (edges, summed over layers and
            seeds); the largest in either run first.
        divergence: Jensen-Shannon divergence in bits (0 to 1) between the two distributions of
            labels over retained edges; NaN if a run retains nothing.
        divergence_all: the same over all edges: how far the trees themselves differ.
        masks: see :func:`linguagraph.aggregates.shared_edges.mask_agreement`.
        examples: predicates that both runs have.
        unmatched: predicates that only one run has; they are left out of ``masks`` alone.
    """

    measures: pd.DataFrame
    labels: pd.DataFrame
    divergence: float
    divergence_all: float
    masks: pd.DataFrame
    examples: int
    unmatched: int


def compare_parses(
    gold: RunTables, predicted: RunTables, *, resampling: Resampling | None = None
) -> ParseComparison:
    """Compare the runs of one model on the same sentences with gold and with predicted trees.

    Raises:
        TableError: the runs have no predicate in common, or other models, methods or seeds.
    """
    resampling = resampling or Resampling()
    _check(gold, predicted)
    examples = [
        set(map(tuple, table.edges[_EXAMPLE].drop_duplicates().to_numpy().tolist()))
        for table in (gold, predicted)
    ]
    both = examples[0] & examples[1]
    if not both:
        raise TableError(
            "the two runs have no predicate in common; compare runs of the same sentences"
        )
    labels = _labels(gold.edges, predicted.edges)
    return ParseComparison(
        measures=_measures(gold, predicted, resampling),
        labels=labels,
        divergence=divergence(labels["retained_gold"], labels["retained_predicted"]),
        divergence_all=divergence(
            *_aligned(gold.edges["label"].value_counts(), predicted.edges["label"].value_counts())
        ),
        masks=mask_agreement(gold.edges, predicted.edges, resampling=resampling),
        examples=len(both),
        unmatched=len(examples[0] ^ examples[1]),
    )


def divergence(first: pd.Series, second: pd.Series) -> float:
    """Jensen-Shannon divergence in bits of two rows of counts over the same categories.

    ``H((p + q) / 2) - (H(p) + H(q)) / 2`` (Lin 1991, IEEE Transactions on Information Theory 37,
    equation 4.1 with equal weights); from 0 (equal) to 1 (nothing in common). NaN if a row is 0.
    """
    p, q = (np.asarray(counts, dtype=np.float64) for counts in (first, second))
    if p.sum() <= 0 or q.sum() <= 0:
        return float("nan")
    p, q = p / p.sum(), q / q.sum()
    return max(0.0, _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def _check(gold: RunTables, predicted: RunTables) -> None:
    both = (gold.edges, predicted.edges)
    for column in ("model", "method"):
        names = pd.concat([table[column].drop_duplicates().astype(str) for table in both])
        require_one(names.to_frame(), column)
    seeds = [sorted(table["seed"].unique().tolist()) for table in both]
    if seeds[0] != seeds[1]:
        raise TableError(f"the runs have probe seeds {seeds[0]} and {seeds[1]}; use the same ones")


def _entropy(p: FloatArray) -> float:
    known = p[p > 0]
    return float(-(known * np.log2(known)).sum())


def _aligned(first: pd.Series, second: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Counts by name -> the same with every name of both, 0 where it is absent."""
    first, second = (counts.set_axis(counts.index.astype(str)) for counts in (first, second))
    names = first.index.union(second.index)
    return first.reindex(names, fill_value=0), second.reindex(names, fill_value=0)


def _labels(gold: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    kept = (t.loc[t["retained"], "label"].value_counts() for t in (gold, predicted))
    first, second = _aligned(*kept)
    table = pd.DataFrame({"label": first.index.to_numpy(dtype=object)})
    table["gold"] = (first / max(1, first.sum())).to_numpy(dtype=float)
    table["predicted"] = (second / max(1, second.sum())).to_numpy(dtype=float)
    table["difference"] = table["predicted"] - table["gold"]
    table["retained_gold"] = first.to_numpy(dtype=np.int64)
    table["retained_predicted"] = second.to_numpy(dtype=np.int64)
    table = table[table["retained_gold"] + table["retained_predicted"] > 0]
    order = table[["gold", "predicted"]].max(axis=1).sort_values(ascending=False, kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def _measures(gold: RunTables, predicted: RunTables, resampling: Resampling) -> pd.DataFrame:
    """Rows of counts per sentence: both runs in one array, so that resamples are paired."""
    found = (t["sentence"].unique() for run in (gold, predicted) for t in (run.scores, run.edges))
    numbers = pd.Index(np.unique(np.concatenate(list(found))))
    rows: list[tuple[object, ...]] = []
    for condition, name in _CONDITIONS.items():
        if all((t.scores["condition"] == condition).any() for t in (gold, predicted)):
            counts = np.stack(
                [_triples(t.scores, condition, numbers) for t in (gold, predicted)], 1
            )
            rows.append((name, *_change(counts, resampling, triples=True)))
    edges = np.stack([_kept(t.edges, numbers) for t in (gold, predicted)], axis=1)
    rows.append(("retained share", *_change(edges, resampling, triples=False)))
    columns = ["measure", "gold", "predicted", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _change(
    counts: FloatArray, resampling: Resampling, *, triples: bool
) -> tuple[float, float, float, float, float]:
    """Counts [sentences, 2, fields] -> both values, their difference and its interval."""
    (sums,) = resample(counts, resampling=resampling)

    def value(cells: FloatArray) -> FloatArray:
        if triples:
            return prf(cells[..., 0], cells[..., 1], cells[..., 2])[2]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(cells[..., 0] / cells[..., 1])

    first, second = value(sums.total)
    samples = value(sums.samples)
    low, high = percentile_interval(samples[:, 1] - samples[:, 0], level=resampling.level)
    return float(first), float(second), float(second - first), float(low), float(high)


def _triples(scores: pd.DataFrame, condition: str, numbers: pd.Index) -> FloatArray:
    """[sentences, 3]: correct, predicted and gold triples, mean over seeds."""
    found = scores[scores["condition"] == condition]
    sums = found.groupby("sentence")[["correct", "predicted", "gold"]].sum()
    values = sums.reindex(numbers, fill_value=0).to_numpy(dtype=np.float64)
    return np.asarray(values / max(1, found["seed"].nunique()))


def _kept(edges: pd.DataFrame, numbers: pd.Index) -> FloatArray:
    """[sentences, 2]: retained edges and all edges, over layers and seeds."""
    sums = edges.groupby("sentence")["retained"].agg(["sum", "size"])
    return sums.reindex(numbers, fill_value=0).to_numpy(dtype=np.float64)
