"""Losses of a model, one after another -> its weights and their running average; resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.world import World

__all__ = ["Stepper"]

MOMENTS = ("exp_avg", "exp_avg_sq")


class Stepper:
    """AdamW with a linear warm-up and decay, clipped gradients and a running average of weights.

    Args:
        model: every parameter must take part in every loss.
        steps: of the whole training; the learning rate is zero after them.
        lr: peak learning rate, reached after the first 3% of the steps.
        weight_decay: of AdamW.
        clip: largest gradient norm.
        average: decay per step of the running average (lower in the first steps).
        world: processes that train together.

    Attributes:
        module: the model, to be called where its output enters a loss: gradients of all processes
            are added up through it.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        steps: int,
        lr: float,
        weight_decay: float = 0.01,
        clip: float = 5.0,
        average: float = 0.998,
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        self.module = self.world.wrap(model)
        self.model, self.steps, self.lr, self.clip, self.decay = model, steps, lr, clip, average
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=lr, weight_decay=weight_decay, foreach=True
        )
        self.average = {name: p.detach().clone() for name, p in model.named_parameters()}
        self.step = 0

    def rate(self) -> float:
        """Learning rate of the next step."""
        warm = max(1, int(0.03 * self.steps))
        if self.step < warm:
            return self.lr * (self.step + 1) / warm
        return self.lr * max(0.0, (self.steps - self.step) / max(1, self.steps - warm))

    def update(self, loss: Tensor) -> float:
        """One gradient step down ``loss`` (float, a scalar); returns its value.

        Several processes each give their part, already divided by the size of the whole batch; the
        sum is descended on and returned.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss * self.world.size)  # the mean over processes is taken
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip, foreach=True)
        self.optimizer.step()
        self.step += 1
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            own: list[Tensor] = list(self.model.parameters())
            torch._foreach_lerp_(list(self.average.values()), own, 1 - decay)
        return float(self.world.total(loss))

    def swap(self) -> None:
        """Exchange the model's weights and the running average; twice restores both."""
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                own = parameter.clone()
                parameter.copy_(self.average[name])
                self.average[name].copy_(own)

    def save(self, path: Path, record: dict[str, Any]) -> None:
        """Write everything that :meth:`load` needs to go on as if nothing had happened."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.model.named_parameters():
            tensors[f"model.{name}"] = parameter
            tensors[f"average.{name}"] = self.average[name]
            for key in MOMENTS:
                tensors[f"{key}.{name}"] = self.optimizer.state[parameter][key]
        save_tensors(path, tensors, {"kind": "trainer", "step": self.step, **record})

    def load(self, path: Path) -> dict[str, Any]:
        """Restore weights, averages, moments and the step; returns the record.

        Raises:
            CheckpointError: the file is missing or damaged.
        """
        tensors, record = self.world.copied(lambda: load_tensors(path))
        self.step = int(record["step"])
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[f"model.{name}"])
                self.average[name].copy_(tensors[f"average.{name}"])
                moments = {key: tensors[f"{key}.{name}"].to(parameter.device) for key in MOMENTS}
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step)),
                    **moments,
                }
        return record
