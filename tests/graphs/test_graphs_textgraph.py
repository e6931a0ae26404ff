"""The graph value: its checks, equality and exports."""

from __future__ import annotations

import numpy as np
import pytest

from linguagraph.errors import ConfigError
from linguagraph.graphs import TextGraph


def make(**changes: object) -> TextGraph:
    values: dict[str, object] = {
        "num_nodes": 3,
        "edge_index": np.array([[0, 1, 0, 1], [1, 0, 1, 2]]),
        "labels": ("a", "a", "b", "c"),
        "directions": ("->", "<-", "->", "->"),
    }
    return TextGraph(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edge_index": np.zeros((4, 2), dtype=np.int64)}, r"shape \(4, 2\); expected \(2, edges"),
        ({"labels": ("a",)}, "4 edges, 1 labels and 4 directions"),
        ({"directions": ("->",)}, "4 edges, 4 labels and 1 directions"),
        ({"num_nodes": 2}, "leaves the graph of 2 nodes"),
        ({"edge_index": np.array([[0, 1, 0, -1], [1, 0, 1, 2]])}, "leaves the graph"),
        ({"directions": ("->", "<-", "up", "->")}, r"\['up'\]; expected \['->', '<-'\]"),
    ],
)
def test_impossible_graphs_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**changes)


def test_graphs_are_equal_by_value() -> None:
    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != make(labels=("a", "a", "b", "d"))
    assert make() != make(edge_index=np.array([[0, 1, 0, 1], [1, 0, 2, 2]]))
    assert make() != "graph"


def test_networkx_keeps_parallel_edges_under_their_ids() -> None:
    graph = make().to_networkx()
    assert sorted(graph.nodes) == [0, 1, 2]
    assert sorted(graph.edges(keys=True)) == [(0, 1, 0), (0, 1, 2), (1, 0, 1), (1, 2, 3)]
    assert graph.edges[0, 1, 2] == {"label": "b", "direction": "->", "kind": "dependency"}
    assert graph.graph["kind"] == "dependency"


def test_kinds_and_weights_are_exported_with_the_edges() -> None:
    kinds = ("dependency", "dependency", "coreference", "cooccurrence")
    graph = make(kind="merged", kinds=kinds, weights=(1.0, 1.0, 1.0, 2.5))
    edges = graph.to_networkx().edges
    assert edges[1, 2, 3] == {
        "label": "c",
        "direction": "->",
        "kind": "cooccurrence",
        "weight": 2.5,
    }
    pytest.importorskip("torch_geometric")
    data = graph.to_pyg()
    assert data.edge_kind == list(kinds)
    assert data.edge_weight.tolist() == [1.0, 1.0, 1.0, 2.5]
    assert "edge_weight" not in make().to_pyg()


def test_pyg_data_carries_ids_labels_and_directions_and_shares_no_memory() -> None:
    pytest.importorskip("torch_geometric")
    graph = make()
    data = graph.to_pyg()
    assert data.num_nodes == 3
    assert data.edge_index.tolist() == graph.edge_index.tolist()
    assert data.edge_id.tolist() == [0, 1, 2, 3]
    assert data.edge_label == ["a", "a", "b", "c"]
    assert data.edge_direction == ["->", "<-", "->", "->"]
    data.edge_index[0, 0] = 2
    assert graph.edge_index[0, 0] == 0


def test_a_graph_without_edges_exports() -> None:
    pytest.importorskip("torch_geometric")
    empty = make(edge_index=np.zeros((2, 0), dtype=np.int64), labels=(), directions=())
    assert empty.to_networkx().number_of_edges() == 0
    assert tuple(empty.to_pyg().edge_index.shape) == (2, 0)
