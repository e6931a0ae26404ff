"""Aggregates over what is asked about in, the tables of their section out."""

from __future__ import annotations

import pandas as pd

from linguagraph.reports.sections import TableBlock

from .blocks import SHARE, shown
from .params import Params

__all__ = ["query_blocks"]

COLUMNS = ["measure", "layer", "n", "k", *SHARE, "paper", "small"]
REACH = ["candidates", "n", *SHARE, "difference", "difference_low", "difference_high", "paper"]


def query_blocks(
    table: pd.DataFrame, reach: pd.DataFrame, params: Params
) -> tuple[TableBlock, ...]:
    """The tables of the section.

    Args:
        table: shares by ``measure`` and ``layer``.
        reach: of :func:`linguagraph.aggregates.entity_query.candidate_reach`, with ``paper``.
        params: level of the intervals.
    """
    return (
        shown(
            "entity_query",
            "Edges at mentions of the subject (what is asked about), edges on paths from "
            "them, and edges into mentions of the predicted candidate. n: items, or "
            "retained edges for edges on paths; k: those that count (means over seeds); "
            f"share: k of n with its {params.level:.0%} interval over items; paper: the "
            f"same there; small: n under {params.min_n}.",
            table[COLUMNS],
            percent=(*SHARE, "paper"),
            digits=1,
        ),
        shown(
            "entity_query_reach",
            "Candidates that a path from the subject reaches, at any of their mentions. n: "
            "items; share: for average and others the mean over an item's candidates (all, "
            "or all but the predicted one), then over items; difference: of the predicted "
            "candidate from these, in the same items; paper: the same there.",
            reach[REACH],
            percent=(*SHARE, *REACH[-4:]),
        ),
    )
