"""An analysis of one's own, from its first line to its section in the report of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import make_model, sample_part

from linguagraph.cli import app
from linguagraph.runs.console import exit_status
from linguagraph.runs.directory import Run


def call(*arguments: object) -> int:
    return exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tabulated run without a report."""
    home = tmp_path_factory.mktemp("run")
    model = make_model(home / "model")
    corpus = sample_part(home / "part.conll09", 6)
    path = home / "run"
    assert call("parse", corpus, "-o", path, "-q") == 0
    assert call("graph", path, "-q") == 0
    assert call("mask", path, "--model", model, "--seeds", 2, "--threads", 1, "-q") == 0
    assert call("tabulate", path, "-q") == 0
    return path


def key(run: Path) -> object:
    return Run(run).finished("analyse").record["key"].get("analyses")


def test_from_the_template_to_the_report(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    assert call("new-analysis", "word_order", "-o", folder, "--question", "Why <b>so</b>?") == 0
    assert capsys.readouterr().err.splitlines() == [
        f"analysis: {folder / 'word_order.py'}; next: linguagraph analyse RUN --analysis "
        f"{folder / 'word_order.py'}",
        f"its test: {folder / 'test_word_order.py'}; run it with: pytest "
        f"{folder / 'test_word_order.py'}",
    ]
    assert call("new-analysis", "word_order", "-o", folder) == 1
    assert "is there; choose another name" in capsys.readouterr().err
    assert call("analyse", run, "--analyses", folder, "--resamples", 20, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert 0 < summary["word_order"]["before its head"] < 1
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Why &lt;b&gt;so&lt;/b&gt;?" in page
    assert (run / "tables" / "word_order.csv").is_file()
    (noted,) = Run(run).manifest["analyses"]
    assert (noted["name"], noted["origin"]) == ("word_order", str(folder / "word_order.py"))

    before = key(run)
    broken = folder / "broken.py"
    broken.write_text("import no_such_module_at_all\n")
    capsys.readouterr()
    assert call("analyse", run, "--analysis", broken, "--resamples", 20) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "inputs or options have changed: doing analyse again"
    assert err[1].startswith(
        f"1 analysis failed and is left out: broken ({broken}): ModuleNotFound"
    )
    assert err[2] == f"report: {run / 'report.html'}"
    assert key(run) != before
    assert "Analyses that failed" in (run / "report.html").read_text(encoding="utf-8")
    assert not (run / "tables" / "word_order.csv").exists()


def test_a_file_that_is_not_there_is_an_error_before_anything_changes(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = (run / "manifest.json").read_bytes()
    assert call("analyse", run, "--analysis", "none.py") == 1
    assert "none.py: no such module; give a file" in capsys.readouterr().err
    assert (run / "manifest.json").read_bytes() == stamp
