"""The name of a precision -> a context in which matrix products are computed in it."""

from __future__ import annotations

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


def computed_in(name: str, device: torch.device | str) -> torch.autocast:
    """A context for passes through a model on a device, see :data:`PRECISIONS`.

    Raises:
        ConfigError: unknown precision.
    """
    half = check_precision(name) == "bfloat16"
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half)
