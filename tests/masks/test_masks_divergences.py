"""Divergences against scipy, and what they are averaged over."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr, softmax

from linguagraph.errors import ConfigError
from linguagraph.masks import DIVERGENCES, Divergence

RANDOM = np.random.default_rng(0)
ORIGINAL = RANDOM.normal([1.5, 0, 0, 0], 2, (6, 4))
MASKED = RANDOM.normal(0, 2, (3, 6, 4))
P, Q = softmax(ORIGINAL, -1), softmax(MASKED, -1)
EXPECTED = {
    "kl": rel_entr(P, Q).sum(-1),
    "js": np.array(
        [[jensenshannon(p, q, base=2) ** 2 for p, q in zip(P, row, strict=True)] for row in Q]
    ),
    "cross-entropy": -np.log(np.take_along_axis(Q, P.argmax(-1)[None, :, None], -1))[..., 0],
}


def apart(divergence: Divergence) -> torch.Tensor:
    return divergence(torch.from_numpy(ORIGINAL), torch.from_numpy(MASKED))


@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_values_per_token_agree_with_scipy(name: str) -> None:
    found = DIVERGENCES[name](torch.from_numpy(ORIGINAL), torch.from_numpy(MASKED))
    np.testing.assert_allclose(found, EXPECTED[name], atol=1e-10)


@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_units(name: str) -> None:
    np.testing.assert_allclose(apart(Divergence(name, "token")), EXPECTED[name].mean(-1))
    arguments = int((ORIGINAL.argmax(-1) != 0).sum())
    assert 0 < arguments < 6
    found = apart(Divergence(name, "argument"))
    np.testing.assert_allclose(found, EXPECTED[name].sum(-1) / arguments)


def test_without_a_predicted_argument_the_sum_counts_as_one_unit() -> None:
    none = torch.tensor([[5.0, 0.0], [4.0, 0.0]])
    moved = torch.tensor([[0.0, 5.0], [4.0, 0.0]])
    found = Divergence("kl", "argument")(none, moved)
    assert found.item() == pytest.approx(2 * Divergence("kl", "token")(none, moved).item())


@pytest.mark.parametrize("name", ["kl", "js"])
def test_equal_predictions_are_at_zero_however_confident(name: str) -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [900.0, 0.0, -900.0]], requires_grad=True)
    found = Divergence(name, "token")(logits.detach() + 3, logits)
    assert found.item() == pytest.approx(0, abs=1e-6)
    torch.autograd.backward(found)
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())


def test_js_is_symmetric_and_at_most_one_bit_where_kl_grows() -> None:
    one, other = torch.tensor([[60.0, 0.0]]), torch.tensor([[0.0, 60.0]])
    js = Divergence("js", "token")
    assert js(one, other).item() == pytest.approx(1, abs=1e-6)
    assert js(one, other).item() == pytest.approx(js(other, one).item())
    assert Divergence("kl", "token")(one, other).item() == pytest.approx(60, abs=1e-3)


def test_cross_entropy_has_the_originals_uncertainty_as_its_floor() -> None:
    logits = torch.tensor([[0.0, 1.0]])
    found = Divergence("cross-entropy", "token")(logits, logits).item()
    assert found == pytest.approx(math.log(1 + math.exp(-1)))


def test_unknown_names_and_units_list_the_known() -> None:
    with pytest.raises(ConfigError, match=r"'l2'.*'cross-entropy', 'js', 'kl'"):
        Divergence("l2")
    with pytest.raises(ConfigError, match=r"'word'.*'argument', 'token'"):
        Divergence("js", "word")
