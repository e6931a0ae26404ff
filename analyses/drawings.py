"""Aggregates in, the report's figures out, each with a caption and alt text that holds the numbers.

Cells with fewer cases than ``Params.min_n`` are left out of every figure; the tables hold them.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from linguagraph.figures import bars, histogram, lines, stacked, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import SHARE, edge_name, rows
from .params import Params
from .phrases import TYPES, percent, type_name

__all__ = [
    "CONDITIONS",
    "draw_agreement",
    "draw_distance",
    "draw_edge_kinds",
    "draw_faithfulness",
    "draw_labels",
    "draw_paths",
    "draw_roles",
    "draw_soft_gates",
    "draw_targets",
]

CONDITIONS = {
    "original": "all edges (original)",
    "retained_100": "retained edges",
    "retained_75": "random 75% of the retained",
    "retained_50": "random 50% of the retained",
    "retained_25": "random 25% of the retained",
    "retained_0": "none of the retained",
    "random_labels": "random, same number and labels",
    "random": "random, same number",
    "predicate_edges": "edges of the predicate",
    "soft_gates_top": "largest soft gates, same number",
    "soft_gates": "soft gates above mean - sd",
    "without_dependency": "all but dependency edges",
    "removed_dependency": "all but dependency edges, no baselines",
    "without_coreference": "all but coreference edges",
    "removed_coreference": "all but coreference edges, no baselines",
    "without_cooccurrence": "all but co-occurrence edges",
    "removed_cooccurrence": "all but co-occurrence edges, no baselines",
}
"""Conditions of the score table, as the report names them."""

_KINDS = {
    "argument": "argument",
    "other_argument": "argument of another predicate",
    "predicate": "the predicate",
    "elsewhere": "elsewhere",
}
_SPOKEN = 10


def _block(name: str, drawing: Figure, *, caption: str, alt: str, data: str) -> FigureBlock:
    svg = to_svg(drawing)
    return FigureBlock(name, caption=caption, alt=alt, svg=svg, pdf=to_pdf(drawing), data=data)


def _small(params: Params, what: str) -> str:
    return f"{params.level:.0%} intervals; cells under {params.min_n} {what} are left out"


def _grid(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Every value of ``column`` with every predicate type, so that series keep order and colour.

    Values of small cells and of combinations that do not occur are missing, which leaves their
    place in the figure empty. Adds the column ``type``, the type's name.
    """
    present = set(table["predicate_type"])
    kinds = [kind for kind in TYPES if kind in present] + sorted(present - set(TYPES))
    pairs = pd.MultiIndex.from_product(
        [kinds, dict.fromkeys(table[column])], names=["predicate_type", column]
    )
    known = table[~table["small"]].set_index(["predicate_type", column])
    grid = known.reindex(pairs).reset_index()
    return grid.assign(type=grid["predicate_type"].map(type_name))


def draw_faithfulness(
    whole: pd.DataFrame, params: Params, *, data: str = "faithfulness_by_type"
) -> FigureBlock:
    """The score by condition, from the rows of all predicate types of ``faithfulness``."""
    drawn = whole.assign(name=[CONDITIONS.get(c, c) for c in whole["condition"]])
    spoken = ", ".join(f"{r['name']} {percent(r['f1'])}" for r in rows(drawn))
    return _block(
        "faithfulness_f1",
        bars(drawn, y="name", x="f1", low="f1_low", high="f1_high", xlabel=params.score_title),
        caption=f"{params.score_title} by edges kept, mean over seeds, with {params.level:.0%} "
        "intervals.",
        alt=f"{params.score_title}: {spoken}.",
        data=data,
    )


def draw_edge_kinds(whole: pd.DataFrame, params: Params) -> FigureBlock:
    """Retained share by edge kind and layer, from ``edge_kinds``."""
    drawn = whole[~whole["small"]].copy()
    drawn["panel"] = ["all layers" if k == "all" else f"layer {k}" for k in drawn["layer"]]
    spoken = "; ".join(f"{r['kind']}, {r['panel']}: {percent(r['share'])}" for r in rows(drawn))
    return _block(
        "edge_kinds_retained",
        bars(
            drawn,
            y="kind",
            x="share",
            low="low",
            high="high",
            panel="panel",
            xlabel="Retained share",
        ),
        caption=f"Retained share by edge kind and layer, with {_small(params, 'edges')}.",
        alt=f"Retained share: {spoken or 'all cells are small'}.",
        data="edge_kinds",
    )


