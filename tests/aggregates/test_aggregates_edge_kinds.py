"""Retention by edge kind, counted by hand on two examples with two seeds and two layers."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.aggregates import Resampling, compile_items
from linguagraph.aggregates.edge_kinds import retention_by_kind
from linguagraph.columns import EDGES

# example, layer, edge, kind, source offset, retained by seeds 0 and 1
ROWS = [
    (0, 0, 0, "dependency", 0, 1, 1),
    (0, 0, 1, "dependency", 0, 0, 0),
    (0, 0, 2, "coreference", -1, 1, 0),
    (0, 0, 3, "coreference", 0, 0, 0),
    (0, 1, 0, "dependency", 0, 1, 0),
    (0, 1, 1, "dependency", 0, 1, 1),
    (0, 1, 2, "coreference", -1, 1, 1),
    (1, 0, 0, "dependency", 0, 0, 0),
    (1, 1, 0, "dependency", 0, 0, 0),
]


def edges() -> pd.DataFrame:
    constant = {
        "corpus": "c",
        "document": "d",
        "predicate_index": 0,
        "predicate_lemma": "go",
        "predicate_type": "V",
        "model": "m",
        "method": "graphmask",
        "source": 0,
        "target": 1,
        "label": "x",
        "direction": "->",
        "token_distance": 1,
        "score": 0.5,
        "soft_gate": None,
        "target_kind": "elsewhere",
        "target_role": None,
        "target_gold_role": None,
    }
    rows = [
        {
            **constant,
            "sentence": example,
            "example": example,
            "layer": layer,
            "edge": edge,
            "kind": kind,
            "source_offset": offset,
            "seed": seed,
            "retained": bool(kept),
        }
        for example, layer, edge, kind, offset, *votes in ROWS
        for seed, kept in enumerate(votes)
    ]
    return EDGES.check(pd.DataFrame(rows))


def test_shares_by_kind_span_and_layer() -> None:
    table = retention_by_kind(compile_items(edges()), resampling=Resampling(resamples=20))
    found = table.set_index(["kind", "span", "layer"])
    assert [*dict.fromkeys(table["kind"])] == ["dependency", "coreference"]
    expected = {
        ("dependency", "all", "all"): (6, 2.5),
        ("dependency", "all", "0"): (3, 1),
        ("dependency", "all", "1"): (3, 1.5),
        ("dependency", "within", "all"): (6, 2.5),
        ("coreference", "all", "all"): (3, 1.5),
        ("coreference", "within", "all"): (1, 0),
        ("coreference", "between", "all"): (2, 1.5),
        ("coreference", "between", "1"): (1, 1),
    }
    for key, (n, k) in expected.items():
        assert (found.loc[key, "n"], found.loc[key, "k"]) == (n, k), key
        assert found.loc[key, "share"] == pytest.approx(k / n)
    assert ("dependency", "between", "all") not in found.index
    assert ("coreference", "within", "1") not in found.index
    row = found.loc["coreference", "all", "all"]
    assert row["of_edges"] == pytest.approx(3 / 9)
    assert row["of_retained"] == pytest.approx(3 / 8)
    assert row["sd"] == pytest.approx(abs(2 / 3 - 1 / 3) / 2**0.5)
    assert found.loc[("coreference", "all", "0"), "of_edges"] == pytest.approx(2 / 5)


def test_one_seed_has_no_spread() -> None:
    one = edges()[lambda t: t["seed"] == 0]
    table = retention_by_kind(compile_items(one), resampling=Resampling(resamples=5))
    assert table["sd"].isna().all()
