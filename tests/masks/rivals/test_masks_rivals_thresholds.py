"""Thresholds chosen on known truth, and shares, by hand."""

from __future__ import annotations

import pytest
import torch

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.rivals.method import MethodMask
from linguagraph.masks.rivals.thresholds import apply_threshold, choose_threshold, keep_share


def test_the_threshold_with_the_best_f1_is_chosen() -> None:
    scores = torch.tensor([[0.95, 0.65, 0.42, 0.15]])
    gold = torch.tensor([[True, True, False, True]])
    there = torch.ones_like(gold)
    # > 0.1: P 3/4, R 1, F1 6/7; > 0.2: 2/3; > 0.5: P 1, R 2/3, F1 4/5
    assert choose_threshold(scores, gold, there) == 0.1
    # without the last: > 0.5 is perfect, and so is 0.6; the lower middle one of 0.5, 0.6
    there[0, 3] = False
    assert choose_threshold(scores, gold, there) == 0.5
    assert choose_threshold(scores, gold, there, thresholds=(0.6,)) == 0.6


def test_a_threshold_without_anything_to_find_is_still_one() -> None:
    nothing = torch.zeros(1, 0, dtype=torch.bool)
    assert choose_threshold(torch.zeros(1, 0), nothing, nothing) == 0.5


def test_what_does_not_fit_is_refused() -> None:
    some = torch.zeros(1, 2, dtype=torch.bool)
    with pytest.raises(MaskError, match=r"shapes \(1, 3\)"):
        choose_threshold(torch.zeros(1, 3), some, some)
    with pytest.raises(MaskError, match="no thresholds"):
        choose_threshold(torch.zeros(1, 2), some, some, thresholds=())


def mask(scores: list[list[float]], present: list[list[bool]] | None = None) -> MethodMask:
    values = torch.tensor(scores)
    there = torch.ones_like(values, dtype=torch.bool) if present is None else torch.tensor(present)
    return MethodMask(values, torch.zeros_like(there), there, method="some", how=("a",))


def test_a_threshold_replaces_nothing_but_the_choice() -> None:
    found = apply_threshold(mask([[0.2, 0.5, 0.9]], [[True, True, False]]), 0.4)
    assert found.retained.tolist() == [[False, True, False]]
    assert isinstance(found, MethodMask)
    assert (found.method, found.how) == ("some", ("a",))


def test_a_share_is_taken_of_each_graph_over_its_layers() -> None:
    """Graph 0: columns 0 to 2, six gates, of which three; graph 1: column 3, one of two."""
    found = keep_share(
        mask([[0.9, 0.1, 0.2, 0.4], [0.8, 0.3, 0.1, 0.3]]), 0.5, torch.tensor([0, 0, 0, 1])
    )
    assert found.retained.tolist() == [
        [True, False, False, True],
        [True, True, False, False],
    ]


def test_shares_count_present_edges_and_ties_go_to_the_first() -> None:
    graph = torch.tensor([0, 0, 0])
    tied = mask([[0.5, 0.5, 0.5]])
    assert keep_share(tied, 1 / 3, graph).retained.tolist() == [[True, False, False]]
    assert keep_share(tied, 0.5, graph).retained.tolist() == [[True, True, False]]
    absent = mask([[0.9, 0.1, 0.5]], [[False, True, True]])
    assert keep_share(absent, 0.5, graph).retained.tolist() == [[False, False, True]]
    assert keep_share(absent, 1.0, graph).retained.tolist() == [[False, True, True]]
    assert not keep_share(absent, 0.0, graph).retained.any()


def test_edges_of_a_graph_need_not_be_neighbours() -> None:
    found = keep_share(mask([[0.1, 0.2, 0.3, 0.4]]), 0.5, torch.tensor([0, 1, 0, 1]))
    assert found.retained.tolist() == [[False, False, True, True]]


def test_plain_masks_and_empty_ones_will_do() -> None:
    nothing = torch.zeros(2, 0)
    plain = EdgeMask(nothing, nothing.bool(), nothing.bool())
    assert keep_share(plain, 0.5, torch.zeros(0, dtype=torch.long)).retained.shape == (2, 0)
    with pytest.raises(MaskError, match=r"share=1.5"):
        keep_share(plain, 1.5, torch.zeros(0, dtype=torch.long))
