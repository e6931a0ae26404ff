"""Entity graphs in every format: read again, with what their mentions carry; hostile text."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import pyarrow.parquet as pq
import pytest

from linguagraph.documents.item_mentions import ItemMentions, find_item_mentions
from linguagraph.documents.wikihop import WikihopItem
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.graphs import TextGraph
from linguagraph.graphs.entity import entity_graph
from linguagraph.graphs.entity_exports import (
    ENTITY_EDGES,
    ENTITY_EXPORTS,
    ENTITY_NODES,
    entity_edges,
    entity_nodes,
    read_entity_pyg,
    to_entity_networkx,
    write_entity_graphml,
    write_entity_node_link,
    write_entity_pyg,
)
from linguagraph.graphs.exports import Carried

HOSTILE = "Brine\x00\x1b<i>&\"'\ufffe\r\n\U0001f600\ud800 Hall"


def item(candidate: str = "Brine Hall") -> ItemMentions:
    """Five mentions: the subject twice, the first candidate twice, and "it"."""
    supports = (
        "The Wickmoor Choir sings in BRINE HALL.",
        f"{candidate} is old; it leaks. Wickmoor Choir left.",
    )
    asked = WikihopItem("q <1>", "venue wickmoor choir", (candidate, "x"), supports, None)

    def chains(text: str) -> tuple[tuple[tuple[int, int], ...], ...]:
        at = text.find("it leaks")
        return () if at < 0 else (((0, len(candidate)), (at, at + 2)),)

    return find_item_mentions(asked, chains=chains)


def checked(found: nx.MultiDiGraph, graph: TextGraph) -> None:
    """Nodes with their mentions, and every edge under its id."""
    assert found.nodes[1] == {
        "text": "BRINE HALL",
        "support": 0,
        "start": 5,
        "end": 7,
        "role": "candidate",
        "candidate": "Brine Hall",
        "chain": -1,
        "key": "brine hall",
    }
    assert [found.nodes[n]["text"] for n in found.nodes] == [
        "Wickmoor Choir",
        "BRINE HALL",
        "Brine Hall",
        "it",
        "Wickmoor Choir",
    ]
    assert [found.nodes[n]["candidate"] for n in found.nodes] == ["", *["Brine Hall"] * 3, ""]
    assert [found.nodes[n]["chain"] for n in found.nodes] == [-1, -1, 0, 0, -1]
    assert found.graph == {"item": "q <1>", "query": "venue wickmoor choir", "kind": "entity"}
    assert found.number_of_edges() == graph.num_edges
    for edge, (source, target) in enumerate(graph.edge_index.T.tolist()):
        assert found.edges[source, target, edge] == {
            "label": graph.labels[edge],
            "direction": graph.directions[edge],
            "kind": "entity",
        }


def test_networkx_carries_the_mentions() -> None:
    graph = entity_graph(item().mentions)
    checked(to_entity_networkx(item(), graph), graph)


def test_graphml_is_read_again(tmp_path: Path) -> None:
    graph = entity_graph(item().mentions)
    (path,) = write_entity_graphml(item(), graph, tmp_path / "sub" / "one.v1")
    assert path.name == "one.v1.graphml"
    found = nx.read_graphml(path, node_type=int, edge_key_type=int, force_multigraph=True)
    found.graph = {k: v for k, v in found.graph.items() if k in ("item", "query", "kind")}
    checked(found, graph)


def test_node_link_json_is_read_again(tmp_path: Path) -> None:
    graph = entity_graph(item().mentions)
    (path,) = write_entity_node_link(item(), graph, tmp_path / "one")
    value = json.loads(path.read_text(encoding="utf-8"))
    found = nx.MultiDiGraph(**value["graph"])
    found.add_nodes_from((n.pop("id"), n) for n in value["nodes"])
    ends = ("source", "target", "key")
    found.add_edges_from((*(e.pop(k) for k in ends), e) for e in value["edges"])
    checked(found, graph)


def test_pyg_tensors_come_with_their_names_and_without_pickle(tmp_path: Path) -> None:
    pytest.importorskip("torch_geometric")
    graph = entity_graph(item().mentions)
    paths = write_entity_pyg(item(), graph, tmp_path / "one")
    assert [path.name for path in paths] == ["one.safetensors", "one.json"]
    data = read_entity_pyg(tmp_path / "one")
    assert data.edge_index.tolist() == graph.edge_index.tolist()
    assert [data.labels[i] for i in data.edge_label] == list(graph.labels)
    assert [data.directions[i] for i in data.edge_direction] == list(graph.directions)
    assert data.node_support.tolist() == [0, 0, 1, 1, 1]
    assert data.node_start.tolist()[:2] == [1, 5]
    assert data.node_end.tolist()[:2] == [3, 7]
    assert data.node_chain.tolist() == [-1, -1, 0, 0, -1]
    assert data.texts[:2] == ["Wickmoor Choir", "BRINE HALL"]
    assert data.normal_forms[:2] == ["wickmoor choir", "brine hall"]
    assert data.candidates == ["", *["Brine Hall"] * 3, ""]
    assert data.roles == ["subject", "candidate", "candidate", "coreferent", "subject"]
    assert (data.num_nodes, data.item, data.query) == (5, "q <1>", "venue wickmoor choir")
    paths[0].write_bytes(b"\x80\x04.")
    with pytest.raises(DocumentError, match="not a graph saved with its names"):
        read_entity_pyg(tmp_path / "one")


@pytest.mark.parametrize("name", ENTITY_EXPORTS)
def test_hostile_text_can_be_written_and_read(name: str, tmp_path: Path) -> None:
    found = item(HOSTILE)
    (*_, path) = ENTITY_EXPORTS[name](found, entity_graph(found.mentions), tmp_path / "h")
    text = path.read_text(encoding="utf-8")
    if name == "graphml":
        texts = {e.text for e in ElementTree.fromstring(text).iter() if e.text}
        shown = "Brine[U+0000][U+001B]<i>&\"'[U+FFFE][U+000D]\n\U0001f600[U+D800] Hall"
        assert shown in texts
    else:
        value = json.loads(text)
        texts = value["texts"] if name == "pyg" else [n["text"] for n in value["nodes"]]
        assert HOSTILE in texts


@pytest.mark.parametrize("name", ENTITY_EXPORTS)
def test_items_without_mentions_and_wrong_graphs(name: str, tmp_path: Path) -> None:
    empty = ItemMentions(item().item, item().words, ())
    assert all(p.is_file() for p in ENTITY_EXPORTS[name](empty, entity_graph(()), tmp_path / "e"))
    with pytest.raises(ConfigError, match="item 'q <1>' has 5 mentions, its graph 0 nodes"):
        ENTITY_EXPORTS[name](item(), entity_graph(()), tmp_path / "w")


def test_tables_hold_every_edge_and_mention(tmp_path: Path) -> None:
    found = item()
    graph = entity_graph(found.mentions)
    edges, nodes = entity_edges(found, graph, number=3), entity_nodes(found, number=3)
    assert edges.iloc[0].to_dict() == {
        "number": 3,
        "item": "q <1>",
        "edge": 0,
        "source": 0,
        "target": 4,
        "relation": "MATCH",
        "direction": "->",
    }
    assert len(edges) == graph.num_edges
    assert nodes.iloc[3].to_dict() == {
        "number": 3,
        "item": "q <1>",
        "node": 3,
        "text": "it",
        "support": 1,
        "start": 5,
        "end": 6,
        "role": "coreferent",
        "candidate": "Brine Hall",
        "chain": 0,
        "key": "it",
    }
    nothing = ItemMentions(found.item, found.words, ())
    none = entity_edges(nothing, entity_graph(()))
    write_table([edges, none], tmp_path / "edges.parquet", ENTITY_EDGES)
    assert len(read_table(tmp_path / "edges.parquet", ENTITY_EDGES)) == graph.num_edges
    write_table([nodes, entity_nodes(nothing)], tmp_path / "nodes.parquet", ENTITY_NODES)
    assert pq.read_metadata(tmp_path / "nodes.parquet").num_rows == 5
    with pytest.raises(ConfigError, match="its graph 5 nodes"):
        entity_edges(nothing, graph)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="'one': 1, 'two': 2"):
        Carried({}, {"one": [1], "two": [1, 2]})
