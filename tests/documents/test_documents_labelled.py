"""Files of labelled sentences: what is read, and which line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from linguagraph.documents.labelled import LabelledText, read_labelled
from linguagraph.errors import DocumentError


def test_lines_become_words_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("a fine  film\t1\nno\t0\n", encoding="utf-8")
    assert read_labelled(path) == [
        LabelledText(("a", "fine", "film"), 1),
        LabelledText(("no",), 0),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("good\t1\nbad\n", "line 2: 'bad' is not a sentence, a tab and a number"),
        ("\t1\n", "line 1: .*is not a sentence"),
        ("good\tyes\n", "line 1: .*is not a sentence"),
        ("good\t2\n", "line 1: label 2; expected 0 to 1"),
        ("", "holds no sentence"),
    ],
)
def test_other_lines_are_refused_by_number(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=message):
        read_labelled(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.tsv: cannot be read"):
        read_labelled(tmp_path / "none.tsv")
