"""Co-occurrence edges between the tokens of a document: by hand and against plain loops."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from cooccurrence_tools import brute_graph, random_document, sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError, TableError
from linguagraph.graphs import TextGraph
from linguagraph.graphs.association import associate
from linguagraph.graphs.cooccurrence import count_cooccurrences
from linguagraph.graphs.occurrences import WINDOWS
from linguagraph.graphs.projection import COOCCURRENCE_LABEL, cooccurrence_graph, pair_scores


def table(**scores: float) -> pd.DataFrame:
    """Scores of pairs of one-letter units: ``ab=2.0``."""
    rows = [(name[0], name[1], score) for name, score in scores.items()]
    return pd.DataFrame(rows, columns=["first", "second", "score"])


def links(graph: TextGraph) -> dict[tuple[int, int], float]:
    """Weights by (earlier, later) token."""
    ends = zip(*graph.edge_index.tolist(), strict=True)
    forward = zip(ends, graph.directions, graph.weights, strict=True)
    return {pair: weight for pair, direction, weight in forward if direction == "->"}


DOCUMENT = Document("d", (sentence("a", "the/DET", "b", "c"), sentence("b", "a", "b")))


def test_edges_run_both_ways_in_text_order_with_the_score_as_weight() -> None:
    graph = cooccurrence_graph(DOCUMENT, table(ab=2.0, bc=1.0))
    assert graph.num_nodes == 7
    assert graph.edge_index.tolist() == [[0, 2, 2, 3, 4, 5, 5, 6], [2, 0, 3, 2, 5, 4, 6, 5]]
    assert graph.directions == ("->", "<-") * 4
    assert graph.weights == (2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0)
    assert set(graph.labels) == {COOCCURRENCE_LABEL}
    assert set(graph.edge_kinds) == {"cooccurrence"}


def test_scores_below_the_minimum_and_repulsion_make_no_edge() -> None:
    scores = table(ab=2.0, bc=1.0, ac=-3.0)
    assert set(links(cooccurrence_graph(DOCUMENT, scores, minimum=2.0))) == {(0, 2), (4, 5), (5, 6)}
    assert cooccurrence_graph(DOCUMENT, table(ab=0.0, ac=-1.0)).num_edges == 0
    assert set(links(cooccurrence_graph(DOCUMENT, pair_scores(scores, minimum=1.5)))) == {
        (0, 2),
        (4, 5),
        (5, 6),
    }


def test_each_occurrence_links_to_the_nearest_one_of_the_other_unit() -> None:
    document = Document("d", (sentence("a", "b", "x", "x", "b", "a"),))
    assert set(links(cooccurrence_graph(document, table(ab=1.0)))) == {(0, 1), (4, 5)}
    tied = Document("d", (sentence("b", "a", "b"),))
    assert set(links(cooccurrence_graph(tied, table(ab=1.0)))) == {(0, 1), (1, 2)}


def test_no_token_has_more_than_the_best_few_neighbours() -> None:
    document = Document("d", (sentence("a", "b", "c", "d"),))
    scores = table(ab=1.0, ac=3.0, ad=2.0, bc=0.5)
    assert links(cooccurrence_graph(document, scores, top=1)) == {(0, 2): 3.0}
    assert set(links(cooccurrence_graph(document, scores, top=2))) == {(0, 2), (0, 3), (1, 2)}


def test_windows_of_tokens_cross_sentences() -> None:
    scores = table(ab=1.0, bc=1.0)
    near = cooccurrence_graph(DOCUMENT, scores, window="tokens", size=1)
    assert set(links(near)) == {(2, 3), (3, 4), (4, 5), (5, 6)}
    assert set(links(cooccurrence_graph(DOCUMENT, table(ac=1.0), window="document"))) == {
        (0, 3),
        (3, 5),
    }


def test_what_is_not_known_makes_no_edge() -> None:
    assert cooccurrence_graph(DOCUMENT, table(xy=1.0)).num_edges == 0
    assert cooccurrence_graph(DOCUMENT, table()).num_edges == 0
    assert cooccurrence_graph(Document("empty"), table(ab=1.0)).num_nodes == 0
    with pytest.raises(ConfigError, match="top=0"):
        cooccurrence_graph(DOCUMENT, table(ab=1.0), top=0)
    with pytest.raises(TableError, match=r"lacks the columns \['score'\]"):
        pair_scores(table(ab=1.0).drop(columns="score"))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("unit", ["lemma", "chain"])
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 5),
    keep=st.sampled_from([("NOUN",), None]),
    measure=st.sampled_from(["count", "ppmi", "t_score"]),
    minimum=st.sampled_from([0.0, 1.0]),
    top=st.integers(1, 4),
)
def test_the_graph_is_that_of_plain_loops(
    window: str,
    unit: str,
    seed: int,
    size: int,
    keep: tuple[str, ...] | None,
    measure: str,
    minimum: float,
    top: int,
) -> None:
    document = random_document(seed, kinds=12, longest=14)
    counts = count_cooccurrences([document], unit=unit, window=window, size=size, keep=keep)
    scored = associate(counts, measure=measure)
    names = zip(scored["first"], scored["second"], strict=True)
    scores = dict(zip(names, scored["score"], strict=True))
    options = {"unit": unit, "window": window, "size": size, "keep": keep, "minimum": minimum}
    found = links(cooccurrence_graph(document, scored, **options, top=top))  # type: ignore[arg-type]
    wanted = brute_graph(document, scores, **options, top=top)  # type: ignore[arg-type]
    assert found == pytest.approx(wanted)
    degree = Counter(token for pair in found for token in pair)
    assert max(degree.values(), default=0) <= top
