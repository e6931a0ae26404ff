"""What is named as a corpus -> documents; sentences and documents kept by the parse stage."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.jsonl import document_from_json, document_to_json
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.records import Chain, Document, Frame, Link, Mention, Sentence, Token
from linguagraph.errors import ConfigError, DocumentError, RunError
from linguagraph.runs.directory import FINISHED, Run
from linguagraph.runs.parsing import Documents, Sentences, parse_stage
from linguagraph.runs.sources import Reading, Source, open_source

MENTIONS = (Mention(0, (0, 1), 1, "animal", (("a", "b"),)), Mention(1, (0,), 0))


class Words:
    """A parser that makes a sentence of every line and a chain of first words."""

    name, language = "words", "en"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def parse(
        self,
        documents: Iterable[RawDocument],
        *,
        on_bad: OnBad | None = None,
        tick: Callable[[int], None] = lambda characters: None,
    ) -> Iterator[Document]:
        for raw in documents:
            self.asked.append(raw.id)
            if "STOP" in raw.text:
                raise KeyboardInterrupt
            sentences = tuple(
                Sentence(
                    tuple(
                        Token(i, form, lemma=form, xpos="NN", head=i - 1, deprel="dep")
                        for i, form in enumerate(line.split())
                    ),
                    document=raw.id,
                    index=number,
                )
                for number, line in enumerate(raw.text.split("\n"))
                if line.strip()
            )
            heads = tuple(Mention(n, (0,), 0) for n in range(len(sentences)))
            links = tuple(Link(n, n - 1, "first") for n in range(1, len(heads)))
            yield Document(raw.id, sentences, raw.text, (Chain("c", heads, links),))

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "language": "en", "package": "none", "scores": None}


def read(corpus: Path | str, parser: Words, **options: Any) -> Source:
    reading = Reading(predicates="given", coreference="none", **options)
    source = open_source(corpus, reading)
    # the chains that the parser makes are kept
    source = replace(source, reading=replace(reading, coreference="given"))
    source.loaded["parser"] = parser
    return source


def parsed(run: Run, source: Source, told: list[str] | None = None) -> None:
    parse_stage(
        run,
        source.name,
        reading=source.reading,
        source=source,
        warn=(told if told is not None else []).append,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = tmp_path / "texts"
    texts.mkdir()
    for name, text in (("a", "one two\nthree"), ("b", "four"), ("c", "five six\nseven\neight")):
        (texts / f"{name}.txt").write_text(text, encoding="utf-8")
    return texts


def test_documents_survive_json() -> None:
    tokens = tuple(Token(i, "x") for i in range(2))
    sentences = (Sentence(tokens, (Frame(0),)), Sentence(tokens, index=1))
    chain = Chain("e1", MENTIONS, (Link(1, 0, "head"),))
    document = Document("d", sentences, "x x\nx x", (chain, Chain("e2", MENTIONS[:1])))
    through = json.loads(json.dumps(document_to_json(document)))
    assert document_from_json(through) == document
    with pytest.raises(DocumentError, match="not a document record"):
        document_from_json({"id": "d", "colour": 1})


def test_the_stage_keeps_sentences_and_documents(folder: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", resume=False)
    parsed(run, read(folder, Words()))
    sentences = list(Sentences(run.path / "parse").stream())
    assert [s.index for s in sentences] == list(range(6))
    assert [s.document for s in sentences] == ["a.txt"] * 2 + ["b.txt"] + ["c.txt"] * 3
    documents = Documents(run.path / "parse")
    for _ in range(2):
        assert [(d.id, len(d.sentences), d.text) for d in documents] == [
            ("a.txt", 2, "one two\nthree"),
            ("b.txt", 1, "four"),
            ("c.txt", 3, "five six\nseven\neight"),
        ]
    last = list(documents)[2]
    assert [m.sentence for m in last.chains[0].mentions] == [0, 1, 2]
    assert last.chains[0].links == (Link(1, 0, "first"), Link(2, 1, "first"))
    corpus = run.manifest["corpus"]
    assert corpus["documents"] == 3
    assert corpus["chains"] == 3
    assert corpus["predicted"] == ["sentences", "tokens", "tags", "lemmas", "trees"]
    assert corpus["trees"] == "parsed by words"
    assert run.manifest["parser"]["name"] == "words"
    assert not (run.path / "parse" / FINISHED).exists()


def test_an_interrupted_parse_goes_on_after_the_last_document(folder: Path, tmp_path: Path) -> None:
    last = folder / "c.txt"
    whole = Run.create(tmp_path / "whole", resume=False)
    parsed(whole, read(folder, Words()))
    run, parser = Run.create(tmp_path / "run", resume=False), Words()

    class Interrupted(Words):
        def parse(self, documents: Any, **options: Any) -> Iterator[Document]:
            for raw in documents:
                if raw.id == last.name:
                    raise KeyboardInterrupt
                yield from super().parse([raw])

    with pytest.raises(KeyboardInterrupt):
        parsed(run, read(folder, Interrupted()))
    assert len((run.path / "parse" / FINISHED).read_text(encoding="utf-8").splitlines()) == 2
    with open(run.path / "parse" / FINISHED, "a", encoding="utf-8") as stream:
        stream.write('{"id": "c.txt", "sent')  # a line that was cut short
    with pytest.raises(RunError, match="interrupted; add --resume"):
        Run.create(run.path, resume=False)
    parsed(run, read(folder, parser))
    assert parser.asked == ["c.txt"]
    for name in ("shard-00000.jsonl", "documents.jsonl"):
        one, two = (r.path / "parse" / name for r in (run, whole))
        assert one.read_bytes() == two.read_bytes()


def test_one_bad_file_does_not_lose_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "b.txt").write_bytes(b"\x00\x01\x02\xff" * 50)
    run, told = Run.create(tmp_path / "run", resume=False), list[str]()
    parsed(run, read(folder, Words()), told)
    assert [d.id for d in Documents(run.path / "parse")] == ["a.txt", "c.txt"]
    assert len(told) == 1
    assert "b.txt" in told[0]
    assert run.manifest["dropped"]["texts that could not be read"] == 1


def test_a_limit_cuts_the_document_and_its_chains(folder: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", resume=False)
    parsed(run, read(folder, Words(), limit=5))
    documents = list(Documents(run.path / "parse"))
    assert [len(d.sentences) for d in documents] == [2, 1, 2]
    assert len(documents[2].chains[0].mentions) == 2
    assert documents[2].chains[0].links == (Link(1, 0, "first"),)


def test_what_is_text_and_what_is_annotated(tmp_path: Path) -> None:
    for name in ("a.txt", "b.conllu", "c.conll09", "d.xyz", "plain"):
        (tmp_path / name).write_text("x\n", encoding="utf-8")
    names = {"a.txt": "text", "b.conllu": "conllu", "c.conll09": "conll09", "plain": "text"}
    for name, format in names.items():
        assert open_source(tmp_path / name, Reading()).format == format
    with pytest.raises(ConfigError, match=r"--format text.*conll09"):
        open_source(tmp_path / "d.xyz", Reading())
    assert open_source(tmp_path / "d.xyz", Reading(format="text")).is_text
    assert not open_source(tmp_path / "d.xyz", Reading(format="conllu")).is_text
    with pytest.raises(DocumentError, match="no such file"):
        open_source(tmp_path / "none.conllu", Reading(format="conllu"))
    with pytest.raises(DocumentError, match="directory"):
        open_source(tmp_path, Reading(format="conllu"))
    with pytest.raises(ConfigError, match="unknown format 'pdf'"):
        Reading(format="pdf")
    with pytest.raises(ConfigError, match="coreference='magic'"):
        Reading(coreference="magic")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.conllu").write_text("x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"x\.conllu looks like an annotated corpus"):
        open_source(f"{tmp_path}/folder/*.conllu", Reading())
    with pytest.raises(ConfigError, match="no annotated coreference"):
        open_source(tmp_path / "a.txt", Reading(coreference="given"))
    with pytest.raises(ConfigError, match="--documents"):
        open_source(tmp_path / "a.txt", Reading(documents="x.conllu"))
    with pytest.raises(ConfigError, match="--stanza-dir"):
        Reading(parser="bundled", stanza_dir="x")
    german = open_source(tmp_path / "b.conllu", Reading(language="de"))
    assert not german.finds_predicates
    with pytest.raises(ConfigError, match="rules are for English"):
        _ = open_source(
            tmp_path / "b.conllu", Reading(language="de", coreference="rules")
        ).coreference
    with pytest.raises(ConfigError, match="choose one"):
        Reading(pretokenised=True, presegmented=True)


def test_annotated_chains_are_taken_and_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.conllu"
    path.write_text(
        "# global.Entity = eid-etype-head-other\n# newdoc id = d\n# text = Dogs bark\n"
        "1\tDogs\tdog\tNOUN\tNNS\t_\t2\tnsubj\t_\tEntity=(e1-animal-1-)\n"
        "2\tbark\tbark\tVERB\tVBP\t_\t0\troot\t_\t_\n\n",
        encoding="utf-8",
    )
    source = open_source(path, Reading(predicates="given"))
    assert source.coreference == "given"
    (document,) = source.documents()
    assert document.chains[0].mentions[0].type == "animal"
    without = open_source(path, Reading(predicates="given", coreference="none"))
    (bare,) = without.documents()
    assert bare.chains == ()
    assert replace(document, chains=()).sentences[0].forms == bare.sentences[0].forms
    assert source.facts() == {"predicted": []}
