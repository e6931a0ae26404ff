"""What a user gives with a model: labels of edges, right answers, needed edges."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.outputs import Output
from linguagraph.runs.any_inputs import (
    answers,
    edge_names,
    needed_edges,
    node_count,
    node_numbers,
    right_answers,
)


def batch(content: Any, *, sets: tuple[tuple[str, int], ...] = (("edges", 3),)) -> GraphBatch:
    """Two graphs of nodes 0 1 2 and 3 4: edges 0 -> 1 and 2 -> 1, and 4 -> 3."""
    return GraphBatch(
        content=content,
        edge_index=torch.tensor([[0, 2, 4], [1, 1, 3]]),
        edge_graph=torch.tensor([0, 0, 1]),
        unit_graph=torch.tensor([0, 1]),
        num_graphs=2,
        edge_sets=sets,
    )


CODES = SimpleNamespace(
    edge_type=torch.tensor([1, 0, 1]),
    names=[["a", "b"], ["c"]],
    column=torch.tensor([[5], [6], [5]]),
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["edge", "edge", "edge"]),
        (["x", "y"], ["y", "x", "y"]),
        ("edge_type", ["1", "0", "1"]),
        ("names", ["a", "b", "c"]),
        ("column", ["5", "6", "5"]),
        (lambda content: [f"t{code}" for code in content.edge_type.tolist()], ["t1", "t0", "t1"]),
    ],
    ids=["none", "names of codes", "codes", "lists", "a column", "callable"],
)
def test_edges_are_named(given: Any, expected: list[str]) -> None:
    assert edge_names(batch(CODES), given) == expected


def test_sets_of_edges_name_them_unless_labels_are_given() -> None:
    several = batch(CODES, sets=(("a__to__b", 1), ("b__to__a", 2)))
    assert edge_names(several, None) == ["a__to__b", "b__to__a", "b__to__a"]
    assert edge_names(several, "edge_type") == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nothing", "no attribute 'nothing'"),
        (["x"], r"edge types \[1\] have no name: edge_labels has 1"),
        (lambda content: ["a"], "edge_labels gives 1 labels for 3 edges"),
    ],
)
def test_labels_that_do_not_fit_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        edge_names(batch(CODES), given)


def test_names_need_codes() -> None:
    with pytest.raises(ConfigError, match="no attribute 'edge_type'"):
        edge_names(batch(SimpleNamespace()), ["x"])
    with pytest.raises(ConfigError, match="holds no code per edge"):
        edge_names(batch(SimpleNamespace(edge_type=torch.zeros(3))), ["x"])


def test_nodes_are_numbered_within_their_graph() -> None:
    content = SimpleNamespace(
        edge_index=torch.tensor([[0, 2, 5], [1, 1, 4]]),
        batch=torch.tensor([0, 0, 0, 1, 1, 1]),  # node 3 has no edge
        num_nodes=6,
        num_graphs=2,
    )
    known = GraphBatch(
        content=content,
        edge_index=content.edge_index,
        edge_graph=torch.tensor([0, 0, 1]),
        unit_graph=torch.tensor([0, 1]),
        num_graphs=2,
        edge_sets=(("edges", 3),),
    )
    assert node_numbers(known).tolist() == [[0, 2, 2], [1, 1, 1]]
    assert node_count(known) == 6


def test_without_a_node_list_only_nodes_with_edges_count() -> None:
    assert node_numbers(batch(None)).tolist() == [[0, 2, 1], [1, 1, 0]]
    assert node_count(batch(None)) is None


def test_needed_edges_may_be_given_for_all_layers_or_each() -> None:
    flags = torch.tensor([True, False, True])
    content = SimpleNamespace(gold=flags, both=torch.stack((flags, ~flags), 1))
    assert needed_edges(batch(content), None, 2) is None
    expected = np.array([[1, 0, 1], [1, 0, 1]], dtype=bool)
    np.testing.assert_array_equal(needed_edges(batch(content), "gold", 2), expected)
    expected[1] = ~expected[1]
    np.testing.assert_array_equal(needed_edges(batch(content), "both", 2), expected)
    found = needed_edges(batch(content), lambda c: c.both.T, 2)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ConfigError, match=r"shape \(3, 2\); expected \[edges\] = \[3\]"):
        needed_edges(batch(content), "both", 1)


LOGITS = torch.tensor([[2.0, 1.0], [0.0, 1.0]])


def test_right_answers_fit_the_output_or_are_not_used() -> None:
    kind = Output("classification")
    known = batch(SimpleNamespace(y=torch.tensor([0, 0]), z=torch.tensor([0.5, 1.0])))
    found = right_answers(known, "y", kind, LOGITS)
    assert found is not None
    assert answers(kind, LOGITS, LOGITS, found).tolist() == [True, False]
    assert right_answers(known, None, kind, LOGITS) is None
    assert right_answers(batch(SimpleNamespace()), "y", kind, LOGITS) is None
    assert right_answers(batch(SimpleNamespace(y=torch.rand(2))), "y", kind, LOGITS) is None
    assert right_answers(known, "y", Output("regression"), LOGITS) is None
    assert right_answers(known, None, Output("regression"), LOGITS) is None
    with pytest.raises(ConfigError, match=r"a tenth of the outputs' spread \(Output.scale\)"):
        right_answers(known, "z", Output("regression"), LOGITS)
    with pytest.raises(ConfigError, match="no attribute 'label'"):
        right_answers(known, "label", kind, LOGITS)
    with pytest.raises(ConfigError, match="do not fit an output of shape"):
        right_answers(known, "z", kind, LOGITS)


def test_several_labels_must_all_be_right() -> None:
    kind, truth = Output("multilabel"), torch.tensor([[1, 1], [0, 0]])
    found = right_answers(batch(SimpleNamespace(y=truth)), "y", kind, LOGITS)
    assert found is not None
    assert answers(kind, LOGITS, LOGITS, found).tolist() == [True, False]


def test_without_right_answers_the_models_own_count() -> None:
    kind, masked = Output("classification"), torch.tensor([[1.0, 2.0], [0.0, 5.0]])
    assert answers(kind, LOGITS, masked, None).tolist() == [False, True]
