"""A penalty and a constraint -> a loss to descend, and multipliers that ascend on their own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.errors import ConfigError

__all__ = ["Lagrangian", "LagrangianConfig"]

DECAY = 0.99  # of RMSProp's mean


@dataclass(frozen=True)
class LagrangianConfig:
    """The constrained problem: minimise the penalty subject to ``divergence <= tolerance``.

    Attributes:
        tolerance: beta in equation 5, in the unit of the divergence.
        lr: learning rate of RMSProp on the multiplier (paper, appendix C: 1e-2).
        initial: first value of the multiplier.
        largest: upper bound of the multiplier; the lower bound is 0.
    """

    tolerance: float = 0.03
    lr: float = 1e-2
    initial: float = 3.0
    largest: float = 100.0

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise ConfigError(f"tolerance={self.tolerance}; expected a number of at least 0")
        if not 0 <= self.initial <= self.largest:
            raise ConfigError(
                f"initial={self.initial}, largest={self.largest}; expected 0 <= initial <= largest"
            )


class Lagrangian:
    """Independent multipliers, one per seed (or per example), for problems solved side by side.

    ``L = sum_s penalty_s + lambda_s (divergence_s - tolerance)`` (Schlichtkrull et al. 2021,
    equation 5): parameters descend on it, each lambda >= 0 ascends by RMSProp (Tieleman & Hinton).

    Args:
        count: number of independent problems.
        config: tolerance, rates and bounds.
        device: where the multipliers live.
    """

    def __init__(
        self, count: int, config: LagrangianConfig, *, device: torch.device | str = "cpu"
    ) -> None:
        self.config = config
        self.multipliers = torch.full((count,), float(config.initial), device=device)
        self.squares = torch.zeros(count, device=device)  # RMSProp's running mean of squares

    def loss(self, penalty: Tensor, divergence: Tensor) -> Tensor:
        """The loss to descend on, a scalar; penalty and divergence are float [count]."""
        excess = divergence - self.config.tolerance
        return (penalty + self.multipliers * excess).sum()

    @torch.no_grad()
    def ascend(self, divergence: Tensor) -> None:
        """One ascent step of the multipliers, then back into [0, largest]; divergence [count]."""
        slope = divergence.detach() - self.config.tolerance
        self.squares.mul_(DECAY).addcmul_(slope, slope, value=1 - DECAY)
        step = self.squares.sqrt().add_(1e-8)
        self.multipliers.addcdiv_(slope, step, value=self.config.lr)
        self.multipliers.clamp_(0, self.config.largest)
