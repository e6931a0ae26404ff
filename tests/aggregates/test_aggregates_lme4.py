"""The table for lme4: one row per item, strings where R needs factors, votes that add up."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
from tables import edges_of

from linguagraph.aggregates import compile_items
from linguagraph.aggregates.lme4 import LME4_FORMULA, lme4_table
from linguagraph.edges.storage import RunTables


def test_every_item_is_a_row_with_its_votes(make_tables: Callable[..., RunTables]) -> None:
    edges = make_tables(sentences=20, seeds=3).edges
    table = lme4_table(compile_items(edges))
    assert len(table) == len(edges) // 3
    assert (table["rated"] == 3).all()
    assert table["retained"].sum() == edges["retained"].sum()
    for name in LME4_FORMULA.replace("(1 |", "").replace(")", "").split("~")[1].split("+"):
        assert name.strip() in table.columns
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False)
    pd.testing.assert_frame_equal(again, table, check_dtype=False)
    strings = again.select_dtypes(exclude="number").columns
    assert {"sentence", "example", "layer", "label", "direction", "position"} <= set(strings)
    assert not (again[strings] == "").any(axis=None)
    np.testing.assert_allclose(2 ** table["log_distance"] - 1, table["distance"])


def test_names_are_plain_and_hostile_text_is_only_quoted() -> None:
    rows = [{"label": 'a,"b"\n=1', "direction": "<-", "predicate_lemma": "NA", "document": ""}]
    table = lme4_table(compile_items(edges_of(rows)))
    assert table.loc[0, "direction"] == "up"
    assert table.loc[0, "document"] == "none"
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)), keep_default_na=False)
    assert again.loc[0, "label"] == 'a,"b"\n=1'
    assert again.loc[0, "predicate_lemma"] == "NA"
    assert all(name.replace("_", "").isalpha() for name in table.columns)
