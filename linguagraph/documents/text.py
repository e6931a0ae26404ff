"""Files, folders, patterns and standard input -> raw documents, one at a time.

In a folder every ``.txt`` and ``.text`` file counts, also in its subfolders; hidden ones (a leading
dot) do not, nor does Markdown, whose marks are not text: name such files, or give a pattern.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from linguagraph.documents.blocks import OnBad
from linguagraph.documents.decoding import OnWarning, decode_text, is_blank
from linguagraph.documents.parsers import RawDocument
from linguagraph.errors import DocumentError
from linguagraph.files import fingerprint

__all__ = [
    "MAX_BYTES",
    "STDIN",
    "SUFFIXES",
    "TextFile",
    "find_texts",
    "fingerprint_texts",
    "raw_document",
    "read_texts",
]

SUFFIXES = (".txt", ".text")
"""Endings of the files that are read from a folder."""

STDIN = "-"
"""What stands for standard input."""

MAX_BYTES = 256 * 2**20
"""Largest file that is read, in bytes."""

_TOKEN = re.compile("[^ \t\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class TextFile:
    """A text that was found.

    Attributes:
        id: identifier, unique among those found together: the path below the folder or pattern
            that it was found by, the file's name, or ``stdin``.
        path: the file; ``None`` for standard input.
        data: the bytes of standard input, which can be read only once.
    """

    id: str
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)


def find_texts(
    inputs: str | Path | Iterable[str | Path],
    *,
    on_bad: OnBad | None = None,
    stdin: BinaryIO | None = None,
) -> tuple[TextFile, ...]:
    """The texts that one or more inputs name, sorted within each input, each file once.

    Args:
        inputs: files, folders, patterns (``**`` reaches into subfolders) or ``-``.
        on_bad: called with the error of each subfolder that cannot be listed and of each entry
            that is no regular file; ``None`` raises it instead.
        stdin: what to read for ``-``; ``None`` is the process's own.

    Raises:
        DocumentError: an input does not exist, a pattern matches no file, a folder holds no text.
    """
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    found: dict[object, TextFile] = {}
    taken: set[str] = set()
    for name in given:
        for id_, path in _expand(str(name), on_bad):
            key = path.absolute() if path else STDIN
            if key in found:
                continue
            data = None if path else _read_stream(stdin or sys.stdin.buffer)
            unique = _unique(id_, path, taken)
            taken.add(unique)
            found[key] = TextFile(unique, path, data)
    if not found:
        raise DocumentError("nothing to read; give a file, a folder, a pattern or - (stdin)")
    return tuple(found.values())


def read_texts(
    files: Iterable[TextFile],
    *,
    pretokenised: bool = False,
    presegmented: bool = False,
    on_bad: OnBad | None = None,
    on_warning: OnWarning | None = None,
) -> Iterator[RawDocument]:
    """Yield the documents of files in order; one is held in memory.

    Args:
        files: from :func:`find_texts`.
        pretokenised: a line is a sentence, its tokens stand between spaces, and a blank line ends
            a paragraph.
        presegmented: a line is a sentence, and a blank line ends a paragraph.
        on_bad: called with the error of each file that cannot be read, which is then left out;
            ``None`` raises the error instead, and so does a file that is the only one.
        on_warning: called with a sentence where an encoding was guessed.

    Raises:
        DocumentError: a file cannot be read or holds no text; with ``on_bad``: none can.
    """
    chosen = list(files)
    tolerant = on_bad if len(chosen) > 1 else None
    good = False
    for file in chosen:
        try:
            text = decode_text(_bytes(file), path=file.path or file.id, on_warning=on_warning)
            document = raw_document(
                file.id,
                text,
                path=file.path,
                pretokenised=pretokenised,
                presegmented=presegmented,
            )
        except DocumentError as error:
            if tolerant is None:
                raise
            tolerant(error)
            continue
        good = True
        yield document
    if not good:
        raise DocumentError(f"none of the {len(chosen)} files can be read as text")


def raw_document(
    id: str,
    text: str,
    *,
    path: Path | None = None,
    pretokenised: bool = False,
    presegmented: bool = False,
) -> RawDocument:
    """A document of ``text``; for the options see :func:`read_texts`.

    Raises:
        DocumentError: the text is empty, or nothing in it can be seen.
    """
    if is_blank(text):
        what = "only whitespace or invisible characters" if text else "the text is empty"
        raise DocumentError(f"{what}; expected text", path=path or id)
    if not (pretokenised or presegmented):
        return RawDocument(id, text, path)
    sentences = []
    for line in re.finditer(r"[^\n]+", text):
        if is_blank(line.group()):
            continue
        start, end = line.span()
        if pretokenised:
            spans = [match.span() for match in _TOKEN.finditer(text, start, end)]
            sentences.append(tuple(s for s in spans if text[slice(*s)].strip()))
        else:
            end = start + len(line.group().rstrip())
            start = end - len(line.group().strip())
            sentences.append(((start, end),))
    return RawDocument(id, text, path, tuple(sentences), tokenised=pretokenised)


def fingerprint_texts(files: Iterable[TextFile]) -> str:
    """First 16 hexadecimal digits of a SHA-256 over the ids and bytes of texts, in order.

    A file that cannot be read counts as such: it changes the fingerprint once it can be.
    """
    digest = hashlib.sha256()
    for file in files:
        if file.path is None:
            mark = hashlib.sha256(file.data or b"").hexdigest()[:16]
        else:
            try:
                mark = fingerprint(file.path)
            except OSError:
                mark = "unreadable"
        digest.update(f"{file.id}\0{mark}\0".encode())
    return digest.hexdigest()[:16]


def _expand(name: str, on_bad: OnBad | None) -> Iterator[tuple[str, Path | None]]:
    """(identifier, path) of what one input names; no path means standard input."""
    if name == STDIN:
        yield "stdin", None
        return
    path = Path(name)
    if path.is_dir():
        yield from _walk(path, on_bad)
    elif path.exists() or path.is_symlink():
        yield _id(path.name), path
    elif glob.has_magic(name):
        base = _base(path)
        matches = sorted(Path(p) for p in glob.glob(name, recursive=True))
        files = [match for match in matches if not match.is_dir()]
        if not files:
            raise DocumentError("no file matches the pattern; check the path", path=name)
        yield from ((_id(str(file.relative_to(base).as_posix())), file) for file in files)
    else:
        raise DocumentError("no such file or folder; check the path", path=name)


def _base(pattern: Path) -> Path:
    """The folder above the first part of a pattern that has a wildcard."""
    plain = []
    for part in pattern.parts:
        if glob.has_magic(part):
            break
        plain.append(part)
    return Path(*plain)


def _walk(folder: Path, on_bad: OnBad | None) -> Iterator[tuple[str, Path]]:
    def report(error: DocumentError) -> None:
        if on_bad is None:
            raise error
        on_bad(error)

    def unlisted(error: OSError) -> None:
        report(
            DocumentError(f"the folder cannot be listed ({error.strerror})", path=error.filename)
        )

    found = []
    for root, folders, names in os.walk(folder, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(root, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if path.exists() and not path.is_file():
                report(DocumentError("not a regular file; expected text", path=path))
                continue
            found.append(path)
    if not found:
        raise DocumentError(
            f"no text in this folder; expected files that end in {' or '.join(SUFFIXES)}",
            path=folder,
        )
    for path in sorted(found):
        yield _id(path.relative_to(folder).as_posix()), path


def _id(name: str) -> str:
    """A name that every format can hold: no line ends, controls or undecodable bytes."""
    decoded = os.fsencode(name).decode("utf-8", "replace")
    return re.sub("[\x00-\x1f\x7f-\x9f]", "_", decoded)


def _unique(id_: str, path: Path | None, taken: set[str]) -> str:
    if id_ in taken and path is not None:
        id_ = _id(path.as_posix())
    unique, number = id_, 1
    while unique in taken:
        number += 1
        unique = f"{id_}-{number}"
    return unique


def _bytes(file: TextFile) -> bytes:
    if file.path is None:
        return file.data or b""
    try:
        with open(file.path, "rb") as stream:
            return _read_stream(stream, file.path)
    except FileNotFoundError as error:
        raise DocumentError("no such file; check the path", path=file.path) from error
    except PermissionError as error:
        raise DocumentError(
            "the file may not be read; check its permissions", path=file.path
        ) from error
    except OSError as error:
        raise DocumentError(
            f"the file cannot be read ({error.strerror})", path=file.path
        ) from error


def _read_stream(stream: BinaryIO, path: Path | None = None) -> bytes:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"more than {MAX_BYTES // 2**20} MiB; split the text into several files",
            path=path or "stdin",
        )
    return data
