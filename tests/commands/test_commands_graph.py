"""`graph` as a command: dependency shards always, merged graphs where they are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from tiny import sample_part
from typer.testing import CliRunner

from linguagraph.commands.graph import graph
from linguagraph.errors import ConfigError
from linguagraph.runs.directory import Run
from linguagraph.runs.parsing import parse_stage


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of six sentences, parsed."""
    opened = Run.create(tmp_path / "run", resume=False)
    parse_stage(opened, sample_part(tmp_path / "part.conll09", 6))
    return opened.path


def call(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(graph)
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_without_options_only_the_dependency_shards_are_made(run: Path) -> None:
    assert call(run, "--quiet") == ""
    assert (run / "graph" / "shard-00000.parquet").is_file()
    assert not (run / "graphs").exists()


def test_merged_graphs_are_exported_and_summed_up(run: Path) -> None:
    kinds = "dependency,cooccurrence"
    options = ("--kinds", kinds, "--min-count", 1, "--export", "parquet,json", "--json", "--quiet")
    summary = json.loads(call(run, *options))
    found = {row["kind"]: row for row in summary["kinds"]}
    assert list(found) == ["dependency", "cooccurrence", "all"]
    assert all(row["edges"] == 2 * row["relations"] > 0 for row in found.values())
    assert found["dependency"]["edges"] == Run.open(run).manifest["corpus"]["edges"]
    assert {p.name for p in (run / "graphs").iterdir()} == {
        *("edges.parquet", "json", "kinds.csv", "labels.csv", "nodes.parquet", "pairs.parquet"),
        "summary.json",
    }


def test_a_drawing_is_enough_to_ask_for_merged_graphs(run: Path) -> None:
    assert "dependency" in call(run, "--svg")
    assert len(list((run / "graphs" / "svg").rglob("sentence-*.svg"))) == 6


def test_wrong_options_are_named_before_any_work(run: Path) -> None:
    with pytest.raises(ConfigError, match="export: unknown"):
        call(run, "--export", "pickle")
    assert not (run / "graph").exists()
