"""The part of a document's graph that can reach a sentence, by hand and against brute force.

The document: three sentences of 3, 2 and 3 tokens, nodes 0-2, 3-4 and 5-7. Trees: 1 heads 0 and 2,
4 heads 3, 6 heads 5 and 7. Coreference: 0 to 3 and 3 to 7, and back.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.documents.records import Document, Sentence, Token
from linguagraph.errors import ConfigError
from linguagraph.graphs.context import ContextGraph, Surroundings
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph


def sentence(index: int, heads: list[int]) -> Sentence:
    tokens = tuple(
        Token(i, f"w{index}{i}", head=head, deprel="root" if head < 0 else f"d{i}")
        for i, head in enumerate(heads)
    )
    return Sentence(tokens, index=index)


DOCUMENT = Document("d", (sentence(0, [1, -1, 1]), sentence(1, [1, -1]), sentence(2, [1, -1, 1])))


def graph_of(document: Document, links: list[tuple[int, int]]) -> TextGraph:
    """Dependency edges of all sentences, then coreference edges between the given nodes."""
    index, labels, directions, kinds, start = [], [], [], [], 0
    for part in document.sentences:
        graph = dependency_graph(part)
        index += (graph.edge_index.T + start).tolist()
        labels += graph.labels
        directions += graph.directions
        kinds += ["dependency"] * graph.num_edges
        start += len(part)
    for before, after in links:
        index += [[before, after], [after, before]]
        labels += ["coref:nominal"] * 2
        directions += DIRECTIONS
        kinds += ["coreference"] * 2
    edges = np.array(index, dtype=np.int64).reshape(-1, 2).T
    return TextGraph(start, edges, tuple(labels), tuple(directions), "merged", tuple(kinds))


GRAPH = graph_of(DOCUMENT, [(0, 3), (3, 7)])


def nodes_of(found: ContextGraph) -> list[int]:
    return (found.starts[found.place] + found.token).tolist()


def test_one_layer_reaches_the_neighbours_only() -> None:
    found = Surroundings(DOCUMENT, GRAPH, layers=1, most=9)(0)
    assert nodes_of(found) == [0, 1, 2, 3]
    assert [s.index for s in found.sentences] == [0, 1]
    assert found.offsets.tolist() == [0, 1]
    assert found.place.tolist() == [0, 0, 0, 1]
    assert found.token.tolist() == [0, 1, 2, 0]
    assert found.graph.edge_index.T.tolist() == [[1, 0], [0, 1], [1, 2], [2, 1], [3, 0]]
    assert found.graph.edge_kinds == ("dependency",) * 4 + ("coreference",)
    assert found.graph.directions[-1] == "<-"  # from the anaphor, back to the antecedent
    assert found.hops.tolist() == [0] * 5
    assert found.effective(1).tolist() == [[True] * 5]
    assert found.edge_offsets[:, -1].tolist() == [1, 0]
    assert found.edge_tokens[:, -1].tolist() == [0, 0]
    assert found.distances.tolist() == [1, 1, 1, 1, 3]


def test_two_layers_reach_further_and_edges_fade_out_upwards() -> None:
    found = Surroundings(DOCUMENT, GRAPH, layers=2, most=9)(0)
    assert nodes_of(found) == [0, 1, 2, 3, 4, 7]
    ends = [tuple(nodes_of(found)[n] for n in edge) for edge in found.graph.edge_index.T.tolist()]
    assert ends == [(1, 0), (0, 1), (1, 2), (2, 1), (4, 3), (0, 3), (3, 0), (7, 3)]
    assert found.hops.tolist() == [0, 0, 0, 0, 1, 1, 0, 1]
    top = [True] * 4 + [False, False, True, False]
    assert found.effective(2).tolist() == [[True] * 8, top]
    assert found.left_out == 0


def test_the_sentence_comes_first_wherever_it_stands() -> None:
    found = Surroundings(DOCUMENT, GRAPH, layers=1, most=9)(1)
    assert nodes_of(found) == [3, 4, 0, 7]
    assert found.offsets.tolist() == [0, -1, 1]
    assert found.graph.num_nodes == 4
    assert found.edge_offsets.T.tolist() == [[0, 0], [0, 0], [-1, 0], [1, 0]]


def test_whole_sentences_on_demand() -> None:
    found = Surroundings(DOCUMENT, GRAPH, layers=1, most=9, whole=True)(1)
    assert nodes_of(found) == [3, 4, 0, 1, 2, 5, 6, 7]
    part = Surroundings(DOCUMENT, GRAPH, layers=1, most=9)(1)
    assert found.graph.num_edges == part.graph.num_edges


def test_a_bound_keeps_what_is_reached_first_and_counts_the_rest() -> None:
    around = Surroundings(DOCUMENT, GRAPH, layers=3, most=1)
    assert [s.index for s in around(0).sentences] == [0, 1]
    assert around(0).left_out == 1
    assert [s.index for s in around(1).sentences] == [1, 0]  # equally near: the earlier
    # from the third sentence the first is reached through the second only
    graph = graph_of(DOCUMENT, [(0, 3), (3, 7), (0, 5)])
    found = Surroundings(DOCUMENT, graph, layers=2, most=0)(2)
    assert nodes_of(found) == [5, 6, 7]
    assert found.left_out == 2
    assert set(found.graph.edge_kinds) == {"dependency"}


def test_what_is_reached_through_left_out_sentences_is_left_out_too() -> None:
    # 0 - 3 and 4 - 6: from the first sentence the third is three edges away, through the second
    around = Surroundings(DOCUMENT, graph_of(DOCUMENT, [(0, 3), (4, 6)]), layers=4, most=9)
    assert [s.index for s in around(0).sentences] == [0, 1, 2]
    tight = Surroundings(DOCUMENT, graph_of(DOCUMENT, [(0, 3), (4, 6)]), layers=4, most=0)
    assert tight(0).left_out == 2


def test_dependencies_alone_give_the_sentence_graph() -> None:
    around = Surroundings(DOCUMENT, graph_of(DOCUMENT, []), layers=3, most=9)
    for position, part in enumerate(DOCUMENT.sentences):
        found = around(position)
        expected = dependency_graph(part)
        assert found.graph.edge_index.tolist() == expected.edge_index.tolist()
        assert found.graph.labels == expected.labels
        assert found.sentences == (part,)


def test_a_sentence_without_edges() -> None:
    document = Document("d", (sentence(0, [-1]), sentence(1, [-1])))
    found = Surroundings(document, graph_of(document, []), layers=2, most=9, whole=True)(1)
    assert (found.graph.num_nodes, found.graph.num_edges) == (1, 0)
    assert found.effective(2).shape == (2, 0)


@pytest.mark.parametrize("changes", [{"layers": 0}, {"most": -1}])
def test_impossible_bounds(changes: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected at least 1 and 0"):
        Surroundings(DOCUMENT, GRAPH, **{"layers": 1, "most": 1, **changes})


def test_a_graph_of_another_document() -> None:
    with pytest.raises(ConfigError, match="one node per token"):
        Surroundings(Document("x", DOCUMENT.sentences[:2]), GRAPH, layers=1, most=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=8),
    st.integers(1, 4),
)
def test_against_brute_force(sizes: list[int], pairs: list[tuple[int, int]], layers: int) -> None:
    document = Document("d", tuple(sentence(i, [*range(-1, n - 1)]) for i, n in enumerate(sizes)))
    total = sum(sizes)
    links = [(a % total, b % total) for a, b in pairs if a % total != b % total]
    graph = graph_of(document, links)
    adjacent = np.zeros((total, total), dtype=bool)
    adjacent[graph.edge_index[0], graph.edge_index[1]] = True
    around = Surroundings(document, graph, layers=layers, most=99)
    starts = np.cumsum([0, *sizes])
    for position in range(len(sizes)):
        own = np.zeros(total, dtype=bool)
        own[starts[position] : starts[position + 1]] = True
        hops = np.full(total, 99)
        reach = own
        for hop in range(layers + 1):
            hops[reach & (hops == 99)] = hop
            reach = reach | (adjacent & reach).any(axis=1)
        found = around(position)
        assert sorted(nodes_of(found)) == np.flatnonzero(hops <= layers).tolist()
        edges = np.flatnonzero(hops[graph.edge_index[1]] < layers)
        nodes = np.array(nodes_of(found))
        assert nodes[found.graph.edge_index].tolist() == graph.edge_index[:, edges].tolist()
        assert found.hops.tolist() == hops[graph.edge_index[1][edges]].tolist()
