"""GraphMask over adjacency matrices: equations 8 to 10, seeds, storage, and the other form."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from pyg_models import MODELS
from qa_tools import (
    SMALL,
    encoded,
    made_items,
    new_model,
    one_hop_examples,
    one_hop_model,
    trained_model,
)
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import CheckpointError, MaskError
from linguagraph.masks.adjacency_probe import PACE, AdjacencyErasure, AdjacencyProbe
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.amortised_step import hard_gates, locate, measure, step
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.qa_examples import QaExample

QUICK = AmortisedConfig(
    epochs_after=4,
    steps=20,
    lr=5e-3,
    checks=1,
    constraint=LagrangianConfig(initial=3.0),
    probe=ProbeConfig(hidden=8),
)


def examples(count: int, *, first: int = 0) -> list[QaExample]:
    return encoded(made_items(count, first=first))


def batches(found: list[QaExample], size: int = 20) -> list[list[QaExample]]:
    return [found[i : i + size] for i in range(0, len(found), size)]


@cache
def fitted() -> GraphMask:
    """Two probes on the trained model, after a short training."""
    mask = GraphMask(
        QaExplainable(trained_model()), seeds=(0, 4), config=QUICK, erasure="adjacency"
    )
    return mask.fit(batches(examples(200)), dev=[examples(50, first=900)])


def test_locations_are_the_bilinear_product_of_equation_9() -> None:
    torch.manual_seed(0)
    erasure = AdjacencyErasure(
        [3], state=5, relations=2, message=5, config=ProbeConfig(hidden=4, bias=1.5)
    )
    with torch.no_grad():
        for parameter in erasure.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    erasure.standardise(torch.randn(5), torch.rand(5) + 0.5, torch.zeros(5))
    states = torch.randn(2, 3, 5)
    found = erasure(states)
    assert found.shape == (1, 2, 3, 2, 3)
    for graph in range(2):
        for relation in range(2):
            for target in range(3):
                for source in range(3):
                    to, of = (
                        states[graph, node] * erasure.scale + erasure.shift
                        for node in (target, source)
                    )
                    hidden = F.layer_norm(erasure.inner[0, relation] @ to, (4,))
                    hidden = hidden * erasure.norm_weight[0, relation]
                    hidden = F.relu(hidden + erasure.norm_bias[0, relation])
                    value = (hidden @ erasure.outer[0, relation]) @ of / math.sqrt(5)
                    value = value + PACE * erasure.offset[0, relation]
                    torch.testing.assert_close(
                        found[0, graph, target, relation, source], value, atol=1e-5, rtol=1e-5
                    )


def test_the_masked_pass_is_equation_10() -> None:
    model = new_model()
    adapter = QaExplainable(model, form="matrices")
    batch = adapter.batch(examples(3))
    content = batch.content
    gates = (torch.rand(3, batch.num_edges) > 0.5).float()
    baselines = list(torch.randn(3, SMALL.width))
    with frozen(model), torch.no_grad():
        trace = adapter.trace(batch)
        found = adapter.run(batch, gates, baselines=list(baselines), trace=trace)
        states = trace.memory.found.states[0]
        weights = trace.memory.weights
        for layer in range(3):
            z, every = content.matrices(gates[layer]), model.layer.messages(states)
            summed = torch.zeros_like(states)
            for relation in range(4):
                a, zr = weights[:, :, relation], z[:, :, relation]
                summed += (zr * a) @ every[:, :, relation]
                summed += ((1 - zr) * a) @ baselines[layer].expand_as(states)
            update = model.layer.own(states) + summed
            share = torch.sigmoid(model.layer.gate(torch.cat((update, states), -1)))
            states = share * torch.tanh(update) + (1 - share) * states
        expected = model.answer(content.unpadded(states), trace.memory.found.query, content)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("form", ["edges", "matrices"])
def test_open_gates_are_the_model_itself(form: str) -> None:
    model = new_model()
    adapter = QaExplainable(model, form=form)
    batch = adapter.batch(examples(4))
    with frozen(model), torch.no_grad():
        trace = adapter.trace(batch)
        found = adapter.run(batch, torch.ones(3, batch.num_edges), trace=trace)
        torch.testing.assert_close(found, model(batch.content).logits, atol=1e-6, rtol=1e-6)
        assert len(trace.sent) == 3
        assert trace.sent[1].messages.shape == (batch.num_edges, SMALL.width)
        assert [s.messages.shape[1] for s in trace.sent[0:2]] == [SMALL.width] * 2


def test_seeds_together_are_seeds_one_by_one() -> None:
    model = new_model()
    adapter = QaExplainable(model, form="matrices")
    batch = adapter.batch(examples(4))
    torch.manual_seed(0)
    gates, baselines = torch.rand(2, 3, batch.num_edges), torch.randn(3, 2, SMALL.width)
    gates[:, 0] = 1
    with frozen(model), torch.no_grad():
        trace = adapter.trace(batch)
        together = adapter.run_seeds(batch, gates, baselines=list(baselines), trace=trace, lowest=1)
        for seed in range(2):
            alone = adapter.run(
                batch, gates[seed], baselines=[b[seed] for b in baselines], trace=trace
            )
            torch.testing.assert_close(together[seed], alone, atol=1e-5, rtol=1e-5)
        listed = QaExplainable(model, form="edges")
        there = listed.trace(listed.batch(examples(4)))
        other = listed.run_seeds(batch, gates, baselines=list(baselines), trace=there)
    torch.testing.assert_close(together, other, atol=1e-5, rtol=1e-5)


def test_a_seed_means_the_same_beside_any_others() -> None:
    adapter = QaExplainable(trained_model())

    def kept(seeds: tuple[int, ...]) -> Tensor:
        mask = GraphMask(adapter, seeds=seeds, config=QUICK, erasure="adjacency")
        mask.fit(batches(examples(60)))
        return mask.explain(examples(20, first=70), seed=4).scores

    torch.testing.assert_close(kept((0, 4)), kept((4,)), atol=1e-4, rtol=1e-4)


def test_a_gate_sees_its_own_layer_alone() -> None:
    model = trained_model()
    adapter = QaExplainable(model)
    batch = adapter.batch(examples(5))
    probe = AdjacencyProbe((0,), adapter.sites, adapter.relations, ProbeConfig(hidden=4))
    with frozen(model):
        trace = adapter.trace(batch)
        found = trace.memory.found
        states = (*found.states[:1], found.states[1] + 1, *found.states[2:])
        memory = replace(trace.memory, found=replace(found, states=states))
        changed = replace(trace, memory=memory)
        one, other = (locate(adapter, probe, batch, t).locations for t in (trace, changed))
        top = locate(adapter, probe, batch, trace, lowest=2)
    size = batch.num_edges
    same = [
        torch.equal(one[:, k * size :][:, :size], other[:, k * size :][:, :size]) for k in range(3)
    ]
    assert same == [True, False, True]
    assert torch.equal(top.locations, one[:, 2 * size :])


def test_a_step_moves_the_probe_and_never_the_model() -> None:
    model = trained_model()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    adapter = QaExplainable(model)
    batch = adapter.batch(examples(8))
    probe = AdjacencyProbe((0, 1), adapter.sites, adapter.relations, ProbeConfig(hidden=4))
    generators = [torch.Generator().manual_seed(s) for s in (0, 1)]
    with frozen(model):
        probe.start(adapter, [(batch, adapter.trace(batch))])
        found = step(adapter, probe, batch, lowest=0, generators=generators)
        assert found is not None
        torch.autograd.backward((found[0] + 5 * found[1]).sum())
    assert all(bool(p.grad is not None and p.grad.abs().sum() > 0) for p in probe.parameters())
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_baselines_start_at_the_mean_message() -> None:
    adapter = QaExplainable(trained_model())
    batch = adapter.batch(examples(8))
    probe = AdjacencyProbe((0,), adapter.sites, adapter.relations, ProbeConfig(hidden=4))
    with frozen(adapter.model):
        trace = adapter.trace(batch)
        probe.start(adapter, [(batch, trace)])
        for layer, baseline in enumerate(probe.baselines(0)):
            assert baseline is not None
            expected = trace.sent[layer].messages.mean(0)
            torch.testing.assert_close(baseline.detach(), expected, atol=1e-5, rtol=1e-4)


def test_masks_keep_the_answers_with_fewer_edges() -> None:
    mask = fitted()
    assert mask.result is not None
    for quality in mask.result.kept.values():
        assert quality.same >= 0.9
        assert quality.retained < 0.9
    batch = mask.model.batch(examples(30, first=3000))
    found = mask.explain_seeds(batch)
    assert [m.seed for m in found] == [0, 4]
    assert found[0].scores.shape == (3, batch.num_edges)
    masked = mask.masked_output(batch, found[0])
    own = mask.model.model(batch.content).logits
    assert float((masked.argmax(-1) == own.argmax(-1)).float().mean()) >= 0.9


def test_quality_is_that_of_the_hard_gates_one_by_one() -> None:
    mask = fitted()
    adapter, probe = mask.model, mask.probe
    assert isinstance(adapter, QaExplainable)
    assert probe is not None
    batch = adapter.batch(examples(30, first=3000))
    with frozen(adapter.module), torch.no_grad():
        trace = adapter.trace(batch)
        gates = hard_gates(adapter, probe, batch, trace)[1]
        found = measure(adapter, probe, [batch], tolerance=0.03)
        for place, seed in enumerate(probe.seeds):
            masked = adapter.run(batch, gates[place], baselines=probe.baselines(place))
            same = masked.argmax(-1) == trace.output.argmax(-1)
            assert found[seed].same == pytest.approx(float(same.float().mean()))
            assert found[seed].retained == pytest.approx(float(gates[place].mean()), abs=1e-6)


@pytest.mark.parametrize("half", [False, True])
def test_probes_come_back(tmp_path: Path, half: bool) -> None:
    mask, batch = fitted(), examples(10, first=4000)
    mask.save(tmp_path, half=half)
    again = GraphMask.load(tmp_path, QaExplainable(trained_model()))
    assert again.erasure == "adjacency"
    expected, found = mask.explain_seeds(batch), again.explain_seeds(batch)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one.scores, other.scores, atol=0.02 if half else 1e-6, rtol=0)
    one_seed = GraphMask.load(tmp_path, QaExplainable(trained_model()), seeds=[4])
    torch.testing.assert_close(one_seed.explain(batch).scores, found[1].scores)
    with pytest.raises(CheckpointError, match="another model"):
        GraphMask.load(tmp_path, QaExplainable(new_model(seed=9)))


def test_an_interrupted_training_ends_with_the_same_probes(tmp_path: Path) -> None:
    adapter = QaExplainable(trained_model())
    data, dev = batches(examples(60)), [examples(20, first=900)]

    class Stop(Exception):
        pass

    def stop(done: int, steps: int) -> None:
        if done == 2 * 20 + 5:
            raise Stop

    def fit(folder: Path | None, **options: object) -> GraphMask:
        mask = GraphMask(adapter, seeds=(0, 1), config=QUICK, erasure="adjacency")
        return mask.fit(data, dev=dev, directory=folder, **options)  # type: ignore[arg-type]

    whole = fit(None)
    with pytest.raises(Stop):
        fit(tmp_path, progress=stop)
    resumed = fit(tmp_path, resume=True)
    for one, other in zip(whole.explain_seeds(dev[0]), resumed.explain_seeds(dev[0]), strict=True):
        torch.testing.assert_close(one.scores, other.scores)


def test_both_erasure_functions_find_the_same_where_both_can_say_it() -> None:
    """The answer of a model with one layer rests on the edge from the subject to its town.

    Which edge that is shows in the states of both nodes, so that both forms can represent it.
    """
    adapter = QaExplainable(one_hop_model())
    data = [one_hop_examples(range(i, i + 20)) for i in range(0, 400, 20)]
    dev = one_hop_examples(range(5000, 5060))
    config = AmortisedConfig(
        epochs_after=8,
        steps=100,
        checks=1,
        constraint=LagrangianConfig(initial=3.0),
        probe=ProbeConfig(hidden=16),
    )
    batch = adapter.batch(dev)
    content, (source, target) = batch.content, batch.edge_index
    subject = content.roles.index_select(0, source) == 1
    needed = subject & (content.candidate.index_select(0, target) >= 0)
    found = []
    for erasure in ("messages", "adjacency"):
        mask = GraphMask(adapter, seeds=(0,), config=config, erasure=erasure)
        mask.fit(data, dev=[dev])
        retained = mask.explain(batch).retained[0]
        assert bool(retained[needed].all())
        assert float(retained[~needed].float().mean()) <= 0.2  # the guide may matter, too
        found.append(retained)
    assert float((found[0] == found[1]).float().mean()) >= 0.85


def test_what_does_not_go_together_is_refused() -> None:
    adapter = QaExplainable(new_model())
    with pytest.raises(MaskError, match="erasure='edges'"):
        GraphMask(adapter, erasure="edges")
    with pytest.raises(MaskError, match="adjacency matrices"):
        GraphMask(MODELS["gcn"](), erasure="adjacency")
    batch = adapter.batch(examples(2))
    with pytest.raises(MaskError, match="gates have shape"):
        adapter.run(batch, torch.ones(2, batch.num_edges))
