"""Seeds -> star graphs with known relevant edges, and the R-GCN that answers their queries.

Schlichtkrull et al. (2021), section 4 and appendix E. A centroid receives an edge from each of 6 to
12 leaves; every edge has one of 6 colours. A query <x, y> names two colours: are there more edges
of colour x than of colour y? The model must count both, and nothing else: the relevant edges are
those of the two queried colours.

All random choices are even: the number of leaves, each edge's colour, and the query among the 30
pairs of different colours (the paper says "randomly").
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.tasks.relational import RelationalConfig, RelationalModel
from linguagraph.tasks.store import GraphStore
from linguagraph.tasks.training import Splits, TaskTraining, TrainingRecord, train_task

__all__ = [
    "COLOURS",
    "STAR_TRAINING",
    "StarModel",
    "make_stars",
    "new_star_model",
    "star_graphs",
    "star_splits",
    "train_star",
]

COLOURS = ("blue", "orange", "green", "purple", "grey", "brown")
"""Names of the edge types 0 to 5, in the order of the palette of the figures."""

FEWEST, MOST = 6, 12

STAR_TRAINING = TaskTraining(lr=1e-4, batch=32, epochs=24, patience=24)
"""Settings of the paper where it gives them (Adam, 1e-4); no early end.

Development graphs are all answered rightly after 4 to 8 epochs; after 24 (half a minute on one
core) so is every star graph that there can be, up to a few in a million.
"""


def make_stars(leaves: Tensor, colours: Tensor, query: Tensor) -> GraphStore:
    """Star graphs from what describes them.

    Args:
        leaves: int64 [G], leaves of each graph.
        colours: int64 [sum of leaves], colour of each edge, graph by graph.
        query: int64 [G, 2], the two colours x and y.

    Returns:
        Graphs with the nodes 0 (the centroid) and 1, 2, ... (the leaves), and

        * ``x`` float [n + 1, 12]: one-hot x and one-hot y, the same on every node;
        * ``edge_index`` int64 [2, n]: edge i goes from leaf i + 1 to the centroid;
        * ``edge_type`` int64 [n], the colours; ``gold`` bool [n], whether it is x or y;
        * ``y`` int64 [1], whether there are more edges of colour x than of colour y;
        * ``query`` int64 [1, 2]; ``root_index`` int64 [1], the centroid.

    Raises:
        ConfigError: sizes that do not fit, unknown colours, or a query for the same colour twice.
    """
    graph = torch.arange(len(leaves)).repeat_interleave(leaves)
    if len(colours) != len(graph) or tuple(query.shape) != (len(leaves), 2):
        raise ConfigError(
            f"{len(leaves)} graphs with {len(graph)} leaves, but {len(colours)} colours and "
            f"queries {tuple(query.shape)}; expected one colour per leaf and queries [graphs, 2]"
        )
    used = torch.cat((colours, query.flatten()))
    if len(used) and not 0 <= int(used.min()) <= int(used.max()) < len(COLOURS):
        raise ConfigError(f"colours must lie between 0 and {len(COLOURS) - 1}")
    if bool((query[:, 0] == query[:, 1]).any()):
        raise ConfigError("a query names the same colour twice; x and y must differ")
    asked = query.index_select(0, graph)
    is_x, is_y = colours == asked[:, 0], colours == asked[:, 1]
    more = torch.zeros(len(leaves), dtype=torch.int64).index_add(
        0, graph, is_x.long() - is_y.long()
    )
    first = leaves.cumsum(0) - leaves
    leaf = torch.arange(len(graph)) - first.index_select(0, graph) + 1
    x = F.one_hot(query, len(COLOURS)).flatten(1).float().repeat_interleave(leaves + 1, 0)
    return GraphStore(
        leaves + 1,
        leaves,
        torch.stack((leaf, torch.zeros_like(leaf))),
        torch.zeros_like(leaves),
        node={"x": x},
        edge={"edge_type": colours, "gold": is_x | is_y},
        graph={"y": (more > 0).long(), "query": query},
    )


def star_graphs(count: int, *, seed: int) -> GraphStore:
    """Random star graphs; see :func:`make_stars` for what they hold.

    Raises:
        ConfigError: ``count`` is below 1.
    """
    if count < 1:
        raise ConfigError(f"{count} graphs; expected at least 1")
    generator = torch.Generator().manual_seed(seed)
    leaves = torch.randint(FEWEST, MOST + 1, (count,), generator=generator)
    colours = torch.randint(len(COLOURS), (int(leaves.sum()),), generator=generator)
    x = torch.randint(len(COLOURS), (count,), generator=generator)
    other = torch.randint(1, len(COLOURS), (count,), generator=generator)
    return make_stars(leaves, colours, torch.stack((x, (x + other) % len(COLOURS)), 1))


def star_splits(*, train: int = 10_000, dev: int = 500, test: int = 500, seed: int = 0) -> Splits:
    """Training, development and test graphs, drawn one after the other from one seed."""
    graphs = star_graphs(train + dev + test, seed=seed)
    return Splits(graphs[:train], graphs[train : train + dev], graphs[train + dev :])


class StarModel(RelationalModel):
    """The model of appendix E: MLP (100) -> 50, one R-GCN layer of 50, MLP (100) -> one logit.

    The prediction is made from the centroid's sum of messages alone. The output, one logit per
    graph, is of the kind ``multilabel`` with C = 1.
    """

    def __init__(self) -> None:
        super().__init__(RelationalConfig(inputs=2 * len(COLOURS), relations=len(COLOURS)))


def new_star_model(seed: int) -> StarModel:
    """A model with random weights; the random state of the process is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return StarModel()


def train_star(
    seed: int = 0, *, splits: Splits | None = None, config: TaskTraining = STAR_TRAINING
) -> tuple[StarModel, TrainingRecord]:
    """Train a model on 10,000 graphs; about a minute on one core.

    Args:
        seed: of weights and order; the graphs are those of :func:`star_splits` unless given.
        splits: other graphs.
        config: settings.
    """
    model = new_star_model(seed)
    return model, train_task(model, splits or star_splits(), config, seed=seed)
