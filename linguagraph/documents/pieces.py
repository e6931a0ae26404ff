"""A raw document -> pieces that a parser can take at once, and tokens that a line can hold."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linguagraph.documents.decoding import is_blank
from linguagraph.documents.parsers import RawDocument
from linguagraph.errors import DocumentError

__all__ = [
    "LONGEST",
    "Piece",
    "Span",
    "clean",
    "cut_document",
    "gap_after",
    "paragraphs",
    "pieces",
    "split_long",
    "split_token",
    "trim",
]

LONGEST = 6_000
"""Longest piece of a paragraph that a tokeniser gets at once, in characters."""

Span = tuple[int, int]
"""Character offsets in a text, end exclusive."""

_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_BREAKS = re.compile(f"[\t\n\x0b\x0c\r\u2028\u2029{_CONTROLS}]+")
_BLANK_LINES = re.compile(r"\n\s*\n")
_CLOSING = "\"'\u201d\u2019\u00bb)\\]\u300d\u300f\uff09"
_SENTENCE_END = re.compile(f"[.!?\u2026][{_CLOSING}]*\\s+|[\u3002\uff01\uff1f][{_CLOSING}]*\\s*")
_UNBROKEN = 1_000  # where nothing else can be done, words are cut after so many characters
_STRONG = frozenset(".!?;\u2026\u3002\uff01\uff1f\uff1b\u061f\u061b")
_WEAK = frozenset(",:\u060c\u3001\uff0c\uff1a-\u2013\u2014/|)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text within a paragraph.

    Attributes:
        start: offset of its first character in the document.
        text: its characters, control characters as spaces.
        paragraph: position of its paragraph, from 0.
        whole: it is one sentence, as given.
        tokens: offsets of its tokens in the document where they are given, else empty.
    """

    start: int
    text: str
    paragraph: int
    whole: bool = False
    tokens: tuple[Span, ...] = ()


def cut_document(raw: RawDocument) -> list[Piece]:
    """The pieces of a document in order: its given sentences, or its paragraphs, cut where long.

    Raises:
        DocumentError: there is nothing to be seen in it, or given offsets are not in its text,
            overlap or go back.
    """
    where = raw.path or raw.id
    if is_blank(raw.text) or raw.sentences == ():
        raise DocumentError("the document holds no text", path=where)
    text = clean(raw.text)
    spans = paragraphs(text)
    if raw.sentences is None:
        return [
            Piece(a, text[a:b], number)
            for number, span in enumerate(spans)
            for a, b in pieces(text, span, limit=LONGEST)
        ]
    starts = [start for start, _ in spans]
    cut = []
    last = 0
    for sentence in raw.sentences:
        for start, end in sentence:
            if not last <= start < end <= len(text):
                raise DocumentError(
                    f"given offsets {start} to {end} after {last}; expected them to ascend within "
                    f"the {len(text)} characters of the text",
                    path=where,
                )
            last = end
        if not sentence:
            raise DocumentError("a given sentence without tokens; leave it out", path=where)
        first, end = sentence[0][0], sentence[-1][1]
        paragraph = max(0, bisect_right(starts, first) - 1)
        tokens = sentence if raw.tokenised else ()
        cut.append(Piece(first, text[first:end], paragraph, True, tokens))
    return cut


def clean(text: str) -> str:
    """The text with control characters and lone surrogates as spaces; offsets stay the same.

    They separate tokens and belong to none: no format that a tree is written to can hold them.
    """
    return _CONTROL.sub(" ", text)


def trim(text: str, start: int, end: int) -> Span:
    """The span without whitespace at its ends; empty where there is nothing else."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


def paragraphs(text: str) -> list[Span]:
    """Spans between blank lines, whitespace at their ends left out, none empty.

    Args:
        text: cleaned text (see :func:`clean`).
    """
    spans = []
    start = 0
    for match in _BLANK_LINES.finditer(text):
        spans.append(trim(text, start, match.start()))
        start = match.end()
    spans.append(trim(text, start, len(text)))
    return [span for span in spans if span[0] < span[1]]


def pieces(text: str, span: Span, *, limit: int) -> Iterator[Span]:
    """Cut a paragraph into pieces of at most ``limit`` characters, in order.

    A cut is made after what looks like the end of a sentence in the second half of the piece;
    else at the last line end, else at the last space there; else likewise in its first half; else
    within a word, after at most 1,000 characters and not before a combining mark or a joiner.

    Args:
        text: cleaned text.
        span: the paragraph.
        limit: at least 2.
    """
    start, end = span
    while end - start > limit:
        cut = _cut(text, start, start + limit)
        piece = trim(text, start, cut)
        if piece[0] < piece[1]:
            yield piece
        start = cut
    piece = trim(text, start, end)
    if piece[0] < piece[1]:
        yield piece


def split_token(text: str, start: int, end: int) -> list[Span]:
    """The token's parts between line ends, tabs and controls; spaces within a part stay.

    Args:
        text: the text itself, not the cleaned one.
    """
    spans = []
    for match in _BREAKS.finditer(text, start, end):
        spans.append(trim(text, start, match.start()))
        start = match.end()
    spans.append(trim(text, start, end))
    return [span for span in spans if span[0] < span[1]]


def gap_after(text: str, end: int) -> bool:
    """Whether a space, a line end or another separator follows, or the text ends."""
    return end >= len(text) or text[end].isspace() or _CONTROL.match(text, end) is not None


def split_long(forms: Sequence[str], *, limit: int) -> Iterator[Span]:
    """Cut a sentence into runs of at most ``limit`` tokens, after punctuation where there is any.

    Args:
        forms: [tokens].
        limit: at least 1.

    Yields:
        (first, last + 1) token positions.
    """
    start = 0
    while len(forms) - start > limit:
        window = range(start + limit, start + limit // 2, -1)
        cut = next((i for i in window if forms[i - 1] in _STRONG), None)
        if cut is None:
            cut = next((i for i in window if forms[i - 1] in _WEAK), start + limit)
        yield start, cut
        start = cut
    yield start, len(forms)


def _cut(text: str, start: int, end: int) -> int:
    middle = (start + end) // 2
    for low, high in ((middle, end), (start, middle)):
        ends = [match.end() for match in _SENTENCE_END.finditer(text, low, high)]
        if ends:
            return ends[-1]
        line = text.rfind("\n", low, high)
        if line > start:
            return line + 1
        space = next((i for i in range(high - 1, low, -1) if text[i].isspace()), None)
        if space is not None:
            return space + 1
    last = cut = min(end, start + _UNBROKEN)
    while cut > start + 1 and _joined(text, cut):
        cut -= 1
    return cut if cut > start + 1 else last


def _joined(text: str, position: int) -> bool:
    """Whether the character there belongs to the one before it."""
    here, before = text[position], text[position - 1]
    return unicodedata.category(here)[0] == "M" or "\u200d" in (here, before)
