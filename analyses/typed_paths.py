"""Which typed paths, labels and directions in order, does the model use most?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import typed_paths
from linguagraph.aggregates.contrasts import MIN_CONTRIBUTING
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import SHARE, nothing, question, rows, seeds_note, shown
from .method_words import method_words
from .model_drawings import draw_patterns
from .params import Params
from .phrases import count, join, percent

__all__ = ["finding", "run"]

NAME, TITLE = "typed_paths", "Typed paths"
PERCENT = (*SHARE, "whole", "support", "support_low", "support_high")
LIMIT = 200


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """Patterns that paths to arguments end in: support, lift, corrected significance."""
    table = typed_paths(tables.paths, resampling=params.resampling)
    if table.empty:
        why = f"no pattern occurs in {params.min_n} paths from a predicate to an argument"
        return (nothing(NAME, TITLE, __doc__, why),)
    caption = f"Patterns of at least {params.min_n} paths, most often retained first"
    caption += f", the first {LIMIT} of {len(table):,}" if len(table) > LIMIT else ""
    caption += ". n: paths that end in the pattern, k: those in which it is retained, support: k "
    caption += "of all paths that are long enough, lift: share against all patterns of that length."
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=finding(table, params),
            figures=(draw_patterns(table, params),),
            tables=(shown(NAME, caption, table.head(LIMIT), percent=PERCENT, folded=True),),
            notes=(
                "A pattern is what a dependency path from the predicate to a predicted argument "
                "ends in; it is retained if messages can travel over all its edges to the "
                "argument, one edge per layer in ascending layers, through open gates.",
                "p tests that the lift is 1, with the variance over sentences; p_holm and p_bh: "
                "adjusted over all patterns with a p. Patterns, or all others of a length, in "
                f"fewer than {MIN_CONTRIBUTING} sentences get none.",
                seeds_note(
                    sorted(int(s) for s in tables.paths["seed"].unique()),
                    seedless=method_words(tables).seedless,
                ),
            ),
            summary={NAME: {"patterns": len(table), "most_retained": _top(table)}},
        ),
    )


def _top(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    best = rows(table[table["k"] > 0].head(10))
    return {r["pattern"]: {name: r[name] for name in ("support", "share", "lift")} for r in best}


def finding(table: pd.DataFrame, params: Params) -> str:
    """The sentences that say what the table of ``typed_paths`` shows."""
    used = table[table["k"] > 0]
    if used.empty:
        return "No pattern is ever retained."
    tops = [
        f"{r['pattern']} ({percent(r['support'])} of paths, retained in {percent(r['share'])} of "
        "its own)"
        for r in rows(used.head(3))
    ]
    text = f"Most often retained: {join(tops)}."
    sure = table[table["p_holm"] < 1 - params.level]
    more, less = sure[sure["lift"] > 1], sure[sure["lift"] < 1]
    tested = count(int(table["p"].notna().sum()), "pattern")
    verb = "is" if len(more) == 1 else "are"
    text += f" Of {tested} tested, {len(more)} {verb} retained more and {len(less)} less than "
    text += "others of the same length after Holm's adjustment"
    if len(more):
        best = rows(more.nlargest(1, "lift"))[0]
        text += f"; the highest lift is that of {best['pattern']} ({best['lift']:.2f})"
    return text + "."
