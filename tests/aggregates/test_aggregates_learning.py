"""Curves of the training of probes: means over seeds and their range, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.aggregates import learning_curves
from linguagraph.columns import LEARNING
from linguagraph.errors import ConfigError


def record() -> pd.DataFrame:
    rows = [
        # seed, check, epoch, lowest, layer, label, direction, edges, retained
        (0, 0, 0.5, 1, 1, "obj", "->", 10, 8),
        (0, 0, 0.5, 1, 1, "obj", "<-", 10, 2),
        (5, 0, 0.5, 1, 1, "obj", "->", 10, 6),
        (5, 0, 0.5, 1, 1, "obj", "<-", 10, 0),
        (0, 1, 1.0, 0, 0, "obj", "->", 10, 1),
        (0, 1, 1.0, 0, 1, "obj", "->", 10, 3),
        (5, 1, 1.0, 0, 0, "obj", "->", 10, 0),
        (5, 1, 1.0, 0, 1, "obj", "->", 10, 0),
    ]
    return LEARNING.check(pd.DataFrame(rows, columns=LEARNING.names))


def test_curves_are_those_by_hand() -> None:
    whole = learning_curves(record())
    assert whole["check"].tolist() == [0, 1]
    assert whole["layers"].tolist() == [1, 2]
    assert whole["n"].tolist() == [20, 20]
    assert whole["k"].tolist() == [8, 2]
    assert whole["share"].tolist() == pytest.approx([0.4, 0.1])
    assert whole["lowest"].tolist() == pytest.approx([0.3, 0])
    assert whole["highest"].tolist() == pytest.approx([0.5, 0.2])
    assert whole["seeds"].tolist() == [2, 2]
    labels = learning_curves(record(), by=("label", "direction"))
    down = labels[labels["direction"] == "->"]
    assert down["share"].tolist() == pytest.approx([0.7, 0.1])
    assert down["share_of_retained"].tolist() == pytest.approx([(0.8 + 1.0) / 2, 1.0])
    layers = learning_curves(record(), by=("layer",))
    assert layers[["layer", "check"]].to_numpy().tolist() == [["0", 1], ["1", 0], ["1", 1]]


def test_an_empty_record_and_unknown_groups() -> None:
    assert learning_curves(LEARNING.empty(), by=("label",)).empty
    with pytest.raises(ConfigError, match="cannot be split by"):
        learning_curves(record(), by=("seed",))
