"""Shares of paths by part and group, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.aggregates.statistics import Resampling
from linguagraph.aggregates.text_paths import mean_by, part_shares, share_by_group, weight_shares
from linguagraph.errors import TableError

PATHS = pd.DataFrame(
    {
        "sentence": [0, 0, 1, 1, 2, 2, 3, 3],
        "layer": [1, 2] * 4,
        "part": ["key", "skip", "key", "skip", "value", "skip", "key", "value"],
        "weight_key": [0.2, 0.1, 0.4, 0.1, 0.6, 0.1, 0.8, 0.1],
        "weight_skip": [0.8, 0.9, 0.6, 0.9, 0.4, 0.9, 0.2, 0.9],
    }
)


def test_parts_are_counted_by_layer() -> None:
    table = part_shares(PATHS, ("key", "value", "skip"))
    assert table[["layer", "part", "k", "n"]].to_numpy().tolist() == [
        [1, "key", 3, 4],
        [1, "value", 1, 4],
        [1, "skip", 0, 4],
        [2, "key", 0, 4],
        [2, "value", 1, 4],
        [2, "skip", 3, 4],
    ]
    assert table["share"].tolist() == [0.75, 0.25, 0, 0, 0.25, 0.75]
    assert table.loc[0, "low"] == pytest.approx(0.3006, abs=1e-4)  # Wilson, 3 of 4
    assert table.loc[0, "high"] == pytest.approx(0.9544, abs=1e-4)
    with pytest.raises(TableError, match=r"parts \['value'\] are none of"):
        part_shares(PATHS, ("key", "skip"))


def test_weights_are_means_with_intervals() -> None:
    table = weight_shares(PATHS, ("key", "skip"), resampling=Resampling(resamples=200))
    assert table["part"].tolist() == ["key", "skip"] * 2
    assert table["share"].tolist() == pytest.approx([0.5, 0.5, 0.1, 0.9])
    assert 0.2 <= table.loc[0, "low"] < 0.5 < table.loc[0, "high"] <= 0.8
    assert table.loc[2, "low"] == pytest.approx(0.1)


def test_shares_by_group_end_with_all() -> None:
    table = share_by_group(PATHS.assign(hit=PATHS["part"] == "key"), "layer", "hit")
    assert table[["layer", "k", "n"]].to_numpy().tolist() == [
        ["1", 3, 4],
        ["2", 0, 4],
        ["all", 3, 8],
    ]
    assert table.loc[1, "low"] == 0


def test_means_leave_missing_values_out() -> None:
    frame = pd.DataFrame({"g": ["b", "b", "a", "a"], "v": [1.0, 3.0, 5.0, None]})
    table = mean_by(frame, "g", "v", resampling=Resampling(resamples=50))
    assert table[["g", "n", "mean"]].to_numpy().tolist() == [["b", 2, 2.0], ["a", 1, 5.0]]
    assert table["low"].isna().tolist() == [False, True]
    with pytest.raises(TableError, match="lacks the columns"):
        mean_by(frame, "g", "w", resampling=Resampling())
