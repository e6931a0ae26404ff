"""Agreement, scores, retained shares, paths and examples of two runs, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates.compared_examples import choose_apart
from linguagraph.aggregates.compared_paths import (
    match_paths,
    path_differences,
    path_patterns,
    path_reliance,
)
from linguagraph.aggregates.compared_retention import compared_retention
from linguagraph.aggregates.compared_scores import compared_scores
from linguagraph.aggregates.items import compile_items
from linguagraph.aggregates.levels import EdgeVotes, compile_votes, level_names
from linguagraph.aggregates.model_agreement import PAIRS, model_agreement
from linguagraph.aggregates.retention import retention
from linguagraph.aggregates.statistics import Resampling
from linguagraph.columns import PATHS, SCORES
from linguagraph.edges.storage import RunTables

QUICK = Resampling(resamples=50, min_n=1, min_sentences=1)


def votes(*edges: tuple[int, list[int]]) -> EdgeVotes:
    """One layer: sentence and the votes of the seeds, edge by edge."""
    rows = [
        {"sentence": s, "example": s, "edge": i, "target": 1 + i, "seed": seed, "retained": bool(v)}
        for i, (s, each) in enumerate(edges)
        for seed, v in enumerate(each)
    ]
    return compile_votes(synthetic.edges_of(rows))


def test_agreement_of_two_masks_by_hand() -> None:
    """First 1 1 1 0 0 0, second 1 0 0 1 0 0: raw 3/6, chance (3*2 + 3*4) / 36 = 1/2, kappa 0.

    At most 2 of the second's lie in the first's 3: raw 5/6, kappa (5/6 - 1/2) / (1/2) = 2/3.
    """
    first = votes(*((i // 3, [v]) for i, v in enumerate([1, 1, 1, 0, 0, 0])))
    second = votes(*((i // 3, [v]) for i, v in enumerate([1, 0, 0, 1, 0, 0])))
    table = model_agreement(first, second, ["any"], resampling=QUICK).set_index("pair")
    row = table.loc[PAIRS[0]]
    assert (row["n"], row["pairs"], row["of_first"]) == (6, 1, 1.0)
    assert row["raw_agreement"] == pytest.approx(0.5)
    assert row["cohen_kappa"] == pytest.approx(0.0)
    assert row["kappa_max"] == pytest.approx(2 / 3)
    assert (row["first_in_second"], row["second_in_first"]) == pytest.approx((1 / 3, 1 / 2))
    # prevalence 5/12: AC1 = (1/2 - 70/144) / (1 - 70/144); pi = (1/2 - 74/144) / (1 - 74/144)
    assert row["gwet_ac1"] == pytest.approx(2 / 74)
    assert row["fleiss_kappa"] == pytest.approx(-2 / 70)
    assert np.isnan(row["below"])
    for pair in PAIRS[1:]:
        assert table.loc[pair, "reason"] == "there is only one seed"
        assert np.isnan(table.loc[pair, "cohen_kappa"])


def test_agreement_is_the_mean_over_pairs_of_seeds_beside_the_ceiling() -> None:
    first = votes(*((i // 2, v) for i, v in enumerate([[1, 1], [1, 1], [0, 0], [0, 0]])))
    second = votes(*((i // 2, v) for i, v in enumerate([[1, 1], [0, 1], [0, 0], [1, 0]])))
    table = model_agreement(first, second, ["any"], resampling=QUICK).set_index("pair")
    between, own, other = (table.loc[pair] for pair in PAIRS)
    assert (between["pairs"], own["pairs"], other["pairs"]) == (4, 1, 1)
    assert own["cohen_kappa"] == 1
    # seed 0 of the second: raw 1/2, kappa 0; seed 1: the same as the first, kappa 1
    assert between["cohen_kappa"] == pytest.approx(0.5)
    assert other["cohen_kappa"] == pytest.approx(0.0)
    assert between["below"] == pytest.approx(0.0)


def test_undefined_agreement_is_said() -> None:
    none = votes((0, [0, 0]), (1, [0, 0]))
    table = model_agreement(none, none, ["any"], resampling=QUICK)
    assert table["cohen_kappa"].isna().all()
    assert set(table["reason"]) == {"some seeds retain no edge, or every edge"}
    assert (table["raw_agreement"] == 1).all()


def test_retained_shares_are_those_of_a_report(make_tables: Callable[..., RunTables]) -> None:
    base = make_tables(sentences=40)
    edges = base.edges.assign(retained=base.edges["retained"] & (base.edges["layer"] == 1))
    runs = {"a": compile_votes(base.edges), "b": compile_votes(edges)}
    table = compared_retention(runs, level_names([2, 2]), resampling=QUICK)
    known = retention(compile_items(base.edges), resampling=QUICK)
    known = known[known["seed"] == "mean"].set_index("layer")
    mine = table[table["run"] == "a"].set_index("layer")
    for layer in ("all", "0", "1"):
        for column, own in (("share", "share"), ("share_low", "low"), ("sd", "sd"), ("k", "k")):
            assert mine.loc[layer, column] == pytest.approx(known.loc[layer, own])
    other = table[table["run"] == "b"].set_index("layer")
    assert other.loc["0", "difference"] == pytest.approx(-mine.loc["0", "share"])
    assert other.loc["1", "difference"] == 0
    assert other.loc["any", "share"] == pytest.approx(mine.loc["1", "share"])
    assert mine["difference"].isna().all()


def scores(*counts: tuple[str, int, int, int]) -> pd.DataFrame:
    """condition, seed, sentence, correct of 2 predicted and 2 gold."""
    table = pd.DataFrame(counts, columns=["condition", "seed", "sentence", "correct"])
    constant = {"model": "m", "method": "graphmask", "predicate_type": "V", "predicted": 2}
    return SCORES.check(table.assign(gold=2, kept=1, edges=4, **constant))


def test_scores_are_compared_on_common_sentences() -> None:
    first = scores(("original", -1, 0, 2), ("original", -1, 1, 1), ("original", -1, 9, 0))
    second = scores(
        *(("original", -1, s, 1) for s in (0, 1)),
        *(("retained_100", seed, s, seed) for s in (0, 1) for seed in (0, 1)),
    )
    table = compared_scores({"a": first, "b": second}, resampling=QUICK)
    found = table.set_index(["condition", "run"])
    assert found.loc[("original", "a"), "score"] == 0.75
    row = found.loc[("original", "b")]
    assert (row["score"], row["gold"], row["difference"]) == (0.5, 4, -0.25)
    assert row["difference_low"] <= -0.25 <= row["difference_high"]
    masked = found.loc[("retained_100", "b")]
    assert (masked["seeds"], masked["score"], masked["loss"], masked["kept"]) == (
        2,
        0.25,
        -0.25,
        0.25,
    )
    assert np.isnan(masked["difference"])


def paths(*rows: tuple[int, str, int, list[int]]) -> pd.DataFrame:
    """argument, path, token distance, subpath length by seed."""
    found: list[dict[str, Any]] = [
        {"sentence": i // 2, "example": i // 2, "argument_index": argument, "path": path}
        | {"path_length": len(path.split()), "token_distance": distance, "seed": seed}
        | {"subpath_length": length, "retained_by_layer": [0, 0]}
        for i, (argument, path, distance, each) in enumerate(rows)
        for seed, length in enumerate(each)
    ]
    constant = {"corpus": "toy", "document": "", "predicate_index": 0, "predicate_lemma": "see"}
    constant |= {"predicate_type": "V", "model": "m", "method": "graphmask", "role": "A0"}
    return PATHS.check(pd.DataFrame(found).assign(gold_role=None, **constant))


def test_paths_to_the_same_arguments() -> None:
    first = paths(
        (1, "->nsubj", 1, [1, 1]),
        (2, "->ccomp ->nsubj", 7, [2, 1]),
        (3, "->obj", 2, [0, 1]),
        (4, "->iobj", 2, [1, 1]),
    )
    second = paths(
        (1, "->nsubj", 1, [0, 0]), (2, "->ccomp ->nsubj", 7, [1, 0]), (3, "->obj", 2, [1, 1])
    )
    runs = {"a": first, "b": second}
    matched = match_paths(runs)
    assert matched["argument_index"].tolist() == [1, 2, 3]
    assert matched["a"].tolist() == [1.0, 1.0, 0.5]
    assert matched["b"].tolist() == [0.0, 0.5, 1.0]
    table = path_reliance(matched, ["a", "b"], by="path_length", resampling=QUICK)
    whole = table[table["predicate_type"] == "all"].set_index(["path_length", "run"])["share"]
    assert whole.to_dict() == {("1", "a"): 0.75, ("1", "b"): 0.5, ("2", "a"): 1.0, ("2", "b"): 0.5}
    apart = path_differences(matched, "a", "b", by="distance", resampling=QUICK)
    apart = apart[apart["predicate_type"] == "all"].set_index("distance")
    assert apart["difference"].to_dict() == {"1": -1.0, "2": 0.5, "6-7": -0.5}
    assert apart["seed_error"].to_dict() == {"1": 0.0, "2": 0.5, "6-7": 0.5}  # a 0 and 1; b 1 and 0
    found = path_patterns(runs, matched, resampling=QUICK).set_index(["pattern", "run"])
    row = found.loc["->nsubj", "a"]
    assert (row["paths"], row["k"], row["n"]) == (2, 1.5, 2)  # n: 2.5 subpaths, rounded
    assert row["share"] == pytest.approx(1.5 / 2.5)
    assert found.loc[("->ccomp ->nsubj", "a"), "k"] == 0.5
    assert found.loc[("->ccomp ->nsubj", "b"), "k"] == 0


def test_examples_are_chosen_where_masks_differ() -> None:
    first = votes((0, [1]), (0, [0]), (1, [1]), (1, [1]), (2, [0]), (2, [0]), (3, [1]), (3, [1]))
    second = votes((0, [0]), (0, [1]), (1, [0]), (1, [0]), (2, [1]), (2, [0]), (3, [1]), (3, [1]))
    found = choose_apart(first, second)
    assert [(c.rule, c.sentence) for c in found] == [
        ("both_ways", 0),
        ("only_first", 1),
        ("only_second", 2),
    ]
    assert (found[1].only_first, found[1].only_second, found[1].both, found[1].edges) == (
        2,
        0,
        0,
        2,
    )
    assert choose_apart(first, first) == ()
    assert [c.sentence for c in choose_apart(first, second, lengths={0: 99, 1: 9, 2: 9, 3: 9})] == [
        1,
        2,
    ]
