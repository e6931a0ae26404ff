"""Coreference graphs of hand-made chains."""

from __future__ import annotations

import pytest

from linguagraph.documents.mentions import build_chain
from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.errors import ConfigError
from linguagraph.graphs.coreference import COREFERENCE_LABELS, coreference_graph, token_offsets


def sentence(spec: str) -> Sentence:
    words = [word.split("/") for word in spec.split()]
    return Sentence(tuple(Token(i, form, upos=upos) for i, (form, upos) in enumerate(words)))


# nodes: Ann 0 met 1 the 2 doctor 3 | She 4 thanked 5 Ann 6 | He 7 smiled 8 at 9 her 10
TEXT = (
    sentence("Ann/PROPN met/VERB the/DET doctor/NOUN"),
    sentence("She/PRON thanked/VERB Ann/PROPN"),
    sentence("He/PRON smiled/VERB at/ADP her/PRON"),
)


def document(*chains: Chain) -> Document:
    return Document("d", TEXT, chains=chains)


def chain(id: str, *mentions: tuple[int, tuple[int, ...], int]) -> Chain:
    return build_chain(id, [Mention(*mention) for mention in mentions], rule="r")


ANN = chain("ann", (0, (0,), 0), (1, (2,), 2), (2, (3,), 3))
DOCTOR = chain("doctor", (0, (2, 3), 3), (1, (0,), 0))


def pairs(links: str, *chains: Chain) -> list[tuple[int, int]]:
    graph = coreference_graph(document(*chains), links=links)
    return [tuple(edge) for edge in graph.edge_index[:, 0::2].T.tolist()]


def test_each_anaphor_gives_an_edge_each_way_with_ids_2k_and_2k_plus_1() -> None:
    graph = coreference_graph(document(ANN, DOCTOR))
    assert (graph.num_nodes, graph.num_edges, graph.kind) == (11, 6, "coreference")
    assert graph.edge_index.tolist() == [[3, 4, 0, 6, 6, 10], [4, 3, 6, 0, 10, 6]]
    assert graph.edge_index.dtype == "int64"
    assert graph.directions == ("->", "<-") * 3
    assert graph.labels == ("coref:pronoun",) * 2 + ("coref:proper",) * 2 + ("coref:pronoun",) * 2
    assert set(graph.edge_kinds) == {"coreference"}
    assert COREFERENCE_LABELS == ("coref:pronoun", "coref:proper", "coref:nominal")


def test_links_go_to_the_nearest_the_first_or_all_mentions_before() -> None:
    assert pairs("nearest", ANN) == [(0, 6), (6, 10)]
    assert pairs("first", ANN) == [(0, 6), (0, 10)]
    assert pairs("all", ANN) == [(0, 6), (0, 10), (6, 10)]


def test_a_nominal_anaphor_within_a_sentence() -> None:
    graph = coreference_graph(document(chain("x", (0, (0,), 0), (0, (2, 3), 3))))
    assert graph.edge_index.tolist() == [[0, 3], [3, 0]]
    assert graph.labels == ("coref:nominal",) * 2


def test_mentions_with_one_head_give_no_loop_and_repeated_pairs_no_second_edge() -> None:
    nested = chain("x", (0, (2, 3), 3), (0, (3,), 3), (1, (0,), 0))
    assert pairs("all", nested) == [(3, 4)]
    assert pairs("nearest", nested) == [(3, 4)]
    assert pairs("nearest", nested, DOCTOR) == [(3, 4)]


def test_one_edge_pair_where_two_mentions_hold_the_same_heads_in_both_orders() -> None:
    mixed = chain("x", (0, (0, 1, 2, 3), 3), (0, (0,), 0), (0, (2, 3), 3))
    assert pairs("all", mixed) == [(3, 0)]


def test_singletons_and_documents_without_chains_or_sentences_give_no_edges() -> None:
    graph = coreference_graph(document(chain("x", (0, (0,), 0))))
    assert (graph.num_nodes, graph.edge_index.shape) == (11, (2, 0))
    empty = coreference_graph(Document("d"))
    assert (empty.num_nodes, empty.num_edges) == (0, 0)


def test_offsets_count_the_tokens_before_each_sentence() -> None:
    assert token_offsets(document()).tolist() == [0, 4, 7, 11]
    assert token_offsets(Document("d")).tolist() == [0]


def test_an_unknown_kind_of_link_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'last'.*'nearest', 'first', 'all'"):
        coreference_graph(document(ANN), links="last")
