"""A question's entity graph -> GraphML, node-link JSON, tensors with their names, and table rows.

The formats are those of :mod:`linguagraph.graphs.exports`; nodes are mentions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from linguagraph.columns import Column, Table
from linguagraph.documents.item_mentions import ItemMentions
from linguagraph.errors import ConfigError
from linguagraph.graphs.document_tables import constant
from linguagraph.graphs.exports import Carried, read_pyg
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "ENTITY_EDGES",
    "ENTITY_EXPORTS",
    "ENTITY_NODES",
    "entity_edges",
    "entity_nodes",
    "read_entity_pyg",
    "to_entity_networkx",
    "write_entity_graphml",
    "write_entity_node_link",
    "write_entity_pyg",
]

ENTITY_EDGES = Table(
    "entity_edges",
    (
        Column("number", "int", "number of the item in the file, from 0, without those left out"),
        Column("item", "category", "identifier of the item"),
        Column("edge", "int", "edge id within the item's graph, from 0"),
        Column("source", "int", "mention the edge leaves, from 0 in the order of the text"),
        Column("target", "int", "mention the edge enters, from 0 in the order of the text"),
        Column("relation", "category", "MATCH, DOC-BASED, COREF or COMPLEMENT"),
        Column("direction", "category", "-> from the earlier mention to the later one; <- back"),
    ),
)
"""The edges of entity graphs, a row each."""

ENTITY_NODES = Table(
    "entity_nodes",
    (
        Column("number", "int", "number of the item in the file, from 0, without those left out"),
        Column("item", "category", "identifier of the item"),
        Column("node", "int", "number of the mention, from 0 in the order of the text"),
        Column("text", "string", "the mention as written"),
        Column("support", "int", "support that it is in, from 0"),
        Column("start", "int", "first word in the support, from 0"),
        Column("end", "int", "the word after the last"),
        Column("role", "category", "candidate, subject, bridge or coreferent"),
        Column("candidate", "string", "candidate that it mentions; empty for none"),
        Column("chain", "int", "coreference chain in the item; -1 for none"),
        Column("key", "string", "normal form of the text, dates by value"),
    ),
)
"""The mentions of items, a row each."""

_NAMES = ("item", "query", "num_nodes", "kinds", "labels", "directions")
_LISTS = {"text": "texts", "role": "roles", "candidate": "candidates", "key": "normal_forms"}


def to_entity_networkx(found: ItemMentions, graph: TextGraph) -> nx.MultiDiGraph:
    """``graph.to_networkx()`` with what :data:`ENTITY_NODES` says of every mention.

    The graph itself carries ``item`` (the identifier), ``query`` and ``kind``.

    Raises:
        ConfigError: the graph has another number of nodes than the item has mentions.
    """
    return _carried(found, graph).networkx(graph)


def write_entity_graphml(
    found: ItemMentions, graph: TextGraph, stem: str | Path
) -> tuple[Path, ...]:
    """Write ``STEM.graphml``; characters that XML 1.0 cannot hold become ``[U+0000]`` and so on.

    Raises:
        ConfigError: the graph has another number of nodes than the item has mentions.
    """
    return _carried(found, graph).graphml(graph, stem)


def write_entity_node_link(
    found: ItemMentions, graph: TextGraph, stem: str | Path
) -> tuple[Path, ...]:
    """Write ``STEM.json``, which ``networkx.node_link_graph(..., edges="edges")`` reads.

    Raises:
        ConfigError: the graph has another number of nodes than the item has mentions.
    """
    return _carried(found, graph).node_link(graph, stem)


def write_entity_pyg(found: ItemMentions, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
    """Write ``STEM.safetensors`` and, with what its numbers stand for, ``STEM.json``.

    Tensors of edges are as :func:`linguagraph.graphs.exports.write_pyg` has them; ``edge_label`` is
    the relation. ``node_support``, ``node_start``, ``node_end`` and ``node_chain`` are int64 [N].
    The JSON file has ``item``, ``query``, ``num_nodes``, ``kinds``, ``labels``, ``directions`` and,
    with N entries each, ``texts``, ``roles``, ``candidates`` and ``normal_forms`` (the keys).

    Raises:
        ConfigError: the graph has another number of nodes than the item has mentions.
    """
    numbers = ("support", "start", "end", "chain")
    return _carried(found, graph).pyg(graph, stem, tensors=numbers, lists=_LISTS)


def read_entity_pyg(stem: str | Path) -> Any:
    """Read what :func:`write_entity_pyg` wrote as ``torch_geometric.data.Data``, names and all.

    Raises:
        ConfigError: torch_geometric is not installed.
        DocumentError: a file is missing or damaged.
    """
    return read_pyg(stem, names=(*_NAMES, *_LISTS.values()))


EntityExport = Callable[[ItemMentions, TextGraph, str | Path], tuple[Path, ...]]

ENTITY_EXPORTS: dict[str, EntityExport] = {
    "graphml": write_entity_graphml,
    "json": write_entity_node_link,
    "pyg": write_entity_pyg,
}
"""Formats with a file or two per item: ``ENTITY_EXPORTS[name](found, graph, stem)``."""


def entity_edges(found: ItemMentions, graph: TextGraph, *, number: int = 0) -> pd.DataFrame:
    """The edges of an item's graph as :data:`ENTITY_EDGES`; ``number`` names the item.

    Raises:
        ConfigError: the graph has another number of nodes than the item has mentions.
    """
    _check(found, graph)
    source, target = graph.edge_index
    size = graph.num_edges
    return ENTITY_EDGES.check(
        pd.DataFrame(
            {
                "number": np.full(size, number),
                "item": constant(found.item.id, size),
                "edge": np.arange(size),
                "source": source,
                "target": target,
                "relation": pd.Categorical(graph.labels),
                "direction": pd.Categorical(graph.directions, list(DIRECTIONS)),
            }
        )
    )


def entity_nodes(found: ItemMentions, *, number: int = 0) -> pd.DataFrame:
    """The mentions of an item as :data:`ENTITY_NODES`; ``number`` names the item."""
    size = len(found.mentions)
    frame = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in _columns(found).items()})
    frame.insert(0, "number", number)
    frame.insert(1, "item", pd.Series(constant(found.item.id, size)))
    frame.insert(2, "node", np.arange(size))
    return ENTITY_NODES.check(frame)


def _carried(found: ItemMentions, graph: TextGraph) -> Carried:
    _check(found, graph)
    return Carried({"item": found.item.id, "query": found.item.query}, _columns(found))


def _columns(found: ItemMentions) -> dict[str, Sequence[str | int]]:
    mentions, names = found.mentions, found.item.candidates
    return {
        "text": [found.text(m) for m in mentions],
        "support": [m.support for m in mentions],
        "start": [m.start for m in mentions],
        "end": [m.end for m in mentions],
        "role": [m.role for m in mentions],
        "candidate": [names[m.candidate] if m.candidate >= 0 else "" for m in mentions],
        "chain": [m.chain for m in mentions],
        "key": [m.key for m in mentions],
    }


def _check(found: ItemMentions, graph: TextGraph) -> None:
    if graph.num_nodes != len(found.mentions):
        raise ConfigError(
            f"item {found.item.id!r} has {len(found.mentions)} mentions, its graph "
            f"{graph.num_nodes} nodes"
        )
