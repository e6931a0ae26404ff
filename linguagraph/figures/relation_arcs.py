"""A sentence and its part of a merged graph -> an SVG drawing of its relations.

Dependencies are arcs above the tokens, coreference and co-occurrence arcs below; kinds differ by
side, colour and dashes. Each relation is one arc, though the graph has an edge each way.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from linguagraph.documents.records import Sentence
from linguagraph.errors import ReportError
from linguagraph.figures.arc_drawing import GUTTER, LABEL_SIZE, MARGIN, Legend, draw, token_width
from linguagraph.figures.arc_layout import Arc, lay_out
from linguagraph.figures.text import shorten, visible, width_in_ems
from linguagraph.graphs.textgraph import KINDS, TextGraph

__all__ = ["KIND_NAMES", "relation_arcs"]

KIND_NAMES = {
    "dependency": "dependency",
    "coreference": "coreference",
    "cooccurrence": "co-occurrence",
}
"""Kinds of edges as they are written for readers."""

_KEY = "arrows: from head to dependent, from antecedent to anaphor; co-occurrence has no direction"
_STRENGTH = 0.5  # of all lines; half of the strongest


def relation_arcs(
    sentence: Sentence,
    graph: TextGraph,
    *,
    title: str,
    leaving: Mapping[str, int] | None = None,
) -> str:
    """Draw the relations between the tokens of a sentence as a standalone SVG document.

    Args:
        sentence: the tokens.
        graph: over these tokens; of each relation the edge ``->`` is drawn. Edges from a token to
            itself are left out.
        title: the drawing's name for screen readers.
        leaving: relations by kind that join the sentence to others; written below.

    Raises:
        ReportError: the graph has another number of nodes than the sentence has tokens.
    """
    if graph.num_nodes != len(sentence):
        raise ReportError(
            f"a graph of {graph.num_nodes} nodes cannot be drawn on {len(sentence)} tokens"
        )
    drawn = _collect(sentence, graph)
    outside = _leaving_text(leaving or {})
    widths = [token_width(form, ()) for form in sentence.forms]
    present = {KINDS[arc.layer] for arc in drawn} or {"dependency"}
    above, below = (
        tuple((number, KIND_NAMES[kind]) for number, kind in enumerate(KINDS) if kind in side)
        for side in (present & {"dependency"}, present - {"dependency"})
    )
    root = draw(
        sentence.forms,
        drawn,
        lay_out(drawn, widths, start=MARGIN + GUTTER),
        legend=Legend(above, below, rows=(), key=f"{_KEY}; {outside}" if outside else _KEY),
        predicate=None,
        roles={},
        title=visible(title),
        description=_describe(sentence, drawn, outside),
    )
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _collect(sentence: Sentence, graph: TextGraph) -> list[Arc]:
    found = []
    weights = graph.weights or (None,) * graph.num_edges
    edges = zip(
        *graph.edge_index.tolist(),
        graph.labels,
        graph.directions,
        graph.edge_kinds,
        weights,
        strict=True,
    )
    for source, target, label, direction, kind, weight in edges:
        if direction != "->" or source == target:
            continue
        mutual = kind == "cooccurrence"
        text = f"{weight:.1f}" if mutual and weight is not None else shorten(label, 24)
        first, second = (visible(sentence.forms[token]) for token in (source, target))
        spoken = f"{KIND_NAMES[kind]}: " + (
            f"{first} and {second}" if mutual else f"{visible(label)} from {first} to {second}"
        )
        if mutual and weight is not None:
            spoken += f", score {weight:.2f}"
        found.append(
            Arc(
                source=source,
                target=target,
                text=text,
                width=width_in_ems(text) * LABEL_SIZE * 1.15 + 6.0,
                above=kind == "dependency",
                layer=KINDS.index(kind),
                share=_STRENGTH,
                both=mutual,
                spoken=spoken,
            )
        )
    return found


def _leaving_text(leaving: Mapping[str, int]) -> str:
    parts = [f"{leaving[kind]:,} {KIND_NAMES[kind]}" for kind in KINDS if leaving.get(kind)]
    return f"relations with other sentences, not drawn: {', '.join(parts)}" if parts else ""


def _describe(sentence: Sentence, drawn: list[Arc], outside: str) -> str:
    words = " ".join(visible(form) for form in sentence.forms)
    said = [arc.spoken for arc in drawn] or ["No relations"]
    return ". ".join([f"Sentence: {words}", *said, *([outside] if outside else [])]) + "."
