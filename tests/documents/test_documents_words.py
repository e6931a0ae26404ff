"""Words, their normal forms, and dates by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.words import date_keys, folded, split_words, word_keys


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


def dates(text: str) -> list[tuple[int, int, str]]:
    return list(date_keys(word_keys(text, split_words(text))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t", []),
        ("Orm's half-brother, 3rd.", ["Orm", "'", "s", "half", "-", "brother", ",", "3rd", "."]),
        ("a_b", ["a", "_", "b"]),
        ("___MASK12___,", ["___MASK12___", ","]),
        ("___MASK___", [*"___", "MASK", *"___"]),
        ("e\u0301te\u0301 \u0301", ["e\u0301te\u0301", "\u0301"]),
        ("Größe 北京", ["Größe", "北京"]),
        ("a\x00b", ["a", "\x00", "b"]),
    ],
)
def test_words_and_signs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ötz", "otz"),
        ("STRASSE", "straße"),
        ("e\u0301te", "\u00e9te"),
        ("ﬁn", "FIN"),
        ("Ａb", "ab"),
    ],
)
def test_case_and_accents_make_no_difference(one: str, two: str) -> None:
    assert folded(one) == folded(two)


def test_punctuation_has_no_key() -> None:
    text = "Orm-Dale_ ___MASK3___ 7!"
    assert word_keys(text, split_words(text)) == ["orm", "", "dale", "", "___mask3___", "7", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 March 2007", [(0, 3, "2007-03-07")]),
        ("March 7th, 2007", [(0, 4, "2007-03-07")]),
        ("on 1st Sept. 907 he", [(1, 5, "0907-09-01")]),
        ("31 dec 1999", [(0, 3, "1999-12-31")]),
        ("32 March 2007", []),
        ("0 March 2007", []),
        ("March 2007", []),
        ("March 7, 07", []),
        ("7 Marsh 2007", []),
        ("7 March 20071", []),
        ("May 3 1950 June 4 1951", [(0, 3, "1950-05-03"), (3, 6, "1951-06-04")]),
        ("May May 1950", []),
    ],
)
def test_full_dates(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert dates(text) == expected


@given(st.text())
def test_nothing_but_spaces_is_between_words(text: str) -> None:
    seen = 0
    for start, end in split_words(text):
        assert seen <= start < end <= len(text)
        assert not text[seen:start].strip()
        seen = end
    assert not text[seen:].strip()
    assert len(word_keys(text, split_words(text))) == len(split_words(text))
