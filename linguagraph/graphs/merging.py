"""Graphs over the same tokens -> one graph that keeps their kinds; documents -> such graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.graphs.coreference import coreference_graph, token_offsets
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.occurrences import CONTENT
from linguagraph.graphs.projection import PairScores, cooccurrence_graph
from linguagraph.graphs.textgraph import KINDS, TextGraph

__all__ = [
    "SentencePart",
    "document_dependency_graph",
    "document_graph",
    "merge",
    "sentence_parts",
]


def merge(graphs: Sequence[TextGraph]) -> TextGraph:
    """Put the edges of several graphs over the same nodes into one, in the order of the graphs.

    Edge ids count on from graph to graph. Kinds are kept: in ``kinds`` if they differ, else in
    ``kind``. Where some graph has weights, edges of the others weigh 1.

    Raises:
        ConfigError: no graph, or graphs of different numbers of nodes.
    """
    sizes = sorted({graph.num_nodes for graph in graphs})
    if len(sizes) != 1:
        raise ConfigError(f"graphs of {sizes} nodes; expected at least one graph, all of one size")
    kinds = tuple(kind for graph in graphs for kind in graph.edge_kinds)
    same = {graph.kind for graph in graphs}
    weighted = any(graph.weights for graph in graphs)
    return TextGraph(
        num_nodes=sizes[0],
        edge_index=np.concatenate([graph.edge_index for graph in graphs], axis=1),
        labels=tuple(label for graph in graphs for label in graph.labels),
        directions=tuple(direction for graph in graphs for direction in graph.directions),
        kind="merged" if len(same) > 1 else next(iter(same)),
        kinds=kinds if len(same) > 1 or any(graph.kinds for graph in graphs) else (),
        weights=tuple(w for graph in graphs for w in graph.weights or (1.0,) * graph.num_edges)
        if weighted
        else (),
    )


def document_dependency_graph(document: Document, *, subtypes: str = "keep") -> TextGraph:
    """The dependency graphs of all sentences as one graph over the document's tokens.

    Token ``t`` of sentence ``s`` is node ``offset of s + t``; edges follow in the order of the
    sentences, those of one sentence as :func:`linguagraph.graphs.dependency_graph` orders them.

    Raises:
        ConfigError: unknown value of ``subtypes``.
    """
    offsets = token_offsets(document).tolist()
    graphs = [dependency_graph(sentence, subtypes=subtypes) for sentence in document.sentences]
    shifted = [graph.edge_index + offset for graph, offset in zip(graphs, offsets, strict=False)]
    return TextGraph(
        num_nodes=offsets[-1],
        edge_index=np.concatenate([np.zeros((2, 0), dtype=np.int64), *shifted], axis=1),
        labels=tuple(label for graph in graphs for label in graph.labels),
        directions=tuple(direction for graph in graphs for direction in graph.directions),
    )


def document_graph(
    document: Document,
    *,
    kinds: Sequence[str] = ("dependency", "coreference"),
    links: str = "nearest",
    cooccurrence: PairScores | pd.DataFrame | None = None,
    unit: str = "lemma",
    window: str = "sentence",
    size: int = 5,
    keep: Sequence[str] | None = CONTENT,
    minimum: float = 0.0,
    top: int = 5,
    subtypes: str = "keep",
) -> TextGraph:
    """The merged graph of a document over all its tokens.

    Edges come in the order of :data:`linguagraph.graphs.textgraph.KINDS`, whatever the order of
    ``kinds``, so that dependency edges have the same ids with other kinds as without.

    Args:
        document: sentences with trees, chains and lemmas, as far as the kinds need them.
        kinds: which edges; each kind once.
        links: see :func:`linguagraph.graphs.coreference.coreference_graph`.
        cooccurrence: scored pairs of the corpus; needed with the kind ``cooccurrence``.
        unit, window, size, keep, minimum, top: see
            :func:`linguagraph.graphs.projection.cooccurrence_graph`.
        subtypes: ``keep`` dependency labels as they are, or ``fold`` their subtypes.

    Raises:
        ConfigError: an unknown option or kind, no kind, or co-occurrence without scored pairs.
        DocumentError: windows are paragraphs and the document does not say where they are.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        raise ConfigError(f"kinds={list(kinds)}; expected one or more of {list(KINDS)}")
    graphs = []
    if "dependency" in kinds:
        graphs.append(document_dependency_graph(document, subtypes=subtypes))
    if "coreference" in kinds:
        graphs.append(coreference_graph(document, links=links))
    if "cooccurrence" in kinds:
        if cooccurrence is None:
            raise ConfigError(
                "edges of the kind 'cooccurrence' need scored pairs: count them over the corpus "
                "with count_cooccurrences, score them with associate and give the table"
            )
        graphs.append(
            cooccurrence_graph(
                document,
                cooccurrence,
                unit=unit,
                window=window,
                size=size,
                keep=keep,
                minimum=minimum,
                top=top,
            )
        )
    return merge(graphs)


@dataclass(frozen=True)
class SentencePart:
    """What of a document's graph lies within one sentence.

    Attributes:
        graph: nodes are the tokens of the sentence; edges keep their order, numbered anew.
        leaving: relations by kind that join the sentence to another one, each counted once.
    """

    graph: TextGraph
    leaving: dict[str, int]


def sentence_parts(
    graph: TextGraph, document: Document, *, only: Collection[int] | None = None
) -> dict[int, SentencePart]:
    """Cut a document's graph into its sentences, in linear time.

    Args:
        graph: over all tokens of the document.
        document: its sentences.
        only: positions of the sentences that are wanted, by default all; others are passed over.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    offsets = token_offsets(document)
    if graph.num_nodes != offsets[-1]:
        raise ConfigError(
            f"document {document.id!r} has {offsets[-1]} tokens, its graph {graph.num_nodes} nodes"
        )
    wanted = range(len(document.sentences)) if only is None else sorted(set(only))
    ends = np.repeat(np.arange(len(document.sentences)), np.diff(offsets))[graph.edge_index]
    within: dict[int, list[int]] = {sentence: [] for sentence in wanted}
    leaving: dict[int, Counter[str]] = {sentence: Counter() for sentence in wanted}
    kinds = graph.edge_kinds
    for edge, (source, target) in enumerate(zip(*ends.tolist(), strict=True)):
        if source == target and source in within:
            within[source].append(edge)
        elif source != target and graph.directions[edge] == "->":
            for sentence in (source, target):
                if sentence in leaving:
                    leaving[sentence][kinds[edge]] += 1
    return {
        s: SentencePart(
            _selected(graph, within[s], int(offsets[s]), len(document.sentences[s])),
            dict(leaving[s]),
        )
        for s in wanted
        if 0 <= s < len(document.sentences)
    }


def _selected(graph: TextGraph, edges: list[int], start: int, size: int) -> TextGraph:
    """Some edges of a graph, over the nodes from ``start`` on."""
    return TextGraph(
        num_nodes=size,
        edge_index=graph.edge_index[:, edges] - start,
        labels=tuple(graph.labels[edge] for edge in edges),
        directions=tuple(graph.directions[edge] for edge in edges),
        kind=graph.kind,
        kinds=tuple(graph.kinds[edge] for edge in edges) if graph.kinds else (),
        weights=tuple(graph.weights[edge] for edge in edges) if graph.weights else (),
    )
