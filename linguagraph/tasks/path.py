"""Seeds -> graphs whose answer depends on a path of two edges, among decoys.

A graph has a root, 4 to 8 middle nodes and three outer nodes, one of them marked as the start. Some
edges lead from outer to middle nodes and one from every middle node to the root; each has one of 6
colours. A query <a, b> asks: does a path lead from the *start* by an edge of colour a to a middle
node and from there by an edge of colour b to the root? Half of the graphs have exactly one such
path, the others none. Every graph is full of decoys, each of which looks like a half of the path:
edges of colour a from a wrong outer node to a middle node that goes on by colour b; edges of colour
a from the start to a middle node that goes on by another colour (dead ends); edges of colour b from
middle nodes that the start does not reach by colour a; and edges from the start of wrong colours.

**What is relevant, and why.** Of the path's two edges, the first is needed in layer 0 (where it
tells the middle node) and the second in layer 1 (where the middle node tells the root); no other
edge in any layer. Nothing else can carry the answer in a model of two layers that reads the root:
what the root knows after layer 1 came along one edge out of each middle node, and what a middle
node knew came along the edges into it. If either edge is taken away there is no path, so the answer
becomes *no*; if any other edge is taken away, in either layer, the path is as it was, and so is
the answer. In graphs without a path no edge is relevant: *no* is right on every part of them.

A dead end cannot be told from the first edge of the path by anything that layer 0 knows: the
sending node, the receiving node and the message are the same. A method that decides by these alone
must keep both or neither; :data:`PARTS` lets a reader see which it does. The share of dead ends
(about one for two paths) thus bounds the precision in layer 0 of GraphMask and of every other
amortised method that does not look ahead (see :func:`local_gold`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.tasks.hops import two_hops
from linguagraph.tasks.relational import RelationalConfig, RelationalModel
from linguagraph.tasks.store import GraphStore
from linguagraph.tasks.training import TaskTraining

__all__ = ["PARTS", "PATH_TRAINING", "local_gold", "new_path_model", "path_graphs"]

PARTS = (
    "path, first edge",
    "dead end",
    "start, wrong colour",
    "wrong start",
    "path, second edge",
    "right colour, no path",
    "wrong colour, to the root",
)
"""Names of the values of ``part``: what an edge is to the query."""

PATH_TRAINING = TaskTraining(lr=1e-3, batch=32, epochs=30, patience=5)

NUM_COLOURS, FEWEST, MOST, OUTER = 6, 4, 8, 3


def path_graphs(count: int, *, seed: int) -> GraphStore:
    """Random graphs of the path task.

    Returns:
        Graphs with ``x`` float [N, 14] (one-hot a, one-hot b, both on every node; whether it is
        the start; whether it is the root), ``edge_index``, ``edge_type`` int64 [E], ``part`` int64
        [E] (see :data:`PARTS`), ``gold`` bool [E, 2] (relevant in layer 0 and 1), ``y`` int64 [1],
        ``query`` int64 [1, 2] and ``root_index`` int64 [1].

    Raises:
        ConfigError: ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"{count} graphs; expected at least 1")
    rng = torch.Generator().manual_seed(seed)
    size = torch.randint(FEWEST, MOST + 1, (count, 1), generator=rng)
    middle = torch.arange(MOST) < size
    query = _different(count, rng)
    yes = torch.rand(count, 1, generator=rng) < 0.5
    chosen = (torch.rand(count, 1, generator=rng) * size).long()
    first, second = _halves(middle.shape, rng)
    wanted = (torch.arange(MOST) == chosen) & yes
    first, second = first | wanted, second | wanted
    on_path = first & second & middle
    a, b = query[:, :1], query[:, 1:]
    colours = torch.randint(NUM_COLOURS, (count, MOST, OUTER), generator=rng)
    alike = torch.rand(count, MOST, OUTER, generator=rng) < 0.4
    colours = torch.where(alike, a.unsqueeze(-1), colours)
    colours[..., 0] = torch.where(first, a, _other(a, middle.shape, rng))
    joined = torch.rand(count, MOST, OUTER, generator=rng) < torch.tensor([0.7, 0.5, 0.5])
    joined[..., 0] |= first
    into = torch.full_like(colours, 3)
    into[..., 0] = torch.where(first, torch.where(second, 0, 1), 2)
    return two_hops(
        middle=middle,
        outer={
            "edge_type": colours,
            "part": into,
            "gold": torch.stack((into == 0, torch.zeros_like(joined)), -1),
        },
        inner={
            "edge_type": torch.where(second, b, _other(b, middle.shape, rng)),
            "part": torch.where(second, torch.where(first, 4, 5), 6),
            "gold": torch.stack((torch.zeros_like(on_path), on_path), -1),
        },
        joined=joined,
        sender=torch.arange(OUTER).expand_as(joined),
        outer_nodes=torch.full((count,), OUTER),
        node={"x": _features(query, size.squeeze(1))},
        graph={"y": on_path.any(1).long(), "query": query},
    )


def local_gold(graphs: Any) -> Tensor:
    """What a perfect judge keeps that knows only what a layer knows, bool [E, 2].

    The relevant edges, and the dead ends in layer 0, which nothing there tells from them.
    """
    gold: Tensor = graphs.gold.clone()
    gold[:, 0] |= graphs.part == 1
    return gold


def new_path_model(seed: int) -> RelationalModel:
    """A model of two R-GCN layers with self-loops and random weights.

    A middle node keeps its own state, and so the query, by the self-loop: nothing but the answer
    needs to travel along edges.
    """
    config = RelationalConfig(
        inputs=2 * NUM_COLOURS + 2, relations=NUM_COLOURS, layers=2, self_loops=True
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RelationalModel(config)


def _different(count: int, rng: torch.Generator) -> Tensor:
    """Pairs of different colours, int64 [count, 2]."""
    first = torch.randint(NUM_COLOURS, (count, 1), generator=rng)
    return torch.cat((first, _other(first, (count, 1), rng)), 1)


def _other(colour: Tensor, shape: Any, rng: torch.Generator) -> Tensor:
    """Any colour but the given one, int64 of the given shape."""
    return (colour + torch.randint(1, NUM_COLOURS, tuple(shape), generator=rng)) % NUM_COLOURS


def _halves(shape: Any, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which middle nodes have the first and which the second edge; none has both."""
    first = torch.rand(tuple(shape), generator=rng) < 0.06
    second = torch.rand(tuple(shape), generator=rng) < 0.4
    coin = torch.rand(tuple(shape), generator=rng) < 0.5
    both = first & second
    return first & ~(both & coin), second & ~(both & ~coin)


def _features(query: Tensor, size: Tensor) -> Tensor:
    """Node features [N, 14]; the start is the first outer node."""
    nodes = 1 + size + OUTER
    asked = F.one_hot(query, NUM_COLOURS).flatten(1).float().repeat_interleave(nodes, 0)
    root = nodes.cumsum(0) - nodes
    marks = torch.zeros(len(asked), 2)
    marks[root + 1 + size, 0] = 1
    marks[root, 1] = 1
    return torch.cat((asked, marks), 1)
