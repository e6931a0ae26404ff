"""Stanza as a parser: offsets, multiword tokens, long and odd texts, given segments, streaming."""

from __future__ import annotations

import logging
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("stanza")

from linguagraph import pretrained
from linguagraph.documents import stanza_parser
from linguagraph.documents.conllu import format_conllu, read_conllu, write_conllu
from linguagraph.documents.parsers import Parser, RawDocument
from linguagraph.documents.records import Document
from linguagraph.documents.stanza_parser import MAX_TOKENS, StanzaParser, load_parser
from linguagraph.documents.stanza_sentences import Surface, surface_text, to_sentence
from linguagraph.documents.text import find_texts, raw_document, read_texts
from linguagraph.errors import DocumentError

BUNDLED = Path(pretrained.__file__).parent / "parser-en"


@pytest.fixture(scope="module")
def parser(tiny_stanza: Path) -> StanzaParser:
    return load_parser(str(tiny_stanza), language="en", threads=1)


def parse(parser: StanzaParser, text: str, **options: bool) -> Document:
    (document,) = parser.parse([raw_document("doc", text, **options)])
    return document


def forms(document: Document) -> list[list[str]]:
    return [list(sentence.forms) for sentence in document.sentences]


def check(document: Document) -> None:
    """Offsets give the forms back, nothing visible is lost, and the trees can be written."""
    text = document.text or ""
    seen = 0
    for position, sentence in enumerate(document.sentences):
        assert sentence.index == position
        assert sentence.document == document.id
        inside = {i for m in sentence.multiwords for i in range(m.first, m.last + 1)}
        spans = [(t.start, t.end, t.form) for t in sentence.tokens if t.index not in inside]
        spans += [(m.start, m.end, m.form) for m in sentence.multiwords]
        for start, end, form in sorted(spans, key=lambda span: span[0] or 0):
            assert start is not None
            assert end is not None
            assert seen <= start < end
            assert not any(c.isprintable() and not c.isspace() for c in text[seen:start])
            assert text[start:end] == form
            seen = end
        assert [token.head for token in sentence.tokens].count(-1) == 1
        assert all(t.deprel and (t.deprel == "root") == (t.head == -1) for t in sentence.tokens)
        assert format_conllu(sentence).count("\n") == (
            len(sentence) + len(sentence.multiwords) + len(sentence.comments) + 1
        )
    assert not any(c.isprintable() and not c.isspace() for c in text[seen:])


