"""The score table in, what each way of dropping edges does to role F1 out (the paper's Table 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.items import ALL, IntArray
from linguagraph.aggregates.prf import MEASURES, interval, prf
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
    once,
    parts,
    places,
    require_single,
    sentences_of,
    types_of,
)

__all__ = ["CONDITIONS", "ORIGINAL", "faithfulness", "faithfulness_by_seed"]

ORIGINAL = "original"
CONDITIONS = (
    ORIGINAL,
    "retained_100",
    "retained_75",
    "retained_50",
    "retained_25",
    "retained_0",
    "random_labels",
    "random",
    "predicate_edges",
    "soft_gates_top",
    "soft_gates",
)
"""The known conditions (see :data:`linguagraph.columns.SCORES`), in the order of the report."""

_FIELDS = ("correct", "predicted", "gold", "kept", "edges")


@dataclass(frozen=True)
class _Counts:
    """Counts [sentences, 1 + types, fields] of runs; a run is a condition with one seed."""

    runs: list[tuple[str, int]]
    conditions: list[str]
    types: list[str]
    counts: Blocks


def faithfulness(
    scores: Rows, *, resampling: Resampling, reference: str = ORIGINAL
) -> pd.DataFrame:
    """Scores of each condition, mean over seeds, and their difference from a reference.

    Args:
        scores: :data:`linguagraph.columns.SCORES`.
        reference: the condition that the others are compared with; the unmasked model by default.

    Returns:
        One row per ``condition`` and ``predicate_type`` ("all" first): ``seeds``; ``gold``
        (triples); ``precision``, ``recall``, ``f1`` (means over seeds), each with ``_sd`` (over
        seeds, n - 1; NaN for one seed), ``_low`` and ``_high`` (over sentences); ``difference``
        of f1 from the reference with ``_sd``, ``_low``, ``_high`` (the same resamples, so paired),
        NaN where it is not there; ``edges``, ``kept`` (share of them kept), ``kept_low``,
        ``kept_high``.
    """
    data = _counts(scores)
    key = ("faithfulness", resampling)
    (sums,) = once(scores, key, lambda: data.counts.resample(resampling=resampling))
    runs = np.array([data.conditions.index(condition) for condition, _ in data.runs], dtype=np.intp)
    values, samples = _scores(sums.total), _scores(sums.samples)
    base = runs == data.conditions.index(reference) if reference in data.conditions else None
    rows = []
    for place, condition in enumerate(data.conditions):
        here = runs == place
        row = pd.DataFrame({"condition": condition, "predicate_type": [ALL, *data.types]})
        row["seeds"] = int(here.sum())
        row["gold"] = np.rint(sums.total[..., 2][here].mean(axis=0)).astype(np.int64)
        sentences = sums.sentences[..., 2][here].max(axis=0)
        for name, value, sample in zip(MEASURES, values, samples, strict=True):
            row[name] = value[here].mean(axis=0)
            row[f"{name}_sd"] = _sd(value[here])
            row[f"{name}_low"], row[f"{name}_high"] = interval(
                value[here].mean(axis=0),
                sample[:, here].mean(axis=1),
                sentences,
                resampling=resampling,
            )
        rows.append(row.assign(**_difference(values[2], samples[2], here, base, resampling)))
        rows[-1] = pd.concat([rows[-1], _kept(sums, here, resampling)], axis=1)
    return pd.concat(rows, ignore_index=True) if rows else _nothing()


def faithfulness_by_seed(scores: Rows) -> pd.DataFrame:
    """Scores of each condition and seed over all predicate types.

    Returns:
        ``condition``, ``seed`` (-1 where the condition has none), ``gold``, ``predicted``,
        ``correct`` (triples), ``precision``, ``recall``, ``f1``, ``edges`` and ``kept`` (share).
    """
    data = _counts(scores)
    total = data.counts.add(lambda counts: (counts.sum(axis=0),))[0][:, 0]
    table = pd.DataFrame(data.runs, columns=["condition", "seed"])
    for name in ("gold", "predicted", "correct"):
        table[name] = total[:, _FIELDS.index(name)].astype(np.int64)
    for name, value in zip(MEASURES, _scores(total), strict=True):
        table[name] = value
    table["edges"] = total[:, 4].astype(np.int64)
    table["kept"] = total[:, 3] / np.where(total[:, 4] > 0, total[:, 4], np.nan)
    return table


def _counts(scores: Rows) -> _Counts:
    counts: _Counts = once(scores, "counts", lambda: _counted(scores))
    return counts


def _counted(scores: Rows) -> _Counts:
    require_single(scores, "model", "method")
    present = [str(name) for name in distinct(scores, "condition")]
    known = [c for c in CONDITIONS if c in present]
    conditions = known + sorted(set(present) - set(known))
    seeds, types = np.array(distinct(scores, "seed"), dtype=np.int64), types_of(scores)
    every = max(1, len(seeds))

    def run(part: pd.DataFrame) -> IntArray:
        seed = np.searchsorted(seeds, part["seed"].to_numpy())
        return np.asarray(places(part["condition"], conditions) * every + seed, dtype=np.intp)

    found = [np.unique(run(part)) for part in parts(scores)]
    keys = np.unique(np.concatenate(found))

    def count(part: pd.DataFrame) -> tuple[FloatArray]:
        sentence, sentences = sentences_of(part)
        shape = (sentences, len(keys), len(types))
        cell = sentence * len(keys) + np.searchsorted(keys, run(part))
        cell = cell * len(types) + places(part["predicate_type"], types)
        counts = [
            np.bincount(cell, weights=part[name].to_numpy(), minlength=int(np.prod(shape)))
            for name in _FIELDS
        ]
        array = np.stack([c.reshape(shape) for c in counts], axis=-1)
        array = np.concatenate([array.sum(axis=2, keepdims=True), array], axis=2)
        return (array.astype(np.float64),)

    runs = [(conditions[int(k) // every], int(seeds[int(k) % every])) for k in keys]
    return _Counts(runs, conditions, types, count_rows(scores, count))


def _scores(counts: FloatArray) -> tuple[FloatArray, ...]:
    return prf(counts[..., 0], counts[..., 1], counts[..., 2])


def _sd(values: FloatArray) -> FloatArray:
    """Standard deviation over the first axis (seeds); NaN for fewer than two."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return np.asarray(values.std(axis=0, ddof=1))


