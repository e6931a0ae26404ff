"""Where edges lie relative to predicate-argument paths, against paths walked one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tables import edges_of

from linguagraph.aggregates import compile_items
from linguagraph.aggregates.path_position import POSITIONS, path_positions
from linguagraph.edges.storage import RunTables
from linguagraph.edges.trees import TreePaths
from linguagraph.graphs.textgraph import TextGraph


def test_positions_equal_those_of_paths_walked_one_by_one(
    make_tables: Callable[..., RunTables],
) -> None:
    table = make_tables(sentences=80, seeds=1, layers=2, seed=3).edges
    items = compile_items(table)
    found = np.array(POSITIONS)[path_positions(items)]
    rows = table.iloc[items.rows].assign(found=found)
    seen = set()
    for _, part in rows.groupby("example"):
        for _, layer in part.groupby("layer"):
            own = layer.sort_values("edge")
            predicate = int(own["predicate_index"].iloc[0])
            graph = TextGraph(
                int(own[["source", "target"]].to_numpy().max()) + 1,
                own[["source", "target"]].to_numpy().T,
                tuple(own["label"].astype(str)),
                tuple(own["direction"].astype(str)),
            )
            trees = TreePaths(graph)
            arguments = set(own.loc[own["target_kind"] == "argument", "target"])
            on = {edge for a in arguments for edge in trees.path(predicate, int(a)) or []}
            ends = list(zip(own["source"], own["target"], strict=True))
            back = {ends.index(ends[edge][::-1]) for edge in on}
            for edge, (source, target) in enumerate(ends):
                expected = "off_path"
                if predicate in (source, target):
                    expected = "at_predicate"
                if target in arguments and own["target_kind"].iloc[edge] == "argument":
                    expected = "into_argument"
                if edge in back:
                    expected = "against_path"
                if edge in on:
                    expected = "on_path"
                assert own["found"].iloc[edge] == expected
                seen.add(expected)
    assert seen == set(POSITIONS)


def rows(*edges: tuple[int, int, str, str], **common: object) -> list[dict[str, object]]:
    return [
        {"edge": i, "source": s, "target": t, "direction": d, "target_kind": k, **common}
        for i, (s, t, d, k) in enumerate(edges)
    ]


def test_edges_outside_of_language_and_of_the_sentence_are_off_path() -> None:
    pair = rows((0, 1, "->", "argument"), (1, 0, "<-", "predicate"))
    named = [POSITIONS[i] for i in path_positions(compile_items(edges_of(pair)))]
    assert named == ["on_path", "against_path"]
    graph = rows((0, 1, "", "elsewhere"), (1, 0, "", "elsewhere"), predicate_index=-1)
    assert set(path_positions(compile_items(edges_of(graph)))) == {4}
    table = edges_of(pair).assign(source_offset=1)
    assert [POSITIONS[i] for i in path_positions(compile_items(table))] == ["off_path"] * 2
    other = edges_of(pair).assign(kind="coreference")
    named = [POSITIONS[i] for i in path_positions(compile_items(other))]
    assert named == ["into_argument", "at_predicate"]


def test_heads_in_a_circle_end() -> None:
    circle = rows((1, 2, "->", "argument"), (2, 1, "->", "argument"), predicate_index=0)
    assert len(path_positions(compile_items(edges_of(circle)))) == 2
