"""Agreement of methods at equal sparsity: hand-computed cells, ties, order of scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from linguagraph.aggregates.method_agreement import (
    at_equal_sparsity,
    join_scores,
    method_agreement,
    method_labels,
)
from linguagraph.aggregates.statistics import Resampling
from linguagraph.errors import TableError

RESAMPLING = Resampling(resamples=50, min_n=1)


def edges(scores: list[list[float]], *, retained: float = 2, label: str = "nsubj") -> pd.DataFrame:
    """One example per sentence, in one layer; the first ``retained`` edges are retained."""
    rows = [
        {
            "sentence": sentence,
            "predicate_index": 0,
            "layer": 0,
            "edge": edge,
            "seed": 0,
            "label": label if edge % 2 else "obj",
            "direction": "->",
            "score": score,
            "retained": edge < retained,
        }
        for sentence, own in enumerate(scores)
        for edge, score in enumerate(own)
    ]
    return pd.DataFrame(rows)


def test_agreement_of_masks_of_equal_size_by_hand() -> None:
    first = edges([[0.9, 0.8, 0.1, 0.0]] * 6)
    second = edges([[0.9, 0.1, 0.8, 0.0]] * 6, retained=4)
    names = ("a", "b")
    scores = join_scores({"a": first, "b": second})
    kept = at_equal_sparsity(scores, names)
    assert kept.sum(axis=0).tolist() == [12, 12]  # as many as the first retains, not the second's 4
    row = method_agreement(scores, kept, names, resampling=RESAMPLING).iloc[0]
    # per sentence: both keep edge 0, one keeps edge 1, the other edge 2, none edge 3
    assert row["n"] == 24
    assert row["share"] == 0.5
    assert row["raw_agreement"] == pytest.approx(0.5)
    assert row["cohen_kappa"] == pytest.approx(0.0)  # (0.5 - 0.5) / (1 - 0.5)
    assert row["gwet_ac1"] == pytest.approx(0.0)
    assert row["jaccard"] == pytest.approx(1 / 3)
    assert row["rank_correlation"] == pytest.approx(0.8)  # 1 - 6 * (1 + 1) / (4 * 15)
    assert row["rank_correlation_low"] == pytest.approx(0.8)  # all sentences are alike


def test_equal_methods_agree_and_constant_scores_do_not_correlate() -> None:
    own = edges([[0.9, 0.8, 0.1, 0.0]] * 6)
    names = ("a", "b", "flat")
    runs = {"a": own, "b": own.copy(), "flat": edges([[0.5] * 4] * 6)}
    scores = join_scores(runs)
    kept = at_equal_sparsity(scores, names)
    table = method_agreement(scores, kept, names, resampling=RESAMPLING)
    same, flat = table.iloc[0], table.iloc[1]
    assert (same["cohen_kappa"], same["rank_correlation"]) == (1.0, 1.0)
    assert np.isnan(flat["rank_correlation"])
    assert flat["examples"] == 0


def test_ties_are_broken_anew_for_every_method() -> None:
    flat = edges([[0.5] * 40] * 20, retained=20)
    names = ("a", "b")
    scores = join_scores({"a": flat, "b": flat.copy()})
    kept = at_equal_sparsity(scores, names, seed=3)
    row = method_agreement(scores, kept, names, resampling=RESAMPLING).iloc[0]
    assert abs(row["cohen_kappa"]) < 0.15
    assert np.array_equal(kept, at_equal_sparsity(scores, names, seed=3))


def test_scores_are_means_over_seeds_of_common_messages() -> None:
    one = edges([[0.2, 0.4, 0.0, 0.0]])
    both = pd.concat([one, one.assign(seed=1, score=one["score"] + 0.2)])
    found = join_scores({"a": both, "b": one[one["edge"] < 3]})
    assert found["a"].tolist() == pytest.approx([0.3, 0.5, 0.1])
    with pytest.raises(TableError, match="no message in common"):
        join_scores({"a": one, "b": one.assign(sentence=7)})


def test_labels_by_method() -> None:
    scores = join_scores({"a": edges([[0.9, 0.8, 0.1, 0.0]] * 6), "b": edges([[0, 1, 0, 1]] * 6)})
    kept = at_equal_sparsity(scores, ("a", "b"))
    table = method_labels(scores, kept, ("a", "b"), resampling=RESAMPLING)
    found = {(r.method, r.label): r.share for r in table.itertuples()}
    assert found["a", "obj"] == found["a", "nsubj"] == 0.5
    assert (found["b", "obj"], found["b", "nsubj"]) == (0.0, 1.0)
