"""The run's tables and manifest in, plain facts out: names, corpus counts, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items, compile_items
from linguagraph.edges.storage import RunTables

from .method_words import method_words
from .shapes import METRIC, OWN
from .terms import GRAPH_ANSWERS, GRAPH_OWN, GRAPH_VALUES, terms

__all__ = [
    "MISSING",
    "against_itself",
    "corpus_counts",
    "flatten",
    "lookup",
    "metric",
    "model_name",
    "names_in",
    "sentence_lengths",
]

MISSING = "not recorded"
GIVE_ANSWERS = (
    "To compare with right answers, give them as y=: the name of an attribute of the batch, or a "
    "function of the batch, such as y=lambda batch: batch['user'].y for a heterogeneous graph."
)


def lookup(manifest: Mapping[str, Any], *keys: str) -> Any:
    """A nested value of the manifest, ``None`` where any key is absent."""
    value: Any = manifest
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def names_in(table: pd.DataFrame, column: str) -> list[str]:
    """The distinct values of a column of strings, in order of appearance."""
    return [str(name) for name in table[column].unique()]


def metric(run: RunTables | Mapping[str, Any]) -> str:
    """What the scores of a run measure, from its tables or its manifest."""
    manifest = run.manifest if isinstance(run, RunTables) else run
    if _values(manifest):
        return GRAPH_VALUES
    names = (METRIC, OWN) if terms(manifest).language else (GRAPH_ANSWERS, GRAPH_OWN)
    return names[against_itself(manifest)]


def _values(manifest: Mapping[str, Any]) -> bool:
    """Whether the model's answers are values, which are never right or wrong."""
    kind = lookup(manifest, "model", "config", "output")
    return not terms(manifest).language and bool(kind == "regression")


def against_itself(run: RunTables | Mapping[str, Any]) -> bool:
    """Whether answers are compared with the model's own instead of with right ones."""
    manifest = run.manifest if isinstance(run, RunTables) else run
    return bool(lookup(manifest, "scored_against") == "own")


def model_name(tables: RunTables) -> str:
    """Name of the explained model: from the tables, else the manifest."""
    for table in (tables.edges, tables.scores, tables.roles):
        if len(table):
            return str(table["model"].iloc[0])
    return str(lookup(tables.manifest, "model", "name") or MISSING)


def corpus_counts(tables: RunTables, items: Items) -> dict[str, Any]:
    """Sentences, tokens, predicates and edges (of the sentence graphs); ``None`` where unknown.

    Without language: graphs, nodes, edges and answers.

    The manifest is believed where it has a count; otherwise the tables are counted, which hold
    only sentences with a predicate.
    """
    counted: dict[str, Callable[[], int | None]] = {
        "sentences": lambda: len(tables.sentences) or len(items.sentences),
        "tokens": lambda: sum(map(len, tables.sentences.values())) or None,
        "predicates": lambda: len(items.examples),
        "edges": lambda: _count_edges(items),
    }
    if not terms(tables).language:
        counted = {
            "graphs": lambda: len(items.examples),
            "nodes": lambda: None,
            "edges": lambda: _count_distinct(items),
            "answers": lambda: None,
        }
    named = lookup(tables.manifest, "corpus", "name")
    result: dict[str, Any] = {"name": named or next(iter(names_in(tables.edges, "corpus")), None)}
    for name, own in counted.items():
        recorded = lookup(tables.manifest, "corpus", name)
        result[name] = own() if recorded is None else recorded
    return result


def _count_edges(items: Items) -> int:
    """Edges of the sentence graphs: each sentence once, in one layer."""
    if not items.size:
        return 0

    def count(part: Items) -> tuple[int]:
        first = part.example == _first_example(part)[part.sentence]
        return (int((first & (part.layer == 0)).sum()),)

    return int(items.add(count)[0])


def _count_distinct(items: Items) -> int:
    """Edges of all graphs, each once, in whatever layers it sends messages."""

    def count(part: Items) -> tuple[int]:
        edge = part.column("edge").astype(np.int64)
        return (len(np.unique(part.example.astype(np.int64) * (edge.max(initial=0) + 1) + edge)),)

    return int(items.add(count)[0])


def _first_example(items: Items) -> np.ndarray:
    """[sentences]: the first example of each sentence."""
    first = np.full(len(items.sentences), len(items.examples), dtype=np.intp)
    np.minimum.at(first, items.sentence, items.example)
    return first


def reading_notes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """How to read the headline numbers, and whether the corpus trained or chose the model."""
    if not terms(manifest).language:
        return (
            f"Metric: {metric(manifest)}.",
            *((GIVE_ANSWERS,) if against_itself(manifest) and not _values(manifest) else ()),
            "n of edges: one for each edge of each graph and each layer in which it sends a "
            "message. Self-loops that a layer adds by itself are no edges of the graph.",
            *map(str, lookup(manifest, "notes") or ()),
        )
    mark = lookup(manifest, "corpus", "fingerprint")
    used = {
        part: lookup(manifest, "model", "data", part, "fingerprint") for part in ("train", "dev")
    }
    notes = [
        f"Metric: {metric(manifest)}; senses are left out.",
        "n of edges: one for each predicate, edge of its sentence's graph and layer.",
    ]
    probes = method_words(manifest).probes
    if mark is not None and mark == used["train"]:
        what = "the model and the probes" if probes else "the model"
        notes.append(f"This corpus trained {what}: nothing here is held out.")
    if mark is not None and mark == used["dev"]:
        what = " and the checks of the probes" if probes else ""
        notes.append(
            f"This corpus is the development data that chose the model's epoch{what}: scores and "
            "shares here are those of the data that chose."
        )
    return tuple(notes)


def sentence_lengths(tables: RunTables) -> dict[int, int]:
    """Tokens of each sentence; from the edges where the sentence itself is not at hand."""
    lengths = {index: len(sentence) for index, sentence in tables.sentences.items()}
    if lengths or tables.edges.empty:
        return lengths
    for part in compile_items(tables.edges).blocks():
        inside = (part.column("source_offset") == 0) & (part.column("target_offset") == 0)
        ends = np.maximum(part.column("source"), part.column("target"))[inside].astype(np.intp)
        last = np.full(len(part.sentences), -1, dtype=np.intp)
        np.maximum.at(last, part.sentence[inside], ends)
        known = last >= 0
        lengths |= dict(
            zip(part.sentences[known].tolist(), (last[known] + 1).tolist(), strict=True)
        )
    return lengths


def flatten(values: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level: ``{"a": {"b": 1}}`` gives ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= flatten(value, prefix=f"{name}.")
        else:
            flat[name] = value
    return flat
