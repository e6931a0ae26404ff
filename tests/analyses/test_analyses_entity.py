"""Sections on questions: complete on a planted run, and never wrong or broken on what lacks."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
import tables_entity as synthetic
from linguagraph.analyses import Params, summary
from linguagraph.analyses.few import without_intervals

from linguagraph import analyses
from linguagraph.edges.storage import RunTables
from linguagraph.reports import render, to_latex
from linguagraph.reports.sections import Section

NAMES = (
    "entity_graphs",
    "entity_relations",
    "entity_query",
    "entity_paths",
    "entity_inverse",
    "entity_ablation",
    "entity_attribution",
    "entity_gold",
)
PDF = "linguagraph.analyses.entity_words.to_pdf"
"""Drawn in one regime only, to save time."""

QUICK = Params(resamples=40, min_n=5, score="accuracy")
ABOUT_MASKS = ("entity_query", "entity_paths", "entity_inverse")


def of_role(run: RunTables, role: str) -> RunTables:
    """The run with the role of all mentions replaced."""
    assert run.mentions is not None
    roles = pd.Categorical([role] * len(run.mentions))
    return replace(run, mentions=run.mentions.assign(role=roles))


def unpredicted(run: RunTables) -> RunTables:
    """The run without a mention of the prediction."""
    assert run.mentions is not None
    return replace(run, mentions=run.mentions.assign(predicted=False))


MADE: Mapping[str, Callable[[RunTables], RunTables]] = {
    "all": lambda run: run,
    "no gold": lambda run: synthetic.entity_run(gold=False),
    "one seed": lambda run: synthetic.entity_run(seeds=1),
    "one item": lambda run: synthetic.entity_run(items=1),
    "two items": lambda run: synthetic.entity_run(items=2),
    "nothing": lambda run: synthetic.empty_entity_run(),
    "none retained": lambda run: replace(run, edges=run.edges.assign(retained=False)),
    "all retained": lambda run: replace(run, edges=run.edges.assign(retained=True)),
    "one layer": lambda run: replace(run, edges=run.edges[run.edges["layer"] == 1]),
    "no questions": lambda run: replace(
        run, items=None, mentions=None, chains=None, attributions=None
    ),
    "no subject": lambda run: of_role(run, "bridge"),
    "no prediction": unpredicted,
}


@cache
def regime(name: str) -> RunTables:
    return MADE[name](synthetic.entity_run())


@cache
def section_of(regime_name: str, name: str) -> Section:
    module = importlib.import_module(f"linguagraph.analyses.{name}")
    fast = nullcontext() if regime_name == "all" else patch(PDF, return_value=b"")
    with fast:
        (section,) = module.run(regime(regime_name), QUICK)
    assert isinstance(section, Section)
    return section


@pytest.mark.parametrize("name", MADE)
def test_sections_are_complete(name: str) -> None:
    run = regime(name)
    sections = tuple(section_of(name, one) for one in NAMES)
    assert [section.name for section in sections] == list(NAMES)
    for section in sections:
        assert section.question.endswith("?")
        assert section.finding.endswith("."), section.finding
        assert not {"nan", "none)", "undefined"} & set(section.finding.lower().split())
        assert "  " not in section.finding
        known = {table.name for table in section.tables}
        for block in section.tables:
            assert set(block.percent) <= set(block.frame.columns)
            assert block.caption.endswith(".")
            assert len(block.frame)
            to_latex(block)
        for figure in section.figures:
            assert figure.data in known
            assert figure.alt.endswith(".")
            assert figure.caption.endswith(".")
    said = without_intervals(sections, run, QUICK)
    json.dumps(summary(said), allow_nan=False)
    page = render(said, title="What qa uses", manifest=run.manifest, summary=summary(said))
    assert "Relations by layer" in page


def test_relations_are_found() -> None:
    section = section_of("all", "entity_relations")
    # of 60 retained edges 24 are DOC-BASED in layer 0, 24 MATCH in layer 1, 12 DOC-BASED in 2
    assert "Layer 0 has most of them, 40.0% (paper: 51.6%)" in section.finding
    assert "in layer 1 DOC-BASED, COREF and COMPLEMENT" in section.finding
    assert "no COREF edge is retained" in section.finding
    table = section.tables[0].frame.set_index(["layer", "relation"])
    assert table.loc[("1", "MATCH"), "share"] == 1
    assert table.loc[("1", "MATCH"), "of_retained"] == pytest.approx(24 / 60)
    assert table.loc[("0", "COMPLEMENT"), "paper"] == pytest.approx(0.319)
    assert section.summary is not None
    assert section.summary["entity_relations"]["layers"]["1"]["MATCH"]["share"] == 1


def test_the_way_from_the_subject_is_found() -> None:
    section = section_of("all", "entity_query")
    assert "50.0% (paper: 11.8%) in layer 0" in section.finding
    assert "100% (paper: 73.8%) in layer 2 are on paths from it" in section.finding
    assert "50.0 points above" in section.finding
    reach = section.tables[1].frame.set_index("candidates")
    assert reach["share"].to_dict() == {"predicted": 1, "average": 0.5, "others": 0}
    assert list(reach["paper"])[:2] == [0.721, 0.692]


def test_forms_of_paths_are_found() -> None:
    section = section_of("all", "entity_paths")
    forms = section.tables[0].frame.set_index(["paths", "form"])
    way = "DOC-BASED > MATCH > DOC-BASED"
    assert forms.loc[("all", way), "share"] == pytest.approx(1 / 3)
    assert forms.loc[("from_subject", way), "share"] == 1
    assert forms.loc[("to_prediction", way), "share"] == 1
    # 1>0 in layer 0 goes nowhere, 0>1 goes on
    assert "In layer 0, 50.0% of the DOC-BASED edges that are retained begin no" in section.finding


def test_inverses_are_compared_with_independence() -> None:
    section = section_of("all", "entity_inverse")
    table = section.tables[0].frame.set_index("layer")
    assert table["share"].to_dict() == pytest.approx({"all": 48 / 60, "0": 1, "1": 1, "2": 0})
    assert table.loc["0", "expected"] == pytest.approx(2 / 8)
    assert "more often than if they were retained independently (25.0%)" in section.finding


def test_removing_is_compared_with_all_edges() -> None:
    section = section_of("all", "entity_ablation")
    assert "With all edges accuracy is 91.7%." in section.finding
    assert "Most missed of the relations is MATCH" in section.finding
    assert "Most missed of the layers is layer 0" in section.finding
    table = section.tables[0].frame.set_index("removed")
    assert table.loc["layer 0", ["accuracy", "paper"]].tolist() == [0, 0.331]


def test_scores_by_layer() -> None:
    section = section_of("all", "entity_attribution")
    assert "GraphMask has 60.0% (paper: 51.6%) in layer 0" in section.finding
    assert "only 10.0% (paper: 11.3%) in layer 0" in section.finding
    assert "1 item without scores left out" in section.finding
    assert len(section.figures) == 2


def test_gold_reasoning_is_compared_with_random_edges() -> None:
    section = section_of("all", "entity_gold")
    assert "75.0% of the retained edges are gold edges" in section.finding
    assert "compared with 25.0% of random ones: 50.0 points above" in section.finding
    assert section.tables[0].frame["control"].tolist()[:2] == ["method", "random"]


def test_sizes_and_accuracy() -> None:
    section = section_of("all", "entity_graphs")
    assert "12 items, on average with 6.0 nodes" in section.finding
    assert "answers 91.7%" in section.finding
    relations = section.tables[1].frame.set_index("relation")
    # DOC-BASED joins four pairs, COMPLEMENT ten of the fifteen, in twelve items
    assert relations["edges"].to_dict() == {
        "MATCH": 24,
        "DOC-BASED": 96,
        "COREF": 36,
        "COMPLEMENT": 240,
    }


@pytest.mark.parametrize(
    ("name", "silent", "why"),
    [
        ("nothing", NAMES[:5], "the edge table is empty"),
        ("nothing", NAMES[6:7], "no scores by layer were recorded"),
        ("no questions", NAMES[:5], "the run has no table of mentions"),
        ("none retained", ABOUT_MASKS, "no edge is retained"),
        ("no subject", ("entity_query",), "no item has a mention of its subject"),
        ("no gold", ("entity_gold",), "no gold reasoning is known"),
    ],
)
def test_what_lacks_is_said(name: str, silent: tuple[str, ...], why: str) -> None:
    for one in silent:
        assert section_of(name, one).finding == f"There is nothing to report: {why}."


def test_what_is_unknown_is_not_made_up() -> None:
    assert section_of("no gold", "entity_graphs").finding.endswith("are not known.")
    found = section_of("no prediction", "entity_query").finding
    assert found.endswith("No item has mentions both of its subject and of the prediction.")
    found = section_of("none retained", "entity_relations").finding
    assert found.startswith("No edge of any relation is retained.")
    assert "no interval" in section_of("two items", "entity_relations").finding
    assert "independently" not in section_of("two items", "entity_inverse").finding
    note = section_of("one seed", "entity_relations").notes[0]
    assert note == "One seed (0); nothing can be said about variation over seeds."


def test_modules_are_short_and_say_their_question() -> None:
    folder = Path(analyses.__file__).parent
    for name in NAMES:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 120, name
        assert text.split('"""')[1].endswith("?"), name
