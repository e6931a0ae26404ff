"""Any PyG model seen and masked through hooks: exact, edge by edge, and left as it was."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("torch_geometric")

import torch_geometric.nn as pyg
from pyg_models import HETERO_EDGES, MODELS, graphs
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from linguagraph.errors import MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.masks.pyg import PygModel

LAYERS = dict.fromkeys(MODELS, 2)


def build(name: str) -> nn.Module:
    torch.manual_seed(3)
    return MODELS[name]()


@pytest.fixture(params=MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_open_gates_are_the_model_itself_and_closed_ones_are_not(name: str) -> None:
    model = build(name)
    explained = PygModel(model)
    batch = explained.batch(graphs(name, 6))
    with frozen(model):
        plain = explained.trace(batch)
        gates = torch.ones(LAYERS[name], batch.num_edges)
        opened = explained.run(batch, gates)
        filled = [torch.randn(site.message) for site in explained.sites]
        with_fill = explained.run(batch, gates, baselines=filled)
        closed = explained.run(batch, gates * 0)
        some = torch.rand(gates.shape, generator=torch.Generator().manual_seed(0))
        anew = explained.run(batch, some, baselines=filled)
        known = explained.run(batch, some, baselines=filled, trace=plain)
        with explained.held():
            held = explained.run(batch, some, baselines=filled, trace=plain)
    torch.testing.assert_close(known, anew, rtol=0, atol=1e-6)
    torch.testing.assert_close(held, anew, rtol=0, atol=1e-6)
    assert explained.num_layers == LAYERS[name]
    assert plain.output.shape == (6, 2)
    assert batch.unit_graph.tolist() == list(range(6))
    torch.testing.assert_close(opened, plain.output, rtol=0, atol=1e-6)
    torch.testing.assert_close(with_fill, plain.output, rtol=0, atol=1e-6)
    assert (closed - plain.output).abs().max() > 1e-3
    assert plain.present.shape == (LAYERS[name], batch.num_edges)
    assert plain.present.all()


def test_what_is_sent_is_what_the_layers_make(name: str) -> None:
    model = build(name)
    explained = PygModel(model)
    batch = explained.batch(graphs(name, 4))
    with frozen(model):
        plain = explained.trace(batch)
    assert len(plain.sent) == len(explained.sites)
    for site, sent in zip(explained.sites, plain.sent, strict=True):
        size = dict(batch.edge_sets)[site.edges]
        assert sent.messages.shape == (size, site.message)
        assert sent.sources.shape[1] == site.source
        assert sent.targets.shape[1] == site.target
        assert sent.index.shape == (2, size)
        if name != "hetero":
            edge = torch.arange(size) if sent.edge is None else sent.edge
            assert sorted(edge.tolist()) == list(range(size))
            assert torch.equal(sent.index % batch.content.num_nodes, batch.edge_index[:, edge])


def test_each_gate_acts_on_its_own_edge_in_its_own_layer(name: str) -> None:
    """Closing an edge of one graph of a batch moves the output of that graph only, if at all."""
    model = build(name)
    explained = PygModel(model)
    batch = explained.batch(graphs(name, 3))
    with frozen(model):
        plain = explained.trace(batch).output
        moved = torch.zeros(LAYERS[name], batch.num_edges, dtype=torch.bool)
        for layer in range(LAYERS[name]):
            for edge in range(batch.num_edges):
                gates = torch.ones(LAYERS[name], batch.num_edges)
                gates[layer, edge] = 0
                apart = (explained.run(batch, gates) - plain).abs().amax(1)
                others = torch.arange(3) != batch.edge_graph[edge]
                assert apart[others].max() <= 1e-6
                moved[layer, edge] = apart.max() > 1e-7
    # leaves reach the root in two steps, middle nodes in one
    if name == "hetero":
        sizes = [size for _, size in batch.edge_sets]
        up, top = torch.arange(sizes[0]), torch.arange(sizes[0], sizes[0] + sizes[1])
    else:
        top = (batch.content.edge_type == 2).nonzero().flatten()
        up = (batch.content.edge_type != 2).nonzero().flatten()
    assert moved[0, up].all()
    assert moved[1, top].all()
    assert not moved[1, up].any()


@pytest.mark.parametrize("name", ["rgcn", "rgcn-basis", "fast-rgcn", "gin", "shared", "gine"])
def test_a_closed_edge_is_a_removed_edge_where_layers_only_sum(name: str) -> None:
    model = build(name)
    explained = PygModel(model)
    one = graphs(name, 1, start=5)[0]
    batch = explained.batch([one])
    with frozen(model):
        explained.trace(batch)
        for edge in range(one.num_edges):
            gates = torch.ones(2, one.num_edges)
            gates[:, edge] = 0
            keep = torch.arange(one.num_edges) != edge
            fewer = one.clone()
            for key in ("edge_index", "edge_type", "edge_attr"):
                fewer[key] = one[key][..., keep] if key == "edge_index" else one[key][keep]
            expected = explained.trace(explained.batch([fewer])).output
            torch.testing.assert_close(explained.run(batch, gates), expected, rtol=0, atol=1e-5)


def test_parallel_edges_of_several_relations_keep_their_own_gates() -> None:
    torch.manual_seed(0)
    conv = pyg.RGCNConv(3, 2, 4, aggr="add")
    x, edge_index = torch.randn(3, 3), torch.tensor([[0, 0, 1, 0], [2, 2, 2, 2]])
    kinds = torch.tensor([3, 1, 0, 1])
    explained = PygModel(conv, units="node")
    batch = explained.batch([Data(x=x, edge_index=edge_index, edge_type=kinds)])
    with frozen(conv):
        sent = explained.trace(batch).sent[0]
        assert sent.call is not None
        assert sent.edge is not None
        assert dict(zip(sent.edge.tolist(), sent.call.tolist(), strict=True)) == {
            0: 3, 1: 1, 2: 0, 3: 1,
        }  # fmt: skip
        for edge in range(4):
            gates = torch.ones(1, 4)
            gates[0, edge] = 0
            keep = torch.arange(4) != edge
            expected = conv(x, edge_index[:, keep], kinds[keep])
            torch.testing.assert_close(explained.run(batch, gates), expected)


def test_self_loops_that_a_layer_adds_have_no_gate() -> None:
    torch.manual_seed(0)
    conv = pyg.GCNConv(3, 2)
    data = Data(x=torch.randn(3, 3), edge_index=torch.tensor([[0, 1, 2], [1, 1, 0]]))
    explained = PygModel(conv, units="node")
    batch = explained.batch([data])
    with frozen(conv):
        plain = explained.trace(batch)
        closed = explained.run(batch, torch.zeros(1, 3))
    assert plain.present.tolist() == [[True, False, True]]  # 1 -> 1 is replaced by the layer's own
    assert plain.sent[0].edge is not None
    assert plain.sent[0].edge.tolist() == [0, 2]
    # node 2 hears from itself only; others keep their own self-loop
    torch.testing.assert_close(closed[2], plain.output[2])
    loops = conv.lin(data.x) / torch.tensor([[2.0], [2.0], [1.0]]) + conv.bias
    torch.testing.assert_close(closed, loops)


def test_fractional_gates_and_baselines_mix_messages() -> None:
    conv = pyg.SimpleConv(aggr="sum")
    data = Data(x=torch.tensor([[1.0], [2.0], [4.0]]), edge_index=torch.tensor([[0, 1], [2, 2]]))
    explained = PygModel(conv, output="regression", units="node")
    batch = explained.batch([data])
    with frozen(conv):
        explained.trace(batch)
        gates = torch.tensor([[0.25, 0.0]], requires_grad=True)
        base = torch.tensor([10.0], requires_grad=True)
        out = explained.run(batch, gates, baselines=[base])
        out[2, 0].backward()
        each = explained.run(batch, gates, baselines=[torch.tensor([[10.0], [20.0]])])
    assert out[2].item() == pytest.approx(0.25 * 1 + 0.75 * 10 + 10)
    assert each[2].item() == pytest.approx(0.25 * 1 + 0.75 * 10 + 20)
    assert gates.grad is not None
    assert gates.grad.tolist() == [[1 - 10, 2 - 10]]
    assert base.grad is not None
    assert base.grad.item() == pytest.approx(1.75)


def test_graphs_without_edges_and_isolated_nodes(name: str) -> None:
    model = build(name)
    explained = PygModel(model)
    with frozen(model):
        explained.trace(explained.batch(graphs(name, 3)))
        mixed = [*graphs(name, 1), *graphs(name, 1, edges=False)]
        if name == "gcn-cached":
            model, mixed = build(name), graphs(name, 2, edges=True)
            explained = PygModel(model)
        batch = explained.batch(mixed)
        plain = explained.trace(batch)
        open_ = explained.run(batch, torch.ones(2, batch.num_edges))
        torch.testing.assert_close(open_, plain.output, rtol=0, atol=1e-6)
    if name == "gcn-cached":
        return
    with frozen(model):
        none = explained.batch(graphs(name, 2, edges=False))
        plain = explained.trace(none)
        assert plain.present.shape == (2, 0)
        torch.testing.assert_close(explained.run(none, torch.ones(2, 0)), plain.output)


def _state(model: nn.Module) -> list[object]:
    found: list[object] = [torch.get_rng_state().tolist()]
    for module in model.modules():
        hooks = {
            k: len(v) for k, v in vars(module).items() if k.endswith("hooks") and v is not None
        }
        found.append((module.training, hooks, getattr(module, "fuse", None)))
    found += [
        (n, p.requires_grad, p.detach().clone().tolist()) for n, p in model.named_parameters()
    ]
    found += [(n, b.tolist()) for n, b in model.named_buffers()]
    return found


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_the_model_is_left_as_it_was(name: str, error: type[BaseException] | None) -> None:
    model = build(name).train()
    next(model.parameters()).requires_grad_(False)
    explained = PygModel(model)
    batch = explained.batch(graphs(name, 2))
    before = _state(model)
    with frozen(model):
        explained.trace(batch)
    assert _state(model) == before

    def fail(*args: object) -> None:
        raise error("stop")  # type: ignore[misc]

    gates = torch.ones(2, batch.num_edges, requires_grad=True)
    if error is None:
        with frozen(model):
            explained.run(batch, gates).sum().backward()
    else:
        gates.register_hook(fail)
        with pytest.raises(error), frozen(model):
            explained.run(batch, gates).sum().backward()
        explained._call = fail  # type: ignore[assignment]
        with pytest.raises(error), frozen(model):
            explained.run(batch, gates)
    assert _state(model) == before


def test_fast_rgcn_works_after_rgcn_was_built() -> None:
    pyg.RGCNConv(2, 2, 2)
    model = build("fast-rgcn")
    explained = PygModel(model)
    with frozen(model):
        assert explained.trace(explained.batch(graphs("fast-rgcn", 2))).output.shape == (2, 2)


def test_heterogeneous_edges_are_told_apart() -> None:
    model = build("hetero")
    explained = PygModel(model)
    batch = explained.batch(graphs("hetero", 3))
    with frozen(model):
        explained.trace(batch)
    names = ["__".join(kind) for kind in HETERO_EDGES]
    assert [name for name, _ in batch.edge_sets] == names
    assert [(site.layer, site.edges) for site in explained.sites] == [
        (layer, name) for layer in range(2) for name in names
    ]


def test_own_attention_is_seen_and_sums_to_one() -> None:
    model = build("gat-5")
    explained = PygModel(model)
    batch = explained.batch(graphs("gat-5", 2))
    with frozen(model):
        own = explained.trace(batch).own
    assert own is not None
    assert own.shape == (2, batch.num_edges)
    sums = torch.zeros(batch.content.num_nodes).index_add(0, batch.edge_index[1], own[0])
    assert ((sums > 0) == (torch.bincount(batch.edge_index[1], minlength=len(sums)) > 0)).all()
    assert (sums < 1).all()  # the rest is the self-loop's


def test_node_and_edge_outputs_find_their_graphs() -> None:
    class Pairs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = pyg.SAGEConv(4, 3)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            h = self.conv(x, edge_index)
            return h[edge_index[0]] * h[edge_index[1]]

    data = graphs("gin", 2)
    edges = PygModel(Pairs()).batch(data)
    assert edges.unit_graph.tolist() == edges.edge_graph.tolist()
    nodes = PygModel(pyg.SAGEConv(4, 3)).batch(data)
    assert nodes.unit_graph.tolist() == nodes.content.batch.tolist()
    asked = PygModel(pyg.SAGEConv(4, 3), asked=lambda batch: batch.x[:, 2] > 0)
    with frozen(asked.model):
        plain = asked.trace(asked.batch(data))
    assert plain.weights.sum().item() == pytest.approx(2)
    assert plain.asked.sum() == 2


def test_a_loaders_batch_and_a_list_are_the_same() -> None:
    model = build("gin")
    data = graphs("gin", 4)
    explained = PygModel(model)
    first = explained.batch(data)
    second = explained.graphs(next(iter(DataLoader(data, batch_size=4))))
    assert torch.equal(first.edge_index, second.edge_index)
    assert torch.equal(first.edge_graph, second.edge_graph)
    given = explained.given(**{
        k: first.content[k] for k in ("x", "edge_index", "edge_type", "edge_attr", "root_index")
    })  # fmt: skip
    assert given.num_edges == first.num_edges
    assert isinstance(first.content, Batch)


class Dense(nn.Module):
    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        return adjacency @ x


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = pyg.SAGEConv(4, 1)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.conv(x, edge_index)


def test_errors_teach() -> None:
    with pytest.raises(MaskError, match="sends no messages along edges"):
        PygModel(Dense())
    data = graphs("gin", 2)
    with pytest.raises(MaskError, match="multilabel"):
        PygModel(Two()).batch(data)
    with pytest.raises(MaskError, match="forward needs 'edge_type'"):
        PygModel(build("rgcn")).batch([Data(x=data[0].x, edge_index=data[0].edge_index)])
    with pytest.raises(MaskError, match="no edge_index"):
        PygModel(build("gin")).batch([Data(x=data[0].x)])
    with pytest.raises(MaskError, match="say units="):
        PygModel(pyg.SAGEConv(4, 3), call=lambda m, b: m(b.x, b.edge_index)[:3]).batch(data)
    with pytest.raises(MaskError, match="expected one of"):
        PygModel(pyg.SAGEConv(4, 3), units="sentence").batch(data)
    with pytest.raises(MaskError, match="first batch with edges"):
        _ = PygModel(Two()).sites
    explained = PygModel(pyg.SAGEConv(4, 3))
    batch = explained.batch(data)
    with frozen(explained.model):
        explained.trace(batch)
        with pytest.raises(MaskError, match="gates have shape"):
            explained.run(batch, torch.ones(2, batch.num_edges))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["gcn", "gat-5", "rgcn", "hetero"])
def test_a_gpu_gives_the_same(name: str) -> None:
    model, data = build(name), graphs(name, 4)
    found = []
    for device in ("cpu", "cuda"):
        explained = PygModel(model.to(device))
        batch = explained.batch(data)
        with frozen(model):
            plain = explained.trace(batch)
            gates = torch.linspace(0, 1, 2 * batch.num_edges, device=device).view(2, -1)
            found.append((plain.output.cpu(), explained.run(batch, gates, trace=plain).cpu()))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-4)