def _difference(
    value: FloatArray,
    samples: FloatArray,
    here: np.ndarray,
    base: np.ndarray | None,
    resampling: Resampling,
) -> dict[str, FloatArray]:
    names = ("difference", "difference_sd", "difference_low", "difference_high")
    if base is None:
        return dict.fromkeys(names, np.full(value.shape[1], np.nan))
    start, start_samples = value[base].mean(axis=0), samples[:, base].mean(axis=1)
    change = samples[:, here].mean(axis=1) - start_samples
    low, high = percentile_interval(change, level=resampling.level)
    return dict(
        zip(
            names,
            (value[here].mean(axis=0) - start, _sd(value[here] - start), low, high),
            strict=True,
        )
    )


def _kept(sums: Sums, here: np.ndarray, resampling: Resampling) -> pd.DataFrame:
    kept, edges = (
        Sums(
            sums.total[..., field][here].sum(axis=0),
            sums.samples[..., field][:, here].sum(axis=1),
            sums.sentences[..., field][here].max(axis=0),
        )
        for field in (3, 4)
    )
    table = ratio_table(kept, edges, resampling=resampling, ratings=int(here.sum()))
    names = {"n": "edges", "share": "kept", "low": "kept_low", "high": "kept_high"}
    return table[list(names)].rename(columns=names)


def _nothing() -> pd.DataFrame:
    measures = [f"{m}{end}" for m in MEASURES for end in ("", "_sd", "_low", "_high")]
    difference = [f"difference{end}" for end in ("", "_sd", "_low", "_high")]
    columns = ["condition", "predicate_type", "seeds", "gold", *measures, *difference]
    return pd.DataFrame(columns=[*columns, "edges", "kept", "kept_low", "kept_high"])
