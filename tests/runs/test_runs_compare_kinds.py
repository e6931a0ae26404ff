"""Questions and graphs of any kind side by side: relations and edge labels, drawn once per run."""

from __future__ import annotations

from pathlib import Path

import pytest
from any_graphs import LABELS, Planted, batches
from linguagraph.analyses import Params
from qa_tools import saved_model, write_questions

import linguagraph
from linguagraph.errors import RunError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.runs.compare import compare
from linguagraph.runs.qa import QaOptions, report_qa
from linguagraph.runs.qa_items import QaReading

pytest.importorskip("torch_geometric")

QUICK = Params(resamples=30, min_n=5)
SHORT = AmortisedConfig(steps=40, epochs_after=1, lr=2e-2)
LANGUAGE = ("sentence", "predicate", "token", "dependency", "verbal", "role")


def test_questions_with_other_seeds(tmp_path: Path) -> None:
    model = saved_model(tmp_path / "toy")
    asked = write_questions(tmp_path / "made.json", range(200, 230))
    for seed in ("0", "1"):
        options = QaOptions(
            model=str(model), reading=QaReading(coreference="none"), seeds=f"{seed},", threads=1
        )
        report_qa(asked, tmp_path / f"run{seed}", options=options, params=QUICK)
    runs = [tmp_path / "run0", tmp_path / "run1"]
    made = compare(runs, params=QUICK)
    assert made.names == ("run0", "run1")
    assert [s.name for s in made.sections] == [
        "compare_runs",
        "compare_scores",
        "compare_retained",
        "compare_agreement",
        "compare_labels",
        "compare_curves",
        "compare_examples",
    ]
    labels = set(made.tables["compare_labels"]["label"])
    assert "MATCH" in labels
    assert made.summary["compare_scores"]["original"]["run1"]["difference"] == 0
    assert "accuracy" in made.summary["findings"]["compare_runs"]
    assert "items" in made.summary["findings"]["compare_runs"]
    drawn = next(s for s in made.sections if s.name == "compare_examples")
    assert drawn.figures or drawn.finding.startswith("There is nothing to report")
    other = write_questions(tmp_path / "other.json", range(300, 330))
    options = QaOptions(model=str(model), reading=QaReading(coreference="none"), threads=1)
    report_qa(other, tmp_path / "elsewhere", options=options, params=QUICK)
    with pytest.raises(RunError, match="other corpora"):
        compare([runs[0], tmp_path / "elsewhere"])


def test_graphs_of_any_kind(tmp_path: Path) -> None:
    reports = [
        linguagraph.report(
            model=Planted(),
            loader=batches(40, seed=0),
            explain=batches(30, seed=1),
            edge_labels=LABELS,
            seeds=seeds,
            config=SHORT,
            params=QUICK,
            name=name,
            out=tmp_path / name,
        )
        for name, seeds in (("one", (0, 1)), ("two", (2, 3)))
    ]
    made = compare(reports, params=QUICK)
    assert made.names == ("one", "two")
    assert set(made.tables["compare_labels"]["label"]) == set(LABELS)
    assert made.summary["compare_agreement"]["any"]["one and two"]["cohen_kappa"] > 0.3
    words = " ".join(made.summary["findings"].values()).lower()
    assert not [word for word in LANGUAGE if word in words]
    assert made.summary["examples"] == 30
    stored = compare([tmp_path / "one", tmp_path / "two"], params=QUICK)
    assert stored.summary == made.summary
    other = linguagraph.report(
        model=Planted(),
        loader=batches(40, seed=0),
        explain=batches(30, seed=7),
        edge_labels=LABELS,
        seeds=(0,),
        config=SHORT,
        params=QUICK,
        name="three",
    )
    with pytest.raises(RunError, match="edges in common"):
        compare([reports[0], other])
