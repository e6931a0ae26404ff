"""Curves and measures from fidelity tables that are counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from linguagraph.aggregates.faithfulness_curves import HIGHER, fidelity_curves, fidelity_summary
from linguagraph.aggregates.statistics import Resampling
from linguagraph.columns import FIDELITY
from linguagraph.errors import TableError

QUICK = Resampling(resamples=200, min_n=1)
KEPT = {0: 0.2, 50: 0.7, 100: 0.9}
DROPPED = {0: 0.9, 50: 0.4, 100: 0.2}


def row(condition: str, confidence: float, **values: object) -> dict[str, object]:
    base: dict[str, object] = {
        "model": "toy",
        "method": "graphmask",
        "seed": 0,
        "sentence": 0,
        "predicate_type": "graph",
        "graph": 0,
        "condition": condition,
        "control": "method",
        "draw": 0,
        "fill": "zeros",
        "kept": 1,
        "edges": 4,
        "units": 1,
        "confidence": confidence,
        "original_confidence": 0.9,
        "same": 1.0,
        "divergence": 0.0,
        "kl": 0.0,
        "correct": None,
        "original_correct": None,
        "correct_changed": None,
    }
    return base | values


def one_graph(worse: float = 0.3, **values: object) -> list[dict[str, object]]:
    """The method's rows, and two draws of a control that lose and gain ``worse`` on average."""
    found = [row(f"keep_{p}", c, **values) for p, c in KEPT.items()]
    found += [row(f"drop_{p}", c, **values) for p, c in DROPPED.items()]
    found += [row("mask", 0.8, same=1.0, kl=0.5, **values)]
    found += [row("complement", 0.3, same=0.25, **values)]
    for draw, extra in enumerate((-0.1, 0.1)):
        control = {"control": "random", "draw": draw} | values
        found += [row("keep_50", 0.7 - worse + extra, **control)]
        found += [row("drop_50", 0.4 + worse + extra, **control)]
        found += [row("mask", 0.8 - worse + extra, same=0.5, **control)]
        found += [row("complement", 0.3 + worse + extra, same=0.75, **control)]
    return found


def table_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    return FIDELITY.check(pd.DataFrame(rows))


