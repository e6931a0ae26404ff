"""Every notebook runs from its first cell to its last, and is stored without outputs."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 900
"""For one notebook: many times what it takes, as machines that test are busy."""

NEEDS = {
    "01_parse_and_look": "stanza",
    "02_a_report_in_five_lines": "duckdb",
    "03_explore_one_sentence": "torch",
    "04_ask_your_own_question": "torch",
    "05_compare_two_variants": "torch",
    "06_bring_your_own_pyg_model": "torch_geometric",
    "07_bring_your_own_corpus": "torch",
    "08_which_tokens_and_when": "torch",
    "09_follow_the_gradient": "torch",
}
SHOWS = {
    "01_parse_and_look": ("coreference chains", "<svg"),
    "02_a_report_in_five_lines": ("<iframe", "retained, all layers"),
    "03_explore_one_sentence": ("retained_share", "<svg", "overflow-x"),
    "04_ask_your_own_question": ("Of the edges", "Of these edges", "<svg"),
    "05_compare_two_variants": ("<iframe", "srl-lstm-gnn"),
    "06_bring_your_own_pyg_model": ("<iframe", "accuracy on graphs"),
    "07_bring_your_own_corpus": ("head 99 is out of range", "too few sentences"),
    "08_which_tokens_and_when": ("<iframe", "kept_share"),
    "09_follow_the_gradient": ("[2.5, -3.0]", "[2.5, 5.0]", "nats", "share"),
}
"""What outputs hold, among other things."""


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """The cells of a kind, in order."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(NEEDS) == sorted(SHOWS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}
    assert cells(path, "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_reads_well_and_calls_the_library(path: Path) -> None:
    sources = ["".join(cell["source"]) for cell in cells(path, "code")]
    assert any("linguagraph." in source for source in sources)
    assert all(len(line) <= 100 for source in sources for line in source.splitlines())
    first = "".join(cells(path, "markdown")[0]["source"])
    assert first.startswith("# ")
    assert "".join(cells(path, "markdown")[-1]["source"]).startswith("## ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    for name in (NEEDS[path.stem], "nbclient", "ipykernel"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("execute.py"), path, tmp_path, str(SECONDS)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = json.dumps(json.loads(done.stdout), ensure_ascii=False)
    assert [words for words in SHOWS[path.stem] if words not in shown] == []
    assert list(tmp_path.iterdir()) == []  # leaves nothing behind
