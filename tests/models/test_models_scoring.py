"""Role counts by hand, and named devices."""

from __future__ import annotations

import pytest
import torch
from srl_tools import build_sentence, small_model

from linguagraph.errors import ConfigError
from linguagraph.models import RoleCounts, count_roles, encode_examples, evaluate, find_device


def test_precision_recall_and_f1_by_hand() -> None:
    counts = RoleCounts(2, 3, 5) + RoleCounts(1, 1, 1)
    assert counts == RoleCounts(3, 4, 6)
    assert (counts.precision, counts.recall, counts.f1) == (0.75, 0.5, 0.6)


@pytest.mark.parametrize("counts", [RoleCounts(), RoleCounts(0, 2, 0), RoleCounts(0, 0, 2)])
def test_empty_counts_score_zero(counts: RoleCounts) -> None:
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


def test_nodes_are_counted_and_unknown_gold_roles_stay_in_recall() -> None:
    predicted = torch.tensor([[0, 1, 2, 1, 0, 1], [1, 1, 1, 0, 2, 0]])
    gold = torch.tensor([0, 1, 1, 0, -100, -100])
    found = count_roles(predicted, gold)
    assert found.shape == (2, 6, 3)
    assert found.sum(1).tolist() == [[1, 4, 4], [2, 4, 4]]


def test_evaluation_splits_by_predicate_type_and_restores_the_mode() -> None:
    rows = [("Go", "VB", -1, "root"), ("home", "NN", 0, "obj"), ("fast", "JJ", 0, "x")]
    sentence = build_sentence(rows, [(0, {1: "A1"}), (1, {0: "A9"}), (2, {})])
    model = small_model([sentence, build_sentence(rows, [(0, {1: "A1"})])]).train()
    counts = evaluate(model, list(encode_examples([sentence], model.vocabulary)), tokens=4)
    assert model.training
    assert set(counts) == {"all", "V", "N", "J"}
    assert counts["V"] + counts["N"] + counts["J"] == counts["all"]
    assert (counts["V"].gold, counts["N"].gold, counts["J"].gold) == (1, 1, 0)
    assert evaluate(model, []) == {"all": RoleCounts()}


def test_devices_by_name() -> None:
    assert find_device("cpu").type == "cpu"
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ConfigError, match=r"'tpu'; expected 'cpu', 'cuda' or 'auto'"):
        find_device("tpu")


def test_a_cuda_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto").type == "cpu"
    with pytest.raises(ConfigError, match="--device cpu"):
        find_device("cuda")
