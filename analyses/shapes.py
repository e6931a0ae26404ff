"""Aggregates in, the parts of ``summary.json`` out: plain JSON values, ``None`` for unknown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .blocks import SHARE, Row, rows, rows_by
from .phrases import number

__all__ = ["agreement_shape", "faithfulness_shape", "nested", "retained_shape", "score_shape"]

METRIC = "role F1 over (predicate, token, role) triples, gold predicates"
OWN = "role agreement (F1 over (predicate, token, role) triples against the roles that the model "
OWN += "gives with all edges: there are no gold roles)"


def _spread(row: Row, name: str, *, sd: str | None = None, end: str = "_") -> dict[str, Any]:
    """Mean, sd and interval of a column."""
    low, high = (f"{name}{end}low", f"{name}{end}high") if end else ("low", "high")
    columns = {"mean": name, "sd": sd or f"{name}_sd", "ci_low": low, "ci_high": high}
    return {key: number(row[column]) for key, column in columns.items()}


def score_shape(
    scores: pd.DataFrame, by_seed: pd.DataFrame, *, metric: str = METRIC
) -> dict[str, Any]:
    """``score``: original, masked, difference (means and one value per seed) and metric.

    Args:
        scores: result of ``faithfulness``.
        by_seed: result of ``faithfulness_by_seed``.
        metric: what is scored.
    """
    conditions = rows_by(scores, "condition", kind="all")
    original = conditions["original"]["f1"] if "original" in conditions else float("nan")
    result: dict[str, Any] = {"metric": metric, "original": number(original)}
    masked = conditions.get("retained_100")
    if masked is None:
        return {**result, "masked": None, "difference": None, "reason": "no masked score"}
    seeds = {r["seed"]: r["f1"] for r in rows(by_seed) if r["condition"] == "retained_100"}
    result["masked"] = _spread(masked, "f1")
    result["masked"]["per_seed"] = {str(s): number(f1) for s, f1 in seeds.items()}
    result["difference"] = _spread(masked, "difference")
    result["difference"]["per_seed"] = {str(s): number(f - original) for s, f in seeds.items()}
    return result


def retained_shape(kept: pd.DataFrame) -> dict[str, Any]:
    """``retained``: overall and per layer, from the result of ``retention``."""
    layers: dict[str, dict[str, Any]] = {}
    for row in rows(kept):
        if row["seed"] == "mean":
            shape = _spread(row, "share", sd="sd", end="") | {"n": int(row["n"])}
            layers[row["layer"]] = shape | {"per_seed": {}}
        elif row["seed"] != "none":
            layers[row["layer"]]["per_seed"][row["seed"]] = number(row["share"])
    return {"overall": layers.pop("all"), "per_layer": layers}


def agreement_shape(overall: Row, layers: pd.DataFrame) -> dict[str, Any]:
    """``agreement``: all coefficients, overall and per layer, from results of ``agreement``."""
    per_layer = {row["layer"]: _coefficients(row) for row in rows(layers)}
    return {**_coefficients(overall), "per_layer": per_layer}


def _coefficients(row: Row) -> dict[str, Any]:
    columns = {"fleiss_kappa": "fleiss_kappa", "ci_low": "fleiss_kappa_low"}
    columns |= {"ci_high": "fleiss_kappa_high"}
    columns |= {m: m for m in ("raw_agreement", "prevalence", "gwet_ac1", "krippendorff_alpha")}
    shape: dict[str, Any] = {key: number(row[column]) for key, column in columns.items()}
    return shape | {"n": int(row["n"])} | ({"reason": row["reason"]} if row["reason"] else {})


def faithfulness_shape(scores: pd.DataFrame, by_seed: pd.DataFrame) -> dict[str, Any]:
    """``faithfulness``: one entry per condition, with F1 per seed."""
    result: dict[str, Any] = {}
    for condition, row in rows_by(scores, "condition", kind="all").items():
        seeds = by_seed[(by_seed["condition"] == condition) & (by_seed["seed"] >= 0)]
        shape = {"f1" if key == "mean" else key: v for key, v in _spread(row, "f1").items()}
        shape |= {"difference": number(row["difference"]), "kept": number(row["kept"])}
        per_seed = {str(r["seed"]): number(r["f1"]) for r in rows(seeds)}
        result[condition] = shape | {"per_seed": per_seed}
    return result


def nested(table: pd.DataFrame, *keys: str) -> dict[str, Any]:
    """A share table as nested mappings by its key columns.

    ``{"all": {"argument": {"share": 0.9, "low": 0.8, "high": 1.0, "n": 40, "small": False}}}``
    """
    result: dict[str, Any] = {}
    for row in rows(table):
        place = result
        for key in keys[:-1]:
            place = place.setdefault(str(row[key]), {})
        cell: dict[str, Any] = {name: number(row[name]) for name in SHARE}
        place[str(row[keys[-1]])] = cell | {"n": int(row["n"]), "small": bool(row["small"])}
    return result
