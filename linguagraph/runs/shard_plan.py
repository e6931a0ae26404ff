"""Corpora -> a list of shards: which bytes of which files, always the same for the same input.

Text is cut between documents, a file being one; a file larger than a shard is cut at blank lines.
An annotated file is cut before ``# newdoc`` where it has such lines, else between sentences. What
is added at the end of a corpus leaves all shards but the last as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from linguagraph.documents.reading import FORMATS
from linguagraph.documents.text import TextFile, find_texts
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.runs.planned import Piece, PlannedShard
from linguagraph.runs.reading import TEXT
from linguagraph.runs.recipe import Recipe, ShardSizes

__all__ = ["corpus_format", "plan_shards"]

_BLOCK = 1 << 20


def plan_shards(recipe: Recipe) -> list[PlannedShard]:
    """Cut the corpora of a recipe into shards.

    All bytes are read once, for the fingerprints. A file that cannot be read is planned all the
    same: its shard will say what is wrong with it.

    Raises:
        ConfigError: text and annotated files, or several formats, in one recipe's ``corpus``.
        DocumentError: there is nothing to read.
    """
    annotated = [name for name in recipe.corpus if corpus_format(name, recipe) != TEXT]
    if not annotated:
        shards = _text_shards(find_texts(recipe.corpus), recipe.shards)
    elif len(annotated) < len(recipe.corpus):
        raise ConfigError("text and annotated files in one corpus; make a recipe for each")
    else:
        shards = _annotated_shards(annotated, recipe)
    found: list[PlannedShard] = []
    for format, pieces in shards:
        found.append(PlannedShard(len(found), format, tuple(pieces), _fingerprint(pieces)))
        if len(found) == recipe.shards.limit:
            break
    if not found:
        raise DocumentError("nothing to read", path=recipe.corpus[0])
    return found


def corpus_format(name: str, recipe: Recipe) -> str:
    """Format of what a corpus names; folders and patterns are text."""
    if recipe.reading.format is not None:
        return recipe.reading.format
    suffix = Path(name).suffix.lower()
    return next((n for n, known in FORMATS.items() if suffix in known.suffixes), TEXT)


def _text_shards(
    files: tuple[TextFile, ...], sizes: ShardSizes
) -> Iterator[tuple[str, list[Piece]]]:
    most = int(sizes.megabytes * 1e6)
    waiting: list[Piece] = []
    held = 0
    for file in files:
        for piece in _text_pieces(file, most):
            size = piece.stop - piece.start
            if waiting and (len(waiting) >= sizes.documents or held + size > most):
                yield TEXT, waiting
                waiting, held = [], 0
            waiting.append(piece)
            held += size
    if waiting:
        yield TEXT, waiting


def _text_pieces(file: TextFile, most: int) -> Iterator[Piece]:
    """A file as one piece, or cut after blank lines into pieces of about ``most`` bytes."""
    assert file.path is not None
    path = file.path.absolute()
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    if size <= most:
        yield Piece(file.id, str(path), 0, size)
        return
    try:
        cuts = list(_cuts(path, most, lambda line, blank: blank))
    except OSError:
        cuts = [(0, size, 1)]
    for part, (start, stop, line) in enumerate(cuts, start=1):
        id_ = file.id if len(cuts) == 1 else f"{file.id}#{part}"
        yield Piece(id_, str(path), start, stop, line)


def _annotated_shards(names: list[str], recipe: Recipe) -> Iterator[tuple[str, list[Piece]]]:
    most = int(recipe.shards.megabytes * 1e6)
    for name in names:
        path = Path(name).absolute()
        if not path.is_file():
            raise DocumentError("no such file; give annotated files by name", path=name)
        try:
            header, documents = _head(path)
        except OSError:  # its shard will say so
            yield corpus_format(name, recipe), [Piece(path.name, str(path), 0, 0)]
            continue
        if documents:
            allowed = recipe.shards.documents
            cuts = _cuts(path, most, lambda line, _: line.startswith(b"# newdoc"), count=allowed)
        else:
            cuts = _cuts(path, most, lambda _, blank: blank)
        for start, stop, line in cuts:
            before = header if start else ""
            piece = Piece(path.name, str(path), start, stop, line, before)
            yield corpus_format(name, recipe), [piece]


def _head(path: Path) -> tuple[str, bool]:
    """The lines ``# global.`` at the beginning of a file, and whether documents are marked."""
    header, documents = [], False
    with open(path, "rb") as lines:
        for number, line in enumerate(lines):
            if line.startswith(b"# global."):
                header.append(line.decode("utf-8", "replace"))
            documents = documents or line.startswith(b"# newdoc")
            if number >= 200:
                break
    return "".join(header), documents


def _cuts(path: Path, most: int, may: Any, *, count: int = 0) -> Iterator[tuple[int, int, int]]:
    """(start, stop, first line) of parts; they begin where ``may(line, after_blank)`` holds.

    Args:
        path: file.
        most: bytes; a part ends at the last place where it may before it would be larger.
        may: told a line and whether the one before it was blank.
        count: places where a part may begin, per part, at most; 0 is any number.
    """
    start, first = 0, 1
    place: tuple[int, int] | None = None
    position, blank, passed, whole = 0, False, 0, False
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, start=1):
            if whole and may(line, blank) and line.strip():
                passed += 1
                if count and passed >= count:
                    yield start, position, first
                    start, first, place, passed, whole = position, number, None, 0, False
                else:
                    place = (position, number)
            position += len(line)
            blank = not line.strip()
            whole = whole or blank
            if position - start > most and place is not None:
                cut, place, passed = place, None, 0
                yield start, cut[0], first
                start, first = cut
    if position > start:
        yield start, position, first


def _fingerprint(pieces: list[Piece]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(f"{piece.id}\0{piece.stop - piece.start}\0{piece.header}\0".encode())
        try:
            with open(piece.path, "rb") as stream:
                stream.seek(piece.start)
                left = piece.stop - piece.start
                while left > 0 and (block := stream.read(min(_BLOCK, left))):
                    digest.update(block)
                    left -= len(block)
        except OSError:
            digest.update(b"unreadable")
    return digest.hexdigest()[:16]
