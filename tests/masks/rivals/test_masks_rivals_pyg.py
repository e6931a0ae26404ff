"""GNNExplainer and PGExplainer against PyG's own, on a model where PyG's run."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from linguagraph.masks.rivals.gnnexplainer import GNNExplainer
from linguagraph.masks.rivals.noise import graph_seed
from linguagraph.masks.rivals.pgexplainer import PGExplainer, PGExplainerConfig

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("torch_geometric")
    from torch_geometric.data import Data
    from torch_geometric.explain import Explainer
    from torch_geometric.explain import GNNExplainer as TheirGNNExplainer
    from torch_geometric.explain import PGExplainer as TheirPGExplainer
    from torch_geometric.nn import MessagePassing, global_add_pool

from linguagraph.masks.pyg import PygModel

MODEL = {"mode": "multiclass_classification", "task_level": "graph", "return_type": "raw"}


class Conv(MessagePassing):  # type: ignore[misc]
    """Sums of ``tanh(W x)``."""

    def __init__(self, width: int) -> None:
        super().__init__(aggr="add")
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.propagate(edge_index, x=torch.tanh(self.linear(x)))


class Net(nn.Module):
    """Two layers, a sum over nodes, three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Conv(4), Conv(4)
        self.last = nn.Linear(4, 3)

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        states = self.first(x, edge_index) + x
        states = self.second(states, edge_index) + states
        return self.last(global_add_pool(states, batch))


def net() -> Net:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Net().eval()


def graphs(count: int) -> list[Any]:
    """Connected, so that all nodes have edges."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for size in range(4, 4 + count):
        ring = torch.arange(size)
        extra = torch.randint(0, size, (2, 3), generator=generator)
        edges = torch.cat((torch.stack((ring, (ring + 1) % size)), extra), 1)
        found.append(Data(x=torch.randn(size, 4, generator=generator), edge_index=edges))
    return found


def test_gnnexplainer_is_pygs() -> None:
    model, data = net(), graphs(3)
    ours = GNNExplainer().explain(PygModel(model), data, seed=5)
    for number, graph in enumerate(data):
        explainer = Explainer(
            model,
            algorithm=TheirGNNExplainer(epochs=100, lr=0.01),
            explanation_type="model",
            edge_mask_type="object",
            model_config=MODEL,
        )
        with torch.random.fork_rng():
            torch.manual_seed(graph_seed(5, number))
            theirs = explainer(graph.x, graph.edge_index).edge_mask
        mine = ours.scores[0, ours.edge_graph == number]
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


def test_gnnexplainer_runs_where_pygs_does_not_rgcn_layers() -> None:
    from pyg_models import MODELS
    from pyg_models import graphs as planted

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MODELS["rgcn"]().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adapter = PygModel(model)
    data = planted("rgcn", 3)
    found = GNNExplainer().explain(adapter, data, seed=1)
    assert found.scores.shape == (2, sum(one.num_edges for one in data))
    assert bool(torch.isfinite(found.scores).all())
    assert bool(((found.scores >= 0) & (found.scores <= 1)).all())
    assert torch.equal(found.scores[0], found.scores[1])  # one mask for all layers
    assert len(found.scores[0].unique()) > 3
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


class Tapped(nn.Module):
    """The same model; PyG takes the states that its last message passing layer gives out.

    That layer is a tap here, which passes on what enters the top layer, where ours are taken.
    """

    def __init__(self, inner: Net) -> None:
        super().__init__()
        self.inner, self.tap = inner, Tap()

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> Tensor:
        out = self.inner(x, edge_index, batch)
        states = self.inner.first(x, edge_index) + x
        self.tap(torch.tanh(self.inner.second.linear(states)))
        return out


class Tap(MessagePassing):  # type: ignore[misc]
    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_pgexplainer_is_pygs() -> None:
    """Without noise (bias 1/2), one graph a step, from the same weights."""
    model, (graph, *_) = net(), graphs(1)
    adapter = PygModel(model)
    config = PGExplainerConfig(epochs=20, bias=0.5, batch_size=1, size=0.2, entropy=0.3)
    ours = PGExplainer(config)
    before = PGExplainer(PGExplainerConfig(epochs=1, lr=0.0, bias=0.5))
    before.fit(adapter, [graph], seed=0)
    ours.fit(adapter, [graph], seed=0)
    theirs = TheirPGExplainer(epochs=20, lr=0.003)
    theirs.coeffs = {"edge_size": 0.2, "edge_ent": 0.3, "temp": [5.0, 2.0], "bias": 0.5}
    explainer = Explainer(
        Tapped(model).eval(),
        algorithm=theirs,
        explanation_type="phenomenon",
        edge_mask_type="object",
        model_config=MODEL,
    )
    (start,) = before.nets
    with torch.random.fork_rng():
        theirs.mlp(torch.zeros(1, 8))  # its first layer learns its width
    with torch.no_grad():
        theirs.mlp[0].weight.copy_(torch.cat((start.source, start.target), 1))
        theirs.mlp[0].bias.copy_(start.first)
        theirs.mlp[2].weight.copy_(start.read.unsqueeze(0))
        theirs.mlp[2].bias.copy_(start.last.unsqueeze(0))
    target = model(graph.x, graph.edge_index).argmax(-1)
    for epoch in range(20):
        theirs.train(epoch, explainer.model, graph.x, graph.edge_index, target=target, index=None)
    found = explainer(graph.x, graph.edge_index, target=target).edge_mask
    mine = ours.explain(adapter, [graph]).scores[0]
    torch.testing.assert_close(mine, found, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(mine, before.explain(adapter, [graph]).scores[0], atol=0.02)


def test_pgexplainer_can_see_messages() -> None:
    adapter, data = PygModel(net()), graphs(3)
    blind, seeing = PGExplainer(), PGExplainer(PGExplainerConfig(epochs=3, messages=True))
    blind.fit(adapter, data)
    seeing.fit(adapter, data)
    assert [net.parts for net in blind.nets] == [("source", "target")]
    assert [net.parts for net in seeing.nets] == [("source", "target", "message")]
    assert seeing.explain(adapter, data).scores.shape == (2, 24)
