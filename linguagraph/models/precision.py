"""The name of a precision -> a context in which matrix products are computed in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from linguagraph.errors import ConfigError

__all__ = ["PRECISIONS", "check_precision", "computed_in"]

PRECISIONS = ("float32", "bfloat16")
"""``bfloat16``: autocast of matrix products; weights, sums and gate locations stay in 32 bits."""


def check_precision(name: str) -> str:
    """The name, if it is one of :data:`PRECISIONS`.

    Raises:
        ConfigError: it is not.
    """
    if name not in PRECISIONS:
        raise ConfigError(f"precision={name!r}; expected one of {', '.join(PRECISIONS)}")
    return name


def computed_in(name: str, device: torch.device | str) -> AbstractContextManager[None]:
    """A context for passes through a model on a device, see :data:`PRECISIONS`.

    ``float32`` means it: cuDNN would compute LSTMs with ten bits of mantissa (TF32) unless told
    otherwise, and masks would differ from those of a processor.

    Raises:
        ConfigError: unknown precision.
    """
    return _computed_in(check_precision(name) == "bfloat16", torch.device(device).type)


@contextmanager
def _computed_in(half: bool, device: str) -> Iterator[None]:
    rounded = torch.backends.cudnn.allow_tf32
    if device == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    try:
        if half:
            with torch.autocast(device, torch.bfloat16):
                yield
        else:
            yield
    finally:
        if device == "cuda":
            torch.backends.cudnn.allow_tf32 = rounded
