"""Force layouts: deterministic, inside their box, bounded, and silent about nothing."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from linguagraph.documents.records import Document, Sentence, Token
from linguagraph.errors import ReportError
from linguagraph.figures.force import force_layout, spread_boxes
from linguagraph.figures.network import network
from linguagraph.graphs import TextGraph
from linguagraph.reports.svg import safe_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>"onload=x\x00\u202e'


def document(*sentences: str) -> Document:
    return Document(
        "d",
        tuple(
            Sentence(tuple(Token(i, form) for i, form in enumerate(text.split())))
            for text in sentences
        ),
    )


def graph_of(size: int, *relations: tuple[int, int, str, str]) -> TextGraph:
    """Relations as source, target, label and kind; an edge each way."""
    both = [(s, t, label, kind, d) for s, t, label, kind in relations for d in ("->", "<-")]
    ends = [(s, t) if d == "->" else (t, s) for s, t, _, _, d in both]
    return TextGraph(
        num_nodes=size,
        edge_index=np.array(ends, dtype=np.int64).reshape(-1, 2).T,
        labels=tuple(label for _, _, label, _, _ in both),
        directions=tuple(d for *_, d in both),
        kind="merged",
        kinds=tuple(kind for *_, kind, _ in both),
    )


STAR = graph_of(
    5,
    (1, 0, "nsubj", "dependency"),
    (1, 2, "obj", "dependency"),
    (0, 3, "coref:pronoun", "coreference"),
    (0, 1, "cooccurrence", "cooccurrence"),
)
WORDS = document("Cats chase mice", "They eat")


def draw(graph: TextGraph = STAR, words: Document = WORDS, **options: int) -> ElementTree.Element:
    return ElementTree.fromstring(network(words, graph, title="A cat's life", **options))


def texts(root: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in root.iter(SVG + "text")]


def spoken(root: ElementTree.Element) -> list[str]:
    return [g.findtext(SVG + "title") or "" for g in root.iter(SVG + "g")]


def test_linked_tokens_and_their_relations_are_drawn_once() -> None:
    root = draw()
    assert len(list(root.iter(SVG + "circle"))) == 4  # "eat" has no relation
    assert {"Cats", "chase", "mice", "They"} <= set(texts(root))
    said = spoken(root)
    assert "dependency, nsubj: chase – Cats" in said
    assert "coreference, coref:pronoun: Cats – They" in said
    assert "co-occurrence, score 1.00: Cats – chase" in said
    assert "Cats: sentence 1, token 1, 2 neighbours" in said
    assert len(said) == 4 + 4
    assert "shown: all 4 tokens that have a relation, and all 4 relations" in texts(root)


def test_kinds_differ_without_colour_and_have_a_key() -> None:
    root = draw()
    dashes = {}
    for group in root.iter(SVG + "g"):
        line = group.find(SVG + "path")
        if line is not None:
            dashes[(group.findtext(SVG + "title") or "")[:6]] = line.get("stroke-dasharray")
    assert len(set(dashes.values())) == 3
    assert {"dependency (2)", "coreference (1)", "co-occurrence (1)"} <= set(texts(root))


def test_only_the_tokens_with_most_neighbours_are_drawn_and_the_rest_is_counted() -> None:
    root = draw(nodes=2)
    assert len(list(root.iter(SVG + "circle"))) == 2
    assert (
        "shown: of 4 tokens that have a relation the 2 with most neighbours, and of 4 relations "
        "the 2 between them"
    ) in texts(root)
    assert {"Cats", "chase"} <= set(texts(root))
    assert "mice" not in texts(root)


def test_a_large_document_stays_small_and_inside_the_frame() -> None:
    random = np.random.default_rng(0)
    size = 3000
    ends = random.integers(0, size, (2, 6000)).T.tolist()
    graph = graph_of(size, *((a, b, "x", "cooccurrence") for a, b in ends))
    svg = network(document(" ".join(["word"] * size)), graph, title="t", nodes=60)
    assert len(svg) < 100_000
    for circle in ElementTree.fromstring(svg).iter(SVG + "circle"):
        assert 0 < float(circle.get("cx", "")) < 992
        assert 0 < float(circle.get("cy", "")) < 672


def test_hostile_text_is_escaped_and_the_page_accepts_the_drawing() -> None:
    words = Document("d", (Sentence((Token(0, HOSTILE), Token(1, "ok"))),))
    svg = network(words, graph_of(2, (0, 1, HOSTILE, "dependency")), title=HOSTILE)
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "[U+0000]" in svg
    safe_svg(svg, prefix="x", label="y")


def test_drawings_are_the_same_every_time_and_described() -> None:
    assert network(WORDS, STAR, title="t") == network(WORDS, STAR, title="t")
    description = draw().findtext(SVG + "desc") or ""
    assert "2 dependency, 1 coreference, 1 co-occurrence" in description
    assert "Cats (2), chase (2)" in description
    nothing = draw(graph_of(5)).findtext(SVG + "desc") or ""
    assert "Relations drawn: none" in nothing
    assert draw(graph_of(0), Document("empty")) is not None


def test_bad_input_is_named() -> None:
    with pytest.raises(ReportError, match="'d' has 5 tokens, its graph 2 nodes"):
        network(WORDS, graph_of(2), title="t")
    with pytest.raises(ReportError, match="nodes=0"):
        network(WORDS, STAR, title="t", nodes=0)


def test_linked_nodes_end_up_nearer_than_others() -> None:
    links = np.array([[0, 1, 2, 4, 5, 6], [1, 2, 3, 5, 6, 7]])
    places = force_layout(8, links, width=400.0, height=300.0)
    assert places.min() >= 0.0
    assert places[:, 0].max() == pytest.approx(400.0)
    assert places[:, 1].max() == pytest.approx(300.0)
    distance = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    across = distance[:4, 4:].mean()
    assert distance[links[0], links[1]].mean() < across / 2
    assert force_layout(0, links[:, :0], width=1.0, height=1.0).shape == (0, 2)
    assert force_layout(1, links[:, :0], width=4.0, height=2.0).tolist() == [[2.0, 1.0]]


def test_boxes_are_moved_apart() -> None:
    places = np.array([[50.0, 50.0], [52.0, 50.0], [50.0, 51.0], [50.0, 50.0]])
    moved = spread_boxes(places, np.full((4, 2), 10.0), width=100.0, height=100.0)
    apart = np.abs(moved[:, None] - moved[None, :])[np.triu_indices(4, 1)]
    assert (apart.max(axis=1) > 8.0).all()
