"""Entity graphs: who matches whom, by hand and against a plain double loop."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguagraph.documents.item_mentions import ItemMention, short_key
from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS, entity_graph, relation_matrices


def mention(
    key: str, role: str, support: int = 0, *, place: int = 0, chain: int = -1
) -> ItemMention:
    short = key if role == "coreferent" else short_key(key)
    candidate = 0 if role == "candidate" else -1
    return ItemMention(support, place, place + 1, key, short, role, candidate, chain)


def small() -> list[ItemMention]:
    """Two supports: a bridge with a title and its short name, a candidate thrice, and "he"."""
    return [
        mention("count ubo tessling", "bridge", 0, place=0, chain=0),
        mention("he", "coreferent", 0, place=4, chain=0),
        mention("marl bay", "candidate", 0, place=8),
        mention("ubo tessling", "bridge", 1, place=0, chain=1),
        mention("he", "coreferent", 1, place=3, chain=1),
        mention("marl bay", "candidate", 1, place=6),
        mention("marl bay", "candidate", 1, place=9),
    ]


def pairs(mentions: Sequence[ItemMention], relation: str) -> set[tuple[int, int]]:
    """Pairs with a relation, the earlier mention first."""
    matrix = relation_matrices(mentions)[RELATIONS.index(relation)]
    assert (matrix == matrix.T).all()
    return {(int(a), int(b)) for a, b in zip(*np.nonzero(matrix), strict=True) if a < b}


def test_the_relations_of_a_small_item() -> None:
    mentions = small()
    assert pairs(mentions, "MATCH") == {(0, 3), (2, 5), (2, 6), (5, 6)}
    first, second = (0, 1, 2), (3, 4, 5, 6)
    inside = {(a, b) for part in (first, second) for a in part for b in part if a < b}
    assert pairs(mentions, "DOC-BASED") == inside
    assert pairs(mentions, "COREF") == {(0, 1), (3, 4)}
    everything = {(a, b) for a in range(7) for b in range(7) if a < b}
    others = pairs(mentions, "MATCH") | inside | pairs(mentions, "COREF")
    assert pairs(mentions, "COMPLEMENT") == everything - others
    assert (1, 4) in pairs(mentions, "COMPLEMENT")  # "he" and "he" match nothing


@pytest.mark.parametrize(
    ("one", "two", "match"),
    [
        (("prince odo marrick", "bridge"), ("odo marrick", "bridge"), True),
        (("odo lennart marrick", "bridge"), ("odo marrick", "candidate"), True),
        (("odo marrick", "subject"), ("count odo marrick", "bridge"), True),
        (("count odo marrick", "subject"), ("odo marrick", "candidate"), False),  # no bridge
        (("odo marrick", "candidate"), ("odo marrick", "subject"), True),
        (("odo marrick", "coreferent"), ("odo marrick", "bridge"), False),
        (("odo marrick", "bridge"), ("ada marrick", "bridge"), False),
        (("", "bridge"), ("", "bridge"), False),
    ],
)
def test_strings_match_in_normal_form_and_bridges_by_their_short_names(
    one: tuple[str, str], two: tuple[str, str], match: bool
) -> None:
    found = relation_matrices([mention(*one, 0), mention(*two, 1)])
    assert found[0].tolist() == [[False, match], [match, False]]
    assert found[3].tolist() == [[False, not match], [not match, False]]


def test_edges_are_ordered_and_go_both_ways() -> None:
    graph = entity_graph(small())
    order = [
        (RELATIONS.index(label), *ends)
        for label, ends in zip(graph.labels, graph.edge_index.T.tolist(), strict=True)
    ]
    assert order == sorted(set(order))
    assert all(source != target for _, source, target in order)
    assert {(label, b, a) for label, a, b in order} == set(order)
    assert graph.directions == tuple("->" if a < b else "<-" for _, a, b in order)
    assert order[:2] == [(0, 0, 3), (0, 2, 5)]
    assert (graph.num_nodes, graph.kind, graph.edge_kinds[0]) == (7, "entity", "entity")
    assert graph.num_edges == 2 * sum(len(pairs(small(), name)) for name in RELATIONS)


def test_relations_can_be_left_out_without_changing_the_complement() -> None:
    graph = entity_graph(small(), relations=("COMPLEMENT", "COREF"))
    assert set(graph.labels) == {"COREF", "COMPLEMENT"}
    assert graph.labels[:4] == ("COREF",) * 4
    assert graph.labels.count("COMPLEMENT") == 2 * len(pairs(small(), "COMPLEMENT"))
    assert entity_graph(small(), relations=()).num_edges == 0
    with pytest.raises(ConfigError, match=r"relations \['MATCHES'\]; expected some of"):
        entity_graph(small(), relations=("MATCHES",))


@pytest.mark.parametrize("size", [0, 1])
def test_graphs_without_edges(size: int) -> None:
    mentions = small()[:size]
    assert relation_matrices(mentions).shape == (4, size, size)
    graph = entity_graph(mentions)
    assert (graph.num_nodes, graph.num_edges, graph.edge_index.shape) == (size, 0, (2, 0))
    assert graph.edge_index.dtype == np.int64
    assert graph.to_networkx().number_of_nodes() == size


def test_it_becomes_a_graph_of_networkx() -> None:
    graph = entity_graph(small())
    found = graph.to_networkx()
    assert isinstance(found, nx.MultiDiGraph)
    assert found.number_of_edges() == graph.num_edges
    first = {"label": "MATCH", "direction": "->", "kind": "entity"}
    assert found.edges[0, 3, 0] == first


def test_it_becomes_data_of_pyg() -> None:
    pytest.importorskip("torch_geometric")
    graph = entity_graph(small())
    data = graph.to_pyg()
    assert data.edge_index.tolist() == graph.edge_index.tolist()
    assert data.edge_label == list(graph.labels)
    assert data.edge_id.tolist() == list(range(graph.num_edges))
    assert data.num_nodes == 7


def by_loop(mentions: Sequence[ItemMention]) -> list[tuple[str, int, int]]:
    """What holds between each two mentions, one pair at a time."""
    found = []
    for a, one in enumerate(mentions):
        for b, two in enumerate(mentions):
            if a == b:
                continue
            names = []
            bridge = "bridge" in (one.role, two.role)
            same = one.key == two.key != "" or (bridge and one.short == two.short != "")
            if same and "coreferent" not in (one.role, two.role):
                names.append("MATCH")
            if one.support == two.support:
                names.append("DOC-BASED")
            if one.chain == two.chain != -1:
                names.append("COREF")
            found += [(name, a, b) for name in names or ["COMPLEMENT"]]
    return sorted(found, key=lambda edge: (RELATIONS.index(edge[0]), *edge[1:]))


mention_lists = st.lists(
    st.builds(
        mention,
        st.sampled_from(["", "he", "odo marrick", "count odo marrick", "odo v marrick", "marl"]),
        st.sampled_from(["candidate", "subject", "bridge", "coreferent"]),
        st.integers(0, 2),
        chain=st.integers(-1, 2),
    ),
    max_size=8,
)


@given(mention_lists)
def test_it_is_what_a_plain_loop_finds(mentions: list[ItemMention]) -> None:
    graph = entity_graph(mentions)
    found = zip(graph.labels, *graph.edge_index.tolist(), strict=True)
    assert list(found) == by_loop(mentions)
