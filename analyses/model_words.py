"""Effects of a retention model in, the finding in words and its numbers for the summary out."""

from __future__ import annotations

import pandas as pd

from linguagraph.aggregates import RetentionModel

from .blocks import rows
from .model_drawings import FACTOR_NAMES
from .params import Params
from .phrases import count, join, number, percent

__all__ = ["effects_in_words", "effects_summary"]


def effects_in_words(effects: pd.DataFrame, model: RetentionModel, params: Params) -> str:
    """The finding: which factors have an effect, how well the model fits, what was set aside."""
    known = effects[effects["effect"].notna()]
    if known.empty:
        problems = [r["done"] for r in rows(model.problems) if not r["factor"]]
        return f"No effect can be estimated: {join(problems) or 'every factor is constant'}."
    sure = known[known["p_holm"] < 1 - params.level]
    parts = []
    for factor, part in sure.groupby("factor", sort=False):
        best = rows(part.loc[part["effect"].abs().nlargest(1).index])[0]
        ends = f"{signed(best['effect_low'])} to {signed(best['effect_high'])}"
        against = f" against {best['reference']}" if best["reference"] else ""
        points = f"{signed(best['effect'])} points; {params.level:.0%} interval {ends}"
        text = f"{FACTOR_NAMES[str(factor)]} ({best['level']}{against}: {points})"
        parts.append((abs(best["effect"]), text))
    ordered = [text for _, text in sorted(parts, reverse=True)]
    text = "No factor has an effect that the intervals can tell from none."
    if ordered:
        text = f"All else equal, these change the retained share: {join(ordered)}."
    auc = model.fit["auc"].iloc[0]
    text += f" The model tells retained from superfluous edges with an AUC of {auc:.2f}"
    worst = model.calibration["difference"].abs().max()
    text += f"; predicted and observed shares differ by {percent(worst)} at most over ten groups."
    separated = model.problems[model.problems["problem"] == "separated"]
    if len(separated):
        text += f" {count(len(separated), 'level or combination', 'levels or combinations')} of "
        verbs = ("is", "stands") if len(separated) == 1 else ("are", "stand")
        text += f"factors {verbs[0]} never or always retained and {verbs[1]} apart."
    return text


def signed(share: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def effects_summary(effects: pd.DataFrame, model: RetentionModel) -> dict[str, object]:
    """Effects by factor and level, for ``summary.json``."""
    found: dict[str, dict[str, object]] = {}
    for row in rows(effects[effects["effect"].notna()]):
        ends = {
            name: number(row[name]) for name in ("effect", "effect_low", "effect_high", "p_holm")
        }
        found.setdefault(row["factor"], {})[row["level"]] = ends
    return {"effects": found, "auc": number(model.fit["auc"].iloc[0])}
