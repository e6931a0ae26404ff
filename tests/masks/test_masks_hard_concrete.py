"""The Hard Concrete distribution against closed forms, quadrature and simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit, logit

from linguagraph.errors import ConfigError
from linguagraph.masks import HardConcrete

LOCATIONS = (-4.0, -0.7, 0.0, 0.4, 3.0)
SHAPES = ((1 / 3, -0.2, 1.0), (1 / 3, -0.2, 1.2), (0.5, -0.1, 1.1), (1 / 3, -0.2, 1.05))


def at(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.fixture(params=SHAPES, ids=str)
def gates(request: pytest.FixtureRequest) -> HardConcrete:
    return HardConcrete(*request.param)


def integral(function: Callable[[float], float], end: float = 1.0) -> float:
    """From 0 to ``end``; with z = 1 - w ** 3 the pole of the density at z = 1 (r = 1) is smooth."""
    found, _ = quad(
        lambda w: function(1 - w**3) * 3 * w**2, (1 - end) ** (1 / 3), 1, epsabs=1e-10, limit=200
    )
    return float(found)


def point_masses(gates: HardConcrete, location: float) -> tuple[float, float]:
    """P(z = 0) and P(z = 1) from the logistic distribution of logit(u), by hand."""
    width = gates.high - gates.low
    zero, one = -gates.low / width, (1 - gates.low) / width
    t = gates.temperature
    return expit(t * logit(zero) - location), 1 - expit(t * logit(one) - location)


@pytest.mark.parametrize("location", LOCATIONS)
def test_density_and_point_masses_add_up_to_one(gates: HardConcrete, location: float) -> None:
    inside = integral(lambda z: gates.density(at(z), at(location)).item())
    zero, one = point_masses(gates, location)
    assert inside + zero + one == pytest.approx(1, abs=1e-8)
    assert gates.distribution(at(0.0), at(location)).item() == pytest.approx(zero, abs=1e-12)


@pytest.mark.parametrize("location", LOCATIONS)
def test_the_density_integrates_to_the_distribution(gates: HardConcrete, location: float) -> None:
    for z in (0.1, 0.5, 0.93):
        part = integral(lambda x: gates.density(at(x), at(location)).item(), z)
        whole = gates.distribution(at(z), at(location)).item()
        assert whole == pytest.approx(part + point_masses(gates, location)[0], abs=1e-8)


@pytest.mark.parametrize("location", LOCATIONS)
def test_expected_l0_is_the_probability_of_not_being_zero(
    gates: HardConcrete, location: float
) -> None:
    found = gates.nonzero_probability(at(location)).item()
    assert found == pytest.approx(1 - point_masses(gates, location)[0], abs=1e-12)


@pytest.mark.parametrize("location", LOCATIONS)
def test_the_decision_follows_the_probability_of_being_open(
    gates: HardConcrete, location: float
) -> None:
    found = gates.open_probability(at(location)).item()
    half = gates.distribution(at(0.5), at(location)).item()
    assert found == pytest.approx(1 - half, abs=1e-12)
    assert gates.decide(at(location)).item() == float(found > 0.5)


def test_a_symmetric_stretch_opens_with_probability_sigmoid_of_the_location() -> None:
    gates = HardConcrete(1 / 3, -0.2, 1.2)
    assert gates.threshold == pytest.approx(0, abs=1e-15)
    assert gates.open_probability(at(0.4)).item() == pytest.approx(expit(0.4), abs=1e-12)


def test_the_default_stretch_has_its_threshold_at_a_third_of_the_logit() -> None:
    assert HardConcrete().threshold == pytest.approx(logit(0.7 / 1.2) / 3, abs=1e-12)
    assert HardConcrete().decide(torch.tensor([0.11, 0.12])).tolist() == [0, 1]


@pytest.mark.parametrize("location", LOCATIONS)
def test_simulation_agrees_with_the_closed_forms(gates: HardConcrete, location: float) -> None:
    count = 200_000
    noise = torch.from_numpy(np.random.default_rng(0).uniform(size=count))
    z = gates.soft(torch.full((count,), location, dtype=torch.float64), noise).numpy()
    zero, one = point_masses(gates, location)
    assert np.mean(z == 0) == pytest.approx(zero, abs=0.005)
    assert np.mean(z == 1) == pytest.approx(one, abs=0.005)
    assert np.mean(z > 0.5) == pytest.approx(gates.open_probability(at(location)).item(), abs=0.005)
    inside = integral(lambda x: x * gates.density(at(x), at(location)).item())
    assert z.mean() == pytest.approx(inside + one, abs=0.005)


@pytest.mark.parametrize("location", LOCATIONS)
def test_quantiles_invert_the_distribution(gates: HardConcrete, location: float) -> None:
    zero, one = point_masses(gates, location)
    largest = 1 - one - 1e-6 if one > 0 else zero + 0.9 * (1 - zero)
    shares = torch.linspace(zero + 1e-6, largest, 9, dtype=torch.float64)
    z = gates.quantile(shares, at(location).expand(9))
    torch.testing.assert_close(gates.distribution(z, at(location)), shares, atol=1e-9, rtol=0)
    ends = torch.tensor([zero / 2, 1 - one / 2 if one > 0 else 1.0], dtype=torch.float64)
    assert gates.quantile(ends, at(location).expand(2)).tolist() == [0, 1]


def test_samples_are_exactly_binary_with_the_gradient_of_the_soft_gate() -> None:
    gates = HardConcrete()
    location = torch.linspace(-3, 3, 4001, requires_grad=True)
    drawn = gates.sample(location, generator=torch.Generator().manual_seed(1))
    assert set(drawn.tolist()) == {0.0, 1.0}
    torch.autograd.backward(drawn.sum())
    noise = torch.empty(4001).uniform_(1e-6, 1 - 1e-6, generator=torch.Generator().manual_seed(1))
    again = location.detach().clone().requires_grad_()
    soft = gates.soft(again, noise)
    torch.autograd.backward(soft.sum())
    assert torch.equal(drawn.detach(), (soft > 0.5).float())
    assert location.grad is not None
    assert again.grad is not None
    assert torch.equal(location.grad, again.grad)
    inside = (soft > 0) & (soft < 1)
    assert bool((location.grad[inside] > 0).all())
    assert not location.grad[~inside].any()


def test_samples_open_at_the_stated_rate() -> None:
    location = torch.full((100_000,), 0.4)
    drawn = HardConcrete().sample(location, generator=torch.Generator().manual_seed(0))
    assert drawn.mean().item() == pytest.approx(expit(0.4 - logit(0.7 / 1.2) / 3), abs=0.006)


def test_extreme_locations_stay_finite() -> None:
    location = torch.tensor([-200.0, 200.0], requires_grad=True)
    drawn = HardConcrete().sample(location)
    torch.autograd.backward(drawn.sum())
    assert drawn.tolist() == [0, 1]
    assert location.grad is not None
    assert bool(torch.isfinite(location.grad).all())


@pytest.mark.parametrize("shape", [(0, -0.2, 1.2), (-1, -0.2, 1.2), (1, 0, 1.2), (1, -0.2, 0.9)])
def test_impossible_shapes_are_refused(shape: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="stretch from below 0 to at least 1"):
        HardConcrete(*shape)


def test_the_default_start_is_open() -> None:
    from linguagraph.masks import ProbeConfig

    config = ProbeConfig()
    assert config.gates.open_probability(at(config.bias)).item() == pytest.approx(
        1 / (1 + math.exp(-3 + math.log(7 / 5) / 3)), abs=1e-12
    )
