"""A file of sentences between blank lines -> numbered blocks of text lines, one at a time.

What all line-based formats share: opening, decoding, splitting at blank lines, and the errors that
concern bytes rather than annotation (UTF-8, byte order marks, line ends, NUL bytes, cut files).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from linguagraph.documents.records import Sentence
from linguagraph.errors import DocumentError

__all__ = ["MAX_BLOCK_BYTES", "Block", "OnBad", "parse_blocks", "read_blocks"]

OnBad = Callable[[DocumentError], None]

MAX_BLOCK_BYTES = 64 * 2**20
"""Longest sentence that is read, in bytes: beyond it the blank lines are taken to be missing."""

_CUT = "the file ends here without a blank line, so it seems to be cut off"


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one sentence.

    Attributes:
        path: the file.
        line: number of the first line, from 1.
        lines: text lines without their newline.
        ended: whether a blank line followed (``False``: the file ended first).
        problem: what is wrong with the bytes; ``lines`` is then what could be made of them.
    """

    path: str
    line: int
    lines: list[str]
    ended: bool = True
    problem: DocumentError | None = None

    def error(self, message: str, row: int = 0, column: int | None = None) -> DocumentError:
        """The error for line ``row`` of this block (from 0) and ``column`` (from 1)."""
        if not self.ended:
            message = f"{message} ({_CUT})"
        return DocumentError(message, path=self.path, line=self.line + row, column=column)

    def check(self) -> None:
        """Raise ``problem``, if there is one."""
        if self.problem is not None:
            raise self.problem


def parse_blocks(
    path: str | Path, parse: Callable[[Block, int], Sentence], on_bad: OnBad | None
) -> Iterator[Sentence]:
    """Yield ``parse(block, index)`` for every good block, where ``index`` counts good blocks.

    ``parse`` calls :meth:`Block.check` before it trusts the lines.

    Raises:
        DocumentError: the file cannot be opened or read, or holds no sentence; and, where
            ``on_bad`` is ``None``, a sentence is bad. Otherwise bad sentences go to ``on_bad``.
    """
    index = 0
    for block in read_blocks(path):
        try:
            sentence = parse(block, index)
        except DocumentError as error:
            if on_bad is None:
                raise
            on_bad(error)
            continue
        yield sentence
        index += 1


def read_blocks(path: str | Path) -> Iterator[Block]:
    """Yield the blocks of a file in order, at most one of them in memory.

    Raises:
        DocumentError: the file cannot be opened or read, or holds no sentence.
    """
    name = str(path)
    try:
        with open(path, "rb") as handle:
            found = False
            for number, offset, raw, ended in _raw_blocks(handle):
                found = True
                yield _decode(name, number, offset, raw, ended)
    except (OSError, ValueError) as error:
        raise DocumentError(_cannot_open(error, Path(name)), path=name) from error
    if not found:
        raise DocumentError("the file is empty; expected at least one sentence", path=name)


def _cannot_open(error: OSError | ValueError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; check the path"
    if isinstance(error, IsADirectoryError):
        return "this is a directory; expected a file"
    if isinstance(error, PermissionError):
        return "the file may not be read; check its permissions"
    reason = error.strerror if isinstance(error, OSError) else error
    return f"the file cannot be read ({reason})"


def _raw_blocks(handle: BinaryIO) -> Iterator[tuple[int, int, bytes, bool]]:
    """Yield (line number, byte offset, bytes, ended) per block; overlong blocks come truncated."""
    lines: list[bytes] = []
    size = 0
    start = number = 1
    offset = position = 0
    while raw := handle.readline(MAX_BLOCK_BYTES + 1):
        if raw in (b"\n", b"\r\n"):
            if lines:
                yield start, offset, b"".join(lines), True
            lines, size = [], 0
        else:
            if not lines:
                start, offset = number, position
            if size <= MAX_BLOCK_BYTES:
                lines.append(raw)
                size += len(raw)
        position += len(raw)
        number += raw.endswith(b"\n")
    if lines:
        yield start, offset, b"".join(lines), False


def _decode(path: str, line: int, offset: int, raw: bytes, ended: bool) -> Block:
    try:
        text = raw.decode("utf-8")
        problem = None
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", "replace")
        problem = DocumentError(
            f"byte {offset + error.start} of the file (0x{raw[error.start]:02x}) is not UTF-8; "
            "expected UTF-8: convert the file",
            path=path,
            line=line + raw.count(b"\n", 0, error.start),
        )
    if problem is None:
        problem = _byte_problem(path, line, offset, raw, ended)
    lines = text.removesuffix("\n").split("\n")
    return Block(path, line, lines, ended, problem)


def _byte_problem(
    path: str, line: int, offset: int, raw: bytes, ended: bool
) -> DocumentError | None:
    """The first complaint about bytes that decode but that no line-based format may hold."""

    def at(position: int, message: str) -> DocumentError:
        return DocumentError(message, path=path, line=line + raw.count(b"\n", 0, position))

    if len(raw) > MAX_BLOCK_BYTES:
        return at(
            0,
            f"a sentence of more than {MAX_BLOCK_BYTES} bytes; expected a blank line after each "
            "sentence",
        )
    if offset == 0 and raw.startswith(b"\xef\xbb\xbf"):
        return at(
            0,
            "the file begins with a byte order mark (BOM); expected none: "
            "save it again as UTF-8 without BOM",
        )
    if (position := raw.find(b"\r")) >= 0:
        if raw[position : position + 2] == b"\r\n":
            message = "the line ends in CRLF (Windows); expected LF: convert it (dos2unix)"
        else:
            message = "a carriage return within the line; expected lines that end in LF: remove it"
        return at(position, message)
    if (position := raw.find(b"\0")) >= 0:
        return at(position, f"byte {offset + position} of the file is NUL; expected text")
    if not ended and not raw.endswith(b"\n"):
        return at(
            len(raw),
            "the last line has no newline, so the file seems to be cut off; expected a "
            "newline at its end: restore the file, or add the newline if nothing is missing",
        )
    return None
