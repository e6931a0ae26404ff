"""What does a mask look like on single graphs?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items
from linguagraph.aggregates.graph_selection import GraphChoice, part_of_graph, select_graphs
from linguagraph.edges.storage import RunTables
from linguagraph.figures import arcs_to_pdf
from linguagraph.figures.graph_layers import graph_layers
from linguagraph.reports.sections import FigureBlock, Section, TableBlock

from .blocks import nothing, question, rows, shown
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "examples", "Example graphs"
RULES = {
    "typical": "Typical graph",
    "densest": "Most retained",
    "disagreement": "Most disagreement between seeds",
}
EDGE = ["layer", "edge", "source", "target", "label", "needed"]
_SPOKEN = 30


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Graphs chosen by rule, drawn layer by layer; the edges of each as a table."""
    if tables.edges.empty:
        return (nothing(NAME, TITLE, __doc__, "no graph has edges"),)
    choices = select_graphs(compile_items(tables.edges), max_edges=params.max_tokens)
    votes = tables.edges.groupby("label", observed=True)["retained"].sum()
    labels = [str(label) for label in votes.sort_values(ascending=False, kind="stable").index]
    blocks = [_blocks(choice, tables, labels) for choice in choices]
    chosen = join(f"{RULES[c.rule].lower()} (graph {c.graph})" for c in choices)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=f"{count(len(choices), 'graph')} chosen by rule: {chosen}.",
            figures=tuple(figure for figure, _ in blocks),
            tables=tuple(table for _, table in blocks),
            notes=(
                f"Only graphs of up to {params.max_tokens} edges are drawn, if there are any; no "
                "graph is drawn twice; ties go to the first. Of larger graphs a part is drawn: the "
                "node that receives most retained messages and those that are near it.",
            ),
            summary={NAME: {c.rule: {"graph": c.graph} for c in choices}},
        ),
    )


def _blocks(
    choice: GraphChoice, tables: RunTables, labels: list[str]
) -> tuple[FigureBlock, TableBlock]:
    found = tables.edges[tables.edges["example"] == choice.graph]
    groups = found.groupby(EDGE, observed=True, sort=True)["retained"]
    shares = groups.mean().rename("retained_share").reset_index()
    part = part_of_graph(shares)
    name, title = f"graph_{choice.rule}", f"{RULES[choice.rule]}: graph {choice.graph}"
    svg = graph_layers(part, title=title, labels=labels)
    cut = ""
    if len(part) < len(shares):
        nodes, of = (len({*t["source"], *t["target"]}) for t in (part, shares))
        cut = f" Drawn are {nodes} of {of} nodes and the edges between them."
    figure = FigureBlock(
        name,
        f"{title}. Chosen because: {choice.reason}.{cut}",
        f"{title}. {_alt(part)}{cut}",
        svg,
        pdf=arcs_to_pdf(svg),
        data=f"{name}_edges",
    )
    known = (part["needed"] != "").any()
    columns = [c for c in (*EDGE, "retained_share") if c != "needed" or known]
    table = shown(
        f"{name}_edges",
        f"Edges of graph {choice.graph} as drawn; source, target: nodes; retained_share: seeds "
        f"that retain the edge, of {found['seed'].nunique()}"
        + ("; needed: by construction of the data." if known else "."),
        part[columns],
        percent=("retained_share",),
        folded=True,
    )
    return figure, table


def _alt(part: pd.DataFrame) -> str:
    kept = part[part["retained_share"] > 0]
    arrows = [
        f"layer {r['layer']}: {r['source']} to {r['target']} ({r['label']}, "
        f"{r['retained_share']:.0%} of seeds)"
        for r in rows(kept.head(_SPOKEN))
    ]
    if len(kept) > _SPOKEN:
        arrows.append(f"{len(kept) - _SPOKEN} more")
    text = f"{len(kept)} of {len(part)} edges are retained by some seed"
    return text + (f": {'; '.join(arrows)}." if arrows else ".")
