"""The few public names of the package, and what importing it costs."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import linguagraph


def test_the_public_names() -> None:
    assert linguagraph.__all__ == [
        "Comparison",
        "GraphMask",
        "Reading",
        "Report",
        "ReportOptions",
        "RunTables",
        "SavedRun",
        "__version__",
        "compare",
        "dependency_graph",
        "load_explained",
        "open_run",
        "read_sentences",
        "report",
        "run_documents",
    ]
    assert dir(linguagraph) == sorted(linguagraph.__all__)


@pytest.mark.parametrize("name", linguagraph.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(linguagraph, name)
    if name != "__version__":
        assert value.__doc__
        home = importlib.import_module(value.__module__)
        assert getattr(home, name) is value


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'linguagraph' has no attribute 'explain'"):
        _ = linguagraph.explain


@pytest.mark.parametrize("module", ["linguagraph", "linguagraph.cli"])
def test_importing_is_cheap(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "print([m for m in ('torch', 'pandas', 'matplotlib', 'stanza') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
    assert found.stderr == ""


def test_the_public_names_can_be_star_imported() -> None:
    code = "from linguagraph import *; print(report.__name__, GraphMask.__name__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "report GraphMask\n"


def test_what_is_annotated_needs_no_stanza(tmp_path: Path) -> None:
    """Reading, predicates and graphs work where stanza cannot be imported; text says what to do."""
    text = tmp_path / "a.txt"
    text.write_text("One sentence.", encoding="utf-8")
    code = (
        "import sys; sys.modules['stanza'] = None\n"
        "from linguagraph.cli import app\n"
        "from linguagraph.errors import ParserError\n"
        "from linguagraph.pretrained import sample_path\n"
        f"out = {str(tmp_path / 'run')!r}\n"
        "app(['parse', str(sample_path()), '-o', out, '-q'], standalone_mode=False)\n"
        "app(['graph', out, '--kinds', 'dependency', '-q'], standalone_mode=False)\n"
        "try: app(['parse', sys.argv[1], '-o', out + '2', '-q'], standalone_mode=False)\n"
        "except ParserError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(text)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'linguagraph[stanza]'" in done.stdout


def test_the_readme_has_no_placeholders() -> None:
    readme = Path(__file__).resolve().parents[1] / "README.md"
    assert not re.findall(r"@[A-Z]+@", readme.read_text(encoding="utf-8"))
