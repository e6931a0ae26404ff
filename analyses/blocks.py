"""Small parts that every analysis is made of: rows of a table, empty sections, common notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from linguagraph.reports.sections import Section, TableBlock

__all__ = [
    "SHARE",
    "Row",
    "edge_name",
    "nothing",
    "question",
    "rows",
    "rows_by",
    "seeds_note",
    "shown",
]

Row = dict[str, Any]

SHARE = ("share", "low", "high")
"""The columns of a share table that are shown as percentages."""


def rows(table: pd.DataFrame) -> list[Row]:
    """The rows of a table, each a mapping from column to value."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def rows_by(table: pd.DataFrame, column: str, *, kind: str | None = None) -> dict[str, Row]:
    """Rows by the value of a column; ``kind`` keeps the rows of one predicate type."""
    if kind is not None:
        table = table[table["predicate_type"] == kind]
    return {str(row[column]): row for row in rows(table)}


def question(docstring: str | None) -> str:
    """The question that a module answers: the first paragraph of its docstring."""
    return " ".join((docstring or "").split("\n\n")[0].split())


def nothing(
    name: str, title: str, docstring: str | None, why: str, *, summary: Row | None = None
) -> Section:
    """A section that says why there is nothing to show."""
    finding = f"There is nothing to report: {why}."
    return Section(name, title, question(docstring), finding, summary=summary)


def shown(
    name: str,
    caption: str,
    frame: pd.DataFrame,
    *,
    percent: Sequence[str] = (),
    digits: int = 3,
    folded: bool = False,
) -> TableBlock:
    """A table of the report; of the ``percent`` columns only those that it has are named."""
    present = tuple(column for column in percent if column in frame.columns)
    return TableBlock(name, caption, frame.reset_index(drop=True), present, digits, folded)


def edge_name(label: str, direction: str) -> str:
    """A label with its direction, as in the paper: "nsubj (->)"; alone where it has none."""
    return f"{label} ({direction})" if direction else str(label)


def seeds_note(seeds: Sequence[int], cases: str = "sentences", *, seedless: str = "") -> str:
    """What counts over seeds mean, and what intervals resample.

    ``seedless`` is said of a method without noise, which has one mask.
    """
    if len(seeds) < 2:
        if seedless:
            return seedless
        which = f" ({seeds[0]})" if seeds else ""
        return f"One seed{which}; nothing can be said about variation over seeds."
    return (
        f"k is the mean over {len(seeds)} seeds, n the number of cases of one seed. "
        f"Intervals resample {cases} and keep the masks fixed; the spread over seeds is apart."
    )
