"""Which relations between mentions does the model use, and in which layer?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_relations import entity_relations, relation_overlap
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, shown
from .entity_drawings import draw_relations
from .entity_paper import KEPT, NOTE, OF_RETAINED, OVERLAP
from .entity_words import by_paper, missing, note, said, shape, shared
from .params import Params
from .phrases import difference, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_relations", "Relations by layer"
OF = ("of_retained", "of_retained_low", "of_retained_high")
COLUMNS = ["layer", "relation", "n", "of_edges", "k", *SHARE, *OF, "paper", "small"]
OVERLAPS = ["layer", "edges", "n", "k", *SHARE, "difference", "difference_low", "difference_high"]
PERCENT = (*SHARE, *OF, "of_edges", "paper")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """The paper's Table 2, retained shares, and how COREF and MATCH overlap."""
    if why := missing(tables, retained=False):
        return (nothing(NAME, TITLE, __doc__, why),)
    masks = compile_masks(tables.edges, tables.mentions)
    table = entity_relations(masks, resampling=params.resampling)
    table["paper"] = by_paper(table, ["layer", "relation"], OF_RETAINED)
    overlap = relation_overlap(masks, resampling=params.resampling)
    known = {("all", edges): share for edges, share in OVERLAP.items()}
    overlap["paper"] = by_paper(overlap, ["layer", "edges"], known)
    blocks = [
        shown(
            "entity_relations",
            "Edges by layer and relation. n: edges, of_edges: of the edges of the layer; k: "
            "retained (mean over seeds), share: k of n; of_retained: k of all retained edges of "
            "all layers, so that all cells but the totals add up to 100%, paper: the same in its "
            f"Table 2. Intervals: {params.level:.0%}, over items; small: n under {params.min_n}.",
            table[COLUMNS],
            percent=PERCENT,
            digits=1,
        )
    ]
    if len(overlap):
        blocks.append(
            shown(
                "entity_relations_overlap",
                "COREF edges that join mentions which a MATCH edge joins, too (k of n), among all "
                "edges and among retained ones; difference: of the retained from all edges, with "
                f"its {params.level:.0%} interval over items; paper: the same.",
                overlap[[*OVERLAPS, "paper"]],
                percent=(*SHARE, *OVERLAPS[-3:], "paper"),
                digits=1,
            )
        )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, params) + _overlap(overlap, params),
            figures=draw_relations(table, params) if table["k"].any() else (),
            tables=tuple(blocks),
            notes=(note(masks, tables), NOTE),
            summary={NAME: _summary(table, overlap)},
        ),
    )


def _finding(table: pd.DataFrame, params: Params) -> str:
    whole = rows(table)[0]
    if not whole["k"]:
        return "No edge of any relation is retained."
    layers = table[(table["relation"] == "all") & (table["layer"] != "all")]
    cells = table[(table["relation"] != "all") & (table["layer"] != "all")]
    top, most = (rows(part.nlargest(1, "of_retained"))[0] for part in (layers, cells))
    first = f"{percent(top['of_retained'])}{said(top['paper'])}"
    second = f"{percent(most['of_retained'])}{said(most['paper'])}"
    text = (
        f"{shared({**whole, 'paper': KEPT}, params)} of the edges are retained. Layer "
        f"{top['layer']} has most of them, {first}; the largest part of all that is retained, "
        f"{second}, are {most['relation']} edges in layer {most['layer']}."
    )
    never = cells[(cells["share"] < params.superfluous) & ~cells["small"]]
    if never.empty:
        return f"{text} No relation is superfluous in any layer."
    names = [
        f"in layer {layer} {join(part['relation'].astype(str))}"
        for layer, part in never.groupby("layer", sort=False)
    ]
    return f"{text} Superfluous in over {1 - params.superfluous:.0%} of cases: {'; '.join(names)}."


def _overlap(overlap: pd.DataFrame, params: Params) -> str:
    if overlap.empty:
        return " The graphs do not have both COREF and MATCH edges."
    every, kept = rows(overlap[overlap["layer"] == "all"])
    text = f" MATCH joins the mentions of {percent(every['share'])}{said(every['paper'])} of all "
    if not kept["k"]:
        return f"{text}COREF edges; no COREF edge is retained."
    ends = (kept["difference"], kept["difference_low"], kept["difference_high"])
    return (
        f"{text}COREF edges and of {percent(kept['share'])}{said(kept['paper'])} of the retained "
        f"ones: {difference(*ends, level=params.level)}."
    )


def _summary(table: pd.DataFrame, overlap: pd.DataFrame) -> Row:
    columns = ("n", "k", "share", "low", "high", "of_retained")
    layers = {str(name): part for name, part in table.groupby("layer", sort=False)}
    result: Row = {name: shape(part, "relation", *columns) for name, part in layers.items()}
    whole = overlap[overlap["layer"] == "all"]
    return {"layers": result, "overlap": shape(whole, "edges", "n", "share") if len(whole) else {}}
