"""A file of questions -> the entity graphs of its items on disk: exports, counts, a summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.documents.item_mentions import ROLES, ItemMentions
from linguagraph.errors import ConfigError
from linguagraph.files import write_json, write_text
from linguagraph.graphs.entity import RELATIONS, entity_graph
from linguagraph.graphs.entity_exports import (
    ENTITY_EDGES,
    ENTITY_EXPORTS,
    ENTITY_NODES,
    entity_edges,
    entity_nodes,
)
from linguagraph.graphs.textgraph import TextGraph
from linguagraph.runs.graph_files import records, replaced_outputs, slug, table_writer
from linguagraph.runs.graph_options import each_known
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.qa_items import QaSource

__all__ = ["QA_FORMATS", "MadeEntityGraphs", "write_entity_graphs"]

QA_FORMATS = (*ENTITY_EXPORTS, "parquet")
"""Formats that entity graphs are exported in."""

EDGES, NODES, RELATIONS_CSV, SUMMARY = (
    "edges.parquet",
    "nodes.parquet",
    "relations.csv",
    "summary.json",
)
_OUTPUTS = (*ENTITY_EXPORTS, EDGES, NODES, RELATIONS_CSV, SUMMARY)
_WHAT = "entity graphs of questions"


@dataclass(frozen=True, eq=False)
class MadeEntityGraphs:
    """What was made.

    Attributes:
        relations: ``relation``, ``edges`` (directed, two for each pair), their ``share`` of all
            edges (missing where there is none), and ``items`` with such an edge.
        summary: the same, counts and options, JSON-able.
    """

    relations: pd.DataFrame
    summary: dict[str, Any]


def write_entity_graphs(
    source: QaSource,
    out: str | Path,
    *,
    exports: tuple[str, ...] = (),
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> MadeEntityGraphs:
    """Build the entity graph of every question, write it in the formats asked for, and sum up.

    Into ``out`` go ``relations.csv`` and ``summary.json``; for the formats ``graphml``, ``json``
    and ``pyg`` a folder each with a file or two per question, ``NUMBER-ID``; for ``parquet``
    ``edges.parquet`` and ``nodes.parquet``. All of it appears at the end, in the place of what an
    earlier call left there; on an error everything stays as it was.

    Args:
        source: the questions.
        out: directory.
        exports: names in :data:`QA_FORMATS`.
        progress, warn: for people who wait.

    Raises:
        ConfigError: an unknown format, or files in ``out`` that would be replaced and are no
            entity graphs.
        DocumentError: the questions cannot be read.
        ParserError: supports are to be parsed, and there is no parser.
    """
    each_known("export", exports, QA_FORMATS)
    out = Path(out)
    if _earlier(out):
        warn(f"{out} is made anew: its earlier graphs are replaced")
    counts = _Counts()
    with replaced_outputs(out, _OUTPUTS) as folder:
        with ExitStack() as stack:
            tables = None
            if "parquet" in exports:
                tables = (
                    stack.enter_context(table_writer(folder / EDGES, ENTITY_EDGES)),
                    stack.enter_context(table_writer(folder / NODES, ENTITY_NODES)),
                )
            for number, found in enumerate(source.items(progress=progress, warn=warn)):
                graph = entity_graph(found.mentions)
                stem = f"{number:05d}-{slug(found.item.id, 'item')}"
                for name in exports:
                    if name in ENTITY_EXPORTS:
                        ENTITY_EXPORTS[name](found, graph, folder / name / stem)
                if tables is not None:
                    edges, nodes = tables
                    edges(entity_edges(found, graph, number=number))
                    nodes(entity_nodes(found, number=number))
                counts.add(found, graph)
        relations = counts.relations()
        summary = {
            "what": _WHAT,
            **counts.facts(),
            "relations": records(relations),
            "left_out": dict(source.dropped),
            "options": _options(source, exports),
        }
        write_text(folder / RELATIONS_CSV, relations.to_csv(index=False))
        write_json(folder / SUMMARY, summary)
    return MadeEntityGraphs(relations, summary)


class _Counts:
    """Sums over questions."""

    def __init__(self) -> None:
        self._items = self._nodes = self._empty = 0
        self._edges: Counter[str] = Counter()
        self._with: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()

    def add(self, found: ItemMentions, graph: TextGraph) -> None:
        """Count one more."""
        self._items += 1
        self._nodes += graph.num_nodes
        self._empty += not graph.num_nodes
        self._edges.update(graph.labels)
        self._with.update(set(graph.labels))
        self._roles.update(mention.role for mention in found.mentions)

    def relations(self) -> pd.DataFrame:
        """See :class:`MadeEntityGraphs`."""
        edges = [self._edges[name] for name in RELATIONS]
        total = sum(edges)
        share = [number / total if total else float("nan") for number in edges]
        items = [self._with[name] for name in RELATIONS]
        return pd.DataFrame(
            {"relation": list(RELATIONS), "edges": edges, "share": share, "items": items}
        )

    def facts(self) -> dict[str, Any]:
        """Numbers of items, mentions and edges."""
        return {
            "items": self._items,
            "items_without_mentions": self._empty,
            "mentions": self._nodes,
            "edges": self._edges.total(),
            "roles": {role: self._roles[role] for role in ROLES},
        }


def _options(source: QaSource, exports: tuple[str, ...]) -> dict[str, Any]:
    reading = source.reading
    return {
        "questions": source.path.name,
        "coreference": reading.coreference,
        "limit": reading.limit,
        "skip_bad": reading.skip_bad,
        "mentions": source.mentions.to_json(),
        "exports": list(exports),
    }


def _earlier(out: Path) -> bool:
    """Whether entity graphs are there already.

    Raises:
        ConfigError: something else is, under a name that they would take.
    """
    there = [name for name in _OUTPUTS if (out / name).exists()]
    if not there:
        return False
    try:
        summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        summary = None
    if not isinstance(summary, dict) or summary.get("what") != _WHAT:
        raise ConfigError(
            f"{out} holds {', '.join(there)}, which would be replaced and are no {_WHAT}; choose "
            "another directory"
        )
    return True
