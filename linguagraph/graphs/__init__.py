"""Sentences -> typed graphs with explicit edge ids."""

from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.tables import graph_rows, graphs_from_rows
from linguagraph.graphs.textgraph import DIRECTIONS, KINDS, TextGraph

__all__ = ["DIRECTIONS", "KINDS", "TextGraph", "dependency_graph", "graph_rows", "graphs_from_rows"]
