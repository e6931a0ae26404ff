"""Probes, optimisers and multipliers in training <-> the tensors and record to resume from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import RunError
from linguagraph.masks.lagrangian import Lagrangian
from linguagraph.models.checkpoints import load_tensors

__all__ = ["by_seed", "preferable", "restore_trainer", "resumed", "trainer_tensors"]

MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def preferable(found: tuple[float, float], before: tuple[float, float], *, allowed: float) -> bool:
    """Whether a check is to be kept: the sparsest within the allowed loss, else the closest.

    Args:
        found, before: loss and retained share of this check and of the one kept so far.
        allowed: largest loss at which the retained share decides.
    """
    good, was_good = found[0] <= allowed, before[0] <= allowed
    if good and was_good:
        return found[1] < before[1]
    return good or (not was_good and found[0] < before[0])


def trainer_tensors(
    probe: nn.Module,
    optimizer: torch.optim.Optimizer,
    lagrangian: Lagrangian,
    kept: Mapping[int, Mapping[str, Tensor]],
) -> dict[str, Tensor]:
    """Everything that a training needs in order to go on: parameters, moments, kept probes."""
    tensors: dict[str, Tensor] = {f"probe.{name}": b for name, b in probe.named_buffers()}
    for name, parameter in probe.named_parameters():
        tensors[f"probe.{name}"] = parameter
        for key, value in optimizer.state[parameter].items():
            tensors[f"adam.{key}.{name}"] = value
    tensors["multipliers"] = lagrangian.multipliers
    tensors["rmsprop.square_avg"] = lagrangian.squares
    for seed, mine in kept.items():
        tensors.update({f"best.{seed}.{name}": tensor for name, tensor in mine.items()})
    return tensors


@torch.no_grad()
def restore_trainer(
    tensors: Mapping[str, Tensor],
    probe: nn.Module,
    optimizer: torch.optim.Optimizer,
    lagrangian: Lagrangian,
) -> dict[int, dict[str, Tensor]]:
    """Put tensors of :func:`trainer_tensors` back; returns the kept probes, by seed."""
    for name, buffer in probe.named_buffers():
        buffer.copy_(tensors[f"probe.{name}"])
    inside = any(g.get("fused") or g.get("capturable") for g in optimizer.param_groups)
    for name, parameter in probe.named_parameters():
        parameter.copy_(tensors[f"probe.{name}"])
        names = {key: f"adam.{key}.{name}" for key in MOMENTS}
        if all(known in tensors for known in names.values()):  # a layer without gates has none yet
            optimizer.state[parameter] = {
                key: tensors[known].to(parameter.device if inside or key != "step" else "cpu")
                for key, known in names.items()
            }
    lagrangian.multipliers.copy_(tensors["multipliers"])
    lagrangian.squares.copy_(tensors["rmsprop.square_avg"])
    kept: dict[int, dict[str, Tensor]] = {}
    for full, tensor in tensors.items():
        if full.startswith("best."):
            _, seed, name = full.split(".", 2)
            kept.setdefault(int(seed), {})[name] = tensor
    return kept


def resumed(
    path: Path, *, kind: str, settings: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a training in progress and check that it began with these settings.

    Raises:
        RunError: it began with others, or is of another kind.
        CheckpointError: the files are damaged.
    """
    tensors, record = load_tensors(path)
    wanted = json.loads(json.dumps(settings))
    other = [key for key, value in wanted.items() if record.get(key, value) != value]
    if record.get("kind") != kind or other:
        raise RunError(
            f"{path} was made with other options ({', '.join(other) or 'another kind'}); a "
            "training resumes as it began"
        )
    return tensors, record


def by_seed(values: Mapping[str, Any]) -> dict[int, Any]:
    """JSON's text keys -> seeds."""
    return {int(seed): value for seed, value in values.items()}
