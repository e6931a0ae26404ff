"""What are the graphs made of: which kinds of edges, how many, how dense, how far do they reach?"""

from __future__ import annotations

from collections.abc import Iterator

from linguagraph.aggregates.graph_statistics import (
    GraphStatistics,
    SizedGraph,
    graph_statistics,
)
from linguagraph.edges.storage import RunTables
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.merging import document_graph
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, shown
from .params import Params
from .phrases import count, join, number, percent

__all__ = ["run"]

NAME, TITLE = "graphs", "The graphs"
WORDS = {"dependency": "dependency", "coreference": "coreference", "cooccurrence": "co-occurrence"}


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Nodes, relations, labels, degrees and the share that crosses sentences, by edge kind."""
    found = graph_statistics(_graphs(tables))
    used = sorted(map(str, tables.edges["kind"].unique())) if "kind" in tables.edges else []
    if found.kinds.empty:
        return (nothing(NAME, TITLE, __doc__, "the run has no graph with an edge"),)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(found),
            tables=(
                shown(
                    "graphs_kinds",
                    "Graphs by kind of edge. nodes: tokens; linked: those with a relation of the "
                    "kind; relations: pairs of edges, one each way; edges: directed; labels: "
                    "distinct; degree: relations per token; cross_sentence: share of relations "
                    "that join two sentences.",
                    found.kinds,
                    percent=("cross_sentence",),
                    digits=2,
                ),
                shown(
                    "graphs_labels",
                    "Labels by kind. n: relations; share: of the kind's relations; cross_sentence: "
                    "share of them that join two sentences.",
                    found.labels,
                    percent=("share", "cross_sentence"),
                    folded=True,
                ),
            ),
            notes=(
                "Direction -> flows from head to dependent, from antecedent to anaphor, and from "
                "the earlier to the later of two tokens that occur together; <- flows back.",
                f"The explained model receives edges of {join(WORDS.get(k, k) for k in used)}.",
            )[: 1 + bool(used)],
            summary={NAME: _shape(found)},
        ),
    )


def _graphs(tables: RunTables) -> Iterator[SizedGraph]:
    """The run's graphs, else those of its documents, else the trees of its sentences."""
    empty = True
    for sized in tables.graphs:
        empty = False
        yield sized
    if not empty:
        return
    for document in tables.documents:
        empty = False
        yield document_graph(document), [len(sentence) for sentence in document.sentences]
    if empty:
        for sentence in tables.sentences.values():
            yield dependency_graph(sentence), (len(sentence),)


def _finding(found: GraphStatistics) -> str:
    parts = []
    for row in rows(found.kinds[found.kinds["kind"] != "all"]):
        words = f"{count(row['relations'], 'relation')} of {WORDS.get(row['kind'], row['kind'])}"
        words += f" ({count(row['labels'], 'label')}, {row['mean_degree']:.1f} per token"
        if row["relations"] and row["cross_sentence"]:
            words += f", {percent(row['cross_sentence'])} between sentences"
        parts.append(words + ")")
    text = f"{count(found.graphs, 'graph')} with {join(parts)}."
    if not found.kinds["cross_sentence"].fillna(0).any():
        text += " No relation leaves its sentence."
    return text


def _shape(found: GraphStatistics) -> Row:
    shape: Row = {"graphs": found.graphs}
    names = ("nodes", "linked", "relations", "edges", "labels", "max_degree")
    for row in rows(found.kinds):
        values: Row = {name: int(row[name]) for name in names}
        values |= {name: number(row[name]) for name in ("mean_degree", "cross_sentence")}
        shape[row["kind"]] = values
    return shape
