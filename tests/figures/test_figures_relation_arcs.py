"""Relations of one sentence: sides, arrows, keys, and what leaves the sentence."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import ReportError
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.graphs import TextGraph
from linguagraph.reports.svg import safe_svg

SVG = "{http://www.w3.org/2000/svg}"
WORDS = Sentence(tuple(Token(i, form) for i, form in enumerate(("She", "washed", "herself"))))
GRAPH = TextGraph(
    num_nodes=3,
    edge_index=np.array([[1, 0, 0, 2, 1, 2], [0, 1, 2, 0, 2, 1]]),
    labels=("nsubj", "nsubj", "coref:pronoun", "coref:pronoun", "cooccurrence", "cooccurrence"),
    directions=("->", "<-") * 3,
    kind="merged",
    kinds=("dependency",) * 2 + ("coreference",) * 2 + ("cooccurrence",) * 2,
    weights=(1.0, 1.0, 1.0, 1.0, 7.25, 7.25),
)


def draw(graph: TextGraph = GRAPH, words: Sentence = WORDS, **leaving: int) -> ElementTree.Element:
    return ElementTree.fromstring(relation_arcs(words, graph, title="t", leaving=leaving))


def groups(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {g.findtext(SVG + "title") or "": g for g in root.iter(SVG + "g")}


def texts(root: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in root.iter(SVG + "text")]


def test_dependencies_stand_above_and_the_others_below() -> None:
    root = draw()
    found = groups(root)
    assert set(found) == {
        "dependency: nsubj from washed to She",
        "coreference: coref:pronoun from She to herself",
        "co-occurrence: washed and herself, score 7.25",
    }
    line = next(float(t.get("y", "")) for t in root.iter(SVG + "text") if t.text == "washed")
    above = {
        name.partition(":")[0]: float((g.find(SVG + "text").get("y")) or "") < line  # type: ignore[union-attr]
        for name, g in found.items()
    }
    assert above == {"dependency": True, "coreference": False, "co-occurrence": False}


def test_cooccurrence_has_two_heads_and_no_kind_the_dashes_of_another() -> None:
    paths = {name: g.findall(SVG + "path") for name, g in groups(draw()).items()}
    assert [len(found) for found in paths.values()] == [2, 2, 3]
    assert len({found[0].get("stroke-dasharray") for found in paths.values()}) == 3


def test_the_key_names_what_is_there_and_what_leaves() -> None:
    assert {"dependency", "coreference", "co-occurrence", "7.2"} <= set(texts(draw()))
    assert not any("not drawn" in text for text in texts(draw()))
    said = [text for text in texts(draw(coreference=1200, cooccurrence=0)) if "not drawn" in text]
    assert said[0].endswith("relations with other sentences, not drawn: 1,200 coreference")
    empty = TextGraph(3, np.zeros((2, 0), dtype=np.int64), (), ())
    assert "No relations" in (draw(empty).findtext(SVG + "desc") or "")


def test_hostile_text_is_escaped_and_the_page_accepts_the_drawing() -> None:
    words = Sentence(tuple(Token(i, form) for i, form in enumerate(("<script>", "\x00", "x"))))
    svg = relation_arcs(words, GRAPH, title="</svg><script>")
    assert "<script" not in svg
    safe_svg(svg, prefix="x", label="y")


def test_a_graph_of_another_sentence_is_refused() -> None:
    with pytest.raises(ReportError, match="a graph of 3 nodes cannot be drawn on 1 tokens"):
        draw(words=Sentence((Token(0, "Go"),)))
