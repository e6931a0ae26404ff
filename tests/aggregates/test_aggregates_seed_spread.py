"""Seeds in the differences of two runs: by hand, halves of one run, and simulated error rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from linguagraph.aggregates.differences import differences, paired_table
from linguagraph.aggregates.levels import EdgeVotes, compile_votes, level_names
from linguagraph.aggregates.seed_spread import seed_spread
from linguagraph.aggregates.statistics import FloatArray, Resampling
from linguagraph.edges.storage import RunTables

PLAIN = Resampling(resamples=20, min_n=1)


def test_variance_and_freedom_are_those_of_welch() -> None:
    first, second = np.array([3.0, 5.0, 4.0, 8.0]), np.array([7.0, 9.0, 9.0])
    n = (np.full((4, 1), 10.0), np.full((3, 1), 10.0))
    found = seed_spread((first[:, None], second[:, None]), n)
    assert found is not None
    welch = stats.ttest_ind(second / 10, first / 10, equal_var=False)
    apart = second.mean() / 10 - first.mean() / 10
    assert apart / np.sqrt(found.variance[0]) == pytest.approx(welch.statistic)
    assert found.freedom[0] == pytest.approx(welch.df)


def test_one_seed_adds_nothing_and_equal_seeds_no_variance() -> None:
    n = np.full((1, 2), 10.0)
    assert seed_spread((n, n), (n, n)) is None
    two, totals = np.array([[4.0, 3.0], [6.0, 3.0]]), np.full((2, 2), 10.0)
    found = seed_spread((two, n), (totals, n))
    assert found is not None
    assert found.variance.tolist() == pytest.approx([0.02 / 2, 0.0])
    assert found.freedom.tolist() == [1.0, np.inf]


def test_seeds_widen_intervals_and_never_lower_p() -> None:
    rng = np.random.default_rng(0)
    totals, index = np.full((40, 1), 10.0), pd.DataFrame({"label": ["x"]})
    hits = tuple(rng.binomial(10, p, size=(40, 1)).astype(float) for p in (0.3, 0.5))
    plain = paired_table(index, hits, (totals, totals), resampling=Resampling(resamples=200))
    seeds = (np.array([[90.0], [150]]), np.array([[180.0], [220]]))
    spread = seed_spread(seeds, (np.full((2, 1), 400.0), np.full((2, 1), 400.0)))
    assert spread is not None
    wide = paired_table(
        index, hits, (totals, totals), resampling=Resampling(resamples=200), seeds=spread
    )
    before, after = plain.iloc[0], wide.iloc[0]
    assert before["p"] < 1e-6
    assert after["p"] > 0.05
    assert after["low"] < 0 < before["low"]
    assert after["high"] > before["high"]
    assert np.isnan(before["seed_error"])
    margin = stats.t.ppf(0.975, spread.freedom[0]) * after["seed_error"]
    joined = np.hypot(margin, before["difference"] - before["low"])
    assert after["low"] == pytest.approx(before["difference"] - joined)


def halves(run: EdgeVotes, first: list[int], second: list[int]) -> tuple[EdgeVotes, EdgeVotes]:
    """Some seeds of a run, and others."""
    return tuple(replace(run, votes=run.votes[:, :, part]) for part in (first, second))  # type: ignore[return-value]


def probed(run: EdgeVotes, rng: np.random.Generator, seeds: int, noise: float) -> EdgeVotes:
    """The run's first seed, with votes for each label that a probe's taste of its own moves."""
    codes, names = run.codes("label")
    taste = rng.normal(0, noise, size=(seeds, len(names)))
    luck = rng.random((len(codes), 1)) * 0.5 + rng.random((len(codes), seeds)) * 0.5
    kept = (luck < np.clip(0.4 + taste[:, codes].T, 0.02, 0.98)).astype(np.int8)
    return replace(run, votes=np.stack([kept] * (1 + run.depth)))


def test_halves_of_the_seeds_of_one_run_do_not_differ(
    make_tables: Callable[..., RunTables],
) -> None:
    run = compile_votes(make_tables(sentences=150, seeds=1).edges)
    names = level_names([run.depth] * 2)
    noisy = probed(run, np.random.default_rng(1), 5, 0.15)
    table = differences(*halves(noisy, [0, 1], [2, 3, 4]), names, resampling=PLAIN)
    assert (table["p_holm"] < 0.05).mean() <= 0.05
    assert table["seed_error"].max() > 0.02
    fixed = differences(*halves(noisy, [0], [1]), names, resampling=PLAIN)
    assert fixed["seed_error"].isna().all()
    assert (fixed["p_holm"] < 0.05).mean() > 0.2  # of two probes held fixed it is true


def null_table(
    rng: np.random.Generator, seeds: tuple[int, int], noise: float, resampling: Resampling
) -> pd.DataFrame:
    """Differences of 60 cells of two runs on 200 sentences whose probes come from one source."""
    sentences, cells = 200, 60
    n = rng.poisson(rng.choice([0.3, 1, 3], size=cells), size=(sentences, cells))
    base = rng.normal(-1, 1, size=cells) + rng.normal(0, 0.7, size=(sentences, cells))
    hits: list[FloatArray] = []
    for count in seeds:
        logit = base + rng.normal(0, noise, size=(count, 1, cells))
        hits.append(rng.binomial(n, 1 / (1 + np.exp(-logit))).astype(float))
    n = n.astype(float)
    own = tuple(np.repeat(n.sum(axis=0)[None], len(h), axis=0) for h in hits)
    spread = seed_spread((hits[0].sum(axis=1), hits[1].sum(axis=1)), (own[0], own[1]))
    means = (hits[0].mean(axis=0), hits[1].mean(axis=0))
    index = pd.DataFrame({"label": range(cells)})
    return paired_table(index, means, (n, n), resampling=resampling, seeds=spread)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(5, 5), (2, 3), (2, 4)])
@pytest.mark.parametrize("noise", [0.05, 0.2, 1.0])
def test_probe_noise_holds_the_family_wise_error(seeds: tuple[int, int], noise: float) -> None:
    rng = np.random.default_rng(8)
    tables = [null_table(rng, seeds, noise, PLAIN) for _ in range(150)]
    assert np.mean([(t["p_holm"] < 0.05).any() for t in tables]) <= 0.1
    assert np.mean([(t["p"] < 0.05).mean() for t in tables]) <= 0.055


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(5, 5), (2, 3)])
def test_intervals_hold_the_noise_of_probes(seeds: tuple[int, int]) -> None:
    rng = np.random.default_rng(9)
    tables = [null_table(rng, seeds, 0.5, Resampling(resamples=200)) for _ in range(30)]
    covered = [((t["low"] <= 0) & (t["high"] >= 0)).mean() for t in tables]
    assert 0.94 <= np.mean(covered) <= 0.995