def draw_labels(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Both panels of Figure 8, from ``labels``."""
    names = pd.Series(map(edge_name, table["label"], table["direction"]), index=table.index)
    table = table.assign(edge=names)
    used = (table["predicate_type"] == "all") & (table["k"] > 0) & ~table["superfluous"]
    pairs = table.loc[used & ~table["small"], "edge"].head(params.max_labels)
    drawn = table[table["edge"].isin(pairs)]
    grid = _grid(drawn[drawn["predicate_type"] != "all"], "edge")
    parts = []
    for column, panel in (
        ("of_retained", "Share of all retained edges"),
        ("share", "Retained share of its edges"),
    ):
        ends = SHARE[1:] if column == "share" else ("of_retained_low", "of_retained_high")
        part = grid[["edge", "type", column, *ends]]
        parts.append(part.set_axis(["edge", "type", *SHARE], axis=1).assign(panel=panel))
    both = pd.concat(parts, ignore_index=True)
    panels = {str(panel): str(panel) for panel in both["panel"].unique()}
    spoken = "; ".join(
        f"{r['edge']} {percent(r['of_retained'])} of retained edges, {percent(r['share'])} of its "
        "own retained"
        for r in rows(drawn[drawn["predicate_type"] == "all"].head(_SPOKEN))
    )
    return _block(
        "labels_retained",
        bars(
            both,
            y="edge",
            x="share",
            low="low",
            high="high",
            hue="type",
            panel="panel",
            xlabel=panels or "Share",
        ),
        caption=f"The {len(pairs)} labels with the most retained edges, by predicate type: what "
        "they make up of the retained edges of that type, and how many of their own edges are "
        f"retained, with {_small(params, 'edges')}.",
        alt=f"All predicate types together, most retained first: {spoken or 'no label retained'}.",
        data="labels",
    )


def draw_targets(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Target kinds of retained and of all edges, by layer, from ``targets``."""
    drawn = table[table["target_kind"].isin(list(_KINDS))]
    drawn = drawn.assign(
        kind=drawn["target_kind"].map(_KINDS),
        panel=["all layers" if k == "all" else f"layer {k}" for k in drawn["layer"]],
    )
    base = drawn[["kind", "panel", "of_all", "of_all_low", "of_all_high"]]
    base = base.set_axis(["kind", "panel", *SHARE], axis=1).assign(edges="all edges")
    both = pd.concat([drawn[["kind", "panel", *SHARE]].assign(edges="retained"), base])
    spoken = "; ".join(
        f"{r['kind']} {percent(r['share'])} of retained, {percent(r['of_all'])} of all edges"
        for r in rows(drawn[drawn["layer"] == "all"])
    )
    return _block(
        "targets_retained",
        bars(
            both.reset_index(drop=True),
            y="kind",
            x="share",
            low="low",
            high="high",
            hue="edges",
            panel="panel",
            xlabel="Share of edges",
        ),
        caption="What edges point at: retained edges against all edges, with "
        f"{params.level:.0%} intervals.",
        alt=f"All layers together: {spoken}.",
        data="targets_by_type",
    )


def draw_paths(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Paths by retained edges, by path length and predicate type, from ``path_lengths``."""
    drawn = table[~table["small"]]
    drawn = drawn.assign(
        retained=[f"{edges} retained" for edges in drawn["retained_edges"]],
        panel=drawn["predicate_type"].map(type_name),
    )
    spoken = "; ".join(
        f"{r['panel']}, length {r['path_length']}: {percent(1 - r['share'])}"
        for r in rows(drawn[drawn["retained_edges"] == 0])
    )
    return _block(
        "paths_retained",
        stacked(
            drawn,
            y="path_length",
            x="share",
            hue="retained",
            panel="panel",
            xlabel="Share of paths",
        ),
        caption="Paths by the number of retained edges that lead into the argument, by path length "
        f"(edges) and predicate type; groups under {params.min_n} paths are left out.",
        alt=f"Paths with at least one edge retained: {spoken or 'no group is large enough'}.",
        data="paths_intervals",
    )


def draw_distance(table: pd.DataFrame, params: Params) -> FigureBlock:
    """Figure 4, from ``path_distances``."""
    kinds = table[(table["predicate_type"] != "all")]
    drawn = _grid(kinds.sort_values("distance_from", kind="stable"), "distance")
    spoken = "; ".join(
        f"{kind}: " + ", ".join(f"{r['distance']} {percent(r['share'])}" for r in rows(part))
        for kind, part in drawn.dropna(subset=["share"]).groupby("type", sort=False)
    )
    return _block(
        "distance_used",
        lines(
            drawn,
            x="distance",
            y="share",
            low="low",
            high="high",
            hue="type",
            xlabel="Token distance",
            ylabel="Paths used",
        ),
        caption="Share of paths with a retained subpath (at least one edge) that ends in the "
        "predicted argument, by token distance from the predicate, with "
        f"{_small(params, 'paths')}.",
        alt=f"Paths used by token distance. {spoken or 'No bin is large enough'}.",
        data="distance",
    )


def draw_agreement(labels: pd.DataFrame, params: Params) -> tuple[FigureBlock, ...]:
    """Kappa of the labels that are retained most, from ``agreement`` by label and direction."""
    drawn = labels[~labels["small"] & labels["fleiss_kappa"].notna()]
    drawn = drawn.nlargest(params.max_labels, "prevalence", keep="first")
    if drawn.empty:
        return ()
    drawn = drawn.assign(edge=[*map(edge_name, drawn["label"], drawn["direction"])])
    drawing = bars(
        drawn,
        y="edge",
        x="fleiss_kappa",
        low="fleiss_kappa_low",
        high="fleiss_kappa_high",
        xlabel="Fleiss' kappa",
        percent=False,
    )
    spoken = ", ".join(f"{r['edge']} {r['fleiss_kappa']:.2f}" for r in rows(drawn.head(_SPOKEN)))
    caption = "Fleiss' kappa of the label that is retained most often, with "
    if len(drawn) > 1:
        caption = f"Fleiss' kappa of the {len(drawn)} labels that are retained most often, with "
    caption += f"{_small(params, 'edges')}."
    alt = f"Fleiss' kappa, most retained labels first: {spoken}."
    block = _block("agreement_labels", drawing, caption=caption, alt=alt, data="agreement_labels")
    return (block,)


def draw_soft_gates(bins: pd.DataFrame, whole: dict[str, float]) -> FigureBlock:
    """Distribution of the soft gates, from ``soft_gate_histogram`` and a row of ``soft_gates``."""
    marks = {"mean": float(whole["mean"]), "mean - sd": float(whole["threshold"])}
    top = rows(bins.nlargest(1, "edges"))[0]
    return _block(
        "soft_gates_histogram",
        histogram(bins, x="gate", weight="edges", xlabel="Soft gate", ylabel="Edges", marks=marks),
        caption="Distribution of the model's scalar gates over all layers, with the mean and the "
        "threshold one standard deviation below it.",
        alt=f"Soft gates: mean {whole['mean']:.2f}, standard deviation {whole['sd']:.2f}, most "
        f"frequent between {top['gate_from']:.3f} and {top['gate_to']:.3f}; "
        f"{percent(whole['share'])} of edges lie below {whole['threshold']:.2f}.",
        data="soft_gates_histogram",
    )


def draw_roles(drawn: pd.DataFrame, params: Params) -> FigureBlock:
    """F1 by role, from rows of ``roles``."""
    spoken = ", ".join(f"{r['role']} {percent(r['f1'])}" for r in rows(drawn))
    return _block(
        "roles_f1",
        bars(drawn, y="role", x="f1", low="f1_low", high="f1_high", xlabel="F1 of the role"),
        caption="F1 by role, most frequent first, with "
        f"{_small(params, 'gold instances')} (at most {params.max_roles} roles are drawn).",
        alt=f"F1 by role: {spoken or 'no role is frequent enough'}.",
        data="scores_by_role",
    )
