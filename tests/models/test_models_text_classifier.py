"""Text classifiers made here or found on disk: heads, batches, checkpoints and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.models.text_checkpoints import load_classifier, save_classifier
from linguagraph.models.text_classifier import (
    TextClassifier,
    TextConfig,
    build_classifier,
    load_pretrained,
)
from linguagraph.models.text_vocabulary import SPECIAL, TextVocabulary

transformers = pytest.importorskip("transformers")

VOCABULARY = TextVocabulary((*SPECIAL, "is", "are", "the", "key", "keys", "##s"))
SMALL = {"layers": 1, "width": 8, "heads": 2, "inner": 8, "positions": 8}


def small(head: str = "sequence") -> TextClassifier:
    torch.manual_seed(0)
    labels = ("no", "yes") if head == "sequence" else ("is", "are")
    return build_classifier(TextConfig(labels=labels, head=head, **SMALL), VOCABULARY).eval()


@pytest.fixture
def on_disk(tmp_path: Path) -> Path:
    """A model directory as transformers writes it: random BERT, WordPiece tokeniser."""
    words = tmp_path / "vocab.txt"
    words.write_text("\n".join(VOCABULARY.items) + "\n", encoding="utf-8")
    home = tmp_path / "model"
    tokenizer = transformers.BertTokenizerFast(vocab=str(words), model_max_length=8)
    tokenizer.save_pretrained(home)
    small().network.save_pretrained(home)
    return home


def test_a_sequence_is_answered_at_its_first_piece() -> None:
    model = small()
    batch = model.encode([["the", "key"], ["keys"]])
    with torch.no_grad():
        logits = model(batch)
        alone = model(model.encode([["keys"]]))
    assert logits.shape == (2, 2)
    torch.testing.assert_close(logits[1:], alone, rtol=0, atol=1e-6)  # padding changes nothing


def test_a_masked_word_is_answered_at_its_place() -> None:
    model = small("masked")
    batch = model.encode([["the", "key", "[MASK]"], ["[MASK]"]])
    with torch.no_grad():
        logits = model(batch)
        full = model.network(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    torch.testing.assert_close(logits[0], full[0, 3, [5, 6]])
    torch.testing.assert_close(logits[1], full[1, 1, [5, 6]])
    with pytest.raises(ConfigError, match=r"sentence 1 has no \[MASK\] in its first 8 pieces"):
        model.encode([["[MASK]"], ["the", "key"]])
    with pytest.raises(ConfigError, match="'no' is not in the vocabulary"):
        build_classifier(TextConfig(labels=("no", "is"), head="masked", **SMALL), VOCABULARY)


def test_probabilities_keep_the_order() -> None:
    model = small()
    sentences = [["the", "key", "is"], ["keys"], ["are", "the"]]
    together = model.probabilities(sentences, batch_size=2)
    apart = torch.cat([model.probabilities([s]) for s in sentences])
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-6)
    torch.testing.assert_close(together.sum(1), torch.ones(3))


@pytest.mark.parametrize("head", ["sequence", "masked"])
def test_a_checkpoint_gives_the_same_answers(tmp_path: Path, head: str) -> None:
    model = small(head)
    save_classifier(tmp_path / "model.safetensors", model, {"name": "x"})
    again, record = load_classifier(tmp_path)
    sentences = [["the", "[MASK]"]]
    assert torch.equal(again.probabilities(sentences), model.probabilities(sentences))
    assert record["name"] == "x"
    assert again.encoder == VOCABULARY
    assert not again.training


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    from linguagraph.models.checkpoints import save_tensors

    save_tensors(tmp_path / "model.safetensors", {"a": torch.zeros(1)}, {"kind": "srl"})
    with pytest.raises(CheckpointError, match="holds 'srl', not a text classifier"):
        load_classifier(tmp_path)


def test_a_directory_of_transformers_is_loaded_with_its_tokeniser(on_disk: Path) -> None:
    model = load_pretrained(on_disk, labels=["no", "yes"])
    ours = small()
    batch = model.encode([["The", "keyss"], ["is"]])
    assert batch.input_ids.tolist() == [[2, 7, 9, 10, 3], [2, 5, 3, 0, 0]]
    assert batch.word_ids.tolist() == [[-1, 0, 1, 1, -1], [-1, 0, -1, -1, -1]]
    pieces = model.encode([["iss", "[MASK]"]])
    assert pieces.input_ids.tolist() == [[2, 5, 10, 4, 3]]
    assert pieces.word_ids.tolist() == [[-1, 0, 0, 1, -1]]
    assert pieces.mask_columns().tolist() == [3]
    sentences = [["the", "key"], ["keys", "are", "the"]]
    torch.testing.assert_close(model.probabilities(sentences), ours.probabilities(sentences))
    assert load_pretrained(on_disk).labels == ("LABEL_0", "LABEL_1")
    with pytest.raises(CheckpointError, match="only classifiers made by build_classifier"):
        save_classifier(on_disk / "x.safetensors", model, {})


def test_what_is_missing_on_disk_is_said(on_disk: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        load_pretrained(tmp_path / "bert-base-uncased")
    with pytest.raises(CheckpointError, match="lacks weights of the head 'masked'"):
        load_pretrained(on_disk, head="masked", labels=["is", "are"])
    with pytest.raises(ConfigError, match=r"the model in .* has 2 answers"):
        load_pretrained(on_disk, labels=["a", "b", "c"])
    with pytest.raises(ConfigError, match="needs the words that are its answers"):
        load_pretrained(on_disk, head="masked")
    (on_disk / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"holds no \.safetensors"):
        load_pretrained(on_disk)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ("a",)}, "at least two"),
        ({"labels": ("a", "a")}, "at least two, all different"),
        ({"labels": ("a", "b"), "head": "x"}, "head='x'; expected one of sequence, masked"),
        ({"labels": ("a", "b"), "width": 10, "heads": 4}, "width=10 must be divisible by heads=4"),
        ({"labels": ("a", "b"), "dropout": 1.0}, "dropout=1.0"),
        ({"labels": ("a", "b"), "positions": 2}, "positions at least 3"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TextConfig(**options)
