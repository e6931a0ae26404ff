"""Columns of ids and heads, as written -> checked indices; what CoNLL-2009 and CoNLL-U share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from linguagraph.documents.records import ROOT
from linguagraph.errors import DocumentError

__all__ = ["check_heads", "find_cycle", "head_problem", "id_problem", "parse_heads"]

_INTEGER = re.compile(r"-?[0-9]+")


def find_cycle(heads: Sequence[int]) -> int | None:
    """A token on a cycle of the head relation, or ``None`` if there is none; linear time.

    Args:
        heads: [tokens], head index of each token, ``-1`` for a root.
    """
    visit = [-1] * len(heads)  # the walk that reached the token; -1: none yet
    for start in range(len(heads)):
        node = start
        while node != ROOT and visit[node] == -1:
            visit[node] = start
            node = heads[node]
        if node != ROOT and visit[node] == start:
            return node
    return None


def parse_heads(values: Sequence[str]) -> list[int | None] | tuple[int, str]:
    """Heads of a sentence (``-1`` the root), or the row of the first problem and what it is.

    All of them may be ``_`` (a sentence without a tree), not some of them.

    Args:
        values: [tokens], the HEAD column as written.
    """
    size = len(values)
    known = {str(number): number - 1 for number in range(size + 1)}
    heads = [known.get(value) for value in values]
    if None in heads:
        if all(value == "_" for value in values):
            return heads
        row = heads.index(None)
        return row, head_problem(values[row], size)
    complete = [head for head in heads if head is not None]
    node = find_cycle(complete)
    if node is not None:
        return node, f"head {complete[node] + 1} makes a cycle; expected a tree"
    return heads


def head_problem(value: str, size: int) -> str:
    """What is wrong with a head that is not a number from 0 to ``size``."""
    expected = f"expected a token id from 1 to {size}, or 0 for the root"
    if value == "_":
        return f"no head, though other tokens of the sentence have one; {expected}"
    if _INTEGER.fullmatch(value):
        return f"head {_short(value)} is out of range; {expected}"
    return f"head {_short(value)!r} is not an integer; {expected}"


def id_problem(value: str, expected: int) -> str:
    """What is wrong with a token id that is not ``expected``."""
    remedy = f"expected {expected}: ids count from 1 without gaps"
    if not re.fullmatch(r"[0-9]+", value) or value.startswith("0"):
        return f"token id {_short(value)!r} is not a positive integer; {remedy}"
    if len(value) > 9 or int(value) > expected:
        return f"token id {_short(value)} where {expected} is missing; {remedy}"
    return f"token id {_short(value)} is duplicate or out of order; {remedy}"


def check_heads(heads: Sequence[int | None]) -> None:
    """Check a sentence's heads before it is written.

    Raises:
        DocumentError: only some tokens have a head, or there is a cycle.
    """
    complete = [head for head in heads if head is not None]
    if not complete:
        return
    if len(complete) < len(heads):
        token = list(heads).index(None)
        raise DocumentError(f"token {token} has no head, though others have; give all or none")
    node = find_cycle(complete)
    if node is not None:
        raise DocumentError(f"token {node} is on a cycle of heads; expected a tree")


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:40] + "..."
