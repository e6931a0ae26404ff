"""A finished run -> files: the tables of its report, and the table for lme4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from linguagraph.commands.export import export_tables
from linguagraph.errors import RunError
from linguagraph.runs.directory import Run


def call(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(export_tables)
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_tables_are_those_of_the_report(made: Any, tmp_path: Path) -> None:
    home, report = made.path, made.report
    out = tmp_path / "out"
    written = json.loads(call(home, "-o", out, "--lme4", "--json", "-q"))
    assert {Path(p).suffix for p in written} == {".csv", ".tex", ".parquet", ".txt"}
    for name, frame in report.tables.items():
        if name.startswith("methods_"):
            continue  # the times of the stages, which the report had not yet been added to
        assert (out / f"{name}.csv").read_text() == frame.to_csv(index=False, lineterminator="\n")
        facts = json.loads(pq.read_schema(out / f"{name}.parquet").metadata[b"linguagraph"])
        assert facts["manifest"]["corpus"] == Run.open(home).manifest["corpus"]
    table = pd.read_csv(out / "edges_lme4.csv", keep_default_na=False)
    assert table["retained"].sum() == report.edges["retained"].sum()
    text = (out / "edges_lme4.txt").read_text()
    assert "glmer(cbind(retained, rated - retained) ~ label" in text
    call(home, "-o", tmp_path / "only", "--only-lme4", "-q")
    assert len(list((tmp_path / "only").iterdir())) == 2


def test_a_run_without_tables_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", resume=False)
    run.update(corpus={"name": "x"})
    with pytest.raises(RunError):
        call(run.path, "-o", tmp_path / "out", "-q")
    assert not (tmp_path / "out").exists()


def test_tables_of_further_analyses_are_asked_for_again(made: Any, tmp_path: Path) -> None:
    import shutil

    from linguagraph.runs.analysing import analyse_stage
    from linguagraph.runs.new_analysis import new_analysis

    home = tmp_path / "run"
    shutil.copytree(made.path, home)
    module, _ = new_analysis("word_order", tmp_path)
    run = Run.open(home)
    analyse_stage(run, analyses=[module])
    said = call(home, "-o", tmp_path / "without")
    assert "without the tables of word_order" in said
    assert not (tmp_path / "without" / "word_order.csv").exists()
    said = call(home, "-o", tmp_path / "with", "--analysis", module)
    assert "without the tables" not in said
    assert (tmp_path / "with" / "word_order.csv").is_file()
