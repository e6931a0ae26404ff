"""What belongs to a shard: bytes of files, and their fingerprint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from linguagraph.errors import DocumentError

__all__ = ["Piece", "PlannedShard", "read_piece"]


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file.

    Attributes:
        id: of the document in it, or the file's name.
        path: of the file, absolute.
        start, stop: bytes, from 0; ``stop`` is exclusive.
        line: number of its first line, from 1.
        header: lines that hold for the whole file and stand before it (``# global.`` ...).
    """

    id: str
    path: str
    start: int
    stop: int
    line: int = 1
    header: str = ""


@dataclass(frozen=True)
class PlannedShard:
    """What belongs to a shard.

    Attributes:
        number: from 0.
        format: name of the format, or ``text``.
        pieces: in order; one where the format is not ``text``.
        fingerprint: of ids and bytes, 16 hexadecimal digits.
    """

    number: int
    format: str
    pieces: tuple[Piece, ...]
    fingerprint: str

    @property
    def size(self) -> int:
        """Bytes of input."""
        return sum(piece.stop - piece.start for piece in self.pieces)

    def to_json(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "pieces": [asdict(piece) for piece in self.pieces]}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> PlannedShard:
        """What :meth:`to_json` gave."""
        pieces = tuple(Piece(**piece) for piece in found["pieces"])
        return cls(found["number"], found["format"], pieces, found["fingerprint"])


def read_piece(piece: Piece) -> bytes:
    """The bytes of a piece, without its header.

    Raises:
        DocumentError: the file cannot be read, or is shorter than when it was planned.
    """
    try:
        with open(piece.path, "rb") as stream:
            stream.seek(piece.start)
            data = stream.read(piece.stop - piece.start)
    except OSError as error:
        raise DocumentError(
            f"the file cannot be read ({error.strerror})", path=piece.path
        ) from error
    if len(data) < piece.stop - piece.start:
        raise DocumentError("the file has become shorter; run again to plan anew", path=piece.path)
    return data
