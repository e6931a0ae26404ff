"""Formats by name and suffix, documents from sentences, limits, and memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from linguagraph.documents import (
    FORMATS,
    Sentence,
    Token,
    read_documents,
    read_sentences,
    write_sentences,
)
from linguagraph.errors import ConfigError, DocumentError

GOLD = "1\ta\tA\tP\tX\tY\t_\t_\t0\t0\tr\ts\t_\t_\n\n"
NO_PREDICTED = "1\tb\tA\t_\tX\t_\t_\t_\t0\t_\tr\t_\t_\t_\n\n"


def test_suffixes_name_formats(tmp_path: Path) -> None:
    assert {name: value.suffixes for name, value in FORMATS.items()} == {
        "conll09": (".conll09", ".conll"),
        "conllu": (".conllu",),
        "conllup": (".conllup", ".conllp"),
    }
    for value in FORMATS.values():
        for suffix in value.suffixes:
            path = tmp_path / f"x{suffix.upper()}"
            write_sentences([Sentence((Token(0, "a", lemma="b"),))], path)
            (sentence,) = read_sentences(path)
            assert sentence.tokens == (Token(0, "a", lemma="b"),)


def test_a_named_format_goes_before_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    write_sentences([Sentence((Token(0, "a", upos="X"),))], path, format="conllu")
    assert path.read_text() == "1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n\n"
    (sentence,) = read_sentences(path, format="conllu")
    assert sentence.tokens[0].upos == "X"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"path": "a.txt"},
            r"suffix '.txt' names no known format; .* conll09 \(.conll09, .conll\)",
        ),
        ({"path": "a.conllu", "format": "xml"}, "unknown format 'xml'; known formats: conll09"),
        ({"path": "a.conllu", "limit": 0}, "limit is 0; expected at least 1"),
        (
            {"path": "a.conllu", "predicted": True},
            "a.conllu has no predicted columns; only conll09",
        ),
    ],
)
def test_wrong_options_are_named_at_once(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_sentences(**arguments)  # type: ignore[arg-type]


def test_limit_counts_good_sentences_and_reads_no_further(tmp_path: Path) -> None:
    path = tmp_path / "x.conll09"
    path.write_text(GOLD + "bad\n\n" + GOLD + "bad\n\n")
    errors: list[DocumentError] = []
    assert len(list(read_sentences(path, on_bad=errors.append, limit=2))) == 2
    assert len(errors) == 1


def test_predicted_columns_and_sentences_without_them(tmp_path: Path) -> None:
    path = tmp_path / "x.conll09"
    path.write_text(NO_PREDICTED + GOLD)
    with pytest.raises(DocumentError, match="no predicted columns") as caught:
        list(read_sentences(path, predicted=True))
    assert (caught.value.path, caught.value.line) == (str(path), 1)
    errors: list[DocumentError] = []
    (sentence,) = read_sentences(path, predicted=True, on_bad=errors.append)
    assert (sentence.index, sentence.line, sentence.tokens[0].xpos) == (0, 3, "Y")
    assert len(errors) == 1


def test_documents_are_runs_of_one_id(tmp_path: Path) -> None:
    row = "1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
    path = tmp_path / "x.conllu"
    with_q = "# newdoc id = q\n" + row
    path.write_text(row * 2 + "# newdoc id = p\n" + row * 2 + with_q * 2)
    found = [(d.id, [s.index for s in d.sentences]) for d in read_documents(path)]
    assert found == [("", [0]), ("", [1]), ("p", [2, 3]), ("q", [4]), ("q", [5])]
    assert [len(d.sentences) for d in read_documents(path, limit=3)] == [1, 1, 1]


@pytest.mark.parametrize("name", ["conll09", "conllu", "conllup"])
def test_memory_holds_a_sentence_and_not_the_file(tmp_path: Path, name: str) -> None:
    tokens = tuple(Token(i, f"word{i}", lemma="lemma", head=i - 1) for i in range(20))
    path = tmp_path / "big"
    write_sentences((Sentence(tokens) for _ in range(1000)), path, format=name)
    assert path.stat().st_size > 500_000
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_sentences(path, format=name))
        write_sentences(read_sentences(path, format=name), tmp_path / "copy", format=name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 1000
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()
    assert peak < path.stat().st_size  # as records, the whole file would take many times that


def test_a_sentence_without_end_is_not_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.documents.blocks.MAX_BLOCK_BYTES", 1000)
    path = tmp_path / "x.conll09"
    row = GOLD.strip("\n") + "\n"
    for text in (row * 1000 + "\n" + GOLD, "x" * 5000 + "\n\n" + GOLD):
        path.write_text(text)
        with pytest.raises(DocumentError, match="more than 1000 bytes; expected a blank line"):
            list(read_sentences(path))
        errors: list[DocumentError] = []
        (sentence,) = read_sentences(path, on_bad=errors.append)
        assert sentence.line == text.count("\n") - 1
        assert len(errors) == 1


def test_stopping_early_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.conll09"
    path.write_text(GOLD * 3)
    sentences = read_sentences(path)
    assert next(sentences).index == 0
    del sentences  # a ResourceWarning would be an error
