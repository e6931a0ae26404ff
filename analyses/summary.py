"""Sections in, the content of ``summary.json`` out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from linguagraph.errors import ReportError
from linguagraph.reports.sections import Section

__all__ = ["summary"]


def summary(sections: Iterable[Section]) -> dict[str, Any]:
    """Merge the summaries of all sections and put the finding of each under ``findings``.

    Scores and shares are numbers in [0, 1]; what is not a number is ``None``, never NaN.

    Raises:
        ReportError: two sections give different values for one key.
    """
    merged: dict[str, Any] = {}
    findings: dict[str, str] = {}
    for section in sections:
        _merge(merged, section.summary or {}, where=section.name)
        findings[section.name] = section.finding
    return {**_clean(merged), "findings": findings}


def _merge(into: dict[str, Any], values: Mapping[str, Any], *, where: str) -> None:
    for key, value in values.items():
        if key not in into:
            into[key] = dict(value) if isinstance(value, Mapping) else value
        elif isinstance(into[key], dict) and isinstance(value, Mapping):
            _merge(into[key], value, where=f"{where}.{key}")
        elif into[key] != value:
            raise ReportError(f"section {where!r} gives another value for {key!r} than one before")


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _clean(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
