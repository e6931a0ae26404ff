"""Aggregates over graphs without language: needed edges, and graphs chosen to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from linguagraph.aggregates import Items, Resampling, compile_items
from linguagraph.aggregates.graph_selection import part_of_graph, select_graphs
from linguagraph.aggregates.needed_edges import needed_edges
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, graph_edge_rows

QUICK = Resampling(resamples=50, min_sentences=1)


def items(retained: list[Any], needed: list[Any] | None, graph: list[int]) -> Items:
    """Items of stars with one edge set; retained: [seeds][layers][edges]."""
    kept = np.array(retained, dtype=bool)
    size = len(graph)
    edges = GraphEdges(
        first=0,
        graph=np.array(graph),
        source=np.arange(size) + 1,
        target=np.zeros(size, dtype=np.int64),
        labels=["edge"] * size,
        sets=(("edges", size),),
        present=np.ones(kept.shape[1:], dtype=bool),
        needed=None if needed is None else np.array(needed, dtype=bool),
    )
    arrays = MaskArrays(tuple(range(len(kept))), kept.astype(np.float32), kept, None)
    return compile_items(graph_edge_rows(edges, arrays, Names("toy", "gat", "graphmask")))


def test_precision_and_recall_by_layer_and_seed() -> None:
    # layer 0 needs edges 0, 1, 3; seed 0 retains 0, 1, 2 (2 of 3 right), seed 1 just 0
    # layer 1 needs edge 2; seed 0 retains none, seed 1 retains 2
    found = needed_edges(
        items(
            [[[1, 1, 1, 0], [0, 0, 0, 0]], [[1, 0, 0, 0], [0, 0, 1, 0]]],
            [[1, 1, 0, 1], [0, 0, 1, 0]],
            [0, 0, 1, 1],
        ),
        resampling=QUICK,
    ).set_index(["layer", "seed"])
    row = found.loc[("0", "0")]
    assert (row["needed"], row["retained"], row["correct"]) == (3, 3, 2)
    assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    row = found.loc[("0", "1")]
    assert (row["precision"], row["recall"], row["f1"]) == pytest.approx((1, 1 / 3, 1 / 2))
    assert found.loc[("0", "mean"), "f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.loc[("0", "mean"), "f1_sd"] == pytest.approx((2 / 3 - 1 / 2) / 2**0.5)
    assert np.isnan(found.loc[("1", "0"), "precision"])
    assert found.loc[("1", "0"), "recall"] == 0
    assert found.loc[("1", "1"), "f1"] == 1
    whole = found.loc[("all", "1")]
    assert (whole["needed"], whole["retained"], whole["correct"]) == (4, 2, 2)
    known = found.dropna(subset=["f1"])
    assert (known["f1_low"] <= known["f1"] + 1e-12).all()
    assert (known["f1"] <= known["f1_high"] + 1e-12).all()


def test_where_nothing_is_known_there_is_no_table() -> None:
    assert needed_edges(items([[[1, 0]]], None, [0, 0]), resampling=QUICK).empty


def test_graphs_are_chosen_by_rule_and_none_twice() -> None:
    graph = [0, 0, 1, 1, 2, 2, 3, 3]
    kept = [[[1, 0, 1, 1, 1, 0, 0, 0]], [[1, 0, 1, 1, 0, 1, 0, 0]]]
    chosen = select_graphs(items(kept, None, graph))
    assert [(c.rule, c.graph) for c in chosen] == [
        ("typical", 0),
        ("densest", 1),
        ("disagreement", 2),
    ]
    assert "50.0% of its edges retained" in chosen[0].reason
    assert "two seeds disagree about 100.0% of its edges" in chosen[2].reason


def test_without_disagreement_nothing_is_chosen_for_it_and_large_graphs_come_last() -> None:
    graph = [0, 0, 0, 1, 1]
    kept = [[[1, 1, 1, 1, 0]]]
    assert [c.graph for c in select_graphs(items(kept, None, graph), max_edges=2)] == [1]
    assert [c.graph for c in select_graphs(items(kept, None, graph), max_edges=1)] == [0, 1]


def test_of_a_large_graph_the_part_around_the_busiest_node_is_drawn() -> None:
    # a chain 5 -> 4 -> 3 -> 2 -> 1 -> 0, of which 3 -> 2 and 2 -> 1 are retained, twice into 1
    rows = [(k + 1, k, 1.0 if k in (1, 2) else 0.0, 0) for k in range(5)]
    rows.append((2, 1, 1.0, 1))
    edges = pd.DataFrame(rows, columns=["source", "target", "retained_share", "layer"])
    assert len(part_of_graph(edges, max_nodes=6)) == 6
    part = part_of_graph(edges, max_nodes=3)
    assert sorted({*part["source"], *part["target"]}) == [1, 2, 3]
    part = part_of_graph(edges, max_nodes=4)  # then any edge
    assert sorted({*part["source"], *part["target"]}) == [1, 2, 3, 4]
