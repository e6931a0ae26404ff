"""Plugins and the sections before them in, their sections and a list of those that failed out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import pandas as pd

from linguagraph.edges.storage import RunTables
from linguagraph.errors import ReportError
from linguagraph.reports.html import render
from linguagraph.reports.names import check_names
from linguagraph.reports.save import save_report
from linguagraph.reports.sections import Section

from .blocks import shown
from .params import Params
from .phrases import count, join
from .plugins import Plugin
from .summary import summary
from .trouble import trouble

__all__ = ["FAILED", "run_plugin", "run_plugins"]

FAILED = "failed_analyses"
"""Name of the section about plugins that failed, and of what the summary says of them."""
COLUMNS = ("analysis", "origin", "why")


def run_plugins(
    plugins: Iterable[Plugin], before: Sequence[Section], tables: RunTables, params: Params
) -> tuple[Section, ...]:
    """Sections of the plugins, then one about those that failed, if any did.

    A plugin sees shallow copies of the tables: a column that it adds is its own affair. What it
    returns is tried out before it is let in, so that it cannot break the report.
    """
    sections = [*before, _failed([])]
    failures = []
    for plugin in plugins:
        try:
            sections += run_plugin(plugin, tables, params, before=sections)
        except (Exception, SystemExit) as error:
            why = str(error) if isinstance(error, ReportError) else trouble(error)
            failures.append((plugin, why))
    made = tuple(sections[len(before) + 1 :])
    return (*made, _failed(failures)) if failures else made


def run_plugin(
    plugin: Plugin, tables: RunTables, params: Params, *, before: Sequence[Section] = ()
) -> tuple[Section, ...]:
    """Sections of one plugin, tried out beside those before it.

    Raises:
        ReportError: it could not be loaded, or what it returns cannot stand in the report.
        Exception: whatever it raises itself.
    """
    if plugin.run is None:
        raise ReportError(plugin.why)
    sections = _sections(plugin.run(_copied(tables), params))
    check_names((*before, *sections))
    values = summary((*before, *sections))
    with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
        page = render(sections, title=plugin.name, manifest={}, summary={})
        save_report(folder, sections=sections, html=page, summary=values)
    return sections


def _sections(found: object) -> tuple[Section, ...]:
    if not isinstance(found, (tuple, list)):
        raise ReportError(f"it returned a {type(found).__name__}; expected a tuple of sections")
    wrong = sorted({type(item).__name__ for item in found if not isinstance(item, Section)})
    if wrong:
        raise ReportError(f"it returned {', '.join(wrong)} among its sections; expected Section")
    return tuple(found)


def _copied(tables: RunTables) -> RunTables:
    frames: dict[str, Any] = {f.name: getattr(tables, f.name) for f in fields(tables)}
    frames = {k: v.copy(deep=False) for k, v in frames.items() if isinstance(v, pd.DataFrame)}
    return replace(tables, **frames)


def _failed(failures: Sequence[tuple[Plugin, str]]) -> Section:
    told = [f"{plugin.name} ({plugin.origin}): {why}" for plugin, why in failures]
    facts = [
        {"analysis": p.name, "origin": p.origin, "why": why, "from_file": p.from_file}
        for p, why in failures
    ]
    caption = "Analyses that are not built in and could not be run, and where each is from."
    return Section(
        name=FAILED,
        title="Analyses that failed",
        question="Which analyses are missing from this report?",
        finding=f"{count(len(told), 'analysis', 'analyses')} failed and "
        f"{'is' if len(told) == 1 else 'are'} left out: {join(told)}.",
        tables=(shown(FAILED, caption, pd.DataFrame(facts, columns=COLUMNS)),),
        notes=("Everything else in this report is as it would be without them.",),
        summary={FAILED: facts},
    )
