"""Text -> words with character offsets, and normal forms by which strings are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["Span", "date_keys", "folded", "split_words", "word_keys"]

Span = tuple[int, int]
"""First character and the one after the last."""

_WORD = re.compile(r"___MASK\d+___|(?:[^\W_][\u0300-\u036f]*)+|[^\w\s]|_")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_YEAR = re.compile(r"\d{3,4}")


def split_words(text: str) -> list[Span]:
    """Character spans of the words: runs of letters and digits, and single other signs.

    ``___MASK3___`` (WikiHop's masked form) is one word. Hyphens and apostrophes are words of their
    own, so that "Ashley- Cooper" and "Ashley-Cooper" differ in nothing but spaces.
    """
    return [match.span() for match in _WORD.finditer(text)]


def folded(word: str) -> str:
    """A word without case and without accents (NFKD, combining marks removed, case folded)."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()


def word_keys(text: str, spans: Sequence[Span]) -> list[str]:
    """The normal form of every word; empty for punctuation, which comparisons pass over."""
    words = (text[start:end] for start, end in spans)
    return [folded(w) if w[0].isalnum() or w.startswith("___") else "" for w in words]


def date_keys(keys: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Full dates among words: first word, the one after the last, and the date by value.

    "7 March 2007" and "March 7th, 2007" both give ``2007-03-07``. Punctuation (empty keys) may
    stand between the parts.

    Args:
        keys: of :func:`word_keys`.
    """
    places = [place for place, key in enumerate(keys) if key]
    for at in range(len(places) - 2):
        one, two, three = (keys[places[at + step]] for step in range(3))
        day, month = (one, two) if two in _MONTHS else (two, one)
        found = _DAY.fullmatch(day)
        if month in _MONTHS and found and 1 <= int(found[1]) <= 31 and _YEAR.fullmatch(three):
            value = f"{int(three):04d}-{_MONTHS[month]:02d}-{int(found[1]):02d}"
            yield places[at], places[at + 2] + 1, value
