"""Node-link drawings: what is written and drawn, consistent styles, hostile labels, and a PDF."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest

from linguagraph.errors import ReportError, TableError
from linguagraph.figures import arcs_to_pdf
from linguagraph.figures.graph_layers import graph_layers
from linguagraph.figures.palette import SERIES, SOFT
from linguagraph.reports.svg import safe_svg

SVG = "{http://www.w3.org/2000/svg}"
LABELS = ["says", "hears"]


def table(rows: list[tuple[int, int, str, int, float, str]]) -> pd.DataFrame:
    columns = ["source", "target", "label", "layer", "retained_share", "needed"]
    return pd.DataFrame(rows, columns=columns)


EDGES = table(
    [
        (0, 1, "says", 0, 1.0, ""),
        (1, 0, "hears", 0, 0.4, ""),
        (2, 0, "says", 0, 0.0, ""),
        (0, 1, "says", 1, 0.0, ""),
        (1, 0, "hears", 1, 1.0, ""),
        (2, 2, "hears", 1, 0.0, ""),
    ]
)


def texts(svg: str) -> list[str]:
    return [str(e.text) for e in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def paths(svg: str) -> list[ElementTree.Element]:
    """Edges, each with its title."""
    return [
        g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if g.find(f"{SVG}title") is not None
    ]


def test_every_edge_of_every_layer_is_drawn_and_named_if_retained() -> None:
    svg = graph_layers(EDGES, title="A graph", labels=LABELS)
    found = texts(svg)
    assert [t for t in found if t.startswith("layer")] == ["layer 0", "layer 1"]
    assert len(paths(svg)) == len(EDGES)
    assert found.count("says") == 2  # once on the retained edge, once in the key
    assert "hears 40%" in found
    assert [t for t in found if t in "012"] == ["0", "1", "2"] * 2
    assert not any(t.startswith(("missed", "extra")) for t in found)


def test_retained_edges_differ_from_others_by_width_colour_and_dashes() -> None:
    svg = graph_layers(EDGES, title="A graph", labels=LABELS)
    lines = {str(g[0].text): g[1].attrib for g in paths(svg)}
    strong = lines["says from 0 to 1, retained by 100% of seeds"]
    faint = lines["says from 0 to 1, retained by 0% of seeds"]
    assert (strong["stroke"], faint["stroke"]) == (SERIES[0].color, SOFT)
    assert float(strong["stroke-width"]) > 3 * float(faint["stroke-width"])
    other = lines["hears from 1 to 0, retained by 100% of seeds"]
    assert other["stroke"] == SERIES[1].color
    assert "stroke-dasharray" in other
    assert "stroke-dasharray" not in strong


def test_a_label_looks_the_same_in_every_drawing() -> None:
    svg = graph_layers(EDGES[EDGES["label"] == "hears"], title="A", labels=LABELS)
    kept = next(g for g in paths(svg) if "100%" in str(g[0].text))
    assert kept[1].attrib["stroke"] == SERIES[1].color


def test_what_is_known_to_be_needed_is_compared() -> None:
    rows = [
        (1, 0, "says", 0, 1.0, "yes"),
        (2, 0, "says", 0, 0.0, "yes"),
        (3, 0, "hears", 0, 0.6, "no"),
        (4, 0, "hears", 0, 0.0, "no"),
    ]
    found = texts(graph_layers(table(rows), title="A", labels=LABELS))
    assert {"says", "missed: says", "extra: hears 60%"} <= set(found)
    assert any(t.startswith("missed: needed by construction") for t in found)


def test_many_labels_share_the_last_style() -> None:
    labels = [f"label{i}" for i in range(9)]
    rows = [(i, i + 1, name, 0, 1.0, "") for i, name in enumerate(labels)]
    svg = graph_layers(table(rows), title="A", labels=labels)
    assert "4 other labels" in texts(svg)
    assert {g[1].attrib["stroke"] for g in paths(svg)} == {s.color for s in SERIES}


def test_hostile_labels_are_escaped_and_the_drawing_passes_the_audit() -> None:
    bad = "<script>alert(1)</script>\u202e"
    svg = graph_layers(table([(0, 1, bad, 0, 1.0, "")]), title=bad, labels=[bad])
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "<script" not in str(safe_svg(svg, prefix="x", label="a drawing"))


def test_it_becomes_a_pdf() -> None:
    assert arcs_to_pdf(graph_layers(EDGES, title="A", labels=LABELS)).startswith(b"%PDF")


def test_the_same_edges_give_the_same_drawing() -> None:
    first, second = (graph_layers(EDGES, title="A", labels=LABELS) for _ in range(2))
    assert first == second


def test_mistakes_are_named() -> None:
    with pytest.raises(TableError, match="needed"):
        graph_layers(EDGES.drop(columns="needed"), title="A", labels=LABELS)
    with pytest.raises(ReportError, match=r"unknown labels \['hears'\]"):
        graph_layers(EDGES, title="A", labels=["says"])
