"""Sentence records as lines of JSON: nothing is lost, and damage is named by file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents import (
    Analysis,
    EmptyNode,
    Frame,
    MultiwordToken,
    Role,
    Sentence,
    Token,
    read_sentences,
)
from linguagraph.documents.jsonl import (
    read_jsonl,
    sentence_from_json,
    sentence_to_json,
    write_jsonl,
)
from linguagraph.errors import DocumentError
from linguagraph.pretrained import sample_path

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
maybe = st.none() | texts


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    """Any sentence record, whether or not a format could hold it."""
    size = draw(st.integers(0, 4))
    analyses = st.builds(Analysis, maybe, maybe, maybe, st.none() | st.integers(-1, 9), maybe)
    tokens = tuple(
        Token(
            index,
            draw(texts),
            *(draw(maybe) for _ in range(4)),
            head=draw(st.none() | st.integers(-1, size - 1)),
            deprel=draw(maybe),
            deps=draw(maybe),
            misc=draw(maybe),
            start=draw(st.none() | st.integers(0, 9)),
            end=draw(st.none() | st.integers(0, 9)),
            predicted=draw(st.none() | analyses),
            extra=tuple(draw(st.lists(st.tuples(texts, texts), max_size=2))),
        )
        for index in range(size)
    )
    places = st.integers(0, size - 1)
    roles = st.lists(st.builds(Role, places, texts), max_size=2).map(tuple)
    frames = st.lists(st.builds(Frame, places, maybe, roles), max_size=2) if size else st.just([])
    columns = st.lists(texts, max_size=2).map(tuple)
    number = st.integers(-1, 5)
    return Sentence(
        tokens,
        tuple(draw(frames)),
        draw(texts),
        draw(st.integers(0, 99)),
        draw(maybe),
        draw(maybe),
        tuple(draw(st.lists(texts, max_size=2))),
        tuple(
            draw(st.lists(st.builds(MultiwordToken, number, number, texts, columns), max_size=2))
        ),
        tuple(draw(st.lists(st.builds(EmptyNode, number, number, texts, columns), max_size=2))),
        draw(st.none() | st.integers(1, 9)),
    )


@given(sentences())
def test_every_record_comes_back(sentence: Sentence) -> None:
    value = json.loads(json.dumps(sentence_to_json(sentence)))
    assert sentence_from_json(value) == sentence


def test_files_come_back(tmp_path: Path) -> None:
    corpus = list(read_sentences(sample_path()))
    path = tmp_path / "shard.jsonl"
    write_jsonl(corpus, path)
    assert list(read_jsonl(path)) == corpus
    odd = [Sentence((Token(0, "a\u2028b\x85c\r\nd"),)), Sentence(())]
    write_jsonl(odd, path)
    assert list(read_jsonl(path)) == odd
    assert path.read_bytes().count(b"\n") == 2
    write_jsonl([], path)
    assert list(read_jsonl(path)) == []


def test_defaults_are_left_out() -> None:
    sentence = Sentence((Token(0, "Go", head=-1),), (Frame(0),))
    assert sentence_to_json(sentence) == {
        "tokens": [{"index": 0, "form": "Go", "head": -1}],
        "frames": [{"predicate": 0}],
    }


@pytest.mark.parametrize(
    "value",
    [
        {"tokens": 3},
        {"tokens": [3]},
        {"tokens": [{"index": 0}]},
        {"tokens": [{"index": 0, "form": "a", "colour": "red"}]},
        {"tokens": [{"index": 0, "form": "a", "head": "b"}]},
        {"tokens": [{"index": 1, "form": "a"}]},
        {"tokens": [], "frames": [{"predicate": 0}]},
        {"words": []},
        [],
        None,
        "x",
    ],
)
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(DocumentError):
        sentence_from_json(value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 2: not JSON"),
        (b"", "line 2: not JSON"),
        (b'{"words": []}', "line 2: not a sentence record"),
        (b'{"tokens": [{"index": 7, "form": "a"}]}', "line 2: token 0 has index 7"),
        (b"\xff", "cannot be read"),
    ],
)
def test_damage_is_named_by_file_and_line(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "shard.jsonl"
    path.write_bytes(b'{"tokens":[]}\n' + line + b"\n")
    with pytest.raises(DocumentError, match=message) as caught:
        list(read_jsonl(path))
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).count("input") == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.jsonl: cannot be read"):
        list(read_jsonl(tmp_path / "none.jsonl"))
