"""The parts of a comparison; ``COMPARISONS`` names them in order, what was found stands first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from linguagraph.reports.sections import Section

from . import (
    compare_agreement,
    compare_curves,
    compare_examples,
    compare_labels,
    compare_overview,
    compare_paths,
    compare_patterns,
    compare_retained,
    compare_scores,
    methods_agreement,
    methods_cost,
    methods_curves,
)
from .compared import Compared
from .facts import against_itself
from .few import without_intervals
from .params import Params
from .summary import summary

__all__ = ["COMPARISONS", "METHOD_COMPARISONS", "compare_sections", "method_sections"]

COMPARISONS: dict[str, Callable[[Compared, Params], tuple[Section, ...]]] = {
    "scores": compare_scores.run,
    "retained": compare_retained.run,
    "agreement": compare_agreement.run,
    "labels": compare_labels.run,
    "curves": compare_curves.run,
    "paths": compare_paths.run,
    "patterns": compare_patterns.run,
    "examples": compare_examples.run,
}
"""Name of each part and the function that makes it."""

METHOD_COMPARISONS: dict[str, Callable[[Compared, Params], tuple[Section, ...]]] = {
    "overview": methods_cost.run,
    "agreement": methods_agreement.run,
    "curves": methods_curves.run,
    "scores": compare_scores.run,
    "retained": compare_retained.run,
    "examples": compare_examples.run,
}
"""The same where runs differ in their method alone."""

LANGUAGE = ("paths", "patterns")
"""Parts that only graphs over sentences have."""


def compare_sections(compared: Compared, params: Params | None = None) -> tuple[Section, ...]:
    """Make every part that suits what the runs are about."""
    settings, language = _settings(compared, params), compared.terms.language
    chosen = [run for name, run in COMPARISONS.items() if language or name not in LANGUAGE]
    found = [section for run in chosen for section in run(compared, settings)]
    first = compare_overview.run(compared, settings, summary(found))
    return without_intervals([*first, *found], compared.runs[0], settings)


def method_sections(compared: Compared, params: Params | None = None) -> tuple[Section, ...]:
    """Make every part of :data:`METHOD_COMPARISONS`."""
    settings = _settings(compared, params)
    found = [section for run in METHOD_COMPARISONS.values() for section in run(compared, settings)]
    return without_intervals(found, compared.runs[0], settings)


def _settings(compared: Compared, params: Params | None) -> Params:
    settings, language = params or Params(), compared.terms.language
    if any(against_itself(tables) for tables in compared.runs):
        return replace(settings, score="role agreement" if language else "answer agreement")
    return settings if language else replace(settings, score="accuracy")
