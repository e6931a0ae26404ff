"""What was removed, how scores spread, gold reasoning and sizes: against numbers made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tables_entity as synthetic

from linguagraph.aggregates.entity_ablation import entity_ablation
from linguagraph.aggregates.entity_attribution import attribution_layers, attribution_levels
from linguagraph.aggregates.entity_chains import (
    CHAIN_MEASURES,
    CONTROLS,
    chains_by_control,
    entity_chains,
)
from linguagraph.aggregates.entity_masks import compile_masks
from linguagraph.aggregates.entity_statistics import (
    answer_accuracy,
    item_statistics,
    relation_counts,
)
from linguagraph.aggregates.statistics import Resampling
from linguagraph.columns import ATTRIBUTIONS, CHAINS, SCORES

QUICK = Resampling(resamples=100, min_n=1, min_sentences=1)


def score_rows(**conditions: list[int]) -> pd.DataFrame:
    """Right answers by condition, an item each; half of the ten edges are kept when removed."""
    rows = [
        {
            "model": "qa",
            "method": "graphmask",
            "condition": condition,
            "seed": -1,
            "sentence": item,
            "predicate_type": "graph",
            "correct": right,
            "predicted": 1,
            "gold": 1,
            "kept": 10 if condition == "original" else 5,
            "edges": 10,
        }
        for condition, answers in conditions.items()
        for item, right in enumerate(answers)
    ]
    return SCORES.check(pd.DataFrame(rows))


def test_accuracy_without_relations_and_layers() -> None:
    scores = score_rows(
        removed_layer_10=[1, 1, 1, 0],
        removed_layer_2=[0, 0, 0, 0],
        removed_MATCH=[1, 1, 0, 0],
        removed_other=[1, 1, 1, 1],
        retained_100=[0, 0, 0, 0],
        removed_COREF=[1, 1, 1, 0],
        original=[1, 1, 1, 0],
    )
    table = entity_ablation(scores, resampling=QUICK)
    order = ["nothing", "MATCH", "COREF", "other", "layer 2", "layer 10"]
    assert table["removed"].tolist() == order
    assert table["kind"].tolist() == ["original", *["relation"] * 3, *["layer"] * 2]
    assert table["accuracy"].tolist() == pytest.approx([0.75, 0.5, 0.75, 1, 0, 0.75])
    assert table["difference"].tolist()[1:] == pytest.approx([-0.25, 0, 0.25, -0.75, 0])
    assert np.isnan(table["difference"][0])
    assert table["kept"].tolist() == pytest.approx([1, *[0.5] * 5])
    assert table["n"].tolist() == [4] * 6
    assert table["accuracy_high"][4] > 0  # Wilson's


def test_without_all_edges_there_is_no_difference() -> None:
    table = entity_ablation(score_rows(removed_MATCH=[1, 0]), resampling=QUICK)
    assert table["removed"].tolist() == ["MATCH"]
    assert table["difference"].isna().all()
    assert entity_ablation(score_rows(original=[1, 0]), resampling=QUICK).empty
    assert entity_ablation(SCORES.empty(), resampling=QUICK).empty


def attribution_rows(totals: dict[str, list[list[list[float]]]]) -> pd.DataFrame:
    """Totals by method, as [seed][item][layer]; at level 0 all of four edges, at 0.5 the seed's."""
    rows = [
        {
            "method": method,
            "seed": seed,
            "example": item,
            "layer": layer,
            "level": level,
            "above": 4 if level == 0 else seed + layer,
            "edges": 4,
            "total": total,
        }
        for method, seeds in totals.items()
        for seed, items in enumerate(seeds)
        for item, layers in enumerate(items)
        for layer, total in enumerate(layers)
        for level in (0.0, 0.5)
    ]
    return ATTRIBUTIONS.check(pd.DataFrame(rows))


