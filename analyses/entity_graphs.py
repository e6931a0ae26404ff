"""What are the questions and their entity graphs made of, and how often is the model right?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_statistics import (
    answer_accuracy,
    item_statistics,
    relation_counts,
)
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, rows_by, shown
from .entity_paper import NOTE, OF_EDGES
from .entity_words import by_paper, figure, missing, shape, shared, spoken
from .params import Params
from .phrases import count, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_graphs", "Questions and their graphs"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Supports, candidates, nodes by role, edges by relation, density; accuracy."""
    items, why = tables.items, missing(tables, retained=False)
    if not why and (items is None or items.empty):
        why = "the run has no table of items"
    if why or items is None or tables.mentions is None:
        return (nothing(NAME, TITLE, __doc__, why),)
    masks = compile_masks(tables.edges, tables.mentions)
    sizes, relations = item_statistics(items, tables.mentions, masks), relation_counts(masks)
    relations["paper"] = by_paper(relations, ["relation"], OF_EDGES)
    accuracy = answer_accuracy(items, resampling=params.resampling)
    drawing = bars(relations, y="relation", x="share", xlabel="Share of all edges")
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(rows_by(sizes, "measure"), relations, rows(accuracy)[0], params),
            figures=(
                figure(
                    "entity_graphs_relations",
                    "What each relation makes up of all edges of the entity graphs.",
                    f"Share of all edges: {spoken(relations, 'relation')}.",
                    drawing,
                    data="entity_graphs_relations",
                ),
            ),
            tables=(
                shown(
                    "entity_graphs_items",
                    "What an item (a question with its texts) is made of. n: items; total: over "
                    "all items; mean, median, least, most: per item. mentioned candidates: those "
                    "with a node; nodes: mentions, by role; edges: directed, of the graph, "
                    "whatever layers they are in.",
                    sizes,
                    digits=1,
                ),
                shown(
                    "entity_graphs_relations",
                    "Edges by relation. items: those with such an edge; edges: directed; share: of "
                    "all edges; density: edges by ordered pairs of nodes of an item; paper: the "
                    "share on WikiHop.",
                    relations,
                    percent=("share", "density", "paper"),
                ),
                shown(
                    "entity_graphs_accuracy",
                    "How often the model is right, all edges there. n: items whose answer is "
                    f"known; k: right ones; low, high: {params.level:.0%} interval over items; "
                    f"small: n under {params.min_n}.",
                    accuracy,
                    percent=("share", "low", "high"),
                ),
            ),
            notes=(
                "Nodes are mentions in the supports; pairs of them are joined, both ways, where "
                "they have the same string (MATCH), stand in the same support (DOC-BASED), corefer "
                "(COREF), or where none of these holds (COMPLEMENT).",
                NOTE,
            ),
            summary={NAME: _summary(sizes, relations, rows(accuracy)[0])},
        ),
    )


def _finding(sizes: dict[str, Row], relations: pd.DataFrame, accuracy: Row, params: Params) -> str:
    nodes, edges = sizes["nodes"], sizes["edges"]
    text = f"{count(nodes['n'], 'item')}, on average with {nodes['mean']:.1f} nodes (median "
    text += f"{nodes['median']:.0f}, at most {nodes['most']:.0f}) and {edges['mean']:,.0f} edges, "
    text += f"from {sizes['supports']['mean']:.1f} supports, for "
    text += f"{sizes['candidates']['mean']:.1f} candidates"
    parts = [f"{r['relation']} {percent(r['share'])}" for r in rows(relations)]
    text += f"; of the edges: {join(parts)}. "
    if not accuracy["n"]:
        return f"{text}The right answers are not known."
    return f"{text}The model answers {shared(accuracy, params)} of the items right."


def _summary(sizes: pd.DataFrame, relations: pd.DataFrame, accuracy: Row) -> Row:
    return {
        "items": shape(sizes, "measure", "total", "mean", "median", "most"),
        "relations": shape(relations, "relation", "edges", "share", "density"),
        "accuracy": None if not accuracy["n"] else float(accuracy["share"]),
    }
