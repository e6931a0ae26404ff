"""Training of text classifiers: it learns, resumes exactly, and says what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from linguagraph.documents.labelled import LabelledText
from linguagraph.errors import ConfigError, RunError
from linguagraph.models.text_batch import TextBatch
from linguagraph.models.text_checkpoints import load_classifier
from linguagraph.models.text_classifier import TextConfig
from linguagraph.models.text_training import TextTrainConfig, _without_words, accuracy, train_text

pytest.importorskip("transformers")

MODEL = TextConfig(
    labels=("bad", "good"), layers=1, width=16, heads=2, inner=16, positions=8, dropout=0.0
)
CONFIG = TextTrainConfig(epochs=4, tokens=12, lr=2e-2, word_dropout=0.1, rare_word=1)
GOOD = [LabelledText(("a", w, "film"), 1) for w in ("fine", "nice", "great") for _ in range(10)]
BAD = [LabelledText(("a", w, "film"), 0) for w in ("dull", "weak", "poor") for _ in range(10)]
TRAIN, DEV = GOOD + BAD, GOOD[::10] + BAD[::10]


def train(out: Path, config: TextTrainConfig = CONFIG, **options: object) -> list[str]:
    said: list[str] = []
    train_text(TRAIN, DEV, out, model=MODEL, config=config, log=said.append, **options)
    return said


def test_a_lexicon_is_learned_and_recorded(tmp_path: Path) -> None:
    said = train(tmp_path, data={"train": "films", "licence": "none"})
    model, record = load_classifier(tmp_path)
    assert accuracy(model, TRAIN) == 1.0
    assert record["scores"]["dev_accuracy"] == 1.0
    assert record["data"] == {"train": "films", "licence": "none"}
    assert len(said) == 4
    assert len((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 4


def test_a_stopped_training_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    train(tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(epoch: int, step: int, steps: int) -> None:
        if epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        train(tmp_path / "parts", progress=stop)
    with pytest.raises(RunError, match="already holds a training"):
        train(tmp_path / "parts")
    with pytest.raises(RunError, match="differs from the options given"):
        train(tmp_path / "parts", TextTrainConfig(epochs=5), resume=True)
    assert len(train(tmp_path / "parts", resume=True)) == 2
    prints = [
        json.loads((tmp_path / part / name).read_text(encoding="utf-8"))["fingerprint"]
        for name in ("model.json", "trainer.json")
        for part in ("whole", "parts")
    ]
    assert prints[0] == prints[1]
    assert prints[2] == prints[3]
    assert train(tmp_path / "parts", resume=True) == []  # nothing is left to do


def test_patience_ends_a_training(tmp_path: Path) -> None:
    config = TextTrainConfig(epochs=30, tokens=60, lr=1e-9, patience=1, rare_word=1, average=0.0)
    assert len(train(tmp_path, config)) < 30


def test_word_dropout_spares_special_pieces() -> None:
    ids = torch.tensor([[2, 7, 4, 8, 3, 0]])
    special = torch.tensor([[True, False, False, False, True, True]])
    batch = TextBatch(ids, (ids > 0).long(), special, ids, ids == 4)
    torch.manual_seed(0)
    gone = _without_words(batch, 0.999999, lambda word: 1)
    assert gone.input_ids.tolist() == [[2, 1, 4, 1, 3, 0]]


def test_examples_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="60 training and 0 dev examples"):
        train_text(TRAIN, [], tmp_path, model=MODEL, config=CONFIG)
    odd = [LabelledText(("x",), 2)]
    with pytest.raises(ConfigError, match="label 2; the model has 2"):
        train_text(odd, DEV, tmp_path, model=MODEL, config=CONFIG)
    with pytest.raises(ConfigError, match="word_dropout=1"):
        TextTrainConfig(word_dropout=1.0)
    with pytest.raises(ConfigError, match="epochs=0"):
        TextTrainConfig(epochs=0)
