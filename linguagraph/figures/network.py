"""A document and its merged graph -> an SVG drawing by a force layout, bounded in size.

A static drawing that requests nothing. Kinds of relations differ by colour and dashes; a relation
is one line, though the graph has an edge each way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.records import Document
from linguagraph.errors import ReportError
from linguagraph.figures.force import force_layout, spread_boxes
from linguagraph.figures.palette import INK, PAPER, SOFT, series
from linguagraph.figures.relation_arcs import KIND_NAMES
from linguagraph.figures.text import shorten, visible, width_in_ems
from linguagraph.graphs.textgraph import KINDS, TextGraph

__all__ = ["network"]

_WIDTH, _HEIGHT, _MARGIN, _FOOT = 960.0, 640.0, 16.0, 56.0
_SIZE = 11.0
_LINES = 4  # most relations of one kind and pair that are spoken of


@dataclass(frozen=True, slots=True)
class _Relation:
    """One line: its ends (places in the list of drawn nodes), kind, and what it says."""

    source: int
    target: int
    kind: str
    spoken: tuple[str, ...]
    weight: float


@dataclass(frozen=True, eq=False)
class _Choice:
    """What is drawn: tokens by position in the document, their neighbours, and the relations."""

    nodes: list[int]
    degree: list[int]
    relations: list[_Relation]
    linked: int
    total: int


def network(document: Document, graph: TextGraph, *, title: str, nodes: int = 80) -> str:
    """Draw the tokens with most neighbours and the relations between them.

    Args:
        document: the tokens.
        graph: over all tokens of the document.
        title: the drawing's name for screen readers.
        nodes: most tokens that are drawn; those with most neighbours, of equal ones the earlier.
            The drawing says how many tokens and relations it leaves out.

    Returns:
        A standalone SVG document of 960 by 712 pixels.

    Raises:
        ReportError: the graph has another number of nodes than the document has tokens, or
            ``nodes`` is below 1.
    """
    forms = [form for sentence in document.sentences for form in sentence.forms]
    if graph.num_nodes != len(forms):
        raise ReportError(
            f"document {document.id!r} has {len(forms)} tokens, its graph {graph.num_nodes} nodes"
        )
    if nodes < 1:
        raise ReportError(f"nodes={nodes}; expected at least 1")
    choice = _choose(graph, forms, nodes)
    words = [shorten(forms[node], 18) for node in choice.nodes]
    places = _place(words, choice)
    root = _root(visible(title), _describe(choice, forms))
    for relation in choice.relations:
        _draw_relation(root, relation, places, choice)
    positions = [(s, t) for s, part in enumerate(document.sentences) for t in range(len(part))]
    for at, word in enumerate(words):
        sentence, token = positions[choice.nodes[at]]
        spoken = (
            f"{visible(forms[choice.nodes[at]])}: sentence {sentence + 1}, token {token + 1}, "
            f"{choice.degree[at]} neighbours"
        )
        _draw_node(root, word, spoken, places[at], choice.degree[at])
    _draw_foot(root, choice)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _choose(graph: TextGraph, forms: list[str], nodes: int) -> _Choice:
    near: dict[int, set[int]] = defaultdict(set)
    edges = []
    weights = graph.weights or (1.0,) * graph.num_edges
    columns = (graph.labels, graph.directions, graph.edge_kinds, weights)
    for source, target, *rest in zip(*graph.edge_index.tolist(), *columns, strict=True):
        if source != target and rest[1] == "->":
            near[source].add(target)
            near[target].add(source)
            edges.append((source, target, rest[0], rest[2], rest[3]))
    best = sorted(near, key=lambda node: (-len(near[node]), node))[:nodes]
    kept = {node: place for place, node in enumerate(sorted(best))}
    lines: dict[tuple[int, int, str], list[tuple[str, int, int, float]]] = defaultdict(list)
    for source, target, label, kind, weight in edges:
        if source in kept and target in kept:
            first, second = visible(forms[source]), visible(forms[target])
            what = f"score {weight:.2f}" if kind == "cooccurrence" else visible(label)
            spoken = f"{KIND_NAMES[kind]}, {what}: {first} – {second}"
            pair = (min(kept[source], kept[target]), max(kept[source], kept[target]), kind)
            lines[pair].append((spoken, kept[source], kept[target], weight))
    relations = [
        _Relation(at[0][1], at[0][2], kind, tuple(s[0] for s in at[:_LINES]), at[0][3])
        for (*_, kind), at in lines.items()
    ]
    return _Choice(
        nodes=list(kept),
        degree=[len(near[node]) for node in kept],
        relations=relations,
        linked=len(near),
        total=len({(min(e[:2]), max(e[:2]), e[3]) for e in edges}),
    )


def _place(words: list[str], choice: _Choice) -> NDArray[np.float64]:
    """Middles of the nodes, with room for their words beneath them."""
    pairs = sorted({(min(r.source, r.target), max(r.source, r.target)) for r in choice.relations})
    links = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    places = force_layout(len(words), links, width=_WIDTH, height=_HEIGHT)
    widths = [max(width_in_ems(word) * _SIZE, 14.0) + 6.0 for word in words]
    sizes = np.stack((np.array(widths), np.full(len(words), 32.0)), axis=1)
    if len(words):
        places = np.clip(places, sizes / 2, np.array([_WIDTH, _HEIGHT]) - sizes / 2)
        places = spread_boxes(places, sizes, width=_WIDTH, height=_HEIGHT)
    return np.asarray(places - np.array([0.0, 7.0]))


def _root(title: str, description: str) -> ElementTree.Element:
    width, height = f"{_WIDTH + 2 * _MARGIN:g}", f"{_HEIGHT + 2 * _MARGIN + _FOOT:g}"
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "lg-figure",
            "width": width,
            "height": height,
            "viewBox": f"0 0 {width} {height}",
            "font-family": "sans-serif",
            "role": "img",
        },
    )
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "desc").text = description
    _add(root, "rect", x=0.0, y=0.0, width=float(width), height=float(height), fill=PAPER)
    return root


def _draw_relation(
    root: ElementTree.Element,
    relation: _Relation,
    places: NDArray[np.float64],
    choice: _Choice,
) -> None:
    """A line that bends by its kind, so that several kinds between two tokens can be seen."""
    start, end = places[relation.source] + _MARGIN, places[relation.target] + _MARGIN
    along = end - start
    length = max(float(np.hypot(*along)), 1e-6)
    unit = along / length
    order = 1.0 if relation.source < relation.target else -1.0
    bend = (0.0, 0.14, -0.14)[KINDS.index(relation.kind)] * order
    middle = (start + end) / 2 + bend * np.array([-along[1], along[0]])
    style = series(KINDS.index(relation.kind))
    group = ElementTree.SubElement(root, "g")
    ElementTree.SubElement(group, "title").text = "; ".join(relation.spoken)
    line: dict[str, str | float] = {
        "d": f"M {_pair(start)} Q {_pair(middle)} {_pair(end)}",
        "fill": "none",
        "stroke": style.color,
        "stroke-width": 1.4,
        "stroke-opacity": 0.75,
    }
    if style.dash:
        line["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
    _add(group, "path", **line)
    if relation.kind != "cooccurrence" and length > 24.0:
        into = end - middle
        unit = into / max(float(np.hypot(*into)), 1e-6)
        tip = end - unit * (_radius(choice.degree[relation.target]) + 1.0)
        side = np.array([-unit[1], unit[0]]) * 3.2
        back = tip - unit * 7.5
        head = f"M {_pair(tip)} L {_pair(back + side)} L {_pair(back - side)} Z"
        _add(group, "path", d=head, fill=style.color)


def _draw_node(
    root: ElementTree.Element, word: str, spoken: str, place: NDArray[np.float64], degree: int
) -> None:
    x, y = (float(value) + _MARGIN for value in place)
    radius = _radius(degree)
    group = ElementTree.SubElement(root, "g")
    ElementTree.SubElement(group, "title").text = spoken
    circle: dict[str, str | float] = {"stroke": INK, "stroke-width": 1.2, "fill": PAPER}
    _add(group, "circle", cx=x, cy=y, r=radius, **circle)
    width = width_in_ems(word) * _SIZE * 0.92
    behind: dict[str, str | float] = {"fill": PAPER, "fill-opacity": 0.8}
    _add(group, "rect", x=x - width / 2, y=y + radius + 1.0, width=width, height=13.0, **behind)
    _text(group, word, x, y + radius + 11.0, anchor="middle", fill=INK)


def _draw_foot(root: ElementTree.Element, choice: _Choice) -> None:
    """The key of the kinds, and what is left out."""
    counts = Counter(relation.kind for relation in choice.relations)
    x, y = _MARGIN, _HEIGHT + 2 * _MARGIN + 14.0
    for number, kind in enumerate(KINDS):
        if not counts[kind]:
            continue
        style = series(number)
        line: dict[str, str | float] = {"fill": "none", "stroke": style.color, "stroke-width": 2.0}
        if style.dash:
            line["stroke-dasharray"] = " ".join(f"{d:g}" for d in style.dash)
        _add(root, "path", d=f"M {x:.1f} {y - 4.0:.1f} h 32", **line)
        text = f"{KIND_NAMES[kind]} ({counts[kind]:,})"
        _text(root, text, x + 38.0, y, anchor="start", fill=INK)
        x += 38.0 + width_in_ems(text) * _SIZE + 20.0
    _text(root, _shown(choice), _MARGIN, y + 22.0, anchor="start", fill=SOFT)


def _shown(choice: _Choice) -> str:
    nodes, relations = len(choice.nodes), len(choice.relations)
    if nodes == choice.linked:
        return f"shown: all {nodes:,} tokens that have a relation, and all {relations:,} relations"
    return (
        f"shown: of {choice.linked:,} tokens that have a relation the {nodes:,} with most "
        f"neighbours, and of {choice.total:,} relations the {relations:,} between them"
    )


def _describe(choice: _Choice, forms: list[str]) -> str:
    counts = Counter(relation.kind for relation in choice.relations)
    hubs = sorted(range(len(choice.nodes)), key=lambda at: (-choice.degree[at], at))[:5]
    named = [f"{visible(forms[choice.nodes[at]])} ({choice.degree[at]})" for at in hubs]
    parts = [f"{counts[kind]:,} {KIND_NAMES[kind]}" for kind in KINDS if counts[kind]]
    return (
        f"Relations drawn: {', '.join(parts) or 'none'}. "
        f"Tokens with most neighbours: {', '.join(named) or 'none'}. "
        f"{_shown(choice).capitalize()}."
    )


def _radius(degree: int) -> float:
    return float(min(3.0 + 1.1 * np.sqrt(degree), 9.0))


def _pair(point: NDArray[np.float64]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _add(parent: ElementTree.Element, tag: str, **attributes: str | float) -> None:
    plain = {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    ElementTree.SubElement(parent, tag, plain)


def _text(
    parent: ElementTree.Element, text: str, x: float, y: float, *, anchor: str, fill: str
) -> None:
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "font-size": f"{_SIZE:g}",
        "fill": fill,
        "text-anchor": anchor,
    }
    ElementTree.SubElement(parent, "text", attributes).text = text
