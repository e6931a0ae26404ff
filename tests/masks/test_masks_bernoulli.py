"""The quick divergence of yes-or-no answers is the plain one, with its gradient."""

from __future__ import annotations

import pytest
import torch

from linguagraph.masks.outputs import Output


@pytest.mark.parametrize("shape", [(5, 1), (5, 3), (2, 4, 5, 3)])
def test_the_quick_divergence_is_the_plain_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    original = 4 * torch.randn(shape[-2:], dtype=torch.float64)
    masked = (4 * torch.randn(shape, dtype=torch.float64)).requires_grad_()
    p, q = torch.sigmoid(original), torch.sigmoid(masked)
    m = (p + q) / 2
    bits = [
        (a * (a / b).log2() + (1 - a) * ((1 - a) / (1 - b)).log2()) / 2 for a, b in ((p, m), (q, m))
    ]
    plain = sum(bits).mean(-1)
    quick = Output("multilabel").divergence(original, masked)
    torch.testing.assert_close(quick, plain)
    weights = torch.rand_like(plain)
    slopes = [torch.autograd.grad((v * weights).sum(), masked)[0] for v in (plain, quick)]
    torch.testing.assert_close(*slopes)


def test_it_is_finite_for_certain_answers_and_exact_at_the_ends() -> None:
    certain = torch.tensor([[200.0], [-200.0]])
    masked = -certain.clone().requires_grad_()
    values = Output("multilabel").divergence(certain, masked)
    torch.testing.assert_close(values, torch.ones(2))
    (slope,) = torch.autograd.grad(values.sum(), masked)
    assert torch.isfinite(slope).all()
    assert Output("multilabel").divergence(certain, certain).eq(0).all()


def test_it_can_be_differentiated_in_the_original_too() -> None:
    original = torch.tensor([[0.3, -1.0]], dtype=torch.float64, requires_grad=True)
    masked = torch.tensor([[1.0, 0.5]], dtype=torch.float64)

    def apart(logits: torch.Tensor) -> torch.Tensor:
        return Output("multilabel").divergence(logits, masked)

    assert torch.autograd.gradcheck(apart, (original,))
    known = Output("multilabel").divergence(original.detach(), masked)
    torch.testing.assert_close(apart(original).detach(), known)
