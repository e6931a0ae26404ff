"""Along which edges does the gradient of an answer mainly flow?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.top_paths import (
    path_labels,
    path_moves,
    path_roles,
    path_starts,
    whole_paths,
)
from linguagraph.edges.storage import RunTables
from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock, Section

from .blocks import SHARE, Row, edge_name, question, rows, shown
from .params import Params
from .phrases import count, join, percent, span
from .shapes import nested
from .top_path_drawings import drawn_paths

__all__ = ["run"]

NAME, TITLE = "top_paths", "Best paths"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Starts, steps and shares of the best paths, and drawings; nothing where there are none."""
    if tables.top_paths is None or tables.top_paths.empty:
        return ()
    steps, resampling = tables.top_paths, params.resampling
    paths = whole_paths(steps)
    starts = path_starts(paths, resampling=resampling)
    moves = path_moves(steps, resampling=resampling)
    labels = path_labels(steps, resampling=resampling)
    roles = path_roles(paths, resampling=resampling)
    roles["role"] = roles["role"].astype(str).replace("", "none")
    drawings = drawn_paths(tables, paths)
    main = shown(
        NAME,
        "Where the best paths of answers start. n: paths (one per answer), k: that start there; "
        f"low, high: {params.level:.0%} intervals over sentences.",
        starts,
        percent=SHARE,
    )
    caption = "Share of the best paths that follow an edge in each layer; the others stay."
    moved = shown("top_path_moves", caption, moves, percent=SHARE)
    caption = "Labels that the best paths lead along, per layer; an empty label: the path stays."
    led = shown("top_path_labels", caption, labels, percent=SHARE, folded=True)
    caption = "Mean share of the best path in the weight of all paths, by predicted role."
    held = shown("top_path_roles", caption, roles, percent=SHARE, folded=True)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(paths, starts, moves, labels, params),
            figures=(_draw(labels, params), *(figure for figure, _ in drawings)),
            tables=(main, moved, led, held, *(table for _, table in drawings)),
            notes=(
                "The gradient of an answer with respect to the input is a sum over paths through "
                "the model of products of local derivatives (Du et al. 2023). The best path is the "
                "one with the largest absolute product; its share is of the sum of the absolute "
                "products of all paths.",
                "A best path says where the gradient is steepest. That need not be what the answer "
                "rests on: the faithfulness of the masks is measured apart.",
                f"Paths were followed for {count(paths['example'].nunique(), 'predicate')}.",
            ),
            summary={NAME: _shape(starts, moves)},
        ),
    )


def _draw(labels: pd.DataFrame, params: Params) -> FigureBlock:
    found = labels[labels["label"] != ""].sort_values("share", ascending=False, kind="stable")
    names = [edge_name(r["label"], r["direction"]) for r in rows(found)]
    found = found.assign(name=names, layer=[f"layer {k}" for k in found["layer"]])
    drawn = found[found["name"].isin(list(dict.fromkeys(names))[: params.max_labels])]
    figure = bars(
        drawn, y="name", x="share", low="low", high="high", panel="layer", xlabel="Share of paths"
    )
    spoken = ", ".join(f"{r['name']} in {r['layer']} {percent(r['share'])}" for r in rows(drawn))
    name, caption = "top_path_labels", "Share of best paths along each label, by layer."
    alt = f"{spoken or 'No path follows an edge'}."
    return FigureBlock(name, caption, alt, to_svg(figure), to_pdf(figure), data=name)


def _finding(
    paths: pd.DataFrame,
    starts: pd.DataFrame,
    moves: pd.DataFrame,
    labels: pd.DataFrame,
    params: Params,
) -> str:
    said = [
        f"{percent(r['share'])} start at {r['start']} "
        f"({span(r['low'], r['high'], level=params.level)})"
        for r in rows(starts)
    ]
    text = f"Of {count(len(paths), 'best path')}, {join(said)}"
    moved = [f"{percent(r['share'])} in layer {r['layer']}" for r in rows(moves)]
    text += f"; they follow an edge, instead of staying at their token, in {join(moved)}"
    used = [r for r in rows(labels) if r["label"]]
    if used:
        best = max(used, key=lambda r: r["share"])
        text += f". Most often they lead along {edge_name(best['label'], best['direction'])} in "
        text += f"layer {best['layer']} ({percent(best['share'])} of them)"
    return f"{text}. The best path has a mean share of {percent(float(paths['share'].mean()))} " + (
        "of the weight of all paths of its answer."
    )


def _shape(starts: pd.DataFrame, moves: pd.DataFrame) -> Row:
    return {"starts": nested(starts, "start"), "moves": nested(moves, "layer")}
