"""Stanza's coreference on the words of a document, with a pipeline in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from linguagraph.documents.records import Document, Sentence, Token
from linguagraph.documents.stanza_resolver import StanzaResolver, load_resolver
from linguagraph.errors import ParserError


@dataclass
class Span:
    sentence: int
    start_word: int
    end_word: int


@dataclass
class Found:
    index: int
    mentions: list[Span]
    representative_index: int = 0


@dataclass
class Word:
    text: str


@dataclass
class Line:
    words: list[Word]


@dataclass
class Parsed:
    sentences: list[Line]
    coref: list[Found] = field(default_factory=list)


def document() -> Document:
    rows = (("Anna", -1), ("sings", 0)), (("She", 1), ("hums", -1))
    return Document(
        "d",
        tuple(
            Sentence(
                tuple(Token(i, form, xpos="NNP", head=head) for i, (form, head) in enumerate(row)),
                index=number,
            )
            for number, row in enumerate(rows)
        ),
    )


def test_the_pipeline_gets_words_and_its_chains_are_taken() -> None:
    asked: list[Any] = []

    def pipeline(sentences: list[list[str]]) -> Parsed:
        asked.append(sentences)
        lines = [Line([Word(text) for text in sentence]) for sentence in sentences]
        return Parsed(lines, [Found(0, [Span(0, 0, 1), Span(1, 0, 1)])])

    found = StanzaResolver(pipeline, "en/small")(document())
    assert asked == [[["Anna", "sings"], ["She", "hums"]]]
    (chain,) = found.chains
    assert [(m.sentence, m.tokens, m.head) for m in chain.mentions] == [(0, (0,), 0), (1, (0,), 0)]
    assert [link.rule for link in chain.links] == ["stanza"]
    assert StanzaResolver(pipeline, "x")(Document("e")) == Document("e")
    assert len(asked) == 1


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ParserError, match="models download en --coreference"):
        load_resolver("en", stanza_dir=tmp_path)
