"""Edges out of the predicate in: their table, words and summary for the section on paths out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from linguagraph.reports.sections import TableBlock

from .blocks import SHARE, Row, rows, shown
from .params import Params
from .phrases import join, number, percent, span
from .shapes import nested

__all__ = ["direct_shape", "direct_table", "direct_words"]

NEARLY_ALL = 0.9


def direct_table(table: pd.DataFrame, params: Params) -> TableBlock:
    """The result of ``from_predicate`` as a table of the report."""
    return shown(
        "paths_from_predicate",
        "Edges that leave the predicate, by layer: retained share of those that lead to one of its "
        "predicted arguments and of those that lead to other tokens. n: edges, k: retained; ratio: "
        f"of the two shares; low, high: {params.level:.0%} intervals.",
        table,
        percent=SHARE,
    )


def direct_words(table: pd.DataFrame, params: Params) -> str:
    """A sentence that sets direct paths against the predicate's other edges; "" if too few."""
    pairs = _pairs(table)
    if not pairs:
        return ""
    parts = [
        f"in layer {layer} in {percent(own['share'])} of cases where they lead to an argument and "
        f"in {percent(other['share'])} "
        f"({span(other['low'], other['high'], level=params.level)}) where they lead elsewhere"
        for layer, own, other in pairs
    ]
    text = f" Edges from the predicate are retained {'; '.join(parts)}"
    blind = [layer for layer, _, other in pairs if other["share"] >= NEARLY_ALL]
    chosen = [
        f"{own['ratio']:.1f} times as often to arguments in layer {layer}"
        for layer, own, other in pairs
        if layer not in blind and own["low"] > other["high"] and own["ratio"] == own["ratio"]
    ]
    if blind:
        text += f". In layer {join(blind)}, where nearly all of them are retained, a direct path "
        text += "in use is no evidence about its argument"
    if chosen:
        text += f". They are retained {join(chosen)}"
    return text + "."


def direct_shape(table: pd.DataFrame) -> dict[str, Any]:
    """Both shares and their ratio by layer, for the summary."""
    shape = nested(table, "layer", "leads_to")
    for row in rows(table):
        if row["leads_to"] == "argument":
            ends = ("ratio", "ratio_low", "ratio_high")
            shape[row["layer"]] |= {name: number(row[name]) for name in ends}
    return shape


def _pairs(table: pd.DataFrame) -> list[tuple[str, Row, Row]]:
    """Layers with enough edges of both kinds: the layer, its arguments' row and the others'."""
    known = {(r["layer"], r["leads_to"]): r for r in rows(table) if not r["small"]}
    return [
        (layer, own, known[layer, "other"])
        for (layer, kind), own in known.items()
        if kind == "argument" and (layer, "other") in known
    ]
