"""Locations -> stochastic gates with mass at exactly 0 and 1: the Hard Concrete distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.errors import ConfigError

__all__ = ["HardConcrete"]


@dataclass(frozen=True)
class HardConcrete:
    """The stretched and rectified Binary Concrete distribution of Louizos et al. (2018).

    Schlichtkrull et al. (2021), appendix B, equation 12: ``s = sigmoid((logit(u) + location) / t)``
    with u uniform, ``z = min(1, max(0, s * (r - l) + l))``. (The paper prints the stretch as
    ``s * (l - r) + r``, which is the same distribution for the opposite location.)

    Gates are binary: :meth:`sample` rounds z at 1/2 and passes the gradient of z straight through,
    :meth:`decide` is the deterministic choice at evaluation: open where ``P(z > 1/2) > 1/2``. With
    r = 1, as here, z has mass at exactly 0 and none at exactly 1; with r > 1 it has both.

    Attributes:
        temperature: t > 0; the paper uses 1/3.
        low, high: stretch (l, r) with l < 0 and r >= 1.
    """

    temperature: float = 1 / 3
    low: float = -0.2
    high: float = 1.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and self.low < 0 and self.high >= 1):
            raise ConfigError(
                f"temperature={self.temperature}, stretch=({self.low}, {self.high}); expected a "
                "positive temperature and a stretch from below 0 to at least 1"
            )

    @property
    def threshold(self) -> float:
        """Location at which a gate is open with probability 1/2: t logit((1/2 - l) / (r - l))."""
        s = (0.5 - self.low) / (self.high - self.low)
        return self.temperature * math.log(s / (1 - s))

    def soft(self, location: Tensor, noise: Tensor) -> Tensor:
        """z for given uniform noise in (0, 1), both of one shape."""
        logistic = torch.log(noise) - torch.log1p(-noise)
        s = torch.sigmoid((logistic + location) / self.temperature)
        return (s * (self.high - self.low) + self.low).clamp(0, 1)

    @staticmethod
    def noise(like: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """What :meth:`soft` needs, drawn anew: uniform, of the shape of a tensor."""
        empty = torch.empty_like(like, requires_grad=False)
        return empty.uniform_(1e-6, 1 - 1e-6, generator=generator)

    def sample(
        self,
        location: Tensor,
        *,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Binary gates of the shape of ``location``, with the gradient of the soft gates.

        ``noise`` of this shape is taken in place of new one.
        """
        z = self.soft(
            location, self.noise(location, generator=generator) if noise is None else noise
        )
        return (z > 0.5).to(z.dtype) + (z - z.detach())

    def decide(self, location: Tensor) -> Tensor:
        """Deterministic binary gates: open where the location is above the threshold."""
        return (location > self.threshold).to(location.dtype)

    def open_probability(self, location: Tensor) -> Tensor:
        """P(binary gate is 1) = P(z > 1/2) = sigmoid(location - threshold)."""
        return torch.sigmoid(location - self.threshold)

    def nonzero_probability(self, location: Tensor) -> Tensor:
        """P(z != 0), the expected L0 of a gate (equation 11): sigmoid(location - t log(-l/r))."""
        return torch.sigmoid(location - self.temperature * math.log(-self.low / self.high))

    def distribution(self, z: Tensor, location: Tensor) -> Tensor:
        """P(Z <= z) for z in [0, 1)."""
        s = (z - self.low) / (self.high - self.low)
        logit = torch.log(s) - torch.log1p(-s)
        return torch.sigmoid(self.temperature * logit - location)

    def density(self, z: Tensor, location: Tensor) -> Tensor:
        """Density on (0, 1), the derivative of :meth:`distribution`."""
        s = (z - self.low) / (self.high - self.low)
        below = self.distribution(z, location)
        slope = self.temperature / (s * (1 - s)) / (self.high - self.low)
        return below * (1 - below) * slope

    def quantile(self, share: Tensor, location: Tensor) -> Tensor:
        """The z below which ``share`` of the mass lies; 0 or 1 within the point masses."""
        return self.soft(location, share)
