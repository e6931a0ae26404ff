"""A module -> the same module, frozen for the length of a with-block and as before afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

__all__ = ["frozen"]


@contextmanager
def frozen(model: nn.Module, *, dropout: bool = False) -> Iterator[nn.Module]:
    """Put a model into evaluation mode with parameters that ask for no gradient.

    On leaving, also by an exception, every module's training mode and every parameter's
    ``requires_grad`` are as before.

    Args:
        model: any module.
        dropout: put it into training mode instead, so that dropout stays active.
    """
    modes = [(module, module.training) for module in model.modules()]
    needs = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.train(dropout)
        model.requires_grad_(False)
        yield model
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, need in needs:
            parameter.requires_grad_(need)
