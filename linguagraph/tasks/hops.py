"""Padded tables of two-hop graphs -> a store: outer nodes send to middle nodes, these to a root."""

from __future__ import annotations

import torch
from torch import Tensor

from linguagraph.tasks.store import GraphStore

__all__ = ["two_hops"]


def two_hops(
    *,
    middle: Tensor,
    inner: dict[str, Tensor],
    outer: dict[str, Tensor],
    joined: Tensor,
    sender: Tensor,
    outer_nodes: Tensor,
    node: dict[str, Tensor],
    graph: dict[str, Tensor],
) -> GraphStore:
    """Graphs whose node 0 is the root, 1 to M the middle nodes, and the rest the outer nodes.

    Edges of a graph are those of its first middle node (outer to middle, in order, then middle to
    root), those of its second, and so on.

    Args:
        middle: bool [G, M], which middle nodes there are; the first ones of each row.
        inner: values [G, M, ...] of the edges from the middle nodes to the root, by attribute.
        outer: values [G, M, K, ...] of the edges from outer to middle nodes, the same attributes.
        joined: bool [G, M, K], which of those there are.
        sender: int64 [G, M, K], the outer node that sends each, numbered from 0 in its graph.
        outer_nodes: int64 [G], outer nodes of each graph.
        node: values of all nodes by attribute, one row per node, graph by graph.
        graph: values of all graphs by attribute.
    """
    count = middle.sum(1)
    number = torch.arange(middle.shape[1]).expand_as(middle) + 1
    there = torch.cat((joined & middle.unsqueeze(-1), middle.unsqueeze(-1)), 2)
    source = sender + 1 + count.view(-1, 1, 1)
    source = torch.cat((source, number.unsqueeze(-1)), 2)
    target = number.unsqueeze(-1).expand_as(joined)
    target = torch.cat((target, torch.zeros_like(number).unsqueeze(-1)), 2)
    edge = {name: torch.cat((outer[name], inner[name].unsqueeze(2)), 2)[there] for name in inner}
    return GraphStore(
        1 + count + outer_nodes,
        there.sum((1, 2)),
        torch.stack((source[there], target[there])),
        torch.zeros_like(count),
        node=node,
        edge=edge,
        graph=graph,
    )
