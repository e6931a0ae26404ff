"""The path task and the redundant task: gold by construction, checked by interventions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("torch_geometric")

from hypothesis import given, settings
from hypothesis import strategies as st

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.tasks.path import PARTS, local_gold, path_graphs
from linguagraph.tasks.redundant import redundant_graphs
from linguagraph.tasks.registry import (
    TASKS,
    TaskModel,
    gold_of,
    load_task_model,
    task_named,
    task_splits,
)
from linguagraph.tasks.training import accuracy


def paths(graph: Any, edges: list[int]) -> list[tuple[int, int]]:
    """Pairs of edges that make a queried path, found by looking at every pair."""
    a, b = graph.query[0].tolist()
    start = int(graph.x[:, 12].argmax())
    (source, target), colour = graph.edge_index.tolist(), graph.edge_type.tolist()
    return [
        (first, second)
        for first in edges
        for second in edges
        if source[first] == start
        and colour[first] == a
        and target[first] == source[second]
        and target[second] == 0
        and colour[second] == b
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_gold_of_the_path_task_is_the_path(seed: int) -> None:
    for graph in path_graphs(4, seed=seed):
        edges = list(range(graph.edge_index.shape[1]))
        found = paths(graph, edges)
        assert len(found) == graph.y.item() <= 1
        gold = torch.zeros(len(edges), 2, dtype=torch.bool)
        for first, second in found:
            gold[first, 0] = gold[second, 1] = True
        assert torch.equal(graph.gold, gold)
        for edge in edges:  # without an edge there is no path exactly if it is relevant
            left = paths(graph, [other for other in edges if other != edge])
            assert (len(left) < len(found)) == bool(gold[edge].any())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_parts_of_the_path_task(seed: int) -> None:
    for graph in path_graphs(4, seed=seed):
        a, b = graph.query[0].tolist()
        start = int(graph.x[:, 12].argmax())
        assert graph.x[:, 12].sum() == 1
        assert graph.x[:, 13].tolist() == [1.0] + [0.0] * (graph.num_nodes - 1)
        out = dict(zip(*(graph.edge_index[0].tolist(), graph.edge_type.tolist()), strict=True))
        for number, (source, target) in enumerate(graph.edge_index.T.tolist()):
            colour, part = int(graph.edge_type[number]), PARTS[int(graph.part[number])]
            if target == 0:
                expected = (
                    {"path, second edge", "right colour, no path"}
                    if colour == b
                    else {"wrong colour, to the root"}
                )
            elif source != start:
                expected = {"wrong start"}
            elif colour != a:
                expected = {"start, wrong colour"}
            else:
                expected = {"path, first edge" if out[target] == b else "dead end"}
            assert part in expected


def test_there_are_decoys_of_every_kind() -> None:
    graphs = path_graphs(4_000, seed=0)
    shares = torch.bincount(graphs.field("part")) / 4_000
    assert 0.45 < shares[0] < 0.55
    assert 0.15 < shares[1] < 0.4  # dead ends
    assert bool((shares[2:4] > 1).all())
    assert shares[5] > 1
    assert shares[6] > 1
    batch = graphs[:100].batch()
    kept = local_gold(batch)
    assert torch.equal(kept[:, 1], batch.gold[:, 1])
    assert torch.equal(kept[:, 0], batch.part <= 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_gold_of_the_redundant_task_is_the_evidence(seed: int) -> None:
    for graph in redundant_graphs(4, seed=seed):
        colour = graph.query.item()
        (source, target), types = graph.edge_index.tolist(), graph.edge_type.tolist()
        evidence = [
            number for number, end in enumerate(target) if end != 0 and types[number] == colour
        ]
        assert len(evidence) == graph.pieces.item() <= 4
        assert graph.y.item() == int(len(evidence) > 0)
        assert graph.gold[:, 0].nonzero().flatten().tolist() == evidence
        holders = Counter(target[number] for number in evidence)
        assert set(holders.values()) <= {1}
        onward = [n for n, end in enumerate(target) if end == 0 and source[n] in holders]
        assert graph.gold[:, 1].nonzero().flatten().tolist() == onward


def test_redundancy_is_frequent() -> None:
    pieces = torch.bincount(redundant_graphs(4_000, seed=0).field("pieces")) / 4_000
    assert 0.47 < pieces[0] < 0.53
    assert bool((pieces[1:5] > 0.05).all())


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="star, path, redundant"):
        task_named("circle")
    for make in (path_graphs, redundant_graphs):
        with pytest.raises(ConfigError, match="at least 1"):
            make(0, seed=0)
    with pytest.raises(MaskError, match="2 layers; the model has 1"):
        gold_of(path_graphs(1, seed=0).batch(), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["path", "redundant"])
def test_trained_models_need_the_gold_edges_and_no_others(name: str, tmp_path: Path) -> None:
    task, graphs = TASKS[name], task_splits(name).test[:200]
    model, record = load_task_model(name, 0, kept=tmp_path)
    again, _ = load_task_model(name, 0, kept=tmp_path)
    assert torch.equal(model.layers[0].weight, again.layers[0].weight)
    assert record.test == accuracy(model, task_splits(name).test) >= 0.998
    seen = TaskModel(model)
    batch = seen.batch(graphs.picks())
    gold = gold_of(batch.content, task.layers).float()
    yes = batch.content.y == 1
    with frozen(seen.module), torch.no_grad():
        trace = seen.trace(batch)
        only = seen.run(batch, gold, trace=trace)
        assert float(seen.output.same(trace.output, only).float().mean()) >= 0.98
        without = seen.run(batch, 1 - gold, trace=trace)
        assert float((without[yes] > 0).float().mean()) <= 0.02
        for layer in range(task.layers):  # relevant edges of one layer only are not enough
            part = gold.clone()
            part[layer] = 0
            assert float((seen.run(batch, part, trace=trace)[yes] > 0).float().mean()) <= 0.02
        if name == "redundant":
            one = gold.clone()
            for graph in range(batch.num_graphs):  # keep one piece only: still yes
                own = (batch.edge_graph == graph) & gold[1].bool()
                one[1, own.nonzero().flatten()[1:]] = 0
            assert float((seen.run(batch, one, trace=trace)[yes] > 0).float().mean()) >= 0.98
