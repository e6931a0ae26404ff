"""Are the retained edges those that the answer depends on, where the data are made to a rule?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items
from linguagraph.aggregates.needed_edges import needed_edges
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .graph_drawings import draw_gold
from .params import Params
from .phrases import number, percent, span

__all__ = ["run"]

NAME, TITLE = "gold", "Retained and needed edges"
MEASURES = ("precision", "recall", "f1")
PERCENT = tuple(f"{m}{end}" for m in MEASURES for end in ("", "_sd", "_low", "_high"))


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Precision, recall and F1 against edges that are known to be needed; nothing without them."""
    if not (tables.edges["needed"] != "").any():
        return ()
    table = needed_edges(compile_items(tables.edges), resampling=params.resampling)
    whole = rows(table[(table["layer"] == "all") & (table["seed"] == "mean")])[0]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, whole, params),
            figures=(draw_gold(table, params),),
            tables=(
                shown(
                    "gold",
                    "Retained against needed edges, per layer and seed, edges of all graphs "
                    f"counted together. low, high: {params.level:.0%} interval over graphs; sd: "
                    "over seeds.",
                    table,
                    percent=PERCENT,
                    digits=1,
                ),
            ),
            notes=(
                "Needed edges are those on which the right answer depends by the rule that made "
                "the data. A model may reach it in another way, for instance by counting what is "
                "left out: then a mask can be faithful to the model and differ from this.",
            ),
            summary={NAME: _summary(table, whole)},
        ),
    )


def _finding(table: pd.DataFrame, whole: Row, params: Params) -> str:
    seeds = table[(table["layer"] == "all") & (table["seed"] != "mean")]
    if not whole["needed"]:
        return "No edge is needed, so that there is nothing to find."
    ends = span(whole["f1_low"], whole["f1_high"], level=params.level)
    text = f"F1 is {percent(whole['f1'])} ({ends})"
    if len(seeds) > 1:
        worst, best = seeds["f1"].min(), seeds["f1"].max()
        text += f" on average over {len(seeds)} seeds, {percent(worst)} in the worst"
        text += f" and {percent(best)} in the best"
    return (
        f"{text}: {percent(whole['precision'])} of the retained edges are needed, and "
        f"{percent(whole['recall'])} of the needed edges are retained."
    )


def _summary(table: pd.DataFrame, whole: Row) -> Row:
    seeds = table[(table["layer"] == "all") & (table["seed"] != "mean")]
    result: Row = {name: number(whole[name]) for name in MEASURES}
    result["per_seed"] = {str(r["seed"]): {m: number(r[m]) for m in MEASURES} for r in rows(seeds)}
    return result
