"""Sentences -> typed graphs with explicit edge ids."""

from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

__all__ = ["DIRECTIONS", "TextGraph", "dependency_graph"]
