"""A value -> what a notebook shows of it: a small page in a frame that shares no style with it.

The frame runs no scripts, asks nothing of the network, and has a background of its own, so that it
can be read in dark notebooks, too. Long values are cut, and the page says so.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from xml.etree import ElementTree

from markupsafe import Markup

from linguagraph.display import Card
from linguagraph.documents.records import Chain, Document, Sentence
from linguagraph.errors import ReportError
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.figures.text import shorten
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.reports.html import fill_template
from linguagraph.reports.svg import safe_svg

__all__ = ["MOST_ROWS", "MOST_TOKENS", "render"]

MOST_TOKENS = 60
"""Tokens of a sentence that is drawn."""

MOST_ROWS = 20
"""Rows of a table."""

_LONGEST = 300
_CELL = 120
_TALLEST = 640


def render(value: object) -> str:
    """The value as HTML for a notebook.

    Args:
        value: a :class:`linguagraph.display.Card`, or a document, sentence or graph.

    Raises:
        ReportError: a value of another kind.
    """
    if isinstance(value, Card):
        return _frame(value)
    if isinstance(value, Sentence):
        return _frame(*_sentence(value))
    if isinstance(value, Document):
        return _frame(_document(value))
    if isinstance(value, TextGraph):
        return _frame(_graph(value))
    raise ReportError(f"a value of type {type(value).__name__} has no view for notebooks")


def _frame(card: Card, drawing: Markup | None = None, height: float = 0.0) -> str:
    card = _cut(card)
    page = fill_template("card.html", card=card, drawing=drawing)
    lines = len(card.facts) + len(card.rows) + (1 if card.rows else 0)
    lines += sum(1 + len(note) // 110 for note in card.notes)
    lines += sum(len(value) // 110 for _, value in card.facts)
    lines += sum(max(len(cell) // 70 for cell in row) for row in card.rows if row)
    pixels = min(_TALLEST, int(60 + 25 * lines + height))
    return (
        f'<iframe title="{html.escape(card.title, quote=True)}" sandbox="" '
        f'srcdoc="{html.escape(page, quote=True)}" '
        f'style="width:100%;height:{pixels}px;border:1px solid #8a929c;border-radius:4px"></iframe>'
    )


def _cut(card: Card) -> Card:
    """The card with rows and texts of bounded length."""
    notes = [shorten(note, _LONGEST) for note in card.notes]
    if len(card.rows) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {len(card.rows):,} rows.")
    return replace(
        card,
        title=shorten(card.title, _CELL),
        facts=tuple((shorten(k, _CELL), shorten(v, _LONGEST)) for k, v in card.facts),
        columns=tuple(shorten(name, _CELL) for name in card.columns),
        rows=tuple(tuple(shorten(c, _CELL) for c in row) for row in card.rows[:MOST_ROWS]),
        notes=tuple(notes),
    )


def _sentence(sentence: Sentence) -> tuple[Card, Markup | None, float]:
    words = " ".join(sentence.forms[:MOST_TOKENS])
    rows = tuple(
        (
            sentence.forms[frame.predicate],
            frame.sense or "",
            ", ".join(f"{role.label} {sentence.forms[role.token]}" for role in frame.roles),
        )
        for frame in sentence.frames
    )
    facts = [("tokens", f"{len(sentence):,}"), ("predicates", f"{len(sentence.frames):,}")]
    if sentence.document:
        facts.insert(0, ("document", sentence.document))
    notes: list[str] = []
    drawing, height = None, 0.0
    if any(token.head is not None for token in sentence.tokens) and len(sentence) <= MOST_TOKENS:
        svg = relation_arcs(sentence, dependency_graph(sentence), title=f"Tree of: {words}")
        drawing = safe_svg(svg, prefix="tree", label=f"Dependency tree of: {words}")
        height = _height(svg)
    else:
        facts.append(("text", words))
        if len(sentence) > MOST_TOKENS:
            notes.append(f"Not drawn, because it has more than {MOST_TOKENS} tokens.")
    columns = ("predicate", "sense", "roles") if rows else ()
    title = f"Sentence {sentence.index}" + (f" ({sentence.id})" if sentence.id else "")
    return Card(title, tuple(facts), columns, rows, tuple(notes)), drawing, height


def _document(document: Document) -> Card:
    tokens = sum(len(sentence) for sentence in document.sentences)
    facts = [
        ("sentences", f"{len(document.sentences):,}"),
        ("tokens", f"{tokens:,}"),
        ("predicates", f"{sum(len(s.frames) for s in document.sentences):,}"),
    ]
    if document.chains:
        facts.append(("chains", f"{len(document.chains):,}: {_chains(document)}"))
    rows = tuple(
        (str(number), " ".join(sentence.forms))
        for number, sentence in enumerate(document.sentences)
    )
    return Card(f"Document {document.id}".strip(), tuple(facts), ("sentence", "text"), rows)


def _chains(document: Document) -> str:
    longest = sorted(document.chains, key=lambda chain: -len(chain.mentions))[:5]
    return "; ".join(_mentions(document, chain) for chain in longest)


def _mentions(document: Document, chain: Chain) -> str:
    texts = [
        " ".join(document.sentences[m.sentence].forms[t] for t in m.tokens[:6])
        for m in chain.mentions[:3]
    ]
    return " = ".join(texts) + (" = …" if len(chain.mentions) > 3 else "")


def _graph(graph: TextGraph) -> Card:
    pairs = Counter(zip(graph.edge_kinds, graph.labels, graph.directions, strict=True))
    rows = tuple(
        (kind, f"{label} {direction}".strip(), f"{number:,}")
        for (kind, label, direction), number in _most(pairs)
    )
    facts = (
        ("nodes", f"{graph.num_nodes:,}"),
        ("edges", f"{graph.num_edges:,}"),
        ("kind", graph.kind),
    )
    return Card("Graph", facts, ("kind", "label", "edges"), rows)


def _most(counts: Counter[tuple[str, str, str]]) -> Iterable[tuple[tuple[str, str, str], int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _height(svg: str) -> float:
    """The height that a drawing of ours states of itself, and that of a scroll bar; pixels."""
    return float(ElementTree.fromstring(svg).get("height", "0")) + 30.0
