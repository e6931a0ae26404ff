"""The Lagrangian on problems whose Karush-Kuhn-Tucker point is known."""

from __future__ import annotations

import pytest
import torch

from linguagraph.errors import ConfigError
from linguagraph.masks import Lagrangian, LagrangianConfig


def solve(
    targets: list[float], config: LagrangianConfig, *, steps: int = 2000
) -> tuple[torch.Tensor, torch.Tensor]:
    """Minimise x^2 subject to target - x <= tolerance, for several targets side by side."""
    x = torch.zeros(len(targets), requires_grad=True)
    lagrangian = Lagrangian(len(targets), config)
    late = []
    for step in range(steps):
        apart = torch.tensor(targets) - x
        (slope,) = torch.autograd.grad(lagrangian.loss(x**2, apart), x)
        x.data -= 0.05 * slope
        lagrangian.ascend(apart)
        if step >= steps // 2:
            late.append(torch.stack((x.detach(), lagrangian.multipliers.detach())))
    mean = torch.stack(late).mean(0)
    return mean[0], mean[1]


def test_each_problem_reaches_its_own_optimum_and_multiplier() -> None:
    x, multipliers = solve([1.0, 2.0], LagrangianConfig(tolerance=0.25, initial=1.0))
    # at the optimum x = target - tolerance and 2 x = multiplier
    torch.testing.assert_close(x, torch.tensor([0.75, 1.75]), atol=0.03, rtol=0)
    torch.testing.assert_close(multipliers, torch.tensor([1.5, 3.5]), atol=0.06, rtol=0)


def test_problems_do_not_influence_each_other() -> None:
    config = LagrangianConfig(tolerance=0.25)
    together = solve([1.0, 2.0], config, steps=200)
    alone = solve([2.0], config, steps=200)
    assert together[0][1].item() == pytest.approx(alone[0].item(), abs=1e-6)
    assert together[1][1].item() == pytest.approx(alone[1].item(), abs=1e-6)


def test_an_idle_constraint_has_the_multiplier_zero() -> None:
    x, multipliers = solve([-3.0], LagrangianConfig(tolerance=0.25, initial=1.0))
    assert x.item() == pytest.approx(0, abs=1e-3)
    assert multipliers.item() == 0


def test_a_constraint_that_cannot_be_met_stops_at_the_bound() -> None:
    lagrangian = Lagrangian(2, LagrangianConfig(tolerance=0.1, initial=1.0, largest=1.5))
    for _ in range(300):
        lagrangian.ascend(torch.tensor([1.0, 0.0]))
    assert lagrangian.multipliers.tolist() == [1.5, 0.0]


def test_the_loss_is_penalty_plus_weighted_excess_without_a_gradient_to_the_multiplier() -> None:
    lagrangian = Lagrangian(2, LagrangianConfig(tolerance=0.5, initial=3.0))
    penalty = torch.tensor([1.0, 2.0], requires_grad=True)
    apart = torch.tensor([0.75, 0.25], requires_grad=True)
    loss = lagrangian.loss(penalty, apart)
    assert loss.item() == pytest.approx(1 + 2 + 3 * 0.25 - 3 * 0.25)
    torch.autograd.backward(loss)
    assert penalty.grad is not None
    assert apart.grad is not None
    assert (penalty.grad.tolist(), apart.grad.tolist()) == ([1, 1], [3, 3])
    assert lagrangian.multipliers.grad is None


def test_the_ascent_is_rmsprop_with_the_papers_rate() -> None:
    lagrangian = Lagrangian(1, LagrangianConfig(tolerance=0.0, initial=1.0))
    square, expected = 0.0, 1.0
    for gradient in (0.5, -0.2, 0.1):
        lagrangian.ascend(torch.tensor([gradient]))
        square = 0.99 * square + 0.01 * gradient**2
        expected += 0.01 * gradient / (square**0.5 + 1e-8)
    assert lagrangian.multipliers.item() == pytest.approx(expected, abs=1e-6)


def test_whole_numbers_serve_as_options() -> None:
    lagrangian = Lagrangian(1, LagrangianConfig(tolerance=0, initial=2))
    lagrangian.ascend(torch.tensor([1.0]))
    assert lagrangian.multipliers.item() > 2


def test_impossible_constraints_are_refused() -> None:
    with pytest.raises(ConfigError, match="tolerance=-1"):
        LagrangianConfig(tolerance=-1)
    with pytest.raises(ConfigError, match="initial=5, largest=2"):
        LagrangianConfig(initial=5, largest=2)
