"""Items in, retention by dependency label and direction out (the paper's Figure 8).

The unit of a label is (label, direction): ``nsubj`` read from head to dependent and from dependent
to head are two kinds of message and may be used differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.contrasts import contrast_blocks, contrast_table
from linguagraph.aggregates.items import ALL, IntArray, Items
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table

__all__ = ["label_contrasts", "labels"]


@dataclass(frozen=True)
class _Cells:
    """Counts [sentences, labels, types]; the first type is "all".

    The counts are retained, rated, retained of all labels, occurs and examples.
    """

    index: pd.DataFrame
    types: list[str]
    counts: Blocks


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
    retained, rated, all_retained, occurs, examples = cells.counts.resample(resampling=resampling)
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
    (rated,) = cells.counts.add(lambda *counts: (counts[1].sum(axis=0),))
    n = rated / max(1, len(items.seeds))
    chosen = (n[:, a] >= resampling.min_n) & (n[:, b] >= resampling.min_n)
    groups = cells.counts.select(
        lambda kept, there, *_: tuple(c[:, chosen, t] for t in (a, b) for c in (kept, there))
    )
    return contrast_blocks(
        index.loc[chosen],
        groups,
        resampling=resampling,
        ratings=max(1, len(items.seeds)),
    )


def _cells(items: Items, layer: int | None) -> _Cells:
    names, directions, types = items.names("label"), items.names("direction"), items.types
    pairs, kinds = len(names) * len(directions), len(types)

    def count(part: Items) -> tuple[FloatArray, ...]:
        kind = part.type_codes
        pair = part.codes("label")[0] * len(directions) + part.codes("direction")[0]
        shape = (len(part.sentences), pairs, kinds)
        here = np.ones(len(pair)) if layer is None else part.layer == _position(part, layer)
        cell, size = pair * kinds + kind, pairs * kinds
        retained = _all_first(part.tally(cell, size, part.retained * here).reshape(shape))
        rated = _all_first(part.tally(cell, size, part.rated * here).reshape(shape))
        occurs, examples = _occurrence(part, pair, pairs, kind, kinds)
        every = retained.sum(axis=1, keepdims=True)
        return retained, rated, every, _all_first(occurs), _all_first(examples)

    index = pd.MultiIndex.from_product(
        [names, directions, [ALL, *types]], names=["label", "direction", "predicate_type"]
    ).to_frame(index=False)
    return _Cells(index, [ALL, *types], items.count(count))


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
