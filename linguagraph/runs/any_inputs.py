"""Batches of a user's own graphs -> names of their edges, numbers of their nodes, known answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.outputs import Output

__all__ = [
    "EdgeLabels",
    "Named",
    "answers",
    "edge_names",
    "needed_edges",
    "node_count",
    "node_numbers",
    "right_answers",
]

EdgeLabels = str | Sequence[str] | Callable[[Any], Iterable[Any]] | None
"""How the edges of a batch are named; see :func:`edge_names`."""

Named = str | Callable[[Any], Any] | None
"""The name of an attribute of a batch, or a function of the batch."""

ONE = "edge"


def edge_names(batch: GraphBatch, edge_labels: EdgeLabels) -> list[str]:
    """The label of every edge, in the order of the gates' columns.

    Args:
        batch: E edges.
        edge_labels: ``None``: "edge" for all, or the edge type of a heterogeneous graph; names for
            the codes in ``batch.edge_type``; the name of an attribute with a code or a string per
            edge; or a callable that takes the batch and gives a string per edge.

    Raises:
        ConfigError: there is no such attribute, not one label per edge, or a code without a name.
    """
    if edge_labels is None:
        sets = batch.edge_sets
        return [ONE] * batch.num_edges if len(sets) == 1 else _set_names(sets)
    content = batch.content
    if callable(edge_labels):
        return _checked([str(name) for name in edge_labels(content)], batch, "edge_labels")
    if isinstance(edge_labels, str):
        return _checked(_strings(_attribute(content, edge_labels)), batch, edge_labels)
    names = [str(name) for name in edge_labels]
    found = _attribute(content, "edge_type")
    if not isinstance(found, Tensor) or found.is_floating_point() or found.dim() != 1:
        raise ConfigError(
            "edge_labels is a list of names, but batch.edge_type holds no code per edge; give the "
            "name of an attribute, or a callable"
        )
    codes = found.tolist()
    unknown = sorted({code for code in codes if not 0 <= code < len(names)})
    if unknown:
        raise ConfigError(f"edge types {unknown} have no name: edge_labels has {len(names)}")
    return _checked([names[code] for code in codes], batch, "edge_type")


def _set_names(sets: Sequence[tuple[str, int]]) -> list[str]:
    return [name for name, size in sets for _ in range(size)]


def _attribute(content: Any, name: str) -> Any:
    try:
        found = getattr(content, name)
    except (AttributeError, KeyError):
        found = None
    if found is None:
        raise ConfigError(f"the batch has no attribute {name!r}")
    return found


def _strings(values: Any) -> list[str]:
    """One string per edge; a batch holds lists of single graphs as a list of lists."""
    if isinstance(values, Tensor):
        flat = values.squeeze(-1) if values.dim() == 2 and values.shape[1] == 1 else values
        return [str(value) for value in flat.tolist()]
    return [
        str(item)
        for value in values
        for item in (value if isinstance(value, (list, tuple)) else (value,))
    ]


def _checked(names: list[str], batch: GraphBatch, what: str) -> list[str]:
    if len(names) != batch.num_edges:
        raise ConfigError(f"{what} gives {len(names)} labels for {batch.num_edges} edges")
    return names


def node_numbers(batch: GraphBatch) -> NDArray[np.int64]:
    """Source and target of every edge, numbered from 0 within each graph: int64 [2, E].

    The numbers are those of the single graphs where the batch knows which node is of which graph;
    nodes of a heterogeneous graph are numbered type after type. Otherwise only nodes with an edge
    count.
    """
    ends = batch.edge_index.cpu().numpy().astype(np.int64)
    of_node = _node_graphs(batch.content)
    if of_node is None:
        known, first = np.unique(ends, return_inverse=True)
        of_node = np.zeros(len(known), dtype=np.int64)
        ends = first.reshape(ends.shape)
        of_node[ends] = batch.edge_graph.cpu().numpy()
    order = np.argsort(of_node, kind="stable")
    counts = np.bincount(of_node)
    place = np.empty(len(of_node), dtype=np.int64)
    place[order] = np.arange(len(of_node)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place[ends] if len(place) else ends


def node_count(batch: GraphBatch) -> int | None:
    """Nodes of a batch, ``None`` where it does not tell."""
    found = _node_graphs(batch.content)
    return None if found is None else len(found)


def _node_graphs(content: Any) -> NDArray[np.int64] | None:
    from linguagraph.masks.pyg_units import edge_layout

    try:
        return edge_layout(content).node_graph.cpu().numpy().astype(np.int64)
    except MaskError:
        return None


def needed_edges(batch: GraphBatch, gold: Named, layers: int) -> NDArray[np.bool_] | None:
    """Which edges the answer depends on by construction of the data: bool [L, E], if known.

    Args:
        batch: E edges.
        gold: attribute of the batch, or a callable: bool [E] (for every layer), [E, L] or [L, E].
        layers: L.

    Raises:
        ConfigError: another shape.
    """
    if gold is None:
        return None
    found = gold(batch.content) if callable(gold) else _attribute(batch.content, gold)
    flags = torch.as_tensor(found).bool().cpu()
    size = batch.num_edges
    if flags.shape == (size,):
        flags = flags.expand(layers, size)
    elif flags.shape == (size, layers):
        flags = flags.t()
    if flags.shape != (layers, size):
        raise ConfigError(
            f"gold edges have shape {tuple(flags.shape)}; expected [edges] = [{size}] or "
            f"[edges, layers] = [{size}, {layers}]"
        )
    return np.asarray(flags.numpy().copy())


def right_answers(batch: GraphBatch, y: Named, output: Output, logits: Tensor) -> Tensor | None:
    """The right answers, if the batch has them and answers can be right: int64 [U] or bool [U, C].

    Values (regression) are never right or wrong; they are compared with the model's own, and count
    as the same within a tenth of :attr:`linguagraph.masks.outputs.Output.scale`.

    Args:
        batch: U units.
        y: attribute, or a callable; ``None``, also as its result, knows no answers. A missing
            attribute "y", or one that does not fit the model's output, is no mistake.
        output: kind of the output.
        logits: float [U, C].

    Raises:
        ConfigError: another attribute is missing, or does not fit; or one other than "y" was named
            for values.
    """
    if output.kind == "regression" and y not in (None, "y"):
        raise ConfigError(
            "y= does not go with output='regression': values are never right or wrong, they are "
            "compared with the model's own, and count as the same if they differ by at most a "
            "tenth of the outputs' spread (Output.scale); leave y out"
        )
    if y is None or output.kind == "regression":
        return None
    if not callable(y) and getattr(batch.content, y, None) is None:
        if y == "y":
            return None
        raise ConfigError(f"the batch has no attribute {y!r} with the right answers")
    found = y(batch.content) if callable(y) else getattr(batch.content, y)
    if found is None:
        return None
    units, classes = logits.shape
    fitting = isinstance(found, Tensor) and found.numel() == (
        units if output.kind == "classification" else units * classes
    )
    if fitting and output.kind == "classification":
        fitting = not found.is_floating_point()
    if not fitting:
        if y == "y":
            return None
        raise ConfigError(
            f"the right answers do not fit an output of shape {tuple(logits.shape)} "
            f"({output.kind}); expected a class per unit, or yes or no per unit and label"
        )
    truth: Tensor = found.to(logits.device)
    return truth.reshape(units) if output.kind == "classification" else truth.view(units, -1) > 0


def answers(output: Output, logits: Tensor, masked: Tensor, right: Tensor | None) -> Tensor:
    """Which answers of masked outputs [U, C] are right, or else the model's own: bool [U]."""
    if right is None:
        return output.same(logits, masked)
    if output.kind == "classification":
        return masked.argmax(-1) == right
    return ((masked > 0) == right).all(-1)