class TestRecords:
    TEXT = "The dogs don't  bark,\nMary. I can't\x07see!\n\n <b>"

    def test_sentences_tokens_and_offsets(self, parser: StanzaParser) -> None:
        document = parse(parser, self.TEXT)
        check(document)
        assert document.id == "doc"
        assert document.text == self.TEXT
        assert forms(document) == [
            ["The", "dogs", "do", "n't", "bark", ",", "Mary", "."],
            ["I", "can", "not", "see", "!"],
            ["<", "b", ">"],
        ]
        assert [s.paragraph for s in document.sentences] == [0, 0, 1]
        assert [s.text for s in document.sentences] == [
            "The dogs don't bark, Mary.",
            "I can't see!",
            "<b>",
        ]
        first = document.sentences[0].tokens
        assert [(t.start, t.end) for t in first[:5]] == [
            (0, 3),
            (4, 8),
            (9, 11),
            (11, 14),
            (16, 20),
        ]
        assert [t.misc for t in first] == [
            *[None] * 4,
            "SpaceAfter=No",
            None,
            "SpaceAfter=No",
            None,
        ]
        assert [t.lemma for t in first[:4]] == ["the", "dog", "do", "not"]
        assert {t.upos for t in first} <= {
            "DET",
            "NOUN",
            "AUX",
            "PART",
            "VERB",
            "PUNCT",
            "PROPN",
            "ADV",
        }

    def test_a_multiword_token_of_other_words_shares_its_offsets(
        self, parser: StanzaParser
    ) -> None:
        sentence = parse(parser, self.TEXT).sentences[1]
        (multiword,) = sentence.multiwords
        assert (multiword.first, multiword.last, multiword.form) == (1, 2, "can't")
        assert (multiword.start, multiword.end) == (30, 35)
        assert [(t.form, t.start, t.end) for t in sentence.tokens[1:3]] == [
            ("can", 30, 35),
            ("not", 30, 35),
        ]

    def test_trees_are_written_and_read_again(self, parser: StanzaParser, tmp_path: Path) -> None:
        document = parse(parser, self.TEXT)
        write_conllu(document.sentences, tmp_path / "a.conllu")
        again = list(read_conllu(tmp_path / "a.conllu"))
        assert [s.text for s in again] == [s.text for s in document.sentences]
        assert [s.forms for s in again] == [s.forms for s in document.sentences]
        assert [s.id for s in again] == ["doc-1", "doc-2", "doc-3"]
        assert {s.document for s in again} == {"doc"}
        assert [[t.head for t in s.tokens] for s in again] == [
            [t.head for t in s.tokens] for s in document.sentences
        ]
        lines = (tmp_path / "a.conllu").read_text(encoding="utf-8").splitlines()
        assert lines[:4] == [
            *("# newdoc id = doc", "# newpar", "# sent_id = doc-1"),
            "# text = The dogs don't bark, Mary.",
        ]
        assert lines.count("# newpar") == 2

    def test_a_space_after_a_multiword_token_is_kept_on_its_line(self) -> None:
        words = [
            SimpleNamespace(text=t, lemma="_", upos="X", xpos=None, feats="_", head=h, deprel="x")
            for t, h in (("do", 0), ("n't", 1))
        ]
        analysed = SimpleNamespace(tokens=[SimpleNamespace(words=words)])
        surfaces = [Surface(0, 5, "don't")]
        sentence = to_sentence(analysed, surfaces, "don't.", document="a b", index=2, paragraph=0)
        assert sentence.id == "a_b-3"
        assert sentence.multiwords[0].columns == (*"_______", "SpaceAfter=No")
        assert [(t.lemma, t.head, t.deprel) for t in sentence.tokens] == [
            (None, -1, "root"),
            (None, 0, "x"),
        ]
        assert surface_text(surfaces, "don't.") == "don't"

    def test_it_is_a_parser_and_says_what_it_is(
        self, parser: StanzaParser, tiny_stanza: Path
    ) -> None:
        described: Parser = parser
        facts = described.facts()
        assert described.name == str(tiny_stanza)
        assert described.language == facts["language"] == "en"
        assert facts["package"].startswith("stanza ")
        assert list(facts["processors"]) == ["tokenize", "mwt", "pos", "lemma", "depparse"]
        assert all(len(mark) == 16 for mark in facts["processors"].values())
        assert facts["scores"] is None


