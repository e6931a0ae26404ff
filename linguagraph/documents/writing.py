"""Chunks of text -> a UTF-8 file that is either complete or not there at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from linguagraph.errors import DocumentError
from linguagraph.files import replaced

__all__ = ["join_rows", "write_text"]


def write_text(chunks: Iterable[str], path: str | Path) -> None:
    """Write ``chunks`` one after another, all or nothing (:func:`linguagraph.files.replaced`).

    Raises:
        DocumentError: the file cannot be written (its folder must exist), or a chunk cannot be
            encoded. What was at ``path`` is then still there; this holds for any exception from
            ``chunks``, too.
    """
    if not Path(path).parent.is_dir():
        raise DocumentError("the file cannot be written (its folder does not exist)", path=path)
    try:
        with replaced(path) as temporary, open(temporary, "wb") as handle:
            for chunk in chunks:
                handle.write(chunk.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise DocumentError(f"text that UTF-8 cannot hold ({error.reason})", path=path) from error
    except OSError as error:
        raise DocumentError(f"the file cannot be written ({error.strerror})", path=path) from error


def join_rows(rows: Iterable[Sequence[str]]) -> str:
    """Tab-separated lines of one sentence, each with its newline.

    Raises:
        DocumentError: a value is empty, or holds a tab, a line end or a NUL.
    """
    lines = []
    for number, row in enumerate(rows):
        line = "\t".join(row)
        if (
            "" in row
            or line.count("\t") != len(row) - 1
            or any(character in line for character in "\n\r\0")
        ):
            value = next(v for v in row if not v or any(c in v for c in "\t\n\r\0"))
            raise DocumentError(
                f"row {number} of the sentence holds {value[:40]!r}; a value of a CoNLL file must "
                "not be empty or hold tabs, line ends or NULs"
            )
        lines.append(line + "\n")
    return "".join(lines)
