"""What reports say of masking methods: probes as before, other methods by their own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from linguagraph.analyses import Params, analyse
from linguagraph.analyses.method_words import method_rows, method_words

from linguagraph.edges.storage import RunTables
from linguagraph.reports import render
from linguagraph.reports.methods import METHOD_NAMES, method_name

ATTENTION: dict[str, Any] = {
    "name": "attention",
    "seeds": [0],
    "deterministic": True,
    "chosen_by": "as given",
    "keep": 0.25,
    "threshold": None,
    "fill": "zeros",
    "needs_fit": False,
    "config": {"relative": True},
}
PG = ATTENTION | {
    "name": "pgexplainer",
    "seeds": [0, 1],
    "deterministic": False,
    "needs_fit": True,
    "keep": None,
    "threshold": 0.5,
    "fit": {"corpus": {"name": "train.conll09"}, "predicates": 5000, "of": 37000},
}


def test_without_a_method_the_words_are_those_of_probes() -> None:
    words = method_words({})
    assert words.subject == "The probes"
    assert words.runs(5, "srl-gnn") == "5 probes of one model (srl-gnn)"
    assert words.fill == "the probe's learned baseline"
    assert words.seedless == ""
    assert method_rows({}) == []
    assert method_words({"method": {"name": "graphmask"}}).probes


def test_other_methods_have_their_own() -> None:
    words = method_words({"method": PG})
    assert words.subject == "The masks by PGExplainer"
    assert words.runs(2, "m") == "PGExplainer (2 seeds) for one model (m)"
    rows = dict(method_rows({"method": PG}))
    assert rows["method: learned from"] == "train.conll09, 5000 predicates of 37000"
    assert rows["method: retained edges"] == "those with a score above 0.5 (as given)"
    alone = method_words({"method": ATTENTION})
    assert alone.runs(1, "m").startswith("The model's own gates or attention (which has no noise)")
    assert alone.fill == "zeros"
    rows = dict(method_rows({"method": ATTENTION}))
    assert rows["method: seeds"] == "0 (without noise)"
    assert rows["method: retained edges"].startswith("25.0% of each example's")
    assert rows["method: relative"] is True


def test_every_method_of_the_registry_has_a_name() -> None:
    pytest.importorskip("torch_geometric")
    from linguagraph.masks.rivals import METHODS

    assert {*METHODS, "diffmask"} == set(METHOD_NAMES)
    assert method_name("mine") == "mine"


@pytest.mark.parametrize("method", [ATTENTION, PG])
def test_a_report_on_another_method_speaks_of_no_probes(
    make_tables: Callable[..., RunTables], method: dict[str, Any]
) -> None:
    tables = make_tables(sentences=12, seeds=len(method["seeds"]))
    tables = replace(tables, manifest={**tables.manifest, "method": method, "probes": []})
    sections = analyse(tables, Params(resamples=20, min_n=2))
    page = render(sections, title="t", manifest=tables.manifest, summary={})
    shown = page.split('id="run-manifest"')[0]
    assert "probe" not in shown.split("</style>")[1]
    assert "Linguistic GraphMask report" not in page
    by_name = {section.name: section for section in sections}
    assert by_name["overview"].finding.startswith(f"The masks by {method_name(method['name'])}")
    assert ("has no noise" in by_name["agreement"].finding) == method["deterministic"]
    notes = [note for section in sections for note in section.notes]
    assert not any("variation over seeds" in note for note in notes)
    said = " ".join(s.question + s.finding for s in sections if s.name != "methods")
    if method is ATTENTION:
        assert not any(word in said for word in ("learned", "learning", "Without learning"))
    else:
        assert "instead of learning a mask?" in said
    assert any(t.name == "methods_models" for t in by_name["methods"].tables)


def test_a_report_on_probes_is_about_graphmask(small_tables: RunTables) -> None:
    sections = analyse(small_tables, Params(resamples=20, min_n=2))
    page = render(sections, title="t", manifest=small_tables.manifest, summary={})
    assert "Linguistic GraphMask report" in page
    assert "The probes retain" in page
