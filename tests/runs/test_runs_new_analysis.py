"""A new analysis: what is written works as it is, and nothing is overwritten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from linguagraph.analyses import ask, load_plugin

from linguagraph.errors import ConfigError
from linguagraph.runs.new_analysis import QUESTION, new_analysis
from linguagraph.runs.sample import sample_tables

HOSTILE = (
    'Is "this" \\ or """that""" {kept}, \\N{BULLET}\\" <b>where the question is long</b>? ' * 2
)


def test_the_module_and_its_test_pass_as_they_are_written(tmp_path: Path) -> None:
    module, test = new_analysis("word_order", tmp_path / "new", title='A "title"', question=HOSTILE)
    assert sorted(p.name for p in module.parent.iterdir()) == ["test_word_order.py", module.name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.name],
        cwd=module.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_what_is_written_is_tidy(tmp_path: Path) -> None:
    paths = new_analysis("word_order", tmp_path)
    for path in paths:
        source = path.read_text(encoding="utf-8")
        assert "new_analysis" not in source
        assert '"TITLE"' not in source
        compile(source, str(path), "exec")
    ruff = [sys.executable, "-m", "ruff"]
    for how in (
        ["check", "--isolated", "--select", "E,F,I,B,UP,RUF"],
        ["format", "--isolated", "--check"],
    ):
        done = subprocess.run(
            [*ruff, *how, "--line-length", "100", *(path.name for path in paths)],
            cwd=tmp_path,  # as in a project of its own
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_it_answers_on_the_sample(tmp_path: Path) -> None:
    tables = sample_tables(seeds=1, limit=8)
    assert tables.edges["sentence"].nunique() == len(tables.sentences) == 8
    (section,) = ask(load_plugin(new_analysis("word_order", tmp_path)[0]), tables)
    assert (section.name, section.title, section.question) == ("word_order", "Word order", QUESTION)
    assert section.finding.startswith("Of the edges whose dependent stands before its head")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Word", "lower-case letters"), ("a-b", "lower-case"), ("../x", "lower-case"),
        ("", "lower-case"), ("x" * 51, "at most 50"), ("class", "no word of Python's"),
        ("labels", "taken"), ("failed_analyses", "taken"), ("test_x", "taken"),
        ("statistics", "a module of Python's"),
    ],
)  # fmt: skip
def test_names_are_checked(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        new_analysis(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["word_order.py", "test_word_order.py"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigError, match=f"{there} is there"):
        new_analysis("word_order", tmp_path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(there, "mine")]


def test_bad_questions_and_folders(tmp_path: Path) -> None:
    for question in ("", "  ", "x" * 301, "a\x00b"):
        with pytest.raises(ConfigError, match="question"):
            new_analysis("word_order", tmp_path, question=question)
    with pytest.raises(ConfigError, match="title"):
        new_analysis("word_order", tmp_path, title="")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        new_analysis("word_order", tmp_path / "file")
