"""A small report with every kind of block, hostile text among it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from linguagraph.documents.records import Sentence, Token
from linguagraph.figures import arcs, bars, lines, stacked, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section, TableBlock

HOSTILE_TEXT = (
    '<script>document.title="owned"</script>" onload="x" ]]> \u202eesrever \x00 ${{1}} &amp;'
)


def _labels() -> pd.DataFrame:
    rows = [
        {"label": f"{name} {way}", "share": i / 100, "low": i / 110, "high": i / 90, "n": 1000 + i}
        for i, (name, way) in enumerate(
            (n, w) for n in ("nsubj", "obj", "obl", "punct", "det") for w in ("->", "<-")
        )
    ]
    return pd.DataFrame(rows)


def _distances() -> pd.DataFrame:
    rows = [
        {"predicate_type": t, "distance": d, "share": s - i / 10, "low": s - 0.2, "high": s}
        for t, s in (("V", 0.9), ("N", 0.7))
        for i, d in enumerate(("1", "2", "3–5"))
    ]
    return pd.DataFrame(rows)


def _paths() -> pd.DataFrame:
    rows = [("V", "0", 0.4), ("V", "1", 0.6), ("N", "0", 0.7), ("N", "1", 0.3)]
    return pd.DataFrame(rows, columns=["paths", "retained", "share"])


def _arcs(words: int) -> str:
    sentence = Sentence(
        tuple(Token(i, HOSTILE_TEXT if i == 2 else f"word{i}") for i in range(words))
    )
    rows = [
        (i, i + 1, "dep", "->", layer, float(i % 3 == 0))
        for i in range(words - 1)
        for layer in (0, 1)
    ]
    names = ["source", "target", "label", "direction", "layer", "retained_share"]
    table = pd.DataFrame(rows, columns=names)
    return arcs(
        sentence, table, predicate=1, gold={0: "A0"}, predicted={0: "A1"}, title="An example"
    )


@pytest.fixture(scope="session")
def hostile_text() -> str:
    """Text that breaks pages which do not escape it."""
    return HOSTILE_TEXT


@pytest.fixture(scope="session")
def sections() -> tuple[Section, ...]:
    """Four sections: charts with folded data, a long table, arcs, and one of hostile text."""
    labels, distances = _labels(), _distances()
    first = bars(labels, y="label", x="share", low="low", high="high", xlabel="retained")
    second = lines(
        distances, x="distance", y="share", hue="predicate_type", xlabel="tokens", ylabel="paths"
    )
    third = stacked(_paths(), y="paths", x="share", hue="retained", xlabel="paths")
    hostile = pd.DataFrame({HOSTILE_TEXT: [HOSTILE_TEXT, "b"], "v": [0.1, 0.2]})
    fourth = bars(hostile, y=HOSTILE_TEXT, x="v", xlabel=HOSTILE_TEXT)
    wide = pd.DataFrame({f"column_number_{i}": [1.5] * 60 for i in range(14)})
    return (
        Section(
            "labels",
            "Which labels are retained",
            "Which labels does the model need?",
            "Subjects are retained most.",
            (
                FigureBlock(
                    "labels", "Share by label.", "det leads", to_svg(first), to_pdf(first), "labels"
                ),
                FigureBlock("distance", "Share by distance.", "It falls.", to_svg(second)),
            ),
            (
                TableBlock("labels", "Share by label. n: edges.", labels, ("share", "low", "high")),
                TableBlock("wide", "A wide table.", wide),
            ),
            ("Intervals resample sentences.",),
        ),
        Section(
            "paths",
            "Paths",
            "How much of a path?",
            "Little.",
            (FigureBlock("paths", "Paths.", "Most have none.", to_svg(third)),),
        ),
        Section(
            "examples",
            "Examples",
            "What does it look like?",
            "Like this.",
            (
                FigureBlock("short", "A short one.", "Four arcs.", _arcs(6)),
                FigureBlock("long", "A long one.", "Many arcs.", _arcs(110)),
            ),
        ),
        Section(
            "hostile",
            HOSTILE_TEXT,
            HOSTILE_TEXT,
            HOSTILE_TEXT,
            (FigureBlock("hostile", HOSTILE_TEXT, HOSTILE_TEXT, to_svg(fourth)),),
            (TableBlock("hostile", HOSTILE_TEXT, hostile, folded=True),),
            (HOSTILE_TEXT,),
        ),
    )


@pytest.fixture(scope="session")
def summary() -> dict[str, Any]:
    """Numbers as a run gives them."""
    return {
        "model": "srl-gnn",
        "corpus": {"sentences": 2001, "tokens": 25150, "predicates": 4391, "edges": 190123},
        "score": {"original": 0.843, "masked": [0.835, 0.833], "metric": "role F1"},
        "retained": {"overall": 0.162, "per_layer": [0.221, 0.103]},
        "agreement": {
            "fleiss_kappa": 0.812,
            "ci_low": 0.79,
            "ci_high": 0.83,
            "raw_agreement": 0.943,
            "prevalence": 0.162,
        },
    }


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """A manifest with nesting, lists and hostile text."""
    return {
        "versions": {"linguagraph": "0.1.0"},
        "seeds": [0, 1],
        "corpus": {"path": HOSTILE_TEXT, "dropped": {}},
        "stages": [{"name": "mask", "wall_seconds": 1.25}],
    }
