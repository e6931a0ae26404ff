"""Flat tensors of many graphs -> single PyG graphs, and batches collated in a few operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import torch
from torch import Tensor

from linguagraph.errors import ConfigError, MaskError

try:
    from torch_geometric.data import Batch, Data
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise MaskError(
        "synthetic tasks need PyTorch Geometric: pip install 'linguagraph[pyg]'"
    ) from error

__all__ = ["Batches", "GraphStore", "Pick"]

_LEVELS = ("node", "edge", "graph")


class GraphStore(Sequence[Any]):
    """Graphs of one task, as a sequence of PyG ``Data`` and a source of ready batches.

    What a ``DataLoader`` over the sequence yields and what :meth:`batch` gives for the same graphs
    are equal, attribute by attribute.

    Args:
        nodes: int64 [G], nodes of each graph.
        edges: int64 [G], edges of each graph.
        edge_index: int64 [2, sum of edges], nodes numbered from 0 within each graph.
        root: int64 [G], the node whose state is read out; attribute ``root_index`` [1] of a graph.
        node, edge, graph: further attributes by name, with one row per node, edge or graph.

    Raises:
        ConfigError: a tensor whose rows do not fit.
    """

    def __init__(
        self,
        nodes: Tensor,
        edges: Tensor,
        edge_index: Tensor,
        root: Tensor,
        *,
        node: dict[str, Tensor],
        edge: dict[str, Tensor],
        graph: dict[str, Tensor],
    ) -> None:
        self._nodes, self._edges, self._index, self._root = nodes, edges, edge_index, root
        self._fields = dict(zip(_LEVELS, (node, edge, graph), strict=True))
        rows = (int(nodes.sum()), int(edges.sum()), len(nodes))
        for level, expected in zip(_LEVELS, rows, strict=True):
            for name, values in self._fields[level].items():
                if len(values) != expected:
                    raise ConfigError(f"{name} has {len(values)} rows, not one per {level}")
        self._node_start = nodes.cumsum(0) - nodes
        self._edge_start = edges.cumsum(0) - edges

    def __len__(self) -> int:
        """Number of graphs."""
        return len(self._nodes)

    @overload
    def __getitem__(self, item: int) -> Any: ...

    @overload
    def __getitem__(self, item: slice) -> GraphStore: ...

    def __getitem__(self, item: int | slice) -> Any:
        """One graph as PyG ``Data``, or the store of some."""
        if isinstance(item, slice):
            return self.select(torch.arange(len(self))[item])
        if not -len(self) <= item < len(self):
            raise IndexError(item)
        return self._data(item % len(self))

    def _data(self, graph: int) -> Any:
        start, count = int(self._edge_start[graph]), int(self._edges[graph])
        chosen = {
            "node": slice(
                int(self._node_start[graph]), int(self._node_start[graph] + self._nodes[graph])
            ),
            "edge": slice(start, start + count),
            "graph": slice(graph, graph + 1),
        }
        data = Data(
            edge_index=self._index[:, chosen["edge"]], root_index=self._root[chosen["graph"]]
        )
        for level in _LEVELS:
            for name, values in self._fields[level].items():
                data[name] = values[chosen[level]]
        return data

    def select(self, which: Tensor) -> GraphStore:
        """The store of the graphs of the given numbers, int64 [n], in that order."""
        rows = {
            "node": _rows(self._node_start[which], self._nodes[which]),
            "edge": _rows(self._edge_start[which], self._edges[which]),
            "graph": which,
        }
        fields = {
            level: {name: values[rows[level]] for name, values in self._fields[level].items()}
            for level in _LEVELS
        }
        index = self._index[:, rows["edge"]]
        nodes, edges, root = self._nodes[which], self._edges[which], self._root[which]
        return GraphStore(nodes, edges, index, root, **fields)

    def batch(self, which: Tensor | None = None) -> Any:
        """The graphs of the given numbers (all by default) as one PyG ``Batch``.

        A few tensor operations for any number of graphs; ``Batch.from_data_list`` needs about 20
        per graph.
        """
        part = self if which is None else self.select(which)
        count = len(part)
        shift = part._node_start.repeat_interleave(part._edges)
        batch = Batch(
            batch=torch.arange(count).repeat_interleave(part._nodes),
            ptr=_bounds(part._nodes),
            edge_index=part._index + shift,
            root_index=part._root + part._node_start,
        )
        slices = {"edge_index": _bounds(part._edges), "root_index": torch.arange(count + 1)}
        increments = {"edge_index": part._node_start, "root_index": part._node_start}
        bounds = (batch.ptr, slices["edge_index"], slices["root_index"])
        for level, bound in zip(_LEVELS, bounds, strict=True):
            for name, values in part._fields[level].items():
                batch[name] = values
                slices[name], increments[name] = bound, torch.zeros(count, dtype=torch.int64)
        batch._num_graphs, batch._slice_dict, batch._inc_dict = count, slices, increments
        return batch

    def picks(self) -> list[Pick]:
        """All graphs by number, for who takes a sequence of graphs apart and joins some of them."""
        return [Pick(self, number) for number in range(len(self))]

    def batches(self, size: int, *, seed: int | None = None) -> Batches:
        """All graphs in batches, over and over: in order, or shuffled anew in every epoch.

        Raises:
            ConfigError: ``size`` is below 1.
        """
        return Batches(self, size, None if seed is None else torch.Generator().manual_seed(seed))

    def field(self, name: str) -> Tensor:
        """The rows of an attribute, over all graphs.

        Raises:
            ConfigError: there is none of that name.
        """
        for fields in self._fields.values():
            if name in fields:
                return fields[name]
        raise ConfigError(f"no attribute {name!r}; there are {sorted(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes beside edge_index and root_index."""
        return tuple(name for fields in self._fields.values() for name in fields)

    @property
    def num_edges(self) -> Tensor:
        """int64 [G], edges of each graph."""
        return self._edges


@dataclass(frozen=True, eq=False)
class Pick:
    """One graph of a store: a number in place of tensors."""

    store: GraphStore
    number: int

    @staticmethod
    def join(picks: Sequence[Pick]) -> Any:
        """Picks of one store as a PyG ``Batch``.

        Raises:
            MaskError: they are of several stores, or there are none.
        """
        stores = {id(pick.store) for pick in picks}
        if len(stores) != 1:
            raise MaskError(f"graphs of {len(stores)} stores; a batch needs those of one")
        return picks[0].store.batch(torch.tensor([pick.number for pick in picks]))


@dataclass(frozen=True)
class Batches:
    """An iterable of PyG batches that can be gone through again and again, like a DataLoader.

    Attributes:
        store: the graphs.
        size: graphs in a batch; the last one of an epoch may be smaller.
        generator: shuffles; ``None`` keeps the order.
    """

    store: GraphStore
    size: int
    generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ConfigError(f"batches of {self.size} graphs; expected at least 1")

    def __len__(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self.store) // self.size)

    def __iter__(self) -> Iterator[Any]:
        """One epoch."""
        order = torch.arange(len(self.store))
        if self.generator is not None:
            order = torch.randperm(len(self.store), generator=self.generator)
        for first in range(0, len(order), self.size):
            yield self.store.batch(order[first : first + self.size])


def _rows(start: Tensor, count: Tensor) -> Tensor:
    """Rows start, start + 1, ..., start + count - 1 of each graph, one after the other."""
    offset = (start - (count.cumsum(0) - count)).repeat_interleave(count)
    return offset + torch.arange(len(offset))


def _bounds(count: Tensor) -> Tensor:
    return torch.cat((count.new_zeros(1), count.cumsum(0)))
