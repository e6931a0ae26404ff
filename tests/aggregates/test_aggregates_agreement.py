from collections.abc import Callable

import numpy as np
import pytest
import tables as synthetic

from linguagraph.aggregates import Resampling, agreement, compile_items
from linguagraph.aggregates.agreement import coefficients
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError

QUICK = Resampling(resamples=200, min_n=1)


def test_the_small_run_by_hand(small_tables: RunTables) -> None:
    row = agreement(compile_items(small_tables.edges), resampling=QUICK).iloc[0]
    # 28 items, 2 raters, 26 unanimous, 12 of 56 votes: P = 26/28, Pe = (9 + 121) / 196
    assert row["n"] == 28
    assert row["raw_agreement"] == pytest.approx(26 / 28)
    assert row["prevalence"] == pytest.approx(3 / 14)
    assert row["fleiss_kappa"] == pytest.approx(52 / 66)
    assert row["gwet_ac1"] == pytest.approx((26 / 28 - 66 / 196) / (130 / 196))
    assert row["krippendorff_alpha"] == pytest.approx(1 - (2 / 28) / (2 * 12 * 44 / (56 * 55)))
    assert row["reason"] == ""


def test_fleiss_own_example_in_two_categories() -> None:
    # 14 raters; counts of one category for 10 subjects (Fleiss 1971's table, first column)
    k = np.array([0, 0, 0, 0, 2, 7, 3, 2, 6, 0], dtype=float)
    values = coefficients(np.array(10.0), k.sum(), (k**2).sum(), 14)
    from statsmodels.stats.inter_rater import fleiss_kappa

    table = np.column_stack([k, 14 - k]).astype(int)
    assert values["fleiss_kappa"] == pytest.approx(fleiss_kappa(table))


def test_krippendorffs_alpha_against_its_definition() -> None:
    # coincidence matrix, written out: alpha = 1 - (n - 1) * o_01 / (n_0 * n_1)
    votes = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    k, m = votes.sum(axis=1).astype(float), 3
    off = sum(
        int(u[i] != u[j]) / (m - 1) for u in votes for i in range(m) for j in range(m) if i != j
    )
    n, ones = votes.size, votes.sum()
    expected = 1 - (n - 1) * (off / 2) / (ones * (n - ones))
    values = coefficients(np.array(4.0), k.sum(), (k**2).sum(), m)
    assert values["krippendorff_alpha"] == pytest.approx(expected)


def test_closed_form_equals_statsmodels_by_label(make_tables: Callable[..., RunTables]) -> None:
    items = compile_items(make_tables(seeds=4, noise=0.1).edges)
    table = agreement(items, by=("label", "direction"), resampling=QUICK)
    label, names = items.codes("label")
    direction, arrows = items.codes("direction")
    for _, row in table.iterrows():
        here = (label == names.index(row["label"])) & (direction == arrows.index(row["direction"]))
        k = items.retained[here].astype(float)
        values = coefficients(np.array(float(here.sum())), k.sum(), (k**2).sum(), 4)
        assert row["fleiss_kappa"] == pytest.approx(float(values["fleiss_kappa"]))
        assert row["fleiss_kappa_low"] <= row["fleiss_kappa"] <= row["fleiss_kappa_high"]


def test_per_layer(small_tables: RunTables) -> None:
    table = agreement(compile_items(small_tables.edges), by=("layer",), resampling=QUICK)
    assert table["layer"].tolist() == ["0", "1"]
    assert table["fleiss_kappa"][0] == 1
    assert table["raw_agreement"][1] == pytest.approx(12 / 14)


@pytest.mark.parametrize(
    ("votes", "reason"),
    [
        ([False, False], "every seed calls every edge superfluous"),
        ([True, True], "every seed retains every edge"),
        ([True], "fewer than two seeds"),
    ],
)
def test_undefined_kappa_says_why(votes: list[bool], reason: str) -> None:
    rows = [
        {"edge": e, "seed": s, "retained": vote, "sentence": e, "example": e}
        for s, vote in enumerate(votes)
        for e in range(4)
    ]
    row = agreement(compile_items(synthetic.edges_of(rows)), resampling=QUICK).iloc[0]
    assert np.isnan(row["fleiss_kappa"])
    assert np.isnan(row["fleiss_kappa_low"])
    assert row["reason"] == reason
    if len(votes) == 2:
        assert row["raw_agreement"] == 1
        assert row["gwet_ac1"] == 1


def test_seeds_that_answer_at_random_have_no_kappa() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"sentence": e // 10, "edge": e, "seed": s, "retained": bool(rng.random() < 0.1)}
        for s in range(3)
        for e in range(600)
    ]
    row = agreement(compile_items(synthetic.edges_of(rows)), resampling=QUICK).iloc[0]
    assert row["fleiss_kappa_low"] < 0 < row["fleiss_kappa_high"]
    assert row["raw_agreement"] == pytest.approx(0.82, abs=0.03)  # high all the same


def test_items_that_a_seed_did_not_rate_are_left_out_and_counted() -> None:
    rows = [{"edge": e, "seed": s, "retained": e == 0} for s in (0, 1) for e in range(4)]
    row = agreement(compile_items(synthetic.edges_of(rows[:-1])), resampling=QUICK).iloc[0]
    assert (row["n"], row["incomplete"]) == (3, 1)
    assert row["fleiss_kappa"] == 1


def test_empty_table_has_a_reason() -> None:
    row = agreement(compile_items(synthetic.empty_run().edges), resampling=QUICK).iloc[0]
    assert row["reason"] == "fewer than two seeds"


def test_unknown_split_is_refused(small_tables: RunTables) -> None:
    with pytest.raises(ConfigError, match="known: layer, label, direction, predicate_type"):
        agreement(compile_items(small_tables.edges), by=("lemma",), resampling=QUICK)


def test_interval_resamples_sentences() -> None:
    # one sentence disagrees about everything, nine about nothing: the interval must be wide
    rows = [
        {
            "sentence": s,
            "example": s,
            "edge": e,
            "seed": r,
            "retained": e % 2 == (r if s == 0 else 0),
        }
        for s in range(10)
        for e in range(40)
        for r in (0, 1)
    ]
    row = agreement(compile_items(synthetic.edges_of(rows)), resampling=QUICK).iloc[0]
    assert row["fleiss_kappa"] == pytest.approx(0.8)
    assert row["fleiss_kappa_low"] < 0.6
    assert row["fleiss_kappa_high"] == 1


def test_two_seeds_and_a_rare_category_as_in_gwets_example() -> None:
    """125 items, 118 retained by both, 5 and 2 by one, none by neither (Gwet 2008): by hand."""
    both, one = 118, 7
    votes = np.array([2.0 * both + one])
    squares = np.array([4.0 * both + one])
    found = coefficients(np.array([125.0]), votes, squares, 2)
    assert found["raw_agreement"][0] == pytest.approx(118 / 125)
    p = 243 / 250
    chance = 2 * p * (1 - p)
    assert found["gwet_ac1"][0] == pytest.approx((0.944 - chance) / (1 - chance))
    assert found["gwet_ac1"][0] == pytest.approx(0.9408, abs=1e-4)
    assert found["fleiss_kappa"][0] == pytest.approx(-0.0288, abs=1e-4)
    table = np.array([[2, 0]] * both + [[1, 1]] * one)
    from statsmodels.stats.inter_rater import fleiss_kappa

    assert found["fleiss_kappa"][0] == pytest.approx(fleiss_kappa(table))
