"""Aggregates over paths of retained edges in, the tables of their section out."""

from __future__ import annotations

import pandas as pd

from linguagraph.reports.sections import TableBlock

from .blocks import SHARE, shown
from .params import Params

__all__ = ["path_blocks"]

PERCENT = (*SHARE, "occurs", "paper")


def path_blocks(
    forms: pd.DataFrame,
    groups: pd.DataFrame,
    lengths: pd.DataFrame,
    lone: pd.DataFrame,
    ways: pd.DataFrame,
    params: Params,
) -> tuple[TableBlock, ...]:
    """The tables, from the functions of :mod:`linguagraph.aggregates.entity_paths`.

    Args:
        forms, ways: of ``path_forms``, without and with layers.
        groups: of ``grouped_forms``, with a column ``paper``.
        lengths: of ``first_edges``.
        lone: of ``lone_edges``.
        params: level of the intervals.
    """
    level = f"{params.level:.0%}"
    return (
        shown(
            "entity_paths",
            "Forms of maximal paths, by set of paths (all; to_prediction: ending at a mention of "
            "the predicted candidate; from_subject: starting at a mention of the subject). edges: "
            "length; n: items with such paths (mean over seeds); share: of the paths of an item, "
            f"mean over items and seeds, with its {level} interval over items; occurs: share of n "
            "in which the form occurs.",
            forms,
            percent=PERCENT,
            digits=1,
        ),
        shown(
            "entity_paths_groups",
            "The two forms that the paper names. two edges: COMPLEMENT, then MATCH or DOC-BASED; "
            "three edges: COMPLEMENT, then two of these. n, share, occurs: as in the table of "
            "forms; paper: the same there (of all paths).",
            groups,
            percent=PERCENT,
            digits=1,
        ),
        shown(
            "entity_paths_lone",
            "Retained edges (n, mean over seeds) that are a maximal path on their own (k): no "
            "retained edge in a layer below enters their source, and none above leaves their "
            f"target. share: k of n, with its {level} interval over items; small: n under "
            f"{params.min_n}.",
            lone,
            percent=PERCENT,
            digits=1,
        ),
        shown(
            "entity_paths_lengths",
            "Length of maximal paths, by layer and relation of their first edge. n: items with "
            "such paths (mean over seeds); share: of these paths in an item, those with so many "
            f"edges, mean over items and seeds, with its {level} interval over items.",
            lengths,
            percent=PERCENT,
            digits=1,
            folded=True,
        ),
        shown(
            "entity_paths_layers",
            "Forms of maximal paths with the layers that they take; columns as in the table of "
            "forms.",
            ways,
            percent=PERCENT,
            digits=1,
            folded=True,
        ),
    )
