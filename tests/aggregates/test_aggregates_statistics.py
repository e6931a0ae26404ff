import numpy as np
import pandas as pd
import pytest
from scipy import stats

from linguagraph.aggregates.contrasts import contrast_table, holm
from linguagraph.aggregates.prf import interval
from linguagraph.aggregates.statistics import (
    Resampling,
    mark_small_cells,
    percentile_interval,
    ratio_table,
    resample,
    wilson,
)
from linguagraph.errors import ConfigError

QUICK = Resampling(resamples=400, min_n=1, min_sentences=1)


def test_wilson_matches_published_values() -> None:
    # Newcombe (1998), table I: 81/263, 15/148, 0/20, 1/29, 29/29
    low, high = wilson([81, 15, 0, 1, 29], [263, 148, 20, 29, 29])
    assert np.round(low, 4).tolist() == [0.2553, 0.0624, 0.0, 0.0061, 0.8830]
    assert np.round(high, 4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718, 1.0]


def test_wilson_of_nothing_is_undefined() -> None:
    low, high = wilson(0, 0)
    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.parametrize(
    "options", [{"resamples": 0}, {"level": 1.0}, {"level": 0.0}, {"min_n": -1}]
)
def test_resampling_refuses_useless_values(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        Resampling(**options)  # type: ignore[arg-type]


def test_resample_adds_up_and_is_seeded() -> None:
    counts = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    (first,) = resample(counts, resampling=QUICK)
    (second,) = resample(counts, resampling=QUICK)
    assert first.total.tolist() == [7.0, 70.0]
    assert first.sentences.tolist() == [3, 3]
    assert (first.samples == second.samples).all()
    assert (first.samples[:, 1] == 10 * first.samples[:, 0]).all()  # whole sentences are drawn
    possible = {a + b + c for a in (1, 2, 4) for b in (1, 2, 4) for c in (1, 2, 4)}
    assert set(first.samples[:, 0]) <= possible
    (other,) = resample(counts, resampling=Resampling(resamples=400, seed=1, min_sentences=1))
    assert (first.samples != other.samples).any()


def test_resample_keeps_shapes_and_pairs_arrays() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=(6, 2, 3)).astype(float), rng.integers(5, size=(6, 1)).astype(float)
    first, second = resample(a, b, resampling=QUICK)
    assert first.samples.shape == (400, 2, 3)
    assert second.samples.shape == (400, 1)
    (alone,) = resample(a, resampling=QUICK)
    assert (alone.samples == first.samples).all()


def test_resample_of_no_sentences_is_zero() -> None:
    (sums,) = resample(np.zeros((0, 2)), resampling=QUICK)
    assert sums.total.tolist() == [0.0, 0.0]
    assert not sums.samples.any()


def test_bootstrap_resamples_sentences_not_edges() -> None:
    # 20 sentences of 50 edges, each all retained or not at all: the interval must be that of 20
    # independent cases, about 0.5 +- 0.22, not of 1000, about 0.5 +- 0.03
    hits = np.repeat([50.0, 0.0], 10)[:, None]
    kept, edges = resample(hits, np.full((20, 1), 50.0), resampling=Resampling(resamples=2000))
    row = ratio_table(kept, edges, resampling=QUICK).iloc[0]
    assert row["share"] == 0.5
    assert row["low"] == pytest.approx(0.28, abs=0.04)
    assert row["high"] == pytest.approx(0.72, abs=0.04)
    assert row["interval"] == "bootstrap"


def test_coverage_is_close_to_the_level() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        n = rng.integers(5, 30, size=60)
        p = rng.beta(3, 7, size=60)  # sentences differ: edges are correlated, mean 0.3
        k = rng.binomial(n, p)
        sums = resample(
            k[:, None].astype(float),
            n[:, None].astype(float),
            resampling=Resampling(resamples=300, seed=seed),
        )
        row = ratio_table(*sums, resampling=QUICK).iloc[0]
        covered += row["low"] <= 0.3 <= row["high"]
    assert 0.88 <= covered / 200 <= 1.0


def test_shares_of_zero_and_one_get_wilson_over_sentences() -> None:
    hits = np.tile([0.0, 10.0, 5.0], (20, 1))
    kept, edges = resample(hits, np.full((20, 3), 10.0), resampling=QUICK)
    table = ratio_table(kept, edges, resampling=QUICK, ratings=2)
    assert table["interval"].tolist() == ["wilson", "wilson", "bootstrap"]
    assert table["n"].tolist() == [100, 100, 100]
    assert table["k"].tolist() == [0.0, 100.0, 50.0]
    assert table["low"].tolist()[:2] == pytest.approx([0.0, 0.8389], abs=1e-4)  # Wilson of 20/20
    assert table["high"].tolist()[:2] == pytest.approx([0.1611, 1.0], abs=1e-4)  # and of 0/20


def test_one_sentence_gets_the_wilson_interval_and_no_case_none() -> None:
    hits, totals = np.array([[3.0, 0.0]]), np.array([[10.0, 0.0]])
    table = ratio_table(*resample(hits, totals, resampling=QUICK), resampling=QUICK)
    assert table["interval"].tolist() == ["wilson", "none"]
    assert table["low"][0] < 0.3 < table["high"][0]
    assert table.loc[1, ["share", "low", "high"]].isna().all()


