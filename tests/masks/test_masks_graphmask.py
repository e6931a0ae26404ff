"""GraphMask for any model: planted edges, nothing left changed, files, errors that teach."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from graphmask_tools import (
    Toy,
    ToyModel,
    ToyNet,
    batches,
    one_layer,
    stars,
    trees,
    two_layers,
)
from torch import Tensor, nn

from linguagraph.errors import CheckpointError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.amortised_probe import SiteProbe
from linguagraph.masks.explainable import EdgeMask, GraphBatch
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.outputs import Output
from linguagraph.masks.probe import ProbeConfig

SHORT = AmortisedConfig(epochs_after=1, steps=6, checks=1, probe=ProbeConfig(hidden=8))
LONG = AmortisedConfig(epochs_after=2, steps=200, lr=5e-3, probe=ProbeConfig(hidden=32))


def fitted(seeds: tuple[int, ...] = (0,), config: AmortisedConfig = SHORT) -> GraphMask:
    model = one_layer()
    return GraphMask(model, seeds=seeds, config=config).fit(batches(model, stars(48)))


@pytest.fixture(scope="module")
def long() -> GraphMask:
    return fitted((3, 5), LONG)


def test_exactly_the_edges_that_matter_are_retained_on_unseen_graphs(long: GraphMask) -> None:
    unseen = stars(40, seed=9)
    types = torch.cat([g.types for g in unseen])
    for mask in long.explain_seeds(unseen):
        assert torch.equal(mask.retained[0], types < 2)
        assert mask.scores[0][types < 2].min() > 0.6
        assert mask.scores[0][types >= 2].max() < 0.4
    assert long.result is not None
    assert long.result.within == (3, 5)


def test_a_site_of_several_calls_is_told_its_call() -> None:
    model = one_layer(calls=True)
    mask = GraphMask(model, config=LONG).fit(batches(model, stars(48)))
    unseen = stars(40, seed=9)
    types = torch.cat([g.types for g in unseen])
    assert torch.equal(mask.explain(unseen).retained[0], types < 2)


def test_planted_edges_are_found_in_the_layer_where_they_matter() -> None:
    model, config = two_layers(), AmortisedConfig(steps=200, lr=5e-3, epochs_after=2)
    mask = GraphMask(model, config=config).fit(batches(model, trees(64)))
    unseen = trees(30, seed=4)
    types = torch.cat([g.types for g in unseen])
    found = mask.explain(unseen)
    assert torch.equal(found.layer(0), types == 0)
    assert torch.equal(found.layer(1), types == 1)
    assert mask.result is not None
    assert [entry["lowest"] for entry in mask.result.history] == [1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_other_kinds_of_output_find_the_same_edges(kind: str) -> None:
    model = one_layer(output=Output(kind))
    if kind == "multilabel":  # logits around 0
        with torch.no_grad():
            model.net.weights[0][0, 0, 1] = model.net.weights[0][1, 0, 2] = -4.0
            model.net.weights[0][1, 0, 1] = model.net.weights[0][0, 0, 2] = 4.0
    mask = GraphMask(model, config=LONG).fit(batches(model, stars(64)))
    unseen = stars(40, seed=9)
    types = torch.cat([g.types for g in unseen])
    assert torch.equal(mask.explain(unseen).retained[0], types < 2)


def test_the_scale_of_values_is_estimated_unless_it_is_given() -> None:
    model = one_layer(output=Output("regression"))
    graphs = batches(model, stars(48))
    GraphMask(model, config=SHORT).fit(graphs)
    outputs = torch.cat([model._forward(b, None, None, []) for b in graphs])
    expected = outputs.var(0, correction=0).mean().sqrt().item()
    assert model.output.scale == pytest.approx(expected, rel=1e-4)
    given = one_layer(output=Output("regression", scale=7.5))
    GraphMask(given, config=SHORT).fit(batches(given, stars(32)))
    assert given.output.scale == 7.5
    one = one_layer(output=Output("regression", scale=1.0))  # is a scale like any other
    GraphMask(one, config=SHORT).fit(batches(one, stars(32)))
    assert one.output.scale == 1.0


def state_of(net: nn.Module) -> dict[str, Any]:
    hooks = {
        f"{name}.{kind}": dict(value)
        for name, module in net.named_modules()
        for kind, value in vars(module).items()
        if kind.endswith("_hooks")
    }
    return {
        "modes": {name: module.training for name, module in net.named_modules()},
        "needs": {name: p.requires_grad for name, p in net.named_parameters()},
        "grads": {name: p.grad for name, p in net.named_parameters()},
        "ids": {name: id(t) for name, t in (*net.named_parameters(), *net.named_buffers())},
        "hooks": hooks,
        "attributes": {n: sorted(vars(m)) for n, m in net.named_modules()},
        "python": random.getstate(),
    }


def tensors_of(net: nn.Module) -> dict[str, Tensor]:
    own = {name: t.clone() for name, t in net.state_dict().items()}
    return {**own, "random": torch.get_rng_state()}


class Untouched:
    """Asserts that a module and the random state are after the block as before it."""

    def __init__(self, net: nn.Module) -> None:
        self.net = net

    def __enter__(self) -> None:
        self.state, self.tensors = state_of(self.net), tensors_of(self.net)

    def __exit__(self, *error: object) -> None:
        assert state_of(self.net) == self.state
        after = tensors_of(self.net)
        assert after.keys() == self.tensors.keys()
        assert all(torch.equal(t, after[name]) for name, t in self.tensors.items())


def marked() -> ToyModel:
    """A model in a state that careless code would change."""
    model = one_layer()
    model.net.train()
    model.net.dropout.eval()
    model.net.register_parameter("other", nn.Parameter(torch.ones(2), requires_grad=False))
    model.net.register_forward_hook(lambda *_: None)
    return model


def test_fitting_explaining_and_saving_leave_everything_as_it_was(tmp_path: Path) -> None:
    model = marked()
    loader = torch.utils.data.DataLoader(
        stars(40), batch_size=8, shuffle=True, collate_fn=model.batch
    )
    mask = GraphMask(model, config=SHORT, seeds=(0, 1))
    torch.manual_seed(3)
    with Untouched(model.net):
        mask.fit(loader)
    batch = model.batch(stars(5))
    with Untouched(model.net):
        found = mask.explain(batch)
        mask.masked_output(batch, found)
        mask.quality([batch])
        mask.save(tmp_path)
        GraphMask.load(tmp_path, model).explain(batch)


def test_an_interrupt_passes_and_leaves_everything_as_it_was() -> None:
    model = marked()
    model.fail_at = 12
    mask = GraphMask(model, config=SHORT)
    with Untouched(model.net), pytest.raises(KeyboardInterrupt):
        mask.fit(batches(model, stars(32)))
    assert mask.probe is not None  # a check was made before: the best so far
    assert mask.explain(stars(2)).num_layers == 1
    early = marked()
    early.fail_at = 5
    mask = GraphMask(early, config=SHORT)
    with Untouched(early.net), pytest.raises(KeyboardInterrupt):
        mask.fit(batches(early, stars(32)))
    with pytest.raises(MaskError, match="not fitted"):
        mask.explain(stars(2))


def test_an_exception_while_explaining_leaves_everything_as_it_was() -> None:
    mask = fitted()
    assert isinstance(mask.model, ToyModel)
    mask.model.fail_at = mask.model.traces + 1
    with Untouched(mask.model.net), pytest.raises(KeyboardInterrupt):
        mask.explain(stars(2))


def test_the_same_data_give_the_same_probe_whatever_the_random_state_and_the_other_seeds() -> None:
    masks = []
    for seeds, state in (((0,), 1), ((0,), 2), ((4, 0), 3)):
        torch.manual_seed(state)
        masks.append(fitted(seeds).explain(stars(6, seed=2), seed=0))
    assert torch.equal(masks[0].scores, masks[1].scores)
    torch.testing.assert_close(masks[0].scores, masks[2].scores, atol=1e-4, rtol=1e-4)


def test_masks_have_a_row_per_layer_and_seeds_share_one_pass(long: GraphMask) -> None:
    assert isinstance(long.model, ToyModel)
    before = long.model.traces
    batch = long.model.batch(stars(3))
    found = long.explain_seeds(batch)
    assert long.model.traces == before + 1
    assert [mask.seed for mask in found] == [3, 5]
    assert all(mask.scores.shape == (1, batch.num_edges) for mask in found)
    assert torch.equal(long.explain(batch).scores, found[0].scores)
    assert torch.equal(long.explain(batch, seed=5).scores, found[1].scores)


def test_masked_outputs_are_those_of_the_retained_edges_and_baselines(long: GraphMask) -> None:
    assert isinstance(long.model, ToyModel)
    batch = long.model.batch(stars(4))
    mask = long.explain(batch)
    everything = EdgeMask(mask.scores, mask.present, mask.present, mask.edge_sets, seed=3)
    plain = long.model._forward(batch, None, None, [])
    torch.testing.assert_close(long.masked_output(batch, everything), plain)
    assert long.probe is not None
    baseline = long.probe.baselines(0)
    expected = long.model.run(batch, mask.retained.float(), baselines=baseline)
    torch.testing.assert_close(long.masked_output(batch, mask), expected)


def test_quality_counts_answers_and_edges_by_hand(long: GraphMask) -> None:
    assert isinstance(long.model, ToyModel)
    graphs = stars(30, seed=2)
    whole = long.model.batch(graphs)
    found = long.quality(batches(long.model, graphs, 8))[5]
    mask = long.explain(whole, seed=5)
    original, masked = long.model._forward(whole, None, None, []), long.masked_output(whole, mask)
    same = (original.argmax(1) == masked.argmax(1)).float().mean().item()
    assert found.same == pytest.approx(same, abs=1e-6)
    assert found.loss == pytest.approx(1 - same, abs=1e-6)
    assert found.retained == pytest.approx(mask.retained.float().mean().item(), abs=1e-6)
    assert found.per_layer == pytest.approx((found.retained,), abs=1e-6)
    apart = Output().divergence(original, masked).mean().item()
    assert found.divergence == pytest.approx(apart, abs=1e-5)


def test_graphs_without_edges_are_explained_by_nothing() -> None:
    mask = fitted((0, 2))
    bare = Toy(torch.ones(2, 2), torch.zeros(2, 0, dtype=torch.long), torch.zeros(0).long())
    for seed, found in zip((0, 2), mask.explain_seeds([bare, bare]), strict=True):
        assert found.scores.shape == found.retained.shape == found.present.shape == (1, 0)
        assert (found.seed, found.edge_sets) == (seed, (("edges", 0),))
    mixed = mask.explain([bare, *stars(2)])
    assert mixed.num_edges == sum(len(g.types) for g in stars(2))


def test_saved_probes_come_back_and_explain_the_same(tmp_path: Path) -> None:
    mask = fitted((0, 2))
    mask.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("seed-0.json", "seed-0.safetensors", "seed-2.json", "seed-2.safetensors")
    ]
    record = json.loads((tmp_path / "seed-2.json").read_text())
    assert record["explains"]["class"] == "ToyNet"
    assert set(record["versions"]) == {"linguagraph", "torch"}
    assert record["quality"]["per_layer"] == [record["quality"]["retained"]]
    again = GraphMask.load(tmp_path, one_layer())
    assert (again.seeds, again.config) == (mask.seeds, mask.config)
    assert again.result is not None
    assert mask.result is not None
    assert again.result.kept == mask.result.kept
    graphs = stars(5, seed=8)
    for mine, found in zip(mask.explain_seeds(graphs), again.explain_seeds(graphs), strict=True):
        assert torch.equal(mine.scores, found.scores)
    one = GraphMask.load(tmp_path, one_layer(), seeds=[2])
    assert torch.equal(one.explain(graphs).scores, mask.explain(graphs, seed=2).scores)


def test_the_scale_of_values_is_saved(tmp_path: Path) -> None:
    model = one_layer(output=Output("regression"))
    GraphMask(model, config=SHORT).fit(batches(model, stars(16))).save(tmp_path)
    other = one_layer(output=Output("regression"))
    GraphMask.load(tmp_path, other)
    assert other.output == model.output
    assert other.output.scale != 1


class Renamed(ToyNet):
    pass


def test_probes_of_another_model_are_refused_by_name(tmp_path: Path) -> None:
    mask = fitted()
    mask.save(tmp_path)
    changed = one_layer()
    with torch.no_grad():
        changed.net.weights[0][0, 0, 0] += 1
    with pytest.raises(CheckpointError, match=r"weights: .* was explained, this is"):
        GraphMask.load(tmp_path, changed)
    with pytest.raises(CheckpointError, match="class: ToyNet was explained, this is Renamed"):
        GraphMask.load(tmp_path, ToyModel(Renamed([mask.model.module.weights[0]])))  # type: ignore[index, union-attr]
    with pytest.raises(CheckpointError, match="output: classification was explained"):
        GraphMask.load(tmp_path, one_layer(output=Output("multilabel")))
    loaded = GraphMask.load(tmp_path, one_layer(calls=True))  # known only once it has sent
    with pytest.raises(CheckpointError, match=r"sites .* differ; only the probe has .*calls=1"):
        loaded.explain(stars(2))


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"probes for the seeds \[\], not any"):
        GraphMask.load(tmp_path, one_layer())
    fitted().save(tmp_path)
    with pytest.raises(CheckpointError, match=r"seeds \[0\], not \[7\]"):
        GraphMask.load(tmp_path, one_layer(), seeds=[7])
    with pytest.raises(CheckpointError, match=r"folder not found: .*nowhere"):
        GraphMask.load(tmp_path / "nowhere", one_layer())
    path = tmp_path / "seed-0.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "kind": "graphmask"}))
    with pytest.raises(CheckpointError, match="holds 'graphmask'"):
        GraphMask.load(tmp_path, one_layer())
    path.write_text(json.dumps({**record, "config": {**record["config"], "lrr": 1}}))
    with pytest.raises(CheckpointError, match=r"do not fit together.*lrr"):
        GraphMask.load(tmp_path, one_layer())


def test_loaders_that_cannot_serve_are_refused_with_the_remedy() -> None:
    model = one_layer()
    mask = GraphMask(model, config=SHORT)
    with pytest.raises(MaskError, match="loader is empty"):
        mask.fit([])
    bare = Toy(torch.ones(2, 2), torch.zeros(2, 0, dtype=torch.long), torch.zeros(0).long())
    with pytest.raises(MaskError, match="a loader without edges"):
        mask.fit(batches(model, [bare] * 4, 2))
    with pytest.raises(MaskError, match="pass a DataLoader or a list"):
        mask.fit(iter(batches(model, stars(8))))
    with pytest.raises(MaskError, match="the dev loader is a generator, which can be gone through"):
        mask.fit(batches(model, stars(8)), dev=(b for b in batches(model, stars(8))))
    with pytest.raises(MaskError, match="cannot read str"):
        mask.fit(["graphs"])


class Short:
    """Says that it has more batches than it gives."""

    def __init__(self, content: list[GraphBatch], size: int) -> None:
        self.content, self.size = content, size

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[GraphBatch]:
        return iter(self.content)


@pytest.mark.parametrize("size", [1, 50])
def test_every_epoch_ends_with_a_check_whatever_length_the_loader_claims(size: int) -> None:
    model = one_layer()
    mask = GraphMask(model, config=SHORT).fit(Short(batches(model, stars(48)), size))
    assert mask.result is not None
    assert {entry["epoch"] for entry in mask.result.history} == {1, 2}
    assert mask.explain(stars(1)).num_layers == 1


class Once:
    """Looks like a loader, but gives its batches only the first two times."""

    def __init__(self, content: list[GraphBatch]) -> None:
        self.content, self.left = content, 2

    def __iter__(self) -> Iterator[GraphBatch]:
        self.left -= 1
        return iter(self.content if self.left >= 0 else [])


def test_a_loader_that_dries_up_is_refused_with_the_remedy() -> None:
    model = one_layer()
    with pytest.raises(MaskError, match=r"no more batches.*pass a DataLoader or a list"):
        GraphMask(model, config=SHORT).fit(Once(batches(model, stars(8))))


def test_batches_without_edges_among_others_are_passed_over() -> None:
    model = one_layer()
    bare = Toy(torch.ones(2, 2), torch.zeros(2, 0, dtype=torch.long), torch.zeros(0).long())
    loader = [model.batch([bare]), *batches(model, stars(32)), model.batch([bare, bare])]
    mask = GraphMask(model, config=SHORT).fit(loader)
    assert mask.explain(stars(1)).num_layers == 1


def test_what_is_asked_too_early_or_of_no_seed_is_an_error() -> None:
    mask = GraphMask(one_layer(), config=SHORT)
    for ask in (lambda: mask.explain(stars(1)), lambda: mask.quality([]), lambda: mask.save("x")):
        with pytest.raises(MaskError, match="not fitted: call fit"):
            ask()
    with pytest.raises(MaskError, match=r"no probe of seed 9; there are \[0\]"):
        fitted().explain(stars(1), seed=9)
    for seeds in ((), (1, 1), (-1,)):
        with pytest.raises(MaskError, match="expected numbers from 0 up"):
            GraphMask(one_layer(), seeds=seeds)


def test_a_graph_of_one_edge_is_explained_by_that_edge(long: GraphMask) -> None:
    index = torch.tensor([[1], [0]])
    x = torch.tensor([1.0, 0.5]).expand(2, 2)
    for kind, open_ in ((0, True), (1, True), (2, False), (3, False)):
        found = long.explain([Toy(x, index, torch.tensor([kind]))])
        assert found.retained.tolist() == [[open_]]
        assert (found.scores.item() > 0.5) is open_


@pytest.mark.parametrize(("location", "open_"), [(3.0, True), (0.0, None), (-3.0, False)])
def test_edges_with_equal_locations_fare_alike(location: float, open_: bool | None) -> None:
    """What is decided is each gate's own, not its place among the graph's."""
    mask = fitted()
    assert mask.probe is not None
    constant(mask.probe, 0, location)
    for graphs in (stars(5), stars(1)):
        found = mask.explain(graphs)
        assert len(found.scores.unique()) == 1
        assert len(found.retained.unique()) == 1
        if open_ is not None:
            assert bool(found.retained.all()) is open_


def constant(probe: SiteProbe, site: int, location: float) -> None:
    """Every gate of a site at one location."""
    with torch.no_grad():
        probe.erasures[site].read.zero_()
        probe.erasures[site].offset.fill_(location)


def test_gates_are_found_from_the_unmasked_pass_whatever_the_layers_below_drop() -> None:
    model = two_layers()
    mask = GraphMask(model, config=SHORT).fit(batches(model, trees(16)))
    assert mask.probe is not None
    unseen = trees(6, seed=4)
    found = []
    for location in (9.0, -9.0):
        constant(mask.probe, 0, location)
        found.append(mask.explain(unseen))
    assert bool(found[0].retained[0].all())
    assert not bool(found[1].retained[0].any())
    assert torch.equal(found[0].scores[1], found[1].scores[1])
    assert len(found[0].scores[1].unique()) > 1


@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_probabilities_in_place_of_logits_are_refused(kind: str) -> None:
    class Probable(ToyModel):
        def _forward(self, *args: Any) -> Tensor:
            found = super()._forward(*args)
            return found.softmax(-1) if kind == "classification" else found.sigmoid()

    model = Probable(one_layer().net, output=Output(kind))
    mask = GraphMask(model, config=SHORT)
    with pytest.raises(MaskError, match=r"are probabilities.*call=lambda model, batch: torch\.lo"):
        mask.fit(batches(model, stars(16)))
    assert mask.probe is None


class PygNet(nn.Module):
    """Normalisation, attention, dropout and batch statistics: much that must stay as it is."""

    def __init__(self) -> None:
        from torch_geometric.nn import GATConv, GCNConv

        super().__init__()
        self.first = GATConv(3, 4, heads=2, dropout=0.3)
        self.norm = nn.BatchNorm1d(8)
        self.second = GCNConv(8, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        out: Tensor = self.second(self.dropout(self.norm(self.first(x, edge_index))), edge_index)
        return out


@pytest.mark.parametrize("fail", [False, True])
def test_pyg_models_are_as_they_were_after_fitting_and_failing(fail: bool, tmp_path: Path) -> None:
    pytest.importorskip("torch_geometric")
    from torch_geometric.data import Data
    from torch_geometric.loader import DataLoader

    torch.manual_seed(0)
    graphs = [
        Data(x=torch.randn(6, 3), edge_index=torch.randint(6, (2, 9)).unique(dim=1))
        for _ in range(12)
    ]
    net = PygNet()
    net.second.eval()
    net.first.lin.weight.requires_grad_(False)
    probe = GraphMask(net, config=SHORT, seeds=(0, 1), units="node")

    def interrupt(step: int, steps: int) -> None:
        if fail and step == 3:
            raise KeyboardInterrupt

    loader = DataLoader(graphs, batch_size=4, shuffle=True)
    with Untouched(net):
        if fail:
            with pytest.raises(KeyboardInterrupt):
                probe.fit(loader, progress=interrupt)
            return
        probe.fit(loader, progress=interrupt)
        found = probe.explain(graphs[0])
        probe.save(tmp_path)
        again = GraphMask.load(tmp_path, net, units="node").explain(graphs[0])
    assert found.scores.shape == (2, graphs[0].num_edges)
    assert torch.equal(again.scores, found.scores)


def test_outputs_that_are_not_finite_are_refused() -> None:
    model = one_layer()
    with torch.no_grad():
        model.net.weights[0][0, 0, 1] = float("inf")
    with pytest.raises(MaskError, match="not finite"):
        GraphMask(model, config=SHORT).fit(batches(model, stars(8)))
