"""An example of one run in, its drawing and the table of its edges out, whatever it is made of."""

from __future__ import annotations

from linguagraph.aggregates import Choice
from linguagraph.aggregates import entity_selection as selection
from linguagraph.aggregates.graph_selection import part_of_graph
from linguagraph.edges.storage import RunTables
from linguagraph.figures import arcs_to_pdf
from linguagraph.figures.entity_graph import entity_graph
from linguagraph.figures.graph_layers import graph_layers
from linguagraph.reports.sections import FigureBlock, TableBlock

from .blocks import rows, shown
from .example_block import example_block
from .terms import terms

__all__ = ["drawing"]

_DRAWN, _SPOKEN = 60, 30
_EDGE = ["layer", "edge", "source", "target", "label"]


def drawing(tables: RunTables, choice: Choice, title: str) -> tuple[FigureBlock, TableBlock] | None:
    """Draw an example as its run's own report would; ``None`` where its text is not at hand."""
    if terms(tables).language:
        if choice.sentence not in tables.sentences:
            return None
        return example_block(choice, tables, title=title)
    return _graph(tables, choice, title)


def _graph(tables: RunTables, choice: Choice, title: str) -> tuple[FigureBlock, TableBlock]:
    name, example = choice.rule, choice.example
    found = tables.edges[tables.edges["example"] == example]
    groups = found.groupby(_EDGE, observed=True, sort=True)["retained"]
    shares = groups.mean().rename("retained_share").reset_index()
    mentions = tables.mentions
    if mentions is not None:
        own = mentions[mentions["example"] == example]
        edges = selection.item_edges(tables.edges, example)
        part = selection.part_of_item(edges, own, max_edges=_DRAWN).edges
        svg, what = entity_graph(edges, own, title=title, max_edges=_DRAWN), "question"
    else:
        part = part_of_graph(shares.assign(needed=""))
        labels = [str(label) for label in found["label"].cat.categories]
        svg, what = graph_layers(part, title=title, labels=labels), "graph"
    kept = part[part["retained_share"] > 0]
    arrows = [
        f"layer {r['layer']}: {r['source']} to {r['target']} ({r['label']}, "
        f"{r['retained_share']:.0%} of seeds)"
        for r in rows(kept.head(_SPOKEN))
    ]
    full = f"{title}: {what} {example}"
    alt = f"{full}. Retained edges drawn: {'; '.join(arrows) or 'none'}."
    figure = FigureBlock(
        name,
        f"{full}. Chosen because: {choice.reason}.",
        alt,
        svg,
        pdf=arcs_to_pdf(svg),
        data=f"{name}_edges",
    )
    table = shown(
        f"{name}_edges",
        f"Edges of {what} {example} as drawn; source, target: nodes; retained_share: of "
        f"{found['seed'].nunique()} seeds.",
        part[[c for c in (*_EDGE, "retained_share") if c in part.columns]],
        percent=("retained_share",),
        folded=True,
    )
    return figure, table