def test_layers_share_the_total_of_an_item() -> None:
    found = attribution_rows(
        {
            "graphmask": [[[3.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 8.0]]],
            "gnnexplainer": [[[0.0, 2.0], [1.0, 1.0]]],
        }
    )
    table = attribution_layers(found, resampling=QUICK)
    assert table["method"].tolist() == ["graphmask"] * 2 + ["gnnexplainer"] * 2
    # seed 0: item 0 (3/4, 1/4), item 1 left out; seed 1: (1/2, 1/2) and (0, 1)
    first = (3 / 4 + 1 / 2 + 0) / 3
    assert table["share"].tolist() == pytest.approx([first, 1 - first, 1 / 4, 3 / 4])
    assert table["without"].tolist() == pytest.approx([0.5, 0.5, 0, 0])
    assert table["n"].tolist() == [2, 2, 2, 2]  # 1.5 of seed 0 and 1, rounded
    assert table["seeds"].tolist() == [2, 2, 1, 1]


def test_edges_above_levels() -> None:
    found = attribution_rows({"graphmask": [[[1.0, 1.0]], [[1.0, 1.0]]]})
    table = attribution_levels(found, resampling=QUICK)
    assert table["level"].tolist() == pytest.approx([0, 0.5, 0, 0.5])
    assert table["layer"].tolist() == [0, 0, 1, 1]
    # above 0.5: seed and layer of four: (0 + 1) / 2 and (1 + 2) / 2 of 4
    assert table["share"].tolist() == pytest.approx([1, 1 / 8, 1, 3 / 8])


def test_scores_of_nothing() -> None:
    assert attribution_layers(ATTRIBUTIONS.empty(), resampling=QUICK).empty
    assert attribution_levels(ATTRIBUTIONS.empty(), resampling=QUICK).empty
    table = attribution_layers(attribution_rows({"a": [[[0.0, 0.0]]]}), resampling=QUICK)
    assert table["share"].isna().all()
    assert table["without"].tolist() == [1, 1]


def chain(example: int, control: str = "method", **values: Any) -> dict[str, Any]:
    default = {
        "method": "graphmask",
        "seed": 0,
        "draw": 0,
        "retained": 4,
        "edges": 20,
        "gold_retained": 2,
        "gold_edges": 8,
        "supports": 1,
        "path": False,
        "gold_path": False,
        "bridge_path": False,
    }
    return {**default, "example": example, "control": control, **values}


def values_of(rows: list[dict[str, Any]], items: pd.DataFrame | None = None) -> pd.DataFrame:
    table = entity_chains(CHAINS.check(pd.DataFrame(rows)), items, resampling=QUICK)
    return table.set_index(["control", "measure"]).sort_index()


def test_precision_and_recall_of_gold_edges() -> None:
    found = values_of(
        [
            chain(0, retained=4, gold_retained=3, gold_edges=6, supports=2, path=True),
            chain(0, seed=1, retained=2, gold_retained=1, gold_edges=6, supports=0),
            chain(1, retained=10, gold_retained=1, gold_edges=2, gold_path=True),
            chain(1, seed=1, retained=0, gold_retained=0, gold_edges=2),
            chain(2, retained=5, gold_retained=0, gold_edges=0),  # left out
        ]
    )["value"]["method"]
    assert found["precision"] == pytest.approx(5 / 16)
    assert found["recall"] == pytest.approx((4 + 1) / (12 + 4))
    assert found["retained"] == pytest.approx(16 / 80)
    # within items and seeds: 3/4, 1/2, 1/10, and none where nothing is retained
    assert found["macro_precision"] == pytest.approx((3 / 4 + 1 / 2 + 1 / 10) / 3)
    assert found["macro_recall"] == pytest.approx((3 / 6 + 1 / 6 + 1 / 2 + 0) / 4)
    assert found["supports"] == pytest.approx((2 + 0 + 1 + 1) / 4)
    assert found["path"] == pytest.approx(1 / 4)
    assert found["gold_path"] == pytest.approx(1 / 4)


