"""A PyG batch -> its edges, the graph of every edge, and the graph of every prediction."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError

__all__ = [
    "EdgeLayout",
    "Given",
    "UnitRule",
    "edge_layout",
    "edge_roots",
    "told_apart",
    "unit_rule",
]

UnitRule = Callable[[Any, "EdgeLayout"], Tensor]
"""(content, its edges) -> graph of each unit, int64 [U]."""


@dataclass(frozen=True)
class Given:
    """Arguments for the model itself: positional (``x``, ``edge_index``) and by name."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def to(self, device: torch.device) -> Given:
        """As they are: whoever calls the model by hand puts tensors where it needs them."""
        return self


@dataclass(frozen=True)
class EdgeLayout:
    """The edges of a batch; E of them, G graphs, N nodes.

    Attributes:
        roots: input edge indices, one for every set of edges.
        edge_index: int64 [2, E], node numbers that differ between node types.
        edge_graph: int64 [E]; node_graph: int64 [N].
        num_graphs: G.
        edge_sets: name and number of edges of each set.
        node_types: first node and number of nodes of each type of a heterogeneous graph.
    """

    roots: tuple[Tensor, ...]
    edge_index: Tensor
    edge_graph: Tensor
    node_graph: Tensor
    num_graphs: int
    edge_sets: tuple[tuple[str, int], ...]
    node_types: Mapping[str, tuple[int, int]]


def edge_layout(content: Any) -> EdgeLayout:
    """Edges of a ``Data``, ``HeteroData``, batch of them, or :class:`Given` arguments.

    Raises:
        MaskError: there is no edge index.
    """
    if isinstance(content, Given):
        return _given(content)
    if hasattr(content, "edge_types") and hasattr(content, "node_types"):
        return _hetero(content)
    edge_index = getattr(content, "edge_index", None)
    if not isinstance(edge_index, Tensor):
        raise MaskError(
            f"{type(content).__name__} has no edge_index; masks need graphs with edge_index "
            "[2, E] (a sparse adj_t has no edge ids)"
        )
    size = int(content.num_nodes or 0)
    graph = getattr(content, "batch", None)
    return _homogeneous(edge_index, size, graph, int(getattr(content, "num_graphs", 1) or 1))


def told_apart(content: Any) -> Any:
    """A heterogeneous graph in which no two edge types share one ``edge_index`` object."""
    if isinstance(content, Given) or not hasattr(content, "edge_types"):
        return content
    seen: set[int] = set()
    for kind in content.edge_types:
        root = content[kind].edge_index
        if id(root) in seen:
            content = copy.copy(content)
            content[kind].edge_index = root.clone()
        seen.add(id(root))
    return content


def edge_roots(content: Any) -> tuple[Tensor, ...]:
    """The input edge indices alone, as :attr:`EdgeLayout.roots`."""
    if isinstance(content, Given):
        return _given(content).roots
    if hasattr(content, "edge_types") and hasattr(content, "node_types"):
        return tuple(content[kind].edge_index for kind in content.edge_types)
    return (content.edge_index,)


def _homogeneous(
    edge_index: Tensor, size: int, graph: Tensor | None, num_graphs: int
) -> EdgeLayout:
    if edge_index.is_floating_point() or edge_index.dim() != 2 or edge_index.shape[0] != 2:
        raise MaskError(f"edge_index has shape {tuple(edge_index.shape)}; expected int64 [2, E]")
    if not isinstance(graph, Tensor):
        graph = torch.zeros(size, dtype=torch.long, device=edge_index.device)
        num_graphs = 1
    return EdgeLayout(
        (edge_index,),
        edge_index,
        graph.index_select(0, edge_index[0]),
        graph,
        num_graphs,
        (("edges", edge_index.shape[1]),),
        {},
    )


