"""Are edges between two mentions retained in both directions?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_inverse import retained_inverses
from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import SHARE, nothing, question, rows, shown
from .entity_paper import INVERSES, NOTE
from .entity_words import by_paper, figure, missing, note, place, shape, shared, spoken
from .params import Params
from .phrases import change, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_inverse", "Edges and their inverses"
DIFFERENCE = ("difference", "difference_low", "difference_high")
COLUMNS = ["layer", "n", "k", *SHARE, "expected", *DIFFERENCE, "paper", "small"]
WORDS = {
    -1: "less often than if they were retained independently",
    0: "no provable difference from independence",
    1: "more often than if they were retained independently",
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Share of retained edges whose inverse is retained, against what independence would give."""
    if why := missing(tables):
        return (nothing(NAME, TITLE, __doc__, why),)
    masks = compile_masks(tables.edges, tables.mentions)
    table = retained_inverses(masks, resampling=params.resampling)
    table["paper"] = by_paper(table, ["layer"], INVERSES)
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
                    "Retained edges (n, mean over seeds) whose inverse (the edge back, of the same "
                    "relation) is retained in the same layer (k); expected: the share if the two "
                    "were retained independently, each as often as its relation in its layer; "
                    "difference: of the share from it. Intervals: "
                    f"{params.level:.0%}, over items; paper: the same there; small: n under "
                    f"{params.min_n}.",
                    table[COLUMNS],
                    percent=(*SHARE, "expected", *DIFFERENCE, "paper"),
                    digits=1,
                ),
            ),
            notes=(
                "All relations are symmetric, so that every edge has an inverse. Where a relation "
                "is retained nearly always, so is its inverse, whatever the mask does: hence the "
                "comparison. Items differ in how much is retained of them, which raises the share "
                "above the expected one as well.",
                note(masks, tables),
                NOTE,
            ),
            summary={NAME: shape(table, "layer", *SHARE, "expected", "n")},
        ),
    )


def _finding(table: pd.DataFrame, params: Params) -> str:
    layers = rows(table[(table["layer"] != "all") & (table["n"] > 0)])
    parts = []
    for row in layers:
        text = f"{shared(row, params)} in layer {row['layer']}"
        if row["difference_low"] == row["difference_low"]:
            verdict = WORDS[change(row["difference_low"], row["difference_high"])]
            text += f", {verdict} ({percent(row['expected'])})"
        parts.append(text)
    return f"Of the retained edges, the inverse is retained as well: {join(parts)}."


def _figure(table: pd.DataFrame, params: Params) -> FigureBlock:
    names = {"share": "retained", "expected": "expected if independent"}
    layers = [place(layer) for layer in table["layer"]]
    found = {"layer": layers, "low": table["low"], "high": table["high"]}
    parts = [
        pd.DataFrame({**found, "share": table[column], "inverse": name})
        for column, name in names.items()
    ]
    parts[1] = parts[1].assign(low=float("nan"), high=float("nan"))
    drawn = pd.concat(parts, ignore_index=True)
    drawing = bars(
        drawn, y="layer", x="share", low="low", high="high", hue="inverse", xlabel="Share of edges"
    )
    caption = "Retained edges whose inverse is retained in the same layer, and how many there "
    caption += f"would be if the two were independent; {params.level:.0%} intervals over items."
    alt = f"Share of edges: {spoken(drawn, 'layer', 'inverse')}."
    return figure("entity_inverse_shares", caption, alt, drawing, data=NAME)
