"""One small PyG model per kind of layer, and graphs with planted useful and useless edges.

Every graph is a tree: leaves send to middle nodes, middle nodes to a root. Useful leaves carry the
answer (their first feature), the others noise (in their second).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch_geometric.nn as pyg
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.data import Data, HeteroData

Nodes = dict[str, Tensor]
Edges = dict[tuple[str, str, str], Tensor]
FEATURES, HIDDEN, RELATIONS, CLASSES = 4, 8, 3, 2


class Net(nn.Module):
    """Layers one after the other, then the root of every graph is read."""

    def __init__(self, make: Callable[[int, int], nn.Module], *, widths: tuple[int, ...]) -> None:
        super().__init__()
        pairs = zip((FEATURES, *widths[:-1]), widths, strict=True)
        self.convs = nn.ModuleList(make(a, b) for a, b in pairs)
        self.read = nn.Linear(_out(self.convs[-1], widths[-1]), CLASSES)

    def extra(self, edge_type: Tensor, edge_attr: Tensor) -> dict[str, Tensor]:
        return {}

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_type: Tensor,
        edge_attr: Tensor,
        root_index: Tensor,
    ) -> Tensor:
        for conv in self.convs:
            x = torch.tanh(conv(x, edge_index, **self.extra(edge_type, edge_attr)))
        return self.read(x[root_index])


class Typed(Net):
    """Layers that want relation types."""

    def extra(self, edge_type: Tensor, edge_attr: Tensor) -> dict[str, Tensor]:
        return {"edge_type": edge_type}


class Featured(Net):
    """Layers that want edge features."""

    def extra(self, edge_type: Tensor, edge_attr: Tensor) -> dict[str, Tensor]:
        return {"edge_attr": edge_attr}


class Shared(nn.Module):
    """One layer object used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(FEATURES, HIDDEN)
        self.conv = pyg.SAGEConv(HIDDEN, HIDDEN, aggr="add")
        self.read = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x: Tensor, edge_index: Tensor, root_index: Tensor) -> Tensor:
        x = torch.tanh(self.inner(x))
        for _ in range(2):
            x = torch.tanh(self.conv(x, edge_index))
        return self.read(x[root_index])


class Repeating(nn.Module):
    """A layer that propagates several times in one call."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = pyg.GatedGraphConv(HIDDEN, num_layers=2)
        self.read = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x: Tensor, edge_index: Tensor, root_index: Tensor) -> Tensor:
        return self.read(self.conv(x, edge_index)[root_index])


class Jumping(nn.Module):
    """Residuals and jumping knowledge."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(FEATURES, HIDDEN)
        self.convs = nn.ModuleList(pyg.GraphConv(HIDDEN, HIDDEN) for _ in range(2))
        self.jump = pyg.JumpingKnowledge("cat")
        self.read = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, x: Tensor, edge_index: Tensor, root_index: Tensor) -> Tensor:
        x = torch.tanh(self.inner(x))
        seen = []
        for conv in self.convs:
            x = x + torch.tanh(conv(x, edge_index))
            seen.append(x)
        return self.read(self.jump(seen)[root_index])


