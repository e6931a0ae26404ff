"""Items in, retention by dependency label and direction out (the paper's Figure 8).

The unit of a label is (label, direction): ``nsubj`` read from head to dependent and from dependent
to head are two kinds of message and may be used differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.contrasts import contrast_table
from linguagraph.aggregates.items import ALL, IntArray, Items, predicate_types
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample

__all__ = ["label_contrasts", "labels"]


@dataclass(frozen=True)
class _Cells:
    """Counts [sentences, labels, types]; the first type is "all"."""

    index: pd.DataFrame
    types: list[str]
    retained: FloatArray
    rated: FloatArray
    occurs: FloatArray
    examples: FloatArray


def labels(
    items: Items,
    *,
    resampling: Resampling,
    frequent: float = 0.10,
    superfluous: float = 0.01,
    layer: int | None = None,
) -> pd.DataFrame:
    """How often each label and direction is retained, and what it makes up of all that is retained.

    Args:
        items: the edges.
        resampling: intervals and the n below which a cell is small.
        frequent: a label is frequent if it occurs in more than this share of examples.
        superfluous: a frequent label is superfluous if less than this share of it is retained.
        layer: only this layer; all layers together by default.

    Returns:
        One row per label, direction and predicate type ("all" first), with
        ``n`` edges, ``k`` retained (mean over seeds), ``share`` of the label's edges that is
        retained with ``low``, ``high``, ``interval``, ``small``; ``of_retained``,
        ``of_retained_low``, ``of_retained_high``: share that the label makes up of all retained
        edges (their number: ``retained_edges``) of that predicate type; ``examples``: examples in
        which the label occurs, ``of_examples``, ``of_examples_low``, ``of_examples_high``: their
        share of all examples of that type; ``frequent`` and ``superfluous``. Rows of label and
        type that never occur together are left out. Sorted by retained edges over all types.
    """
    cells = _cells(items, layer)
    ratings = max(1, len(items.seeds))
    retained, rated, all_retained, occurs, examples = resample(
        cells.retained,
        cells.rated,
        cells.retained.sum(axis=1, keepdims=True),
        cells.occurs,
        cells.examples,
        resampling=resampling,
    )
    own = ratio_table(retained, rated, resampling=resampling, ratings=ratings)
    part = ratio_table(retained, all_retained, resampling=resampling, ratings=ratings)
    seen = ratio_table(occurs, examples, resampling=resampling)
    table = pd.concat([cells.index, own], axis=1).assign(
        of_retained=part["share"],
        of_retained_low=part["low"],
        of_retained_high=part["high"],
        retained_edges=part["n"],
        examples=seen["k"].astype(np.int64),
        of_examples=seen["share"],
        of_examples_low=seen["low"],
        of_examples_high=seen["high"],
    )
    table["frequent"] = table["of_examples"] > frequent
    table["superfluous"] = table["frequent"] & (table["share"] < superfluous)
    weight = np.repeat(retained.total[:, 0], len(cells.types))
    table = table.iloc[np.argsort(-weight, kind="stable")]
    return table[table["n"] > 0].reset_index(drop=True)


def label_contrasts(
    items: Items, *, resampling: Resampling, first: str = "V", second: str = "N"
) -> pd.DataFrame:
    """Whether a label and direction is retained more with one predicate type than with another.

    Returns:
        One row per label and direction with at least ``resampling.min_n`` edges in both types:
        ``label``, ``direction`` and the columns of
        :func:`~linguagraph.aggregates.contrasts.contrast_table` (p-values adjusted by Holm over
        these rows). Empty where one of the types does not occur.
    """
    cells = _cells(items, None)
    index = cells.index.loc[cells.index["predicate_type"] == ALL, ["label", "direction"]]
    if first not in cells.types or second not in cells.types:
        return contrast_table(index.iloc[:0], *(np.zeros((0, 0)),) * 4, resampling=resampling)
    a, b = cells.types.index(first), cells.types.index(second)
    n = cells.rated.sum(axis=0) / max(1, len(items.seeds))
    chosen = (n[:, a] >= resampling.min_n) & (n[:, b] >= resampling.min_n)
    return contrast_table(
        index.loc[chosen],
        cells.retained[:, chosen, a],
        cells.rated[:, chosen, a],
        cells.retained[:, chosen, b],
        cells.rated[:, chosen, b],
        resampling=resampling,
        ratings=max(1, len(items.seeds)),
    )


def _cells(items: Items, layer: int | None) -> _Cells:
    label, names = items.codes("label")
    direction, directions = items.codes("direction")
    kind, types = predicate_types(*items.codes("predicate_type"))
    pair = label * len(directions) + direction
    pairs, count = len(names) * len(directions), len(types)
    shape = (len(items.sentences), pairs, count)
    here = np.ones(len(pair)) if layer is None else items.layer == _position(items, layer)
    cell = pair * count + kind
    retained = items.tally(cell, pairs * count, items.retained * here).reshape(shape)
    rated = items.tally(cell, pairs * count, items.rated * here).reshape(shape)
    occurs, examples = _occurrence(items, pair, pairs, kind, count)
    index = pd.MultiIndex.from_product(
        [names, directions, [ALL, *types]], names=["label", "direction", "predicate_type"]
    ).to_frame(index=False)
    return _Cells(
        index, [ALL, *types], *(_all_first(c) for c in (retained, rated, occurs, examples))
    )


def _occurrence(
    items: Items, pair: IntArray, pairs: int, kind: IntArray, types: int
) -> tuple[FloatArray, FloatArray]:
    """Examples with each label [sentences, pairs, types] and all examples [sentences, 1, types]."""
    count = len(items.examples)
    sentence, type_of = np.zeros(count, dtype=np.intp), np.zeros(count, dtype=np.intp)
    sentence[items.example], type_of[items.example] = items.sentence, kind
    present = np.zeros(count * pairs, dtype=bool)
    present[items.example * pairs + pair] = True
    example, found = np.divmod(np.flatnonzero(present), pairs)
    sentences = len(items.sentences)
    cell = (sentence[example] * pairs + found) * types + type_of[example]
    occurs = np.bincount(cell, minlength=sentences * pairs * types)
    total = np.bincount(sentence * types + type_of, minlength=sentences * types)
    return (
        occurs.reshape(sentences, pairs, types).astype(np.float64),
        total.reshape(sentences, 1, types).astype(np.float64),
    )


def _position(items: Items, layer: int) -> int:
    return items.layers.index(layer) if layer in items.layers else -1


def _all_first(counts: FloatArray) -> FloatArray:
    return np.concatenate([counts.sum(axis=-1, keepdims=True), counts], axis=-1)
