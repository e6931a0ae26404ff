"""One linguistic question per module; ``ANALYSES`` names them in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError
from linguagraph.reports.sections import Section

from . import (
    agreement,
    coreference,
    corpus,
    distance,
    edge_kinds,
    examples,
    faithfulness,
    graphs,
    labels,
    methods,
    overview,
    parse_comparison,
    paths,
    predicted,
    scores_by_role,
    soft_gates,
    targets,
)
from .facts import metric
from .params import Params
from .shapes import OWN
from .summary import summary

__all__ = ["ANALYSES", "Params", "analyse", "summary"]

ANALYSES: dict[str, Callable[[RunTables, Params], tuple[Section, ...]]] = {
    "overview": overview.run,
    "predicted": predicted.run,
    "corpus": corpus.run,
    "graphs": graphs.run,
    "faithfulness": faithfulness.run,
    "labels": labels.run,
    "targets": targets.run,
    "paths": paths.run,
    "distance": distance.run,
    "agreement": agreement.run,
    "soft_gates": soft_gates.run,
    "scores_by_role": scores_by_role.run,
    "edge_kinds": edge_kinds.run,
    "coreference": coreference.run,
    "parse_comparison": parse_comparison.run,
    "examples": examples.run,
    "methods": methods.run,
}
"""Name of each analysis and the function that runs it."""


def analyse(
    tables: RunTables, params: Params | None = None, *, names: tuple[str, ...] | None = None
) -> tuple[Section, ...]:
    """Run the analyses, all or those named, in the order of :data:`ANALYSES`.

    Raises:
        ConfigError: a name that is not known.
    """
    unknown = [name for name in names or () if name not in ANALYSES]
    if unknown:
        raise ConfigError(f"unknown analyses {unknown}; known: {', '.join(ANALYSES)}")
    chosen = [run for name, run in ANALYSES.items() if names is None or name in names]
    settings = params or Params()
    if metric(tables) == OWN:
        settings = replace(settings, score="role agreement")
    return tuple(section for run in chosen for section in run(tables, settings))
