"""Graphs, one after another -> one GraphML or JSON file; one graph is in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from linguagraph.files import replaced
from linguagraph.graphs.exports import xml_text

__all__ = ["GraphPart", "write_graphml_stream", "write_json_stream"]

Value = str | int | float
_TYPES = {str: "string", int: "long", float: "double"}


@dataclass(frozen=True)
class GraphPart:
    """One of many graphs, such as a sentence's; names of nodes are unique in the file.

    Attributes:
        about: what the graph as a whole carries.
        nodes: name and values of each node.
        edges: source, target and values of each directed edge; ends may lie in other parts.
    """

    about: Mapping[str, Value]
    nodes: tuple[tuple[str, Mapping[str, Value]], ...]
    edges: tuple[tuple[str, str, Mapping[str, Value]], ...]


def write_graphml_stream(
    parts: Iterable[GraphPart],
    path: str | Path,
    *,
    about: Mapping[str, Value],
    nodes: Mapping[str, type],
    edges: Mapping[str, type],
) -> None:
    """Write all parts as one directed graph of GraphML, all or nothing.

    Args:
        parts: the graphs.
        path: the file.
        about: what the whole carries.
        nodes, edges: names and types (str, int or float) of the values that they may have.
    """
    kinds = {
        "graph": {name: type(value) for name, value in about.items()},
        "node": nodes,
        "edge": edges,
    }
    with replaced(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as out:
        xml = XMLGenerator(out, "utf-8", short_empty_elements=True)
        xml.startDocument()
        _start(xml, "graphml", {"xmlns": "http://graphml.graphdrawing.org/xmlns"})
        for domain, known in kinds.items():
            for name, kind in known.items():
                key = {"id": f"{domain}.{name}", "for": domain}
                _start(xml, "key", key | {"attr.name": name, "attr.type": _TYPES[kind]})
                xml.endElement("key")
        _start(xml, "graph", {"edgedefault": "directed"})
        _data(xml, "graph", about)
        for part in parts:
            for name, values in part.nodes:
                _start(xml, "node", {"id": xml_text(name)})
                _data(xml, "node", values)
                xml.endElement("node")
                out.write("\n")
            for source, target, values in part.edges:
                _start(xml, "edge", {"source": xml_text(source), "target": xml_text(target)})
                _data(xml, "edge", values)
                xml.endElement("edge")
                out.write("\n")
        xml.endElement("graph")
        xml.endElement("graphml")
        xml.endDocument()


def write_json_stream(
    parts: Iterable[GraphPart], path: str | Path, *, about: Mapping[str, Any]
) -> None:
    """Write ``{..., "graphs": [...]}``, all or nothing.

    ``networkx.node_link_graph(graph, edges="edges")`` reads each graph.
    """
    with replaced(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as out:
        head = json.dumps(dict(about), ensure_ascii=False, allow_nan=False)
        out.write(head[:-1] + (", " if about else "") + '"graphs": [')
        for number, part in enumerate(parts):
            value = {
                "directed": True,
                "multigraph": True,
                "graph": dict(part.about),
                "nodes": [{"id": name, **values} for name, values in part.nodes],
                "edges": [
                    {"source": source, "target": target, "key": key, **values}
                    for key, (source, target, values) in enumerate(part.edges)
                ],
            }
            out.write(",\n" if number else "\n")
            out.write(json.dumps(value, ensure_ascii=True, allow_nan=False))
        out.write("\n]}\n")


def _data(xml: XMLGenerator, domain: str, values: Mapping[str, Value]) -> None:
    for name, value in values.items():
        _start(xml, "data", {"key": f"{domain}.{name}"})
        xml.characters(xml_text(str(value)))
        xml.endElement("data")


def _start(xml: XMLGenerator, name: str, attributes: Mapping[str, str]) -> None:
    xml.startElement(name, AttributesImpl(dict(attributes)))
