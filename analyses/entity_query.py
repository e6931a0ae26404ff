"""Do retained edges lead from what is asked about to what the model answers?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_query import (
    candidate_reach,
    prediction_entered,
    query_counts,
    query_edges,
    query_paths,
)
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, Row, nothing, question, rows, rows_by
from .entity_drawings import QUERY, draw_query
from .entity_paper import NOTE, ON_PATHS, QUERY_EDGES, REACHED, TARGET
from .entity_query_blocks import query_blocks
from .entity_words import by_paper, missing, note, said, shape, shared
from .params import Params
from .phrases import count, difference, join, percent

__all__ = ["run"]

NAME, TITLE = "entity_query", "From the question to the answer"
MEASURES = dict(zip(("query_edges", "query_paths", "prediction_entered"), QUERY, strict=True))


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Edges at the subject, edges on paths from it, and which candidates such paths reach."""
    if why := missing(tables):
        return (nothing(NAME, TITLE, __doc__, why),)
    masks, sampling = compile_masks(tables.edges, tables.mentions), params.resampling
    counts = query_counts(masks)
    if not counts["with_subject"]:
        return (nothing(NAME, TITLE, __doc__, "no item has a mention of its subject"),)
    parts: dict[str, tuple[pd.DataFrame, Mapping[str, float]]] = {
        "query_edges": (query_edges(masks, resampling=sampling), QUERY_EDGES),
        "query_paths": (query_paths(masks, resampling=sampling), ON_PATHS),
        "prediction_entered": (prediction_entered(masks, resampling=sampling), TARGET),
    }
    frames: list[pd.DataFrame] = [
        part.assign(measure=MEASURES[name], paper=by_paper(part, ["layer"], paper))
        for name, (part, paper) in parts.items()
    ]
    table = pd.concat(frames, ignore_index=True)
    reach = candidate_reach(masks, resampling=sampling)
    reach["paper"] = by_paper(reach, ["candidates"], REACHED)
    left_out = counts["items"] - counts["with_subject"]
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, rows_by(reach, "candidates"), params),
            figures=(draw_query(table, params),),
            tables=query_blocks(table, reach, params),
            notes=(
                "A path is made of retained edges in strictly ascending layers, each starting "
                "where the one before ended. "
                f"{count(left_out, 'item')} without a mention of the subject and "
                f"{counts['with_subject'] - counts['with_both']:,} more without one of the "
                "prediction are left out where these are needed, and all items without edges.",
                note(masks, tables),
                NOTE,
            ),
            summary={NAME: _summary(table, reach, counts)},
        ),
    )


def _finding(table: pd.DataFrame, reach: dict[str, Row], params: Params) -> str:
    found = {(str(r["measure"]), str(r["layer"])): r for r in rows(table)}
    near = found[MEASURES["query_edges"], "all"]
    text = f"{shared(near, params)} of the items have a retained edge that leaves or enters a "
    text += "mention of the subject. "
    layers = [r for (name, k), r in found.items() if name == MEASURES["query_paths"] and k != "all"]
    shares = [f"{percent(r['share'])}{said(r['paper'])} in layer {r['layer']}" for r in layers]
    text += f"Of the retained edges, {join(shares)} are on paths from it. "
    own, others = reach["predicted"], reach["average"]
    if not own["n"]:
        return f"{text}No item has mentions both of its subject and of the prediction."
    ends = (others["difference"], others["difference_low"], others["difference_high"])
    return (
        f"{text}Such paths reach the predicted candidate in {shared(own, params)} "
        f"of the items, and an average candidate in "
        f"{percent(others['share'])}{said(others['paper'])}: for the predicted one, "
        f"{difference(*ends, level=params.level)}."
    )


def _summary(table: pd.DataFrame, reach: pd.DataFrame, counts: dict[str, int]) -> Row:
    names = {title: name for name, title in MEASURES.items()}
    parts = table.groupby("measure", sort=False)
    result: Row = {names[str(k)]: shape(part, "layer", *SHARE, "n") for k, part in parts}
    return {**result, "reach": shape(reach, "candidates", *SHARE, "n"), "counts": counts}