class Hetero(nn.Module):
    """Two HeteroConv layers over two types of nodes and three of edges."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            pyg.HeteroConv(
                {kind: pyg.SAGEConv((width, width), HIDDEN, aggr="add") for kind in HETERO_EDGES},
                aggr="sum",
            )
            for width in (FEATURES, HIDDEN)
        )
        self.read = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x_dict: Nodes, edge_index_dict: Edges) -> Tensor:
        root = x_dict["inner"][:, 2] == 1
        for conv in self.convs:
            x_dict = {k: torch.tanh(v) for k, v in conv(x_dict, edge_index_dict).items()}
        return self.read(x_dict["inner"][root])


HETERO_EDGES = (
    ("leaf", "sends", "inner"),
    ("inner", "joins", "inner"),
    ("inner", "back", "leaf"),
)


def _gine(a: int, b: int) -> nn.Module:
    return pyg.GINEConv(nn.Sequential(nn.Linear(a, b), nn.Tanh(), nn.Linear(b, b)), edge_dim=3)


def _out(conv: nn.Module, width: int) -> int:
    return width * getattr(conv, "heads", 1) if getattr(conv, "concat", False) else width


def _heads(make: type[nn.Module], heads: int, **options: object) -> Callable[[int, int], nn.Module]:
    return lambda a, b: make(a, b, heads=heads, concat=False, **options)  # type: ignore[call-arg]


W = (HIDDEN, HIDDEN)
MODELS: dict[str, Callable[[], nn.Module]] = {
    "gcn": lambda: Net(pyg.GCNConv, widths=W),
    "gcn-cached": lambda: Net(lambda a, b: pyg.GCNConv(a, b, cached=True), widths=W),
    "gcn-unequal": lambda: Net(pyg.GCNConv, widths=(12, 5)),
    "sage": lambda: Net(pyg.SAGEConv, widths=W),
    "gin": lambda: Net(lambda a, b: pyg.GINConv(nn.Linear(a, b)), widths=W),
    "gat": lambda: Net(_heads(pyg.GATConv, 1), widths=W),
    "gat-5": lambda: Net(_heads(pyg.GATConv, 5), widths=W),
    "gatv2": lambda: Net(_heads(pyg.GATv2Conv, 2), widths=W),
    "rgcn": lambda: Typed(lambda a, b: pyg.RGCNConv(a, b, RELATIONS, aggr="add"), widths=W),
    "rgcn-basis": lambda: Typed(
        lambda a, b: pyg.RGCNConv(a, b, RELATIONS, num_bases=2, aggr="add"), widths=W
    ),
    "rgcn-block": lambda: Typed(
        lambda a, b: pyg.RGCNConv(a, b, RELATIONS, num_blocks=2, aggr="add"), widths=W
    ),
    "fast-rgcn": lambda: Typed(
        lambda a, b: pyg.FastRGCNConv(a, b, RELATIONS, aggr="add"), widths=W
    ),
    "fast-rgcn-unequal": lambda: Typed(
        lambda a, b: pyg.FastRGCNConv(a, b, RELATIONS, aggr="add"), widths=(12, 5)
    ),
    "gine": lambda: Featured(_gine, widths=W),
    "transformer": lambda: Featured(
        lambda a, b: pyg.TransformerConv(a, b, heads=2, concat=False, edge_dim=3), widths=W
    ),
    "shared": Shared,
    "gated": Repeating,
    "jumping": Jumping,
    "hetero": Hetero,
}


def graph(seed: int, *, edges: bool = True) -> Data:
    """A small tree whose useful leaves all carry the answer, and one isolated node."""
    random = torch.Generator().manual_seed(seed)
    middles = int(torch.randint(1, 3, (), generator=random))
    leaves = int(torch.randint(4, 8, (), generator=random))
    parent = torch.randint(1, middles + 1, (leaves,), generator=random)
    useful = torch.rand(leaves, generator=random) < 0.5
    useful[0] = True
    answer = float(torch.randint(0, 2, (), generator=random)) * 2 - 1
    noise = torch.randint(0, 2, (leaves,), generator=random).float() * 2 - 1
    x = torch.zeros(1 + middles + leaves + 1, FEATURES)
    x[0, 2] = x[1 : 1 + middles, 3] = 1
    x[1 + middles : -1, 0] = torch.where(useful, answer, 0.0)
    x[1 + middles : -1, 1] = torch.where(useful, 0.0, noise)
    up = torch.stack((torch.arange(1 + middles, 1 + middles + leaves), parent))
    top = torch.stack((torch.arange(1, middles + 1), torch.zeros(middles, dtype=torch.long)))
    edge_index = torch.cat((up, top), 1) if edges else torch.zeros(2, 0, dtype=torch.long)
    types = torch.cat((torch.where(useful, 0, 1), torch.full((middles,), 2)))
    types = types if edges else types[:0]
    return Data(
        x=x,
        edge_index=edge_index,
        edge_type=types,
        edge_attr=F.one_hot(types, RELATIONS).float(),
        root_index=torch.zeros(1, dtype=torch.long),
        y=torch.tensor([int(answer > 0)]),
        useful=torch.cat((useful, torch.ones(middles, dtype=torch.bool)))[: edge_index.shape[1]],
    )


def hetero_graph(seed: int, *, edges: bool = True) -> HeteroData:
    """The same tree with leaves and inner nodes apart, and edges back to the leaves."""
    plain = graph(seed)
    inner = 1 + int((plain.edge_type == 2).sum())
    data = HeteroData()
    data["leaf"].x, data["inner"].x = plain.x[inner:], plain.x[:inner]
    up = plain.edge_index[:, plain.edge_type != 2] - torch.tensor([[inner], [0]])
    top = plain.edge_index[:, plain.edge_type == 2]
    for kind, index in zip(HETERO_EDGES, (up, top, up.flip(0)), strict=True):
        data[kind].edge_index = index if edges else index[:, :0]
    data.y = plain.y
    return data


def graphs(name: str, count: int, *, start: int = 0, edges: bool = True) -> list[Data | HeteroData]:
    """Graphs for a model of :data:`MODELS`."""
    if name == "hetero":
        return [hetero_graph(start + i, edges=edges) for i in range(count)]
    plain = [graph(start + i, edges=edges) for i in range(count)]
    if name == "gated":
        for one in plain:
            one.x = F.pad(one.x, (0, HIDDEN - FEATURES))
    return plain
