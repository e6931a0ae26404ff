"""Differences of two runs by label: worked out by hand, planted, null, and against statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tables as synthetic
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_effectsize

from linguagraph.aggregates.differences import benjamini_hochberg, cohen_h, differences
from linguagraph.aggregates.label_distance import jensen_shannon, label_distances
from linguagraph.aggregates.levels import EdgeVotes, compile_votes, level_names
from linguagraph.aggregates.matching import match_examples, shared_edges
from linguagraph.aggregates.statistics import Resampling
from linguagraph.edges.storage import RunTables

QUICK = Resampling(resamples=200, min_n=1, min_sentences=1)

# sentence, layer, edge, label, retained by seed 0 and 1
FIRST = [
    (0, 0, 0, "nsubj", 1, 1),
    (0, 0, 1, "obj", 0, 1),
    (0, 1, 0, "nsubj", 0, 0),
    (0, 1, 1, "obj", 1, 0),
    (1, 0, 0, "nsubj", 0, 1),
    (1, 1, 0, "nsubj", 0, 0),
]
SECOND = [(0, 0, 0, "nsubj", 0, 0), (0, 0, 1, "obj", 1, 1), (1, 0, 0, "nsubj", 1, 0)]


def votes(rows: list[tuple[Any, ...]]) -> EdgeVotes:
    """Edges from the predicate (token 0) to token 1 + edge."""
    return compile_votes(
        synthetic.edges_of(
            [
                {"sentence": s, "example": s, "layer": layer, "edge": edge, "label": label}
                | {"target": 1 + edge, "seed": seed, "retained": bool(kept)}
                for s, layer, edge, label, *each in rows
                for seed, kept in enumerate(each)
            ]
        )
    )


def flipped(edges: pd.DataFrame, rng: np.random.Generator, chance: float) -> pd.DataFrame:
    """The same edges, each vote turned round with a chance."""
    return edges.assign(retained=edges["retained"].to_numpy() ^ (rng.random(len(edges)) < chance))


def test_levels_count_from_the_top_and_any_layer_takes_the_largest() -> None:
    first, second = votes(FIRST), votes(SECOND)
    assert (first.depth, second.depth, first.seeds) == (2, 1, 2)
    assert first.votes[0].tolist() == [[1, 1], [1, 1], [0, 1]]
    assert first.votes[1].tolist() == [[0, 0], [1, 0], [0, 0]]
    assert first.votes[2].tolist() == [[1, 1], [0, 1], [0, 1]]
    assert level_names([2, 1]) == ["any", "top", "top-1"]
    assert level_names([2, 2]) == ["any", "1", "0"]
    assert first.shares(0).tolist() == [1.0, 1.0, 0.5]


def test_shares_and_differences_by_hand() -> None:
    table = differences(votes(FIRST), votes(SECOND), level_names([2, 1]), resampling=QUICK)
    assert table["layer"].drop_duplicates().tolist() == ["any", "top"]
    whole = table[table["predicate_type"] == "all"].set_index(["layer", "label"])
    row = whole.loc["any", "nsubj"]
    assert (row["n_first"], row["share_first"]) == (2, 0.75)
    assert (row["n_second"], row["share_second"], row["difference"]) == (2, 0.25, -0.5)
    assert row["h"] == pytest.approx(proportion_effectsize(0.25, 0.75))
    assert whole.loc[("any", "obj"), "difference"] == 0
    assert whole.loc[("top", "nsubj"), "difference"] == 0.25
    assert whole.loc[("any", "all labels"), "share_first"] == pytest.approx(5 / 6)


def test_equal_runs_differ_in_nothing(make_tables: Callable[..., RunTables]) -> None:
    run = compile_votes(make_tables().edges)
    names = level_names([2, 2])
    table = differences(run, run, names, resampling=QUICK)
    assert not table["difference"].any()
    assert not table["h"].any()
    assert (table["low"] <= 0).all()
    assert (table["high"] >= 0).all()
    assert (table["p"].dropna() == 1).all()
    apart = label_distances(run, run, names, resampling=QUICK)
    known = apart.dropna(subset=["distance"])
    assert len(known)
    assert not known[["distance", "low", "high"]].to_numpy().any()


def test_a_planted_difference_is_found_and_no_other(make_tables: Callable[..., RunTables]) -> None:
    """Seeds of one run are the two models: without the plant, chance alone sets them apart."""
    edges = make_tables(sentences=200, seeds=10, noise=0.1).edges
    base, other = edges[edges["seed"] < 5], edges[edges["seed"] >= 5].copy()
    planted = (other["label"] == "dep1") & (other["direction"] == "->")
    other.loc[planted & (other["edge"] % 4 != 0), "retained"] = False
    first, second = compile_votes(base), compile_votes(other)
    table = differences(first, second, level_names([2, 2]), resampling=Resampling(resamples=200))
    whole = table[(table["predicate_type"] == "all") & (table["layer"] == "1")]
    found = whole.set_index(["label", "direction"])
    row = found.loc["dep1", "->"]
    assert row["difference"] < -0.2
    assert row["high"] < 0
    assert row["p_holm"] < 1e-6
    others = found.drop(index=[("dep1", "->"), ("all labels", "")])
    assert len(others) == 11
    assert (others["p_holm"] > 0.05).all()


def test_small_cells_are_not_tested(make_tables: Callable[..., RunTables]) -> None:
    run = compile_votes(make_tables(sentences=60).edges)
    strict = Resampling(resamples=50, min_n=200)
    table = differences(run, run, level_names([2, 2]), resampling=strict)
    assert table["small"].any()
    assert not table["small"].all()
    assert table.loc[table["small"], ["p", "p_holm", "p_bh"]].isna().all(axis=None)
    assert table.loc[~table["small"], "p"].notna().all()


def test_corrections_equal_those_of_statsmodels() -> None:
    p = np.array([0.001, np.nan, 0.04, 0.03, 0.8, 0.0])
    known = ~np.isnan(p)
    expected = multipletests(p[known], method="fdr_bh")[1]
    assert benjamini_hochberg(p)[known] == pytest.approx(expected)
    assert np.isnan(benjamini_hochberg(p)[1])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()
    shares = np.array([0.0, 0.2, 1.0]), np.array([1.0, 0.5, 0.9])
    assert cohen_h(*shares) == pytest.approx(proportion_effectsize(shares[1], shares[0]))


def test_jensen_shannon_by_hand() -> None:
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 5.0])) == 1
    assert jensen_shannon(np.array([2.0, 2]), np.array([5.0, 5])) == 0
    # p = 1 0, q = 1/2 1/2, their mean 3/4 1/4: 0.811278 - 1/2 bits
    assert jensen_shannon(np.array([3.0, 0]), np.array([1.0, 1])) == pytest.approx(
        0.311278, abs=1e-6
    )
    assert np.isnan(jensen_shannon(np.zeros(2), np.ones(2)))


def test_distance_of_labels_stands_beside_its_references(
    make_tables: Callable[..., RunTables],
) -> None:
    base = make_tables(sentences=150, seeds=3, noise=0.02)
    same = replace(base, edges=flipped(base.edges, np.random.default_rng(5), 0.02))
    other = make_tables(sentences=150, seeds=3, noise=0.02, retention={3: 0.9, 4: 0.5})
    names = level_names([2, 2])
    near, far = (
        label_distances(
            compile_votes(base.edges), compile_votes(run.edges), names, resampling=QUICK
        ).iloc[0]
        for run in (same, other)
    )
    assert far["distance"] > 0.5
    assert far["low"] <= far["distance"] <= far["high"]
    assert far["low"] > 5 * max(far["seeds_first"], far["seeds_second"])
    assert near["distance"] < 0.2
    assert near["between_runs"] == pytest.approx(near["seeds_second"], abs=0.1)


def thinned(rng: np.random.Generator, sentences: int, shares: tuple[float, float]) -> pd.Series:
    """Distance between two runs that retain different amounts, the same of every label."""
    size = rng.integers(5, 30, size=sentences)
    sentence = np.repeat(np.arange(sentences), size)
    label = rng.choice(20, size=len(sentence), p=rng.dirichlet(np.full(20, 0.5)))
    table = pd.DataFrame({"label": pd.Categorical([f"dep{i}" for i in label])})
    table["direction"] = table["predicate_type"] = pd.Categorical(["x"] * len(table))
    runs = []
    for share in shares:
        kept = (rng.random((1, len(sentence), 1)) < share).astype(np.int8)
        runs.append(EdgeVotes(table, np.arange(len(table)), kept, 0, sentence, sentence))
    return label_distances(*runs, ["any"], resampling=QUICK).iloc[0]


def test_retaining_less_alone_is_no_distance_between_labels() -> None:
    rng = np.random.default_rng(0)
    row = thinned(rng, 200, (0.3, 0.03))
    assert row["retained_first"] > 5 * row["retained_second"]
    assert row["distance"] > 0  # as an estimate from counts
    assert row["low"] == 0
    assert {"p", "exchanged"}.isdisjoint(row.index)


@pytest.mark.slow
@pytest.mark.parametrize("shares", [(0.3, 0.3), (0.3, 0.1), (0.3, 0.03)])
def test_intervals_of_a_distance_leave_0_no_more_often_than_they_say(
    shares: tuple[float, float],
) -> None:
    rng = np.random.default_rng(6)
    rows = [thinned(rng, 200, shares) for _ in range(150)]
    assert np.mean([row["low"] > 0 for row in rows]) <= 0.05


def test_only_common_examples_and_edges_are_matched() -> None:
    extra = [(2, 0, 0, "obj", 1, 1)]
    matched = match_examples([votes(FIRST), votes([*SECOND, *extra])])
    assert (matched.examples, matched.left_out) == (2, (0, 1))
    other = [(0, 0, 0, "nsubj", 1, 1), (0, 0, 1, "iobj", 1, 1), (1, 0, 0, "nsubj", 0, 0)]
    places = shared_edges(votes(FIRST), votes(other))
    assert [place.tolist() for place in places] == [[0, 2], [0, 2]]


def simulated(rng: np.random.Generator, sentences: int, apart: float) -> tuple[EdgeVotes, ...]:
    """Two runs whose votes share sentence effects; ``apart``: true difference of the shares."""
    level = rng.beta(4, 6, size=sentences)
    size = rng.integers(2, 12, size=sentences)
    sentence = np.repeat(np.arange(sentences), size)
    edge = np.arange(len(sentence)) - np.repeat(np.cumsum(size) - size, size)
    table = pd.DataFrame({"label": pd.Categorical(["a"] * len(sentence)), "source": 0})
    table["target"] = 1 + edge
    table["direction"] = table["kind"] = table["predicate_type"] = table["label"]
    shared = rng.random(len(sentence))
    runs = []
    for shift in (-apart / 2, apart / 2):
        own = np.where(rng.random(len(sentence)) < 0.5, shared, rng.random(len(sentence)))
        kept = (own < level[sentence] + shift).astype(np.int8)
        each = np.stack([kept, kept])[:, :, None]
        key = sentence.astype(np.int64)
        runs.append(EdgeVotes(table, np.arange(len(sentence)), each, 1, key, key))
    return tuple(runs)


@pytest.mark.slow
def test_p_values_are_uniform_without_a_difference() -> None:
    rng = np.random.default_rng(0)
    plain = Resampling(resamples=1, min_n=1)
    p = [
        differences(*simulated(rng, 120, 0.0), ["any"], resampling=plain)["p"].iloc[0]
        for _ in range(1500)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.018)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [0.0, 0.15])
def test_intervals_cover_the_true_difference(apart: float) -> None:
    rng = np.random.default_rng(3)
    plain = Resampling(resamples=400, min_n=1)
    rows = [
        differences(*simulated(rng, 120, apart), ["any"], resampling=plain).iloc[0]
        for _ in range(500)
    ]
    covered = np.mean([row["low"] <= apart <= row["high"] for row in rows])
    assert 0.92 <= covered <= 0.98
