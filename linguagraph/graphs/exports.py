"""A graph and what its nodes carry -> GraphML, node-link JSON, and tensors with their names.

The functions here are for documents, whose nodes are tokens; :class:`Carried` serves any other
graph, see :mod:`linguagraph.graphs.entity_exports`. Text is hostile: what XML cannot hold is
written as its code point, and nothing is ever pickled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.files import replaced, write_bytes, write_text
from linguagraph.graphs.document_tables import places
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "EXPORTS",
    "Carried",
    "read_pyg",
    "to_labelled_networkx",
    "write_graphml",
    "write_node_link",
    "write_pyg",
    "xml_text",
]

_NAMES = ("document", "num_nodes", "kinds", "labels", "directions", "forms")
_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Carried:
    """What a graph and its nodes carry in an export.

    Attributes:
        graph: name and value, for the graph as a whole.
        nodes: name and N values, in the order of the nodes.

    Raises:
        ConfigError: columns of different lengths.
    """

    graph: Mapping[str, str]
    nodes: Mapping[str, Sequence[str | int]]

    def __post_init__(self) -> None:
        sizes = {name: len(values) for name, values in self.nodes.items()}
        if len(set(sizes.values())) > 1:
            raise ConfigError(f"values of nodes: {sizes}; expected as many of each")

    def networkx(self, graph: TextGraph) -> nx.MultiDiGraph:
        """``graph.to_networkx()`` with all of this."""
        found = graph.to_networkx()
        found.graph.update(self.graph)
        for node, row in enumerate(zip(*self.nodes.values(), strict=True)):
            found.nodes[node].update(zip(self.nodes, row, strict=True))
        return found

    def graphml(self, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
        """Write ``STEM.graphml``, see :func:`write_graphml`."""
        import networkx as nx

        found = self.networkx(graph)
        _clean(found.graph)
        for _, values in found.nodes(data=True):
            _clean(values)
        for _, _, values in found.edges(data=True):
            _clean(values)
        path = _named(stem, ".graphml")
        with replaced(path) as temporary:
            nx.write_graphml_xml(found, temporary, prettyprint=True)
        return (path,)

    def node_link(self, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
        """Write ``STEM.json``, see :func:`write_node_link`."""
        found = self.networkx(graph)
        value = {
            "directed": True,
            "multigraph": True,
            "graph": dict(found.graph),
            "nodes": [{**values, "id": node} for node, values in found.nodes(data=True)],
            "edges": [
                {**values, "source": source, "target": target, "key": key}
                for source, target, key, values in found.edges(keys=True, data=True)
            ],
        }
        return (write_text(_named(stem, ".json"), json.dumps(value, allow_nan=False) + "\n"),)

    def pyg(
        self,
        graph: TextGraph,
        stem: str | Path,
        *,
        tensors: Sequence[str],
        lists: Mapping[str, str],
    ) -> tuple[Path, ...]:
        """Write ``STEM.safetensors`` and ``STEM.json``, see :func:`write_pyg`.

        Args:
            graph: whose edges are written.
            stem: of the files.
            tensors: names of integer values of nodes; the tensor is called ``node_NAME``.
            lists: names of other values of nodes, and what their lists are called in the JSON file.
        """
        from safetensors.numpy import save

        kinds, edge_kind = _numbered(graph.edge_kinds)
        labels, edge_label = _numbered(graph.labels)
        direction = np.array([DIRECTIONS.index(d) for d in graph.directions], dtype=np.int64)
        found: dict[str, NDArray[Any]] = {
            "edge_index": np.ascontiguousarray(graph.edge_index, dtype=np.int64),
            "edge_kind": edge_kind,
            "edge_label": edge_label,
            "edge_direction": direction,
        }
        found |= {f"node_{name}": np.array(self.nodes[name], dtype=np.int64) for name in tensors}
        if graph.weights:
            found["edge_weight"] = np.array(graph.weights, dtype=np.float32)
        names = {
            **self.graph,
            "num_nodes": graph.num_nodes,
            "kinds": kinds,
            "labels": labels,
            "directions": list(DIRECTIONS),
            **{name: list(self.nodes[column]) for column, name in lists.items()},
        }
        text = json.dumps(names, indent=1) + "\n"
        return (
            write_bytes(_named(stem, ".safetensors"), save(found)),
            write_text(_named(stem, ".json"), text),
        )


def to_labelled_networkx(document: Document, graph: TextGraph) -> nx.MultiDiGraph:
    """``graph.to_networkx()`` with ``form``, ``lemma``, ``upos``, ``sentence``, ``token`` of nodes.

    What is not known is an empty string. The graph itself carries ``document`` and ``kind``.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    return _carried(document, graph).networkx(graph)


