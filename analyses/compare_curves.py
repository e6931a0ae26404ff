"""How fast do answers get lost as fewer edges are kept?"""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates.faithfulness_curves import fidelity_curves
from linguagraph.reports.sections import Section

from .blocks import nothing, question, rows, shown
from .compare_drawings import draw_curves
from .compare_scores import scores_of
from .compared import Compared
from .curve_blocks import FILLS
from .params import Params
from .phrases import percent

__all__ = ["run"]

NAME, TITLE = "compare_curves", "Faithfulness curves"
PARTS = ("retained_0", "retained_25", "retained_50", "retained_75", "retained_100")
COLUMNS = ["panel", "run", "percent", "measure", "value", "low", "high"]


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """Scores on parts of the retained edges; keep and drop curves where all runs have them."""
    figures, tables = [], []
    table = _parts(compared, params)
    if len(table):
        caption = "Score as parts of the retained edges, drawn at random, are kept."
        figures.append(draw_curves(table, params, name=NAME, caption=caption))
        said = f"{caption} percent: of the retained edges; low, high: interval."
        tables.append(shown(NAME, said, table, percent=("value", "low", "high"), folded=True))
    measured = _measured(compared, params)
    if len(measured):
        caption = (
            "Probability of the original answer as the edges with the highest scores are kept or "
            f"dropped; dropped messages become {FILLS[str(measured['fill'].iloc[0])]}."
        )
        name = f"{NAME}_measured"
        figures.append(draw_curves(measured[COLUMNS], params, name=name, caption=caption))
        said = f"{caption} percent: of all edges of an example."
        tables.append(shown(name, said, measured, percent=("value", "low", "high"), folded=True))
    if not figures:
        return (nothing(NAME, TITLE, __doc__, "no run was scored on parts of its edges"),)
    notes = [
        "A curve that falls early is one of a model that needs every retained edge; one that stays "
        "up, of a mask that keeps edges that others can stand in for."
    ]
    if measured.empty:
        notes.append(
            "Curves over all edges, by score, are drawn where every run has them: 'linguagraph "
            "faithfulness RUN' measures them."
        )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table, compared, params),
            figures=tuple(figures),
            tables=tuple(tables),
            notes=tuple(notes),
        ),
    )


def _parts(compared: Compared, params: Params) -> pd.DataFrame:
    scores = scores_of(compared, params)
    table = scores[scores["condition"].isin(PARTS)] if len(scores) else scores
    if table.empty:
        return table
    share = table["condition"].str.removeprefix("retained_").astype(int)
    table = table.assign(percent=share, panel="retained edges kept", measure=params.score_title)
    names = {"score": "value", "score_low": "low", "score_high": "high"}
    return table.rename(columns=names)[COLUMNS].sort_values(
        ["run", "percent"],
        key=lambda c: c if c.name == "percent" else 0 * c.map(len),
        kind="stable",
    )


def _measured(compared: Compared, params: Params) -> pd.DataFrame:
    """Rows of ``fidelity_curves`` of all runs, with a fill that all have; else nothing."""
    found = {}
    for name, tables in compared.named.items():
        if tables.fidelity is None or tables.fidelity.empty:
            return pd.DataFrame()
        found[name] = fidelity_curves(tables.fidelity, resampling=params.resampling)
    fills = [fill for fill in FILLS if all(fill in set(t["fill"]) for t in found.values())]
    if not fills:
        return pd.DataFrame()
    parts = []
    for name, table in found.items():
        own = table[(table["fill"] == fills[0]) & (table["control"] == "method")]
        titles = {"keep": "top edges kept", "drop": "top edges dropped"}
        panel = own["direction"].map(titles)
        parts.append(own.assign(run=name, panel=panel, percent=own["share"] * 100))
    names = {"confidence": "value", "confidence_low": "low", "confidence_high": "high"}
    table = pd.concat(parts, ignore_index=True).rename(columns=names)
    return table.assign(measure="Probability of the answer")[[*COLUMNS, "fill", "graphs", "kept"]]


def _finding(table: pd.DataFrame, compared: Compared, params: Params) -> str:
    half = {r["run"]: r for r in rows(table[table["percent"] == 50])} if len(table) else {}
    full = {r["run"]: r for r in rows(table[table["percent"] == 100])} if len(table) else {}
    parts = [
        f"{name} keeps {percent(half[name]['value'] / full[name]['value'])} of its score "
        f"({percent(half[name]['value'])} of {percent(full[name]['value'])})"
        for name in compared.names
        if name in half and name in full and full[name]["value"] > 0
    ]
    if not parts:
        return "The curves are those that 'linguagraph faithfulness' measured."
    text = f"With a random half of its retained edges, {'; '.join(parts)}"
    none = {r["run"]: r for r in rows(table[table["percent"] == 0])}
    left = [f"{name} {percent(none[name]['value'])}" for name in compared.names if name in none]
    return f"{text}; without any of them the score is {', '.join(left)}." if left else f"{text}."
