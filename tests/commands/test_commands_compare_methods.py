"""``linguagraph compare-methods`` from the command line, on runs of stored tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tables as synthetic

from linguagraph.cli import app
from linguagraph.edges.storage import RunTables
from linguagraph.errors import RunError
from linguagraph.runs.directory import Run


def stored(tables: RunTables, path: Path) -> Path:
    """A run directory that holds tables, as if it had been tabulated."""
    run = Run.create(path, resume=False)
    for name in ("parse", "graph", "mask", "tabulate"):
        with run.stage(name, {}):
            pass
    run.update(**tables.manifest)
    tables.write(path)
    return path


def of_method(tables: RunTables, name: str, *, noise: int | None = None) -> RunTables:
    """The same run as if another method had made it, with scores at random if asked for."""
    edges = tables.edges.assign(method=name)
    if noise is not None:
        scores = np.random.default_rng(noise).random(len(edges)).astype("float32")
        edges = edges.assign(score=scores, retained=scores > 0.7)
    method = {"name": name, "seeds": [0], "chosen_by": "as given"}
    cost = {"explain_seconds": 2.0, "explained": 100, "seeds": 2, "fit_seconds": None}
    return replace(
        tables,
        edges=edges,
        scores=tables.scores.assign(method=name),
        manifest={**tables.manifest, "method": method, "cost": cost},
    )


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    plain = synthetic.planted_run(sentences=20)
    made = {
        "graphmask": plain,
        "attention": of_method(plain, "attention"),
        "random": of_method(plain, "random", noise=1),
    }
    return [str(stored(tables, tmp_path / name)) for name, tables in made.items()]


def test_three_methods_side_by_side(runs: list[str], tmp_path: Path) -> None:
    page = tmp_path / "methods.html"
    words = [*runs, "-o", str(page), "--measure", "0", "--resamples", "20", "--min-n", "5", "-q"]
    app(["compare-methods", *words], standalone_mode=False)
    home = tmp_path / "methods_files"
    summary = json.loads((home / "summary.json").read_text())
    agreed = summary["methods_agreement"]
    assert set(agreed) == {
        *("graphmask / attention", "graphmask / random", "attention / random"),
    }
    assert agreed["graphmask / attention"]["rank_correlation"] == pytest.approx(1.0)
    close, far = (agreed[f"graphmask / {n}"]["cohen_kappa"] for n in ("attention", "random"))
    assert close > far
    assert abs(far) < 0.2
    cost = summary["methods_overview"]
    assert cost["attention"]["seconds_per_example"] == pytest.approx(0.01)
    assert cost["graphmask"]["seconds_per_example"] is None
    assert "not measured for graphmask" in summary["findings"]["methods_curves"]
    assert (home / "tables" / "methods_labels.csv").is_file()
    assert "Agreement between methods" in page.read_text()


def test_methods_on_different_models_are_refused(runs: list[str], tmp_path: Path) -> None:
    run = Run.open(runs[1])
    run.update(model={**run.manifest["model"], "fingerprint": "another"})
    words = [*runs, "-o", str(tmp_path / "methods.html"), "--measure", "0", "-q"]
    with pytest.raises(RunError, match="its model is another"):
        app(["compare-methods", *words], standalone_mode=False)
