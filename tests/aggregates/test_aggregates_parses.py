"""Two runs of one small text, worked out by hand; see ``runs``."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates.parse_comparison import compare_parses, divergence
from linguagraph.aggregates.shared_edges import cohen_kappa
from linguagraph.aggregates.statistics import Resampling
from linguagraph.columns import SCORES
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError

QUICK = Resampling(resamples=50, min_sentences=1)

# sentence, predicate, (head, dependent, label, retained ->, retained <-) ...
GOLD = [
    (0, 1, [(1, 0, "nsubj", 1, 0), (1, 2, "obj", 1, 0), (2, 3, "amod", 0, 0)]),
    (1, 0, [(0, 1, "obj", 1, 1), (0, 2, "obl", 1, 0)]),
]
PREDICTED = [
    (0, 1, [(1, 0, "nsubj", 1, 1), (1, 2, "obl", 1, 0), (1, 3, "amod", 1, 0)]),
    (1, 0, [(0, 1, "obj", 1, 0), (1, 2, "nmod", 0, 0)]),
]


def edges(run: list[Any], **common: object) -> pd.DataFrame:
    rows = []
    for example, (sentence, predicate, tree) in enumerate(run):
        for number, (head, dependent, label, down, up) in enumerate(tree):
            base = {
                "sentence": sentence,
                "example": example,
                "predicate_index": predicate,
                "label": label,
            }
            ends = {"source": head, "target": dependent, "direction": "->", "retained": bool(down)}
            rows.append({**base, **ends, "edge": 2 * number})
            ends = {"source": dependent, "target": head, "direction": "<-", "retained": bool(up)}
            rows.append({**base, **ends, "edge": 2 * number + 1})
    return synthetic.edges_of(rows).assign(**common)


def scores(*counts: tuple[str, int, int, int, int]) -> pd.DataFrame:
    names = ["condition", "sentence", "correct", "predicted", "gold"]
    table = pd.DataFrame(counts, columns=names)
    seed = np.where(table["condition"] == "original", -1, 0)
    constant = {"model": "srl-gnn", "method": "graphmask", "predicate_type": "V"}
    return SCORES.check(table.assign(seed=seed, kept=0, edges=1, **constant))


@pytest.fixture
def runs() -> tuple[RunTables, RunTables]:
    """10 gold and 10 predicted edges; 4 heads of 5 agree but one: 6 shared edges."""
    base = synthetic.empty_run()
    gold = scores(("original", 0, 2, 2, 2), ("original", 1, 1, 1, 2), ("retained_100", 0, 1, 2, 2))
    other = scores(("original", 0, 1, 2, 2), ("original", 1, 1, 2, 2), ("retained_100", 0, 1, 2, 2))
    return (
        replace(base, edges=edges(GOLD), scores=gold),
        replace(base, edges=edges(PREDICTED), scores=other),
    )


def test_scores_and_shares_side_by_side(runs: tuple[RunTables, RunTables]) -> None:
    found = compare_parses(*runs, resampling=QUICK)
    assert (found.examples, found.unmatched) == (2, 0)
    table = found.measures.set_index("measure")
    assert table.index.tolist() == [
        "role F1, all edges",
        "role F1, retained edges",
        "retained share",
    ]
    assert table["gold"].tolist() == pytest.approx([6 / 7, 2 / 4, 5 / 10])
    assert table["predicted"].tolist() == pytest.approx([4 / 8, 2 / 4, 5 / 10])
    assert table["difference"].tolist() == pytest.approx([4 / 8 - 6 / 7, 0, 0])
    assert (table["low"] <= table["difference"] + 1e-12).all()
    assert (table["difference"] - 1e-12 <= table["high"]).all()


def test_labels_of_the_retained_edges_and_their_divergence(
    runs: tuple[RunTables, RunTables],
) -> None:
    found = compare_parses(*runs, resampling=QUICK)
    kept = found.labels.set_index("label")[["retained_gold", "retained_predicted"]]
    assert kept.to_dict("index") == {
        "obj": {"retained_gold": 3, "retained_predicted": 1},
        "nsubj": {"retained_gold": 1, "retained_predicted": 2},
        "obl": {"retained_gold": 1, "retained_predicted": 1},
        "amod": {"retained_gold": 0, "retained_predicted": 1},
    }
    assert found.labels["label"].iloc[0] == "obj"
    # p = 3 1 1 0 fifths, q = 1 2 1 1 fifths, their mean 4 3 2 1 tenths:
    # entropies 1.37095, 1.92193 and 1.84644 bits
    assert found.divergence == pytest.approx(1.84644 - (1.37095 + 1.92193) / 2, abs=1e-4)
    assert 0 < found.divergence_all < 1


def test_masks_on_shared_edges(runs: tuple[RunTables, RunTables]) -> None:
    """Shared: nsubj, obj/obl and obj, each both ways.

    Gold keeps 1 0 1 0 1 1, predicted 1 1 1 0 1 0: both 3, gold 4, predicted 4 of 6.
    Observed 4/6, chance 16/36 + 4/36 = 20/36, kappa (24 - 20) / (36 - 20) = 1/4; the marginals are
    equal, so Fleiss' is the same.
    """
    masks = compare_parses(*runs, resampling=QUICK).masks.set_index(["edges", "layer"])
    assert masks.index.tolist() == [
        ("any label", "all"),
        ("any label", "0"),
        ("same label", "all"),
        ("same label", "0"),
    ]
    row = masks.loc[("any label", "all")]
    assert row["n"] == 6
    assert row["of_gold"] == pytest.approx(0.6)
    assert row["raw_agreement"] == pytest.approx(4 / 6)
    assert row["cohen_kappa"] == pytest.approx(1 / 4)
    assert row["fleiss_kappa"] == pytest.approx(1 / 4)
    assert (row["retained_gold"], row["retained_predicted"]) == pytest.approx((4 / 6, 4 / 6))
    # same label: nsubj 10/11, obj 11/10: gold 3, predicted 3, both 2 of 4; (2/4 - 10/16) / (6/16)
    row = masks.loc[("same label", "all")]
    assert row["n"] == 4
    assert row["cohen_kappa"] == pytest.approx(-1 / 3)


def test_seeds_and_layers_are_kept_apart(runs: tuple[RunTables, RunTables]) -> None:
    def doubled(run: RunTables, **flips: object) -> RunTables:
        more = [run.edges, run.edges.assign(seed=1), run.edges.assign(layer=1)]
        return replace(run, edges=pd.concat([*more, run.edges.assign(seed=1, layer=1)]))

    masks = compare_parses(*map(doubled, runs), resampling=QUICK).masks
    masks = masks.set_index(["edges", "layer"])
    assert masks.loc["any label"]["n"].to_dict() == {"all": 24, "0": 12, "1": 12}
    assert masks.loc[("any label", "1"), "cohen_kappa"] == pytest.approx(1 / 4)
    assert masks.loc[("any label", "all"), "of_gold"] == pytest.approx(0.6)


def test_only_dependencies_of_the_sentence_itself_are_compared(
    runs: tuple[RunTables, RunTables],
) -> None:
    context = edges(GOLD, kind="coreference")
    far = edges(GOLD, source_offset=-1, target_offset=-1)
    more = [replace(r, edges=pd.concat([r.edges, context, far])) for r in runs]
    masks = compare_parses(*more, resampling=QUICK).masks
    assert masks["n"].tolist() == [6, 6, 4, 4]
    assert masks["of_gold"].iloc[0] == pytest.approx(0.6)


def test_predicates_of_one_run_alone_are_counted(runs: tuple[RunTables, RunTables]) -> None:
    gold, predicted = runs
    lone = predicted.edges[predicted.edges["sentence"] == 1]
    found = compare_parses(gold, replace(predicted, edges=lone), resampling=QUICK)
    assert (found.examples, found.unmatched) == (1, 1)
    assert found.masks["n"].iloc[0] == 2


def test_equal_runs_agree_in_everything(runs: tuple[RunTables, RunTables]) -> None:
    found = compare_parses(runs[0], runs[0], resampling=QUICK)
    assert found.divergence == found.divergence_all == 0
    assert (found.measures["difference"] == 0).all()
    assert found.masks["cohen_kappa"].tolist() == pytest.approx([1, 1, 1, 1])


def test_runs_that_cannot_be_compared_are_refused(runs: tuple[RunTables, RunTables]) -> None:
    gold, predicted = runs
    for column, value, match in (
        ("predicate_index", 3, "no predicate in common"),
        ("model", "other", "model"),
        ("seed", 4, r"seeds \[0\] and \[4\]"),
    ):
        changed = replace(predicted, edges=predicted.edges.assign(**{column: value}))
        with pytest.raises(TableError, match=match):
            compare_parses(gold, changed, resampling=QUICK)


def test_divergence_from_equal_to_disjoint() -> None:
    assert divergence(pd.Series([1, 3]), pd.Series([2, 6])) == 0
    assert divergence(pd.Series([1, 0]), pd.Series([0, 5])) == 1
    assert np.isnan(divergence(pd.Series([0, 0]), pd.Series([0, 5])))


def test_cohen_kappa_of_a_textbook_table() -> None:
    """20 both, 5 first only, 10 second only, 15 neither: observed .7, chance .5, kappa .4."""
    value = cohen_kappa(*(np.array(v, dtype=float) for v in (20, 25, 30, 50)))
    assert value == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(*(np.array(v, dtype=float) for v in (50, 50, 50, 50))))
