"""How do methods spread their scores over the layers?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_attribution import attribution_layers, attribution_levels
from linguagraph.edges.storage import RunTables
from linguagraph.reports.methods import method_name
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, shown
from .entity_drawings import draw_scores
from .entity_paper import ATTRIBUTION, NOTE
from .entity_words import by_paper, said, shape
from .params import Params
from .phrases import count, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_attribution", "Scores by layer"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The paper's Table 7 and Figure 9."""
    found = tables.attributions
    if found is None or found.empty:
        return (nothing(NAME, TITLE, __doc__, "no scores by layer were recorded"),)
    table = attribution_layers(found, resampling=params.resampling)
    levels = attribution_levels(found, resampling=params.resampling)
    table["paper"] = by_paper(table, ["method", "layer"], ATTRIBUTION)
    level = f"{params.level:.0%}"
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table),
            figures=draw_scores(table, levels, params),
            tables=(
                shown(
                    NAME,
                    "Share of an item's total score that a method gives to each layer. n: items, "
                    "without: items left out because all their scores are 0 (means over seeds); "
                    f"share: mean over items and seeds with its {level} interval over items; "
                    "paper: the same in its Table 7.",
                    table,
                    percent=(*SHARE, "paper"),
                    digits=1,
                ),
                shown(
                    "entity_attribution_levels",
                    "Share of an item's edges with a score above each level, by layer: mean over n "
                    f"items and the seeds, with its {level} interval over items.",
                    levels,
                    percent=SHARE,
                    digits=1,
                    folded=True,
                ),
            ),
            notes=(
                "Scores of different methods are different quantities: a probability that a gate "
                "is open, or a gradient scaled to each item. Their spread over layers can be "
                "compared with what removing a layer does to the answers.",
                NOTE,
            ),
            summary={NAME: _summary(table)},
        ),
    )


def _finding(table: pd.DataFrame) -> str:
    parts, empty = [], []
    for method, part in table.groupby("method", sort=False):
        name, known = method_name(str(method)), part[part["share"].notna()]
        if known.empty:
            empty.append(name)
            continue
        top = rows(known.nlargest(1, "share"))[0]
        where = f"{percent(top['share'])}{said(top['paper'])} in layer {top['layer']}"
        bottom = rows(known.head(1))[0]
        if bottom["layer"] != top["layer"]:
            share = f"{percent(bottom['share'])}{said(bottom['paper'])}"
            where += f", only {share} in layer {bottom['layer']}"
        left = round(float(top["without"]))
        where += f" ({count(left, 'item')} without scores left out)" if left else ""
        parts.append(f"{name} has {where}")
    text = f"Most of the total score: {'; '.join(parts)}." if parts else "No item has a score."
    return f"{text} {join(empty)}: no item has a score." if empty and parts else text


def _summary(table: pd.DataFrame) -> Row:
    parts = table.groupby("method", sort=False)
    return {str(name): shape(part, "layer", *SHARE, "n", "without") for name, part in parts}
