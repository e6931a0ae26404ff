"""A sentence and its edges -> an SVG drawing of dependency arcs, retained ones strong.

Drawn here rather than by a library: punctuation arcs are kept, any graph will do, and a sentence
of a hundred words becomes wide (the page scrolls it) instead of small. Layers differ by side,
colour and dashes, and every arc carries its label and, on hover, the whole edge in words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from linguagraph.documents.records import Sentence
from linguagraph.errors import ReportError
from linguagraph.figures.arc_drawing import GUTTER, LABEL_SIZE, MARGIN, Legend, draw, token_width
from linguagraph.figures.arc_layout import Arc, lay_out
from linguagraph.figures.panels import require_columns
from linguagraph.figures.text import shorten, visible, width_in_ems

__all__ = ["arcs"]


def arcs(
    sentence: Sentence,
    edges: pd.DataFrame,
    *,
    predicate: int,
    gold: Mapping[int, str],
    predicted: Mapping[int, str],
    title: str,
    marked: Collection[tuple[int, int, int]] = (),
    strong: str = "",
) -> str:
    """Draw the dependency edges of one example, per GNN layer, as a standalone SVG document.

    The upper half of the layers is drawn above the tokens, the lower half below. An edge that no
    seed retains is faint; where that holds for both directions of a dependency, one faint arc with
    two heads stands for both. Arrow heads point at the target of the message. Edges from a token
    to itself are left out.

    Args:
        sentence: the tokens.
        edges: columns ``source``, ``target`` (token indices), ``label``, ``direction`` (``->`` head
            to dependent, ``<-`` dependent to head), ``layer`` (0 is the bottom) and
            ``retained_share`` (share of seeds that retain the edge, in [0, 1]).
        predicate: token index of the predicate.
        gold: gold role by token index.
        predicted: predicted role by token index.
        title: the drawing's name for screen readers.
        marked: source, target and layer of edges that are set off by a band along the arc.
        strong: where the shares are 0 or 1 and not of seeds, what 1 means: "on the best path".

    Raises:
        TableError: ``edges`` lacks a column.
        ReportError: an index lies outside the sentence.
    """
    require_columns(edges, "source", "target", "label", "direction", "layer", "retained_share")
    size = len(sentence)
    named = {predicate, *gold, *predicted, *edges["source"], *edges["target"]}
    outside = sorted(int(i) for i in named if not 0 <= i < size)
    if outside:
        raise ReportError(f"token indices {outside} lie outside a sentence of {size} tokens")
    layers = sorted({int(layer) for layer in edges["layer"]})
    drawn = _collect(sentence, edges, layers, marked, strong)
    roles = _role_rows(sentence, predicate, gold, predicted)
    widths = [token_width(form, roles.get(i, ())) for i, form in enumerate(sentence.forms)]
    root = draw(
        sentence.forms,
        drawn,
        lay_out(drawn, widths, start=MARGIN + GUTTER),
        legend=_legend(layers, marked, strong),
        predicate=predicate,
        roles=roles,
        title=visible(title),
        description=_describe(sentence, drawn, predicate, layers, roles, strong),
    )
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _legend(layers: list[int], marked: Collection[tuple[int, int, int]], strong: str) -> Legend:
    legend = Legend.of_layers(layers)
    legend = replace(legend, key=f"strong arcs: {strong}") if strong else legend
    return replace(legend, key=f"{legend.key}; a band: what was searched for") if marked else legend


def _collect(
    sentence: Sentence,
    edges: pd.DataFrame,
    layers: list[int],
    marked: Collection[tuple[int, int, int]],
    strong: str,
) -> list[Arc]:
    """Return the arcs; two superfluous directions of a dependency in one layer become one arc."""
    columns = ("source", "target", "label", "direction", "layer", "retained_share")
    found: dict[tuple[Any, ...], tuple[int, int, str, str, int, float]] = {}
    faint_pairs: set[tuple[Any, ...]] = set()
    for source, target, label, direction, layer, share in zip(
        *(edges[c].tolist() for c in columns), strict=True
    ):
        edge = (int(source), int(target), str(label), str(direction), int(layer), float(share))
        if edge[0] == edge[1]:
            continue
        pair = (edge[4], min(edge[:2]), max(edge[:2]), edge[2])
        other = (edge[1], edge[0], edge[2], edge[4])
        either = {(edge[0], edge[1], edge[4]), (edge[1], edge[0], edge[4])}
        alone = not either.isdisjoint(marked)
        if not alone and edge[5] == 0.0 and other in found and found[other][5] == 0.0:
            faint_pairs.add(pair)
            continue
        found[edge[0], edge[1], edge[2], edge[4]] = edge
    above = set(layers[(len(layers)) // 2 :])
    crowded = len(layers) > 2
    return [
        _arc(
            sentence,
            edge,
            above=edge[4] in above,
            crowded=crowded,
            both=(edge[4], min(edge[:2]), max(edge[:2]), edge[2]) in faint_pairs and edge[5] == 0.0,
            marked=(edge[0], edge[1], edge[4]) in marked,
            strong=strong,
        )
        for edge in found.values()
    ]


def _arc(
    sentence: Sentence,
    edge: tuple[int, int, str, str, int, float],
    *,
    above: bool,
    crowded: bool,
    both: bool,
    marked: bool,
    strong: str,
) -> Arc:
    source, target, label, direction, layer, share = edge
    text = shorten(label, 24)
    if not both:
        text += f" {direction}" if direction in ("->", "<-") else ""
    if 0.0 < share < 1.0:
        text += f" {share:.0%}"
    if crowded:
        text += f" L{layer}"
    first, second = (visible(sentence.forms[i]) for i in (source, target))
    arrow = "in both directions" if both else f"direction {visible(direction)}"
    held = f"retained by {share:.0%} of seeds"
    if strong:
        held = strong if share > 0 else f"not {strong}"
    spoken = f"Layer {layer}: {visible(label)} from {first} to {second}, {arrow}, {held}"
    spoken += ", searched for" if marked else ""
    width = width_in_ems(text) * LABEL_SIZE * (1.15 if share > 0.0 else 1.0) + 6.0
    return Arc(source, target, text, width, above, layer, share, both, spoken, marked)


def _role_rows(
    sentence: Sentence, predicate: int, gold: Mapping[int, str], predicted: Mapping[int, str]
) -> dict[int, tuple[str, str, str]]:
    """Return per token with a role: the gold role, the predicted role, and how they compare."""
    rows = {}
    for token in sorted({*gold, *predicted}):
        ours, theirs = visible(predicted.get(token, "–")), visible(gold.get(token, "–"))
        if token not in predicted:
            verdict = "missed"
        elif token not in gold:
            verdict = "not in gold"
        else:
            verdict = "agree" if ours == theirs else "differ"
        rows[token] = (shorten(theirs, 20), shorten(ours, 20), verdict)
    return rows


def _describe(
    sentence: Sentence,
    drawn: list[Arc],
    predicate: int,
    layers: list[int],
    roles: Mapping[int, tuple[str, str, str]],
    strong: str,
) -> str:
    kept = [arc.spoken for arc in sorted(drawn, key=lambda a: (-a.share, a.layer)) if arc.share > 0]
    words = [visible(form) for form in sentence.forms]
    parts = [
        f"Sentence: {' '.join(words)}",
        f"Predicate: {words[predicate]}",
        *(
            f"{words[token]}: gold role {theirs}, predicted role {ours} ({verdict})"
            for token, (theirs, ours, verdict) in roles.items()
        ),
        f"Layers {', '.join(map(str, layers))}" if layers else "No edges",
        *(kept or [f"No edge is {strong or 'retained by any seed'}"]),
    ]
    return ". ".join(parts) + "."
