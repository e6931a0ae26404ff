"""Training, storing and scoring question answering models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from qa_tools import SMALL, encoded, made_items, new_model, trained_model

from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.errors import CheckpointError, ConfigError, RunError
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.qa_batch import by_size, collate_qa
from linguagraph.models.qa_checkpoints import load_qa_model, save_qa_model
from linguagraph.models.qa_examples import QaVocabulary, query_words
from linguagraph.models.qa_training import QaTrainConfig, accuracy, train_qa

QUICK = QaTrainConfig(epochs=4, auxiliary_epochs=2, cells=2000, lr=5e-3, rare=3, checks=2)


def train(folder: Path, config: QaTrainConfig = QUICK, **options: object) -> dict[str, object]:
    return train_qa(  # type: ignore[arg-type]
        made_items(60),
        made_items(20, first=800),
        folder,
        model=replace(SMALL, dropout=0.1, word_dropout=0.1, mention_dropout=0.3),
        config=config,
        mentions=MentionConfig(),
        auxiliary=made_items(20, first=400),
        log=lambda line: None,
        **options,
    )


def test_a_model_is_trained_recorded_and_comes_back(tmp_path: Path) -> None:
    lines: list[tuple[int, int, int]] = []
    record = train(tmp_path, progress=lambda *step: lines.append(step))
    model, mentions, found = load_qa_model(tmp_path)
    assert mentions == MentionConfig()
    assert found["scores"] == record["scores"]
    assert found["training"]["examples"] == 60
    assert found["training"]["auxiliary"] == 20
    examples = encoded_with(model.vocabulary)
    right, known = accuracy(model, examples)
    assert (right / known, known) == (found["scores"]["accuracy"], found["scores"]["items"])
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log] == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert max(line["dev_accuracy"] for line in log) == pytest.approx(right / known, abs=1e-5)
    steps = {epoch: total for epoch, _, total in lines}
    assert steps[0] > steps[3]  # auxiliary items are learned in the first epochs only


def encoded_with(vocabulary: QaVocabulary) -> list:
    from linguagraph.models.qa_examples import encode_item

    return [encode_item(i, vocabulary, SMALL.window) for i in made_items(20, first=800)]


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(epoch: int, step: int, steps: int) -> None:
        if (epoch, step) == (2, 2):
            raise Stop

    train(tmp_path / "whole")
    with pytest.raises(Stop):
        train(tmp_path / "parts", progress=stop)
    train(tmp_path / "parts", resume=True)
    one, other = (
        load_tensors(tmp_path / name / "trainer.safetensors")[0] for name in ("whole", "parts")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(RunError, match="already holds a training"):
        train(tmp_path / "parts")
    with pytest.raises(RunError, match="differs from the options"):
        train(tmp_path / "parts", replace(QUICK, lr=1e-3), resume=True)


def test_accuracy_counts_only_known_answers(tmp_path: Path) -> None:
    items = made_items(12, first=5000)
    blind = [replace(i, item=replace(i.item, answer=None)) for i in items[:4]]
    right, known = accuracy(trained_model(), encoded([*blind, *items[4:]]))
    assert known == 8
    assert right >= 7
    with pytest.raises(ConfigError, match="items with an answer"):
        train_qa(
            blind, items, tmp_path / "unused", model=SMALL, config=QUICK, mentions=MentionConfig()
        )
    assert not (tmp_path / "unused").exists()


def test_halves_answer_as_the_whole(tmp_path: Path) -> None:
    save_qa_model(tmp_path / "model.safetensors", trained_model(), MentionConfig(), {})
    model, _, _ = load_qa_model(tmp_path)
    batch = collate_qa(encoded(made_items(20, first=900)))
    with torch.no_grad():
        found, expected = model(batch).logits, trained_model()(batch).logits
    torch.testing.assert_close(found, expected, atol=0.1, rtol=0.02)


@pytest.mark.parametrize("field", ["config", "mentions", "vocabulary", "kind"])
def test_damaged_records_are_refused(tmp_path: Path, field: str) -> None:
    file = tmp_path / "model.safetensors"
    save_qa_model(file, new_model(), MentionConfig(), {})
    tensors, record = load_tensors(file)
    changed = {"config": {"width": 8}, "mentions": {"size": 1}, "vocabulary": {}, "kind": "srl"}
    save_tensors(file, tensors, {**record, field: changed[field]})
    with pytest.raises(CheckpointError):
        load_qa_model(tmp_path)


def test_the_relation_of_the_answer_ends_the_query() -> None:
    item = made_items(1)[0].item
    words = query_words(item)
    assert words[-1] == "residence"
    assert words[-3:-1] == ["builder", "<sep>"]
    assert words[0] == item.subject.split()[0]


def test_batches_hold_like_sizes_and_everything_once() -> None:
    sizes = [3, 40, 7, 21, 22, 5, 90, 8]
    found = by_size(sizes, cells=900)
    assert sorted(i for part in found for i in part) == list(range(len(sizes)))
    for part in found:
        assert len(part) == 1 or len(part) * max(sizes[i] for i in part) ** 2 <= 900
    one, other = (by_size(sizes, cells=900, seed=seed) for seed in (1, 2))
    assert one != other
    assert by_size(sizes, cells=900, seed=1) == one


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"lr": 0.0}, {"auxiliary_epochs": -1}, {"checks": 0}]
)
def test_impossible_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        QaTrainConfig(**wrong)  # type: ignore[arg-type]
