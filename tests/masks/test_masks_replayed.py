"""Padded and replayed iterations are those of a training, and nothing of a GPU is waited for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.divergences import DIVERGENCES, UNITS, Divergence
from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.fitting import _Fit, fit_graphmask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.replayed import padded_step
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.padding import RoundSizes, pad
from linguagraph.models.world import World

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("lowest", [0, 1])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", list(DIVERGENCES))
def test_padding_counts_for_nothing(name: str, unit: str, lowest: int) -> None:
    sentences = planted_sentences(12, seed=2)
    model = small_model(sentences)
    # so low that every gate is closed, whatever the noise: divergences do not depend on it
    masker = SrlGraphMask.create(model, seeds=[0, 1], config=ProbeConfig(bias=-40.0))
    with torch.no_grad():
        for baseline in masker.probe.baselines:
            baseline.add_(1.0)
    batch, divergence = batch_of(model, sentences), Divergence(name, unit)
    padded = pad(batch, RoundSizes.of(batch))
    found = []
    with frozen(model):
        for penalty, apart in (
            masker.step(batch, lowest=lowest, divergence=divergence),
            padded_step(masker, padded, lowest=lowest, divergence=divergence),
        ):
            slopes = torch.autograd.grad(apart.sum(), list(masker.probe.baselines)[lowest:])
            found.append((penalty, apart, *slopes))
    assert found[0][1].min() > 1e-4
    for plain, same in zip(*found, strict=True):
        assert torch.allclose(plain, same, atol=1e-6, rtol=1e-4)


def test_penalties_of_open_gates_are_those_without_padding() -> None:
    sentences = planted_sentences(12, seed=2)
    model = small_model(sentences)
    masker, batch = SrlGraphMask.create(model, seeds=[0, 1]), batch_of(model, sentences)
    with frozen(model):
        plain, _ = masker.step(batch, divergence=Divergence())
        padded = pad(batch, RoundSizes.of(batch))
        found, _ = padded_step(masker, padded, lowest=0, divergence=Divergence())
    assert torch.allclose(plain, found, atol=1e-6)


def test_replaying_needs_a_gpu_and_is_said_only_where_wanted() -> None:
    sentences = planted_sentences(3, seed=0)
    model = small_model(sentences)
    examples = list(encode_examples(sentences, model.vocabulary))
    with pytest.raises(ConfigError, match="replay=true needs a GPU"):
        fit(model_masker(model), examples, FitConfig(replay=True))
    assert not {"replay", "precision"} & set(FitConfig().to_json())
    assert FitConfig(replay=True, precision="bfloat16").to_json()["replay"] is True


def test_replaying_is_for_one_process() -> None:
    sentences = planted_sentences(3, seed=0)
    model = small_model(sentences)
    examples = list(encode_examples(sentences, model.vocabulary))
    config = FitConfig(replay=True)
    with pytest.raises(ConfigError, match="replay=true is for one process, and there are 2"):
        fit_graphmask(model_masker(model), examples, examples, config, world=World(1, 2))


def model_masker(model: object, device: str = "cpu") -> SrlGraphMask:
    """Untrained probes of two seeds."""
    return SrlGraphMask.create(model.to(device), seeds=[0, 1])  # type: ignore[attr-defined]


def fit(masker: SrlGraphMask, examples: Sequence[SrlExample], config: FitConfig) -> _Fit:
    """A training that has not begun."""
    return _Fit(masker, examples, examples, config, log=print, progress=None)


@pytest.mark.gpu
@CUDA
@pytest.mark.parametrize("name", ["srl-gnn", "srl-lstm-gnn"])
def test_replayed_trainings_learn_what_plain_ones_learn(name: str) -> None:
    sentences = planted_sentences(30, seed=1)
    model = small_model(sentences, small_config(name))
    examples = list(encode_examples(sentences, model.vocabulary))
    ends: list[list[Tensor]] = []
    for replay in (False, True):
        masker = SrlGraphMask.create(model.cuda(), seeds=[0], config=ProbeConfig(bias=-40.0))
        training = fit(masker, examples, FitConfig(replay=replay))
        with frozen(model):
            for _ in range(6):
                training._step(examples, 0)
        ends.append([p.detach().cpu() for p in masker.probe.parameters()])
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(*ends, strict=True))


@pytest.mark.gpu
@CUDA
@pytest.mark.parametrize("replay", [False, True])
def test_training_and_masking_never_wait_for_the_device(replay: bool) -> None:
    sentences = planted_sentences(30, seed=1)
    model = small_model(sentences, small_config("srl-lstm-gnn"))
    examples = list(encode_examples(sentences, model.vocabulary))
    training = fit(model_masker(model, "cuda"), examples, FitConfig(replay=replay))
    with frozen(model):
        for _ in range(4):
            training._step(examples, 0)
        training.masker.mask(training.masker.collate(examples))
        torch.cuda.set_sync_debug_mode("error")
        try:
            training._step(examples, 0)
            training.masker.mask(training.masker.collate(examples))
        finally:
            torch.cuda.set_sync_debug_mode("default")
