"""Cutting text: paragraphs, pieces of bounded size, tokens without line ends, long sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.pieces import (
    Piece,
    clean,
    cut_document,
    gap_after,
    paragraphs,
    pieces,
    split_long,
    split_token,
)
from linguagraph.documents.text import raw_document
from linguagraph.errors import DocumentError


def test_control_characters_and_lone_surrogates_become_spaces() -> None:
    text = "a\x00b\x07\n\x1b\t\x85\ud800\uffffe\u0301\u200d"
    assert clean(text) == "a b \n \t   e\u0301\u200d"


def test_paragraphs_are_what_blank_lines_separate() -> None:
    text = " \n One\ntwo. \n \t \n\n Three \n"
    assert [text[a:b] for a, b in paragraphs(text)] == ["One\ntwo.", "Three"]
    assert paragraphs(" \n\n ") == []


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("One two, too. Three four", 20, ["One two, too.", "Three four"]),
        ("One two three\nfour five six", 20, ["One two three", "four five six"]),
        ("One two three four", 15, ["One two three", "four"]),
        ("\u4e00\u3002\u4e8c\u3002\u4e09\u56db", 5, ["\u4e00\u3002\u4e8c\u3002", "\u4e09\u56db"]),
        ("ab cdefghijk", 8, ["ab", "cdefghij", "k"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("abcde\u0301fghi", 5, ["abcd", "e\u0301fgh", "i"]),
        ("short", 20, ["short"]),
    ],
    ids=[
        "sentence end",
        "line end",
        "space",
        "no spaces",
        "early",
        "anywhere",
        "before its base",
        "no cut",
    ],
)
def test_long_paragraphs_are_cut_where_it_harms_least(
    text: str, limit: int, expected: list[str]
) -> None:
    assert [text[a:b] for a, b in pieces(text, (0, len(text)), limit=limit)] == expected


@given(st.text(alphabet="ab .\n\u0301\u200d", max_size=60), st.integers(2, 20))
def test_pieces_lose_nothing_but_whitespace(text: str, limit: int) -> None:
    found = list(pieces(text, (0, len(text)), limit=limit))
    assert all(0 < b - a <= limit for a, b in found)
    assert "".join(text[a:b] for a, b in found).split() == text.split() or (
        "".join("".join(text[a:b].split()) for a, b in found) == "".join(text.split())
    )


def test_a_token_is_split_at_line_ends_and_controls_but_not_at_spaces() -> None:
    text = "10 000\n\t000\x07x"
    assert [text[a:b] for a, b in split_token(text, 0, len(text))] == ["10 000", "000", "x"]
    assert split_token(text, 0, 6) == [(0, 6)]


def test_what_follows_a_token() -> None:
    assert [gap_after("a b\x07c\n.", end) for end in (1, 3, 5, 6)] == [True, True, True, False]
    assert gap_after("a", 1)


def test_long_sentences_are_cut_after_the_strongest_punctuation() -> None:
    forms = ["a", "b", ";", "c", ",", "d", "e", "f", "g", "h", "i", "j", "k"]
    assert list(split_long(forms, limit=5)) == [(0, 3), (3, 8), (8, 13)]
    assert list(split_long(forms, limit=4)) == [(0, 3), (3, 7), (7, 11), (11, 13)]
    assert list(split_long(forms, limit=13)) == [(0, 13)]


class TestDocuments:
    def test_paragraphs_are_numbered_and_long_ones_cut(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("linguagraph.documents.pieces.LONGEST", 8)
        raw = RawDocument("a", "One.\n\nTwo two\x07two")
        assert cut_document(raw) == [
            Piece(0, "One.", 0),
            Piece(6, "Two two", 1),
            Piece(14, "two", 1),
        ]

    def test_given_sentences_keep_their_paragraph(self) -> None:
        raw = raw_document("a", "a b\nc\n\nd", pretokenised=True)
        assert cut_document(raw) == [
            Piece(0, "a b", 0, True, ((0, 1), (2, 3))),
            Piece(4, "c", 0, True, ((4, 5),)),
            Piece(7, "d", 1, True, ((7, 8),)),
        ]
        raw = raw_document("a", "a b\n\nd", presegmented=True)
        assert cut_document(raw) == [Piece(0, "a b", 0, True), Piece(5, "d", 1, True)]

    @pytest.mark.parametrize(
        ("sentences", "message"),
        [
            ((((0, 9),),), "0 to 9 after 0"),
            ((((0, 2), (1, 3)),), "1 to 3 after 2"),
            ((((1, 1),),), "1 to 1"),
            (((),), "without tokens"),
            ((), "no text"),
        ],
    )
    def test_offsets_must_fit_the_text(self, sentences: object, message: str) -> None:
        raw = RawDocument("x", "abc", sentences=sentences, tokenised=True)  # type: ignore[arg-type]
        with pytest.raises(DocumentError, match=message):
            cut_document(raw)
