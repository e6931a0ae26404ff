"""A vocabulary of words: what is listed, what is unknown, and the rows that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.models.text_vocabulary import SPECIAL, TextVocabulary

SENTENCES = [["The", "cat", "sat"], ["the", "dog"], ["the", "cat"]]


def test_words_are_counted_in_lower_case_and_rare_ones_are_unknown() -> None:
    vocabulary = TextVocabulary.build(SENTENCES, least=2, always=["Is"])
    assert vocabulary.items == (*SPECIAL, "the", "cat", "is")
    assert [vocabulary.number(w) for w in ("THE", "dog", "[MASK]", "is")] == [5, 1, 4, 7]
    with pytest.raises(ConfigError, match="'dog' is not in the vocabulary"):
        vocabulary.piece("dog")


def test_common_endings_of_rare_words_have_a_piece() -> None:
    rare = [[f"x{i}es" for i in range(20)], [f"x{i}at" for i in range(19)]]
    vocabulary = TextVocabulary.build(rare, least=2, endings=True)
    assert vocabulary.items == (*SPECIAL, "[UNK]es")
    assert vocabulary.number("boxes") == 5
    assert vocabulary.number("hat") == 1


def test_rows_are_padded_and_know_their_words() -> None:
    vocabulary = TextVocabulary.build(SENTENCES, least=1)
    batch = vocabulary.encode([["the", "[MASK]"], ["cat"], ["the"] * 9], max_pieces=5)
    assert batch.input_ids[:2].tolist() == [[2, 5, 4, 3, 0], [2, 6, 3, 0, 0]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1] * 5]
    assert batch.word_ids.tolist() == [[-1, 0, 1, -1, -1], [-1, 0, -1, -1, -1], [-1, 0, 1, 2, -1]]
    assert batch.special_tokens_mask.tolist()[0] == [True, False, False, True, True]
    assert batch.mask_columns().tolist() == [2, -1, -1]
    with pytest.raises(ConfigError, match="at least one word"):
        vocabulary.encode([[]], max_pieces=5)


def test_a_vocabulary_survives_its_file(tmp_path: Path) -> None:
    vocabulary = TextVocabulary.build(SENTENCES, least=1)
    assert TextVocabulary.load(vocabulary.save(tmp_path / "v.json")) == vocabulary
    (tmp_path / "w.json").write_text('["[PAD]", "a"]', encoding="utf-8")
    with pytest.raises(CheckpointError, match="first and nothing twice"):
        TextVocabulary.load(tmp_path / "w.json")
    (tmp_path / "w.json").write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(CheckpointError, match="JSON list of strings"):
        TextVocabulary.load(tmp_path / "w.json")
    with pytest.raises(CheckpointError, match="is no vocabulary"):
        TextVocabulary.load(tmp_path / "none.json")
