"""The retained edges of one question's entity graph -> an SVG drawing, documents as boxes.

As in figure 3 of the GraphMask paper (De Cao et al.'s graph over mentions): edges differ by colour
and dashes according to their relation, and have the layers that retain them written at both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import pandas as pd

from linguagraph.aggregates.entity_selection import ItemPart, part_of_item
from linguagraph.errors import ReportError
from linguagraph.figures import entity_drawing as drawing
from linguagraph.figures.entity_drawing import MARGIN, SMALL, Node
from linguagraph.figures.entity_layout import EntityLayout, Line, lay_out_entities, merge_lines
from linguagraph.figures.palette import SOFT
from linguagraph.figures.panels import require_columns
from linguagraph.figures.text import shorten, visible, width_in_ems

__all__ = ["RELATIONS", "entity_graph"]

RELATIONS = ("MATCH", "DOC-BASED", "COREF", "COMPLEMENT")
"""Relations in the order of their colours."""

_LINE, _KEY, _LEAST = 17.0, 22.0, 540.0
_EDGES = ("layer", "edge", "source", "target", "label", "retained_share")
_NODES = ("node", "support", "text", "role", "predicted", "answer", "gold_support")
_STYLES = {
    "subject": "subject of the question",
    "predicted": "predicted answer",
    "right": "right answer",
    "candidate": "other candidate",
    "bridge": "other name",
    "coreferent": "refers back to a name",
}

Entry = tuple[int | Node | None, str]


def entity_graph(
    edges: pd.DataFrame,
    mentions: pd.DataFrame,
    *,
    title: str,
    relations: Sequence[str] = RELATIONS,
    max_edges: int = 60,
) -> str:
    """Draw the retained edges of one item, as chosen by ``part_of_item``.

    The subject's document stands first and the predicted answer's last. Lines at the left of the
    mentions stay within their document, lines at the right join documents. An edge that is retained
    in several layers is one line, and so are an edge and its inverse that are retained in the same
    layers. The more seeds retain an edge, the stronger its line; what lies on a path of retained
    edges from the subject to the predicted answer is underlaid.

    Args:
        edges: a row per edge and layer: ``layer`` (0 is the bottom), ``edge``, ``source``,
            ``target`` (nodes), ``label`` and ``retained_share`` (share of seeds, in [0, 1]).
        mentions: the item's rows of :data:`linguagraph.columns.MENTIONS`.
        title: the drawing's name for screen readers.
        relations: all labels, in the order of their colours.
        max_edges: most edges that are drawn; the drawing says how many it leaves out.

    Returns:
        A standalone SVG document.

    Raises:
        TableError: a table lacks a column.
        ReportError: an unknown label, or an edge that joins an unknown mention.
    """
    require_columns(edges, *_EDGES)
    require_columns(mentions, *_NODES)
    unknown = {str(label) for label in edges["label"]} - set(relations)
    if unknown:
        raise ReportError(f"unknown relations {sorted(unknown)}; expected some of {relations}")
    nodes = _nodes(mentions)
    part = part_of_item(edges, mentions, max_edges=max_edges)
    strange = {*part.edges["source"], *part.edges["target"]} - set(nodes)
    if strange:
        raise ReportError(f"edges join mentions {sorted(strange)}, which are not in the table")
    lines = merge_lines(part.edges)
    layout = lay_out_entities(
        lines,
        {number: node.support for number, node in nodes.items()},
        first=[number for number, node in nodes.items() if node.style == "subject"],
        last=[number for number, node in nodes.items() if node.filled],
        top=MARGIN,
    )
    return _draw(lines, layout, nodes, part, tuple(relations), title)


def _nodes(mentions: pd.DataFrame) -> dict[int, Node]:
    found = {}
    for number, support, text, role, predicted, answer, gold in zip(
        *(mentions[name].tolist() for name in _NODES), strict=True
    ):
        style = str(role) if role in _STYLES else "bridge"
        tag = "query" if style == "subject" else ""
        if predicted:
            tag = "answer, right" if answer else "answer"
        elif answer:
            tag = "right answer"
            style = "coreferent" if style == "coreferent" else "right"
        found[int(number)] = Node(
            int(support), visible(text), style, tag, bool(predicted), bool(gold)
        )
    return found


def _draw(
    lines: list[Line],
    layout: EntityLayout,
    nodes: dict[int, Node],
    part: ItemPart,
    relations: Sequence[str],
    title: str,
) -> str:
    shown = {number: nodes[number] for number in layout.bars}
    lanes = {inside: layout.widest(inside=inside) for inside in (True, False)}
    places = drawing.across([line.text for line in lines], shown, lanes=lanes[True])
    width = max(_LEAST, places.lane(lanes[False], inside=False) + MARGIN + 4.0)
    keys = _rows(_entries(lines, shown, relations), width - 2 * MARGIN)
    said = _wrapped(_words(layout, nodes, part), width - 2 * MARGIN)
    below = layout.height + (10.0 if lines else 0.0)
    height = below + _KEY * len(keys) + _LINE * len(said) + MARGIN
    spoken = [_spoken(line, nodes) for line in lines]
    description = ". ".join(spoken) or "No edge is retained by half of the seeds"
    root = drawing.outermost(width, height, title=visible(title), description=f"{description}.")
    for box in layout.boxes:
        held = [node for node in nodes.values() if node.support == box.support]
        drawing.draw_box(root, box, places, held)
    order = sorted(range(len(lines)), key=lambda i: (not lines[i].leads, lines[i].share))
    for i in order:
        drawing.draw_line(
            root,
            lines[i],
            places,
            ports=layout.ports[i],
            lane=layout.lanes[i],
            inside=layout.inside[i],
            number=relations.index(lines[i].label),
            spoken=spoken[i],
        )
    for number, (top, tall) in layout.bars.items():
        node = nodes[number]
        drawing.draw_bar(
            root, number, node, places, top=top, height=tall, spoken=_named(number, node)
        )
    for i in order:
        for end in layout.ports[i]:
            drawing.draw_number(root, lines[i].text, end, places, inside=layout.inside[i])
    for row, entries in enumerate(keys):
        x = MARGIN
        for sign, text in entries:
            drawing.draw_key(root, sign, text, x, below + _KEY * row + 15.0)
            x += drawing.key_width(text)
    for row, text in enumerate(said):
        drawing.write(root, text, MARGIN, below + _KEY * len(keys) + _LINE * row + 14.0, fill=SOFT)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _entries(lines: list[Line], shown: dict[int, Node], relations: Sequence[str]) -> list[Entry]:
    """What the key explains: relations, then paths, then how mentions look."""
    here = {line.label for line in lines}
    found: list[Entry] = [
        (number, shorten(label, 24)) for number, label in enumerate(relations) if label in here
    ]
    if any(line.leads for line in lines):
        found.append((None, "on a path from the subject to the answer"))
    styles = {node.style for node in shown.values()}
    for style, text in _STYLES.items():
        if style == "predicted" and any(node.filled for node in shown.values()):
            found.append((Node(0, "", "candidate", filled=True), text))
        elif style in styles:
            found.append((Node(0, "", style), text))
    return found


def _rows(entries: list[Entry], width: float) -> list[list[Entry]]:
    """Entries in rows that fit into ``width``; lines and mentions do not share a row."""
    rows: list[list[Entry]] = []
    left = 0.0
    for entry in entries:
        needed = drawing.key_width(entry[1])
        other = bool(rows) and isinstance(rows[-1][-1][0], Node) != isinstance(entry[0], Node)
        if not rows or other or needed > left:
            rows.append([])
            left = width
        rows[-1].append(entry)
        left -= needed
    return rows


def _words(layout: EntityLayout, nodes: dict[int, Node], part: ItemPart) -> list[str]:
    """What the signs mean, and what is not drawn."""
    if not layout.boxes:
        return ["No edge is retained by at least half of the seeds."]
    said = [
        "Numbers at the ends of a line: the layers that retain the edge. Two heads: both "
        "directions, in the same layers. The stronger a line, the more seeds retain the edge "
        "(at least half of them). Lines at the left stay within a document, lines at the right "
        "join documents."
    ]
    if part.left_out:
        said.append(
            f"Not drawn: {part.left_out:,} of {part.retained:,} retained edges; those on paths "
            "from the subject or to the answer come first."
        )
    hidden = len({node.support for node in nodes.values()}) - len(layout.boxes)
    if hidden:
        have = "document has" if hidden == 1 else "documents have"
        said.append(f"{hidden:,} more {have} mentions, but none that a line joins.")
    shown = [nodes[number] for number in layout.bars]
    if not any(node.style == "subject" for node in shown):
        said.append("No line joins a mention of the subject.")
    if not any(node.filled for node in shown):
        said.append("No line joins a mention of the predicted answer.")
    return said


def _wrapped(parts: Iterable[str], width: float) -> list[str]:
    found = [""]
    for word in (word for text in parts for word in text.split()):
        longer = f"{found[-1]} {word}".strip()
        if found[-1] and width_in_ems(longer) * SMALL > width:
            found.append(word)
        else:
            found[-1] = longer
    return found


def _named(number: int, node: Node) -> str:
    manner = _STYLES[node.style] + (", predicted answer" if node.filled else "")
    return f"Mention {number} in document {node.support}: {node.text} ({manner})"


def _spoken(line: Line, nodes: dict[int, Node]) -> str:
    ends = " to ".join(f"{nodes[node].text} ({node})" for node in (line.source, line.target))
    way = " and back" if line.both else ""
    layers = ("layers " if len(line.layers) > 1 else "layer ") + ", ".join(map(str, line.layers))
    return (
        f"{visible(line.label)} from {ends}{way}, {layers}, retained by {line.share:.0%} of seeds"
    )
