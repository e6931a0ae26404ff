"""Two runs on the same examples in, differences of retained shares by label, type and layer out.

A cell is a label and direction, a predicate type ("all" too) and a level (any layer, then layer by
layer). Both runs see the same sentences, so every difference is paired: the interval comes from one
set of resampled sentences for both runs, the p-value from the variance over sentences of the two
influence functions' difference (see :mod:`linguagraph.aggregates.contrasts`), which, unlike the
share of resamples beyond 0, can be as small as a correction for hundreds of tests needs.

Two probes of one model differ too, so both the interval and the p-value also hold what the seeds of
either run add (see :mod:`linguagraph.aggregates.seed_spread`): a difference is one between models,
not between the probes that happened to be trained. Of a run with one seed the probe is held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.contrasts import contrast_table, holm
from linguagraph.aggregates.items import ALL, IntArray, predicate_types
from linguagraph.aggregates.levels import EdgeVotes
from linguagraph.aggregates.matching import joint_codes
from linguagraph.aggregates.seed_spread import SeedSpread, seed_spread
from linguagraph.aggregates.statistics import FloatArray, Resampling

__all__ = ["Cells", "benjamini_hochberg", "cohen_h", "compile_cells", "differences", "paired_table"]

_WHOLE = "all labels"

_KEYS = ["label", "direction", "predicate_type", "layer"]


@dataclass(frozen=True)
class Cells:
    """Counts of two runs by sentence and cell; S sentences, C cells that occur.

    Attributes:
        index: [C] ``label``, ``direction``, ``predicate_type``, ``layer``.
        hits, totals: of each run [S, C]: retained edges (mean over seeds), and edges.
        seeds: what the seeds add to the variance of the difference; none with one seed each.
    """

    index: pd.DataFrame
    hits: tuple[FloatArray, FloatArray]
    totals: tuple[FloatArray, FloatArray]
    seeds: SeedSpread | None


def differences(
    first: EdgeVotes, second: EdgeVotes, levels: list[str], *, resampling: Resampling
) -> pd.DataFrame:
    """Differences ``second - first`` of the retained share, one row per cell.

    Args:
        first, second: runs on the same examples (:func:`~linguagraph.aggregates.matching`).
        levels: names of the levels that both have, see
            :func:`~linguagraph.aggregates.levels.level_names`; surplus names are ignored.
        resampling: resamples, seed, level, and the number of edges that a cell needs in both runs
            to be tested.

    Returns:
        ``label``, ``direction`` ("all labels" and "" first), ``predicate_type`` ("all" first),
        ``layer``; the columns of :func:`paired_table`; n in edges. Largest cells first within a
        layer and type.
    """
    cells = compile_cells(first, second, levels)
    table = paired_table(
        cells.index, cells.hits, cells.totals, resampling=resampling, seeds=cells.seeds
    )
    place = {name: i for i, name in enumerate(levels)}
    types = {name: i for i, name in enumerate(dict.fromkeys(table["predicate_type"]))}
    order = pd.DataFrame(
        {
            "level": table["layer"].map(place),
            "type": table["predicate_type"].map(types),
            "whole": table["label"] != _WHOLE,
            "n": -np.maximum(table["n_first"], table["n_second"]),
        }
    )
    order = order.sort_values(list(order.columns), kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def paired_table(
    index: pd.DataFrame,
    hits: tuple[FloatArray, FloatArray],
    totals: tuple[FloatArray, FloatArray],
    *,
    resampling: Resampling,
    seeds: SeedSpread | None = None,
) -> pd.DataFrame:
    """Differences ``second - first`` of shares, with effect size and corrected p-values.

    Args:
        index: [C] what each row is.
        hits, totals: of each run, [S, C].
        resampling: resamples, seed, level and least n of a test.
        seeds: what seeds add to the variance of each row; without it they are held fixed.

    Returns:
        The index with ``n_first``, ``share_first``, ``n_second``, ``share_second``,
        ``difference``, ``low``, ``high`` (paired interval over sentences, and seeds), ``h``
        (Cohen's h), ``seed_error`` (standard error that seeds add; NaN where they are held fixed),
        ``p``, ``p_holm``, ``p_bh`` (over all rows that are tested) and ``small``: fewer than
        ``resampling.min_n`` cases in either run; then p-values are NaN and count as no test, as
        they are where too few sentences contribute.
    """
    table = contrast_table(
        index, hits[1], totals[1], hits[0], totals[0], resampling=resampling, seeds=seeds
    ).rename(
        columns={
            **{f"{name}_first": f"{name}_second" for name in ("n", "share")},
            **{f"{name}_second": f"{name}_first" for name in ("n", "share")},
        }
    )
    small = table[["n_first", "n_second"]].min(axis=1).to_numpy() < resampling.min_n
    p = table["p"].to_numpy(dtype=float, copy=True)
    p[small] = np.nan
    shares = [table[f"share_{run}"].to_numpy(dtype=float) for run in ("first", "second")]
    names = ["n_first", "share_first", "n_second", "share_second", "difference", "low", "high"]
    return table[[*index.columns, *names]].assign(
        h=cohen_h(*shares),
        seed_error=np.nan if seeds is None else np.sqrt(seeds.variance),
        p=p,
        p_holm=holm(p),
        p_bh=benjamini_hochberg(p),
        small=small,
    )


def cohen_h(first: FloatArray, second: FloatArray) -> FloatArray:
    """Cohen's (1988) effect size of two shares: ``2 asin sqrt(second) - 2 asin sqrt(first)``."""
    a, b = (2 * np.arcsin(np.sqrt(np.clip(share, 0, 1))) for share in (first, second))
    return np.asarray(b - a)


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Benjamini and Hochberg's (1995) adjusted p-values; NaN stays NaN and counts as no test."""
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return adjusted


def compile_cells(first: EdgeVotes, second: EdgeVotes, levels: list[str]) -> Cells:
    """Count retained and all edges of both runs by sentence and cell."""
    runs = (first, second)
    sentences = np.union1d(first.sentence, second.sentence)
    labels, names = joint_codes(runs, ("label", "direction"))
    kinds, types = joint_codes(runs, ("predicate_type",))
    places, order = predicate_types(np.arange(len(types)), [t for (t,) in types])
    shared = min(len(levels), 1 + min(first.depth, second.depth))
    shape = (len(sentences), shared, len(order), len(names))
    counted = [
        _counts(run, np.searchsorted(sentences, run.sentence), label, places[kind], shape)
        for run, label, kind in zip(runs, labels, kinds, strict=True)
    ]
    index = pd.MultiIndex.from_product(
        [levels[:shared], [ALL, *order], range(1 + len(names))],
        names=["layer", "predicate_type", "cell"],
    ).to_frame(index=False)
    cell = [(_WHOLE, ""), *names]
    index["label"] = [cell[i][0] for i in index["cell"]]
    index["direction"] = [cell[i][1] for i in index["cell"]]
    flat = [array.reshape(len(array), -1) for parts in counted for array in parts]
    occurs = (flat[1].sum(axis=0) > 0) & (flat[5].sum(axis=0) > 0)
    parts = [array[:, occurs] for array in flat]
    return Cells(
        index.loc[occurs, _KEYS].reset_index(drop=True),
        hits=(parts[0], parts[4]),
        totals=(parts[1], parts[5]),
        seeds=seed_spread((parts[2], parts[6]), (parts[3], parts[7])),
    )


def _counts(
    run: EdgeVotes,
    sentence: IntArray,
    label: IntArray,
    kind: IntArray,
    shape: tuple[int, int, int, int],
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Retained and all edges [sentences, levels, all + types, all + labels], means over seeds.

    Then both by seed, over all sentences: [seeds, levels, all + types, all + labels].
    """
    sentences, levels, types, labels = shape
    seeds, own = max(1, run.seeds), kind * labels + label
    cell, size = sentence * types * labels + own, sentences * types * labels
    hits, totals = np.zeros(shape), np.zeros(shape)
    by_seed = [np.zeros((run.seeds, *shape[1:])) for _ in range(2)]
    for level in range(levels):
        votes = run.votes[level]
        flagged = (votes == 1, votes >= 0)
        for array, each, flags in zip((hits, totals), by_seed, flagged, strict=True):
            counts = np.bincount(cell, weights=flags.sum(axis=1) / seeds, minlength=size)
            array[:, level] = counts.reshape(sentences, types, labels)
            for seed, chosen in enumerate(flags.T):
                counts = np.bincount(own[chosen], minlength=types * labels)
                each[seed, level] = counts.reshape(types, labels)
    first, second = by_seed
    return _margins(hits), _margins(totals), _margins(first), _margins(second)


def _margins(counts: FloatArray) -> FloatArray:
    """Put the sums over types and over labels first in their axes."""
    counts = np.concatenate([counts.sum(axis=2, keepdims=True), counts], axis=2)
    return np.concatenate([counts.sum(axis=3, keepdims=True), counts], axis=3)
