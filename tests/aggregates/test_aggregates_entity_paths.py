"""Paths of retained edges: by hand, and against all paths listed one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
import tables_entity as synthetic

from linguagraph.aggregates.entity_masks import EntityMasks, compile_masks
from linguagraph.aggregates.entity_paths import (
    PATH_SETS,
    Steps,
    count_paths,
    first_edges,
    grouped_forms,
    lone_edges,
    path_forms,
)
from linguagraph.aggregates.statistics import Resampling

QUICK = Resampling(resamples=100, min_n=1, min_sentences=1)
Step = tuple[int, int, int, int]

NODES = ("subject", "bridge", "0*", "1")
# the two relations join the same mentions
EDGES = [(u, v, r) for r in ("MATCH", "COREF") for u in range(4) for v in range(4) if u != v]


def masks_of(
    *items: list[tuple[int, int, int, int, str]],
    seeds: int = 1,
    layers: int = 3,
    present: tuple[int, ...] | None = None,
) -> EntityMasks:
    """Masks from the retained (seed, layer, source, target, relation) of each item."""
    votes = [
        (s, i, k, EDGES.index((u, v, r))) for i, kept in enumerate(items) for s, k, u, v, r in kept
    ]
    graphs = [EDGES] * len(items)
    edges = synthetic.edge_table(graphs, votes, seeds=seeds, layers=layers, present=present)
    return compile_masks(edges, synthetic.mention_table([NODES] * len(items)))


def listed(masks: EntityMasks, seed: int) -> Iterator[list[Step]]:
    """Every maximal path of a seed, as (layer, relation, source, target), found by search."""
    kept: list[Step] = [
        (int(layer), int(relation), int(u), int(v))
        for layer, relation, u, v, vote in zip(
            masks.items.layer,
            masks.relation,
            masks.source,
            masks.target,
            masks.items.votes[:, seed],
            strict=True,
        )
        if vote == 1
    ]

    def extended(path: list[Step]) -> Iterator[list[Step]]:
        layer, _, _, end = path[-1]
        after = [step for step in kept if step[0] > layer and step[2] == end]
        if not after:
            yield path
        for step in after:
            yield from extended([*path, step])

    for step in kept:
        if not any(other[0] < step[0] and other[3] == step[2] for other in kept):
            yield from extended([step])


def expected_counts(masks: EntityMasks) -> dict[str, Counter[tuple[Steps, int, int]]]:
    found: dict[str, Counter[tuple[Steps, int, int]]] = {name: Counter() for name in PATH_SETS}
    for seed in range(masks.shape[1]):
        for path in listed(masks, seed):
            steps = tuple((layer, relation) for layer, relation, _, _ in path)
            key = (steps, int(masks.item[path[0][2]]), seed)
            found["all"][key] += 1
            found["to_prediction"][key] += int(masks.predicted[path[-1][3]])
            found["from_subject"][key] += int(masks.subject[path[0][2]])
    return found


@pytest.mark.parametrize("trial", range(40))
def test_counts_are_those_of_paths_listed_one_by_one(trial: int) -> None:
    random = np.random.default_rng(trial)
    layers, seeds = int(random.integers(1, 5)), int(random.integers(1, 3))
    density = random.choice([0.03, 0.1, 0.3, 0.6]) if layers < 4 else 0.1
    kept = [
        [
            (seed, layer, u, v, relation)
            for seed in range(seeds)
            for layer in range(layers)
            for u, v, relation in EDGES
            if random.random() < density
        ]
        for _ in range(3)
    ]
    masks = masks_of(*kept, seeds=seeds, layers=layers)
    paths, expected = count_paths(masks), expected_counts(masks)
    for name in PATH_SETS:
        counts = paths.counts[name]
        found = {
            (steps, item, seed): counts[item, seed, place]
            for place, steps in enumerate(paths.steps)
            for item in range(3)
            for seed in range(seeds)
            if counts[item, seed, place]
        }
        assert found == {key: n for key, n in expected[name].items() if n}
        assert paths.totals(name).sum() == sum(expected[name].values())


def test_forms_are_shares_within_items() -> None:
    masks = masks_of(
        # 0>1 MATCH, 1>2 COREF: one path of two edges, from the subject to the prediction
        [(0, 0, 0, 1, "MATCH"), (0, 1, 1, 2, "COREF")],
        # the same in layers 0 and 2, and three single edges that nothing follows
        [
            *[(0, 0, 0, 1, "MATCH"), (0, 2, 1, 2, "COREF"), (0, 2, 1, 3, "COREF")],
            *[(0, 0, 3, 2, "COREF"), (0, 0, 2, 3, "COREF")],
        ],
    )
    paths = count_paths(masks)
    table = path_forms(paths, resampling=QUICK).set_index(["paths", "form"])
    # item 1 has four paths: MATCH > COREF twice (to 2 and to 3), COREF twice
    assert table.loc[("all", "MATCH > COREF"), "share"] == pytest.approx((1 + 1 / 2) / 2)
    assert table.loc[("all", "COREF"), "share"] == pytest.approx((0 + 1 / 2) / 2)
    assert table.loc[("all", "COREF"), "occurs"] == pytest.approx(1 / 2)
    assert table.loc[("all", "MATCH > COREF"), "edges"] == 2
    # of those to the prediction, item 1 has one MATCH > COREF and one COREF
    assert table.loc[("to_prediction", "MATCH > COREF"), "share"] == pytest.approx(3 / 4)
    assert table.loc[("from_subject", "MATCH > COREF"), "share"] == 1
    assert ("from_subject", "COREF") not in table.index
    assert table.loc["all"]["share"].sum() == pytest.approx(1)
    ways = path_forms(paths, resampling=QUICK, layers=True)
    ways = ways[(ways["paths"] == "all") & (ways["form"] == "MATCH > COREF")]
    assert set(ways["layers"]) == {"0 > 1", "0 > 2"}
    assert ways["share"].tolist() == pytest.approx([1 / 2, 1 / 4])


def test_items_without_paths_do_not_count() -> None:
    masks = masks_of([(0, 0, 0, 1, "MATCH")], [], seeds=2)
    table = path_forms(count_paths(masks), resampling=QUICK)
    row = table[table["paths"] == "all"].iloc[0]
    assert row["n"] == 0  # one item with one of two seeds: a half, rounded to even
    assert row["share"] == 1
    assert count_paths(masks).totals("all").tolist() == [[1, 0], [0, 0]]


def test_layers_may_be_missing() -> None:
    kept = [(0, 0, 0, 1, "MATCH"), (0, 2, 1, 2, "COREF")]
    paths = count_paths(masks_of(kept, present=(0, 2)))
    assert [(paths.form(s), paths.layers_of(s)) for s in paths.steps] == [
        ("MATCH > COREF", "0 > 2")
    ]


def test_groups_of_forms() -> None:
    kept = [(0, 0, 0, 1, "MATCH"), (0, 1, 1, 2, "COREF"), (0, 0, 3, 2, "COREF")]
    groups = {
        "starts with MATCH": lambda form: form[0] == "MATCH",
        "three edges": lambda form: len(form) == 3,
    }
    table = grouped_forms(count_paths(masks_of(kept)), groups, resampling=QUICK)
    table = table.set_index(["paths", "group"])
    assert table.loc[("all", "starts with MATCH"), "share"] == pytest.approx(1 / 2)
    assert table.loc[("from_subject", "starts with MATCH"), "share"] == 1
    assert table.loc[("all", "three edges"), "share"] == 0


def test_lengths_by_first_edge() -> None:
    masks = masks_of(
        [(0, 0, 0, 1, "MATCH"), (0, 1, 1, 2, "COREF"), (0, 0, 3, 0, "MATCH")],
        [(0, 0, 0, 1, "MATCH"), (0, 1, 3, 2, "COREF")],
    )
    table = first_edges(count_paths(masks), resampling=QUICK)
    table = table.set_index(["layer", "relation", "edges"])["share"].sort_index()
    # paths that begin with MATCH in layer 0: item 0 one of two edges, one alone; item 1 one alone
    assert table["0", "MATCH", 1] == pytest.approx((1 / 2 + 1) / 2)
    assert table["0", "MATCH", 2] == pytest.approx(1 / 4)
    assert table["1", "COREF", 1] == 1
    assert table["all", "all", 3] == 0
    assert ("0", "COREF", 1) not in table.index
    assert table["all", "all"].sum() == pytest.approx(1)


def test_edges_that_are_a_path_on_their_own() -> None:
    kept = [(0, 0, 0, 1, "MATCH"), (0, 1, 1, 2, "COREF"), (0, 0, 3, 0, "MATCH")]
    kept += [(0, 2, 1, 3, "MATCH"), (0, 1, 3, 1, "COREF")]
    table = lone_edges(masks_of(kept), resampling=QUICK).set_index(["layer", "relation"])
    # layer 0: 0>1 is followed, 3>0 is not; layer 1: 1>2 is preceded, 3>1 is followed by 1>3
    assert table.loc[("0", "MATCH"), "n"] == 2
    assert table.loc[("0", "MATCH"), "share"] == pytest.approx(1 / 2)
    assert table.loc[("1", "COREF"), "share"] == 0
    assert table.loc[("2", "all"), "share"] == 0
    assert ("0", "COREF") not in table.index


def test_without_retained_edges_there_is_no_path() -> None:
    masks = masks_of([], [])
    paths = count_paths(masks)
    assert paths.steps == ()
    assert path_forms(paths, resampling=QUICK).empty
    assert first_edges(paths, resampling=QUICK).empty
    assert lone_edges(masks, resampling=QUICK).empty
    groups = grouped_forms(paths, {"any": lambda form: True}, resampling=QUICK)
    assert groups["n"].tolist() == [0, 0, 0]
    empty = compile_masks(synthetic.empty_entity_run().edges)
    assert count_paths(empty).steps == ()
