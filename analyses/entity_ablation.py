"""How much worse does the model answer without a relation, or without a layer?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_ablation import entity_ablation
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import Row, nothing, question, rows, shown
from .entity_paper import ABLATION, NOTE
from .entity_words import by_paper, figure, shape, spoken
from .params import Params
from .phrases import change, difference, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_ablation", "Without a relation or a layer"
ACCURACY = ("accuracy", "accuracy_low", "accuracy_high")
DIFFERENCE = ("difference", "difference_low", "difference_high")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Accuracy with all edges and with those of each relation, or layer, removed."""
    table = entity_ablation(tables.scores, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no relation or layer was removed"),)
    if not table["n"].any():
        return (nothing(NAME, TITLE, __doc__, "no answer was scored"),)
    table["paper"] = by_paper(table, ["removed"], ABLATION)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, params),
            figures=(_figure(table, params),),
            tables=(
                shown(
                    NAME,
                    f"{params.score_title} with all edges (removed: nothing) and with those of a "
                    "relation, or of a layer, removed. n: answers; difference: from all edges, in "
                    f"the same items; intervals: {params.level:.0%}, over items; kept: share of "
                    "edges, each layer counted; paper: accuracy there, in its Table 6.",
                    table,
                    percent=(*ACCURACY, *DIFFERENCE, "kept", "paper"),
                ),
            ),
            notes=(
                "Removed edges send nothing. The model was not trained on graphs without them, so "
                "that it may answer worse because the graph looks unusual, and not only because "
                "what the edges carry is missing.",
                NOTE,
            ),
            summary={NAME: shape(table, "removed", *ACCURACY, *DIFFERENCE)},
        ),
    )


def _finding(table: pd.DataFrame, params: Params) -> str:
    first = rows(table)[0]
    text = ""
    if first["kind"] == "original":
        text = f"With all edges {params.score} is {percent(first['accuracy'])}. "
    parts = [_worst(table[table["kind"] == kind], kind, params) for kind in ("relation", "layer")]
    return text + " ".join(part for part in parts if part)


def _worst(part: pd.DataFrame, kind: str, params: Params) -> str:
    known = part[part["difference"].notna()]
    if known.empty:
        lowest = rows(part.nsmallest(1, "accuracy"))
        if not lowest:
            return ""
        return f"Without {lowest[0]['removed']} {params.score} is {percent(lowest[0]['accuracy'])}."
    ranked: list[Row] = rows(known.sort_values("difference", kind="stable"))
    worst = ranked[0]
    if worst["difference"] >= 0:
        return f"There is no {kind} without which it is lower."
    text = (
        f"Most missed of the {kind}s is {worst['removed']}; without it, compared with all edges: "
    )
    text += difference(*(worst[name] for name in DIFFERENCE), level=params.level)
    harmless = [str(r["removed"]) for r in ranked[1:] if not change(*_ends(r))]
    if not harmless or worst["difference_low"] != worst["difference_low"]:
        return f"{text}."
    return f"{text}; no difference can be told from none without {join(harmless)}."


def _ends(row: Row) -> tuple[float, float]:
    return float(row["difference_low"]), float(row["difference_high"])


def _figure(table: pd.DataFrame, params: Params) -> FigureBlock:
    drawn = table.assign(edges=["without " + str(n) for n in table["removed"]])
    drawn.loc[drawn["removed"] == "nothing", "edges"] = "all edges"
    low, high = ACCURACY[1:]
    title = params.score_title
    drawing = bars(drawn, y="edges", x="accuracy", low=low, high=high, xlabel=title)
    caption = (
        f"{title} without a relation or a layer, with {params.level:.0%} intervals over items."
    )
    alt = f"{title}: {spoken(drawn, 'edges', value='accuracy')}."
    return figure("entity_ablation_scores", caption, alt, drawing, data=NAME)
