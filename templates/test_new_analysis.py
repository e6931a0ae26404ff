"""The analysis new_analysis, on a run of the bundled sample and on a run without edges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from linguagraph.analyses import Params, ask, load_plugin
from linguagraph.edges.storage import RunTables
from linguagraph.reports import Section
from linguagraph.runs.sample import sample_tables

MODULE = Path(__file__).with_name("new_analysis.py")
ASKED = "QUESTION"


@pytest.fixture(scope="module")
def tables() -> RunTables:
    """The first sentences of the sample, masked by two probes."""
    return sample_tables(seeds=2, limit=12)


def answer(tables: RunTables) -> Section:
    """The section that the analysis makes, tried out as a report would."""
    (section,) = ask(load_plugin(MODULE), tables, Params(resamples=100))
    return section


def test_the_question_is_the_docstring(tables: RunTables) -> None:
    assert answer(tables).question == ASKED
    assert answer(tables).title == "TITLE"


def test_the_shares_are_those_of_the_edge_table(tables: RunTables) -> None:
    (block,) = answer(tables).tables
    table = block.frame.set_index("dependent")
    edges = tables.edges
    ends = edges[["source", "target"]]
    head = ends["source"].where(edges["direction"] == "->", ends["target"])
    first = edges[ends.sum(axis=1) - head < head]  # the dependent is what is not the head
    assert table["n"].sum() * edges["seed"].nunique() == len(edges)
    assert table.loc["before its head", "n"] * edges["seed"].nunique() == len(first)
    assert table.loc["before its head", "share"] == pytest.approx(first["retained"].mean())
    assert table["share"].between(table["low"], table["high"]).all()


def test_the_finding_states_the_numbers(tables: RunTables) -> None:
    section = answer(tables)
    share = section.tables[0].frame.set_index("dependent").loc["before its head", "share"]
    assert f"{share:.1%}" in section.finding


def test_without_edges_it_says_so(tables: RunTables) -> None:
    section = answer(replace(tables, edges=tables.edges.iloc[:0]))
    assert section.finding.startswith("There is nothing to report")
    assert section.tables == section.figures == ()
