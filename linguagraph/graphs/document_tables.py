"""A document and its graph -> rows for Parquet: a row per edge, a row per token; components."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from linguagraph.columns import Column, Table
from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.graphs.coreference import token_offsets
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

__all__ = [
    "DOCUMENT_EDGES",
    "DOCUMENT_NODES",
    "constant",
    "count_components",
    "document_edges",
    "document_nodes",
    "places",
]

_ENDS = (
    Column("source_sentence", "int", "sentence of the source, counted from 0 in the document"),
    Column("source_token", "int", "token index of the source in its sentence, from 0"),
    Column("target_sentence", "int", "sentence of the target, counted from 0 in the document"),
    Column("target_token", "int", "token index of the target in its sentence, from 0"),
)

DOCUMENT_EDGES = Table(
    "document_edges",
    (
        Column("number", "int", "number of the document in the run, from 0"),
        Column("document", "category", "identifier of the document"),
        Column("edge", "int", "edge id within the document's graph, from 0"),
        Column("source", "int", "node the edge leaves: position of a token in the document"),
        Column("target", "int", "node the edge enters: position of a token in the document"),
        *_ENDS,
        Column("token_distance", "int", "|source - target| in tokens of the document"),
        Column("kind", "category", "dependency, coreference or cooccurrence"),
        Column("label", "category", "dependency label, coref:TYPE or cooccurrence"),
        Column(
            "direction",
            "category",
            "-> from head to dependent, antecedent to anaphor or earlier to later token; <- back",
        ),
        Column("weight", "float", "association score; missing in graphs without", nullable=True),
    ),
)
"""The edges of documents' graphs, a row each."""

DOCUMENT_NODES = Table(
    "document_nodes",
    (
        Column("number", "int", "number of the document in the run, from 0"),
        Column("document", "category", "identifier of the document"),
        Column("node", "int", "position of the token in the document, from 0"),
        Column("sentence", "int", "sentence, counted from 0 in the document"),
        Column("token", "int", "token index in the sentence, from 0"),
        Column("form", "string", "the word as written"),
        Column("lemma", "category", "dictionary form", nullable=True),
        Column("upos", "category", "universal part of speech", nullable=True),
        Column("xpos", "category", "part of speech of the treebank", nullable=True),
    ),
)
"""The tokens of documents, a row each."""


def document_edges(document: Document, graph: TextGraph, *, number: int = 0) -> pd.DataFrame:
    """The edges of a document's graph as :data:`DOCUMENT_EDGES`; ``number`` names the document.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    sentence, token = places(document, graph)
    source, target = graph.edge_index
    size = graph.num_edges
    return DOCUMENT_EDGES.check(
        pd.DataFrame(
            {
                "number": np.full(size, number),
                "document": constant(document.id, size),
                "edge": np.arange(size),
                "source": source,
                "target": target,
                "source_sentence": sentence[source],
                "source_token": token[source],
                "target_sentence": sentence[target],
                "target_token": token[target],
                "token_distance": np.abs(source - target),
                "kind": pd.Categorical(graph.edge_kinds),
                "label": pd.Categorical(graph.labels),
                "direction": pd.Categorical(graph.directions, list(DIRECTIONS)),
                "weight": graph.weights or np.full(size, np.nan),
            }
        )
    )


def document_nodes(document: Document, *, number: int = 0) -> pd.DataFrame:
    """The tokens of a document as :data:`DOCUMENT_NODES`; ``number`` names the document."""
    rows = [
        (sentence, token.index, token.form, token.lemma, token.upos, token.xpos)
        for sentence, part in enumerate(document.sentences)
        for token in part.tokens
    ]
    names = ["sentence", "token", "form", "lemma", "upos", "xpos"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    frame.insert(0, "number", number)
    frame.insert(1, "document", pd.Series(constant(document.id, len(rows))))
    frame.insert(2, "node", np.arange(len(rows)))
    return DOCUMENT_NODES.check(frame)


def count_components(graph: TextGraph, kind: str | None = None) -> int:
    """Connected components, directions aside; a token without an edge is one of its own.

    Args:
        graph: any graph.
        kind: count over the edges of one kind only.
    """
    chosen = np.array([kind in (None, found) for found in graph.edge_kinds], dtype=bool)
    source, target = graph.edge_index[:, chosen]
    shape = (graph.num_nodes, graph.num_nodes)
    matrix = sparse.coo_array((np.ones(len(source), dtype=np.int8), (source, target)), shape=shape)
    count, _ = csgraph.connected_components(matrix, directed=False)
    return int(count)


def places(document: Document, graph: TextGraph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sentence and token index of every node, int64 [N] each.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    offsets = token_offsets(document)
    if graph.num_nodes != offsets[-1]:
        raise ConfigError(
            f"document {document.id!r} has {offsets[-1]} tokens, its graph {graph.num_nodes} nodes"
        )
    sentence = np.repeat(np.arange(len(document.sentences), dtype=np.int64), np.diff(offsets))
    return sentence, np.arange(graph.num_nodes, dtype=np.int64) - offsets[sentence]


def constant(value: str, size: int) -> pd.Categorical:
    """A category column with one value."""
    return pd.Categorical.from_codes(
        np.zeros(size, dtype=np.int64), pd.Index([value], dtype=object)
    )
