"""Erasure functions: what they compute, see and share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.errors import MaskError
from linguagraph.masks import Probe, ProbeConfig
from linguagraph.models import Messages, SrlBatch, SrlModel, Trace

SENTENCES = planted_sentences(6, seed=8)
CONFIG = ProbeConfig(hidden=5)


@pytest.fixture
def model() -> SrlModel:
    return small_model(SENTENCES, small_config(hidden=6))


@pytest.fixture
def batch(model: SrlModel) -> SrlBatch:
    return batch_of(model, SENTENCES)


def make(model: SrlModel, seeds: tuple[int, ...] = (0, 1, 4)) -> Probe:
    sizes = {"state_sizes": model.state_sizes, "message_sizes": model.message_sizes}
    return Probe(seeds, **sizes, config=CONFIG)


def run(model: SrlModel, batch: SrlBatch) -> Trace:
    with torch.no_grad():
        trace: Trace = model(batch)
    return trace


def normed(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(-1, keepdims=True)
    return centred / np.sqrt(values.var(-1, keepdims=True) + 1e-5)


def test_locations_follow_equations_6_and_7(model: SrlModel, batch: SrlBatch) -> None:
    trace, probe = run(model, batch), make(model)
    torch.manual_seed(0)
    for parameter in probe.parameters():
        torch.nn.init.normal_(parameter)
    found = probe.locations(trace, batch.source, batch.target)
    for layer, values in enumerate(found):
        assert values is not None
        assert values.shape == (3, batch.num_edges)
        for index, seed in enumerate(probe.seeds):
            w = {
                k.split(".")[-1]: v.numpy()
                for k, v in probe.select(seed).items()
                if f".{layer}." in k
            }
            h, m = trace.states[layer].numpy(), trace.messages[layer].edges.numpy()
            parts = [
                normed(x @ w[name].T) * w["gain"][i] + w["shift"][i]
                for i, (name, x) in enumerate(
                    [("source", h[batch.source]), ("target", h[batch.target]), ("message", m)]
                )
            ]
            hidden = np.maximum(sum(parts) / 3, 0)
            expected = hidden @ w["read"] + w["offset"] + CONFIG.bias
            np.testing.assert_allclose(values[index].detach(), expected, atol=2e-4, rtol=1e-4)


def test_source_target_and_message_each_matter(model: SrlModel, batch: SrlBatch) -> None:
    trace, probe = run(model, batch), make(model)
    torch.manual_seed(0)
    base = probe.locations(trace, batch.source, batch.target)[0]
    assert base is not None
    order = torch.randperm(batch.num_edges)
    swapped = Messages(trace.messages[0].edges[order], trace.messages[0].loops, None)
    others = [
        probe.locations(trace, batch.source[order], batch.target)[0],
        probe.locations(trace, batch.source, batch.target[order])[0],
        probe.locations(trace, batch.target, batch.source)[0],
        probe.locations(
            replace(trace, messages=(swapped, trace.messages[1])), batch.source, batch.target
        )[0],
    ]
    for other in others:
        assert other is not None
        assert (other - base).abs().max().item() > 0.01


def test_there_is_no_look_ahead(model: SrlModel, batch: SrlBatch) -> None:
    trace, probe = run(model, batch), make(model)
    base = probe.locations(trace, batch.source, batch.target)
    above = trace.messages[1]
    changed = replace(
        trace,
        logits=trace.logits + 5,
        states=(trace.states[0], trace.states[1] + 1),
        messages=(trace.messages[0], Messages(above.edges * 2, above.loops * 2, None)),
    )
    found = probe.locations(changed, batch.source, batch.target)
    assert torch.equal(_there(found[0]), _there(base[0]))
    assert not torch.equal(_there(found[1]), _there(base[1]))


def _there(value: torch.Tensor | None) -> torch.Tensor:
    assert value is not None
    return value


def test_layers_below_the_lowest_have_no_locations_and_traces_may_start_above(
    model: SrlModel, batch: SrlBatch
) -> None:
    trace, probe = run(model, batch), make(model)
    bottom, top = probe.locations(trace, batch.source, batch.target)
    found = probe.locations(trace, batch.source, batch.target, lowest=1)
    assert found[0] is None
    assert torch.equal(_there(found[1]), _there(top))
    upper = Trace(trace.logits, trace.states[1:], trace.messages[1:], start=1)
    again = probe.locations(upper, batch.source, batch.target, lowest=1)
    assert torch.equal(_there(again[1]), _there(top))
    assert bottom is not None


def test_no_gradient_reaches_the_model(model: SrlModel, batch: SrlBatch) -> None:
    trace, probe = model(batch), make(model)
    locations = probe.locations(trace, batch.source, batch.target)
    torch.autograd.backward(sum(_there(v).sum() for v in locations))
    assert all(p.grad is None for p in model.parameters())
    named = {n.split(".")[-1]: p.grad for n, p in probe.named_parameters()}
    assert all(g is not None for n, g in named.items() if n != "baseline")


def test_all_gates_start_open(model: SrlModel, batch: SrlBatch) -> None:
    trace, probe = run(model, batch), make(model)
    for values in probe.locations(trace, batch.source, batch.target):
        assert (_there(values) > 0).float().mean().item() > 0.97
        assert torch.sigmoid(_there(values)).mean().item() == pytest.approx(0.95, abs=0.04)


def test_a_seed_means_the_same_whatever_is_trained_beside_it(model: SrlModel) -> None:
    torch.manual_seed(123)
    first, second = make(model, (0, 1, 4)), make(model, (4, 9))
    mine, again = first.select(4), second.select(4)
    assert set(mine) == set(again)
    assert all(torch.equal(mine[name], again[name]) for name in mine)
    other = first.select(0)
    assert not torch.equal(mine["layers.0.source"], other["layers.0.source"])
    assert not torch.equal(mine["layers.0.source"], mine["layers.1.source"])
    assert not torch.equal(mine["layers.0.source"], mine["layers.0.target"])


def test_making_probes_draws_nothing_from_the_global_generator(model: SrlModel) -> None:
    before = torch.get_rng_state()
    make(model)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeds_side_by_side_equal_one_alone(model: SrlModel, batch: SrlBatch) -> None:
    trace = run(model, batch)
    together = make(model, (0, 1, 4)).locations(trace, batch.source, batch.target)
    alone = make(model, (1,)).locations(trace, batch.source, batch.target)
    for many, one in zip(together, alone, strict=True):
        torch.testing.assert_close(_there(many)[1], _there(one)[0], atol=1e-5, rtol=1e-5)


def test_tensors_of_a_seed_go_out_and_back_in(model: SrlModel) -> None:
    probe = make(model)
    torch.manual_seed(0)
    for parameter in probe.parameters():
        torch.nn.init.normal_(parameter)
    before = {seed: probe.select(seed) for seed in probe.seeds}
    assert before[1]["layers.0.gain"].shape == (3, 5)
    assert before[1]["layers.0.baseline"].shape == (6,)
    other = make(model, (4, 1))
    other.insert(1, before[1])
    assert all(torch.equal(v, before[1][n]) for n, v in other.select(1).items())
    fresh = make(model, (4,)).select(4)
    assert all(torch.equal(v, fresh[n]) for n, v in other.select(4).items())
    before[0]["layers.0.read"].zero_()
    assert bool(probe.select(0)["layers.0.read"].any())  # a copy, not a view


@pytest.mark.parametrize("fault", ["name", "shape"])
def test_foreign_tensors_are_refused_and_nothing_is_changed(model: SrlModel, fault: str) -> None:
    probe = make(model)
    before = probe.select(0)
    tensors: dict[str, Any] = {name: t + 1 for name, t in before.items()}
    last = list(tensors)[-1]
    if fault == "name":
        tensors["extra"] = tensors.pop(last)
    else:
        tensors[last] = torch.zeros(99)
    with pytest.raises(MaskError, match="extra" if fault == "name" else r"shape \(99,\)"):
        probe.insert(0, tensors)
    assert all(torch.equal(t, before[name]) for name, t in probe.select(0).items())


def test_unknown_empty_and_repeated_seeds_are_refused(model: SrlModel) -> None:
    with pytest.raises(MaskError, match=r"no seed 7; it has \[0, 1, 4\]"):
        make(model).select(7)
    for seeds in ((), (1, 1)):
        with pytest.raises(MaskError, match="no seed twice"):
            make(model, seeds)
