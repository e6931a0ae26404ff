"""A dependency graph -> the paths between its tokens, as edge ids in the direction of travel."""

from __future__ import annotations

from linguagraph.graphs.textgraph import TextGraph

__all__ = ["TreePaths"]


class TreePaths:
    """Paths in a dependency forest.

    Args:
        graph: with one ``->`` and one ``<-`` edge per dependency.
    """

    def __init__(self, graph: TextGraph) -> None:
        self.graph = graph
        self.head: dict[int, int] = {}
        self.down: dict[int, int] = {}
        self.up: dict[int, int] = {}
        for edge, direction in enumerate(graph.directions):
            source, target = (int(node) for node in graph.edge_index[:, edge])
            if direction == "->":
                self.head[target], self.down[target] = source, edge
            else:
                self.up[source] = edge

    def path(self, start: int, end: int) -> list[int] | None:
        """Edge ids from ``start`` to ``end``: up to their lowest common ancestor, then down.

        Returns:
            The edges in travelling order, empty if both are one token, ``None`` if no path exists.
        """
        above = [start]
        while above[-1] in self.head:
            above.append(self.head[above[-1]])
        position = {node: i for i, node in enumerate(above)}
        descent: list[int] = []
        common = end
        while common not in position:
            if common not in self.head:
                return None
            descent.append(self.down[common])
            common = self.head[common]
        ascent = [self.up[node] for node in above[: position[common]]]
        return ascent + descent[::-1]

    def name(self, path: list[int]) -> str:
        """Directions and labels of a path, such as ``<-xcomp ->nsubj``."""
        return " ".join(self.graph.directions[e] + self.graph.labels[e] for e in path)
