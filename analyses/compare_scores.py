"""Do the runs answer equally well, with all edges and with those that they retain?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.compared_scores import compared_scores
from linguagraph.reports.sections import Section

from .blocks import Row, nothing, question, rows, shown
from .compare_drawings import draw_shares
from .compared import Compared
from .drawings import CONDITIONS
from .params import Params
from .phrases import difference, number, percent

__all__ = ["run", "scores_of"]

NAME, TITLE = "compare_scores", "Scores"
DRAWN = ("original", "retained_100", "random_labels", "random", "retained_0")
_PARTS = ("score", "loss", "difference")
PERCENT = ("kept", *(f"{name}{end}" for name in _PARTS for end in ("", "_low", "_high")))


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Scores by condition and run; differences from the first run, paired."""
    table = scores_of(compared, params)
    if table.empty:
        return (nothing(NAME, TITLE, __doc__, "no condition was scored"),)
    drawn = table[table["condition"].isin(DRAWN)]
    drawn = drawn.assign(name=[CONDITIONS.get(c, c) for c in drawn["condition"]])
    figure = draw_shares(
        drawn,
        name=NAME,
        y="name",
        x="score",
        data=NAME,
        xlabel=params.score_title,
        caption=f"{params.score_title} by edges kept, with {params.level:.0%} intervals; random "
        "edges are as many per example and layer as the run retains.",
    )
    main = shown(
        NAME,
        f"{params.score_title} by condition and run. score: mean over seeds; loss: against all "
        "edges of the same run; difference: from the first run, paired; low, high: "
        f"{params.level:.0%} interval over {compared.terms.cases}; gold: n of the score; kept: of "
        "edges.",
        table,
        percent=PERCENT,
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, compared, params),
            figures=(figure,),
            tables=(main,),
            notes=(
                "Intervals of differences hold the models and masks fixed: they say what other "
                f"{compared.terms.cases} would change, not what training the models again would.",
            ),
            summary={NAME: _shape(table)},
        ),
    )


def scores_of(compared: Compared, params: Params) -> pd.DataFrame:
    """The result of ``compared_scores`` for the runs."""
    tables = {name: tables.scores for name, tables in compared.named.items()}
    return compared_scores(tables, resampling=params.resampling)


def _finding(table: pd.DataFrame, compared: Compared, params: Params) -> str:
    found = {(r["condition"], r["run"]): r for r in rows(table)}
    parts = []
    for name in compared.names[1:]:
        words = []
        for condition, what in (("original", "all edges"), ("retained_100", "retained edges only")):
            row, base = found.get((condition, name)), found.get((condition, compared.names[0]))
            if row is None or base is None:
                continue
            ends = (row["difference"], row["difference_low"], row["difference_high"])
            words.append(
                f"with {what} {percent(row['score'])} against {percent(base['score'])}: "
                + difference(*ends, level=params.level)
            )
        if words:
            parts.append(f"{name}, compared with {compared.names[0]}, {'; '.join(words)}.")
    losses = [
        f"{name} "
        + f"{100 * found['retained_100', name]['loss']:+.1f}".replace("-", "−").replace(
            "+0.0", "0.0"
        )
        for name in compared.names
        if ("retained_100", name) in found
    ]
    text = " ".join(f"{params.score_title} of {part}" for part in parts)
    if losses:
        text += f" What the masks cost, in points: {', '.join(losses)}."
    return text or "The runs have no condition in common."


def _shape(table: pd.DataFrame) -> Row:
    shape: Row = {}
    for row in rows(table):
        names = [c for c in PERCENT if c in row]
        shape.setdefault(row["condition"], {})[row["run"]] = {n: number(row[n]) for n in names}
    return shape
