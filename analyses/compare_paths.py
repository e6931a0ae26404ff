"""Which run relies more on the path from predicate to argument, near and far?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.compared_paths import match_paths, path_differences, path_reliance
from linguagraph.reports.sections import Section, TableBlock

from .blocks import Row, nothing, question, rows, shown
from .compare_drawings import draw_lines
from .compared import Compared
from .params import Params
from .phrases import count, join, number, percent

__all__ = ["run"]

NAME, TITLE = "compare_paths", "Paths by distance and length"
PERCENT = ("share", "share_first", "share_second", "difference", "low", "high")
WORDS = {"distance": "Token distance", "path_length": "Edges on the path"}


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Share of paths in use by token distance and by path length, on the same arguments."""
    matched = match_paths({name: tables.paths for name, tables in compared.named.items()})
    if matched.empty:
        return (nothing(NAME, TITLE, __doc__, "the runs predict no argument in common"),)
    figures, tables, texts = [], [], []
    for by, axis in WORDS.items():
        name = f"{NAME}_{by}"
        table = path_reliance(matched, compared.names, by=by, resampling=params.resampling)
        drawn = table[(table["predicate_type"] == "all") & ~table["small"]]
        tables.append(
            shown(
                name,
                f"Paths in use by {axis.lower()}, predicate type and run. n: paths, k: in use "
                f"(mean over seeds); low, high: {params.level:.0%} interval.",
                table,
                percent=PERCENT,
                folded=True,
            )
        )
        if len(drawn):
            caption = (
                f"Share of paths in use by {axis.lower()}, all predicate types, with "
                f"{params.level:.0%} intervals; groups under {params.min_n} paths are left out."
            )
            labels = {"x": axis, "y": "Paths in use"}
            figures.append(
                draw_lines(drawn, name=name, x=by, data=name, labels=labels, caption=caption)
            )
        tables.append(_differences(matched, compared, by, params))
        texts.append(_finding(table, compared, by))
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=f"Paths in use, of those to {count(len(matched), 'argument')} that all runs "
            f"predict: {'; '.join(text for text in texts if text)}.",
            figures=tuple(figures),
            tables=tuple(tables),
            notes=(
                "A path is in use if a retained edge leads into the argument: the last edge of the "
                "path, in some layer. Arguments that only one run predicts are left out, as are "
                "predicates that are their own argument.",
            ),
            summary={NAME: _shape(matched, compared)},
        ),
    )


def _differences(matched: pd.DataFrame, compared: Compared, by: str, params: Params) -> TableBlock:
    parts = []
    for i, j in compared.pairs:
        first, second = compared.names[i], compared.names[j]
        table = path_differences(matched, first, second, by=by, resampling=params.resampling)
        lead = {"first": first, "second": second} if len(compared.pairs) > 1 else {}
        parts.append(table.assign(**lead)[[*lead, *table.columns]])
    caption = (
        f"Difference of the paths in use (second minus first), by {WORDS[by].lower()} and "
        "predicate type, paired; h: Cohen's h; p_holm, p_bh: corrected over the rows of a pair."
    )
    table = pd.concat(parts, ignore_index=True)
    return shown(f"{NAME}_{by}_differences", caption, table, percent=PERCENT, folded=True)


def _finding(table: pd.DataFrame, compared: Compared, by: str) -> str:
    whole = table[(table["predicate_type"] == "all") & ~table["small"]]
    places = list(dict.fromkeys(whole[by]))
    if len(places) < 2:
        return ""
    parts = []
    for place in (places[0], places[-1]):
        found = {r["run"]: r for r in rows(whole[whole[by] == place])}
        used = [f"{n} {percent(found[n]['share'])}" for n in compared.names if n in found]
        where = f"at {place} token" if by == "distance" else f"of paths of {place} edge"
        parts.append(f"{where}{'' if place == '1' else 's'} {join(used)}")
    return ", ".join(parts)


def _shape(matched: pd.DataFrame, compared: Compared) -> Row:
    return {
        "arguments": len(matched),
        "used": {name: number(float(matched[name].mean())) for name in compared.names},
    }
