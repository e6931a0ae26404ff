"""Shares and differences by any column, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from linguagraph.aggregates import Resampling, share_by, share_contrast
from linguagraph.errors import TableError

QUICK = Resampling(resamples=200, min_n=2)


def table(sentences: int = 6) -> pd.DataFrame:
    """Per sentence and seed three edges: a, a, b; seed 0 keeps the first a, seed 1 also the b."""
    rows = [
        {"sentence": 10 * s, "seed": seed, "kind": kind, "layer": 0, "retained": kept}
        for s in range(sentences)
        for seed in (0, 1)
        for kind, kept in (("a", True), ("a", False), ("b", seed == 1))
    ]
    return pd.DataFrame(rows).assign(model="m", method="graphmask")


def test_shares_are_means_over_seeds_and_n_counts_one_seed() -> None:
    found = share_by(table(), "kind", resampling=QUICK)
    assert found["kind"].tolist() == ["a", "b"]
    assert found["n"].tolist() == [12, 6]
    assert found["k"].tolist() == [6, 3]
    assert found["share"].tolist() == [0.5, 0.5]
    assert (found["low"] <= 0.5).all()
    assert (found["high"] >= 0.5).all()


def test_groups_of_two_columns_and_missing_values() -> None:
    edges = table()
    edges["far"] = np.where(edges["sentence"] < 20, "near", None)
    found = share_by(edges, ["kind", "far"], resampling=QUICK)
    assert found[["kind", "far", "n"]].values.tolist() == [["a", "near", 4], ["b", "near", 2]]


def test_a_category_without_rows_is_no_group() -> None:
    edges = table().assign(kind=lambda t: pd.Categorical(t["kind"], ["c", "b", "a"]))
    assert share_by(edges, "kind", resampling=QUICK)["kind"].tolist() == ["b", "a"]


def test_numbers_are_averaged() -> None:
    edges = table().assign(score=0.25)
    assert share_by(edges, "kind", value="score", resampling=QUICK)["share"].tolist() == [0.25] * 2


def test_intervals_resample_sentences_and_not_edges() -> None:
    rng = np.random.default_rng(0)
    kept = np.repeat(rng.random(40) < 0.5, 50)  # all 50 edges of a sentence agree
    edges = pd.DataFrame({"sentence": np.repeat(range(40), 50), "retained": kept, "seed": 0})
    edges = edges.assign(kind="a", model="m", method="graphmask")
    (row,) = share_by(edges, "kind", resampling=Resampling()).to_dict("records")
    assert 0.2 < row["high"] - row["low"] < 0.4  # 2000 independent edges would give 0.04


def test_a_difference_with_its_interval() -> None:
    edges = table(40)
    edges.loc[(edges["kind"] == "b") & (edges["sentence"] % 40 == 0), "retained"] = True
    (row,) = share_contrast(edges, "kind", "b", "a", resampling=QUICK).to_dict("records")
    assert (row["first"], row["second"]) == ("b", "a")
    assert (row["n_first"], row["n_second"]) == (40, 80)
    assert row["difference"] == pytest.approx(row["share_first"] - row["share_second"]) == 0.125
    assert 0 < row["low"] < 0.125 < row["high"]
    assert row["p"] < 0.05


def test_what_is_not_there_gives_no_row() -> None:
    assert share_contrast(table(), "kind", "a", "z", resampling=QUICK).empty
    none = table().iloc[:0]
    assert share_by(none, "kind", resampling=QUICK).empty
    assert share_contrast(none, "kind", "a", "b", resampling=QUICK).empty


def test_too_few_sentences_have_no_interval() -> None:
    found = share_by(table(2), "kind", resampling=QUICK)
    assert found["interval"].tolist() == ["none", "none"]
    assert found["low"].isna().all()


@pytest.mark.parametrize(
    ("change", "by", "message"),
    [
        ({}, "colour", "colour"),
        ({}, [], "group by"),
        ({"retained": 3.0}, "kind", "numbers from 0 to 1"),
        ({"retained": float("nan")}, "kind", "numbers from 0 to 1"),
        ({"method": ["x", "y"] * 18}, "kind", "select its rows first"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], by: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        share_by(table().assign(**change), by, resampling=QUICK)
