"""Sentences and documents -> typed graphs with explicit edge ids."""

from linguagraph.graphs.coreference import coreference_graph, token_offsets
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.tables import graph_rows, graphs_from_rows
from linguagraph.graphs.textgraph import DIRECTIONS, KINDS, TextGraph

__all__ = [
    "DIRECTIONS",
    "KINDS",
    "TextGraph",
    "coreference_graph",
    "dependency_graph",
    "graph_rows",
    "graphs_from_rows",
    "token_offsets",
]
