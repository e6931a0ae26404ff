"""What does a mask leave of the graph of single questions?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import entity_selection as selection
from linguagraph.aggregates.entity_selection import ItemChoice, ItemPart
from linguagraph.edges.storage import RunTables
from linguagraph.figures import arcs_to_pdf
from linguagraph.figures.entity_graph import entity_graph
from linguagraph.figures.text import shorten
from linguagraph.reports.sections import FigureBlock, Section, TableBlock, TextBlock

from .blocks import Row, nothing, question, rows, shown
from .entity_text import answered, entity_text
from .params import Params
from .phrases import count, join

__all__ = ["run"]

NAME, TITLE = "examples", "Example questions"
RULES = {
    "typical": "Typical question",
    "wrong": "Wrong answer",
    "densest": "Most retained",
    "disagreement": "Most disagreement between seeds",
}
_DRAWN, _SPOKEN = 60, 30


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Questions chosen by rule: the retained edges drawn and as a table, and the mentions' text."""
    items, mentions = tables.items, tables.mentions
    if items is None or mentions is None or items.empty:
        return (nothing(NAME, TITLE, __doc__, "the run has no questions"),)
    most = params.max_tokens
    choices = selection.select_entity_items(tables.edges, items, tables.chains, max_edges=most)
    if not choices:
        return (nothing(NAME, TITLE, __doc__, "no question has a retained edge"),)
    known = {int(row["example"]): row for row in rows(items)}
    blocks = [_blocks(choice, known[choice.example], tables, mentions) for choice in choices]
    chosen = join(f"{RULES[c.rule].lower()} (question {c.example})" for c in choices)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=f"{count(len(choices), 'question')} chosen by rule: {chosen}.",
            figures=tuple(figure for figure, _, _ in blocks),
            tables=tuple(table for _, table, _ in blocks),
            notes=(
                "An edge is drawn in a layer where at least half of the seeds retain it, at most "
                f"{_DRAWN} of them per question. Most retained: of the questions with up to "
                f"{most} such edges, if there are any. No question is drawn twice; "
                "ties go to the first. Questions, documents and mentions are numbered from 0.",
            ),
            summary={NAME: {c.rule: {"question": c.example} for c in choices}},
            texts=tuple(text for _, _, text in blocks),
        ),
    )


def _blocks(
    choice: ItemChoice, item: Row, tables: RunTables, mentions: pd.DataFrame
) -> tuple[FigureBlock, TableBlock, TextBlock]:
    own = mentions[mentions["example"] == choice.example]
    edges = selection.item_edges(tables.edges, choice.example)
    part = selection.part_of_item(edges, own, max_edges=_DRAWN)
    nodes = {int(row["node"]): row for row in rows(own)}
    name, rule = f"question_{choice.rule}", RULES[choice.rule]
    title = f"{rule}: “{shorten(item['query'], 90)}”, {answered(item)}"
    svg = entity_graph(edges, own, title=title, max_edges=_DRAWN)
    few = f" Drawn are {len(part.edges)} of {part.retained:,} edges." if part.left_out else ""
    figure = FigureBlock(
        name,
        f"{title}. Chosen because: {choice.reason}.{few}",
        f"{title}. {_alt(part, nodes)}",
        svg,
        pdf=arcs_to_pdf(svg),
        data=f"{name}_edges",
    )
    seeds = tables.edges.loc[tables.edges["example"] == choice.example, "seed"].nunique()
    table = shown(
        f"{name}_edges",
        f"Edges of question {choice.example} as drawn. source, target: mentions; retained_share: "
        f"seeds that retain the edge, of {seeds}; route: the paths of retained edges in ascending "
        "layers that it lies on, from a mention of the subject or to one of the predicted answer.",
        _table(part, nodes),
        percent=("retained_share",),
        folded=True,
    )
    said = f"{rule}: the mentions that are drawn, in their documents; each begins with its number."
    drawn = {*part.edges["source"], *part.edges["target"]}
    return figure, table, entity_text(name, said, own, drawn)


def _table(part: ItemPart, nodes: dict[int, Row]) -> pd.DataFrame:
    found: dict[str, object] = {"layer": part.edges["layer"].to_numpy()}
    for end in ("source", "target"):
        ends = [nodes[int(node)] for node in part.edges[end]]
        found[end] = [row["node"] for row in ends]
        found[f"{end}_text"] = [shorten(row["text"], 60) for row in ends]
        found[f"{end}_document"] = [row["support"] for row in ends]
    rest = part.edges[["label", "retained_share", "route"]].rename(columns={"label": "relation"})
    return pd.concat([pd.DataFrame(found), rest], axis=1)


def _alt(part: ItemPart, nodes: dict[int, Row]) -> str:
    arrows = [
        f"layer {r['layer']}: {shorten(nodes[r['source']]['text'], 40)} ({r['source']}) to "
        f"{shorten(nodes[r['target']]['text'], 40)} ({r['target']}), {r['label']}, "
        f"{r['retained_share']:.0%} of seeds"
        for r in rows(part.edges.head(_SPOKEN))
    ]
    if part.retained > len(arrows):
        arrows.append(f"{part.retained - len(arrows):,} more")
    total = count(part.total, "edge")
    text = f"At least half of the seeds retain {part.retained:,} of {total} (summed over layers)"
    return f"{text}: {'; '.join(arrows)}."
