"""Aggregates over entity graphs in, the figures of their sections out."""

from __future__ import annotations

import pandas as pd

from linguagraph.figures import bars, lines, stacked
from linguagraph.reports.methods import method_name
from linguagraph.reports.sections import FigureBlock

from .entity_words import figure, place, spoken
from .params import Params

__all__ = ["QUERY", "draw_forms", "draw_gold", "draw_query", "draw_relations", "draw_scores"]

FORMS = 10
"""Forms of paths that are drawn; the table has all."""

CONTROLS = {
    "method": "the mask",
    "random": "random, same number",
    "random_labels": "random, same number and relations",
}
MEASURES = {"precision": "precision", "recall": "recall", "gold_path": "gold path"}
QUERY = {
    "items with an edge at the subject": "at the subject",
    "edges on paths from the subject": "on paths from it",
    "items with an edge into the prediction": "into the prediction",
}
"""Measures of the section on the question's subject, and the shorter names of their panels."""

LEVELS = (0.0, 0.5, 0.9)
"""Levels that the words beside a figure name."""


def draw_relations(table: pd.DataFrame, params: Params) -> tuple[FigureBlock, ...]:
    """What relations make up of all retained edges, and how much of each is retained, by layer.

    Args:
        table: of :func:`linguagraph.aggregates.entity_relations.entity_relations`.
        params: level of the intervals.
    """
    cells = table[(table["relation"] != "all") & (table["layer"] != "all")].copy()
    cells["layer"] = [place(layer) for layer in cells["layer"]]
    parts = stacked(
        cells,
        y="layer",
        x="of_retained",
        hue="relation",
        xlabel="Share of all retained edges",
        ylabel="",
    )
    shares = bars(
        cells,
        y="relation",
        x="share",
        low="low",
        high="high",
        panel="layer",
        xlabel="Retained share",
    )
    return (
        figure(
            "entity_relations_parts",
            "What each relation and layer makes up of all retained edges of all layers.",
            f"Of all retained edges: {spoken(cells, 'layer', 'relation', value='of_retained')}.",
            parts,
            data="entity_relations",
        ),
        figure(
            "entity_relations_shares",
            "Retained share of the edges of each relation, by layer, with "
            f"{params.level:.0%} intervals over items.",
            f"Retained share: {spoken(cells, 'layer', 'relation')}.",
            shares,
            data="entity_relations",
        ),
    )


def draw_query(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Shares by ``measure`` and ``layer`` of the section on the question's subject."""
    drawn = table.assign(
        layer=[place(layer) for layer in table["layer"]],
        panel=table["measure"].map(QUERY),
    )
    kinds = {QUERY[name]: f"Share of {name.split()[0]}" for name in QUERY}
    drawing = bars(drawn, y="layer", x="share", low="low", high="high", panel="panel", xlabel=kinds)
    return figure(
        "entity_query_shares",
        "Retained edges at the subject and at the prediction, with "
        f"{params.level:.0%} intervals over items.",
        f"Shares: {spoken(drawn, 'measure', 'layer')}.",
        drawing,
        data="entity_query",
    )


def draw_forms(forms: pd.DataFrame, sets: dict[str, str], params: Params) -> FigureBlock:
    """The most frequent forms of maximal paths; ``sets`` names the panels."""
    ranked = forms[forms["paths"] == "all"]["form"].head(FORMS).tolist()
    pairs = pd.MultiIndex.from_product([list(sets), ranked], names=["paths", "form"])
    drawn = forms.set_index(["paths", "form"]).reindex(pairs).reset_index()
    drawn["paths"] = drawn["paths"].map(sets)
    drawing = bars(
        drawn,
        y="form",
        x="share",
        low="low",
        high="high",
        panel="paths",
        xlabel="Share of paths",
    )
    return figure(
        "entity_paths_forms",
        f"The {len(ranked)} most frequent forms of maximal paths, as shares of an item's paths, "
        f"with {params.level:.0%} intervals over items.",
        f"Share of paths: {spoken(drawn, 'paths', 'form')}.",
        drawing,
        data="entity_paths",
    )


def draw_scores(
    table: pd.DataFrame, levels: pd.DataFrame, params: Params
) -> tuple[FigureBlock, ...]:
    """How scores spread over layers (``table``), and how many are above each level (``levels``)."""
    parts, curves = (
        found.assign(
            place=[place(layer) for layer in found["layer"]],
            method=[method_name(name) for name in found["method"]],
        )
        for found in (table, levels)
    )
    layers = stacked(
        parts.rename(columns={"layer": "number", "place": "layer"}),
        y="method",
        x="share",
        hue="layer",
        xlabel="Share of the total score",
    )
    shares = lines(
        curves,
        x="level",
        y="share",
        low="low",
        high="high",
        hue="method",
        panel="place",
        xlabel="Level",
        ylabel="Share of edges above",
    )
    some = curves[curves["level"].isin(LEVELS)]
    return (
        figure(
            "entity_attribution_layers",
            "Share of the total score in each layer, mean over items and seeds.",
            f"Share of the total score: {spoken(parts, 'method', 'place')}.",
            layers,
            data="entity_attribution",
        ),
        figure(
            "entity_attribution_curves",
            "Share of edges with a score above a level, by layer, mean over items and seeds, with "
            f"{params.level:.0%} intervals over items.",
            f"Share of edges above a level: {spoken(some, 'place', 'method', 'level')}.",
            shares,
            data="entity_attribution_levels",
        ),
    )


def draw_gold(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Precision, recall and gold paths by method and control, from ``entity_chains``."""
    drawn = table[table["measure"].isin(list(MEASURES))].copy()
    drawn["measure"] = drawn["measure"].map(MEASURES)
    drawn["edges"] = drawn["control"].map(CONTROLS)
    drawn["method"] = [method_name(name) for name in drawn["method"]]
    drawing = bars(
        drawn,
        y="method",
        x="value",
        low="low",
        high="high",
        hue="edges",
        panel="measure",
        xlabel="Share",
    )
    return figure(
        "entity_gold_shares",
        "Retained edges against gold reasoning, by method and beside random edges, with "
        f"{params.level:.0%} intervals over items.",
        f"Shares: {spoken(drawn, 'method', 'edges', 'measure', value='value')}.",
        drawing,
        data="entity_gold",
    )
