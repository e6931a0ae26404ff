"""Sentences and documents -> typed graphs with explicit edge ids."""

from linguagraph.graphs.association import MEASURES, associate, association_network
from linguagraph.graphs.cooccurrence import Cooccurrence, count_cooccurrences
from linguagraph.graphs.coreference import coreference_graph, token_offsets
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.exports import EXPORTS
from linguagraph.graphs.merging import (
    document_dependency_graph,
    document_graph,
    merge,
    sentence_parts,
)
from linguagraph.graphs.projection import PairScores, cooccurrence_graph, pair_scores
from linguagraph.graphs.tables import graph_rows, graphs_from_rows
from linguagraph.graphs.textgraph import DIRECTIONS, KINDS, TextGraph

__all__ = [
    "Cooccurrence",
    "DIRECTIONS",
    "EXPORTS",
    "KINDS",
    "MEASURES",
    "PairScores",
    "TextGraph",
    "associate",
    "association_network",
    "cooccurrence_graph",
    "coreference_graph",
    "count_cooccurrences",
    "dependency_graph",
    "document_dependency_graph",
    "document_graph",
    "graph_rows",
    "graphs_from_rows",
    "merge",
    "pair_scores",
    "sentence_parts",
    "token_offsets",
]
