"""Seeds -> graphs whose answer is supported by several equal pieces of evidence.

A graph has a root and 1 to 6 middle nodes, each with 0 to 4 leaves of its own. Edges lead from
leaves to middle nodes and from middle nodes to the root; each has one of 6 colours. A query x asks:
is any leaf joined by an edge of colour x? Half of the graphs have no such leaf; the others have 1,
2, 3 or (where there are so many middle nodes) 4, each at another middle node. The colours of the
edges to the root mean nothing.

**What is relevant, and why.** In layer 0 the edges of colour x that leave leaves; in layer 1 the
edges to the root from the middle nodes that have such a leaf; all of them, however many there are.
One would be enough for the answer: that is what a search with hindsight finds, and what this task
is about. But the model has no hindsight. Its layers add messages up, and an addition cannot choose:
a piece of evidence is worked into the root's state just the same whether there are others or not.
Every piece alone must change the answer, for in many graphs with evidence (two of five) it is the
only one; and whatever the model does with it there it does everywhere, because the message and the
states on both of its ends do not depend on the other pieces. So, of several pieces, the model uses
all or none, and it cannot be none. Edges that are not relevant lead to no evidence: without any
number of them the answer is as it was. (There are graphs with few or no leaves and middle nodes, so
that a graph from which edges are taken away is nothing unheard of.)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.tasks.hops import two_hops
from linguagraph.tasks.relational import RelationalConfig, RelationalModel
from linguagraph.tasks.store import GraphStore
from linguagraph.tasks.training import TaskTraining

__all__ = ["PARTS", "REDUNDANT_TRAINING", "new_redundant_model", "redundant_graphs"]

PARTS = ("evidence", "other leaf", "to the root, evidence", "to the root, other")
"""Names of the values of ``part``: what an edge is to the query."""

REDUNDANT_TRAINING = TaskTraining(lr=1e-3, batch=32, epochs=30, patience=5)

NUM_COLOURS, MOST, MOST_LEAVES, MOST_EVIDENCE = 6, 6, 4, 4


def redundant_graphs(count: int, *, seed: int) -> GraphStore:
    """Random graphs of the redundant task.

    Returns:
        Graphs with ``x`` float [N, 7] (one-hot x on every node; whether it is the root),
        ``edge_index``, ``edge_type`` int64 [E], ``part`` int64 [E] (see :data:`PARTS`), ``gold``
        bool [E, 2] (relevant in layer 0 and 1), ``y`` int64 [1], ``query`` int64 [1, 1],
        ``pieces`` int64 [1] (how many pieces of evidence) and ``root_index`` int64 [1].

    Raises:
        ConfigError: ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"{count} graphs; expected at least 1")
    rng = torch.Generator().manual_seed(seed)
    size = torch.randint(1, MOST + 1, (count, 1), generator=rng)
    middle = torch.arange(MOST) < size
    query = torch.randint(NUM_COLOURS, (count, 1), generator=rng)
    pieces = _pieces(size, rng)
    rank = torch.rand(count, MOST, generator=rng).masked_fill(~middle, 2).argsort(1).argsort(1)
    has = rank < pieces  # which middle nodes get a piece
    leaves = torch.randint(MOST_LEAVES + 1, (count, MOST), generator=rng)
    leaves = torch.where(has, leaves.clamp(min=1), leaves) * middle
    joined = torch.arange(MOST_LEAVES) < leaves.unsqueeze(-1)
    which = (torch.rand(count, MOST, generator=rng) * leaves).long()
    evidence = (torch.arange(MOST_LEAVES) == which.unsqueeze(-1)) & has.unsqueeze(-1)
    shift = torch.randint(1, NUM_COLOURS, joined.shape, generator=rng)
    other = (query.unsqueeze(-1) + shift) % NUM_COLOURS
    before = (leaves.cumsum(1) - leaves).unsqueeze(-1)
    return two_hops(
        middle=middle,
        outer={
            "edge_type": torch.where(evidence, query.unsqueeze(-1), other),
            "part": torch.where(evidence, 0, 1),
            "gold": torch.stack((evidence, torch.zeros_like(evidence)), -1),
        },
        inner={
            "edge_type": torch.randint(NUM_COLOURS, middle.shape, generator=rng),
            "part": torch.where(has, 2, 3),
            "gold": torch.stack((torch.zeros_like(has), has), -1),
        },
        joined=joined,
        sender=before + torch.arange(MOST_LEAVES),
        outer_nodes=leaves.sum(1),
        node={"x": _features(query, 1 + size.squeeze(1) + leaves.sum(1))},
        graph={"y": (pieces > 0).long().squeeze(1), "query": query, "pieces": pieces.squeeze(1)},
    )


def new_redundant_model(seed: int) -> RelationalModel:
    """A model of two R-GCN layers with self-loops and random weights."""
    config = RelationalConfig(
        inputs=NUM_COLOURS + 1, relations=NUM_COLOURS, layers=2, self_loops=True
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RelationalModel(config)


def _pieces(size: Tensor, rng: torch.Generator) -> Tensor:
    """Pieces of evidence int64 [G, 1]: none, or 1 to 4 and no more than middle nodes."""
    yes = torch.rand(size.shape, generator=rng) < 0.5
    most = size.clamp(max=MOST_EVIDENCE)
    return torch.where(yes, 1 + (torch.rand(size.shape, generator=rng) * most).long(), 0)


def _features(query: Tensor, nodes: Tensor) -> Tensor:
    """Node features [N, 7]."""
    asked = F.one_hot(query.squeeze(1), NUM_COLOURS).float().repeat_interleave(nodes, 0)
    root = torch.zeros(len(asked), 1)
    root[nodes.cumsum(0) - nodes] = 1
    return torch.cat((asked, root), 1)
