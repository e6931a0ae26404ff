"""Mentions of one question in, the passages around those that are drawn out, as marked text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from linguagraph.figures.text import shorten, visible
from linguagraph.reports.sections import Piece, TextBlock

from .blocks import Row, rows

__all__ = ["answered", "entity_text"]

_ROLES = ("subject", "candidate", "bridge", "coreferent")
_LONGEST = 200
"""Most characters of a mention."""
_AROUND = 60
"""Characters of an excerpt that was cut."""
_SAME = 12
"""Excerpts that share so many characters where they meet are taken to overlap."""


def entity_text(name: str, caption: str, mentions: pd.DataFrame, nodes: Iterable[int]) -> TextBlock:
    """A paragraph per document with the mentions ``nodes`` in context, each with its number.

    Passages that overlap are joined; what lies between the others is left out.

    Args:
        name, caption: of the block.
        mentions: the item's rows of :data:`linguagraph.columns.MENTIONS`.
        nodes: those that are shown.
    """
    shown = mentions[mentions["node"].isin(list(nodes))].sort_values(["support", "start", "node"])
    paragraphs = tuple(
        tuple(_paragraph(support, rows(shown[shown["support"] == support])))
        for support in sorted({int(support) for support in shown["support"]})
    )
    total = mentions["support"].nunique()
    hidden = total - len(paragraphs)
    cut = f"{hidden} of {total} documents with mentions are not shown." if hidden else ""
    return TextBlock(name, caption, paragraphs, cut)


def answered(item: Row) -> str:
    """What a question of :data:`linguagraph.columns.ITEMS` was answered, and what is right."""
    given = f"answered “{shorten(item['predicted'], 60)}”"
    if item["correct"] == "yes":
        return f"{given}, which is right"
    right = f"; right is “{shorten(item['answer'], 60)}”"
    return given + (right if item["correct"] == "no" and not pd.isna(item["answer"]) else "")


def _paragraph(support: int, held: list[Row]) -> Iterator[Piece]:
    """Excerpts of one document, in the order of the text."""
    yield Piece("text", f"Document {support}: ")
    after = ""
    for number, row in enumerate(held):
        before = held[number - 1] if number else None
        between = _between(before, row) if before is not None else None
        if between is None:
            left = _trimmed(str(row["left"]), end=False)
            if before is not None:
                left = f"{after.rstrip(' …')} … {left.lstrip('… ')}"
            yield Piece("text", visible(left))
        else:
            yield Piece("text", visible(between))
        yield Piece("open", str(row["node"]), _group(row))
        yield Piece("text", visible(str(row["text"])[:_LONGEST]))
        yield Piece("close")
        after = _trimmed(str(row["right"]), end=True)
    yield Piece("text", visible(after))


def _between(before: Row, row: Row) -> str | None:
    """What stands between two mentions, if their excerpts overlap."""
    text, right, left = str(row["text"]), str(before["right"]), str(row["left"])
    whole = str(before["left"]) + str(before["text"])
    place = right.find(text)
    while place >= 0:  # the first excerpt reaches beyond the second mention
        joined = whole + right[:place]
        size = min(len(joined), len(left))
        if joined[len(joined) - size :] == left[len(left) - size :]:
            return right[:place]
        place = right.find(text, place + 1)
    for size in range(min(len(left), len(right)), _SAME - 1, -1):
        if right.endswith(left[:size]):
            return right + left[size:]
    return None


def _trimmed(excerpt: str, *, end: bool) -> str:
    """An excerpt that was cut, without the word at the cut, which may not be whole."""
    if len(excerpt) < _AROUND:
        return excerpt
    place = excerpt.rfind(" ") if end else excerpt.find(" ")
    if place < 0:
        return "…"
    return excerpt[:place] + " …" if end else "…" + excerpt[place:]


def _group(row: Row) -> int:
    """What looks alike: predicted and right answers, then roles."""
    if row["predicted"]:
        return 0
    return 1 if row["answer"] else 2 + _ROLES.index(str(row["role"]))
