"""Layers with caches, side effects and attributes of their own are left as they were."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("torch_geometric")

import torch_geometric.nn as pyg
from pyg_models import HETERO_EDGES, MODELS, graphs
from torch_geometric.data import Data

from linguagraph.errors import MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.masks.pyg import PygModel


class Noted(pyg.MessagePassing):
    """A layer whose message leaves something behind that its forward reads."""

    def __init__(self) -> None:
        super().__init__(aggr="add")
        self.store: dict[str, Tensor] = {}
        self.lin = nn.Linear(4, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        self.store.clear()
        out = self.propagate(edge_index, x=self.lin(x))
        return out + self.store["sum"] if "sum" in self.store else out

    def message(self, x_j: Tensor) -> Tensor:
        self.store["sum"] = x_j.sum()
        return x_j


def test_messages_with_side_effects_are_computed_again() -> None:
    torch.manual_seed(0)
    layer = Noted()
    explained = PygModel(layer)
    batch = explained.batch(graphs("gin", 3))
    with frozen(layer):
        plain = explained.trace(batch)
        again = explained.run(batch, torch.ones(1, batch.num_edges), trace=plain)
    assert plain.memory is None
    torch.testing.assert_close(again, plain.output)


def test_a_message_of_the_object_itself_is_kept() -> None:
    torch.manual_seed(0)
    conv = pyg.SAGEConv(4, 3)
    conv.message = lambda x_j: 2 * x_j
    own, data = vars(conv)["message"], graphs("gin", 1)[0]
    explained = PygModel(conv)
    batch = explained.batch([data])
    with frozen(conv):
        expected = conv(data.x, data.edge_index)
        plain = explained.trace(batch)
        again = explained.run(batch, torch.ones(1, batch.num_edges), trace=plain)
    torch.testing.assert_close(plain.output, expected)
    torch.testing.assert_close(again, expected)
    assert vars(conv)["message"] is own


def test_a_cached_graph_stays_the_users() -> None:
    torch.manual_seed(0)
    conv = pyg.GCNConv(4, 3, cached=True)
    first, second = graphs("gin", 2)
    explained = PygModel(conv, units="node")
    with frozen(conv):
        explained.trace(explained.batch([first]))
        assert conv._cached_edge_index is None
        conv(first.x, first.edge_index)
        warm = conv._cached_edge_index
        loops = torch.tensor([[0, 1, 2], [1, 1, 0]])
        plain = explained.trace(explained.batch([Data(x=second.x[:3], edge_index=loops)]))
    assert conv._cached_edge_index is warm
    assert plain.present.tolist() == [[True, False, True]]


def test_an_error_inside_a_message_leaves_the_layer_as_it_was() -> None:
    torch.manual_seed(0)
    model = MODELS["transformer"]()
    explained = PygModel(model)
    batch = explained.batch(graphs("transformer", 2))
    with frozen(model):
        plain = explained.trace(batch)
    layer = model.convs[1]

    def fail(*args: object, **kwargs: object) -> Tensor:
        layer._alpha = torch.ones(1)
        raise RuntimeError("stop")

    layer.message = fail
    for known in (None, plain):
        with pytest.raises(RuntimeError, match="stop"), frozen(model):
            explained.run(batch, torch.ones(2, batch.num_edges), trace=known)
        assert layer._alpha is None
        assert not layer._message_forward_hooks
    assert layer.message is fail


def test_edges_that_send_twice_are_refused() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = pyg.SAGEConv(4, 3)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.conv(x, torch.cat((edge_index, edge_index.flip(0)), 1))

    model = Both()
    explained = PygModel(model)
    with frozen(model), pytest.raises(MaskError, match="several messages along one input edge"):
        explained.trace(explained.batch(graphs("gin", 2)))


def test_edge_types_that_share_one_tensor_have_their_own_gates() -> None:
    torch.manual_seed(3)
    model = MODELS["hetero"]()
    data = graphs("hetero", 1)[0]
    shared = torch.tensor([[0, 1], [0, 0]])
    data[HETERO_EDGES[0]].edge_index = data[HETERO_EDGES[2]].edge_index = shared
    explained = PygModel(model)
    batch = explained.graphs(data)
    with frozen(model):
        plain = explained.trace(batch)
    assert explained.num_layers == 2
    assert plain.present.all()
    assert data[HETERO_EDGES[0]].edge_index is data[HETERO_EDGES[2]].edge_index


def test_looking_at_a_model_in_training_mode_changes_no_statistics() -> None:
    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = pyg.SAGEConv(4, 3), nn.BatchNorm1d(3)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.norm(self.conv(x, edge_index))

    model = Normed().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    PygModel(model).batch(graphs("gin", 2))
    assert all(torch.equal(before[n], value) for n, value in model.state_dict().items())
    assert model.norm.training
