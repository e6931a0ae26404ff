"""The tables of a run on questions in, what its items and their graphs are made of out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.entity_masks import EntityMasks
from linguagraph.aggregates.statistics import Resampling, ratio_table, resample

__all__ = ["answer_accuracy", "item_statistics", "relation_counts"]

_NUMBERS = ("mean", "median", "least", "most")


def item_statistics(
    items: pd.DataFrame, mentions: pd.DataFrame, masks: EntityMasks
) -> pd.DataFrame:
    """What an item is made of.

    Args:
        items: :data:`linguagraph.columns.ITEMS`.
        mentions: :data:`linguagraph.columns.MENTIONS`.
        masks: the edges.

    Returns:
        A row per ``measure``: ``supports``, ``candidates``, ``mentioned candidates``, ``nodes``,
        ``nodes: ROLE`` and ``edges`` (of the graph, not multiplied by layers; items without an edge
        have 0): ``n`` items, ``total``, ``mean``, ``median``, ``least``, ``most``.
    """
    index = pd.Index(items["example"].to_numpy(), name="example")
    own = mentions[mentions["example"].isin(index)]
    values = {name: items.set_index("example")[name] for name in ("supports", "candidates")}
    named = own.loc[own["candidate"] >= 0, ["example", "candidate"]].drop_duplicates()
    values["mentioned candidates"] = named.groupby("example").size()
    values["nodes"] = items.set_index("example")["nodes"]
    roles = own["role"].astype(str)
    for role in sorted(set(roles)):
        values[f"nodes: {role}"] = own[roles == role].groupby("example").size()
    example, _ = _edges(masks)
    numbers = np.bincount(example, minlength=masks.shape[0])
    values["edges"] = pd.Series(numbers, index=masks.items.examples)
    rows = []
    for name, found in values.items():
        column = found.reindex(index).fillna(0).to_numpy(dtype=np.float64)
        if not len(column):
            continue
        parts = (column.mean(), np.median(column), column.min(), column.max())
        shape = dict(zip(_NUMBERS, map(float, parts), strict=True))
        rows.append({"measure": name, "n": len(column), "total": int(column.sum()), **shape})
    return pd.DataFrame(rows, columns=["measure", "n", "total", *_NUMBERS])


def relation_counts(masks: EntityMasks) -> pd.DataFrame:
    """How many edges there are of each relation, and how dense it makes the graphs.

    Returns:
        A row per ``relation``: ``items`` that have one, ``edges`` (directed, of the graphs),
        ``share`` of all edges, ``density``: edges by ordered pairs of nodes of the same item.
    """
    example, row = _edges(masks)
    sizes = np.bincount(masks.item, minlength=masks.shape[0]).astype(np.float64)
    pairs = float((sizes * (sizes - 1)).sum())
    rows = []
    for code, name in enumerate(masks.relations):
        own = masks.relation[row] == code
        edges = int(own.sum())
        rows.append(
            {
                "relation": name,
                "items": len(np.unique(example[own])),
                "edges": edges,
                "share": edges / len(row),
                "density": edges / pairs if pairs else float("nan"),
            }
        )
    return pd.DataFrame(rows, columns=["relation", "items", "edges", "share", "density"])


def answer_accuracy(items: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """How often the unmasked model is right, where the answer is known.

    Returns:
        One row: ``n`` items with a known answer, ``k`` right ones, ``share``, ``low``, ``high``,
        ``interval``, ``small``; n is 0 where no answer is known.
    """
    answers = items["correct"].astype(str)
    known = answers[answers.isin(["yes", "no"])].to_numpy()
    right, cases = resample(
        (known == "yes").astype(np.float64), np.ones(len(known)), resampling=resampling
    )
    return ratio_table(right, cases, resampling=resampling)


def _edges(masks: EntityMasks) -> tuple[np.ndarray, np.ndarray]:
    """Every edge once, whatever layers it is in: item (position) and a row."""
    number = masks.items.column("edge").astype(np.intp)
    width = int(number.max(initial=-1)) + 1
    keys, rows = np.unique(masks.items.example * width + number, return_index=True)
    return keys // max(1, width), rows
