"""Sections -> the same sections, their names found safe as anchors and file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from linguagraph.errors import ReportError
from linguagraph.reports.sections import Section

__all__ = ["check_names"]

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


def check_names(sections: Iterable[Section]) -> Sequence[Section]:
    """Return the sections as a tuple.

    Raises:
        ReportError: a name is no slug (lower-case letters, digits, ``_`` and ``-``), two sections,
            figures, tables or texts share a name, or a figure's ``data`` is no table of its
            section.
    """
    checked = tuple(sections)
    kinds = {
        "section": [s.name for s in checked],
        "figure": [f.name for s in checked for f in s.figures],
        "table": [t.name for s in checked for t in s.tables],
        "text": [t.name for s in checked for t in s.texts],
    }
    for kind, names in kinds.items():
        for name in names:
            if not _SLUG.fullmatch(name):
                raise ReportError(
                    f"{kind} name {name!r} is not made of lower-case letters, digits, _ and -"
                )
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ReportError(f"{kind} names {twice} are used more than once")
    for section in checked:
        tables = [table.name for table in section.tables]
        for figure in section.figures:
            if figure.data is not None and figure.data not in tables:
                raise ReportError(
                    f"figure {figure.name!r}: data table {figure.data!r} is not in section "
                    f"{section.name!r}; it has {tables}"
                )
    return checked
