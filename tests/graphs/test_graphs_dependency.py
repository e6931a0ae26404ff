"""Dependency graphs of hand-made sentences."""

from __future__ import annotations

import pytest
from srl_tools import build_sentence

from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import ConfigError
from linguagraph.graphs import DIRECTIONS, dependency_graph

ROWS = [
    ("Ann", "NNP", 1, "nsubj"),
    ("saw", "VBD", -1, "root"),
    ("her", "PRP", 3, "nmod:poss"),
    ("dogs", "NNS", 1, "obj"),
]


def test_every_dependency_gives_one_edge_each_way_with_ids_2k_and_2k_plus_1() -> None:
    graph = dependency_graph(build_sentence(ROWS))
    assert graph.num_nodes == 4
    assert graph.num_edges == 6
    assert graph.edge_index.tolist() == [[1, 0, 3, 2, 1, 3], [0, 1, 2, 3, 3, 1]]
    assert graph.edge_index.dtype == "int64"
    assert graph.labels == ("nsubj", "nsubj", "nmod:poss", "nmod:poss", "obj", "obj")
    assert graph.directions == ("->", "<-") * 3
    assert graph.kind == "dependency"
    assert DIRECTIONS == ("->", "<-")


def test_subtypes_are_folded_on_request() -> None:
    graph = dependency_graph(build_sentence(ROWS), subtypes="fold")
    assert set(graph.labels) == {"nsubj", "nmod", "obj"}


def test_an_unknown_treatment_of_subtypes_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'drop'.*'keep', 'fold'"):
        dependency_graph(build_sentence(ROWS), subtypes="drop")


def test_each_of_several_roots_has_no_edge_of_its_own() -> None:
    rows = [("Yes", "UH", -1, "root"), ("go", "VB", -1, "root"), ("now", "RB", 1, "advmod")]
    graph = dependency_graph(build_sentence(rows))
    assert graph.edge_index.tolist() == [[1, 2], [2, 1]]


def test_a_single_token_makes_a_graph_without_edges() -> None:
    graph = dependency_graph(build_sentence([("Stop", "VB", -1, "root")]))
    assert (graph.num_nodes, graph.num_edges) == (1, 0)
    assert graph.edge_index.shape == (2, 0)


def test_tokens_without_a_head_get_no_edge_and_a_missing_label_is_an_underscore() -> None:
    sentence = Sentence((Token(0, "a"), Token(1, "b", head=0), Token(2, "c", head=1, deprel="x")))
    graph = dependency_graph(sentence)
    assert graph.labels == ("_", "_", "x", "x")
    assert graph.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
