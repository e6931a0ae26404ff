"""README and pages: commands parse, blocks of Python compile, links lead somewhere."""

from __future__ import annotations

import doctest
import importlib
import json
import re
from pathlib import Path

import pytest
from command_lines import UsageError, anchors, blocks, links, parse, program_lines

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXTERNAL = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(/[^\s<>\"]*)?")
EXAMPLES = [
    path for folder in ("linguagraph", "analyses") for path in sorted((ROOT / folder).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]  # fmt: skip


def text_of(path: Path) -> str:
    """A page, or the prose of a notebook."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda p: p.name)
def test_every_command_line_is_one_that_the_program_understands(path: Path) -> None:
    wrong = []
    for arguments, whole in program_lines(text_of(path)):
        try:
            parse(arguments)
        except UsageError as error:
            if not whole and str(error).startswith("Missing"):
                continue
            wrong.append(f"linguagraph {' '.join(arguments)}: {error}")
    assert wrong == []


def test_wrong_command_lines_are_noticed() -> None:
    assert len(list(program_lines(README.read_text(encoding="utf-8")))) > 30
    parse(["train", "srl", "--train", "a", "--dev", "b", "-o", "c"])
    for wrong in (["repport"], ["train", "slr"], ["analyse", "run", "--min", "3"], ["report"]):
        with pytest.raises(UsageError, match=r"No such|Missing"):
            parse(wrong)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_python_block_compiles(path: Path) -> None:
    for source in blocks(text_of(path), "python"):
        compile(source, str(path), "exec")


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    wrong = []
    for target in links(text_of(path)):
        if re.match(r"\w+:", target):
            wrong += [] if EXTERNAL.fullmatch(target) else [target]
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if (
            not there.exists()
            or not there.is_relative_to(ROOT)
            or (anchor and anchor not in anchors(text_of(there)))
        ):
            wrong.append(target)
    assert wrong == []


def test_there_are_doctests() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_in_docstrings_are_true(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    module = importlib.import_module(name if name.startswith("lingua") else f"linguagraph.{name}")
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0