def test_data_with_too_few_sentences_have_no_intervals() -> None:
    hits, totals = np.array([[3.0, 0.0, 10.0]] * 4), np.full((4, 3), 10.0)
    plain = Resampling(resamples=50, min_n=1)
    table = ratio_table(*resample(hits, totals, resampling=plain), resampling=plain)
    assert table["interval"].tolist() == ["none"] * 3
    assert table["share"].tolist() == [0.3, 0.0, 1.0]
    assert table[["low", "high"]].isna().all(axis=None)
    (sums,) = resample(hits, resampling=plain)
    assert np.isnan(interval(np.array([0.5, 0.0, 1.0]), sums.samples, 4, resampling=plain)).all()
    row = contrast_table(
        pd.DataFrame({"label": list("xyz")}), hits, totals, totals, totals, resampling=plain
    )
    assert row[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert row["difference"].tolist() == [-0.7, -1.0, 0.0]
    five = [np.concatenate([a, a[:1]]) for a in (hits, totals)]
    table = ratio_table(*resample(*five, resampling=plain), resampling=plain)
    assert table["interval"].tolist() == ["bootstrap", "wilson", "wilson"]
    assert table[["low", "high"]].notna().all(axis=None)


def test_percentile_interval_leaves_undefined_resamples_out() -> None:
    samples = np.column_stack(
        [np.arange(101.0), np.r_[np.nan, np.arange(1.0, 101)], [np.nan] * 101]
    )
    low, high = percentile_interval(samples, level=0.9)
    assert low[:2].tolist() == pytest.approx([5.0, 5.95])
    assert high[:2].tolist() == pytest.approx([95.0, 95.05])
    assert np.isnan([low[2], high[2]]).all()


def test_small_cells_are_marked() -> None:
    table = mark_small_cells(pd.DataFrame({"n": [29, 30]}), min_n=30)
    assert table["small"].tolist() == [True, False]


def test_holm_matches_statsmodels_and_keeps_nan() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.array([0.01, 0.04, 0.03, 0.005, 0.2])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    with_nan = holm(np.insert(p, 2, np.nan))
    assert np.isnan(with_nan[2])
    assert np.delete(with_nan, 2) == pytest.approx(holm(p))


def _contrast(first: list[float], second: list[float], size: float = 10.0) -> pd.Series:
    a, b = np.array(first)[:, None], np.array(second)[:, None]
    totals = np.full_like(a, size)
    return contrast_table(
        pd.DataFrame({"label": ["x"]}), a, totals, b, totals, resampling=QUICK
    ).iloc[0]


def test_contrast_of_equal_shares_is_nothing() -> None:
    row = _contrast([3.0, 5.0] * 20, [5.0, 3.0] * 20)
    assert row["difference"] == 0
    assert row["low"] < 0 < row["high"]
    assert row["p"] == 1.0


def test_contrast_finds_a_difference_and_its_direction() -> None:
    row = _contrast([8.0, 9.0] * 20, [3.0, 4.0] * 20)
    assert row["difference"] == pytest.approx(0.5)
    assert row["low"] > 0.4
    assert row["p_holm"] < 1e-6


def test_contrast_of_constant_shares_keeps_a_width() -> None:
    row = _contrast([10.0] * 20, [0.0] * 20)
    assert row["difference"] == 1
    assert 0.7 < row["low"] < 0.9
    assert row["high"] == 1
    assert 0 < row["p"] < 1e-6


def test_few_contributing_sentences_get_no_p_value() -> None:
    """Two sentences prove nothing, however many edges they have."""
    for first, second in ((10.0, 0.0), (6.0, 3.0)):
        few, enough = (_contrast([first] * n, [second] * n) for n in (9, 10))
        assert np.isnan(few["p"])
        assert np.isnan(few["p_holm"])
        assert few["low"] > 0
        assert 0 <= enough["p"] < 0.01


def test_p_values_are_those_of_a_paired_t_test_where_sentences_are_equal() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(2, 9, size=(2, 12)).astype(float)
    row = _contrast(list(a), list(b))
    assert row["p"] == pytest.approx(stats.ttest_rel(a, b).pvalue)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sentences", "cells", "used"), [(10, 40, 10), (500, 100, 8), (500, 100, 15), (500, 100, 30)]
)
def test_rare_cells_hold_the_family_wise_error(sentences: int, cells: int, used: int) -> None:
    rng = np.random.default_rng(used)
    index, wrong = pd.DataFrame({"label": [str(i) for i in range(cells)]}), 0
    for _ in range(200):
        n = np.zeros((sentences, cells))
        for cell in range(cells):
            places = rng.choice(sentences, used, replace=False)
            n[places, cell] = rng.integers(2, 9, size=used)
        a, b = (rng.binomial(n.astype(int), rng.beta(2, 3, size=n.shape)) for _ in range(2))
        counts = (a.astype(float), n, b.astype(float), n)
        wrong += (
            contrast_table(index, *counts, resampling=Resampling(resamples=1))["p_holm"] < 0.05
        ).any()
    assert wrong / 200 <= 0.13


def test_type_one_errors_of_the_contrast_stay_near_the_level() -> None:
    rng = np.random.default_rng(3)
    n = np.full((80, 300), 6.0)
    a, b = (rng.binomial(6, rng.beta(2, 3, size=(80, 300))).astype(float) for _ in range(2))
    index = pd.DataFrame({"label": [str(i) for i in range(300)]})
    p = contrast_table(index, a, n, b, n, resampling=Resampling(resamples=10))["p"]
    assert 0.02 < (p < 0.05).mean() < 0.09
