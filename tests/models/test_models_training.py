"""Training an SRL model on planted sentences: it learns, repeats, resumes and stops."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from srl_tools import build_sentence, planted_sentences, small_config

from linguagraph.documents.records import Sentence
from linguagraph.errors import ConfigError, RunError
from linguagraph.models import SrlTrainConfig, encode_examples, evaluate, load_model, train_srl
from linguagraph.models.checkpoints import load_tensors

TRAIN, DEV = planted_sentences(40, seed=3), planted_sentences(12, seed=4)
MODEL = small_config(dropout=0.2, word_dropout=0.1)
CONFIG = SrlTrainConfig(epochs=4, tokens=80, lr=0.01, average=0.5, patience=9, label_smoothing=0.1)


class Stop(Exception):
    """Stands for an interruption."""


def train(
    directory: Path,
    *,
    sentences: list[Sentence] = TRAIN,
    config: SrlTrainConfig = CONFIG,
    resume: bool = False,
    stop: int | None = None,
) -> dict[str, Any]:
    def progress(epoch: int, step: int, steps: int) -> None:
        if epoch == stop and step == 2:
            raise Stop

    return train_srl(
        sentences,
        DEV,
        directory,
        model=MODEL,
        config=config,
        name="toy",
        resume=resume,
        log=lambda line: None,
        progress=progress,
    )


def final(directory: Path) -> dict[str, torch.Tensor]:
    return load_tensors(directory / "trainer.safetensors")[0]


def epochs(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "log.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in found]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("whole")
    train(directory)
    return directory


def test_the_planted_rule_is_learned_and_carries_over(
    planted_sentences: list[Sentence], tmp_path: Path
) -> None:
    record = train_srl(
        planted_sentences[:-40],
        planted_sentences[-40:],
        tmp_path,
        model=small_config(hidden=32, gcn_layers=1),
        config=SrlTrainConfig(epochs=16, tokens=150, lr=0.005, average=0.9, patience=16),
        log=lambda line: None,
    )
    assert record["scores"]["all"]["f1"] > 0.95
    model, _ = load_model(tmp_path)
    fresh = encode_examples(_fresh(), model.vocabulary)
    assert evaluate(model, list(fresh))["all"].f1 > 0.95


def _fresh() -> list[Sentence]:
    return planted_sentences(60, seed=77)


def test_a_seed_fixes_the_weights(whole: Path, tmp_path: Path) -> None:
    train(tmp_path / "same")
    train(tmp_path / "other", config=replace(CONFIG, seed=1))
    first, same, other = (final(d) for d in (whole, tmp_path / "same", tmp_path / "other"))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["model.token.weight"], other["model.token.weight"])


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_resumed_training_ends_bit_for_bit_like_an_uninterrupted_one(
    whole: Path, tmp_path: Path, stop: int
) -> None:
    with pytest.raises(Stop):
        train(tmp_path, stop=stop)
    record = train(tmp_path, resume=True)
    first, again = final(whole), final(tmp_path)
    assert set(first) == set(again)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert epochs(tmp_path) == epochs(whole)
    kept, expected = load_model(tmp_path)[1], load_model(whole)[1]
    assert kept == expected
    assert record["training"]["epoch"] == expected["training"]["epoch"]


def test_resuming_a_finished_training_changes_nothing(whole: Path) -> None:
    before = {p.name: p.read_bytes() for p in whole.iterdir()}
    record = train(whole, resume=True)
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == before
    assert record["name"] == "toy"


def test_the_kept_model_is_the_best_epochs_average(whole: Path) -> None:
    model, record = load_model(whole)
    scores = [line["dev_f1"] for line in epochs(whole)]
    best = max(range(len(scores)), key=lambda i: (scores[i], -i))
    assert record["training"]["epoch"] == best
    assert record["scores"]["all"]["f1"] == pytest.approx(scores[best], abs=1e-4)
    again = evaluate(model, list(encode_examples(DEV, model.vocabulary)))
    assert again["all"].f1 == pytest.approx(scores[best], abs=0.03)  # 16-bit floats
    assert record["training"]["examples"] == 40
    assert set(record["versions"]) == {"linguagraph", "torch"}


def test_another_training_is_not_overwritten_nor_continued(whole: Path) -> None:
    with pytest.raises(RunError, match="already holds a training"):
        train(whole)
    with pytest.raises(RunError, match="differs from the options"):
        train(whole, config=replace(CONFIG, lr=0.02), resume=True)


def test_training_stops_when_dev_no_longer_improves(tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=30, patience=2, lr=0.0)
    train(tmp_path, config=config)
    assert len(epochs(tmp_path)) == 3  # the first is best for ever, two are waited for
    train(tmp_path, config=config, resume=True)
    assert len(epochs(tmp_path)) == 3


def test_training_needs_predicates(tmp_path: Path) -> None:
    bare = [build_sentence([("ba", "X", -1, "root")])]
    with pytest.raises(ConfigError, match="at least one predicate"):
        train(tmp_path, sentences=bare)


def test_a_loss_that_explodes_ends_in_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="lower the learning rate"):
        train(tmp_path, config=replace(CONFIG, lr=1e30, epochs=8))


@pytest.mark.parametrize(
    "changes", [{"precision": "float16"}, {"epochs": 0}, {"tokens": 0}], ids=lambda c: next(iter(c))
)
def test_impossible_options_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(changes))}="):
        replace(CONFIG, **changes)


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    from linguagraph.models import SrlModel, SrlVocabulary
    from linguagraph.models.training import _Trainer

    model = SrlModel(MODEL, SrlVocabulary.build(TRAIN))
    trainer = _Trainer(model, CONFIG, steps=200, device=torch.device("cpu"))
    rates = []
    for step in (0, 2, 5, 6, 103, 200, 210):
        trainer.step = step
        rates.append(trainer.rate() / CONFIG.lr)
    assert rates == pytest.approx([1 / 6, 3 / 6, 1, 1, 0.5, 0, 0])
