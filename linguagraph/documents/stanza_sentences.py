"""Sentences as Stanza has analysed them and the text's own offsets -> our sentence records.

Takes Stanza's objects as they come and imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linguagraph.documents.pieces import gap_after
from linguagraph.documents.records import MultiwordToken, Sentence, Token

__all__ = ["Surface", "surface_text", "to_sentence"]

_NO_SPACE = "SpaceAfter=No"


@dataclass(frozen=True, slots=True)
class Surface:
    """A token of the text before it is analysed.

    Attributes:
        start, end: character offsets in the document's text, end exclusive.
        shown: what the models see instead of the text (whitespace as they know it, the middle of
            very long tokens left out).
        multiword: the tokeniser takes it for several words.
    """

    start: int
    end: int
    shown: str
    multiword: bool = False


def to_sentence(
    analysed: Any,
    surfaces: Sequence[Surface],
    text: str,
    *,
    document: str,
    index: int,
    paragraph: int,
    comments: Sequence[str] = (),
) -> Sentence:
    """The record of one sentence.

    Args:
        analysed: a Stanza sentence that has one token for each of ``surfaces``.
        surfaces: [tokens], in order.
        text: the document's text.
        document: its id.
        index: position of the sentence in the document, from 0.
        paragraph: position of its paragraph, from 0.
        comments: CoNLL-U comments to put before ``# sent_id`` and ``# text``.

    The forms of tokens are the text between their offsets; so are those of a multiword token's
    words where together they make up the token, whose offsets they else share. The head of the
    root is -1 and its label ``root``. Tokens without a space after them say ``SpaceAfter=No``.
    """
    tokens: list[Token] = []
    multiwords: list[MultiwordToken] = []
    for surface, token in zip(surfaces, analysed.tokens, strict=True):
        form = text[surface.start : surface.end]
        misc = None if gap_after(text, surface.end) else _NO_SPACE
        words = token.words
        if len(words) == 1:
            span = (surface.start, surface.end)
            tokens.append(_token(len(tokens), words[0], form, span, surface, misc))
            continue
        first = len(tokens)
        for word, span in zip(words, _word_spans(surface, form, words), strict=True):
            tokens.append(_token(len(tokens), word, word.text, span, None, None))
        columns = ("_",) * 7 + (misc or "_",)
        multiwords.append(
            MultiwordToken(
                first, len(tokens) - 1, form, columns, start=surface.start, end=surface.end
            )
        )
    shown = surface_text(surfaces, text)
    name = "_".join(document.split()) or "text"
    return Sentence(
        tuple(tokens),
        document=document,
        index=index,
        id=f"{name}-{index + 1}",
        text=shown,
        comments=(*comments, f"# sent_id = {name}-{index + 1}", f"# text = {shown}"),
        multiwords=tuple(multiwords),
        paragraph=paragraph,
    )


def surface_text(surfaces: Sequence[Surface], text: str) -> str:
    """The sentence on one line: its tokens, with one space wherever something separates them."""
    parts = []
    for surface in surfaces:
        parts.append(text[surface.start : surface.end])
        parts.append(" " if gap_after(text, surface.end) else "")
    return "".join(parts[:-1])


def _word_spans(surface: Surface, form: str, words: Sequence[Any]) -> list[tuple[int, int]]:
    if "".join(word.text for word in words) != form:
        return [(surface.start, surface.end)] * len(words)
    spans = []
    start = surface.start
    for word in words:
        spans.append((start, start + len(word.text)))
        start += len(word.text)
    return spans


def _token(
    index: int,
    word: Any,
    form: str,
    span: tuple[int, int],
    surface: Surface | None,
    misc: str | None,
) -> Token:
    # a lemma made from a shortened form would be the lemma of another word
    shortened = surface is not None and len(surface.shown) < len(form)
    head = word.head
    return Token(
        index=index,
        form=form,
        lemma=form if shortened else _value(word.lemma),
        upos=_value(word.upos),
        xpos=_value(word.xpos),
        feats=_value(word.feats),
        head=None if head is None else head - 1,
        deprel="root" if head == 0 else _value(word.deprel),
        misc=misc,
        start=span[0],
        end=span[1],
    )


def _value(value: str | None) -> str | None:
    return None if value in (None, "", "_") else value
