"""PropBank stand-off files (`.gold_skel`), a tree or an archive -> tags and spans per document.

A line is a token: file, sentence, token, masked word, tag, parse, lemma, sense, then one column
per predicate of the sentence with its argument spans in brackets, ``(ARG0*`` ... ``*)``. Blank
lines end sentences. Archives are read member by member as a stream; nothing is unpacked to disk.
"""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from linguagraph.errors import DocumentError

__all__ = ["Proposition", "Span", "StandoffDocument", "read_standoff"]

_SUFFIX = ".gold_skel"
_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
_MAX_BYTES = 64 * 2**20
_FIXED = 8
_TAG, _SENSE = 4, 7
_CELL = re.compile(r"(?:\(([^()*]+))?\*(\))?")


@dataclass(frozen=True, slots=True)
class Span:
    """An argument: its label as written (``ARG1``) and its tokens, ``first`` to ``last``."""

    label: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Proposition:
    """A predicate token, its sense (``come.03``) and its argument spans, ``V`` included.

    Token positions count from 0 over the document.
    """

    predicate: int
    sense: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class StandoffDocument:
    """One stand-off file: id (``GENRE-DOC``), the tags of its tokens, its propositions in order."""

    id: str
    tags: tuple[str, ...]
    propositions: tuple[Proposition, ...]


def read_standoff(path: str | Path) -> Iterator[StandoffDocument]:
    """Yield the documents of ``.../ewt/GENRE/00/DOC.xml.gold_skel`` files, one in memory at a time.

    Args:
        path: a directory with such files somewhere in it, a tar archive of one (any compression
            that :mod:`tarfile` knows), or a directory that holds one such archive.

    Raises:
        DocumentError: nothing of the kind there, an archive that is damaged or cut off, or a file
            whose lines are not as described above.
    """
    root = Path(path)
    found = False
    for name, raw in _files(root):
        identifier = _identifier(name)
        if identifier is not None:
            found = True
            yield _parse(identifier, raw, name)
    if not found:
        raise DocumentError(f"no ewt/GENRE/00/DOC.xml{_SUFFIX} files in it", path=root)


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    if not root.exists():
        raise DocumentError("no such file or directory; check the path", path=root)
    if root.is_file():
        yield from _archive_files(root)
        return
    paths = sorted(root.rglob(f"*{_SUFFIX}"))
    if not paths:
        archives = [p for p in sorted(root.iterdir()) if p.name.endswith(_ARCHIVES)]
        if len(archives) != 1:
            raise DocumentError(
                f"no *{_SUFFIX} files and {len(archives)} tar archives; expected files or one "
                "archive: name the archive itself",
                path=root,
            )
        yield from _archive_files(archives[0])
    for path in paths:
        try:
            yield str(path), path.read_bytes()
        except OSError as error:
            raise DocumentError(f"cannot be read ({error.strerror})", path=path) from error


def _archive_files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if not (member.isfile() and member.name.endswith(_SUFFIX)):
                    continue
                if member.size > _MAX_BYTES:
                    raise DocumentError(f"{member.name} has {member.size} bytes", path=path)
                handle = archive.extractfile(member)
                if handle is not None:
                    yield member.name, handle.read()
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise DocumentError(
            f"not a tar archive, or damaged or cut off ({error}); fetch it again", path=path
        ) from error


def _identifier(name: str) -> str | None:
    """``GENRE-DOC`` of an EWT file, ``None`` for the files of other corpora."""
    parts = PurePosixPath(name).parts
    if len(parts) < 4 or parts[-4] != "ewt":
        return None
    return f"{parts[-3]}-{parts[-1].removesuffix(_SUFFIX).removesuffix('.xml')}"


def _parse(identifier: str, raw: bytes, name: str) -> StandoffDocument:
    try:
        lines = raw.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start} is not UTF-8", path=name) from error
    tags: list[str] = []
    propositions: list[Proposition] = []
    rows: list[list[str]] = []
    for number, line in enumerate([*lines, ""], start=1):
        values = line.split()
        if values:
            if len(values) < _FIXED:
                raise DocumentError(
                    f"{len(values)} columns; expected at least {_FIXED}", path=name, line=number
                )
            rows.append(values)
        elif rows:
            start = number - len(rows)
            propositions.extend(_propositions(rows, len(tags), name, start))
            tags.extend(row[_TAG] for row in rows)
            rows = []
    return StandoffDocument(identifier, tuple(tags), tuple(propositions))


def _propositions(
    rows: list[list[str]], offset: int, name: str, line: int
) -> Iterator[Proposition]:
    predicates = [position for position, row in enumerate(rows) if row[_SENSE] != "-"]
    for position, row in enumerate(rows):
        if len(row) != _FIXED + len(predicates):
            raise DocumentError(
                f"{len(row)} columns; expected {_FIXED} and one for each of the sentence's "
                f"{len(predicates)} predicates",
                path=name,
                line=line + position,
            )
    for column, predicate in enumerate(predicates, start=_FIXED):
        spans = _spans([row[column] for row in rows], offset, name, line, column)
        yield Proposition(offset + predicate, rows[predicate][_SENSE], tuple(spans))


def _spans(cells: list[str], offset: int, name: str, line: int, column: int) -> Iterator[Span]:
    label: str | None = None
    first = 0
    for position, cell in enumerate(cells):
        match = _CELL.fullmatch(cell)
        opened, closed = match.groups() if match else (None, None)
        if match is None or (opened and label) or (closed and not (opened or label)):
            raise DocumentError(
                f"{cell[:40]!r}; expected spans that do not overlap, as (LABEL* * *)",
                path=name,
                line=line + position,
                column=column + 1,
            )
        if opened:
            label, first = opened, position
        if closed and label:
            yield Span(label, offset + first, offset + position)
            label = None
    if label:
        raise DocumentError(
            f"the span {label} has no end", path=name, line=line + first, column=column + 1
        )
