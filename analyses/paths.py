"""How much of the dependency path between predicate and argument does the model use?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import compile_items, path_lengths
from linguagraph.aggregates.direct import from_predicate
from linguagraph.aggregates.paths import self_arguments
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, nothing, question, rows_by, seeds_note, shown
from .direct import direct_shape, direct_table, direct_words
from .drawings import draw_paths
from .method_words import method_words
from .params import Params
from .phrases import count, join, percent, span
from .shapes import nested

__all__ = ["run"]

NAME, TITLE = "paths", "Paths from predicate to argument"


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Table 3 of the paper: paths with 0, 1, 2 ... edges retained, by length and predicate type."""
    table = path_lengths(tables.paths, resampling=params.resampling)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no predicted argument has a path to its predicate"),)
    direct = from_predicate(compile_items(tables.edges), resampling=params.resampling)
    itself, arguments = self_arguments(tables.paths)
    verbs = ("is", "has") if itself == 1 else ("are", "have")
    wide = _wide(table)
    main = shown(
        "paths",
        "Share of paths with 0, 1, 2 ... edges retained, by predicate type and path length. n: "
        f"paths; small: n under {params.min_n}; empty: cannot occur.",
        wide,
        percent=tuple(str(c) for c in wide.columns if str(c).startswith("retained_")),
    )
    caption = f"The same with counts and {params.level:.0%} intervals."
    full = shown("paths_intervals", caption, table, percent=SHARE, folded=True)
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, params) + direct_words(direct, params),
            figures=(draw_paths(table, params),),
            tables=(main, direct_table(direct, params), full),
            notes=(
                "Edges retained: the length of the longest retained subpath that ends in the "
                "argument and takes one edge per layer, in ascending layers, so it cannot exceed "
                "the number of layers.",
                "A model that has to find the predicate's neighbours may let every edge out of the "
                "predicate pass, whatever it leads to; the table of these edges tells how far a "
                "direct path in use is about its argument.",
                f"{count(itself, 'predicted argument')} of {arguments:,} {verbs[0]} the predicate "
                f"itself and {verbs[1]} no path.",
                seeds_note(
                    sorted(int(s) for s in tables.paths["seed"].unique()),
                    seedless=method_words(tables).seedless,
                ),
            ),
            summary={
                NAME: {
                    **nested(table, "predicate_type", "path_length", "retained_edges"),
                    "from_predicate": direct_shape(direct),
                }
            },
        ),
    )


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    """One row per predicate type and path length; share, low and high per retained edges."""
    index = ["predicate_type", "path_length"]
    wide = table.drop_duplicates(index)[[*index, "n", "small"]]
    ends = {"share": "", "low": "_low", "high": "_high"}
    for edges, part in table.groupby("retained_edges"):
        names = {column: f"retained_{edges}{end}" for column, end in ends.items()}
        wide = wide.merge(part[[*index, *ends]].rename(columns=names), on=index, how="left")
    return wide


def _finding(table: pd.DataFrame, params: Params) -> str:
    unused = rows_by(table[table["retained_edges"] == 0], "path_length", kind="all")
    parts, compared = [], []
    for length, name in (
        ("1", "direct connections"),
        ("2", "paths of two edges"),
        ("3 or more", "paths of three or more edges"),
    ):
        row = unused.get(length)
        if row and not row["small"]:
            ends = span(1 - row["high"], 1 - row["low"], level=params.level)
            parts.append(f"{percent(1 - row['share'])} of {name} ({ends})")
            compared.append(row)
    if not parts:
        return f"No path length has {params.min_n} paths, too few for a statement."
    text = f"The model uses {join(parts)}"
    if len(parts) < 2:
        return f"{text}; there are too few other paths to compare with."
    first, last = compared[0], compared[-1]
    if last["low"] > first["high"]:
        return f"{text}; reliance falls with path length."
    if last["high"] < first["low"]:
        return f"{text}; reliance rises with path length."
    if last["low"] != last["low"]:
        return text + "."
    return f"{text}; the intervals show no clear change with path length."
