"""Chunks of text -> a UTF-8 file that is either complete or not there at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from linguagraph.errors import DocumentError

__all__ = ["join_rows", "write_text"]


def write_text(chunks: Iterable[str], path: str | Path) -> None:
    """Write ``chunks`` one after another under a temporary name, then rename the file to ``path``.

    Raises:
        DocumentError: the file cannot be written, or a chunk cannot be encoded. What was at
            ``path`` is then still there; this holds for any exception from ``chunks``, too.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as handle:
            for chunk in chunks:
                handle.write(chunk.encode("utf-8"))
        os.replace(temporary, target)
    except UnicodeEncodeError as error:
        raise DocumentError(f"text that UTF-8 cannot hold ({error.reason})", path=path) from error
    except OSError as error:
        raise DocumentError(f"the file cannot be written ({error.strerror})", path=path) from error
    finally:
        temporary.unlink(missing_ok=True)


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
