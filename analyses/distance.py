"""Does the model rely on the graph more for arguments far from the predicate?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import distance_contrast, path_distances
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, nothing, question, rows, seeds_note, shown
from .drawings import draw_distance
from .method_words import method_words
from .params import Params
from .phrases import change, difference, join, type_name
from .shapes import nested

__all__ = ["run"]

NAME, TITLE = "distance", "Token distance"
CONTRAST = ("share_first", "share_second", "difference", "low", "high")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Figure 4 of the paper: paths with a retained subpath into the argument, by distance."""
    table = path_distances(tables.paths, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no predicted argument has a path to its predicate"),)
    contrast = distance_contrast(tables.paths, resampling=params.resampling, near=params.near)
    main = shown(
        "distance_contrast",
        f"Far arguments (first: over {params.near} tokens) against near ones (second), by "
        "predicate type; n: paths; p_holm: adjusted over the rows.",
        contrast,
        percent=CONTRAST,
    )
    full = shown(
        "distance",
        "Paths with a retained subpath ending in the argument, by token distance and predicate "
        f"type. n: paths, k: those used; small: n under {params.min_n}.",
        table,
        percent=SHARE,
        folded=True,
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(contrast, params),
            figures=(draw_distance(table, params),),
            tables=(main, full),
            notes=(
                seeds_note(
                    sorted(int(s) for s in tables.paths["seed"].unique()),
                    seedless=method_words(tables).seedless,
                ),
                "Distance correlates with path length; see the section on paths.",
            ),
            summary={NAME: nested(table, "predicate_type", "distance")},
        ),
    )


def _finding(contrast: pd.DataFrame, params: Params) -> str:
    enough = contrast[
        (contrast["predicate_type"] != "all")
        & (contrast["n_first"] >= params.min_n)
        & (contrast["n_second"] >= params.min_n)
    ]
    if enough.empty:
        return (
            f"No predicate type has {params.min_n} paths on both sides of {params.near} tokens, "
            "too few to tell whether reliance changes with distance."
        )
    parts, signs = [], set()
    for r in rows(enough):
        signs.add(change(r["low"], r["high"]))
        words = difference(
            r["difference"], r["low"], r["high"], level=params.level, up="more", down="less"
        )
        parts.append(f"for {type_name(r['predicate_type'])} predicates {words}")
    text = f"Paths to arguments over {params.near} tokens away are used, against nearer ones: "
    if {-1, 1} <= signs:
        close = "predicate types go opposite ways."
    elif signs == {0}:
        close = "distance makes no clear difference."
    else:
        close = f"reliance {'rises' if 1 in signs else 'falls'} with distance"
        close += ", though not clearly for every type." if 0 in signs else "."
    return f"{text}{join(parts)}; {close}"