def write_graphml(document: Document, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
    """Write ``STEM.graphml``; characters that XML 1.0 cannot hold become ``[U+0000]`` and so on.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    return _carried(document, graph).graphml(graph, stem)


def write_node_link(document: Document, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
    """Write ``STEM.json``, which ``networkx.node_link_graph(..., edges="edges")`` reads.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    return _carried(document, graph).node_link(graph, stem)


def write_pyg(document: Document, graph: TextGraph, stem: str | Path) -> tuple[Path, ...]:
    """Write ``STEM.safetensors`` and, with what its numbers stand for, ``STEM.json``.

    Tensors: ``edge_index`` int64 [2, E]; ``edge_kind``, ``edge_label`` and ``edge_direction``
    int64 [E], positions in the lists ``kinds``, ``labels`` and ``directions`` of the JSON file;
    ``edge_weight`` float32 [E], if there are weights; ``node_sentence`` and ``node_token`` int64
    [N]. The JSON file also has ``document``, ``num_nodes`` and ``forms``.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens.
    """
    carried = _carried(document, graph)
    return carried.pyg(graph, stem, tensors=("sentence", "token"), lists={"form": "forms"})


def read_pyg(stem: str | Path, *, names: Sequence[str] = _NAMES) -> Any:
    """Read what :func:`write_pyg` wrote as ``torch_geometric.data.Data``, names and all.

    Args:
        stem: of the two files.
        names: what is taken from the JSON file; all of it must be there.

    Raises:
        ConfigError: torch_geometric is not installed.
        DocumentError: a file is missing or damaged.
    """
    try:
        from torch_geometric.data import Data
    except ImportError as error:
        raise ConfigError(
            "torch_geometric is not installed; pip install 'linguagraph[pyg]'"
        ) from error
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = _named(stem, ".safetensors")
    try:
        tensors = load_file(path)
        given = json.loads(_named(stem, ".json").read_text(encoding="utf-8"))
        return Data(**tensors, **{key: given[key] for key in names})
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DocumentError(f"not a graph saved with its names ({error})", path=path) from error


Export = Callable[[Document, TextGraph, str | Path], tuple[Path, ...]]

EXPORTS: dict[str, Export] = {
    "graphml": write_graphml,
    "json": write_node_link,
    "pyg": write_pyg,
}
"""Formats with a file or two per document: ``EXPORTS[name](document, graph, stem)``."""


def _carried(document: Document, graph: TextGraph) -> Carried:
    sentence, token = places(document, graph)
    tokens = [token for part in document.sentences for token in part.tokens]
    columns: dict[str, Sequence[str | int]] = {
        "form": [token.form for token in tokens],
        "lemma": [token.lemma or "" for token in tokens],
        "upos": [token.upos or "" for token in tokens],
        "sentence": sentence.tolist(),
        "token": token.tolist(),
    }
    return Carried({"document": document.id}, columns)


def _numbered(values: tuple[str, ...]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct values in alphabetical order, and the position of each value among them."""
    names = sorted(set(values))
    numbers = {name: number for number, name in enumerate(names)}
    return names, np.array([numbers[value] for value in values], dtype=np.int64)


def _named(stem: str | Path, suffix: str) -> Path:
    return Path(f"{stem}{suffix}")


def xml_text(value: str) -> str:
    """``value`` with the characters that XML 1.0 cannot hold spelled out: ``[U+0000]``."""
    return _NOT_XML.sub(lambda match: f"[U+{ord(match[0]):04X}]", value)


def _clean(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = xml_text(value)