def test_controls_are_means_over_draws_and_compared_with_the_method() -> None:
    rows = [chain(item, gold_retained=3) for item in range(6)]
    rows += [
        chain(item, "random", draw=draw, gold_retained=draw, path=draw == 1)
        for item in range(6)
        for draw in range(3)
    ]
    found = values_of(rows)
    assert found.loc[("random", "precision"), "value"] == pytest.approx(1 / 4)  # (0 + 1 + 2) / 12
    assert found.loc[("random", "precision"), "difference"] == pytest.approx(3 / 4 - 1 / 4)
    assert found.loc[("random", "precision"), "difference_low"] == pytest.approx(1 / 2)
    assert found.loc[("random", "path"), "value"] == pytest.approx(1 / 3)
    assert found.loc[("random", "path"), "runs"] == 3
    assert found.loc[("random", "path"), "n"] == 6
    assert np.isnan(found.loc[("method", "precision"), "difference"])


def test_bridge_paths_are_asked_for_where_the_bridge_is_known() -> None:
    rows = [chain(0, bridge_path=True), chain(1), chain(2, bridge_path=True), chain(3)]
    items = pd.DataFrame({"example": range(4), "bridge": ["Oz", "Oz", "", None]})
    found = values_of(rows, items).loc[("method", "bridge_path")]
    assert (found["n"], found["value"]) == (2, 1 / 2)
    assert values_of(rows).loc[("method", "bridge_path"), "value"] == 1 / 2


def test_measures_side_by_side() -> None:
    run = synthetic.entity_run()
    table = entity_chains(run.chains, run.items, resampling=QUICK)
    assert len(table) == 2 * len(CONTROLS) * len(CHAIN_MEASURES)
    wide = chains_by_control(table)
    assert wide["control"].tolist() == [*CONTROLS, *CONTROLS]
    assert wide["precision"].tolist() == pytest.approx([3 / 4, 1 / 4, 1 / 4] * 2)
    assert wide["supports"].tolist() == pytest.approx([2, 1, 1] * 2)
    # the bridge is known in the even items, of which every other one has such a path
    assert wide["bridge_path"].tolist() == pytest.approx([1 / 2, 0, 0] * 2)
    assert entity_chains(CHAINS.empty(), resampling=QUICK).empty
    assert chains_by_control(entity_chains(CHAINS.empty(), resampling=QUICK)).empty


def test_what_items_are_made_of() -> None:
    graphs = [[(0, 1, "MATCH"), (1, 0, "MATCH"), (0, 2, "COREF")], [(0, 1, "COMPLEMENT")]]
    mentions = synthetic.mention_table(
        [("subject", "0*", "0*"), ("bridge", "1"), ("subject", "0*")]  # item 2 has no edge
    )
    masks = compile_masks(synthetic.edge_table(graphs, [], seeds=2), mentions)
    items = pd.DataFrame(
        {"example": range(3), "supports": [2, 3, 7], "candidates": [4, 4, 4], "nodes": [3, 2, 2]}
    )
    table = item_statistics(items, mentions, masks).set_index("measure")
    assert table.loc["supports", ["total", "mean", "median", "most"]].tolist() == [12, 4, 3, 7]
    assert table.loc["edges", ["total", "least", "median", "most"]].tolist() == [4, 0, 1, 3]
    assert table.loc["mentioned candidates", "total"] == 3
    assert table.loc["nodes: subject", ["total", "least", "most"]].tolist() == [2, 0, 1]
    assert table.loc["nodes: candidate", "mean"] == pytest.approx(4 / 3)
    relations = relation_counts(masks).set_index("relation")
    assert relations["edges"].to_dict() == {"MATCH": 2, "COREF": 1, "COMPLEMENT": 1}
    assert relations.loc["MATCH", "share"] == pytest.approx(1 / 2)
    assert relations.loc["MATCH", "density"] == pytest.approx(2 / (3 * 2 + 2 * 1))
    assert relations.loc["COREF", "items"] == 1


def test_accuracy_is_of_items_with_a_known_answer() -> None:
    table = answer_accuracy(pd.DataFrame({"correct": ["yes", "no", "", "yes"]}), resampling=QUICK)
    assert (table["n"][0], table["share"][0]) == (3, pytest.approx(2 / 3))
    unknown = answer_accuracy(pd.DataFrame({"correct": ["", ""]}), resampling=QUICK)
    assert unknown["n"][0] == 0
    assert np.isnan(unknown["share"][0])
