"""Which ways through the graph do the retained edges make: along which relations, how long?"""

from __future__ import annotations

from functools import partial

import pandas as pd

from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_paths import (
    PATH_SETS,
    count_paths,
    first_edges,
    grouped_forms,
    lone_edges,
    path_forms,
)
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows
from .entity_drawings import draw_forms
from .entity_paper import FORMS, NOTE
from .entity_path_blocks import path_blocks
from .entity_words import by_paper, missing, note, said, shape, shared
from .params import Params
from .phrases import join, percent

__all__ = ["run"]

NAME, TITLE = "entity_paths", "Paths"
SETS = dict(zip(PATH_SETS, ("all paths", "to the prediction", "from the subject"), strict=True))
NEAR = frozenset(("MATCH", "DOC-BASED"))
GROUPS = {
    "two edges": "COMPLEMENT, then MATCH or DOC-BASED",
    "three edges": "COMPLEMENT, then two of MATCH or DOC-BASED",
}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Forms of maximal paths, the two that the paper names, and one-hop against longer paths."""
    if why := missing(tables):
        return (nothing(NAME, TITLE, __doc__, why),)
    masks, sampling = compile_masks(tables.edges, tables.mentions), params.resampling
    paths = count_paths(masks)
    forms = path_forms(paths, resampling=sampling)
    ways = path_forms(paths, resampling=sampling, layers=True)
    groups = grouped_forms(
        paths,
        {name: partial(_near, size) for size, name in enumerate(GROUPS, start=2)},
        resampling=sampling,
    )
    known = {("all", name): share for name, share in FORMS.items()}
    groups["paper"] = by_paper(groups, ["paths", "group"], known)
    lengths, lone = first_edges(paths, resampling=sampling), lone_edges(masks, resampling=sampling)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(forms, groups, lone, params),
            figures=(draw_forms(forms, SETS, params),),
            tables=path_blocks(forms, groups, lengths, lone, ways, params),
            notes=(
                "A path is made of retained edges in strictly ascending layers, each starting "
                "where the one before ended; it is maximal if no retained edge in a layer below "
                "enters its start and none in a layer above leaves its end. A single early edge "
                "may begin many paths, which all count.",
                note(masks, tables),
                NOTE,
            ),
            summary={NAME: _summary(forms, groups)},
        ),
    )


def _near(size: int, form: tuple[str, ...]) -> bool:
    return len(form) == size and form[0] == "COMPLEMENT" and set(form[1:]) <= NEAR


def _finding(forms: pd.DataFrame, groups: pd.DataFrame, lone: pd.DataFrame, params: Params) -> str:
    every = rows(forms[forms["paths"] == "all"])
    if not every:
        return "There is no path."
    text = f"The most frequent form is {every[0]['form']}, {shared(every[0], params)} of the paths "
    text += "of an item. "
    known = rows(groups[groups["paths"] == "all"])
    parts = [
        f"{percent(r['share'])}{said(r['paper'])} are {GROUPS[str(r['group'])]}" for r in known
    ]
    text += f"{join(parts)}."
    bottom = rows(lone[(lone["layer"] == lone["layer"].iloc[0]) & (lone["relation"] != "all")])
    alone = [f"{percent(r['share'])} of the {r['relation']}" for r in bottom if not r["small"]]
    if not alone:
        return text
    layer = bottom[0]["layer"]
    return f"{text} In layer {layer}, {join(alone)} edges that are retained begin no longer path."


def _summary(forms: pd.DataFrame, groups: pd.DataFrame) -> Row:
    return {
        name: {
            "forms": shape(forms[forms["paths"] == name], "form", *SHARE, "occurs"),
            "groups": shape(groups[groups["paths"] == name], "group", *SHARE),
        }
        for name in PATH_SETS
    }
