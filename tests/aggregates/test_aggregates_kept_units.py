"""Shares of kept units, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.aggregates.kept_units import kept_shares
from linguagraph.aggregates.statistics import Resampling
from linguagraph.errors import TableError


def test_shares_are_counted_by_group_over_sentences() -> None:
    units = pd.DataFrame(
        {
            "sentence": [0, 0, 0, 1, 1, 2],
            "layer": ["input", "input", "top", "input", "top", "top"],
            "upos": ["ADJ", "DET", "ADJ", "ADJ", "DET", "DET"],
            "kept": [True, False, True, True, False, True],
        }
    )
    resampling = Resampling(resamples=200, min_sentences=2)
    table = kept_shares(units, ["layer"], resampling=resampling)
    assert table[["layer", "k", "n"]].to_numpy().tolist() == [["input", 2, 3], ["top", 2, 3]]
    assert table["share"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert table.loc[1, "low"] == 0  # a resample of sentence 1 alone keeps nothing at the top
    fine = kept_shares(units, ["upos", "layer"], resampling=resampling)
    assert fine[["upos", "layer", "k", "n"]].to_numpy().tolist() == [
        ["ADJ", "input", 2, 2],
        ["DET", "input", 0, 1],
        ["ADJ", "top", 1, 1],
        ["DET", "top", 1, 2],
    ]
    with pytest.raises(TableError, match=r"lacks the columns \['deprel'\]"):
        kept_shares(units, ["deprel"], resampling=resampling)
