"""Masking with given probes: what is computed, and that the model stays as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from srl_tools import batch_of, build_sentence, planted_sentences, small_config, small_model

from linguagraph.errors import MaskError
from linguagraph.masks import (
    Divergence,
    FitConfig,
    NonAmortisedConfig,
    Probe,
    ProbeConfig,
    SrlGraphMask,
    fit_graphmask,
    frozen,
    mask_nonamortised,
)
from linguagraph.models import SrlModel, encode_examples

SENTENCES = planted_sentences(10, seed=11)
DIVERGENCE = Divergence("kl", "token")


@pytest.fixture(params=["srl-gnn", "srl-lstm-gnn"])
def model(request: pytest.FixtureRequest) -> SrlModel:
    return small_model(SENTENCES, small_config(request.param))


def make(model: SrlModel, *, seeds: tuple[int, ...] = (0, 3), noisy: bool = True) -> SrlGraphMask:
    """Probes that decide on both sides."""
    masker = SrlGraphMask.create(model, seeds=seeds, config=ProbeConfig(hidden=8, bias=0.0))
    torch.manual_seed(1)
    for name, parameter in masker.probe.named_parameters():
        if noisy and name.endswith(("baseline", "read")):
            torch.nn.init.normal_(parameter)
    return masker


def decide_all(masker: SrlGraphMask, location: float) -> None:
    for layer in masker.probe.layers:
        layer.read.data.zero_()  # type: ignore[union-attr,operator]
        layer.offset.data.fill_(location)  # type: ignore[union-attr,operator]


def test_masks_are_what_the_locations_say_and_logits_what_the_masks_make(model: SrlModel) -> None:
    masker, batch = make(model), batch_of(model, SENTENCES)
    masked = masker.mask(batch)
    with torch.no_grad():
        plain = model(batch)
        locations = masker.probe.locations(plain, batch.source, batch.target)
        baselines = [b.detach() for b in masker.probe.baselines]
        expected = model(batch, gates=list(masked.gates), baselines=baselines).logits
    assert torch.equal(masked.original.logits, plain.logits)
    for found, location, gates in zip(masked.locations, locations, masked.gates, strict=True):
        assert location is not None
        assert torch.equal(found, location)
        assert gates.shape == (2, batch.num_edges)
        assert torch.equal(gates, masker.probe.config.gates.decide(location))
        assert 0.05 < gates.mean().item() < 0.95
    assert masked.logits.shape == (2, *plain.logits.shape)
    torch.testing.assert_close(masked.logits, expected, atol=1e-5, rtol=1e-5)


def test_open_gates_give_the_original_prediction(model: SrlModel) -> None:
    masker, batch = make(model), batch_of(model, SENTENCES)
    decide_all(masker, 5.0)
    masked = masker.mask(batch)
    expected = masked.original.logits.expand_as(masked.logits)
    torch.testing.assert_close(masked.logits, expected, atol=1e-6, rtol=0)
    examples = list(encode_examples(SENTENCES, model.vocabulary))
    for quality in masker.evaluate(examples).values():
        assert (quality.difference, quality.retained) == (0.0, 1.0)


def test_closed_gates_retain_nothing(model: SrlModel) -> None:
    masker = make(model)
    decide_all(masker, -5.0)
    examples = list(encode_examples(SENTENCES, model.vocabulary))
    layers = len(model.layers)
    for quality in masker.evaluate(examples).values():
        assert quality.retained == 0
        assert quality.per_layer == (0.0,) * layers
    for quality in masker.evaluate(examples, lowest=layers - 1).values():
        assert quality.per_layer == (1.0,) * (layers - 1) + (0.0,)


def test_quality_does_not_depend_on_the_batches(model: SrlModel) -> None:
    masker = make(model)
    examples = list(encode_examples(SENTENCES, model.vocabulary))
    one, other = (masker.evaluate(examples, tokens=tokens) for tokens in (10, 10_000))
    masked = masker.mask(masker.collate(examples))
    for index, seed in enumerate((0, 3)):
        assert one[seed].masked == pytest.approx(other[seed].masked)
        shares = [float(gates[index].mean()) for gates in masked.gates]
        assert one[seed].per_layer == pytest.approx(shares)
        assert one[seed].retained == pytest.approx(sum(shares) / len(shares))
    assert masker.evaluate([])[0].retained == 0


def test_a_step_gives_the_expected_share_and_the_divergence(
    model: SrlModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    masker, batch = make(model), batch_of(model, SENTENCES)
    gates = masker.probe.config.gates
    monkeypatch.setattr(type(gates), "sample", lambda self, v: self.decide(v))
    masked = masker.mask(batch)
    with frozen(model):
        penalty, apart = masker.step(batch, divergence=DIVERGENCE)
    expected = [gates.nonzero_probability(v).mean(-1) for v in masked.locations]
    torch.testing.assert_close(penalty.detach(), torch.stack(expected).mean(0))
    torch.testing.assert_close(
        apart.detach(), DIVERGENCE(masked.original.logits, masked.logits), atol=1e-6, rtol=1e-4
    )


def test_a_step_trains_the_layers_with_gates_and_no_others() -> None:
    model = small_model(SENTENCES, small_config("srl-gnn", gcn_layers=3))
    masker, batch = make(model), batch_of(model, SENTENCES)
    with frozen(model):
        penalty, apart = masker.step(batch, lowest=1, divergence=DIVERGENCE)
        torch.autograd.backward((penalty + apart).sum())
    assert all(p.grad is None for p in model.parameters())
    for index, layer in enumerate(masker.probe.layers):
        assert all((p.grad is not None) == (index >= 1) for p in layer.parameters())


def test_each_seed_gets_its_own_gradient(model: SrlModel) -> None:
    masker, batch = make(model), batch_of(model, SENTENCES)
    with frozen(model):
        penalty, apart = masker.step(batch, divergence=DIVERGENCE)
        torch.autograd.backward((penalty + apart)[1])
    for name, parameter in masker.probe.named_parameters():
        assert parameter.grad is not None
        first, second = (
            parameter.grad.unbind(1) if name.endswith(("gain", "shift")) else parameter.grad
        )
        assert not first.any()
        assert bool(second.any()) or "layers.0" in name


def test_sentences_without_edges_can_be_masked(model: SrlModel) -> None:
    batch = batch_of(model, [build_sentence([("ba", "VB", -1, "root")], [(0, {})])])
    masked = make(model).mask(batch)
    assert [g.shape for g in masked.gates] == [(2, 0)] * len(model.layers)
    expected = masked.original.logits.expand_as(masked.logits)
    torch.testing.assert_close(masked.logits, expected, atol=1e-6, rtol=0)
    with frozen(model):
        penalty, apart = make(model).step(batch, divergence=DIVERGENCE)
    assert penalty.tolist() == [0, 0]
    assert apart.tolist() == pytest.approx([0, 0], abs=1e-6)


def test_a_probe_of_another_depth_is_refused(model: SrlModel) -> None:
    probe = Probe([0], state_sizes=[4] * 5, message_sizes=[4] * 5, config=ProbeConfig())
    with pytest.raises(MaskError, match="the probe has 5 layers"):
        SrlGraphMask(model, probe)


def _mask(model: SrlModel) -> None:
    make(model).mask(batch_of(model, SENTENCES))


def _evaluate(model: SrlModel) -> None:
    make(model).evaluate(list(encode_examples(SENTENCES, model.vocabulary)))


def _step(model: SrlModel) -> None:
    with frozen(model, dropout=True):
        penalty, apart = make(model).step(batch_of(model, SENTENCES), divergence=DIVERGENCE)
        torch.autograd.backward((penalty + apart).sum())


def _fit(model: SrlModel) -> None:
    examples = list(encode_examples(SENTENCES, model.vocabulary))
    config = FitConfig(epochs_per_layer=1, epochs_after=0, tokens=40, dropout=True)
    fit_graphmask(make(model), examples, examples, config, log=lambda line: None)


def _interrupted(model: SrlModel) -> None:
    def stop(step: int, steps: int) -> None:
        raise KeyboardInterrupt

    examples = list(encode_examples(SENTENCES, model.vocabulary))
    with pytest.raises(KeyboardInterrupt):
        fit_graphmask(make(model), examples, examples, FitConfig(), progress=stop)


def _nonamortised(model: SrlModel) -> None:
    mask_nonamortised(model, batch_of(model, SENTENCES), NonAmortisedConfig(steps=3))


def snapshot(model: SrlModel) -> dict[str, Any]:
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    return {
        "modes": [m.training for m in model.modules()],
        "gradients": [p.requires_grad for p in model.parameters()],
        "hooks": [len(getattr(m, hook)) for m in model.modules() for hook in hooks],
        "attributes": [sorted(vars(m)) for m in model.modules()],
        "ids": [id(p) for p in model.parameters()],
    }


@pytest.mark.parametrize(
    "use", [_mask, _evaluate, _step, _fit, _interrupted, _nonamortised], ids=lambda f: f.__name__
)
def test_masking_leaves_the_model_bit_for_bit_as_it_was(
    model: SrlModel, use: Callable[[SrlModel], None]
) -> None:
    model.train()
    model.embedding.eval()
    model.token.weight.requires_grad_(False)
    model.roles.weight.grad = torch.ones_like(model.roles.weight)
    weights = copy.deepcopy(model.state_dict())
    before = snapshot(model)
    use(model)
    assert snapshot(model) == before
    assert all(torch.equal(t, weights[name]) for name, t in model.state_dict().items())
    grads = {name for name, p in model.named_parameters() if p.grad is not None}
    assert grads == {"roles.weight"}
    assert bool((model.roles.weight.grad == 1).all())


@pytest.mark.parametrize("use", [_mask, _nonamortised], ids=lambda f: f.__name__)
def test_masking_draws_nothing_from_the_global_generator(
    model: SrlModel, use: Callable[[SrlModel], None]
) -> None:
    make(model)  # seeds the generator, as it does within use
    before = torch.get_rng_state()
    use(model)
    assert torch.equal(torch.get_rng_state(), before)
