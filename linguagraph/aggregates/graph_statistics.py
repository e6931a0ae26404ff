"""Graphs over tokens in, one at a time; nodes, relations, labels and degrees by edge kind out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import ALL
from linguagraph.errors import TableError
from linguagraph.graphs.textgraph import KINDS, TextGraph

__all__ = ["GraphStatistics", "SizedGraph", "graph_statistics"]

SizedGraph = tuple[TextGraph, Sequence[int]]
"""A graph over the tokens of consecutive sentences, and how many tokens each of them has."""

_KINDS = ["kind", "nodes", "linked", "relations", "edges", "labels"]
_KINDS += ["mean_degree", "max_degree", "cross_sentence"]


@dataclass(frozen=True)
class GraphStatistics:
    """What graphs are made of; a relation is a pair of edges, one each way.

    Attributes:
        graphs: how many there are.
        kinds: one row per kind that occurs, in the order of ``KINDS``, and where there are several
            a last one, "all": ``kind``, ``nodes`` (of all graphs), ``linked`` (nodes with a
            relation of the kind), ``relations``, ``edges`` (directed), ``labels`` (distinct),
            ``mean_degree`` (relations per node of all graphs), ``max_degree``, ``cross_sentence``
            (share of relations that join two sentences; NaN without relations).
        labels: ``kind``, ``label``, ``n`` (relations), ``share`` (of the kind's relations),
            ``cross_sentence``; most frequent first within a kind.
    """

    graphs: int
    kinds: pd.DataFrame
    labels: pd.DataFrame


@dataclass
class _Kind:
    """Counts of one kind so far."""

    edges: int = 0
    relations: int = 0
    crossing: int = 0
    linked: int = 0
    most: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    label_crossing: Counter[str] = field(default_factory=Counter)


def graph_statistics(graphs: Iterable[SizedGraph]) -> GraphStatistics:
    """Count graphs; each is looked at once and let go.

    An edge and its counterpart are one relation, counted where its direction is ``->``.

    Raises:
        TableError: the sentences of a graph have another number of tokens than it has nodes.
    """
    tallies: dict[str, _Kind] = {}
    count = nodes = 0
    for graph, sizes in graphs:
        if sum(sizes) != graph.num_nodes:
            raise TableError(
                f"a graph of {graph.num_nodes} nodes is given sentences of {sum(sizes)} tokens; "
                "expected one node per token"
            )
        count, nodes = count + 1, nodes + graph.num_nodes
        sentence = np.repeat(np.arange(len(sizes)), sizes)
        kinds = np.array(graph.edge_kinds, dtype=object)
        everything = np.ones(graph.num_edges, dtype=bool)
        present = dict.fromkeys(graph.edge_kinds)
        for kind in (*present, ALL):
            chosen = everything if kind == ALL else kinds == kind
            _add(tallies.setdefault(kind, _Kind()), graph, chosen, sentence)
    order = [kind for kind in KINDS if kind in tallies]
    order += sorted(set(tallies) - set(order) - {ALL})
    shown = [*order, ALL] if len(order) > 1 else order
    return GraphStatistics(
        graphs=count,
        kinds=pd.DataFrame([_row(k, tallies[k], nodes) for k in shown], columns=_KINDS),
        labels=_labels({kind: tallies[kind] for kind in order}),
    )


def _add(
    tally: _Kind, graph: TextGraph, chosen: NDArray[np.bool_], sentence: NDArray[np.int64]
) -> None:
    forward = np.flatnonzero(chosen & np.array([d == "->" for d in graph.directions], dtype=bool))
    ends = graph.edge_index[:, forward]
    crossing = sentence[ends[0]] != sentence[ends[1]]
    degree = np.bincount(ends.ravel(), minlength=graph.num_nodes)
    labels = [graph.labels[edge] for edge in forward]
    tally.edges += int(chosen.sum())
    tally.relations += len(forward)
    tally.crossing += int(crossing.sum())
    tally.linked += int((degree > 0).sum())
    tally.most = max(tally.most, int(degree.max(initial=0)))
    tally.labels.update(labels)
    tally.label_crossing.update(labels[i] for i in np.flatnonzero(crossing))


def _row(kind: str, tally: _Kind, nodes: int) -> tuple[object, ...]:
    return (
        kind,
        nodes,
        tally.linked,
        tally.relations,
        tally.edges,
        len(tally.labels),
        2 * tally.relations / nodes if nodes else float("nan"),
        tally.most,
        tally.crossing / tally.relations if tally.relations else float("nan"),
    )


def _labels(tallies: dict[str, _Kind]) -> pd.DataFrame:
    rows = [
        (kind, label, n, n / tally.relations, tally.label_crossing[label] / n)
        for kind, tally in tallies.items()
        for label, n in sorted(tally.labels.items(), key=lambda item: (-item[1], item[0]))
    ]
    return pd.DataFrame(rows, columns=["kind", "label", "n", "share", "cross_sentence"])
