"""Several graphs over the tokens of a document become one, with kinds kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from linguagraph.documents.records import Chain, Document, Mention, Sentence, Token
from linguagraph.errors import ConfigError
from linguagraph.graphs import TextGraph, dependency_graph
from linguagraph.graphs.merging import (
    document_dependency_graph,
    document_graph,
    merge,
    sentence_parts,
)

PAIRS = pd.DataFrame([("cat", "sleep", 3.5)], columns=["first", "second", "score"])


def document() -> Document:
    """The cat slept . | It slept on ."""
    first = Sentence(
        (
            Token(0, "The", "the", "DET", head=1, deprel="det"),
            Token(1, "cat", "cat", "NOUN", head=2, deprel="nsubj"),
            Token(2, "slept", "sleep", "VERB", head=-1, deprel="root"),
        )
    )
    second = Sentence(
        (
            Token(0, "It", "it", "PRON", head=1, deprel="nsubj:pass"),
            Token(1, "slept", "sleep", "VERB", head=-1, deprel="root"),
        )
    )
    cat = Chain("e", (Mention(0, (0, 1), 1), Mention(1, (0,), 0)))
    return Document("d", (first, second), chains=(cat,))


def triples(graph: TextGraph) -> list[tuple[int, int, str, str]]:
    ends = zip(*graph.edge_index.tolist(), strict=True)
    rows = zip(ends, graph.labels, graph.directions, strict=True)
    return [(a, b, label, direction) for (a, b), label, direction in rows]


def test_sentences_follow_each_other_with_offsets() -> None:
    graph = document_dependency_graph(document(), subtypes="fold")
    assert graph.num_nodes == 5
    assert triples(graph) == [
        (1, 0, "det", "->"),
        (0, 1, "det", "<-"),
        (2, 1, "nsubj", "->"),
        (1, 2, "nsubj", "<-"),
        (4, 3, "nsubj", "->"),
        (3, 4, "nsubj", "<-"),
    ]
    assert document_dependency_graph(document()).labels[-1] == "nsubj:pass"
    assert document_dependency_graph(Document("empty")).num_nodes == 0


def test_the_merged_graph_keeps_kinds_ids_and_weights() -> None:
    kinds = ("cooccurrence", "coreference", "dependency")
    graph = document_graph(document(), kinds=kinds, cooccurrence=PAIRS)
    assert graph.kind == "merged"
    assert graph.kinds == ("dependency",) * 6 + ("coreference",) * 2 + ("cooccurrence",) * 2
    assert triples(graph)[6:] == [
        (1, 3, "coref:pronoun", "->"),
        (3, 1, "coref:pronoun", "<-"),
        (1, 2, "cooccurrence", "->"),
        (2, 1, "cooccurrence", "<-"),
    ]
    assert graph.weights == (1.0,) * 8 + (3.5,) * 2
    plain = document_graph(document(), kinds=("dependency",))
    assert triples(graph)[:6] == triples(plain)
    assert (plain.kind, plain.kinds, plain.weights) == ("dependency", (), ())


def test_windows_and_links_reach_the_graphs() -> None:
    wide = document_graph(
        document(), kinds=("cooccurrence",), cooccurrence=PAIRS, window="tokens", size=3
    )
    assert {(a, b) for a, b, *_ in triples(wide)} == {(1, 2), (2, 1), (1, 4), (4, 1)}
    assert document_graph(document(), kinds=("coreference",), links="first").num_edges == 2
    with pytest.raises(ConfigError, match="links='last'"):
        document_graph(document(), kinds=("coreference",), links="last")


def test_kinds_that_cannot_be_made_are_named() -> None:
    with pytest.raises(ConfigError, match=r"kinds=\['syntax'\]; expected one or more of"):
        document_graph(document(), kinds=("syntax",))
    with pytest.raises(ConfigError, match=r"kinds=\[\]"):
        document_graph(document(), kinds=())
    with pytest.raises(ConfigError, match="'cooccurrence' need scored pairs"):
        document_graph(document(), kinds=("cooccurrence",))


def test_graphs_of_different_sizes_do_not_merge() -> None:
    small, large = (TextGraph(size, np.zeros((2, 0), dtype=np.int64), (), ()) for size in (2, 3))
    with pytest.raises(ConfigError, match=r"graphs of \[2, 3\] nodes"):
        merge([small, large])
    with pytest.raises(ConfigError, match=r"graphs of \[\] nodes"):
        merge([])
    assert merge([small, small]) == small


def test_merging_a_merged_graph_keeps_its_kinds() -> None:
    both = document_graph(document())
    again = merge([both, both])
    assert (again.kind, again.kinds) == ("merged", both.kinds * 2)


def test_a_document_is_cut_into_its_sentences() -> None:
    whole = document()
    graph = document_graph(whole)
    parts = sentence_parts(graph, whole)
    for position, sentence in enumerate(whole.sentences):
        part = parts[position]
        assert triples(part.graph) == triples(dependency_graph(sentence))
        assert part.graph.kinds == ("dependency",) * part.graph.num_edges
        assert part.leaving == {"coreference": 1}
    assert list(sentence_parts(graph, whole, only=[1, 9])) == [1]
    with pytest.raises(ConfigError, match="'d' has 5 tokens, its graph 3 nodes"):
        sentence_parts(parts[0].graph, whole)