class TestOddTexts:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("\U0001f469\u200d\U0001f467 e\u0301te\u0301 \U0001f44d\U0001f3fd!", None),
            (
                "\u0645\u0631\u062d\u0628\u0627 \u200fשלום.",
                [["\u0645\u0631\u062d\u0628\u0627", "\u200fשלום", "."]],
            ),
            ("a\x07b \x1b[0m \x0c\x85c\x00d", [["a", "b", "[", "0m", "c", "d"]]),
            (
                "<script>alert(1)</script>",
                [["<", "script", ">", "alert", "(", "1", ")", "<", "/", "script", ">"]],
            ),
            ("One\ntwo\tthree\u00a0four\u2028five", [["One", "two", "three", "four", "five"]]),
            ("\n\n A \n \n\n b\n", [["A"], ["b"]]),
        ],
        ids=[
            "emoji and combining marks",
            "right to left",
            "control",
            "script tag",
            "spaces",
            "lines",
        ],
    )
    def test_every_character_is_accounted_for(
        self, parser: StanzaParser, text: str, expected: list[list[str]] | None
    ) -> None:
        document = parse(parser, text)
        check(document)
        assert forms(document) == (expected or [[*text[:-1].split(), "!"]])

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        text=st.text(
            alphabet=st.one_of(
                st.sampled_from("ab .!?'\n\t-\u0301\u200d\x07"),
                st.characters(codec="utf-8"),
            ),
            max_size=80,
        )
    )
    def test_any_text_keeps_its_offsets(self, parser: StanzaParser, text: str) -> None:
        document = next(parser.parse([RawDocument("x", "a " + text)]))
        assert document.text == "a " + text
        for sentence in document.sentences:
            format_conllu(sentence)
            inside = {i for m in sentence.multiwords for i in range(m.first, m.last + 1)}
            for token in sentence.tokens:
                if token.index not in inside:
                    assert document.text[token.start : token.end] == token.form

    @pytest.mark.parametrize(
        "unit", ["x", "wordswithoutanend ", "Words end here. ", "e\u0301", "😀"]
    )
    def test_one_line_of_20000_characters(self, parser: StanzaParser, unit: str) -> None:
        text = (unit * 20_000)[:20_000]
        document = parse(parser, text)
        check(document)
        assert max(len(sentence) for sentence in document.sentences) <= MAX_TOKENS
        assert all(s.paragraph == 0 for s in document.sentences)

    def test_the_models_see_the_ends_of_a_very_long_token(self, parser: StanzaParser) -> None:
        text = "The " + "x" * 150 + " barks."
        token = parse(parser, text).sentences[0].tokens[1]
        assert token.form == token.lemma == "x" * 150


class TestGivenSegments:
    def test_given_tokens_stay_as_they_are(self, parser: StanzaParser) -> None:
        document = parse(parser, "do  n't\tgo . now !\n\ndon't\n", pretokenised=True)
        check(document)
        assert forms(document) == [["do", "n't", "go", ".", "now", "!"], ["don't"]]
        assert [s.paragraph for s in document.sentences] == [0, 1]
        assert document.sentences[0].tokens[1].start == 4
        assert document.sentences[1].multiwords == ()

    def test_given_sentences_stay_whole(self, parser: StanzaParser) -> None:
        document = parse(parser, "I don't! Yes.\nNo\n", presegmented=True)
        check(document)
        assert forms(document) == [["I", "do", "n't", "!", "Yes", "."], ["No"]]

    @pytest.mark.parametrize("option", ["pretokenised", "presegmented"])
    def test_a_given_sentence_that_is_too_long_is_named_by_its_line(
        self, parser: StanzaParser, option: str
    ) -> None:
        text = "Short .\n" + "word " * 501
        with pytest.raises(DocumentError, match=r"doc, line 2: a sentence of 501 tokens"):
            parse(parser, text, **{option: True})
        assert len(parse(parser, "word " * 220, **{option: True}).sentences) == 1


