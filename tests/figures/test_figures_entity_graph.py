"""Drawings of entity graphs: what is drawn and said, nothing on top of anything, hostile text."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import entity_tools as tools
import pandas as pd
import pytest

from linguagraph.aggregates.entity_selection import item_edges, part_of_item
from linguagraph.errors import ReportError, TableError
from linguagraph.figures import arcs_to_pdf
from linguagraph.figures.entity_graph import RELATIONS, entity_graph
from linguagraph.figures.entity_layout import PORT, lay_out_entities, merge_lines
from linguagraph.figures.palette import SERIES
from linguagraph.reports.svg import safe_svg

SVG = "{http://www.w3.org/2000/svg}"

Row = tuple[int, int, int, str, float]


def table(rows: list[Row]) -> pd.DataFrame:
    columns = ["layer", "source", "target", "label", "retained_share"]
    return pd.DataFrame(rows, columns=columns).assign(edge=range(len(rows)))


def drawn(rows: list[Row], **changes: Any) -> str:
    return entity_graph(table(rows), tools.mentions(**changes), title="A question")


def texts(svg: str) -> list[str]:
    return [str(e.text) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: str, start: str) -> dict[str, ElementTree.Element]:
    """Groups by their title, of those that begin so."""
    return {
        str(title.text): group
        for group in ElementTree.fromstring(svg).iter(f"{SVG}g")
        if (title := group.find(f"{SVG}title")) is not None and str(title.text).startswith(start)
    }


def boxes(svg: str) -> list[str]:
    return [text for text in texts(svg) if text.startswith("Document ")]


ROWS: list[Row] = [
    (0, 0, 3, "DOC-BASED", 1.0),
    (1, 3, 5, "MATCH", 0.75),
    (2, 5, 7, "DOC-BASED", 1.0),
    (0, 2, 0, "COREF", 0.5),
    (0, 12, 22, "COMPLEMENT", 1.0),
    (0, 12, 23, "COMPLEMENT", 0.25),
]


def test_documents_with_retained_edges_are_boxes_from_the_subject_to_the_answer() -> None:
    svg = drawn(ROWS)
    found = boxes(svg)
    assert found[0] == "Document 0, gold"
    assert found[-1] == "Document 1, gold"
    assert set(found[1:-1]) == {"Document 2", "Document 4"}
    said = " ".join(texts(svg))
    assert "3 of 5 mentions" in said
    assert "4 more documents have mentions, but none that a line joins." in said
    assert len(titles(svg, "Mention ")) == 7


def test_relations_differ_by_colour_and_dashes_and_weak_edges_are_thin() -> None:
    svg = drawn(ROWS)
    looks = {}
    for relation in RELATIONS:
        ((_, group), *_) = titles(svg, relation).items()
        *_, line, _ = group.findall(f"{SVG}path")
        looks[relation] = line.attrib
    assert [looks[r]["stroke"] for r in RELATIONS] == [s.color for s in SERIES[:4]]
    assert len({looks[r].get("stroke-dasharray") for r in RELATIONS}) == 4
    strong, weak = looks["DOC-BASED"], looks["COREF"]
    for name in ("stroke-width", "stroke-opacity"):
        assert float(strong[name]) > float(weak[name])
    assert set(RELATIONS) <= set(texts(svg))


def test_edges_retained_by_under_half_of_the_seeds_are_not_drawn() -> None:
    assert len(titles(drawn(ROWS), "COMPLEMENT")) == 1
    nothing = drawn([(0, 0, 3, "MATCH", 0.4)])
    assert "No edge is retained by at least half of the seeds." in " ".join(texts(nothing))
    assert arcs_to_pdf(nothing).startswith(b"%PDF")


def test_layers_of_a_pair_and_inverse_edges_are_one_line() -> None:
    both = [(0, 1, 4, "DOC-BASED", 1.0), (2, 1, 4, "DOC-BASED", 0.5)]
    svg = drawn([*both, (0, 4, 1, "DOC-BASED", 1.0), (2, 4, 1, "DOC-BASED", 0.5)])
    ((spoken, group),) = titles(svg, "DOC-BASED").items()
    assert spoken == (
        "DOC-BASED from Kirrin Sound (1) to Tern & Gull (4) and back, layers 0, 2, retained by "
        "75% of seeds"
    )
    heads = [path for path in group.findall(f"{SVG}path") if "z" in path.attrib["d"]]
    assert len(heads) == 2
    assert texts(svg).count("0,2") == 2  # at both ends
    svg = drawn([*both, (0, 4, 1, "DOC-BASED", 1.0)])  # not in the same layers: two lines
    assert len(titles(svg, "DOC-BASED")) == 2
    svg = drawn([*both, (0, 1, 4, "COREF", 1.0)])  # nor of the same relation
    assert len(titles(svg, "COREF")) == 1


def test_what_leads_from_the_subject_to_the_answer_is_underlaid() -> None:
    svg = drawn(ROWS)
    paths = {spoken: len(group.findall(f"{SVG}path")) for spoken, group in titles(svg, "").items()}
    led = [spoken for spoken, number in paths.items() if number == 3]
    assert len(led) == 3
    assert all(" (22)" not in spoken for spoken in led)
    assert "on a path from the subject to the answer" in texts(svg)
    assert "on a path from the subject to the answer" not in texts(drawn(ROWS[1:]))


def test_mentions_look_like_what_they_are() -> None:
    rows = [(0, 0, 4, "DOC-BASED", 1.0), (0, 11, 12, "DOC-BASED", 1.0), (0, 8, 7, "COREF", 1.0)]
    rows.append((0, 5, 6, "DOC-BASED", 1.0))
    svg = drawn(rows, predicted=0, answer=3)
    found = titles(svg, "Mention ")
    kinds = {spoken.partition(":")[0]: spoken.rpartition(" (")[2] for spoken in found}
    assert kinds["Mention 0 in document 0"] == "subject of the question)"
    assert kinds["Mention 7 in document 1"] == "other candidate, predicted answer)"
    assert kinds["Mention 12 in document 2"] == "right answer)"
    assert kinds["Mention 8 in document 1"] == "refers back to a name)"
    shapes = {
        spoken.partition(":")[0]: Counter(e.tag.removeprefix(SVG) for e in group)
        for spoken, group in found.items()
    }
    assert shapes["Mention 0 in document 0"]["rect"] == 3  # paper and two outlines
    assert shapes["Mention 4 in document 0"]["rect"] == 2
    assert shapes["Mention 5 in document 1"]["path"] == 1  # dashes
    tags = Counter(t for t in texts(svg) if t in ("query", "answer", "right answer"))
    assert tags == {"query": 1, "answer": 2, "right answer": 2}  # the last once in the key
    assert "answer, right" in texts(drawn(rows, predicted=0, answer=0))


def test_long_texts_are_cut_and_whole_on_hover() -> None:
    svg = drawn([(0, 24, 22, "DOC-BASED", 1.0)])
    assert "A Year on Kirrin Sound and Ot…" in texts(svg)
    assert any("A Year on Kirrin Sound and Other Tides" in t for t in titles(svg, "Mention 24"))
    wide = entity_graph(table(ROWS), tools.mentions().assign(text="本" * 90), title="A")
    assert "本" * 16 + "…" in texts(wide)
    assert float(ElementTree.fromstring(wide).attrib["width"]) < 800


def test_what_is_missing_is_said() -> None:
    said = " ".join(texts(drawn([(0, 1, 4, "DOC-BASED", 1.0)])))
    assert "No line joins a mention of the subject." in said
    assert "No line joins a mention of the predicted answer." in said


@pytest.mark.parametrize("retained", [12, 60, 150])
def test_lines_meet_only_where_they_cross(retained: int) -> None:
    mentions = tools.mentions()
    edges = item_edges(tools.edge_rows(mentions, retained), 0)
    part = part_of_item(edges, mentions)
    lines = merge_lines(part.edges)
    assert sum(len(line.layers) * (1 + line.both) for line in lines) == min(retained, 60)
    supports = dict(zip(mentions["node"], mentions["support"], strict=True))
    layout = lay_out_entities(lines, supports, first=[0, 22, 32], last=[7, 11], top=0.0)
    ends, lanes = defaultdict(list), defaultdict(list)
    for line, ports, lane, inside in zip(
        lines, layout.ports, layout.lanes, layout.inside, strict=True
    ):
        assert inside == (supports[line.source] == supports[line.target])
        for node, y in zip((line.source, line.target), ports, strict=True):
            top, height = layout.bars[node]
            assert top < y < top + height
            ends[inside].append(y)
        lanes[inside, lane].append(sorted(ports))
    for heights in ends.values():
        assert all(b - a >= PORT - 1e-6 for a, b in pairwise(sorted(heights)))
    for held in lanes.values():
        assert all(b[0] - a[1] > 5 for a, b in pairwise(sorted(held)))
    order = [place for box in layout.boxes for place in (box.top, box.top + box.height)]
    assert order == sorted(order)
    svg = entity_graph(edges, mentions, title="A question")
    assert ("Not drawn: 90 of 150" in " ".join(texts(svg))) == (retained == 150)
    assert len(svg.encode()) < 90_000
    assert float(ElementTree.fromstring(svg).attrib["width"]) < 800


def test_hostile_texts_are_escaped_and_the_drawing_passes_the_audit() -> None:
    bad = "<script>alert(1)</script>\u202e"
    mentions = tools.mentions().assign(text=bad)
    svg = entity_graph(
        table([(0, 0, 3, bad, 1.0)]), mentions, title=bad, relations=(*RELATIONS, bad)
    )
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "<script" not in str(safe_svg(svg, prefix="x", label="a drawing"))


def test_it_becomes_a_pdf_and_is_the_same_every_time() -> None:
    first, second = (drawn(ROWS) for _ in range(2))
    assert first == second
    assert arcs_to_pdf(first).startswith(b"%PDF")


def test_mistakes_are_named() -> None:
    with pytest.raises(TableError, match="label"):
        entity_graph(table(ROWS).drop(columns="label"), tools.mentions(), title="A")
    with pytest.raises(TableError, match="support"):
        entity_graph(table(ROWS), tools.mentions().drop(columns="support"), title="A")
    with pytest.raises(ReportError, match=r"unknown relations \['FRIEND'\]"):
        drawn([(0, 0, 3, "FRIEND", 1.0)])
    with pytest.raises(ReportError, match=r"mentions \[99\]"):
        drawn([(0, 0, 99, "MATCH", 1.0)])
