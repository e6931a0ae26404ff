"""Agreement: verbs and subjects of small trees, Linzen's files, subjects from a parser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linguagraph.documents.agreement import (
    AgreementItem,
    agreement_items,
    find_subjects,
    read_linzen,
)
from linguagraph.documents.labelled import LabelledText
from linguagraph.documents.parsers import RawDocument
from linguagraph.documents.records import Document, Sentence, Token
from linguagraph.errors import DocumentError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

KEYS = "The/DT/1/det keys/NNS/7/nsubj to/IN/4/case the/DT/4/det cabinet/NN/1/nmod of/IN/6/case "
KEYS += "Ann/NNP/4/nmod lie/VBP/-1/root here/RB/7/advmod"


def tree(text: str) -> Sentence:
    """``form/tag/head/label`` for every token, heads from 0."""
    cells = [word.split("/") for word in text.split()]
    return Sentence(
        tuple(Token(i, f, xpos=x, head=int(h), deprel=d) for i, (f, x, h, d) in enumerate(cells))
    )


def test_a_verb_its_subject_and_two_attractors() -> None:
    (item,) = agreement_items([tree(KEYS)], source="hand")
    assert item.words[:3] == ("the", "keys", "to")
    assert (item.verb, item.number, item.attractors, item.subject) == (7, 1, 2, 1)
    assert item.source == "hand"
    before = ("the", "keys", "to", "the", "cabinet", "of", "ann", "[MASK]")
    assert item.masked(prefix=True) == LabelledText(before, 1)
    assert item.masked(prefix=False) == LabelledText((*before, "here"), 1)


def test_an_auxiliary_has_the_subject_of_its_head() -> None:
    copula = tree("It/PRP/2/nsubj is/VBZ/2/cop fine/JJ/-1/root")
    (item,) = agreement_items([copula])
    assert (item.verb, item.number, item.attractors, item.subject) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Go/VB/-1/root and/CC/2/cc see/VBP/0/conj", "no subject in the tree"),
        ("There/EX/1/expl is/VBZ/-1/root time/NN/1/nsubj", "subject after the verb"),
        ("You/PRP/1/nsubj go/VBP/-1/root", "subject without a number of its own"),
        ("Ann/NNP/3/nsubj and/CC/2/cc Bob/NNP/0/conj go/VBP/-1/root", "coordinated subject"),
        ("Police/NN/1/nsubj go/VBP/-1/root", "subject of the other number"),
    ],
)
def test_what_is_left_out_is_counted(text: str, reason: str) -> None:
    dropped: Counter[str] = Counter()
    assert list(agreement_items([tree(text)], dropped=dropped)) == []
    assert dropped == {reason: 1}


def files(tmp_path: Path, text: str, gold: str) -> tuple[Path, Path]:
    paths = (tmp_path / "linzen.text", tmp_path / "linzen.gold")
    for path, content in zip(paths, (text, gold), strict=True):
        path.write_text(content, encoding="utf-8")
    return paths


def test_linzen_files_give_number_and_attractors(tmp_path: Path) -> None:
    paths = files(
        tmp_path,
        "the keys to it are here . <eos>\nwork progresses . <eos>\n",
        "4\tare\tis\t1\n1\tprogresses\tprogress\t0\n",
    )
    first, second = read_linzen(*paths)
    words = ("the", "keys", "to", "it", "are", "here", ".")
    assert first == AgreementItem(words, 4, 1, 1, None, "linzen")
    assert (second.verb, second.number) == (1, 0)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ("0\tkeys\tkey\n", "line 1: .* is not place, form, form, count"),
        ("9\tare\tis\t0\n", "line 1: the sentence has no 'are' at place 9"),
        ("0\tare\tis\t0\n", "line 1: the sentence has no 'are' at place 0"),
        ("", "0 lines for the 1 sentences of linzen.text"),
    ],
)
def test_other_linzen_files_are_refused(tmp_path: Path, gold: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read_linzen(*files(tmp_path, "keys are here <eos>\n", gold))


class ByHand:
    """A parser that knows its sentences; it fails on the others."""

    name, language = "hand", "en"

    def __init__(self, *trees: Sentence) -> None:
        self.trees = {" ".join(t.forms): t for t in trees}

    def parse(
        self,
        documents: Iterable[RawDocument],
        *,
        on_bad: Callable[[DocumentError], None] | None = None,
        tick: Callable[[int], None] = lambda characters: None,
    ) -> Iterator[Document]:
        for raw in documents:
            assert raw.tokenised
            assert raw.sentences is not None
            spans = [raw.text[a:b] for a, b in raw.sentences[0]]
            assert spans == raw.text.split()
            tick(len(raw.text))
            if raw.text in self.trees:
                yield Document(raw.id, (self.trees[raw.text],))
            elif on_bad is not None:
                on_bad(DocumentError("unknown"))

    def facts(self) -> dict[str, Any]:
        return {}


def test_subjects_come_from_a_parser() -> None:
    known = tree(KEYS.lower().replace("nns", "NNS").replace("vbp", "VBP").replace("/nn/", "/NN/"))
    words = known.forms
    odd = tree("go/VB/-1/root are/VBP/0/dep")
    dropped: Counter[str] = Counter()
    seen: list[int] = []
    items = [
        AgreementItem(words, 7, 1, 2),
        AgreementItem(("go", "are"), 1, 1, 0),
        AgreementItem(("what", "is"), 1, 0, 0),
    ]
    found = find_subjects(items, ByHand(known, odd), dropped=dropped, tick=seen.append)
    assert found == [AgreementItem(words, 7, 1, 2, 1)]
    assert dropped == {"no subject in the tree": 1, "not parsed": 1}
    assert len(seen) == 3


@pytest.mark.skipif(not (SHARED / "sva").is_dir(), reason="no agreement data here")
def test_linzens_sentences_are_all_read() -> None:
    items = read_linzen(SHARED / "sva" / "linzen.text", SHARED / "sva" / "linzen.gold")
    assert len(items) == 7489
    assert {item.number for item in items} == {0, 1}
