"""The laws of the semirings, and their matrix products against plain loops."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.semirings import SEMIRINGS, find_semiring

number = st.floats(0.001, 100)
signed = st.floats(-100, 100)


def _values(name: str, first: float, second: float) -> Tensor:
    ring = SEMIRINGS[name]
    return torch.tensor([first, second][: ring.components], dtype=torch.float64).view(-1, 1)


triples = st.tuples(*(st.tuples(number, signed) for _ in range(3)))


@pytest.mark.parametrize("name", SEMIRINGS)
@given(drawn=triples)
@settings(deadline=None, max_examples=60)
def test_laws(name: str, drawn: tuple[tuple[float, float], ...]) -> None:
    ring = SEMIRINGS[name]
    a, b, c = (_values(name, *pair) for pair in drawn)
    zero, one = torch.zeros_like(a), ring.lift(torch.ones(1, dtype=torch.float64))
    close = torch.testing.assert_close
    close(ring.add(a, b), ring.add(b, a))
    close(ring.add(ring.add(a, b), c), ring.add(a, ring.add(b, c)))
    close(ring.product(ring.product(a, b), c), ring.product(a, ring.product(b, c)))
    left = ring.product(a, ring.add(b, c))
    close(left, ring.add(ring.product(a, b), ring.product(a, c)), rtol=1e-9, atol=1e-6)
    right = ring.product(ring.add(b, c), a)
    close(right, ring.add(ring.product(b, a), ring.product(c, a)), rtol=1e-9, atol=1e-6)
    close(ring.add(a, zero), a)
    close(ring.product(a, one), a)
    close(ring.product(one, a), a)
    close(ring.product(a, zero), zero)
    close(ring.product(zero, a), zero)


@pytest.mark.parametrize("name", SEMIRINGS)
@given(x=signed, y=signed)
@settings(deadline=None, max_examples=40)
def test_lifting_keeps_products(name: str, x: float, y: float) -> None:
    ring = SEMIRINGS[name]
    first, second = (torch.tensor([v], dtype=torch.float64) for v in (x, y))
    lifted = ring.product(ring.lift(first), ring.lift(second))
    torch.testing.assert_close(ring.lift(first * second), lifted, rtol=1e-9, atol=1e-6)
    torch.testing.assert_close(ring.times(ring.lift(first), second), lifted)


@pytest.mark.parametrize("name", SEMIRINGS)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((5, 7), (7, 3)),
        ((2, 5, 7), (7, 3)),
        ((2, 5, 7), (2, 7, 3)),
        ((2, 1, 5, 7), (1, 4, 7, 3)),
        ((600, 40), (40, 30)),
        ((3, 700), (700, 600)),
        ((2, 9, 600), (2, 600, 500)),
    ],
)
def test_matrix_products_equal_sums_of_products(
    name: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    ring = SEMIRINGS[name]
    torch.manual_seed(0)
    value = torch.rand(ring.components, *left, dtype=torch.float64)
    value[:, ..., 0, :] = 0  # rows of zeros are left out
    weight = torch.randn(*right, dtype=torch.float64)
    found = ring.matmul(value, weight)
    every = ring.times(value.unsqueeze(-1), weight.unsqueeze(-3))
    torch.testing.assert_close(found, ring.total(every, (every.dim() - 2,)))


@pytest.mark.parametrize("name", SEMIRINGS)
def test_scatter_sums_rows_by_index(name: str) -> None:
    ring = SEMIRINGS[name]
    value = torch.rand(ring.components, 4, 2)
    found = ring.scatter(value, torch.tensor([2, 0, 2, 2]), 4)
    assert found.shape == (ring.components, 4, 2)
    torch.testing.assert_close(found[:, 0], value[:, 1])
    torch.testing.assert_close(found[:, 2], ring.total(value[:, [0, 2, 3]], (1,)))
    assert not found[:, [1, 3]].any()


def test_unknown_semiring() -> None:
    with pytest.raises(ConfigError, match="expected one of sum, total, max, expectation"):
        find_semiring("tropical")
