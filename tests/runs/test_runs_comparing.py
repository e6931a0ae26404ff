"""Gold sentences with another parser's trees, from a parser made of a table."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tables as synthetic

from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.records import Document, Frame, Role, Sentence, Token
from linguagraph.errors import DocumentError, RunError
from linguagraph.runs.comparing import (
    FOLDER,
    raw_document,
    read_compared,
    reparsed,
    with_parse,
)
from linguagraph.runs.directory import Run


def gold(*forms: str, index: int = 0) -> Sentence:
    tokens = tuple(
        Token(i, form, lemma="?", head=i - 1, deprel="g") for i, form in enumerate(forms)
    )
    return Sentence(tokens, (Frame(0, "x.01", (Role(len(forms) - 1, "A0"),)),), "d", index)


class Chained:
    """Makes each token the head of the one before it; spoils what ``drop`` says."""

    name, language = "stub", "en"

    def __init__(self, drop: str = "") -> None:
        self.drop = drop
        self.seen: list[int] = []

    def parse(self, documents: Iterable[RawDocument]) -> Iterator[Document]:
        for raw in documents:
            assert raw.tokenised
            assert raw.sentences is not None
            self.seen.append(len(raw.sentences))
            found = [self._sentence(raw.text, spans) for spans in raw.sentences]
            yield Document(raw.id, tuple(found[1:] if self.drop == "sentence" else found), raw.text)

    def _sentence(self, text: str, spans: tuple[tuple[int, int], ...]) -> Sentence:
        forms = [text[start:end] for start, end in spans]
        if self.drop == "token":
            forms = [*forms[:-1], forms[-1] + "!"]
        heads = [*range(1, len(forms)), -1] if self.drop != "tree" else [None] * len(forms)
        return Sentence(
            tuple(
                Token(i, form, lemma=form.lower(), upos="X", xpos="Y", head=head, deprel="p")
                for i, (form, head) in enumerate(zip(forms, heads, strict=True))
            )
        )

    def facts(self) -> dict[str, Any]:
        return {"name": self.name}


def test_offsets_give_the_tokens_back_even_with_blanks_inside() -> None:
    sentences = [gold("Ann", "New York", "🙂"), gold("a\u0301", "!")]
    raw = raw_document(sentences, id="7")
    assert raw.text == "Ann New York 🙂\na\u0301 !"
    assert raw.sentences is not None
    for sentence, spans in zip(sentences, raw.sentences, strict=True):
        assert tuple(raw.text[start:end] for start, end in spans) == sentence.forms


def test_trees_are_the_parsers_and_all_else_is_gold() -> None:
    sentences = [gold(*"abc", index=4), gold("D", "e", index=5), gold("f", index=6)]
    parser = Chained()
    found = list(reparsed(iter(sentences), parser, batch=2))
    assert parser.seen == [2, 1]
    assert [s.index for s in found] == [4, 5, 6]
    assert found[0].frames == sentences[0].frames
    assert found[0].document == "d"
    assert [t.head for t in found[0].tokens] == [1, 2, -1]
    token = found[1].tokens[0]
    assert (token.form, token.lemma, token.upos, token.xpos, token.deprel) == (
        "D",
        "d",
        "X",
        "Y",
        "p",
    )


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("sentence", "made 1 sentences of 2, from sentence 3 on"),
        ("token", "sentence 3: the parser changed the tokens from token 1 on"),
        ("tree", "sentence 3: the parser gave no tree"),
    ],
)
def test_what_a_parser_may_not_lose(drop: str, message: str) -> None:
    sentences = [gold("a", "b", index=3), gold("c", "d", index=4)]
    with pytest.raises(DocumentError, match=message):
        list(reparsed(sentences, Chained(drop)))


def test_a_shorter_parse_is_refused() -> None:
    with pytest.raises(DocumentError, match="from token 1 on"):
        with_parse(gold("a", "b"), replace(gold("a"), frames=()))


def made(path: Path, **manifest: Any) -> Run:
    run = Run.create(path, resume=False)
    run.update(**manifest)
    with run.stage("tabulate", {"mask": "x"}):
        synthetic.small_run().write(path)
    return run


def test_the_run_beside_a_run(tmp_path: Path) -> None:
    run = made(tmp_path / "run", model={"fingerprint": "m"}, seeds=[0, 1])
    assert read_compared(run) is None
    made(tmp_path / "run" / FOLDER, model={"fingerprint": "m"}, seeds=[0, 1], mark=1)
    found = read_compared(run)
    assert found is not None
    assert found.manifest["mark"] == 1
    assert len(found.edges) == len(synthetic.small_run().edges)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"model": {"fingerprint": "n"}, "seeds": [0]}, r"other model \(n\)"),
        ({"model": {"fingerprint": "m"}, "seeds": [0, 1]}, r"other probes \(\[0, 1\]\)"),
    ],
)
def test_a_run_of_something_else_is_refused(
    tmp_path: Path, manifest: dict[str, Any], message: str
) -> None:
    run = made(tmp_path / "run", model={"fingerprint": "m"}, seeds=[0])
    made(tmp_path / "run" / FOLDER, **manifest)
    with pytest.raises(RunError, match=message):
        read_compared(run)


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    run = made(tmp_path / "run", model={"fingerprint": "m"}, seeds=[0])
    Run.create(tmp_path / "run" / FOLDER, resume=False)
    with pytest.raises(RunError, match="no finished stage 'tabulate'"):
        read_compared(run)
