"""Measures by hand, as one table each, and the network of a corpus."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cooccurrence_tools import random_document, sentence
from scipy.stats import contingency

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.graphs.association import (
    MEASURES,
    associate,
    association_network,
    log_likelihood,
    ppmi,
    t_score,
)
from linguagraph.graphs.cooccurrence import count_cooccurrences


def cell(both: float, first: float, second: float) -> tuple[np.ndarray, ...]:
    return np.array([both]), np.array([first]), np.array([second])


def test_ppmi_is_the_logarithm_to_base_two_and_never_negative() -> None:
    assert ppmi(*cell(8, 16, 16), 1024.0)[0] == pytest.approx(5.0)  # 8 * 1024 / 256 = 32
    assert ppmi(*cell(1, 16, 16), 256.0)[0] == pytest.approx(0.0)
    assert ppmi(*cell(1, 100, 100), 1000.0)[0] == 0.0


def test_t_score_is_the_difference_by_the_root_of_the_count() -> None:
    assert t_score(*cell(9, 30, 20), 100.0)[0] == pytest.approx((9 - 6) / 3)


def test_log_likelihood_adds_up_four_cells_and_carries_a_sign() -> None:
    by_hand = 2 * (20 * math.log(20 / 6) + 10 * math.log(10 / 24) + 0.0 + 70 * math.log(70 / 56))
    assert log_likelihood(*cell(20, 30, 20), 100.0)[0] == pytest.approx(by_hand)
    assert log_likelihood(*cell(1, 30, 20), 100.0)[0] < -5.0
    assert log_likelihood(*cell(6, 30, 20), 100.0)[0] == pytest.approx(0.0, abs=1e-9)


def test_log_likelihood_is_the_likelihood_ratio_of_another_implementation() -> None:
    random = np.random.default_rng(3)
    for table in random.integers(1, 50, (20, 2, 2)):
        wanted = contingency.chi2_contingency(
            table, correction=False, lambda_="log-likelihood"
        ).statistic
        both, first, second = table[0, 0], table[0].sum(), table[:, 0].sum()
        found = log_likelihood(*cell(both, first, second), float(table.sum()))
        assert abs(found[0]) == pytest.approx(wanted)


def test_every_column_of_the_table() -> None:
    corpus = [
        Document("d", (sentence("a", "b"), sentence("a", "b", "c"), sentence("d"), sentence("a")))
    ]
    table = associate(count_cooccurrences(corpus), measure="ppmi")
    best = table.iloc[0]
    assert (best["first"], best["second"], best["count"]) == ("b", "c", 1)
    assert (best["first_count"], best["second_count"], best["windows"]) == (2, 1, 4)
    assert best["expected"] == pytest.approx(0.5)
    assert best["score"] == pytest.approx(1.0)
    assert list(zip(table["first"], table["second"], strict=True)) == [
        ("b", "c"),
        ("a", "b"),
        ("a", "c"),
    ]
    assert table["score"].tolist()[1:] == pytest.approx([math.log2(8 / 6)] * 2)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("window", ["sentence", "tokens"])
def test_scores_are_finite_and_best_first(measure: str, window: str) -> None:
    corpus = [random_document(seed) for seed in range(30)]
    table = associate(count_cooccurrences(corpus, window=window), measure=measure, min_count=2)
    assert len(table) > 5
    assert np.isfinite(table["score"]).all()
    assert table["score"].is_monotonic_decreasing
    assert table["count"].min() >= 2
    assert associate(count_cooccurrences([]), measure=measure).empty


def test_unknown_measures_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"measure='dice'; expected one of \['count', 'ppmi'"):
        associate(count_cooccurrences([]), measure="dice")


def test_the_network_of_the_corpus() -> None:
    corpus = [
        Document("d", (sentence("a", "b"), sentence("a", "b", "c"), sentence("d"), sentence("a")))
    ]
    table = associate(count_cooccurrences(corpus), measure="count")
    network = association_network(table)
    assert dict(network.nodes(data="count")) == {"a": 3, "b": 2, "c": 1}
    assert network.edges["b", "a"] == {"weight": 2.0, "count": 2}
    assert set(association_network(table, minimum=2.0).edges) == {("a", "b")}
    assert association_network(table, top=1).number_of_edges() == 1
