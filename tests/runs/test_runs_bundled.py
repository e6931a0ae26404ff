"""The bundled models on the bundled sample corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from linguagraph.analyses import Params

from linguagraph.pretrained import (
    BUNDLED,
    BUNDLED_QA,
    bundled_path,
    sample_path,
    sample_questions_path,
)
from linguagraph.runs.listing import list_models
from linguagraph.runs.qa import QaOptions, report_qa
from linguagraph.runs.reporting import ReportOptions, run_report

pytestmark = pytest.mark.skipif(
    not all((bundled_path(name) / "model.safetensors").is_file() for name in BUNDLED + BUNDLED_QA),
    reason="the bundled models are not there",
)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_report_on_the_sample(tmp_path: Path, name: str) -> None:
    options = ReportOptions(model=name, device="cpu", threads=1)
    found = run_report(
        sample_path(), tmp_path / "run", options=options, params=Params(resamples=20)
    )
    summary, manifest = found.summary, found.run_tables.manifest
    assert summary["model"] == name
    assert summary["seeds"] == [0, 1, 2, 3, 4]
    assert summary["score"]["original"] > 0.7
    assert abs(summary["score"]["difference"]["mean"]) < 0.05
    assert summary["retained"]["overall"]["mean"] < 0.3
    assert summary["agreement"]["fleiss_kappa"] > 0.6
    shares = summary["faithfulness"]
    assert shares["retained_100"]["f1"] > shares["random_labels"]["f1"]
    assert shares["retained_100"]["f1"] > shares["retained_50"]["f1"] > shares["retained_0"]["f1"]
    assert manifest["unknown_labels"] == {}
    assert manifest["corpus"]["sentences"] == 67


def test_a_report_on_the_sample_questions(tmp_path: Path) -> None:
    options = QaOptions(device="cpu", threads=1, rivals=("integrated_gradients",), rival_items=3)
    found = report_qa(
        sample_questions_path(), tmp_path / "run", options=options, params=Params(resamples=20)
    )
    tables, summary = found.run_tables, found.summary
    assert summary["model"] == "qa"
    assert summary["seeds"] == [0, 1, 2, 3, 4]
    assert tables.items is not None
    assert (tables.items["correct"] == "yes").sum() >= 7
    assert summary["retained"]["overall"]["mean"] < 0.4
    assert set(tables.edges["label"].unique()) == {"MATCH", "DOC-BASED", "COREF", "COMPLEMENT"}
    scores = tables.scores.groupby("condition", observed=True)["correct"].mean()
    assert scores["retained_100"] > scores["retained_0"]
    assert (tmp_path / "run" / "report.html").stat().st_size < 5e6


def test_what_is_bundled_is_small_and_documented() -> None:
    found = list_models()
    names = [*BUNDLED, *BUNDLED_QA, "predicates-en", "parser-en"]
    assert [entry["name"] for entry in found] == names
    assert sum(entry["megabytes"] for entry in found) < 40
    assert all("CC BY-SA 4.0" in entry["licence"] for entry in found)
    *models, questions, finder, parser = found
    assert questions["megabytes"] < 8
    assert len(questions["details"]["seeds"]) == 5
    assert all(entry["details"]["dev_f1"]["all"] >= 0.825 for entry in models)
    assert finder["details"]["dev_f1"]["V"] >= 0.92
    assert finder["details"]["dev_f1"]["N"] >= 0.75
    raw = parser["details"]["raw text"]
    floors = {"Tokens": 99, "Sentences": 87, "UPOS": 93.5, "Lemmas": 95.5, "LAS": 79.5}
    assert all(raw[name] >= floor for name, floor in floors.items())
    assert parser["details"]["gold tokens"]["LAS"] >= 82
    assert parser["megabytes"] < 15
