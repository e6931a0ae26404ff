"""A whole report: its files, its numbers, its manifest, and the object that Python users get."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from linguagraph.analyses import Params

import linguagraph
from linguagraph.columns import EDGES, TABLES
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import DocumentError
from linguagraph.files import fingerprint
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.sources import Reading
from linguagraph.runs.tabulating import tabulate_stage

if TYPE_CHECKING:
    from .conftest import Made

SEEDS = ["0", "1", "4"]


def test_every_promised_file_is_there(made: Made) -> None:
    for name in ("report.html", "summary.json", "manifest.json", "edges.parquet", "paths.parquet"):
        assert (made.path / name).stat().st_size > 0
    shown = set(made.report.tables)
    figures = {f.name for section in made.report.sections for f in section.figures}
    assert shown
    assert figures
    for suffix in ("csv", "tex"):
        assert {p.stem for p in (made.path / "tables").glob(f"*.{suffix}")} == shown
    for suffix in ("svg", "pdf"):
        assert figures >= {p.stem for p in (made.path / "figures").glob(f"*.{suffix}")}
    assert {p.stem for p in (made.path / "figures").glob("*.svg")} == figures
    assert not list(made.path.rglob("*.part"))


def test_the_page_needs_nothing_else(made: Made) -> None:
    page = (made.path / "report.html").read_text(encoding="utf-8")
    assert page == made.report.html
    assert 'src="http' not in page
    assert "tiny" in page
    assert "part.conll09" in page


def test_the_summary_has_what_is_promised(made: Made) -> None:
    found = json.loads((made.path / "summary.json").read_text(encoding="utf-8"))
    assert found["model"].startswith("tiny")  # the directory of the model
    assert set(found["corpus"]) >= {"sentences", "tokens", "predicates", "edges"}
    assert found["corpus"]["sentences"] == 12
    assert set(found["score"]) >= {"original", "masked", "difference", "metric"}
    for part in (found["score"]["masked"], found["retained"]["overall"]):
        assert list(part["per_seed"]) == SEEDS
        assert 0 <= part["ci_low"] <= part["ci_high"] <= 1
        mean = sum(part["per_seed"].values()) / 3
        assert part["mean"] == pytest.approx(mean)
    assert list(found["retained"]["per_layer"]) == ["0", "1"]
    agreement = found["agreement"]
    assert set(agreement) >= {"fleiss_kappa", "ci_low", "ci_high", "raw_agreement", "prevalence"}
    assert list(agreement["per_layer"]) == ["0", "1"]
    assert {"retained_100", "retained_0", "random", "random_labels"} <= set(found["faithfulness"])
    wrong = [
        (path, value)
        for path, value in numbers(found)
        if not path.endswith((".n", ".contrasts_tested", ".patterns"))
        and ".ratio" not in path  # how many times as often
        and not path.startswith((".corpus", ".graphs", ".coreference", ".seeds", ".examples"))
        and not -1 <= value <= 1
    ]
    assert not wrong


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def test_the_summary_agrees_with_the_tables(made: Made) -> None:
    edges, summary = made.report.edges, made.report.summary
    retained = edges.groupby("seed")["retained"].mean()
    assert summary["retained"]["overall"]["per_seed"] == pytest.approx(
        {str(seed): share for seed, share in retained.items()}
    )
    scores = made.report.run_tables.scores
    whole = scores[scores["condition"] == "original"][["correct", "predicted", "gold"]].sum()
    f1 = 2 * whole["correct"] / (whole["predicted"] + whole["gold"])
    assert summary["score"]["original"] == pytest.approx(f1)


def test_the_manifest_says_how_it_was_made(made: Made, corpus: Path, model: Path) -> None:
    found = json.loads((made.path / "manifest.json").read_text(encoding="utf-8"))
    assert found["linguagraph"] == linguagraph.__version__
    assert {"python", "torch", "numpy", "pandas", "safetensors"} <= set(found["versions"])
    assert found["corpus"]["fingerprint"] == fingerprint(corpus)
    assert found["corpus"]["label_set"] == "UD"
    record = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert found["model"]["fingerprint"] == record["fingerprint"]
    assert [probe["seed"] for probe in found["probes"]] == [0, 1, 4]
    for probe in found["probes"]:
        sidecar = model / "probes" / f"seed-{probe['seed']}.json"
        assert probe["fingerprint"] == json.loads(sidecar.read_text())["fingerprint"]
    assert found["seeds"] == [0, 1, 4]
    assert found["options"]["reading"]["limit"] == 12
    assert found["options"]["model"] == str(model)
    assert found["hardware"]["device"] == "cpu"
    assert list(found["stages"]) == ["parse", "graph", "mask", "tabulate", "analyse"]
    for stage in found["stages"].values():
        assert stage["seconds"] >= 0
        if sys.platform == "linux":
            assert stage["peak_memory_mb"] > 10
    assert found["dropped"] == {}
    assert made.report.run_tables.manifest == found


def test_scores_and_edges_tell_the_same(made: Made) -> None:
    tables = made.report.run_tables
    scores, edges = tables.scores, tables.edges
    kept = edges.groupby(["seed", "sentence", "predicate_type"], observed=True)["retained"].sum()
    masked = scores[scores["condition"] == "retained_100"]
    counted = masked.set_index(["seed", "sentence", "predicate_type"])["kept"]
    pd.testing.assert_series_equal(
        kept.sort_index(), counted.sort_index(), check_names=False, check_dtype=False,
        check_index_type=False, check_categorical=False,
    )  # fmt: skip
    totals = scores.groupby(["condition", "seed"], observed=True)[["kept", "edges"]].sum()
    size = len(edges) // 3
    assert (totals["edges"] == size).all()
    assert totals.loc[("original", -1), "kept"] == size
    for seed in (0, 1, 4):
        whole = totals.loc[("retained_100", seed), "kept"]
        assert totals.loc[("random", seed), "kept"] == whole
        assert totals.loc[("random_labels", seed), "kept"] == whole
        assert totals.loc[("retained_0", seed), "kept"] == 0
        for share in (25, 50, 75):
            assert totals.loc[(f"retained_{share}", seed), "kept"] == pytest.approx(
                share / 100 * whole, abs=10
            )
    below = edges[edges["seed"] == 0]["soft_gate"]
    limit = below.mean() - below.std(ddof=0)
    assert totals.loc[("soft_gates", -1), "kept"] == (below >= limit).sum()


def test_the_retained_edges_are_those_with_a_score_above_a_half(made: Made) -> None:
    edges = made.report.edges
    assert edges["score"].between(0, 1).all()
    assert (edges["retained"] == (edges["score"] > 0.5)).all()


def test_one_stage_after_another_gives_the_same_tables(
    made: Made, explained: Explained, corpus: Path, tmp_path: Path
) -> None:
    parse_stage(Run.create(tmp_path / "run", resume=False), corpus, reading=Reading(limit=12))
    graph_stage(Run.open(tmp_path / "run"))
    mask_stage(Run.open(tmp_path / "run"), explained)
    tabulate_stage(Run.open(tmp_path / "run"))
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(
            read_table(tmp_path / "run" / f"{name}.parquet", table),
            read_table(made.path / f"{name}.parquet", table),
        )


def test_python_users_get_an_object(model: Path, corpus: Path, tmp_path: Path) -> None:
    options = linguagraph.ReportOptions(
        model=str(model), reading=Reading(limit=3), seeds=[4, 0], device="cpu", threads=1
    )
    found = linguagraph.report(corpus, options=options, params=Params(resamples=20))
    assert isinstance(found, linguagraph.Report)
    assert tuple(found.edges.columns) == EDGES.names
    assert sorted(found.edges["seed"].unique()) == [0, 4]
    assert found.summary["seeds"] == [0, 4]
    assert all(isinstance(frame, pd.DataFrame) for frame in found.tables.values())
    sentences = found.run_tables.sentences  # though the run's own folder is gone
    assert [len(sentences[i]) for i in range(3)] == [len(s) for s in sentences.values()]
    page = found.save(tmp_path / "a" / "b")
    assert page == tmp_path / "a" / "b" / "report.html"
    kept = RunTables.read(page.parent)
    pd.testing.assert_frame_equal(kept.edges, found.edges)
    manifest = json.loads((page.parent / "manifest.json").read_text(encoding="utf-8"))
    assert "analyse" in manifest["stages"]
    frame = found._repr_html_()
    assert frame.startswith("<iframe")
    assert html.escape("<!doctype html>", quote=True) in frame.replace("DOCTYPE", "doctype")
    assert len(repr(found)) < 100


def test_a_missing_corpus_is_noticed_before_anything_is_made(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.conll09: no such file"):
        linguagraph.report(tmp_path / "none.conll09", model=str(model), out=tmp_path / "run")
    with pytest.raises(DocumentError, match="no text in this folder"):
        linguagraph.report(tmp_path, model=str(model), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_analysing_a_run_loads_no_torch(made: Made, tmp_path: Path) -> None:
    code = (
        "import sys; from linguagraph.runs.analysing import analyse_stage; "
        "from linguagraph.edges.storage import RunTables; "
        f"tables = RunTables.read({str(made.path)!r}); "
        "sys.exit('torch' in sys.modules or 'stanza' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0
