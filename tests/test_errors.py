"""Named errors: one base, and messages that say where."""

from __future__ import annotations

import pytest

from linguagraph import errors
from linguagraph.errors import DocumentError, LinguagraphError


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_derives_from_the_base(name: str) -> None:
    assert issubclass(getattr(errors, name), LinguagraphError)


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ({}, "input: bad"),
        ({"path": "x.conllu"}, "x.conllu: bad"),
        ({"path": "x", "line": 3}, "x, line 3: bad"),
        ({"line": 3, "column": 7}, "input, line 3, column 7: bad"),
    ],
)
def test_a_document_error_names_file_line_and_column(where: dict[str, object], text: str) -> None:
    assert str(DocumentError("bad", **where)) == text  # type: ignore[arg-type]
