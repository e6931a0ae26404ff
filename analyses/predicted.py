"""What here is predicted rather than annotated, and how accurate is what predicted it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.reports.accuracy import listed
from linguagraph.reports.sections import Section

from .blocks import question, shown
from .params import Params
from .phrases import join
from .predictors import Predictors, predictors

__all__ = ["run"]

NAME, TITLE = "predicted", "Predicted, not gold"
NUMBERS = ("score", "precision", "recall")


def run(tables: RunTables, params: Params) -> tuple[Section, ...]:
    """One row per predicted layer and measure, with the data that it was measured on."""
    found = predictors(tables.manifest)
    summary = {NAME: found.summary()}
    if not found.what:
        finding = "Nothing: sentences, tokens, tags, trees and predicates are as annotated."
        return (Section(NAME, TITLE, question(__doc__), finding, summary=summary),)
    table = shown(
        "predicted",
        "What is predicted, by what, and its accuracy as measured on annotated text (F1, or share "
        "of tokens that are right); precision and recall where the measure has them.",
        pd.DataFrame(found.rows()).astype(dict.fromkeys(NUMBERS, float)),
        percent=NUMBERS,
    )
    notes = [
        "On text of another kind these accuracies are usually lower. What follows describes the "
        "model on these predictions: their errors are part of every label, path and distance."
    ]
    if len(tables.roles) and not tables.roles["gold_role"].notna().any():
        notes.append("The text has no annotated roles: nothing here is scored against gold roles.")
    return (
        Section(
            name=NAME,
            title=TITLE,
            question=question(__doc__),
            finding=_finding(found),
            tables=(table,),
            notes=tuple(notes),
            summary=summary,
        ),
    )


def _finding(found: Predictors) -> str:
    verb = "is" if list(found.what) == ["coreference"] else "are"
    text = f"{join(found.what).capitalize()} {verb} predicted, not gold."
    known = text
    if found.trees:
        text += f" Trees: {listed(found.trees)}{_on(found.parser)}."
    if found.predicates:
        text += f" Predicates, F1: {listed(found.predicates)}{_on(found.finder)}."
    if found.conll is not None:
        text += f" Coreference: {listed([found.conll])}{_on(found.resolver)}."
    return text if text != known else f"{text} How accurately is not known."


def _on(facts: Mapping[str, Any]) -> str:
    return f", measured on {facts['scored_on']}" if facts.get("scored_on") else ""
