"""Entropy of retention and what contexts explain: by hand, planted, none where there is none."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from tables import edges_of
from tables_simulated import EFFECTS, simulated_edges

from linguagraph.aggregates import (
    Resampling,
    compile_items,
    label_entropy,
    retention_information,
)
from linguagraph.errors import ConfigError


def binary(p: float) -> float:
    return -p * log2(p) - (1 - p) * log2(1 - p)


def test_entropy_is_that_by_hand() -> None:
    rows = [
        {"sentence": s, "example": s, "edge": e, "label": label, "layer": layer, "retained": value}
        for s in range(8)
        for e, (label, layer, value) in enumerate(
            [("x", 0, True), ("x", 1, False), ("y", 0, s < 2), ("y", 1, s < 2), ("z", 0, False)]
        )
    ]
    table = label_entropy(compile_items(edges_of(rows)), resampling=Resampling(min_n=1))
    table = table.set_index("label")
    assert table["entropy"].to_dict() == pytest.approx({"x": 1, "y": binary(0.25), "z": 0})
    assert table["n"].to_dict() == {"x": 16, "y": 16, "z": 8}
    assert table.loc["x", "by_layer"] == pytest.approx(1)
    assert table.loc["y", "by_layer"] == 0
    assert np.isnan(table.loc["z", "by_layer"])  # nothing to explain
    assert list(table.index) == ["x", "y", "z"]
    assert table.loc["y", "entropy_low"] < binary(0.25) < table.loc["y", "entropy_high"]
    assert table.loc["z", ["entropy_low", "entropy_high"]].tolist() == [0, 0]


def test_information_of_planted_factors_is_ranked_and_none_is_none() -> None:
    effects = {**EFFECTS, "label": (-2.0, 2.0, -2.0, 2.0), "layer": (0.0, 0.0), "distance": 0.0}
    effects["direction"] = (0.0, -1.0)
    edges = simulated_edges(sentences=300, seed=2, effects=effects).edges
    table = retention_information(compile_items(edges), resampling=Resampling())
    assert list(table["factor"])[:2] == ["label", "direction"]
    table = table.set_index("factor")
    assert table.loc["label", "explained_low"] > 0.2
    assert table.loc["layer", "explained"] < 0.001
    assert table.loc["layer", "explained_low"] == 0
    assert table.loc["position", "levels"] == 1
    bits = table["information"] / table["entropy"]
    np.testing.assert_allclose(bits, table["explained"])


def test_nothing_explained_has_an_interval_that_holds_zero_most_of_the_time() -> None:
    """Information is biased upward by the number of levels; the correction takes that out."""
    effects = {**EFFECTS, "predicate_type": (0.0, 0.0)}
    found = []
    for seed in range(20):
        edges = simulated_edges(sentences=60, seed=600 + seed, effects=effects).edges
        table = retention_information(
            compile_items(edges), resampling=Resampling(resamples=300), factors=("predicate_type",)
        )
        found.append(table.iloc[0])
    assert np.mean([row["explained_low"] == 0 for row in found]) >= 0.85
    assert np.mean([row["explained"] for row in found]) < 0.01


@pytest.mark.slow
def test_intervals_of_entropy_cover_it_at_their_level() -> None:
    effects = {**EFFECTS, "predicate_type": (0.0, 0.0), "distance": 0.0, "layer": (0.0, 0.0)}
    effects["direction"] = (0.0, 0.0)
    true = binary(1 / (1 + np.exp(1.0)))
    hits = []
    for seed in range(400):
        edges = simulated_edges(sentences=100, seed=800 + seed, effects=effects, edges=8).edges
        table = label_entropy(
            compile_items(edges), resampling=Resampling(resamples=400), contexts=("layer",)
        )
        row = table[(table["label"] == "a") & (table["direction"] == "->")].iloc[0]
        hits.append(row["entropy_low"] <= true <= row["entropy_high"])
    assert 0.92 <= np.mean(hits) <= 0.975


def test_numbers_are_no_contexts() -> None:
    items = compile_items(edges_of([{}]))
    with pytest.raises(ConfigError, match=r"\['distance'\] are numbers"):
        label_entropy(items, resampling=Resampling(), contexts=("distance",))
    with pytest.raises(ConfigError, match="factors="):
        retention_information(items, resampling=Resampling(), factors=("word",))