class TestStreaming:
    TEXTS = ("One. Two.", "Three!", "Four\n\nfive. Six? Seven.", "don't")

    def documents(self) -> Iterator[RawDocument]:
        for number, text in enumerate(self.TEXTS):
            yield RawDocument(str(number), text)

    def test_chunks_change_nothing(
        self, parser: StanzaParser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        together = list(parser.parse(self.documents()))
        assert [document.id for document in together] == ["0", "1", "2", "3"]
        assert [len(document.sentences) for document in together] == [2, 1, 4, 1]
        monkeypatch.setattr(stanza_parser, "_CHUNK", 5)
        assert list(parser.parse(self.documents())) == together
        assert list(parser.parse(self.documents())) == together

    def test_documents_are_taken_as_they_are_needed(
        self, parser: StanzaParser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stanza_parser, "_CHUNK", 5)
        taken = []

        def stream() -> Iterator[RawDocument]:
            for document in self.documents():
                taken.append(document.id)
                yield document

        found = parser.parse(stream())
        assert taken == []
        assert next(found).id == "0"
        assert taken == ["0"]

    def test_one_bad_document_does_not_lose_the_others(self, parser: StanzaParser) -> None:
        documents = [*self.documents(), RawDocument("blank", " \n"), RawDocument("z", "End.")]
        told: list[DocumentError] = []
        found = list(parser.parse(documents, on_bad=told.append))
        assert [document.id for document in found] == ["0", "1", "2", "3", "z"]
        assert [str(error) for error in told] == ["blank: the document holds no text"]
        with pytest.raises(DocumentError, match="blank"):
            list(parser.parse(documents))

    def test_a_document_that_stanza_fails_on_is_named(
        self, parser: StanzaParser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process = parser._pipeline.process

        def fail(document: Any, processors: Any) -> Any:
            if any(w.text == "Three" for s in document.sentences for w in s.words):
                raise ValueError("odd text")
            return process(document, processors)

        monkeypatch.setattr(parser._pipeline, "process", fail)
        told: list[DocumentError] = []
        found = list(parser.parse(self.documents(), on_bad=told.append))
        assert [document.id for document in found] == ["0", "2", "3"]
        assert [str(e) for e in told] == [
            "1: Stanza cannot analyse this text (ValueError: odd text)"
        ]

    def test_files_of_a_folder(self, parser: StanzaParser, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes("Größe. Ja!\r\n".encode("latin-1"))
        (tmp_path / "b.txt").write_bytes("Zwei\r\n\r\ndrei".encode("utf-16"))
        (tmp_path / "c.txt").write_bytes(b"\0\0")
        told: list[DocumentError] = []
        warned: list[str] = []
        raw = read_texts(find_texts(tmp_path), on_bad=told.append, on_warning=warned.append)
        found = list(parser.parse(raw))
        assert [(d.id, forms(d)) for d in found] == [
            ("a.txt", [["Größe", "."], ["Ja", "!"]]),
            ("b.txt", [["Zwei"], ["drei"]]),
        ]
        assert len(told) == len(warned) == 1


class TestManners:
    def test_nothing_asks_for_the_network(
        self, tiny_stanza: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[object] = []

        def refuse(*args: object, **options: object) -> None:
            asked.append(args)
            raise OSError("the network is off")

        for name in ("getaddrinfo", "create_connection", "gethostbyname"):
            monkeypatch.setattr(socket, name, refuse)
        monkeypatch.setattr(socket.socket, "connect", refuse)
        check(parse(load_parser(str(tiny_stanza), language="en"), "The dogs don't bark."))
        assert asked == []

    def test_random_states_threads_and_logging_stay_as_they_are(self, parser: StanzaParser) -> None:
        threads, level = torch.get_num_threads(), logging.getLogger("stanza").level
        state, drawn = torch.random.get_rng_state(), random.getstate()
        parse(parser, "The dogs don't bark.")
        assert torch.equal(torch.random.get_rng_state(), state)
        assert random.getstate() == drawn
        assert torch.get_num_threads() == threads
        assert logging.getLogger("stanza").level == level


@pytest.mark.skipif(not (BUNDLED / "facts.json").is_file(), reason="no bundled parser yet")
class TestBundled:
    def test_it_parses_english_and_knows_its_scores(self) -> None:
        parser = load_parser(threads=1)
        assert (parser.name, parser.language) == ("bundled", "en")
        document = parse(parser, "I don't think Mary's dog sleeps. It barked!")
        check(document)
        assert forms(document)[0][:3] == ["I", "do", "n't"]
        assert len(document.sentences) == 2
        assert document.sentences[1].tokens[1].upos == "VERB"
        assert document.sentences[1].tokens[1].lemma == "bark"
        facts = parser.facts()
        assert facts["scores"]["raw text"]["LAS"] > 0
        assert facts["scored_on"]
        assert sum(p.stat().st_size for p in BUNDLED.glob("*.pt")) < 15_000_000