def pick(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_measures_of_one_graph_by_hand() -> None:
    found = fidelity_summary(table_of(one_graph()), resampling=QUICK)
    own = found[found["control"] == "method"].set_index("measure")["value"]
    assert own["sufficiency"] == pytest.approx(0.1)
    assert own["comprehensiveness"] == pytest.approx(0.6)
    assert own["aopc_sufficiency"] == pytest.approx((0.7 + 0.2 + 0) / 3)
    assert own["aopc_comprehensiveness"] == pytest.approx((0 + 0.5 + 0.7) / 3)
    assert own["fidelity_minus"] == 0
    assert own["fidelity_plus"] == pytest.approx(0.75)
    assert own["characterization"] == pytest.approx(2 / (1 / 0.75 + 1))
    assert own["unfaithfulness"] == pytest.approx(1 - np.exp(-0.5))
    assert "fidelity_plus_phenomenon" not in own
    random = found[found["control"] == "random"].set_index("measure")
    assert random["value"]["sufficiency"] == pytest.approx(0.4)
    assert random["value"]["aopc_sufficiency"] == pytest.approx((0.7 + 0.5 + 0) / 3)
    assert random["difference"]["sufficiency"] == pytest.approx(-0.3)
    assert random["difference"]["comprehensiveness"] == pytest.approx(0.3)
    assert random["difference"]["characterization"] == pytest.approx(
        2 / (1 / 0.75 + 1) - 2 / (1 / 0.25 + 1 / 0.5)
    )
    assert [m for m in HIGHER if m in own] == own.index.tolist()


def test_curves_of_one_graph_by_hand() -> None:
    found = fidelity_curves(table_of(one_graph()), resampling=QUICK)
    keep = found[(found["direction"] == "keep") & (found["control"] == "method")]
    assert keep["share"].tolist() == [0, 0.5, 1]
    assert keep["confidence"].tolist() == pytest.approx([0.2, 0.7, 0.9])
    assert keep["kept"].tolist() == [0.25] * 3
    assert keep["difference"].isna().all()
    drawn = found[(found["direction"] == "keep") & (found["control"] == "random")]
    # nothing can be drawn in the place of no edge and of all edges
    assert drawn["confidence"].tolist() == pytest.approx([0.2, 0.4, 0.9])
    assert drawn["difference"].tolist() == pytest.approx([0, 0.3, 0])


def many(sentences: int, *, each: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for sentence in range(sentences):
        shift = float(random.normal(0, 0.05))
        for graph in range(each):
            worse = 0.2 + shift + float(random.normal(0, 0.02))
            rows += one_graph(worse, sentence=sentence, graph=sentence * each + graph)
    return table_of(rows)


def test_differences_are_paired_by_graph_and_resampled_by_sentence() -> None:
    table = many(60, each=3)
    found = fidelity_summary(table, resampling=QUICK)
    cell = pick(found, control="random", measure="sufficiency")
    assert cell["graphs"] == 180
    assert cell["difference_low"] < cell["difference"] < cell["difference_high"]
    # the sd of a sentence's mean is near 0.05, so that of the mean over 60 is 0.0065
    assert 0.015 < cell["difference_high"] - cell["difference_low"] < 0.04
    alone = table.assign(sentence=table["graph"])
    other = pick(fidelity_summary(alone, resampling=QUICK), control="random", measure="sufficiency")
    assert other["difference"] == pytest.approx(cell["difference"])
    width = other["difference_high"] - other["difference_low"]
    assert width < 0.85 * (cell["difference_high"] - cell["difference_low"])
    own = pick(found, control="method", measure="sufficiency")
    assert own["low"] == own["high"] == pytest.approx(0.1)  # equal in every graph


def test_intervals_cover_the_truth() -> None:
    inside = 0
    for seed in range(40):
        found = fidelity_summary(many(40, each=1, seed=seed), resampling=QUICK)
        cell = pick(found, control="random", measure="comprehensiveness")
        inside += int(cell["difference_low"] <= 0.2 <= cell["difference_high"])
    assert inside >= 32


def test_gold_answers_count_where_they_are_known() -> None:
    known = one_graph(graph=0, correct_changed=0.5, correct=0.5, original_correct=1.0)
    found = fidelity_summary(table_of(known + one_graph(graph=1, sentence=1)), resampling=QUICK)
    cell = pick(found, control="method", measure="fidelity_minus_phenomenon")
    assert (cell["graphs"], cell["value"]) == (1, 0.5)
    assert pick(found, control="method", measure="fidelity_minus")["graphs"] == 2


def test_methods_fills_and_seeds() -> None:
    rows = one_graph() + one_graph(method="other") + one_graph(0.1, fill="baselines")
    rows += [r | {"seed": 1, "confidence": 0.0} for r in one_graph()]
    found = fidelity_curves(table_of(rows), resampling=QUICK)
    assert found["method"].unique().tolist() == ["graphmask", "other"]
    where = {"direction": "keep", "share": 0.5, "control": "method"}
    cells = {k: found[found["method"] == k] for k in ("graphmask", "other")}
    assert pick(cells["graphmask"], fill="zeros", **where)["confidence"] == pytest.approx(0.35)
    assert pick(cells["graphmask"], fill="baselines", **where)["confidence"] == pytest.approx(0.7)
    assert pick(cells["other"], fill="zeros", **where)["confidence"] == pytest.approx(0.7)
    assert set(found.columns) == set(fidelity_curves(FIDELITY.empty(), resampling=QUICK).columns)


@pytest.mark.parametrize("made", [fidelity_curves, fidelity_summary])
def test_nothing_and_what_is_refused(made: Callable[..., pd.DataFrame]) -> None:
    assert made(FIDELITY.empty(), resampling=QUICK).empty
    rows = one_graph() + [r for r in one_graph(graph=1) if r["condition"] != "mask"]
    with pytest.raises(TableError, match="1 of 2 graphs have no row for"):
        made(table_of(rows), resampling=QUICK)
    with pytest.raises(TableError, match="column 'model' holds"):
        made(table_of(one_graph() + one_graph(model="b")), resampling=QUICK)
