"""Lines of a sentence, a tab and a number -> sentences as words, each with its label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linguagraph.errors import DocumentError

__all__ = ["LabelledText", "read_labelled"]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A sentence with the number of its label.

    Attributes:
        words: at least one.
        label: from 0.
    """

    words: tuple[str, ...]
    label: int


def read_labelled(path: str | Path, *, labels: int = 2) -> list[LabelledText]:
    """Read a file of lines ``sentence TAB number``; words are separated by spaces.

    The binary Stanford Sentiment Treebank is handed around in this form (0 negative, 1 positive).

    Args:
        path: UTF-8.
        labels: how many there are; numbers go from 0 to ``labels - 1``.

    Raises:
        DocumentError: the file cannot be read or is empty, or a line has another form.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"cannot be read: {error}", path=path) from error
    found = []
    for number, line in enumerate(lines, start=1):
        sentence, tab, label = line.rpartition("\t")
        if not tab or not sentence.split() or not label.strip().isdecimal():
            raise DocumentError(
                f"{line[:60]!r} is not a sentence, a tab and a number", path=path, line=number
            )
        if int(label) >= labels:
            raise DocumentError(
                f"label {int(label)}; expected 0 to {labels - 1}", path=path, line=number
            )
        found.append(LabelledText(tuple(sentence.split()), int(label)))
    if not found:
        raise DocumentError("holds no sentence", path=path)
    return found
