"""States and messages of a frozen model -> gate locations for every edge, layer and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import MaskError
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.models.gateable import Trace

__all__ = ["ErasureLayer", "Probe", "ProbeConfig", "SeededProbe"]

SEED_SECOND = (".gain", ".shift")
"""Ends of names of parameters with another dimension before that of the seeds."""


@dataclass(frozen=True)
class ProbeConfig:
    """Architecture of the erasure functions.

    Attributes:
        hidden: width of the single hidden layer.
        temperature, low, high: of the :class:`HardConcrete` distribution.
        bias: constant added to every location, so that all gates start open: at 3 the gate is
            open with probability 0.95 (the paper's text shifts by 2).
    """

    hidden: int = 64
    temperature: float = 1 / 3
    low: float = -0.2
    high: float = 1.0
    bias: float = 3.0

    @property
    def gates(self) -> HardConcrete:
        """The distribution of the gates."""
        return HardConcrete(self.temperature, self.low, self.high)

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


class ErasureLayer(nn.Module):
    """The erasure function g and the baseline of one GNN layer, for several seeds side by side.

    ``location = W2 ReLU((LN(W_u h_u) + LN(W_v h_v) + LN(W_m m_uv)) / 3) + c``: equations 6 and 7
    of Schlichtkrull et al. (2021). Departures: layer normalisation per component, so that node
    parts are computed per node and not per edge; the mean of the components.

    Args:
        seeds: one initialisation per seed.
        state: width of h; message: width of m.
        config: hidden width and bias.
    """

    def __init__(
        self, seeds: Sequence[int], *, state: int, message: int, config: ProbeConfig
    ) -> None:
        super().__init__()
        count, hidden = len(seeds), config.hidden
        self.count, self.hidden, self.bias = count, hidden, config.bias
        self.source = nn.Parameter(torch.empty(count, hidden, state))
        self.target = nn.Parameter(torch.empty(count, hidden, state))
        self.message = nn.Parameter(torch.empty(count, hidden, message))
        self.gain = nn.Parameter(torch.ones(3, count, hidden))
        self.shift = nn.Parameter(torch.zeros(3, count, hidden))
        self.read = nn.Parameter(torch.empty(count, hidden))
        self.offset = nn.Parameter(torch.zeros(count))
        self.baseline = nn.Parameter(torch.zeros(count, message))
        for index, seed in enumerate(seeds):
            generator = torch.Generator().manual_seed(seed)
            for matrix in (self.source, self.target, self.message):
                bound = math.sqrt(6 / (matrix.shape[1] + matrix.shape[2]))
                matrix.data[index].uniform_(-bound, bound, generator=generator)
            self.read.data[index].normal_(0, 1 / math.sqrt(hidden), generator=generator)

    def forward(self, states: Tensor, messages: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """Locations, float [seeds, E].

        Args:
            states: float [N, state]; messages: float [E, message].
            source, target: int64 [E].
        """
        parts = self._component(2, self.message, messages)
        parts = parts.add_(self._component(0, self.source, states).index_select(0, source))
        parts = parts.add_(self._component(1, self.target, states).index_select(0, target))
        hidden, read = F.relu(parts, inplace=True), self.read / 3
        # products would be rounded to 16 bits by autocast, and gates decided by what is lost
        one = self.count == 1 and not torch.is_autocast_enabled(states.device.type)
        scores = hidden.squeeze(1) @ read.t() if one else (hidden * read).sum(-1)
        return (scores + self.offset).t() + self.bias

    def _component(self, index: int, weight: Tensor, values: Tensor) -> Tensor:
        projected = F.linear(values, weight.flatten(0, 1)).view(-1, self.count, self.hidden)
        projected = projected.to(weight.dtype)
        if self.count == 1:  # one operation in place of three; equal to rounding
            gain, shift = self.gain[index, 0], self.shift[index, 0]
            return F.layer_norm(projected, (self.hidden,), gain, shift)
        normed = F.layer_norm(projected, (self.hidden,))
        return torch.addcmul(self.shift[index], normed, self.gain[index])


class SeededProbe(nn.Module):
    """Parameters for several seeds, whose tensors go out and in one seed at a time.

    Attributes:
        seeds: one for each place of the seed dimension: the first one of every parameter, but the
            second one of those named in :data:`SEED_SECOND`.
    """

    seeds: tuple[int, ...]

    def _keep_seeds(self, seeds: Sequence[int]) -> None:
        if len(set(seeds)) != len(seeds) or not seeds:
            raise MaskError(f"seeds={list(seeds)}; expected at least one and no seed twice")
        self.seeds = tuple(seeds)

    def _place(self, seed: int) -> int:
        if seed not in self.seeds:
            raise MaskError(f"the probe has no seed {seed}; it has {list(self.seeds)}")
        return self.seeds.index(seed)

    def select(self, seed: int) -> dict[str, Tensor]:
        """The tensors of one seed, by name, without the seed dimension.

        Raises:
            MaskError: unknown seed.
        """
        index = self._place(seed)
        return {
            name: (p[:, index] if _seed_dimension(name) else p[index]).detach().clone()
            for name, p in self.named_parameters()
        }

    def insert(self, seed: int, tensors: dict[str, Tensor]) -> None:
        """Put tensors of :meth:`select` back.

        Raises:
            MaskError: unknown seed, or names or shapes differ from this probe's; nothing is
                changed then.
        """
        index = self._place(seed)
        expected = {name for name, _ in self.named_parameters()}
        if set(tensors) != expected:
            raise MaskError(f"the probe has tensors {sorted(tensors)}; expected {sorted(expected)}")
        places = {
            name: p.data[:, index] if _seed_dimension(name) else p.data[index]
            for name, p in self.named_parameters()
        }
        for name, place in places.items():
            if place.shape != tensors[name].shape:
                raise MaskError(
                    f"probe tensor {name} has shape {tuple(tensors[name].shape)}; the model "
                    f"needs {tuple(place.shape)}: it was trained for another model"
                )
        for name, place in places.items():
            place.copy_(tensors[name])


def _seed_dimension(name: str) -> int:
    return 1 if name.endswith(SEED_SECOND) else 0


class Probe(SeededProbe):
    """Erasure functions and baselines for all layers of a model, for several seeds.

    Args:
        seeds: identifies and initialises each probe.
        state_sizes, message_sizes: of the model's layers, bottom first.
        config: architecture.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        *,
        state_sizes: Sequence[int],
        message_sizes: Sequence[int],
        config: ProbeConfig,
    ) -> None:
        super().__init__()
        self._keep_seeds(seeds)
        self.config = config
        self.layers = nn.ModuleList(
            ErasureLayer(
                [seed * 1009 + layer for seed in seeds],
                state=state,
                message=message,
                config=config,
            )
            for layer, (state, message) in enumerate(zip(state_sizes, message_sizes, strict=True))
        )

    @property
    def baselines(self) -> tuple[Tensor, ...]:
        """Baseline of each layer, float [seeds, message]."""
        return tuple(layer.baseline for layer in self.layers)  # type: ignore[misc]

    def locations(
        self, trace: Trace, source: Tensor, target: Tensor, *, lowest: int = 0
    ) -> list[Tensor | None]:
        """Gate locations of each layer from ``lowest`` up, float [seeds, E]; ``None`` below.

        Only the original model's states and messages enter (no look-ahead: layer k sees nothing
        from above k), detached from it.
        """
        found: list[Tensor | None] = []
        for index, layer in enumerate(self.layers):
            if index < lowest:
                found.append(None)
                continue
            at = index - trace.start
            states, messages = trace.states[at].detach(), trace.messages[at].edges.detach()
            found.append(layer(states, messages, source, target))
        return found
