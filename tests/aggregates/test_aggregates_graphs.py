import numpy as np
import pytest

from linguagraph.aggregates.graph_statistics import graph_statistics
from linguagraph.errors import TableError
from linguagraph.graphs.textgraph import TextGraph


def graph(nodes: int, *pairs: tuple[int, int, str, str]) -> TextGraph:
    """Both directions of each pair (source, target, label, kind)."""
    ends = [(a, b) for s, t, *_ in pairs for a, b in ((s, t), (t, s))]
    return TextGraph(
        nodes,
        np.array(ends, dtype=np.int64).reshape(-1, 2).T,
        tuple(label for *_, label, _ in pairs for _ in "->"),
        ("->", "<-") * len(pairs),
        kind="merged",
        kinds=tuple(kind for *_, kind in pairs for _ in "->"),
    )


def test_a_merged_graph_of_two_sentences_by_kind() -> None:
    # sentence 0: nodes 0 1 2, sentence 1: nodes 3 4
    merged = graph(
        5,
        (1, 0, "nsubj", "dependency"),
        (1, 2, "obj", "dependency"),
        (3, 4, "obj", "dependency"),
        (0, 3, "coref:pronoun", "coreference"),
        (0, 2, "coref:proper", "coreference"),
    )
    found = graph_statistics([(merged, (3, 2))])
    assert found.graphs == 1
    kinds = found.kinds.set_index("kind")
    assert kinds.index.tolist() == ["dependency", "coreference", "all"]
    assert kinds["nodes"].tolist() == [5, 5, 5]
    assert kinds["linked"].tolist() == [5, 3, 5]
    assert kinds["relations"].tolist() == [3, 2, 5]
    assert kinds["edges"].tolist() == [6, 4, 10]
    assert kinds["labels"].tolist() == [2, 2, 4]
    assert kinds["mean_degree"].tolist() == pytest.approx([6 / 5, 4 / 5, 2])
    assert kinds["max_degree"].tolist() == [2, 2, 3]
    assert kinds["cross_sentence"].tolist() == pytest.approx([0, 1 / 2, 1 / 5])
    labels = found.labels.set_index(["kind", "label"])
    assert labels.index.tolist() == [
        ("dependency", "obj"),
        ("dependency", "nsubj"),
        ("coreference", "coref:pronoun"),
        ("coreference", "coref:proper"),
    ]
    assert labels.loc[("dependency", "obj")].tolist() == pytest.approx([2, 2 / 3, 0])
    assert labels["cross_sentence"].tolist() == [0, 0, 1, 0]


def test_one_kind_has_no_row_for_all_and_graphs_add_up() -> None:
    one = TextGraph(2, np.array([[0, 1], [1, 0]]), ("obj", "obj"), ("->", "<-"))
    empty = TextGraph(1, np.zeros((2, 0), dtype=np.int64), (), ())
    found = graph_statistics(iter([(one, [2]), (empty, [1]), (one, [2])]))
    assert found.graphs == 3
    (row,) = found.kinds.to_dict("records")
    assert row["kind"] == "dependency"
    assert (row["nodes"], row["linked"], row["relations"], row["max_degree"]) == (5, 4, 2, 1)


def test_without_edges_there_is_nothing() -> None:
    empty = TextGraph(1, np.zeros((2, 0), dtype=np.int64), (), ())
    for graphs in ([], [(empty, [1])]):
        found = graph_statistics(graphs)
        assert found.kinds.empty
        assert found.labels.empty


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TableError, match="5 nodes is given sentences of 4 tokens"):
        graph_statistics([(graph(5, (0, 1, "a", "dependency")), (4,))])
