"""A dependency graph -> the paths between its tokens, as edge ids in the direction of travel."""

from __future__ import annotations

from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["TreePaths"]


class TreePaths:
    """Paths in a dependency forest.

    Args:
        graph: with one ``->`` and one ``<-`` edge per dependency, at most one head per token.
        nodes: look at dependencies between the first so many nodes only; ``None`` at all edges.

    Raises:
        ConfigError: a token has two heads, an edge has no counterpart, or heads form a cycle.
    """

    def __init__(self, graph: TextGraph, *, nodes: int | None = None) -> None:
        self.graph = graph
        self.head: dict[int, int] = {}
        self.down: dict[int, int] = {}
        self.up: dict[int, int] = {}
        kinds = graph.edge_kinds
        for edge, direction in enumerate(graph.directions):
            source, target = (int(node) for node in graph.edge_index[:, edge])
            if nodes is not None and not (
                kinds[edge] == "dependency" and source < nodes and target < nodes
            ):
                continue
            if direction == "<-":
                self.up[source] = edge
                continue
            if target in self.head:
                raise ConfigError(f"token {target} has two heads; paths need a tree")
            self.head[target], self.down[target] = source, edge
        if self.up.keys() != self.head.keys():
            raise ConfigError("an edge has no counterpart; paths need a -> and a <- edge each")
        self._check_cycles()

    def _check_cycles(self) -> None:
        safe: set[int] = set()
        for node in self.head:
            trail: set[int] = set()
            while node in self.head and node not in safe:
                if node in trail:
                    raise ConfigError(f"token {node} is on a cycle of heads; paths need a tree")
                trail.add(node)
                node = self.head[node]
            safe |= trail

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
