"""Graphs as one table and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from srl_tools import build_sentence, planted_sentences

from linguagraph.columns import GRAPHS
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import TableError
from linguagraph.graphs import TextGraph, dependency_graph, graph_rows, graphs_from_rows


@pytest.fixture
def graphs() -> dict[int, TextGraph]:
    sentences = planted_sentences(4, seed=3)
    found = {7 + s.index: dependency_graph(s) for s in sentences}
    found[2] = dependency_graph(build_sentence([("Stop", "VB", -1, "root")]))
    return found


def test_rows_and_back_gives_equal_graphs_in_order(graphs: dict[int, TextGraph]) -> None:
    rows = graph_rows(graphs)
    assert len(rows) == sum(max(1, g.num_edges) for g in graphs.values())
    assert list(graphs_from_rows(rows).items()) == list(graphs.items())


def test_an_empty_graph_is_one_row_of_minus_ones(graphs: dict[int, TextGraph]) -> None:
    row = graph_rows({2: graphs[2]}).iloc[0]
    assert row.tolist() == [2, 1, -1, -1, -1, "", ""]


def test_a_parquet_file_holds_them(graphs: dict[int, TextGraph], tmp_path: Path) -> None:
    path = tmp_path / "graphs.parquet"
    write_table([graph_rows(graphs)], path, GRAPHS)
    assert graphs_from_rows(read_table(path, GRAPHS)) == graphs


def test_no_graphs_make_an_empty_table() -> None:
    assert graphs_from_rows(graph_rows({})) == {}


def test_rows_in_another_order_keep_their_edge_ids(graphs: dict[int, TextGraph]) -> None:
    rows = graph_rows(graphs).sample(frac=1, random_state=0)
    assert graphs_from_rows(rows) == graphs


@pytest.mark.parametrize("fault", ["lost", "twice"])
def test_a_lost_or_repeated_row_does_not_shift_the_ids(
    graphs: dict[int, TextGraph], fault: str
) -> None:
    rows = graph_rows({7: graphs[7]})
    rows = rows.drop(index=1) if fault == "lost" else rows.iloc[[0, 0, *range(1, len(rows))]]
    with pytest.raises(TableError, match=r"sentence 7: edge ids .* expected 0 to"):
        graphs_from_rows(rows)
