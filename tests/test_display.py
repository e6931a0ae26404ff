"""Values in notebooks: frames that leak nothing, bounded, escaped; one line elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from linguagraph import display
from linguagraph.documents.records import Chain, Document, Frame, Mention, Role, Sentence, Token
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ReportError
from linguagraph.graphs import dependency_graph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.rivals.method import MethodMask
from linguagraph.masks.srl import Masked
from linguagraph.models.gateable import Trace
from linguagraph.reports.notebook import MOST_ROWS, render

EVIL = "<script>alert('x')</script>"
ROOT = Path(__file__).resolve().parents[1]


def sentence_of(forms: Sequence[str], *, index: int = 0, id: str | None = None) -> Sentence:
    tokens = tuple(
        Token(i, form, head=i - 1, deprel="root" if i == 0 else "dep")
        for i, form in enumerate(forms)
    )
    frames = (Frame(0, "go.01", (Role(len(forms) - 1, "A0"),)),)
    return Sentence(tokens, frames, document="d", index=index, id=id)


def values() -> dict[str, object]:
    sentence = sentence_of(["He", EVIL, "\u202eback"], id=EVIL)
    mentions = tuple(Mention(0, (i,), i) for i in range(3))
    document = Document(EVIL, (sentence,), chains=(Chain("c", mentions),))
    mask = EdgeMask(torch.rand(2, 4), torch.rand(2, 4) > 0.5, torch.ones(2, 4).bool(), method=EVIL)
    logits = torch.zeros(1, 2, 3)
    trace = Trace(logits[0], (), ())
    return {
        "Sentence": sentence,
        "Document": document,
        "TextGraph": TextGraph(2, np.array([[0], [1]]), (EVIL,), ("->",)),
        "EdgeMask": mask,
        "MethodMask": MethodMask(mask.scores, mask.retained, mask.present, method=EVIL),
        "Masked": Masked(trace, (), (), (torch.tensor([[1.0, 0.0]]),), logits),
        "Card": display.Card(EVIL, ((EVIL, EVIL),), (EVIL,), ((EVIL,),), (EVIL,)),
    }


@pytest.mark.parametrize("name", [n for n in values() if n != "Card"])
def test_what_a_notebook_shows_is_one_isolated_frame(name: str) -> None:
    value = values()[name]
    found = value._repr_html_()  # type: ignore[attr-defined]
    assert found == value._repr_html_()  # type: ignore[attr-defined]
    assert re.fullmatch(r'<iframe title="[^"<>]*" sandbox="" srcdoc="[^"<>]*" style="[^"<>]*">'
                        "</iframe>", found)  # fmt: skip
    page = html.unescape(re.findall('srcdoc="([^"]*)"', found)[0])
    assert "<script" not in page
    assert "\u202e" not in page
    assert "color-scheme: light" in page
    assert "background: #ffffff" in page


@pytest.mark.parametrize("name", values())
def test_hostile_text_is_escaped_twice(name: str) -> None:
    found = render(values()[name]) if name == "Card" else values()[name]._repr_html_()  # type: ignore[attr-defined]
    assert "<script" not in found.replace("<iframe", "")
    if name != "Masked":
        assert "&amp;lt;script&amp;gt;" in found


@pytest.mark.parametrize("name", [n for n in values() if n != "Card"])
def test_a_plain_repr_is_one_short_line(name: str) -> None:
    found = repr(values()[name])
    assert "\n" not in found
    assert found.startswith(f"<{name}")
    assert len(found) < 250


def test_plain_reprs_count() -> None:
    sentence = sentence_of(["He", "left"], index=4, id="s4")
    assert repr(sentence) == "<Sentence 4 's4': 2 tokens, 1 predicate: 'He left'>"
    assert repr(Document("d", (sentence,))) == "<Document 'd': 1 sentence, 2 tokens>"
    assert repr(dependency_graph(sentence)) == (
        "<TextGraph 'dependency': 2 nodes, 2 edges, 1 label>"
    )
    mask = EdgeMask(
        torch.zeros(1, 3), torch.tensor([[True, False, False]]), torch.ones(1, 3).bool()
    )
    assert repr(mask) == (
        "<EdgeMask 'graphmask', seed 0: 1 layer, 3 edges, 1 of 3 messages retained>"
    )
    assert "retained, mean over seeds" in html.unescape(values()["Masked"]._repr_html_())  # type: ignore[attr-defined]
    assert "50.0%" in repr(values()["Masked"])


def test_long_values_are_cut_and_say_so() -> None:
    sentence = sentence_of([f"word{i}" for i in range(5000)])
    document = Document("long", tuple(sentence_of(["a"] * 200, index=i) for i in range(500)))
    for value, note in (
        (sentence, "Not drawn, because it has more than 60 tokens."),
        (document, f"The first {MOST_ROWS} of 500 rows."),
    ):
        found = value._repr_html_()
        assert len(found) < 30_000
        assert note in html.unescape(found)
        assert len(repr(value)) < 250


def test_a_sentence_is_drawn_with_its_tree_and_predicates() -> None:
    page = html.unescape(html.unescape(sentence_of(["He", "left"])._repr_html_()))
    for part in ("<svg", "dep from He to left", "go.01", "A0 left"):
        assert part in page
    bare = Sentence((Token(0, "No"), Token(1, "tree")))
    assert "<svg" not in html.unescape(bare._repr_html_())
    assert "No tree" in bare._repr_html_()


def test_tables_of_a_run(small_tables: RunTables) -> None:
    assert repr(small_tables).startswith("<RunTables: rows of edges 56, paths ")
    assert "srl-gnn" in small_tables._repr_html_()


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(ReportError, match="type int has no view"):
        render(3)


def test_records_do_not_load_what_draws_them() -> None:
    import subprocess
    import sys

    code = (
        "import sys, linguagraph.documents, linguagraph.graphs; "
        "print([m for m in ('matplotlib', 'jinja2', 'linguagraph.reports') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
