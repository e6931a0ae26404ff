"""Questions chosen to be drawn, and which of their edges."""

from __future__ import annotations

import entity_tools as tools
import pandas as pd
import pytest

from linguagraph.aggregates.entity_selection import (
    ROUTES,
    ItemChoice,
    item_edges,
    part_of_item,
    select_entity_items,
)
from linguagraph.columns import EDGES
from linguagraph.edges.storage import RunTables


def choices(run: RunTables, *, chains: bool = True, most: int = 60) -> dict[str, ItemChoice]:
    assert run.items is not None
    found = select_entity_items(
        run.edges, run.items, run.chains if chains else None, max_edges=most
    )
    assert len({choice.example for choice in found}) == len(found)
    return {choice.rule: choice for choice in found}


def test_items_are_chosen_by_rule_and_none_twice() -> None:
    run = tools.entity_run((24, 30, 38, 60, 150), wrong=(1,), paths=(0,))
    found = choices(run)
    assert {rule: choice.example for rule, choice in found.items()} == {
        "typical": 0,  # 2 is nearer to the median, but its gold path is not retained
        "wrong": 1,
        "densest": 3,
        "disagreement": 4,
    }
    assert found["typical"].reason == (
        "answered correctly, 24 edges retained (median 38); retained edges lead from the subject "
        "to the answer within the gold documents"
    )
    assert found["wrong"].reason == "answered wrongly, 30 edges retained (median 38)"
    assert found["densest"].reason == "60 edges retained, the most of the questions with up to 60"
    assert found["disagreement"].reason.startswith("two seeds disagree about ")


def test_without_chains_or_gold_paths_the_median_alone_decides() -> None:
    for run, chains in ((tools.entity_run(), False), (tools.entity_run(paths=()), True)):
        typical = choices(run, chains=chains)["typical"]
        assert typical.example == 2
        assert typical.reason == "answered correctly, 38 edges retained (median 38)"


def test_gold_paths_of_items_without_gold_supports_do_not_count() -> None:
    run = tools.entity_run((20, 30, 36), paths=(0,))
    assert choices(run)["typical"].example == 0
    assert run.items is not None
    bare = run.items.assign(gold_subject_support=-1)
    found = select_entity_items(run.edges, bare, run.chains)
    assert found[0].example == 2
    assert "gold" not in found[0].reason


def test_where_no_answer_is_known_all_items_may_be_typical_and_none_is_wrong() -> None:
    found = choices(tools.entity_run(gold=False))
    assert "wrong" not in found
    assert found["typical"].reason == "38 edges retained (median 38)"


def test_rules_that_no_item_satisfies_choose_none() -> None:
    found = choices(tools.entity_run((70, 80), wrong=(0, 1), seeds=1), most=60)
    assert list(found) == ["wrong"]  # none right, none small, one seed
    assert "median 75" in found["wrong"].reason


def test_ties_go_to_the_first_and_items_without_retained_edges_are_passed_over() -> None:
    run = tools.entity_run((20, 20, 20), wrong=(), paths=())
    assert choices(run)["typical"].example == 0
    kept = run.edges.assign(retained=run.edges["retained"] & (run.edges["example"] == 2))
    without = RunTables(kept, run.paths, run.roles, run.scores, items=run.items)
    assert {choice.example for choice in choices(without).values()} == {2}
    assert run.items is not None
    assert select_entity_items(EDGES.empty(), run.items) == ()


def edges(rows: list[tuple[int, int, int, float]]) -> pd.DataFrame:
    columns = ["layer", "source", "target", "retained_share"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(edge=range(len(frame)), label="MATCH")


def nodes(roles: dict[int, str], predicted: tuple[int, ...]) -> pd.DataFrame:
    frame = pd.DataFrame({"node": list(roles), "role": list(roles.values())})
    return frame.assign(predicted=frame["node"].isin(predicted))


ROLES = {0: "subject", 1: "bridge", 2: "bridge", 3: "candidate", 4: "bridge"}


def test_routes_go_up_in_layers() -> None:
    table = edges(
        [
            (0, 0, 1, 1.0),  # 0 -> 1 -> 3 with a pause in layer 1
            (2, 1, 3, 1.0),
            (0, 4, 3, 1.0),  # ends in the answer only
            (1, 1, 2, 1.0),  # begins at the subject only
            (0, 2, 4, 1.0),  # 2 is told of the subject later, 4 tells the answer at once
            (0, 0, 3, 0.4),  # retained by too few
            (2, 0, 0, 1.0),  # from a mention to itself
        ]
    )
    part = part_of_item(table, nodes(ROLES, (3,)))
    assert (part.retained, part.total, part.left_out) == (5, 7, 0)
    assert part.edges.set_index("edge")["route"].to_dict() == {
        0: ROUTES[0],
        1: ROUTES[0],
        2: ROUTES[2],
        3: ROUTES[1],
        4: ROUTES[3],
    }
    assert part.edges[["layer", "edge"]].apply(tuple, axis=1).is_monotonic_increasing


def test_where_there_are_too_many_paths_come_first_then_what_most_seeds_retain() -> None:
    table = edges([(0, 2, 4, 0.8), (0, 4, 2, 1.0), (1, 2, 4, 0.8), (0, 0, 1, 0.5), (1, 1, 3, 0.5)])
    chosen = [
        set(part_of_item(table, nodes(ROLES, (3,)), max_edges=most).edges["edge"])
        for most in (2, 3, 4)
    ]
    assert chosen == [{3, 4}, {1, 3, 4}, {0, 1, 3, 4}]
    assert part_of_item(table, nodes(ROLES, (3,)), max_edges=2).left_out == 3


def test_shares_are_over_seeds() -> None:
    run = tools.entity_run((24, 30), seeds=4)
    found = item_edges(run.edges, 1)
    assert set(found["retained_share"].unique()) <= {0.0, 0.25, 0.75, 1.0}
    assert int((found["retained_share"] >= 0.5).sum()) == 30
    own = run.edges[run.edges["example"] == 1]
    assert len(found) * 4 == len(own)
    assert found["retained_share"].mean() == pytest.approx(own["retained"].mean())
