"""A :class:`TableBlock` -> headers and formatted cells, the same for HTML and LaTeX.

An interval is shown with its estimate: ``16.2% (15.8–16.7)``. Columns belong together when they
are named ``x``, ``x_low`` and ``x_high``, or when ``low`` and ``high`` (or ``ci_low`` and
``ci_high``) follow the estimate or stand anywhere in a table with a column ``share``. Files keep
all three columns.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import pandas as pd

from linguagraph.errors import ReportError
from linguagraph.figures.text import visible
from linguagraph.reports.sections import TableBlock

__all__ = ["MISSING", "ShownColumn", "shown_columns", "show_number"]

MISSING = "–"
"""Shown where a table has no value."""

_ENDS = (("low", "high"), ("ci_low", "ci_high"))


@dataclass(frozen=True)
class ShownColumn:
    """One column as readers see it.

    Attributes:
        header: heading, with a note where an interval is included.
        numeric: aligned to the right.
        cells: formatted values, top to bottom.
        name: the column's name in the CSV file.
    """

    header: str
    numeric: bool
    cells: tuple[str, ...]
    name: str


def shown_columns(block: TableBlock, *, limit: int | None = None) -> list[ShownColumn]:
    """Return the columns of ``block`` in order, intervals merged, of its first ``limit`` rows.

    Raises:
        ReportError: ``block.percent`` names a column that the table lacks.
    """
    frame = block.frame if limit is None else block.frame.head(limit)
    names = [str(name) for name in frame.columns]
    frame = frame.set_axis(names, axis=1)
    unknown = sorted(set(block.percent) - set(names))
    if unknown:
        raise ReportError(f"table {block.name!r}: percent columns {unknown} are not in {names}")
    ends = _intervals(frame)
    hidden = {end for pair in ends.values() for end in pair}
    columns = []
    for name in names:
        if name in hidden:
            continue
        percent = name in block.percent
        cells = _cells(frame[name], percent=percent, digits=block.digits)
        header = visible(name.replace("_", " "))
        if name in ends:
            low, high = (
                _cells(frame[end], percent=percent, digits=block.digits) for end in ends[name]
            )
            cells = [_with_interval(*parts) for parts in zip(cells, low, high, strict=True)]
            header += " (interval)"
        columns.append(ShownColumn(header, _is_number(frame[name]), tuple(cells), name))
    return columns


def show_number(value: Any, *, percent: bool = False, digits: int = 3) -> str:
    """Return one value as text: ``16.2%``, ``4,391``, ``0.790``, ``yes``, ``–`` for none.

    Negative numbers carry a true minus sign.
    """
    if isinstance(value, (list, tuple, set, dict)) or value is None or pd.isna(value):
        items = value if isinstance(value, (list, tuple)) else ()
        return ", ".join(visible(item) for item in items) or MISSING
    if isinstance(value, bool) or str(type(value).__name__) == "bool":
        return "yes" if value else "no"
    if not isinstance(value, numbers.Real):
        return visible(value)
    if percent:
        text = f"{float(value):.1%}"
    elif isinstance(value, numbers.Integral):
        text = f"{int(value):,}"
    else:
        text = f"{float(value):,.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if not any(c in "123456789" for c in text) else "−" + text[1:]
    return text


def _intervals(frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return for each estimate its two ends."""
    names = list(frame.columns)
    found = {
        name: (f"{name}_low", f"{name}_high")
        for name in names
        if f"{name}_low" in names and f"{name}_high" in names
    }
    for ends in _ENDS:
        if not set(ends) <= set(names):
            continue
        position = names.index(ends[0])
        before = names[position - 1] if position and names[position:][1:2] == [ends[1]] else None
        is_count = before is not None and pd.api.types.is_integer_dtype(frame[before].dtype)
        if "share" in names and (before is None or is_count):
            before = "share"
        if before is not None:
            found.setdefault(before, ends)
    return found


def _cells(values: pd.Series, *, percent: bool, digits: int) -> list[str]:
    if not percent and pd.api.types.is_float_dtype(values.dtype):
        known = values.dropna()
        whole = bool((known % 1 == 0).all()) and bool((known.abs() >= 10).any())
        digits = 0 if whole else digits  # counts that lost their type to a missing value or a mean
    return [show_number(value, percent=percent, digits=digits) for value in values.tolist()]


def _with_interval(estimate: str, low: str, high: str) -> str:
    if MISSING in (estimate, low, high):
        return estimate
    ends = low.removesuffix("%"), high.removesuffix("%")
    joint = " to " if any(end.startswith("−") for end in ends) else "–"
    return f"{estimate} ({ends[0]}{joint}{ends[1]})"


def _is_number(values: pd.Series) -> bool:
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
