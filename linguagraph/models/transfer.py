"""Integer tensors of a batch -> the same on another device, in one copy that nobody waits for."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from linguagraph.errors import ConfigError

__all__ = ["moved"]


def moved(tensors: Mapping[str, Tensor], device: torch.device | str) -> dict[str, Tensor]:
    """Tensors on another device, by name.

    From the processor to a CUDA device all go as one block of page-locked memory, and the copy is
    queued behind what the device is doing: the processor can prepare the next batch meanwhile. A
    batch has some twenty short tensors, whose single copies would each wait for the device. What
    comes back are parts of one block there.

    Args:
        tensors: int64, of any shapes.
        device: where to.

    Raises:
        ConfigError: a tensor is not int64.
    """
    device = torch.device(device)
    for name, tensor in tensors.items():
        if tensor.dtype != torch.int64:
            raise ConfigError(f"{name} is {tensor.dtype}; a batch is moved as int64")
    packed = device.type == "cuda" and all(t.device.type == "cpu" for t in tensors.values())
    if not packed or not tensors:
        return {name: tensor.to(device) for name, tensor in tensors.items()}
    block = torch.empty(
        sum(tensor.numel() for tensor in tensors.values()), dtype=torch.int64, pin_memory=True
    )
    return unpacked(pack(tensors, block).to(device, non_blocking=True), tensors)


def pack(tensors: Mapping[str, Tensor], block: Tensor) -> Tensor:
    """Write tensors into a block int64 [all their elements], one after the other; the block."""
    torch.cat([tensor.reshape(-1) for tensor in tensors.values()], out=block)
    return block


def unpacked(block: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parts of a block that :func:`pack` wrote, with the shapes of ``like``."""
    parts = torch.split(block, [tensor.numel() for tensor in like.values()])
    return {
        name: part.view(tensor.shape)
        for part, (name, tensor) in zip(parts, like.items(), strict=True)
    }
