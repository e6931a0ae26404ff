"""Training probes: a planted truth is recovered, layers come from the top, runs resume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from srl_tools import planted_edges, planted_sentences, small_config, small_model

from linguagraph.documents.records import Sentence
from linguagraph.errors import ConfigError, MaskError, RunError
from linguagraph.masks import (
    Divergence,
    FitConfig,
    FitResult,
    LagrangianConfig,
    ProbeConfig,
    Quality,
    SrlGraphMask,
    fit_graphmask,
)
from linguagraph.masks.fitting import _Fit
from linguagraph.models import SrlModel, encode_examples
from linguagraph.models.checkpoints import load_tensors

SENTENCES = planted_sentences(24, seed=12)
CONFIG = FitConfig(epochs_per_layer=1, epochs_after=1, tokens=60, lr=0.02, seed=3)


class Stop(Exception):
    """Stands for an interruption."""


def test_planted_edges_are_recovered(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    examples = list(encode_examples(planted_sentences, planted_model.vocabulary))
    masker = SrlGraphMask.create(planted_model, seeds=(0, 1), config=ProbeConfig(hidden=16))
    config = FitConfig(
        epochs_per_layer=45,
        epochs_after=0,
        tokens=150,
        lr=0.01,
        checks=1,
        allowed=0.02,
        constraint=LagrangianConfig(tolerance=0.05, lr=0.02),
    )
    result = fit_graphmask(masker, examples[:-40], examples[-40:], config, log=lambda line: None)
    assert result.within == (0, 1)
    fresh = list(encode_examples(_fresh(), planted_model.vocabulary))
    gates = masker.mask(masker.collate(fresh)).gates[0].bool()
    needed = torch.tensor([edge for example in fresh for edge in planted_edges(example)])
    assert needed.sum().item() > 50
    for seed, quality in masker.evaluate(fresh).items():
        row = gates[masker.probe.seeds.index(seed)]
        assert row[needed].float().mean().item() >= 0.95
        assert row[~needed].float().mean().item() <= 0.10
        assert quality.original > 0.97
        assert quality.difference >= -0.03


def _fresh() -> list[Sentence]:
    return planted_sentences(80, seed=99)


def make(*, layers: int = 2, seeds: tuple[int, ...] = (0, 5), model_seed: int = 0) -> SrlGraphMask:
    model = small_model(SENTENCES, small_config(gcn_layers=layers), seed=model_seed)
    return SrlGraphMask.create(model, seeds=seeds, config=ProbeConfig(hidden=6))


def fit(
    masker: SrlGraphMask,
    directory: Path | None = None,
    *,
    config: FitConfig = CONFIG,
    resume: bool = False,
    stop: int | None = None,
) -> FitResult:
    examples = list(encode_examples(SENTENCES, masker.model.vocabulary))

    def progress(step: int, steps: int) -> None:
        if step == stop:
            raise Stop

    return fit_graphmask(
        masker,
        examples[:18],
        examples[18:],
        config,
        directory=directory,
        resume=resume,
        log=lambda line: None,
        progress=progress,
    )


def test_gates_are_added_from_the_top_layer_down() -> None:
    result = fit(make(layers=3), config=replace(CONFIG, epochs_per_layer=2, checks=1))
    assert [entry["lowest"] for entry in result.history] == [2, 2, 1, 1, 0, 0, 0]
    assert [entry["epoch"] for entry in result.history] == [1, 2, 3, 4, 5, 6, 7]
    for entry in result.history:
        for quality in entry["quality"].values():
            assert quality.per_layer[: entry["lowest"]] == (1.0,) * entry["lowest"]


def test_layers_are_untouched_until_their_turn(tmp_path: Path) -> None:
    masker = make()
    before = masker.probe.select(5)
    with pytest.raises(Stop):
        fit(masker, stop=3, config=replace(CONFIG, epochs_per_layer=3))
    after = masker.probe.select(5)
    same = {name for name in before if torch.equal(before[name], after[name])}
    # only the baseline starts elsewhere, at the mean message
    lower = {name for name in before if ".0." in name}
    assert same == lower - {"layers.0.baseline"}


@pytest.mark.parametrize(("checks", "made"), [(1, 1), (2, 2), (9, 2)], ids=str)
def test_every_epoch_has_its_checks_but_no_more_than_batches(checks: int, made: int) -> None:
    result = fit(make(), config=replace(CONFIG, checks=checks))
    assert len(result.history) == 3 * made
    assert result.history[-1]["epoch"] == 3
    assert set(result.history[0]["multipliers"]) == {0, 5}


def test_a_seed_fixes_the_probes() -> None:
    first, again = make(), make()
    assert fit(first).kept == fit(again).kept
    for one, other in zip(first.probe.parameters(), again.probe.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FitResult]:
    directory = tmp_path_factory.mktemp("probes")
    return directory, fit(make(), directory)


def steps_per_epoch(result: FitResult, directory: Path) -> int:
    _, record = load_tensors(directory / "trainer.safetensors")
    return int(record["done"]) // 3


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_resumed_run_ends_bit_for_bit_like_an_uninterrupted_one(
    whole: tuple[Path, FitResult], tmp_path: Path, epoch: int
) -> None:
    directory, expected = whole
    stop = epoch * steps_per_epoch(expected, directory) + 2
    with pytest.raises(Stop):
        fit(make(), tmp_path, stop=stop)
    assert (tmp_path / "trainer.safetensors").is_file() == (epoch > 0)
    masker = make()
    found = fit(masker, tmp_path, resume=True)
    assert found.history == expected.history
    assert found.kept == expected.kept
    assert found.within == expected.within
    for seed in (0, 5):
        mine, theirs = masker.probe.select(seed), expected.masker.probe.select(seed)
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    state, wanted = (load_tensors(d / "trainer.safetensors")[0] for d in (tmp_path, directory))
    assert set(state) == set(wanted)
    assert all(torch.equal(state[name], wanted[name]) for name in state)


def test_resuming_a_finished_run_gives_its_result(whole: tuple[Path, FitResult]) -> None:
    directory, expected = whole
    before = (directory / "trainer.safetensors").read_bytes()
    found = fit(make(), directory, resume=True)
    assert (found.kept, found.history) == (expected.kept, expected.history)
    assert (directory / "trainer.safetensors").read_bytes() == before


@pytest.mark.parametrize("other", ["options", "seeds", "model", "probe"])
def test_a_run_with_other_settings_is_not_continued(
    whole: tuple[Path, FitResult], other: str
) -> None:
    masker, config = make(), CONFIG
    if other == "options":
        config = replace(CONFIG, constraint=LagrangianConfig(tolerance=0.1))
    elif other == "seeds":
        masker = make(seeds=(0, 6))
    elif other == "model":
        masker = make(model_seed=1)
    else:
        masker = SrlGraphMask.create(masker.model, seeds=(0, 5), config=ProbeConfig(hidden=7))
    with pytest.raises(RunError, match="made with other options"):
        fit(masker, whole[0], config=config, resume=True)


def test_the_rate_never_turns_negative_when_epochs_have_more_batches_than_the_first() -> None:
    masker = make()
    examples = list(encode_examples(SENTENCES, masker.model.vocabulary))
    run = _Fit(masker, examples, examples, CONFIG, log=lambda line: None, progress=None)
    run.done = 2 * run.steps
    run._step(examples[:4], 0)
    assert run.optimizer.param_groups[0]["lr"] == pytest.approx(CONFIG.lr / 20)


def quality(masked: float, retained: float) -> Quality:
    return Quality(0.8, masked, retained, (retained,))


@pytest.mark.parametrize(
    ("found", "before", "better"),
    [
        ((0.79, 0.2), (0.80, 0.3), True),  # both allowed: the sparser
        ((0.80, 0.3), (0.79, 0.2), False),
        ((0.79, 0.2), (0.79, 0.2), False),
        ((0.79, 0.9), (0.70, 0.1), True),  # allowed against not
        ((0.70, 0.1), (0.79, 0.9), False),
        ((0.71, 0.9), (0.70, 0.1), True),  # neither: the smaller loss
        ((0.69, 0.0), (0.70, 0.1), False),
        ((0.90, 0.1), (0.80, 0.2), True),  # a gain is no loss
    ],
)
def test_the_kept_probe_is_the_sparsest_within_the_allowed_loss(
    found: tuple[float, float], before: tuple[float, float], better: bool
) -> None:
    run: Any = SimpleNamespace(config=FitConfig(allowed=0.015))
    assert _Fit._better(run, quality(*found), quality(*before)) is better


def test_kept_probes_have_the_quality_that_is_reported() -> None:
    masker = make()
    result = fit(masker)
    examples = list(encode_examples(SENTENCES, masker.model.vocabulary))
    assert masker.evaluate(examples[18:]) == result.kept
    checks = [entry["quality"] for entry in result.history if entry["lowest"] == 0]
    for seed, kept in result.kept.items():
        assert kept in [check[seed] for check in checks]


def test_nothing_to_train_on_is_an_error() -> None:
    masker = make()
    examples = list(encode_examples(SENTENCES, masker.model.vocabulary))
    for train, dev in (([], examples), (examples, [])):
        with pytest.raises(MaskError, match="at least one training and one dev example"):
            fit_graphmask(masker, train, dev, CONFIG)


def test_impossible_schedules_are_refused() -> None:
    for changes in ({"epochs_per_layer": 0}, {"epochs_after": -1}, {"checks": 0}):
        with pytest.raises(ConfigError, match="expected at least 1, 0 and 1"):
            replace(CONFIG, **changes)
    assert FitConfig(divergence=Divergence("kl")).to_json()["divergence"]["name"] == "kl"
