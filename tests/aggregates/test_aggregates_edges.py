"""Retention, labels, targets and soft gates, against counts made by hand on the small run."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates import (
    Resampling,
    compile_items,
    label_contrasts,
    labels,
    retention,
    retention_by_type,
    soft_gate_histogram,
    soft_gates,
    targets,
)
from linguagraph.aggregates.direct import from_predicate
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

QUICK = Resampling(resamples=200, min_n=1, min_sentences=1)
Make = Callable[..., RunTables]


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_retention_by_layer_and_seed(small_tables: RunTables) -> None:
    table = retention(compile_items(small_tables.edges), resampling=QUICK)
    mean = one(table, layer="all", seed="mean")
    assert (mean["n"], mean["k"], mean["share"]) == (28, 6.0, pytest.approx(12 / 56))
    assert mean["sd"] == 0
    assert one(table, layer="all", seed="0")["k"] == 6
    assert one(table, layer="0", seed="1")["share"] == pytest.approx(4 / 14)
    assert one(table, layer="1", seed="mean")["share"] == pytest.approx(4 / 28)
    assert table["layer"].tolist() == ["all"] * 3 + ["0"] * 3 + ["1"] * 3


def test_retention_spreads_over_seeds() -> None:
    rows = [
        {"edge": e, "seed": s, "sentence": e, "retained": e < kept}
        for s, kept in ((0, 2), (1, 4))
        for e in range(10)
    ]
    table = retention(compile_items(synthetic.edges_of(rows)), resampling=QUICK)
    mean = one(table, layer="all", seed="mean")
    assert mean["share"] == pytest.approx(0.3)
    assert mean["sd"] == pytest.approx(np.std([0.2, 0.4], ddof=1))


def test_retention_of_one_seed_has_no_spread(small_tables: RunTables) -> None:
    run = synthetic.select(small_tables, seed=0)
    table = retention(compile_items(run.edges), resampling=QUICK)
    assert np.isnan(one(table, layer="all", seed="mean")["sd"])


def test_retention_by_type(small_tables: RunTables) -> None:
    table = retention_by_type(compile_items(small_tables.edges), resampling=QUICK)
    assert table["predicate_type"].tolist() == ["V"] * 3 + ["N"] * 3
    assert one(table, predicate_type="V", layer="all")["share"] == pytest.approx(10 / 40)
    assert one(table, predicate_type="N", layer="0")["share"] == pytest.approx(2 / 8)


def test_labels_are_counted_by_label_direction_and_type(small_tables: RunTables) -> None:
    table = labels(compile_items(small_tables.edges), resampling=QUICK)
    subject = one(table, label="nsubj", direction="->", predicate_type="all")
    assert (subject["n"], subject["k"]) == (6, 3.5)  # three examples, two layers; 7 of 12 votes
    assert subject["of_retained"] == pytest.approx(7 / 12)
    assert subject["examples"] == 3
    assert subject["of_examples"] == 1
    nominal = one(table, label="amod", direction="->", predicate_type="N")
    assert (nominal["n"], nominal["k"], nominal["of_retained"]) == (2, 1.0, 1.0)
    verbal = one(table, label="obj", direction="->", predicate_type="V")
    assert verbal["of_examples"] == pytest.approx(1 / 2)
    assert verbal["of_retained"] == pytest.approx(3 / 10)
    assert table[(table["label"] == "obj") & (table["predicate_type"] == "N")].empty
    assert table.iloc[0][["label", "direction"]].tolist() == ["nsubj", "->"]


def test_shares_of_retained_edges_add_up_to_one_within_a_type(make_tables: Make) -> None:
    table = labels(compile_items(make_tables().edges), resampling=QUICK)
    sums = table.groupby("predicate_type")["of_retained"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)


def test_superfluous_needs_frequent_and_almost_never_retained(small_tables: RunTables) -> None:
    items = compile_items(small_tables.edges)
    table = labels(items, resampling=QUICK)
    flagged = table[table["superfluous"] & (table["predicate_type"] == "all")]
    assert set(zip(flagged["label"], flagged["direction"], strict=True)) == {
        ("amod", "<-"),
        ("nsubj", "<-"),
        ("obj", "<-"),
    }
    rare = labels(items, resampling=QUICK, frequent=0.5)
    assert not one(rare, label="obj", direction="<-", predicate_type="all")["superfluous"]


def test_labels_of_one_layer(small_tables: RunTables) -> None:
    table = labels(compile_items(small_tables.edges), resampling=QUICK, layer=1)
    row = one(table, label="obj", direction="->", predicate_type="all")
    assert (row["n"], row["k"]) == (1, 0.5)


def test_planted_retention_is_recovered(make_tables: Make) -> None:
    run = make_tables(sentences=300, retention={0: 0.8, 1: 0.3}, noise=0.0)
    table = labels(compile_items(run.edges), resampling=QUICK)
    for name, truth in (("dep0", 0.8), ("dep1", 0.3), ("dep2", 0.0)):
        row = one(table, label=name, direction="->", predicate_type="all")
        assert row["low"] - 0.02 <= truth <= row["high"] + 0.02
    assert one(table, label="dep0", direction="<-", predicate_type="all")["superfluous"]


def test_contrasts_find_what_differs_between_types() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {
            "sentence": s,
            "example": s,
            "edge": e,
            "predicate_type": "V" if s % 2 else "N",
            "label": label,
            "retained": bool(rng.random() < (0.8 if label == "obj" and s % 2 else 0.2)),
        }
        for s in range(120)
        for e, label in enumerate(["obj", "nsubj"])
    ]
    table = label_contrasts(compile_items(synthetic.edges_of(rows)), resampling=QUICK)
    assert one(table, label="obj")["difference"] > 0.4
    assert one(table, label="obj")["p_holm"] < 0.001
    assert one(table, label="obj")["n_first"] == 60
    assert one(table, label="nsubj")["p_holm"] > 0.05


def test_contrasts_without_a_second_type_are_empty(small_tables: RunTables) -> None:
    run = synthetic.select(small_tables, predicate_type="V")
    table = label_contrasts(compile_items(run.edges), resampling=QUICK)
    assert table.empty
    assert "p_holm" in table.columns


def test_targets_against_all_edges(small_tables: RunTables) -> None:
    table = targets(compile_items(small_tables.edges), resampling=QUICK)
    row = one(table, layer="all", predicate_type="all", target_kind="argument")
    assert (row["n"], row["k"], row["share"]) == (6, 6.0, 1.0)
    assert row["of_all"] == pytest.approx(12 / 28)
    assert row["lift"] == pytest.approx(28 / 12)
    other = one(table, layer="all", predicate_type="all", target_kind="other_argument")
    assert other["of_all"] == pytest.approx(2 / 28)  # obj -> no; amod -> Royal seen from "end"
    both = one(table, layer="1", predicate_type="V", target_kind="any_argument")
    assert (both["n"], both["share"]) == (2, 1.0)


def test_target_shares_add_up_to_one(make_tables: Make) -> None:
    table = targets(compile_items(make_tables().edges), resampling=QUICK)
    exclusive = table[table["target_kind"] != "any_argument"]
    sums = exclusive.groupby(["layer", "predicate_type"])[["share", "of_all"]].sum()
    assert sums.to_numpy() == pytest.approx(1.0)


def test_unknown_target_kind_is_refused() -> None:
    edges = synthetic.edges_of([{"target_kind": "nowhere"}])
    with pytest.raises(TableError, match="nowhere"):
        targets(compile_items(edges), resampling=QUICK)


def test_targets_without_retained_edges_are_undefined() -> None:
    table = targets(compile_items(synthetic.edges_of([{}])), resampling=QUICK)
    row = one(table, layer="all", predicate_type="all", target_kind="argument")
    assert row["n"] == 0
    assert np.isnan(row["share"])
    assert np.isnan(row["lift"])


def test_soft_gates_count_every_edge_once(small_tables: RunTables) -> None:
    table = soft_gates(compile_items(small_tables.edges), resampling=QUICK)
    whole = one(table, layer="all")
    assert (whole["n"], whole["k"]) == (28, 0.0)  # 0.2 is exactly one sd below: not more than it
    assert whole["mean"] == pytest.approx(0.3)
    assert whole["sd"] == pytest.approx(0.1)
    assert whole["mean_retained"] == pytest.approx(0.4)
    # 12 votes of 0.4 against 16 of 0.4 (ties) and 28 of 0.2
    assert whole["auc"] == pytest.approx((28 + 16 / 2) / 44)


def test_soft_gates_below_the_threshold_and_missing_ones() -> None:
    gates = [0.5] * 8 + [0.1, None]
    rows = [{"edge": e, "soft_gate": g} for e, g in enumerate(gates)]
    items = compile_items(synthetic.edges_of(rows))
    whole = one(soft_gates(items, resampling=QUICK), layer="all")
    assert (whole["n"], whole["k"]) == (9, 1.0)
    bins = soft_gate_histogram(items, bins=10)
    assert bins["edges"].sum() == 9
    assert bins.loc[5, "edges"] == 8
    assert bins["share"].sum() == pytest.approx(1)


def test_no_soft_gates_give_an_empty_table() -> None:
    items = compile_items(synthetic.edges_of([{"soft_gate": None}]))
    assert soft_gates(items, resampling=QUICK).empty


def test_edges_out_of_the_predicate(small_tables: RunTables) -> None:
    table = from_predicate(compile_items(small_tables.edges), resampling=QUICK)
    # saw: to Ann and dogs; visits: to Royal and end; end: to visits
    lower, other = (one(table, layer="0", leads_to=kind) for kind in ("argument", "other"))
    assert (lower["n"], lower["k"], lower["share"]) == (4, 4.0, 1)
    assert (other["n"], other["k"]) == (1, 0.0)
    upper = one(table, layer="1", leads_to="argument")
    assert (upper["n"], upper["k"]) == (4, 2.0)  # saw -> Ann twice, dogs and visits once each
    assert table["ratio"].isna().all()


def test_ratio_of_edges_out_of_the_predicate() -> None:
    rows = [
        {
            "sentence": s,
            "example": s,
            "edge": e,
            "target_kind": "argument" if e == 1 else "other_argument",
            "source": 0 if e < 5 else 3,
            "retained": e in (1, 2),
        }
        for s in range(3)
        for e in range(7)
    ]
    table = from_predicate(compile_items(synthetic.edges_of(rows)), resampling=QUICK)
    row = one(table, leads_to="argument")
    assert (row["n"], row["share"], row["ratio"]) == (3, 1, 4)
    assert (row["ratio_low"], row["ratio_high"]) == (4, 4)
    assert one(table, leads_to="other")["share"] == pytest.approx(1 / 4)
    assert from_predicate(compile_items(synthetic.edges_of([])), resampling=QUICK).empty
