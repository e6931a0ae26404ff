"""How much of the graph does each run retain, and in which layers?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.compared_retention import compared_retention
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .compare_drawings import RETAINED, draw_shares
from .compared import Compared, level_title
from .params import Params
from .phrases import difference, join, number, percent

__all__ = ["retained_of", "run"]

NAME, TITLE = "compare_retained", "Retained edges by layer"
PERCENT = (
    *("share", "share_low", "share_high", "sd"),
    *("difference", "difference_low", "difference_high"),
)


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Retained share in any layer and layer by layer, run by run."""
    table = retained_of(compared, params)
    titles = ["all layers, each counted" if k == "all" else level_title(k) for k in table["layer"]]
    figure = draw_shares(
        table.assign(name=titles),
        name=NAME,
        y="name",
        x="share",
        data=NAME,
        xlabel=RETAINED,
        caption=f"Retained share of the edges by layer and run, with {params.level:.0%} intervals "
        f"over {compared.terms.cases}.",
    )
    main = shown(
        NAME,
        "Retained share by layer and run. any: retained in at least one layer; all: every edge "
        "counted once per layer; n: edges, k: retained (mean over seeds), sd: over seeds; "
        f"difference: from the first run, paired; low, high: {params.level:.0%} interval.",
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
            notes=depth_notes(compared),
            summary={NAME: _shape(table)},
        ),
    )


def retained_of(compared: Compared, params: Params) -> pd.DataFrame:
    """The result of ``compared_retention`` for the runs."""
    runs = dict(zip(compared.names, compared.matched.runs, strict=True))
    return compared_retention(runs, compared.levels, resampling=params.resampling)


def depth_notes(compared: Compared) -> tuple[str, ...]:
    """How layers of models of different depth are laid side by side."""
    if compared.same_depth:
        return ()
    depths = [
        f"{name} {run.depth}"
        for name, run in zip(compared.names, compared.matched.runs, strict=True)
    ]
    return (
        f"The models differ in depth (layers: {', '.join(depths)}). Layers are counted from the "
        "top, whose messages reach the prediction; “any layer” counts an edge as retained if a "
        "seed retains it in at least one layer, so that a deeper model has more chances.",
    )


def _finding(table: pd.DataFrame, compared: Compared, params: Params) -> str:
    whole = {r["run"]: r for r in rows(table[table["layer"] == "any"])}
    shares = [f"{name} {percent(whole[name]['share'])}" for name in compared.names]
    text = f"Of the edges of an example, in at least one layer: {join(shares)}"
    for name in compared.names[1:]:
        ends = [whole[name][f"difference{end}"] for end in ("", "_low", "_high")]
        words = difference(ends[0], ends[1], ends[2], level=params.level)
        text += f"; {name} compared with {compared.names[0]}: {words}"
    return text + "."


def _shape(table: pd.DataFrame) -> Row:
    shape: Row = {}
    for row in rows(table):
        cell = {name: number(row[name]) for name in PERCENT} | {"n": int(row["n"])}
        shape.setdefault(row["layer"], {})[row["run"]] = cell
    return shape
