"""Relations, overlap and inverses of entity graphs, against counts made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tables_entity as synthetic

from linguagraph.aggregates.entity_inverse import retained_inverses
from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_relations import entity_relations, relation_overlap
from linguagraph.aggregates.statistics import Resampling

QUICK = Resampling(resamples=100, min_n=1, min_sentences=1)

# item 0: MATCH 0-1 and 1-2, COREF 0-1 and 0-2; item 1: COREF 0-1, COMPLEMENT 0-2
FIRST = [(0, 1, "MATCH"), (1, 0, "MATCH"), (1, 2, "MATCH"), (2, 1, "MATCH")]
FIRST += [(0, 1, "COREF"), (1, 0, "COREF"), (0, 2, "COREF"), (2, 0, "COREF")]
SECOND = [(0, 1, "COREF"), (1, 0, "COREF"), (0, 2, "COMPLEMENT"), (2, 0, "COMPLEMENT")]
GRAPHS = [FIRST, SECOND]


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_nodes_are_numbered_through_and_relations_are_in_order() -> None:
    mentions = synthetic.mention_table([("subject", "0*", "1"), ("1", "bridge", "subject", "0*")])
    masks = compile_masks(synthetic.edge_table(GRAPHS, []), mentions)
    assert masks.relations == ("MATCH", "COREF", "COMPLEMENT")
    assert masks.item.tolist() == [0, 0, 0, 1, 1, 1, 1]  # a node without an edge is one, too
    assert masks.subject.tolist() == [True, False, False, False, False, True, False]
    assert masks.predicted.tolist() == [False, True, False, False, False, False, True]
    assert masks.candidate.tolist() == [-1, 0, 1, 1, -1, -1, 0]
    assert (masks.item[masks.source] == masks.item[masks.target]).all()
    assert masks.shape == (2, 1, 3)


def test_mentions_of_other_items_and_missing_ones_are_no_error() -> None:
    mentions = synthetic.mention_table([("subject",), ("0*",), ("subject", "0*")])
    masks = compile_masks(synthetic.edge_table(GRAPHS, []), mentions)
    assert masks.subject.tolist() == [True, False, False, False, False, False]
    assert masks.predicted.tolist() == [False, False, False, True, False, False]
    bare = compile_masks(synthetic.edge_table(GRAPHS, []))
    assert not bare.subject.any()


def test_shares_of_all_retained_edges_add_up_to_one() -> None:
    votes = [(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 4), (1, 0, 0, 0), (1, 1, 2, 2), (1, 1, 0, 0)]
    masks = compile_masks(synthetic.edge_table(GRAPHS, votes, seeds=2))
    table = entity_relations(masks, resampling=QUICK)
    # seed 0 keeps 3, seed 1 keeps 3: MATCH 0 three times, COREF 0 and 1 once, COMPLEMENT 2 once
    assert one(table, layer="all", relation="all")["k"] == 3
    assert one(table, layer="all", relation="all")["n"] == 36
    match = one(table, layer="0", relation="MATCH")
    assert (match["n"], match["k"]) == (4, 1.5)
    assert match["share"] == pytest.approx(3 / 8)
    assert match["of_retained"] == pytest.approx(3 / 6)
    assert match["of_edges"] == pytest.approx(4 / 12)
    assert one(table, layer="all", relation="COREF")["of_retained"] == pytest.approx(2 / 6)
    assert one(table, layer="0", relation="all")["of_retained"] == pytest.approx(4 / 6)
    cells = table[(table["layer"] != "all") & (table["relation"] != "all")]
    assert cells["of_retained"].sum() == pytest.approx(1)
    assert cells["of_edges"].sum() == pytest.approx(3)  # one for each layer
    assert len(table) == 4 * 4


def test_without_a_retained_edge_nothing_is_made_up() -> None:
    masks = compile_masks(synthetic.edge_table(GRAPHS, []))
    table = entity_relations(masks, resampling=QUICK)
    assert (table["share"] == 0).all()
    assert table["of_retained"].isna().all()
    overlap = relation_overlap(masks, resampling=QUICK)
    kept = one(overlap, layer="all", edges="retained")
    assert kept["n"] == 0
    assert np.isnan(kept["share"])
    assert np.isnan(kept["difference"])


def test_coref_edges_that_match_joins_too() -> None:
    votes = [(0, 0, 0, 4), (0, 0, 0, 6), (0, 0, 0, 7), (0, 1, 1, 0), (0, 0, 1, 0)]
    masks = compile_masks(synthetic.edge_table(GRAPHS, votes))
    table = relation_overlap(masks, resampling=QUICK)
    # COREF edges: 4 in item 0, of which two are MATCH as well, 2 in item 1: in each of 3 layers
    every = one(table, layer="all", edges="all")
    assert (every["n"], every["k"]) == (18, 6)
    assert one(table, layer="0", edges="all")["share"] == pytest.approx(2 / 6)
    # retained: in layer 0 the edges 4 (joined), 6 and 7 of item 0; in layer 1 edge 0 of item 1
    kept = one(table, layer="all", edges="retained")
    assert (kept["n"], kept["k"]) == (4, 1)
    assert kept["difference"] == pytest.approx(1 / 4 - 6 / 18)
    assert one(table, layer="0", edges="retained")["share"] == pytest.approx(1 / 3)
    assert one(table, layer="1", edges="retained")["share"] == 0
    assert np.isnan(one(table, layer="2", edges="retained")["share"])


def test_overlap_needs_both_relations() -> None:
    masks = compile_masks(synthetic.edge_table([SECOND], []))
    assert relation_overlap(masks, resampling=QUICK).empty


def test_inverses_are_those_of_the_same_relation_layer_and_seed() -> None:
    votes = [
        *[(0, 0, 0, 0), (0, 0, 0, 1)],  # MATCH 0>1 and 1>0: both
        (0, 0, 0, 4),  # COREF 0>1 alone: MATCH 1>0 is no inverse of it
        *[(0, 0, 1, 2), (0, 0, 2, 3)],  # MATCH 1>2 and 2>1, in different layers
        *[(1, 0, 0, 0), (1, 1, 0, 1)],  # another seed; another item
    ]
    masks = compile_masks(synthetic.edge_table(GRAPHS, votes, seeds=2))
    table = retained_inverses(masks, resampling=QUICK)
    bottom = one(table, layer="0")
    # layer 0: seed 0 keeps 3, of which 2 have inverses; seed 1 keeps 2, of which none has
    assert bottom["share"] == pytest.approx(2 / 5)
    assert bottom["k"] == 1
    # expected: seed 0 MATCH 2 of 4, COREF 1 of 6; seed 1 MATCH 1 of 4, COREF 1 of 6
    expected = (2 * 2 / 4 + 1 / 6 + 1 / 4 + 1 / 6) / 5
    assert bottom["expected"] == pytest.approx(expected)
    assert bottom["difference"] == pytest.approx(2 / 5 - expected)
    assert one(table, layer="1")["share"] == 0
    assert one(table, layer="all")["share"] == pytest.approx(2 / 7)


def test_edges_without_an_inverse_have_none_retained() -> None:
    masks = compile_masks(synthetic.edge_table([[(0, 1, "MATCH")]], [(0, 0, 0, 0)], layers=1))
    table = retained_inverses(masks, resampling=QUICK)
    assert one(table, layer="0")["share"] == 0
    assert one(table, layer="0")["expected"] == 1


def test_empty_tables_give_empty_results() -> None:
    masks = compile_masks(synthetic.empty_entity_run().edges)
    assert masks.shape == (0, 0, 0)
    assert len(entity_relations(masks, resampling=QUICK)) == 1
    assert len(retained_inverses(masks, resampling=QUICK)) == 1
