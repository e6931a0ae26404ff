"""What does each method cost, and what does it retain by itself?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linguagraph.aggregates import compile_items, retention
from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .blocks import Row, question, rows, shown
from .compare_scores import scores_of
from .compared import Compared
from .facts import lookup
from .method_words import method_rows
from .params import Params
from .phrases import number, percent

__all__ = ["run"]

NAME, TITLE = "methods_overview", "The methods"
NAN = float("nan")


def run(compared: Compared, params: Params) -> tuple[Section, ...]:
    """One row per method: how edges are chosen, retained share, score, seconds and memory."""
    scores = rows(scores_of(compared, params))
    found = {(r["run"], r["condition"]): r for r in scores}
    table = pd.DataFrame(
        [_row(name, tables, found, params) for name, tables in compared.named.items()]
    )
    main = shown(
        NAME,
        "Methods as they were run. retained: share of messages, mean over seeds, with a "
        f"{params.level:.0%} interval; score: {params.score} with them alone, random: with as many "
        "random edges; seconds_per_example: explaining one predicate with one seed; fit_seconds: "
        "learning beforehand, in the run; peak_memory_mb: of the whole stage, scoring included.",
        table,
        percent=("retained", "low", "high", "score", "random"),
    )
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(table),
            tables=(main,),
            notes=(
                "Seconds are wall-clock and hold for the machine of the run; runs that were made "
                "before these times were recorded have none. GraphMask's probes were trained "
                "beforehand: what that cost stands in the model's records, not here.",
                *compared.warnings,
            ),
            summary={
                NAME: {
                    r["method"]: {
                        k: number(r[k])
                        for k in ("retained", "score", "seconds_per_example", "peak_memory_mb")
                    }
                    for r in rows(table)
                }
            },
        ),
    )


def _row(
    name: str, tables: RunTables, scores: Mapping[tuple[str, str], Row], params: Params
) -> Row:
    kept = retention(compile_items(tables.edges), resampling=params.resampling)
    whole = rows(kept[(kept["layer"] == "all") & (kept["seed"] == "mean")])[0]
    masked, chance = (scores.get((name, c)) for c in ("retained_100", "random"))
    cost = lookup(tables.manifest, "cost")
    cost = cost if isinstance(cost, Mapping) else {}
    each = _float(cost.get("explain_seconds")) / max(1, int(cost.get("explained") or 0))
    return {
        "method": name,
        "seeds": int(tables.edges["seed"].nunique()),
        "chosen": _chosen(tables.manifest),
        "retained": whole["share"],
        "low": whole["low"],
        "high": whole["high"],
        "score": NAN if masked is None else masked["score"],
        "random": NAN if chance is None else chance["score"],
        "seconds_per_example": each / max(1, int(cost.get("seeds") or 1)),
        "fit_seconds": _float(cost.get("fit_seconds")),
        "peak_memory_mb": _float(lookup(tables.manifest, "stages", "mask", "peak_memory_mb")),
    }


def _float(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else NAN


def _chosen(manifest: Mapping[str, Any]) -> str:
    found = dict(method_rows(manifest))
    return str(found.get("method: retained edges") or "the trained probes")


def _finding(table: pd.DataFrame) -> str:
    said = []
    for row in rows(table):
        text = f"{row['method']} retains {percent(row['retained'])}"
        if row["score"] == row["score"]:
            text += f" for a score of {percent(row['score'])}"
        if row["seconds_per_example"] == row["seconds_per_example"]:
            text += f", at {1000 * row['seconds_per_example']:.1f} ms per predicate and seed"
        said.append(text)
    return f"{'; '.join(said)}."
