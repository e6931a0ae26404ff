"""Paths in dependency trees, against networkx and by hand."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.records import Sentence, Token
from linguagraph.edges.trees import TreePaths
from linguagraph.errors import ConfigError
from linguagraph.graphs import TextGraph, dependency_graph


def graph_of(heads: list[int]) -> TextGraph:
    tokens = (Token(i, f"w{i}", head=head, deprel=f"l{i}") for i, head in enumerate(heads))
    return dependency_graph(Sentence(tuple(tokens)))


@st.composite
def forests(draw: st.DrawFn) -> list[int]:
    """Heads of a forest over up to 12 tokens in any order."""
    size = draw(st.integers(1, 12))
    order = draw(st.permutations(range(size)))
    heads = [-1] * size
    for place in range(1, size):
        above = draw(st.integers(-1, place - 1))
        heads[order[place]] = -1 if above < 0 else order[above]
    return heads


@given(forests())
def test_paths_are_the_shortest_ones(heads: list[int]) -> None:
    graph = graph_of(heads)
    paths = TreePaths(graph)
    undirected = nx.Graph((i, head) for i, head in enumerate(heads) if head >= 0)
    undirected.add_nodes_from(range(len(heads)))
    for start in range(len(heads)):
        lengths = nx.single_source_shortest_path_length(undirected, start)
        for end in range(len(heads)):
            path = paths.path(start, end)
            if end not in lengths:
                assert path is None
                continue
            assert path is not None
            assert len(path) == lengths[end]
            here = start
            for edge in path:
                source, target = graph.edge_index[:, edge]
                assert source == here
                here = int(target)
            assert here == end


def test_up_to_the_common_ancestor_and_down_again() -> None:
    #          2
    #        /   \
    #       1     4
    #      /     / \
    #     0     3   5
    paths = TreePaths(graph_of([1, 2, -1, 4, 2, 4]))
    route = paths.path(0, 3)
    assert route is not None
    assert paths.name(route) == "<-l0 <-l1 ->l4 ->l3"
    assert paths.name(paths.path(3, 5) or []) == "<-l3 ->l5"
    assert paths.path(2, 2) == []
    assert paths.name([]) == ""


def test_two_roots_have_no_path_between_them() -> None:
    paths = TreePaths(graph_of([-1, 0, -1, 2]))
    assert paths.path(1, 3) is None
    assert paths.path(3, 0) is None
    assert paths.path(2, 3) == [2]


def by_hand(edges: list[tuple[int, int, str]]) -> TextGraph:
    index = np.array([[e[0] for e in edges], [e[1] for e in edges]], dtype=np.int64)
    return TextGraph(4, index, ("x",) * len(edges), tuple(e[2] for e in edges))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([(0, 1, "->"), (1, 0, "<-"), (2, 1, "->"), (1, 2, "<-")], "token 1 has two heads"),
        ([(0, 1, "->")], "no counterpart"),
        (
            [(0, 1, "->"), (1, 0, "<-"), (1, 0, "->"), (0, 1, "<-")],
            r"token \d is on a cycle of heads",
        ),
    ],
)
def test_what_is_no_tree_is_refused(edges: list[tuple[int, int, str]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TreePaths(by_hand(edges))
