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

NEEDS = {"01_your_own_gat.ipynb": "torch_geometric"}

DISPLAY = """
import ast as _ast
def _run(source):
    tree = _ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], _ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), globals())
    if last is not None:
        value = eval(compile(_ast.Expression(last.value), "<cell>", "eval"), globals())
        html = getattr(value, "_repr_html_", None)
        print("shown:", type(value).__name__, len(html() if html else repr(value)))
"""
"""As in a notebook: the value of a cell's last line is shown, as HTML where it can be."""


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """The cells of a kind, in order."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == sorted(NEEDS)


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
def test_a_notebook_defines_little_and_calls_the_library(path: Path) -> None:
    sources = ["".join(cell["source"]) for cell in cells(path, "code")]
    assert any("linguagraph." in source for source in sources)
    assert all(len(line) <= 100 for source in sources for line in source.splitlines())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec(NEEDS[path.name]) is None:
        pytest.skip(f"needs {NEEDS[path.name]}")
    sources = ["".join(cell["source"]) for cell in cells(path, "code")]
    script = tmp_path / "cells.py"
    script.write_text(
        DISPLAY + "\n".join(f"_run({source!r})" for source in sources), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "shown: Report" in done.stdout
    assert [found.name for found in tmp_path.iterdir()] == ["cells.py"]  # leaves nothing behind
