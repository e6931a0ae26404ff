"""Sections about too few sentences or graphs in, the same out, saying why they lack intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.reports.sections import Section

from .params import Params
from .phrases import count
from .terms import terms

__all__ = ["without_intervals"]

MEASURED = "faithfulness_curves"
"""The section that is not about all graphs, but about those in the fidelity table."""


def without_intervals(
    sections: Iterable[Section], tables: RunTables, params: Params
) -> tuple[Section, ...]:
    """Add to the finding of every section that would have intervals why it has none.

    :func:`linguagraph.aggregates.statistics.resample` makes none of fewer sentences (graphs, where
    there is no language) than ``Resampling.min_sentences``.
    """
    masked = tables.edges if tables.token_masks is None else tables.token_masks
    everything = _cases(masked)
    measured = everything if tables.fidelity is None else _cases(tables.fidelity)
    least, noun = params.resampling.min_sentences, terms(tables).cases.removesuffix("s")
    found = []
    for section in sections:
        cases = measured if section.name == MEASURED else everything
        if 0 < cases < least and _would_have(section):
            why = f"{count(cases, noun)}; at least {least} are needed"
            said = f"There are too few {noun}s for intervals ({why}), so nothing here says what is"
            section = replace(section, finding=f"{section.finding} {said} due to chance.")
        found.append(section)
    return tuple(found)


def _cases(table: pd.DataFrame) -> int:
    return int(table["sentence"].nunique())


def _would_have(section: Section) -> bool:
    names = [str(n) for t in section.tables if len(t.frame) for n in t.frame.columns]
    return "no interval" in section.finding or any(n.endswith("low") for n in names)
