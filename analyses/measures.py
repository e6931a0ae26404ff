"""Aggregates in, the rows of the overview's table out."""

from __future__ import annotations

import pandas as pd

from linguagraph.edges.storage import RunTables

from .blocks import Row, rows
from .facts import against_itself
from .params import Params
from .terms import terms

__all__ = ["measures"]

MEASURES = {"fleiss_kappa": "Fleiss' kappa"}
MEASURES |= {name: name.replace("_", " ") for name in ("raw_agreement", "prevalence")}
NAN = float("nan")


def measures(
    kept: pd.DataFrame, conditions: dict[str, Row], kappa: Row, p: Params, tables: RunTables
) -> list[Row]:
    """Rows of the overview: score, retained share and agreement.

    Args:
        kept: result of ``retention``.
        conditions: rows of ``faithfulness`` by condition, all predicate types.
        kappa: the row of ``agreement``.
        p: name of the score.
        tables: the run.
    """
    result, unit = [], terms(tables).answers
    for condition, name in (("original", "original"), ("retained_100", "retained edges only")):
        if row := conditions.get(condition):
            if condition == "original" and against_itself(tables):  # 1 by definition
                row |= dict.fromkeys(("f1_low", "f1_high"), NAN)
            result.append(_measure(f"{p.score}, {name}", row, "f1", "gold", unit))
    if "original" in conditions and "retained_100" in conditions:
        name, row = f"difference of {p.score}", conditions["retained_100"]
        result.append(_measure(name, row, "difference", "gold", unit))
    for row in rows(kept[kept["seed"] == "mean"]):
        where = "all layers" if row["layer"] == "all" else f"layer {row['layer']}"
        row |= {"share_sd": row["sd"], "share_low": row["low"], "share_high": row["high"]}
        result.append(_measure(f"retained, {where}", row, "share", "n"))
    return result + [_measure(title, kappa, name, "n") for name, title in MEASURES.items()]


def _measure(title: str, row: Row, name: str, n: str, unit: str = "edges") -> Row:
    ends = {end: row[f"{name}_{end}"] for end in ("low", "high")}
    values = {"measure": title, "mean": row[name], **ends, "sd": row.get(f"{name}_sd", NAN)}
    return {**values, "n": int(row[n]), "unit_of_n": unit}
