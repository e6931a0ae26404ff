"""One linguistic question per module; ``ANALYSES`` names them in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError
from linguagraph.reports.sections import Section

from . import (
    agreement,
    attention,
    coreference,
    corpus,
    curves,
    distance,
    edge_kinds,
    edge_labels,
    entity_ablation,
    entity_attribution,
    entity_examples,
    entity_gold,
    entity_graphs,
    entity_inverse,
    entity_paths,
    entity_query,
    entity_relations,
    examples,
    faithfulness,
    gold,
    graph_examples,
    graph_faithfulness,
    graphs,
    labels,
    methods,
    overview,
    parse_comparison,
    paths,
    predicted,
    retention_entropy,
    retention_model,
    scores_by_role,
    soft_gates,
    targets,
    token_agreement,
    token_examples,
    token_faithfulness,
    token_groups,
    token_layers,
    token_overview,
    top_paths,
    typed_paths,
)
from .facts import against_itself
from .few import without_intervals
from .params import Params
from .plugged import FAILED, run_plugin, run_plugins
from .plugins import Plugin, find_plugins, installed_plugins, load_plugin
from .summary import summary
from .terms import terms
from .token_parts import unit_of

__all__ = ["ANALYSES", "FAILED", "GRAPH_ANALYSES", "Params", "Plugin", "QUESTION_ANALYSES"]
__all__ += [
    "TOKEN_ANALYSES",
    "analyse",
    "ask",
    "find_plugins",
    "installed_plugins",
    "load_plugin",
    "summary",
]

ANALYSES: dict[str, Callable[[RunTables, Params], tuple[Section, ...]]] = {
    "overview": overview.run,
    "predicted": predicted.run,
    "corpus": corpus.run,
    "graphs": graphs.run,
    "faithfulness": faithfulness.run,
    "curves": curves.run,
    "labels": labels.run,
    "targets": targets.run,
    "paths": paths.run,
    "distance": distance.run,
    "typed_paths": typed_paths.run,
    "top_paths": top_paths.run,
    "retention_model": retention_model.run,
    "retention_entropy": retention_entropy.run,
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

GRAPH_ANALYSES: dict[str, Callable[[RunTables, Params], tuple[Section, ...]]] = {
    "overview": overview.run,
    "faithfulness": graph_faithfulness.run,
    "curves": curves.run,
    "gold": gold.run,
    "labels": edge_labels.run,
    "agreement": agreement.run,
    "attention": attention.run,
    "examples": graph_examples.run,
    "methods": methods.run,
}
"""The same where graphs are not made of language (``language`` is false in the manifest)."""

QUESTION_ANALYSES: dict[str, Callable[[RunTables, Params], tuple[Section, ...]]] = {
    "overview": overview.run,
    "entity_graphs": entity_graphs.run,
    "faithfulness": graph_faithfulness.run,
    "entity_ablation": entity_ablation.run,
    "curves": curves.run,
    "entity_relations": entity_relations.run,
    "entity_query": entity_query.run,
    "entity_paths": entity_paths.run,
    "entity_inverse": entity_inverse.run,
    "entity_attribution": entity_attribution.run,
    "entity_gold": entity_gold.run,
    "retention_model": retention_model.run,
    "agreement": agreement.run,
    "examples": entity_examples.run,
    "methods": methods.run,
}
"""The same for questions over entity graphs (``task`` is "qa" in the manifest)."""

TOKEN_ANALYSES: dict[str, Callable[[RunTables, Params], tuple[Section, ...]]] = {
    "overview": token_overview.run,
    "predicted": predicted.run,
    "corpus": corpus.run,
    "faithfulness": token_faithfulness.run,
    "token_layers": token_layers.run,
    "token_groups": token_groups.run,
    "token_agreement": token_agreement.run,
    "token_examples": token_examples.run,
    "methods": methods.run,
}
"""The same where a method masks tokens (``units`` is "tokens" in the manifest)."""


def analyse(
    tables: RunTables,
    params: Params | None = None,
    *,
    names: tuple[str, ...] | None = None,
    plugins: Iterable[Plugin] = (),
) -> tuple[Section, ...]:
    """Run the analyses, all or those named, in the order of :data:`ANALYSES`, then the plugins.

    Without language, those of :data:`GRAPH_ANALYSES`; for questions, those of
    :data:`QUESTION_ANALYSES`; for masks over tokens, those of :data:`TOKEN_ANALYSES`.
    Plugins that fail are told of in a last section, named ``FAILED``.

    Raises:
        ConfigError: a name that is not known.
    """
    registry = ANALYSES if terms(tables).language else GRAPH_ANALYSES
    if tables.manifest.get("task") == "qa":
        registry = QUESTION_ANALYSES
    if unit_of(tables) == "token":
        registry = TOKEN_ANALYSES
    unknown = [name for name in names or () if name not in registry]
    if unknown:
        raise ConfigError(f"unknown analyses {unknown}; known: {', '.join(registry)}")
    chosen = [run for name, run in registry.items() if names is None or name in names]
    settings = _settings(tables, params)
    found = [section for run in chosen for section in run(tables, settings)]
    found += run_plugins(plugins, found, tables, settings)
    return without_intervals(found, tables, settings)


def ask(plugin: Plugin, tables: RunTables, params: Params | None = None) -> tuple[Section, ...]:
    """The sections of one plugin alone; what it raises is raised.

    Raises:
        ReportError: it could not be loaded, or its sections cannot stand in a report.
    """
    settings = _settings(tables, params)
    return without_intervals(run_plugin(plugin, tables, settings), tables, settings)


def _settings(tables: RunTables, params: Params | None) -> Params:
    language, settings = terms(tables).language, params or Params()
    if against_itself(tables):
        return replace(settings, score="role agreement" if language else "answer agreement")
    return settings if language else replace(settings, score="accuracy")
