"""States of every layer -> votes to keep or drop units, and what replaces dropped ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError
from linguagraph.masks.hard_concrete import HardConcrete

__all__ = ["VARIANTS", "DiffMaskConfig", "DiffMaskGates"]

VARIANTS = ("input", "hidden")


@dataclass(frozen=True)
class DiffMaskConfig:
    """Architecture of the gates.

    Attributes:
        variant: ``input``: the input is masked, by the votes of all layers up to the one looked at.
            ``hidden``: the states of the layer itself are masked, by its own vote.
        hidden: width of the one hidden layer of each gate network.
        temperature, low, high: of the :class:`HardConcrete` distribution (paper: 0.2, -0.2, 1).
        bias: first location of every vote: at 3 it is not 0 with probability 0.965 (the paper's
            code starts at 5, where hardly any gradient passes).
        limit: locations lie between -limit and twice the limit. A vote that is never drawn open
            has no gradient that could open it again; at -4 it is drawn in 1 of 40 cases.

    Raises:
        ConfigError: unknown variant, or a number out of its range.
    """

    variant: str = "input"
    hidden: int = 64
    temperature: float = 0.2
    low: float = -0.2
    high: float = 1.0
    bias: float = 3.0
    limit: float = 4.0

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise ConfigError(f"variant={self.variant!r}; expected one of {list(VARIANTS)}")
        if self.hidden < 1:
            raise ConfigError(f"hidden={self.hidden}; expected at least 1")
        if not -self.limit < self.bias < 2 * self.limit:
            raise ConfigError(
                f"bias={self.bias}, limit={self.limit}; expected a bias between -limit and 2 limit"
            )
        _ = self.gates

    @property
    def gates(self) -> HardConcrete:
        """The distribution of the votes."""
        return HardConcrete(self.temperature, self.low, self.high)

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


class _Vote(nn.Module):
    """``location = w . tanh(W x + c) + bias``, within the limit."""

    def __init__(self, width: int, config: DiffMaskConfig) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, config.hidden)
        self.read = nn.Linear(config.hidden, 1)
        self.limit = config.limit
        nn.init.constant_(self.read.bias, config.bias)

    def forward(self, states: Tensor) -> Tensor:
        """float [U, width] -> [U]."""
        found = self.read(torch.tanh(self.hidden(states))).squeeze(-1)
        bounded: Tensor = _Bounded.apply(found, self.limit)  # type: ignore[no-untyped-call]
        return bounded


class _Bounded(torch.autograd.Function):
    """Clamped to [-limit, 2 limit]; beyond it no gradient pushes further out, but any back in."""

    @staticmethod
    def forward(ctx: Any, location: Tensor, limit: float) -> Tensor:
        ctx.save_for_backward(location)
        ctx.limit = limit
        return location.clamp(-limit, 2 * limit)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (location,) = ctx.saved_tensors
        outside = (location <= -ctx.limit) | (location >= 2 * ctx.limit)
        outwards = outside & (slope * location < 0)  # descent goes against the slope
        return slope.masked_fill(outwards, 0), None


class DiffMaskGates(nn.Module):
    """One gate network per layer, and the learned baselines (De Cao et al. 2020, section 3).

    For ``input`` the vote of layer k reads ``[h_i^(0), h_i^(k)]`` (``h_i^(0)`` alone for k = 0) and
    there is one baseline, of the input. For ``hidden`` the gate of layer l reads ``h_i^(l)`` and
    each layer has its own baseline.

    Departures: states are brought to mean 0 and variance 1 per dimension before they are read
    (graph networks' states have any scale); baselines start at the mean state; locations are
    bounded (:attr:`DiffMaskConfig.limit`).

    Args:
        sizes: widths of the L + 1 states.
        config: architecture.
        seed: of the initial weights; the random state of the process is left as it was.
    """

    def __init__(self, sizes: Sequence[int], config: DiffMaskConfig, *, seed: int = 0) -> None:
        super().__init__()
        if not sizes:
            raise ConfigError("sizes=(); expected the width of at least one layer's states")
        self.sizes, self.config, self.seed = tuple(sizes), config, seed
        self.through = config.variant == "input"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.votes = nn.ModuleList(
                _Vote(size + (sizes[0] if self.through and k else 0), config)
                for k, size in enumerate(sizes)
            )
        masked = sizes[:1] if self.through else sizes
        self.baselines = nn.ParameterList(torch.zeros(size) for size in masked)
        for k, size in enumerate(sizes):
            self.register_buffer(f"mean_{k}", torch.zeros(size))
            self.register_buffer(f"scale_{k}", torch.ones(size))

    @torch.no_grad()
    def start(self, states: Sequence[Tensor]) -> None:
        """Take means and scales from the states [U, d_k] of some units; baselines: the means."""
        for k, values in enumerate(states):
            self.get_buffer(f"mean_{k}").copy_(values.mean(0))
            spread = values.var(0, unbiased=False).sqrt()
            self.get_buffer(f"scale_{k}").copy_(torch.where(spread > 1e-4, 1 / spread, 1.0))
        for k, baseline in enumerate(self.baselines):
            baseline.copy_(self.get_buffer(f"mean_{k}"))

    def masked_layer(self, layer: int) -> int:
        """The layer whose states are replaced when the mask of ``layer`` is applied."""
        return 0 if self.through else layer

    def locations(self, states: Sequence[Tensor], layer: int) -> Tensor:
        """Locations of the votes that make the mask of a layer.

        Args:
            states: of the unmasked pass, [U, d_k] each.
            layer: 0 is the input.

        Returns:
            float [layer + 1, U] for ``input``, [1, U] for ``hidden``.
        """
        if not self.through:
            vote: Tensor = self.votes[layer](self._read(states, layer))
            return vote.unsqueeze(0)
        below = self._read(states, 0)
        above = (torch.cat((below, self._read(states, k)), -1) for k in range(1, layer + 1))
        reads = (below, *above)
        return torch.stack([self.votes[k](read) for k, read in enumerate(reads)])

    def sample(self, locations: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Soft masks float [U] in [0, 1]: the product of sampled votes [K, U]."""
        noise = torch.empty_like(locations, requires_grad=False)
        noise.uniform_(1e-6, 1 - 1e-6, generator=generator)
        return self.config.gates.soft(locations, noise).prod(0)

    def kept(self, locations: Tensor) -> Tensor:
        """Probability that a mask is not 0, float [U]: the product of the votes' own."""
        return self.config.gates.nonzero_probability(locations).prod(0)

    def fill(self, states: Tensor, mask: Tensor, layer: int) -> Tensor:
        """``z h + (1 - z) b`` for states [U, d] of the masked layer and a mask [U]."""
        baseline = self.baselines[self.masked_layer(layer)].to(states.dtype)
        return torch.lerp(baseline, states, mask.unsqueeze(-1).to(states.dtype))

    def _read(self, states: Sequence[Tensor], k: int) -> Tensor:
        values = states[k].detach().float()
        return (values - self.get_buffer(f"mean_{k}")) * self.get_buffer(f"scale_{k}")