def _hetero(content: Any) -> EdgeLayout:
    types: dict[str, tuple[int, int]] = {}
    graphs: list[Tensor] = []
    total = 0
    for name in content.node_types:
        size = int(content[name].num_nodes or 0)
        types[name] = (total, size)
        total += size
        graph = getattr(content[name], "batch", None)
        graphs.append(torch.zeros(size, dtype=torch.long) if graph is None else graph)
    roots = tuple(content[kind].edge_index for kind in content.edge_types)
    if not roots:
        raise MaskError("the heterogeneous graph has no edge types")
    node_graph = torch.cat([graph.to(roots[0].device) for graph in graphs])
    shifted = [
        root + root.new_tensor([[types[kind[0]][0]], [types[kind[-1]][0]]])
        for kind, root in zip(content.edge_types, roots, strict=True)
    ]
    edge_index = torch.cat(shifted, 1)
    return EdgeLayout(
        roots,
        edge_index,
        node_graph.index_select(0, edge_index[0]),
        node_graph,
        int(getattr(content, "num_graphs", 1) or 1),
        tuple(
            ("__".join(kind), root.shape[1])
            for kind, root in zip(content.edge_types, roots, strict=True)
        ),
        types,
    )


def _given(content: Given) -> EdgeLayout:
    if len(content.args) >= 2 and isinstance(content.args[0], Mapping):
        from torch_geometric.data import HeteroData

        data = HeteroData()
        for name, x in content.args[0].items():
            data[name].x = x
        for kind, root in content.args[1].items():
            data[kind].edge_index = root
        return _hetero(data)
    places = dict(zip(("x", "edge_index"), content.args, strict=False)) | dict(content.kwargs)
    edge_index = places.get("edge_index")
    if not isinstance(edge_index, Tensor):
        raise MaskError("expected the arguments of a model: x, edge_index, ...")
    graph = places.get("batch")
    size = int(places["x"].shape[0]) if "x" in places else int(edge_index.max()) + 1
    count = int(graph.max()) + 1 if isinstance(graph, Tensor) and len(graph) else 1
    return _homogeneous(edge_index, size, graph, count)


def unit_rule(
    content: Any, layout: EdgeLayout, count: int, units: str | Callable[[Any], Tensor] | None
) -> UnitRule:
    """How to find the graph of every unit in any batch, from what the first one shows.

    Args:
        content, layout: the first batch.
        count: rows of the model's output on it.
        units: as for :class:`linguagraph.masks.pyg.PygModel`.

    Raises:
        MaskError: unknown name, or the output fits nothing or several things.
    """
    rules = _rules(layout)
    if callable(units):
        chosen = units
        return lambda content, layout: chosen(content)
    if units is not None:
        if units not in rules:
            raise MaskError(f"units={units!r}; expected one of {sorted(rules)} or a callable")
        return rules[units]
    fitting = [name for name, rule in rules.items() if len(_try(rule, content, layout)) == count]
    if "graph" in fitting:
        return rules["graph"]
    if len(fitting) != 1:
        what = f"fits {' and '.join(fitting)}" if fitting else "fits no graph, node or edge"
        raise MaskError(
            f"the model returns {count} rows, which {what} of a batch of {layout.num_graphs} "
            f"graphs, {len(layout.node_graph)} nodes and {layout.edge_index.shape[1]} edges; say "
            f"units='{fitting[0] if fitting else 'graph'}', or pass a callable"
        )
    return rules[fitting[0]]


def _rules(layout: EdgeLayout) -> dict[str, UnitRule]:
    rules: dict[str, UnitRule] = {
        "graph": lambda content, layout: torch.arange(layout.num_graphs),
        "node": lambda content, layout: layout.node_graph,
        "edge": lambda content, layout: layout.edge_graph,
        "edge_label": _edge_label,
    }
    for name in layout.node_types:
        rules[name] = _of_type(name)
    if len(layout.node_types) == 1:
        del rules["node"]  # the same as the only type
    return rules


def _of_type(name: str) -> UnitRule:
    def rule(content: Any, layout: EdgeLayout) -> Tensor:
        start, size = layout.node_types[name]
        return layout.node_graph[start : start + size]

    return rule


def _edge_label(content: Any, layout: EdgeLayout) -> Tensor:
    pairs = getattr(content, "edge_label_index", None)
    if not isinstance(pairs, Tensor):
        raise MaskError("the batch has no edge_label_index")
    return layout.node_graph.index_select(0, pairs[0])


def _try(rule: UnitRule, content: Any, layout: EdgeLayout) -> Tensor:
    try:
        return rule(content, layout)
    except (MaskError, AttributeError, KeyError):
        return torch.empty(0, dtype=torch.long)
