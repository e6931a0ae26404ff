"""A graph over the tokens of a sentence or document: the value that every graph builder returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linguagraph import display
from linguagraph.errors import ConfigError

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["DIRECTIONS", "KINDS", "TextGraph"]

DIRECTIONS = ("->", "<-")
"""``->`` flows from head to dependent, ``<-`` from dependent to head.

For coreference ``->`` flows from antecedent to anaphor, for co-occurrence from the earlier to the
later token.
"""

KINDS = ("dependency", "coreference", "cooccurrence")
"""What may make an edge."""


@dataclass(frozen=True)
class TextGraph:
    """Nodes, directed typed edges and their explicit ids; edge ``i`` has id ``i``.

    Attributes:
        num_nodes: number of nodes (tokens).
        edge_index: int64 [2, E]; row 0 the source, row 1 the target of each message.
        labels: E dependency labels (or other edge labels).
        directions: E entries of :data:`DIRECTIONS`.
        kind: what made the edges (one of :data:`KINDS`, or ``entity``), or ``merged`` where they
            differ.
        kinds: E entries of :data:`KINDS` in a merged graph; empty where ``kind`` holds for all.
        weights: E weights; empty where edges have none.

    Raises:
        ConfigError: lengths disagree or an edge leaves the graph.
    """

    num_nodes: int
    edge_index: NDArray[np.int64]
    labels: tuple[str, ...]
    directions: tuple[str, ...]
    kind: str = "dependency"
    kinds: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        index = self.edge_index
        if index.ndim != 2 or index.shape[0] != 2:
            raise ConfigError(f"edge_index has shape {index.shape}; expected (2, edges)")
        if not index.shape[1] == len(self.labels) == len(self.directions):
            raise ConfigError(
                f"{index.shape[1]} edges, {len(self.labels)} labels and {len(self.directions)} "
                "directions; expected as many of each"
            )
        if index.size and not (index.min() >= 0 and index.max() < self.num_nodes):
            raise ConfigError(f"an edge leaves the graph of {self.num_nodes} nodes")
        for name, values in (("kinds", self.kinds), ("weights", self.weights)):
            if values and len(values) != len(self.labels):
                raise ConfigError(f"{len(values)} {name} for {len(self.labels)} edges")
        unknown = set(self.directions) - set(DIRECTIONS)
        if unknown:
            raise ConfigError(f"directions {sorted(unknown)}; expected {list(DIRECTIONS)}")

    def __repr__(self) -> str:
        nodes, edges = (
            display.counted(n, w) for n, w in ((self.num_nodes, "node"), (self.num_edges, "edge"))
        )
        labels = display.counted(len(set(self.labels)), "label")
        return f"<TextGraph {self.kind!r}: {nodes}, {edges}, {labels}>"

    def _repr_html_(self) -> str:
        return display.html(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextGraph):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        ends = tuple(map(tuple, self.edge_index.tolist()))
        shape = (self.num_nodes, self.kind, ends, self.labels, self.directions)
        return (*shape, self.kinds, self.weights)

    @property
    def edge_kinds(self) -> tuple[str, ...]:
        """The kind of every edge."""
        return self.kinds or (self.kind,) * self.num_edges

    @property
    def num_edges(self) -> int:
        """Number of directed edges."""
        return len(self.labels)

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph as ``networkx.MultiDiGraph``; edges keyed by id.

        Edges carry ``label``, ``direction``, ``kind`` and, in graphs with weights, ``weight``.
        """
        import networkx as nx

        graph = nx.MultiDiGraph(kind=self.kind)
        graph.add_nodes_from(range(self.num_nodes))
        names = ("label", "direction", "kind", *(("weight",) if self.weights else ()))
        columns = (self.labels, self.directions, self.edge_kinds)
        values = zip(*columns, *((self.weights,) if self.weights else ()), strict=True)
        ends = zip(*self.edge_index.tolist(), strict=True)
        graph.add_edges_from(
            (source, target, edge, dict(zip(names, row, strict=True)))
            for edge, ((source, target), row) in enumerate(zip(ends, values, strict=True))
        )
        return graph

    def to_pyg(self) -> Any:
        """The graph as ``torch_geometric.data.Data`` with ``edge_index`` int64 [2, E], ``edge_id``.

        Labels, directions and kinds travel as lists (``edge_label``, ``edge_direction``,
        ``edge_kind``); in graphs with weights ``edge_weight`` is float32 [E].

        Raises:
            ConfigError: torch_geometric is not installed.
        """
        import torch

        try:
            from torch_geometric.data import Data
        except ImportError as error:
            raise ConfigError(
                "torch_geometric is not installed; pip install 'linguagraph[pyg]'"
            ) from error
        data = Data(
            num_nodes=self.num_nodes,
            edge_index=torch.from_numpy(self.edge_index.copy()),
            edge_id=torch.arange(self.num_edges),
            edge_label=list(self.labels),
            edge_direction=list(self.directions),
            edge_kind=list(self.edge_kinds),
        )
        if self.weights:
            data.edge_weight = torch.tensor(self.weights, dtype=torch.float32)
        return data
