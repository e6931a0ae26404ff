"""Along which paths does each run bring the predicate to its arguments?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.compared_paths import match_paths, path_patterns
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows, shown
from .compare_drawings import draw_shares
from .compared import Compared
from .params import Params
from .phrases import join, percent

__all__ = ["run"]

NAME, TITLE = "compare_patterns", "Retained path patterns"
DRAWN = 12


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """The most frequent retained subpaths into arguments, as labels and directions."""
    paths = {name: tables.paths for name, tables in compared.named.items()}
    matched = match_paths(paths)
    if matched.empty:
        return (nothing(NAME, TITLE, __doc__, "the runs predict no argument in common"),)
    table = path_patterns(paths, matched, resampling=params.resampling)
    if table.empty or not table["n"].any():
        return (nothing(NAME, TITLE, __doc__, "no run retains an edge into an argument"),)
    top = list(dict.fromkeys(table["pattern"]))[:DRAWN]
    ends = {"low": "share_low", "high": "share_high"}
    drawn = table[table["pattern"].isin(top)].rename(columns=ends)
    figure = draw_shares(
        drawn,
        name=NAME,
        y="pattern",
        x="share",
        data=NAME,
        xlabel="Share of all retained subpaths",
        caption=f"The {len(top)} most frequent retained subpaths into arguments, from the "
        f"predicate on; -> from head to dependent, <- back; {params.level:.0%} intervals.",
    )
    main = shown(
        NAME,
        "Retained subpaths into arguments that all runs predict. paths: arguments whose path ends "
        "so; k: retained just so far (mean over seeds), of_paths: k of paths; n: retained subpaths "
        f"of the run, share: k of n; low, high: {params.level:.0%} interval.",
        table,
        percent=("of_paths", "share", "low", "high"),
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, compared),
            figures=(figure,),
            tables=(main,),
            notes=(
                "A retained subpath takes one retained edge per layer, in ascending layers, and "
                "ends in the argument: it is no longer than the model is deep. A run that retains "
                "the whole of a two-edge path shows it as one pattern of two labels.",
            ),
        ),
    )


def _finding(table: pd.DataFrame, compared: Compared) -> str:
    parts = []
    for name in compared.names:
        own = table[table["run"] == name].nlargest(3, "k")
        said = [f"{r['pattern']} ({percent(r['share'])})" for r in rows(own) if r["k"] > 0]
        if said:
            parts.append(f"{name} mostly retains {join(said)}")
    longer = []
    for name in compared.names:
        own = table[(table["run"] == name) & table["pattern"].str.contains(" ", regex=False)]
        longer.append(f"{name} {percent(float(own['share'].sum()))}")
    text = "; ".join(parts) if parts else "No run retains a subpath"
    return f"{text}. Subpaths of two edges or more among these patterns: {', '.join(longer)}."
