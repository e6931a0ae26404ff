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
)
from .compared import Compared
from .facts import against_itself
from .few import without_intervals
from .params import Params
from .summary import summary

__all__ = ["COMPARISONS", "compare_sections"]

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

LANGUAGE = ("paths", "patterns")
"""Parts that only graphs over sentences have."""


def compare_sections(compared: Compared, params: Params | None = None) -> tuple[Section, ...]:
    """Make every part that suits what the runs are about."""
    settings = params or Params()
    language = compared.terms.language
    if any(against_itself(tables) for tables in compared.runs):
        settings = replace(settings, score="role agreement" if language else "answer agreement")
    elif not language:
        settings = replace(settings, score="accuracy")
    chosen = [run for name, run in COMPARISONS.items() if language or name not in LANGUAGE]
    found = [section for run in chosen for section in run(compared, settings)]
    first = compare_overview.run(compared, settings, summary(found))
    return without_intervals([*first, *found], compared.runs[0], settings)
