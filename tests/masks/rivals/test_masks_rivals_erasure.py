"""Sets of gates that can be closed: exhaustive and greedy search against answers by hand."""

from __future__ import annotations

import pytest
import torch
from rival_toy import Toy, ToyExplainable, ToyModel, chain, deep_toy, linear_toy, random_toys, star

from linguagraph.errors import ConfigError
from linguagraph.masks.rivals.erasure import Erasure, ErasureConfig

EXHAUSTIVE, GREEDY = ErasureConfig(limit=12), ErasureConfig(limit=0)


def retained(config: ErasureConfig, *values: float, shift: float = 0.0) -> list[bool]:
    mask = Erasure(config).explain(linear_toy(shift=shift), [star(*values)])
    return mask.retained[0].tolist()


@pytest.mark.parametrize("config", [EXHAUSTIVE, GREEDY])
def test_one_edge_is_enough_where_the_answer_is_yes(config: ErasureConfig) -> None:
    """Yes if the sum is above 0: hindsight keeps the largest of three that all count."""
    assert retained(config, 1.0, 3.0, 2.0, -1.0) == [False, True, False, False]


@pytest.mark.parametrize("config", [EXHAUSTIVE, GREEDY])
def test_no_edge_is_needed_where_the_answer_is_no(config: ErasureConfig) -> None:
    assert retained(config, -1.0, 0.5, -2.0) == [False, False, False]


def test_exhaustive_search_finds_a_smaller_set_than_greedy() -> None:
    """A readout for which the second edge alone is enough, but greedy goes astray.

    Closing the second or the third of three leaves more confidence than closing the first, and then
    neither of the two that are left can be closed.
    """
    logits = {
        **{(1, 1, 1): 1.0, (1, 0, 1): 2.0, (1, 1, 0): 2.0, (0, 1, 0): 0.5, (0, 1, 1): 0.5},
        **{(1, 0, 0): -1.0, (0, 0, 1): -1.0, (0, 0, 0): -1.0},
    }

    def read(state: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[logits[tuple(row)]] for row in state.round().int().tolist()])

    toy = ToyExplainable(ToyModel(torch.eye(3), read=read))
    graph = Toy(torch.cat((torch.zeros(1, 3), torch.eye(3))), star(1.0, 1.0, 1.0).edges)
    best = Erasure(EXHAUSTIVE).explain(toy, [graph])
    assert best.retained[0].tolist() == [False, True, False]
    greedy = Erasure(GREEDY).explain(toy, [graph])
    assert greedy.retained[0].tolist() == [True, False, True]


def test_it_says_which_search_was_used() -> None:
    mask = Erasure(ErasureConfig(limit=3)).explain(
        linear_toy(), [star(1.0, 1.0, 1.0), star(1.0, 1.0, 1.0, 1.0)]
    )
    assert mask.how == ("exhaustive", "greedy")


def test_ties_fall_by_confidence_or_at_random() -> None:
    graphs = [star(1.0, 2.0, 2.0, 1.0)] * 60
    sure = Erasure(EXHAUSTIVE).explain(linear_toy(), graphs)
    assert torch.equal(sure.retained[0].nonzero().flatten() % 4, torch.ones(60).long())
    config = ErasureConfig(ties="random")
    drawn = Erasure(config).explain(linear_toy(), graphs, seed=1).retained[0].view(60, 4)
    assert drawn.sum(1).tolist() == [1] * 60
    assert int(drawn.sum(0).min()) >= 3
    again = Erasure(config).explain(linear_toy(), graphs, seed=1).retained[0].view(60, 4)
    assert torch.equal(drawn, again)


@pytest.mark.parametrize("config", [EXHAUSTIVE, GREEDY])
def test_both_layers_of_a_path_are_kept(config: ErasureConfig) -> None:
    """2 -> 1 -> 0: only (layer 0, edge 2->1) and (layer 1, edge 1->0) carry it to the readout."""
    toy = ToyExplainable(ToyModel(torch.eye(1), torch.eye(1), read=lambda state: state - 0.5))
    mask = Erasure(config).explain(toy, [chain(3)])
    assert mask.retained.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize("config", [EXHAUSTIVE, GREEDY])
def test_the_answer_stays_on_what_is_retained(config: ErasureConfig) -> None:
    toy, graphs = deep_toy(), random_toys(8, seed=3)
    mask = Erasure(config).explain(toy, graphs)
    batch = toy.batch(graphs)
    toy.module.eval()
    masked = toy.run(batch, mask.retained.float())
    assert bool(toy.output.same(toy.trace(batch).output, masked).all())


def test_subsets_run_together_and_within_bounds() -> None:
    toy = linear_toy(shift=3.5)
    Erasure().explain(toy, [star(1.0, 1.0, 1.0, 1.0, 0.0, 0.0)])
    # 0, 1, 2 and 3 retained edges do not do: one run for each size, and one that does
    assert toy.runs == 5
    assert toy.copies == 20
    bound = linear_toy(shift=3.5)
    mask = Erasure(ErasureConfig(edges=60)).explain(bound, [star(1.0, 1.0, 1.0, 1.0, 0.0, 0.0)])
    assert bound.copies == 10
    assert mask.retained[0].tolist() == [True] * 4 + [False] * 2


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"ties='coin'; expected one of \['confidence'"):
        ErasureConfig(ties="coin")
    with pytest.raises(ConfigError, match="limit=30"):
        ErasureConfig(limit=30)
