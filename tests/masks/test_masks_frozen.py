"""Freezing a module for a while."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from linguagraph.masks import frozen


def make() -> nn.Module:
    """Layers in different modes, with and without gradients."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1)))
    model.train()
    model[1][0].eval()  # type: ignore[index]
    model[0].bias.requires_grad_(False)
    model[0].weight.grad = torch.ones(2, 2)
    return model


def state(model: nn.Module) -> tuple[list[bool], list[bool]]:
    return [m.training for m in model.modules()], [p.requires_grad for p in model.parameters()]


@pytest.mark.parametrize("dropout", [False, True])
def test_inside_nothing_asks_for_gradients_and_the_mode_is_as_asked(dropout: bool) -> None:
    model = make()
    before = state(model)
    with frozen(model, dropout=dropout) as same:
        assert same is model
        assert not any(p.requires_grad for p in model.parameters())
        assert all(m.training == dropout for m in model.modules())
    assert state(model) == before
    assert torch.equal(model[0].weight.grad, torch.ones(2, 2))  # type: ignore[index]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_it_is_as_before_after_an_error(kind: type[BaseException]) -> None:
    model = make()
    before = state(model)

    def fail() -> None:
        with frozen(model):
            model.train()
            raise kind

    with pytest.raises(kind):
        fail()
    assert state(model) == before


def test_it_is_as_before_when_freezing_itself_is_interrupted() -> None:
    class Stubborn(nn.Linear):
        def requires_grad_(self, requires_grad: bool = True) -> nn.Linear:
            for parameter in self.parameters():
                parameter.requires_grad = requires_grad
            raise KeyboardInterrupt

    model = Stubborn(2, 2)
    with pytest.raises(KeyboardInterrupt), frozen(model):
        pass
    assert state(model) == ([True], [True, True])


def test_freezing_nests() -> None:
    model = make()
    before = state(model)
    with frozen(model, dropout=True):
        with frozen(model):
            assert not model.training
        assert model.training
        assert not any(p.requires_grad for p in model.parameters())
    assert state(model) == before
