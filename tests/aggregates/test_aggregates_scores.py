"""Faithfulness and roles, against counts made by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates import Resampling, faithfulness, faithfulness_by_seed, roles
from linguagraph.columns import ROLES, SCORES
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

QUICK = Resampling(resamples=200, min_n=1, min_sentences=1)


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_scores_of_the_small_run(small_tables: RunTables) -> None:
    table = faithfulness(small_tables.scores, resampling=QUICK)
    original = one(table, condition="original", predicate_type="all")
    assert original["f1"] == pytest.approx(3 / 5)
    assert original["difference"] == original["difference_low"] == original["difference_high"] == 0
    masked = one(table, condition="retained_100", predicate_type="all")
    # seed 0: 3 correct of 4, gold 5; seed 1: 2 correct of 4
    assert masked["f1"] == pytest.approx((6 / 9 + 4 / 9) / 2)
    assert masked["f1_sd"] == pytest.approx(np.std([6 / 9, 4 / 9], ddof=1))
    assert masked["precision"] == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert masked["difference"] == pytest.approx(5 / 9 - 3 / 5)
    assert masked["difference_sd"] == masked["f1_sd"]
    assert (masked["edges"], masked["kept"]) == (28, pytest.approx(12 / 56))
    assert masked["kept_low"] <= masked["kept"] <= masked["kept_high"]
    nominal = one(table, condition="retained_100", predicate_type="N")
    assert (nominal["gold"], nominal["f1"]) == (1, 0)


def test_no_prediction_has_no_precision_but_an_f1_of_zero(small_tables: RunTables) -> None:
    row = one(
        faithfulness(small_tables.scores, resampling=QUICK),
        condition="retained_0",
        predicate_type="N",
    )
    assert np.isnan(row["precision"])
    assert row["f1"] == 0
    assert np.isnan(row["f1_sd"])


def test_estimates_lie_in_their_intervals(make_tables: Callable[..., RunTables]) -> None:
    table = faithfulness(make_tables().scores, resampling=QUICK)
    for name in ("precision", "recall", "f1", "difference", "kept"):
        assert (table[f"{name}_low"] <= table[name] + 1e-12).all(), name
        assert (table[name] <= table[f"{name}_high"] + 1e-12).all(), name


def test_differences_are_paired_over_sentences(make_tables: Callable[..., RunTables]) -> None:
    scores = make_tables(sentences=200).scores
    twin = scores[scores["condition"] == "original"].assign(condition="retained_100", seed=0)
    both = pd.concat([scores[scores["condition"] == "original"], twin], ignore_index=True)
    row = one(faithfulness(both, resampling=QUICK), condition="retained_100", predicate_type="all")
    assert row["difference_low"] == row["difference_high"] == 0
    assert row["f1_low"] < row["f1_high"]


def test_another_reference(make_tables: Callable[..., RunTables]) -> None:
    scores = make_tables().scores
    table = faithfulness(scores, resampling=QUICK, reference="retained_100")
    whole = table[table["predicate_type"] == "all"].set_index("condition")
    assert whole.loc["retained_100", "difference"] == 0
    assert whole.loc["random", "difference"] == pytest.approx(
        whole.loc["random", "f1"] - whole.loc["retained_100", "f1"]
    )
    nowhere = faithfulness(scores, resampling=QUICK, reference="absent")
    assert nowhere["difference"].isna().all()


def test_conditions_keep_the_order_of_the_report(make_tables: Callable[..., RunTables]) -> None:
    scores = make_tables().scores
    extra = scores[scores["condition"] == "random"].assign(condition="another")
    table = faithfulness(pd.concat([extra, scores]), resampling=QUICK)
    names = table["condition"].unique().tolist()
    assert names[:2] == ["original", "retained_100"]
    assert names[-1] == "another"


def test_scores_per_seed(small_tables: RunTables) -> None:
    table = faithfulness_by_seed(small_tables.scores)
    assert table["condition"].tolist() == ["original", "retained_100", "retained_100", "retained_0"]
    assert table["seed"].tolist() == [-1, 0, 1, 0]
    assert table["f1"].tolist() == pytest.approx([3 / 5, 6 / 9, 4 / 9, 0])
    assert table["kept"].tolist() == pytest.approx([1, 6 / 28, 6 / 28, 0])


def test_empty_scores() -> None:
    assert faithfulness(SCORES.empty(), resampling=QUICK).empty
    assert faithfulness_by_seed(SCORES.empty()).empty


def test_two_methods_are_refused(small_tables: RunTables) -> None:
    second = small_tables.scores.assign(method="random")
    with pytest.raises(TableError, match="method"):
        faithfulness(pd.concat([small_tables.scores, second]), resampling=QUICK)


def test_roles_of_the_small_run(small_tables: RunTables) -> None:
    table = roles(small_tables.roles, resampling=QUICK)
    whole = one(table, predicate_type="all", role="all")
    assert whole[["gold", "predicted", "correct"]].tolist() == [5, 5, 3]
    assert whole["f1"] == pytest.approx(3 / 5)
    first = one(table, predicate_type="all", role="A0")
    assert first[["gold", "predicted", "correct"]].tolist() == [3, 1, 1]
    assert (first["precision"], first["recall"]) == (1, pytest.approx(1 / 3))
    invented = one(table, predicate_type="V", role="A2")
    assert invented["gold"] == 0
    assert np.isnan(invented["recall"])
    assert table["role"].tolist()[:4] == ["all", "A0", "A1", "A2"]
    assert table["predicate_type"].unique().tolist() == ["all", "V", "N"]


def test_role_intervals_hold_the_estimates(make_tables: Callable[..., RunTables]) -> None:
    table = roles(make_tables().roles, resampling=Resampling(resamples=200)).dropna()
    assert (table["f1_low"] <= table["f1"]).all()
    assert (table["f1"] <= table["f1_high"]).all()
    assert table["small"].tolist() == (table["gold"] < 30).tolist()


def test_no_roles() -> None:
    assert roles(ROLES.empty(), resampling=QUICK).empty
    assert synthetic.empty_run().roles.empty
