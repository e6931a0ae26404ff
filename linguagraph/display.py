"""A value of any module -> HTML for a notebook, by a renderer that is registered from outside.

Records lie left in the line, and what draws them lies right: so a value only asks, and the package
says, when it is imported, which module answers (see :func:`renderer_at`). That module is loaded
when the first value shows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

__all__ = ["Card", "counted", "html", "renderer_at"]

_HOMES: list[str] = []


@dataclass(frozen=True)
class Card:
    """What a value without a drawing of its own shows of itself, as plain text throughout.

    Attributes:
        title: what it is.
        facts: names and values.
        columns, rows: a small table.
        notes: a paragraph each.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def renderer_at(module: str) -> None:
    """Say which module renders values: its function ``render`` takes one and returns HTML."""
    _HOMES[:] = [module]


def html(value: object) -> str:
    """The value as HTML that leaks no style and takes none, of bounded size."""
    found: str = import_module(_HOMES[-1]).render(value)
    return found


def counted(number: int, one: str, many: str = "") -> str:
    """``1 token``, ``2 tokens``: the number with its noun."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {many or one + 's'}"
