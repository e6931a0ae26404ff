"""The few public names of the package, and what importing it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import linguagraph


def test_the_public_names() -> None:
    assert linguagraph.__all__ == [
        "GraphMask",
        "Reading",
        "Report",
        "ReportOptions",
        "RunTables",
        "__version__",
        "dependency_graph",
        "load_explained",
        "read_sentences",
        "report",
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
