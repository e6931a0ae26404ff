"""A role labelling model and examples -> the best gradient path of every answer, edge by edge.

Du et al. (2023), section 3.2, over the layers of a GNN: in every layer the best path of an answer
either leads along an edge of the graph, or stays at its node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.frozen import frozen
from linguagraph.masks.semiring import Path, top_path
from linguagraph.masks.semiring_edges import EdgeFlow, Watchable, record_edges

__all__ = ["GraphStep", "TopPath", "top_paths"]


@dataclass(frozen=True)
class GraphStep:
    """One layer of a path.

    Attributes:
        layer: 0 is the bottom.
        source, target: nodes, numbered within their graph; the same where the path stays.
        edge: number of the edge within its graph, -1 where the path stays.
    """

    layer: int
    source: int
    target: int
    edge: int


@dataclass(frozen=True)
class TopPath:
    """The best path of one answer.

    Attributes:
        example: of the batch; unit: number of the answer within its example.
        start: node in whose input the path ends (below an encoder that mixes nodes, another one
            than the source of the bottom step).
        value: product of the absolute derivatives; sign: of the product of the signed ones.
        share: of the value in the total weight of all paths of the answer.
        steps: one per layer, bottom first.
    """

    example: int
    unit: int
    start: int
    value: float
    sign: int
    share: float
    steps: tuple[GraphStep, ...]


def top_paths(model: Watchable, graphs: Sequence[Any]) -> list[TopPath]:
    """Best paths of all asked answers of some graphs, in the order of the units.

    Answers that no path of positive weight leads to (behind closed ReLUs, say) have none.

    Args:
        model: left exactly as it was; graphs: single graphs, as :meth:`Explainable.batch` takes
            them.

    Raises:
        MaskError: see :func:`linguagraph.masks.semiring_edges.record_edges`.
    """
    with torch.no_grad(), frozen(model.module):
        batch = model.batch(graphs)
        trace = model.trace(batch)
        if not bool(trace.present.any()):
            return []
        flow = record_edges(model, batch, trace)
        return list(_paths(flow, batch))


def _paths(flow: EdgeFlow, batch: GraphBatch) -> Iterator[TopPath]:
    tape, layers = flow.tape, flow.layers
    if len(tape.inputs) != 1:
        raise MaskError(f"{len(tape.inputs)} inputs are watched; expected one row for every node")
    best = {number: value.cpu() for number, value in tape.forward("max").items()}
    whole = tape.forward("total", keep=[flow.answers])[flow.answers][0]
    nodes = _first(_node_graph(flow, batch))
    edges, units = _first(batch.edge_graph), _first(batch.unit_graph)
    for unit in flow.asked.nonzero().squeeze(1).tolist():
        if not float(best[flow.answers][0, unit]) > 0:
            continue
        path = top_path(tape, best, flow.answers, unit)
        graph = int(batch.unit_graph[unit])
        first = nodes[graph]
        start = path.end.element // tape.nodes[path.end.node].shape[-1] - first
        steps = tuple(
            _step(path, layer, flow, batch, (first, edges[graph])) for layer in range(len(layers))
        )
        share = path.value / float(whole[unit])
        yield TopPath(graph, unit - units[graph], start, path.value, path.sign, share, steps)


def _step(
    path: Path, layer: int, flow: EdgeFlow, batch: GraphBatch, first: tuple[int, int]
) -> GraphStep:
    product, summed = flow.layers[layer]
    at = path.through([summed])
    if at is None:
        raise MaskError(f"the best path passes layer {layer} outside of the sums over messages")
    target = at.element // flow.tape.nodes[summed].shape[-1] - first[0]
    along = path.through([product])
    if along is None:
        return GraphStep(layer, target, target, -1)
    edge = along.element // flow.tape.nodes[product].shape[-1]
    source = int(batch.edge_index[0, edge]) - first[0]
    return GraphStep(layer, source, target, edge - first[1])


def _node_graph(flow: EdgeFlow, batch: GraphBatch) -> torch.Tensor:
    """Graph of each node, int64 [N]: nodes of a graph follow each other."""
    count = flow.tape.nodes[flow.tape.inputs[0]].shape[0]
    found = torch.full((count,), -1)
    index, graph = batch.edge_index.cpu(), batch.edge_graph.cpu()
    for row in index:
        found[row] = graph
    if int(batch.unit_graph.shape[0]) == count:  # units are nodes
        return batch.unit_graph.cpu()
    return found.cummax(0).values


def _first(graph: torch.Tensor) -> dict[int, int]:
    """Place of the first element of every graph."""
    found: dict[int, int] = {}
    for at, number in enumerate(graph.tolist()):
        found.setdefault(number, at)
    return found
