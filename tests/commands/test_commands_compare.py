"""``linguagraph compare`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tables as synthetic

from linguagraph.cli import app
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, RunError
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


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    first = synthetic.planted_run(sentences=20)
    second = synthetic.planted_run(sentences=20, noise=0.2)
    return [str(stored(run, tmp_path / name)) for run, name in ((first, "a"), (second, "b"))]


def call(*words: str) -> None:
    app(["compare", *words], standalone_mode=False)


def test_page_summary_and_messages(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "compare.html"
    call(
        *runs,
        "-o",
        str(page),
        "--resamples",
        "20",
        "--min-n",
        "5",
        "--names",
        "low, high",
        "--json",
    )
    out, err = capsys.readouterr()
    assert json.loads(out)["runs"].keys() == {"low", "high"}
    assert f"comparison: {page}" in err
    assert page.is_file()
    assert (tmp_path / "compare_files" / "tables" / "compare_labels.tex").is_file()
    call(*runs, "-o", str(tmp_path / "folder"), "--resamples", "20", "-q")
    assert capsys.readouterr() == ("", "")
    assert "<h1>a and b: toy" in (tmp_path / "folder" / "compare.html").read_text(encoding="utf-8")


def test_mistakes(runs: list[str], tmp_path: Path) -> None:
    out = str(tmp_path / "x.html")
    with pytest.raises(ConfigError, match="at least two runs"):
        call(runs[0], "-o", out)
    with pytest.raises(RunError, match="holds no run"):
        call(runs[0], str(tmp_path / "none"), "-o", out)
    assert not (tmp_path / "x.html").exists()
