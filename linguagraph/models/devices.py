"""The name of a device -> a torch device that is there."""

from __future__ import annotations

import torch

from linguagraph.errors import ConfigError

__all__ = ["find_device"]


def find_device(name: str) -> torch.device:
    """``cpu``, ``cuda`` or ``auto`` (a CUDA device if there is one).

    Raises:
        ConfigError: unknown name, or CUDA is asked for and not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"device={name!r}; expected 'cpu', 'cuda' or 'auto'")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device='cuda', but torch finds no CUDA device; use --device cpu")
    cuda = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if cuda else "cpu")
