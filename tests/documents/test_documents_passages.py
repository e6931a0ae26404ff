"""Passages: parsed once, kept in a file, taken up where it was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.passages import PassageChains, chain_spans
from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.errors import DocumentError

TEXT = "Ida Tolk slept. She snored."


def parsed(raw: RawDocument) -> Document:
    """TEXT with its trees, whatever the passage says."""
    rows = (
        [
            ("Ida", "PROPN", 1, "compound"),
            ("Tolk", "PROPN", 2, "nsubj"),
            ("slept", "VERB", -1, "root"),
        ],
        [("She", "PRON", 1, "nsubj"), ("snored", "VERB", -1, "root")],
    )
    sentences, at = [], 0
    for number, row in enumerate(rows):
        tokens = []
        for index, (form, upos, head, deprel) in enumerate(row):
            start = TEXT.index(form, at)
            at = start + len(form)
            feats = "Gender=Fem|Number=Sing|Person=3|PronType=Prs" if form == "She" else None
            xpos = {"PROPN": "NNP", "PRON": "PRP", "VERB": "VBD"}[upos]
            token = Token(index, form, form, upos, xpos, feats, head, deprel, start=start, end=at)
            tokens.append(token)
        sentences.append(Sentence(tuple(tokens), index=number))
    return Document(raw.id, tuple(sentences), text=raw.text)


class Parser:
    """Parses every passage as TEXT; those with a bell cannot be parsed."""

    name, language = "stand-in", "en"

    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[str] = []
        self.stop_at = stop_at

    def parse(
        self,
        documents: Iterable[RawDocument],
        *,
        on_bad: OnBad | None = None,
        tick: Callable[[int], None] = lambda n: None,
    ) -> Iterator[Document]:
        for raw in documents:
            if len(self.seen) == self.stop_at:
                raise KeyboardInterrupt
            self.seen.append(raw.text)
            if "\x07" in raw.text:
                error = DocumentError("no token was found", path=raw.id)
                if on_bad is None:
                    raise error
                on_bad(error)
            else:
                yield parsed(raw)

    def facts(self) -> dict[str, Any]:
        return {}


def test_each_passage_is_parsed_once_and_its_chains_are_spans() -> None:
    parser = Parser()
    chains = PassageChains(parser)
    ticks: list[int] = []
    chains.add([TEXT, "two", TEXT], tick=ticks.append)
    chains.add(["two", "three"], tick=ticks.append)
    assert parser.seen == [TEXT, "two", "three"]
    assert (len(chains), ticks) == (3, [1, 1, 1])
    ((first, second),) = chains.of(TEXT)
    assert (TEXT[slice(*first)], TEXT[slice(*second)]) == ("Ida Tolk", "She")
    assert chains.missing(["three", "four", "four"]) == ["four"]


@pytest.mark.parametrize("blank", ["", " \n", "\x07", "\x07\x07"])
def test_passages_without_words_have_no_chains(blank: str) -> None:
    chains, ticks = PassageChains(Parser()), []
    chains.add([blank, TEXT], tick=ticks.append)
    assert chains.of(blank) == ()
    assert len(chains.of(TEXT)) == 1
    assert ticks == [1, 1]


def test_passages_that_utf8_cannot_hold_are_passages_too(tmp_path: Path) -> None:
    chains = PassageChains(Parser(), tmp_path / "chains.jsonl")
    chains.add(["\ud800", "\ud801"])
    assert len(PassageChains(None, tmp_path / "chains.jsonl")) == 2


def test_without_a_parser_unknown_passages_are_named() -> None:
    chains = PassageChains()
    chains.add([])
    with pytest.raises(DocumentError, match="1 passages have no coreference chains, and no parser"):
        chains.add([TEXT])
    with pytest.raises(DocumentError, match="no coreference chains for the passage 'Ida Tolk"):
        chains.of(TEXT)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "chains.jsonl"
    with pytest.raises(KeyboardInterrupt):
        PassageChains(Parser(stop_at=2), path).add([TEXT, "two", "three"])
    parser = Parser()
    chains = PassageChains(parser, path)
    assert len(chains) == 2
    chains.add([TEXT, "two", "three"])
    assert parser.seen == ["three"]
    again = PassageChains(None, path)
    again.add([TEXT, "two", "three"])
    assert again.known == chains.known


@pytest.mark.parametrize("cut", [1, 2, 10, 40])
def test_a_line_that_was_cut_off_is_made_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "chains.jsonl"
    PassageChains(Parser(), path).add([TEXT, "two"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    parser = Parser()
    chains = PassageChains(parser, path)
    chains.add([TEXT, "two", "three"])
    assert parser.seen == (["three"] if cut == 1 else ["two", "three"])
    assert path.read_bytes().startswith(whole)
    assert PassageChains(None, path).known == chains.known


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "no JSON"),
        (b"7", "damaged"),
        (b'{"text": "x"}', "damaged: KeyError"),
        (b'{"text": "x", "chains": [[[1, 2, 3]]]}', "damaged: ValueError"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "chains.jsonl"
    good = json.dumps({"text": "a", "chains": []}).encode()
    path.write_bytes(b"\n".join((good, line, good, b"")))
    with pytest.raises(DocumentError, match=message) as caught:
        PassageChains(None, path)
    assert "chains.jsonl" in str(caught.value)
    assert path.read_bytes().count(b"\n") == 3


def test_of_a_mention_with_gaps_the_stretch_around_its_head_counts() -> None:
    forms = ("one", "two", "three", "four", "five")
    tokens = tuple(Token(i, f, start=10 * i, end=10 * i + len(f)) for i, f in enumerate(forms))
    placeless = Sentence((Token(0, "x"),))
    gaps = Chain("a", (Mention(0, (0, 1, 3, 4), 3), Mention(0, (2,), 2)))
    single = Chain("b", (Mention(0, (0,), 0),))
    nowhere = Chain("c", (Mention(0, (0,), 0), Mention(1, (0,), 0)))
    document = Document("d", (Sentence(tokens), placeless), chains=(gaps, single, nowhere))
    assert chain_spans(document) == (((30, 44), (20, 25)),)
