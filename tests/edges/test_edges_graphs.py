"""Edge and score rows of graphs without language, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linguagraph.aggregates import Resampling, compile_items, faithfulness, labels, retention
from linguagraph.columns import EDGES, SCORES
from linguagraph.edges.build import MaskArrays, Names
from linguagraph.edges.graphs import GraphEdges, Scored, graph_edge_rows, graph_score_rows
from linguagraph.errors import TableError

NAMES = Names("toy", "gat", "graphmask")
QUICK = Resampling(resamples=20)

# Two graphs (numbers 7 and 8) in two sets of edges, so that graphs alternate in the columns:
# set "a": 0 -> 1 and 1 -> 2 of graph 7, 0 -> 1 of graph 8; set "b": 2 -> 0 of graph 7.
EDGES_OF = GraphEdges(
    first=7,
    graph=np.array([0, 0, 1, 0]),
    source=np.array([0, 1, 0, 2]),
    target=np.array([1, 2, 1, 0]),
    labels=("x", "y", "x", "z"),
    sets=(("a", 3), ("b", 1)),
    present=np.array([[True, True, True, False], [True, True, True, True]]),
)
KEPT = np.array(
    [
        [[1, 0, 0, 0], [1, 0, 1, 0]],
        [[1, 0, 0, 0], [0, 0, 1, 1]],
    ],
    dtype=bool,
)
MASKS = MaskArrays((3, 5), KEPT.astype(np.float32) * 0.8 + 0.1, KEPT, None)


def test_one_row_per_seed_layer_and_edge_that_sends_a_message() -> None:
    table = graph_edge_rows(EDGES_OF, MASKS, NAMES)
    assert tuple(table.columns) == EDGES.names
    assert len(table) == 2 * (3 + 4)
    first = table[table["seed"] == 3]
    assert first["layer"].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert first["sentence"].tolist() == [7, 7, 8, 7, 7, 8, 7]
    assert (table["example"] == table["sentence"]).all()
    assert first["edge"].tolist() == [0, 1, 0, 0, 1, 0, 2]  # numbered within each graph
    assert first["source"].tolist() == [0, 1, 0, 0, 1, 0, 2]
    assert first["target"].tolist() == [1, 2, 1, 1, 2, 1, 0]
    assert first["label"].tolist() == ["x", "y", "x", "x", "y", "x", "z"]
    assert first["kind"].tolist() == ["a", "a", "a", "a", "a", "a", "b"]
    assert first["retained"].tolist() == [True, False, False, True, False, True, False]
    second = table[table["seed"] == 5]
    assert second["retained"].tolist() == [True, False, False, False, False, True, True]
    assert second["score"].tolist() == pytest.approx([0.9, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9])


def test_columns_of_language_hold_what_is_documented() -> None:
    row = graph_edge_rows(EDGES_OF, MASKS, NAMES).iloc[0]
    assert (row["corpus"], row["model"], row["method"]) == ("toy", "gat", "graphmask")
    assert (row["document"], row["predicate_lemma"], row["direction"]) == ("", "", "")
    assert (row["predicate_index"], row["predicate_type"]) == (-1, "graph")
    assert (row["token_distance"], row["source_offset"], row["target_offset"]) == (0, 0, 0)
    assert (row["target_kind"], row["needed"]) == ("elsewhere", "")
    assert row[["target_role", "target_gold_role", "soft_gate"]].isna().all()


def test_known_truth_and_own_gates_are_per_layer() -> None:
    needed = np.array([[1, 0, 0, 0], [0, 0, 0, 1]], dtype=bool)
    own = np.array([[0.5, 0.25, 1, np.nan], [np.nan] * 4], dtype=np.float32)
    masks = replace(MASKS, soft_gates=own)
    table = graph_edge_rows(replace(EDGES_OF, needed=needed), masks, NAMES)
    assert table["needed"].tolist() == [*("yes", "no", "no"), *("no", "no", "no", "yes")] * 2
    assert table["soft_gate"].tolist()[:3] == [0.5, 0.25, 1]
    assert table["soft_gate"].isna().sum() == 2 * 4


def test_aggregates_read_the_rows_as_they_are() -> None:
    items = compile_items(graph_edge_rows(EDGES_OF, MASKS, NAMES))
    assert items.sentences.tolist() == [7, 8]
    kept = retention(items, resampling=QUICK).set_index(["layer", "seed"])["share"]
    assert kept["0", "mean"] == pytest.approx(2 / 6)
    assert kept["1", "3"] == pytest.approx(2 / 4)
    table = labels(items, resampling=QUICK)
    shares = table[table["predicate_type"] == "all"].set_index("label")["share"]
    assert shares.to_dict() == pytest.approx({"x": 5 / 8, "y": 0.0, "z": 1 / 2})


def test_without_edges_there_are_no_rows() -> None:
    none = GraphEdges(0, *(np.zeros(0, dtype=np.int64),) * 3, (), (("edges", 0),), NO_EDGES)
    arrays = MaskArrays((0,), np.zeros((1, 2, 0), dtype=np.float32), NO_EDGES[None], None)
    assert graph_edge_rows(none, arrays, NAMES).empty


NO_EDGES = np.zeros((2, 0), dtype=bool)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(TableError, match="lengths differ"):
        replace(EDGES_OF, labels=("x",))
    with pytest.raises(TableError, match="needed has shape"):
        replace(EDGES_OF, needed=np.zeros((1, 4), dtype=bool))
    with pytest.raises(TableError, match="1 layers and 4 edges; the graphs have 2 and 4"):
        graph_edge_rows(EDGES_OF, MaskArrays((0,), *(KEPT[:1, :1],) * 2, None), NAMES)


def test_scores_are_answers_per_graph() -> None:
    two = (np.array([2, 0]), np.array([2, 1]), np.array([4, 1]), np.array([6, 2]))
    scored = [Scored("original", -1, *two), Scored("retained_100", 3, np.array([1, 0]), *two[1:])]
    table = graph_score_rows(scored, first=7, model="gat", method="graphmask")
    assert tuple(table.columns) == SCORES.names
    assert table["sentence"].tolist() == [7, 8, 7, 8]
    assert table["gold"].tolist() == table["predicted"].tolist() == [2, 1, 2, 1]
    shares = faithfulness(table, resampling=QUICK).set_index(["condition", "predicate_type"])
    assert shares.loc[("original", "all"), "f1"] == pytest.approx(2 / 3)
    assert shares.loc[("retained_100", "graph"), "f1"] == pytest.approx(1 / 3)
    assert shares.loc[("retained_100", "all"), "kept"] == pytest.approx(5 / 8)
    assert graph_score_rows([], first=0, model="gat", method="graphmask").empty
