"""Typed path patterns: counted by hand, planted lifts found, null patterns not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from linguagraph.aggregates import Resampling, typed_paths
from linguagraph.columns import PATHS
from linguagraph.errors import TableError


def paths_of(rows: list[tuple[int, int, str, int]], *, layers: int = 2) -> pd.DataFrame:
    """Rows of sentence, seed, path and length of the retained subpath."""
    frame = pd.DataFrame(rows, columns=["sentence", "seed", "path", "subpath_length"])
    constant = {
        **{"corpus": "toy", "document": "", "predicate_lemma": "see", "predicate_type": "V"},
        **{"model": "m", "method": "graphmask", "role": "A0", "gold_role": None},
        **{"predicate_index": 0, "argument_index": 1, "token_distance": 1},
    }
    frame = frame.assign(
        example=frame["sentence"], path_length=frame["path"].str.split().str.len(), **constant
    )
    return PATHS.check(frame.assign(retained_by_layer=[[0] * layers] * len(frame)))


BY_HAND = [
    (0, 0, "->nsubj", 1),
    (0, 0, "<-xcomp ->nsubj", 2),
    (1, 0, "<-xcomp ->nsubj", 1),
    (2, 0, "->obj", 0),
    (2, 0, "<-a <-xcomp ->nsubj", 2),
    (3, 0, "", 0),
]


def test_patterns_are_counted_as_by_hand() -> None:
    table = typed_paths(paths_of(BY_HAND), resampling=Resampling(min_n=1, min_sentences=2))
    table = table.set_index("pattern")
    assert list(table.index) == ["->nsubj", "<-xcomp ->nsubj", "->obj"]
    nsubj, both, obj = (row for _, row in table.iterrows())
    assert (nsubj["n"], nsubj["k"], nsubj["length"], nsubj["whole"]) == (4, 4, 1, 0.25)
    assert (both["n"], both["k"], both["length"]) == (3, 2, 2)
    assert both["whole"] == pytest.approx(2 / 3)
    assert nsubj["support"] == pytest.approx(4 / 5)
    assert nsubj["lift"] == pytest.approx(1 / (4 / 5))
    assert both["lift"] == pytest.approx(1)  # the only pattern of two edges
    assert np.isnan(both["p"])
    assert (obj["k"], obj["lift"]) == (0, 0)


def test_patterns_are_no_longer_than_there_are_layers_and_counted_per_seed() -> None:
    twice = BY_HAND + [(s, 1, path, k) for s, _, path, k in BY_HAND]
    table = typed_paths(paths_of(twice), resampling=Resampling(min_n=1, min_sentences=2))
    once = typed_paths(paths_of(BY_HAND), resampling=Resampling(min_n=1, min_sentences=2))
    same = ["pattern", "n", "k", "share", "support", "lift"]
    pd.testing.assert_frame_equal(table[same], once[same])
    single = typed_paths(paths_of(BY_HAND, layers=1), resampling=Resampling(min_n=1))
    assert set(single["length"]) == {1}
    assert single["low"].isna().all()  # four sentences are too few
    assert single["p"].isna().all()


def test_rare_patterns_and_empty_tables_give_no_rows() -> None:
    assert typed_paths(paths_of(BY_HAND), resampling=Resampling(min_n=5)).empty
    empty = typed_paths(PATHS.empty(), resampling=Resampling())
    assert empty.empty
    assert {"pattern", "support_low", "lift_high", "p_holm", "p_bh"} <= set(empty.columns)
    mixed = paths_of(BY_HAND)
    mixed["model"] = mixed["model"].astype(str)
    mixed.loc[0, "model"] = "other"
    with pytest.raises(TableError, match="one model at a time"):
        typed_paths(mixed, resampling=Resampling())


def drawn(seed: int, shares: dict[str, float], sentences: int = 150) -> pd.DataFrame:
    """Paths whose fate is partly shared by a sentence."""
    rng = np.random.default_rng(seed)
    names = list(shares)
    rows = []
    for sentence in range(sentences):
        luck = rng.random()
        for name in rng.choice(names, size=rng.integers(1, 6)):
            own = luck if rng.random() < 0.3 else rng.random()
            rows.append((sentence, 0, str(name), int(own < shares[str(name)])))
    return paths_of(rows)


def test_planted_lifts_are_found() -> None:
    shares = {"->nsubj": 0.9, "->obj": 0.5, "->obl": 0.5, "->advmod": 0.1}
    table = typed_paths(drawn(4, shares), resampling=Resampling()).set_index("pattern")
    assert next(iter(table.index)) == "->nsubj"
    assert table.loc["->nsubj", "lift_low"] > 1.3
    assert table.loc["->advmod", "lift_high"] < 0.7
    assert table.loc["->nsubj", "p_holm"] < 1e-6
    for name in ("->obj", "->obl"):
        assert table.loc[name, "lift_low"] < 1 < table.loc[name, "lift_high"]
    assert (table["p_bh"] <= table["p_holm"] + 1e-12).all()


def null_p(count: int, start: int) -> np.ndarray:
    shares = dict.fromkeys(("->a", "->b", "->c"), 0.4)
    few = Resampling(resamples=2)
    return np.array(
        [typed_paths(drawn(start + s, shares), resampling=few)["p"].min() for s in range(count)]
    )


def test_patterns_that_do_not_differ_are_rarely_significant() -> None:
    assert (null_p(10, 300) < 0.01).sum() <= 2


def test_patterns_of_fewer_than_ten_sentences_get_no_p_value() -> None:
    rows = [(s, 0, "->a", s % 2) for s in range(30)]
    for sentences, tested in ((9, False), (10, True)):
        rare = [(s, 0, "->b", 1) for s in range(sentences)] * 4
        table = typed_paths(paths_of(rows + rare), resampling=Resampling(resamples=2, min_n=30))
        assert table["p"].notna().tolist() == [tested, tested]
        assert table["p_bh"].notna().tolist() == [tested, tested]


@pytest.mark.slow
def test_rare_patterns_hold_the_family_wise_error() -> None:
    shares = {f"->{i}": 0.4 for i in range(40)}
    few = Resampling(resamples=1, min_n=10)
    tables = [typed_paths(drawn(20000 + s, shares, 250), resampling=few) for s in range(150)]
    assert np.mean([len(t) for t in tables]) > 30
    assert np.mean([(t["p_holm"] < 0.05).any() for t in tables]) <= 0.1


@pytest.mark.slow
def test_patterns_that_do_not_differ_have_uniform_p_values() -> None:
    shares = dict.fromkeys(("->a", "->b", "->c"), 0.4)
    few = Resampling(resamples=2)
    p = []
    for seed in range(400):
        table = typed_paths(drawn(7000 + seed, shares), resampling=few).set_index("pattern")
        p.append(table.loc["->a", "p"])
    assert kstest(p, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_intervals_of_a_lift_cover_it_at_their_level() -> None:
    shares = {"->a": 0.6, "->b": 0.3, "->c": 0.3}
    hits = []
    for seed in range(400):
        row = typed_paths(drawn(11000 + seed, shares), resampling=Resampling(resamples=500))
        row = row.set_index("pattern").loc["->a"]
        hits.append(row["lift_low"] <= 1.5 <= row["lift_high"])
    assert 0.92 <= np.mean(hits) <= 0.975
