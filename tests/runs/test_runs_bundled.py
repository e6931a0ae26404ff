"""The bundled models on the bundled sample corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from linguagraph.analyses import Params

from linguagraph.pretrained import BUNDLED, bundled_path, sample_path
from linguagraph.runs.listing import list_models
from linguagraph.runs.reporting import ReportOptions, run_report

pytestmark = pytest.mark.skipif(
    not all((bundled_path(name) / "model.safetensors").is_file() for name in BUNDLED),
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


def test_what_is_bundled_is_small_and_documented() -> None:
    found = list_models()
    assert [entry["name"] for entry in found] == list(BUNDLED)
    assert sum(entry["megabytes"] for entry in found) < 20
    for entry in found:
        assert entry["details"]["dev_f1"]["all"] >= 0.825
        assert "CC BY-SA 4.0" in entry["licence"]
