"""What retained edges have to do with the question and the prediction, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tables_entity as synthetic

from linguagraph.aggregates.entity_masks import EntityMasks, compile_masks
from linguagraph.aggregates.entity_query import (
    candidate_reach,
    prediction_entered,
    query_counts,
    query_edges,
    query_paths,
)
from linguagraph.aggregates.statistics import Resampling

QUICK = Resampling(resamples=100, min_n=1, min_sentences=1)

# every item: 0 subject, 1 bridge, 2 predicted candidate, 3 another candidate, 4 a third one
NODES = ("subject", "bridge", "0*", "1", "2")
EDGES = [(u, v, "MATCH") for u in range(5) for v in range(5) if u != v]


def edge(u: int, v: int) -> int:
    return EDGES.index((u, v, "MATCH"))


def shares(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["layer"], table["share"], strict=True))


def masks_of(
    *items: list[tuple[int, int, int, int]],
    seeds: int = 1,
    nodes: tuple[tuple[str, ...], ...] | None = None,
    present: tuple[int, ...] | None = None,
) -> EntityMasks:
    """Masks from the retained (seed, layer, source, target) of each item."""
    votes = [(s, i, k, edge(u, v)) for i, kept in enumerate(items) for s, k, u, v in kept]
    edges = synthetic.edge_table([EDGES] * len(items), votes, seeds=seeds, present=present)
    return compile_masks(edges, synthetic.mention_table(nodes or [NODES] * len(items)))


def test_edges_at_the_subject_by_layer() -> None:
    masks = masks_of([(0, 0, 0, 1), (0, 1, 1, 2)], [(0, 2, 1, 0)], [(0, 0, 1, 2)])
    # item 0 leaves the subject in layer 0, item 1 enters it in layer 2, item 2 never touches it
    table = query_edges(masks, resampling=QUICK)
    expected = {"all": 2 / 3, "0": 1 / 3, "1": 0.0, "2": 1 / 3}
    assert shares(table) == pytest.approx(expected)
    assert table["n"].tolist() == [3, 3, 3, 3]


def test_seeds_are_averaged() -> None:
    masks = masks_of([(0, 0, 0, 1), (1, 0, 1, 2)], [(0, 1, 0, 1), (1, 2, 0, 1)], seeds=2)
    # over all layers: item 0 with seed 0 alone, item 1 with both
    table = query_edges(masks, resampling=QUICK)
    assert shares(table) == pytest.approx({"all": 3 / 4, "0": 1 / 4, "1": 1 / 4, "2": 1 / 4})
    assert table["k"].tolist() == [1.5, 0.5, 0.5, 0.5]


def test_edges_on_paths_from_the_subject_take_ascending_layers() -> None:
    kept = [(0, 0, 0, 1), (0, 0, 1, 2)]  # 1>2 starts where 0>1 ends, but in the same layer
    kept += [(0, 1, 1, 3), (0, 1, 2, 4)]  # 1 was reached, 2 was not
    kept += [(0, 2, 3, 2), (0, 2, 4, 2), (0, 2, 1, 2), (0, 2, 0, 3)]  # from 3, 1 and 0, not from 4
    table = query_paths(masks_of(kept), resampling=QUICK)
    assert shares(table) == pytest.approx({"all": 5 / 8, "0": 1 / 2, "1": 1 / 2, "2": 3 / 4})
    assert table["n"].tolist() == [8, 2, 2, 4]


def test_layers_may_be_missing() -> None:
    masks = masks_of([(0, 0, 0, 1), (0, 2, 1, 2), (0, 2, 3, 2)], present=(0, 2))
    assert shares(query_paths(masks, resampling=QUICK)) == pytest.approx(
        {"all": 2 / 3, "0": 1.0, "2": 1 / 2}
    )


def test_items_without_a_subject_are_left_out() -> None:
    nobody = ("bridge", *NODES[1:])
    masks = masks_of([(0, 0, 0, 1)], [(0, 0, 0, 1)], nodes=(NODES, nobody))
    assert query_counts(masks) == {
        "items": 2,
        "with_subject": 1,
        "with_prediction": 2,
        "with_both": 1,
    }
    assert query_edges(masks, resampling=QUICK)["n"].tolist() == [1, 1, 1, 1]
    assert query_paths(masks, resampling=QUICK)["n"].tolist() == [1, 1, 0, 0]
    assert candidate_reach(masks, resampling=QUICK)["n"].tolist() == [1, 1, 1]


def test_edges_into_the_prediction() -> None:
    masks = masks_of([(0, 1, 3, 2)], [(0, 1, 2, 3)])
    table = prediction_entered(masks, resampling=QUICK)
    assert shares(table) == pytest.approx({"all": 1 / 2, "0": 0.0, "1": 1 / 2, "2": 0.0})


def test_candidates_that_paths_reach() -> None:
    masks = masks_of(
        [(0, 0, 0, 1), (0, 1, 1, 2), (0, 1, 3, 4)],  # reaches the predicted candidate alone
        [(0, 0, 0, 3), (0, 2, 3, 4), (0, 0, 1, 2)],  # reaches the two others
    )
    table = candidate_reach(masks, resampling=QUICK).set_index("candidates")
    assert table["share"].tolist() == pytest.approx([1 / 2, (1 / 3 + 2 / 3) / 2, (0 + 1) / 2])
    assert np.isnan(table.at["predicted", "difference"])
    assert table.at["average", "difference"] == pytest.approx(0)
    assert table.at["average", "difference_low"] <= 0 <= table.at["average", "difference_high"]


def test_any_mention_of_a_candidate_counts_and_candidates_without_one_do_not() -> None:
    nodes = ("subject", "0*", "0*", "3", "bridge")  # candidates 1 and 2 have no mention
    masks = masks_of([(0, 0, 0, 2)], nodes=(nodes,))
    table = candidate_reach(masks, resampling=QUICK).set_index("candidates")
    assert table["share"].tolist() == pytest.approx([1, 1 / 2, 0])


def test_an_only_candidate_has_no_others() -> None:
    nodes = ("subject", "bridge", "0*", "bridge", "bridge")
    table = candidate_reach(masks_of([], nodes=(nodes,)), resampling=QUICK).set_index("candidates")
    assert table["n"].tolist() == [1, 1, 0]
    assert table["share"].tolist()[:2] == [0, 0]
    assert np.isnan(table.at["others", "share"])


def test_starting_at_the_subject_is_not_reaching_it() -> None:
    masks = masks_of([(0, 0, 0, 1)], nodes=(("0*", "bridge", "1", "bridge", "subject"),))
    assert candidate_reach(masks, resampling=QUICK)["share"].tolist() == [0, 0, 0]


def test_without_retained_edges_all_shares_are_nothing() -> None:
    masks = masks_of([], [])
    assert shares(query_edges(masks, resampling=QUICK)) == {"all": 0, "0": 0, "1": 0, "2": 0}
    assert query_paths(masks, resampling=QUICK)["share"].isna().all()
    assert candidate_reach(masks, resampling=QUICK)["share"].tolist() == [0, 0, 0]


def test_few_items_have_no_intervals() -> None:
    table = query_edges(masks_of([(0, 0, 0, 1)]), resampling=Resampling(resamples=20))
    assert table["low"].isna().all()
    assert (table["interval"] == "none").all()
