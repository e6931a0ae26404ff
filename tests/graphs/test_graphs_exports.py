"""Every format is read again and holds what the graph holds; hostile text does no harm."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError, DocumentError
from linguagraph.graphs import TextGraph
from linguagraph.graphs.document_tables import (
    DOCUMENT_EDGES,
    DOCUMENT_NODES,
    count_components,
    document_edges,
    document_nodes,
)
from linguagraph.graphs.exports import EXPORTS, read_pyg, write_graphml, write_node_link, write_pyg
from linguagraph.graphs.merging import document_graph

HOSTILE = "a\x00\x1b<script>&\"'\ufffe\r\n\U0001f600\ud800"


def document(form: str = "She") -> Document:
    first = Sentence(
        (
            Token(0, "Ada", "Ada", "PROPN", head=1, deprel="nsubj"),
            Token(1, "left", "leave", "VERB", head=-1, deprel="root"),
        )
    )
    second = Sentence(
        (
            Token(0, form, None, "PRON", head=1, deprel="nsubj"),
            Token(1, "slept", "sleep", "VERB", head=-1, deprel="root"),
            Token(2, "!", "!", "PUNCT"),
        )
    )
    ada = Chain("e", (Mention(0, (0,), 0), Mention(1, (0,), 0)))
    return Document("d <1>", (first, second), chains=(ada,))


def weighted() -> TextGraph:
    graph = document_graph(document())
    weights = tuple(float(edge) for edge in range(graph.num_edges))
    fields = {k: getattr(graph, k) for k in ("labels", "directions", "kind", "kinds")}
    return TextGraph(graph.num_nodes, graph.edge_index, **fields, weights=weights)


def checked(found: nx.MultiDiGraph, graph: TextGraph) -> None:
    """Nodes with their words, and every edge under its id."""
    assert list(found.nodes) == list(range(5))
    assert found.nodes[2] == {"form": "She", "lemma": "", "upos": "PRON", "sentence": 1, "token": 0}
    assert found.graph["document"] == "d <1>"
    assert found.number_of_edges() == graph.num_edges
    for edge, (source, target) in enumerate(graph.edge_index.T.tolist()):
        assert found.edges[source, target, edge] == {
            "label": graph.labels[edge],
            "direction": graph.directions[edge],
            "kind": graph.kinds[edge],
            "weight": graph.weights[edge],
        }


def test_graphml_is_read_again(tmp_path: Path) -> None:
    (path,) = write_graphml(document(), weighted(), tmp_path / "sub" / "one.v1")
    assert path.name == "one.v1.graphml"
    found = nx.read_graphml(path, node_type=int, edge_key_type=int, force_multigraph=True)
    checked(found, weighted())


def test_node_link_json_is_read_again(tmp_path: Path) -> None:
    (path,) = write_node_link(document(), weighted(), tmp_path / "one")
    value = json.loads(path.read_text(encoding="utf-8"))
    found = nx.MultiDiGraph(**value["graph"])
    found.add_nodes_from((n.pop("id"), n) for n in value["nodes"])
    ends = ("source", "target", "key")
    found.add_edges_from((*(e.pop(k) for k in ends), e) for e in value["edges"])
    checked(found, weighted())
    assert (value["directed"], value["multigraph"]) == (True, True)


def test_pyg_tensors_come_with_their_names_and_without_pickle(tmp_path: Path) -> None:
    pytest.importorskip("torch_geometric")
    graph = weighted()
    paths = write_pyg(document(), graph, tmp_path / "one")
    assert [path.name for path in paths] == ["one.safetensors", "one.json"]
    data = read_pyg(tmp_path / "one")
    assert data.edge_index.tolist() == graph.edge_index.tolist()
    assert [data.kinds[i] for i in data.edge_kind] == list(graph.kinds)
    assert [data.labels[i] for i in data.edge_label] == list(graph.labels)
    assert [data.directions[i] for i in data.edge_direction] == list(graph.directions)
    assert data.edge_weight.tolist() == list(graph.weights)
    assert data.node_sentence.tolist() == [0, 0, 1, 1, 1]
    assert data.node_token.tolist() == [0, 1, 0, 1, 2]
    assert (data.num_nodes, data.forms[0]) == (5, "Ada")
    paths[0].write_bytes(b"\x80\x04.")
    with pytest.raises(DocumentError, match="not a graph saved with its names"):
        read_pyg(tmp_path / "one")
    with pytest.raises(DocumentError, match=r"two\.safetensors"):
        read_pyg(tmp_path / "two")


@pytest.mark.parametrize("name", EXPORTS)
def test_hostile_text_can_be_written_and_read(name: str, tmp_path: Path) -> None:
    words = document(HOSTILE)
    (*_, path) = EXPORTS[name](words, document_graph(words), tmp_path / "h")
    text = path.read_text(encoding="utf-8")
    if name == "graphml":
        forms = [e.text for e in ElementTree.fromstring(text).iter() if e.text]
        assert "a[U+0000][U+001B]<script>&\"'[U+FFFE][U+000D]\n\U0001f600[U+D800]" in forms
    else:
        value = json.loads(text)
        forms = value["forms"] if name == "pyg" else [n["form"] for n in value["nodes"]]
        assert forms[2] == HOSTILE


@pytest.mark.parametrize("name", EXPORTS)
def test_empty_documents_and_wrong_graphs(name: str, tmp_path: Path) -> None:
    empty = Document("empty")
    graph = document_graph(empty)
    assert all(path.is_file() for path in EXPORTS[name](empty, graph, tmp_path / "e"))
    with pytest.raises(ConfigError, match="'empty' has 0 tokens, its graph 5 nodes"):
        EXPORTS[name](empty, weighted(), tmp_path / "w")


def test_tables_hold_every_edge_and_token(tmp_path: Path) -> None:
    edges = document_edges(document(), weighted(), number=3)
    last = edges.iloc[-2].to_dict()
    assert last == {
        "number": 3,
        "document": "d <1>",
        "edge": 4,
        "source": 0,
        "target": 2,
        "source_sentence": 0,
        "source_token": 0,
        "target_sentence": 1,
        "target_token": 0,
        "token_distance": 2,
        "kind": "coreference",
        "label": "coref:pronoun",
        "direction": "->",
        "weight": 4.0,
    }
    nodes = document_nodes(document(), number=3)
    assert nodes["form"].tolist() == ["Ada", "left", "She", "slept", "!"]
    assert nodes["token"].tolist() == [0, 1, 0, 1, 2]
    assert nodes["lemma"].isna().tolist() == [False, False, True, False, False]
    plain = document_edges(document(), document_graph(document()), number=4)
    assert plain["weight"].isna().all()
    write_table([edges, plain], tmp_path / "edges.parquet", DOCUMENT_EDGES)
    assert len(read_table(tmp_path / "edges.parquet", DOCUMENT_EDGES)) == 12
    empty = Document("empty")
    write_table([nodes, document_nodes(empty)], tmp_path / "nodes.parquet", DOCUMENT_NODES)
    assert pq.read_metadata(tmp_path / "nodes.parquet").num_rows == 5
    assert document_edges(empty, document_graph(empty)).empty


def test_components_count_tokens_without_edges() -> None:
    graph = weighted()
    assert count_components(graph) == 2  # four tokens joined by the chain, and the mark
    assert count_components(graph, "dependency") == 3
    assert count_components(graph, "coreference") == 4
    assert count_components(graph, "cooccurrence") == 5
    assert count_components(TextGraph(0, np.zeros((2, 0), dtype=np.int64), (), ())) == 0
