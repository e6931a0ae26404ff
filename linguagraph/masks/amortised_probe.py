"""What the sites of any model send -> gate locations for every message, site and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.masks.explainable import Sent, Site
from linguagraph.masks.probe import ProbeConfig, SeededProbe

__all__ = ["SiteErasure", "SiteProbe"]

JOINT = 1 << 21  # multiply-adds that may be wasted where they save a few operations


class SiteErasure(nn.Module):
    """The erasure function g and the baseline of one site, for several seeds side by side.

    ``location = W2 ReLU(LN(W1 [h_u, h_v, m_uv])) + c``: equations 6 and 7 of Schlichtkrull et al.
    (2021). What enters is standardised (:meth:`standardise`), so that the scale of a model's states
    does not matter. Sites with several calls have a learned vector per call in the hidden layer.
    The product with W1 is taken per node and then gathered, or per message where that is little
    more work; both are the same sum.

    Args:
        seeds: one initialisation per seed.
        site: widths of states and messages, and number of calls.
        config: hidden width and bias.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, seeds: Sequence[int], site: Site, config: ProbeConfig) -> None:
        super().__init__()
        count, hidden = len(seeds), config.hidden
        self.count, self.hidden = count, hidden
        self.calls = site.calls if site.calls > 1 else 0
        self.widths = (site.source, site.target, site.message, self.calls)
        inputs = sum(self.widths)
        self.weight = nn.Parameter(torch.empty(count, hidden, inputs))
        self.inner = nn.Parameter(torch.zeros(count, hidden))
        self.norm_weight = nn.Parameter(torch.ones(count, hidden))
        self.norm_bias = nn.Parameter(torch.zeros(count, hidden))
        self.read = nn.Parameter(torch.empty(count, hidden))
        self.offset = nn.Parameter(torch.full((count,), float(config.bias)))
        self.baseline = nn.Parameter(torch.zeros(count, site.message))
        self.register_buffer("scale", torch.ones(inputs - self.calls))
        self.register_buffer("shift", torch.zeros(inputs - self.calls))
        for index, seed in enumerate(seeds):
            generator = torch.Generator().manual_seed(seed)
            for part in torch.split(self.weight.data[index], list(self.widths), 1):
                bound = math.sqrt(3 / max(1, part.shape[1]))
                part.uniform_(-bound, bound, generator=generator)
            self.read.data[index].normal_(0, 1 / math.sqrt(hidden), generator=generator)

    def inputs(self, sent: Sent) -> Tensor:
        """[h_u, h_v, m_uv] of every message, float [M, ds + dt + D]."""
        return _beside([*(states.index_select(0, at) for states, at in _ends(sent)), sent.messages])

    @torch.no_grad()
    def standardise(self, mean: Tensor, deviation: Tensor, message: Tensor) -> None:
        """Take means and standard deviations of inputs, and start baselines at a mean message.

        Args:
            mean, deviation: float [ds + dt + D]; message: float [D].
        """
        floors = []
        for part in torch.split(deviation, list(self.widths[:3])):
            typical = part.square().mean().sqrt() if part.numel() else part.sum()
            floors.append((0.1 * typical).expand_as(part))
        spread = torch.maximum(deviation, torch.cat(floors))
        spread = torch.where(spread > 1e-12, spread, 1.0)
        self.scale.copy_(1 / spread)
        self.shift.copy_(-mean / spread)
        self.baseline.copy_(message.expand_as(self.baseline))

    def forward(self, sent: Sent) -> Tensor:
        """Locations, float [seeds, M]."""
        source, target, _, _ = self.widths
        count = sent.messages.shape[0]
        wasted = (count - sent.sources.shape[0]) * source
        wasted += (count - sent.targets.shape[0]) * target
        if wasted * self.hidden * self.count <= JOINT:
            parts = self._jointly(sent)
        else:
            parts = self._by_node(sent)
        if self.count == 1:
            normed = F.layer_norm(parts, (self.hidden,), self.norm_weight[0], self.norm_bias[0])
            return F.linear(F.relu(normed), self.read, self.offset).view(1, count)
        normed = F.layer_norm(parts.view(count, self.count, self.hidden), (self.hidden,))
        hidden = F.relu(torch.addcmul(self.norm_bias, normed, self.norm_weight))
        return ((hidden * self.read).sum(-1) + self.offset).t()

    def _jointly(self, sent: Sent) -> Tensor:
        values = self._standard(self.inputs(sent), 0)
        if self.calls:
            one_hot = torch.eye(self.calls, device=values.device)
            values = torch.cat((values, one_hot.index_select(0, _calls(sent))), 1)
        return F.linear(values, self.weight.flatten(0, 1), self.inner.flatten())

    def _by_node(self, sent: Sent) -> Tensor:
        weights = torch.split(self.weight.flatten(0, 1), list(self.widths), 1)
        messages = self._standard(sent.messages, self.widths[0] + self.widths[1])
        parts = F.linear(messages, weights[2], self.inner.flatten())
        start = 0
        for weight, (states, at) in zip(weights, _ends(sent), strict=False):
            if weight.shape[1]:
                projected = F.linear(self._standard(states, start), weight)
                parts = parts + projected.index_select(0, at)
            start += weight.shape[1]
        if self.calls:
            parts = parts + weights[3].t().index_select(0, _calls(sent))
        return parts

    def _standard(self, values: Tensor, start: int) -> Tensor:
        part = slice(start, start + values.shape[1])
        values = values.to(self.scale.dtype)
        return torch.addcmul(self.shift[part], values, self.scale[part])


class SiteProbe(SeededProbe):
    """Erasure functions and baselines for all sites of a model, for several seeds.

    Args:
        seeds: identifies and initialises each probe; a seed means the same beside any others.
        sites: where the model sends messages.
        config: architecture.

    Raises:
        MaskError: no seed, or one twice.
    """

    def __init__(self, seeds: Sequence[int], sites: Sequence[Site], config: ProbeConfig) -> None:
        super().__init__()
        self._keep_seeds(seeds)
        self.config, self.sites = config, tuple(sites)
        self.erasures = [
            SiteErasure([seed * 1009 + place for seed in seeds], site, config)
            for place, site in enumerate(sites)
        ]
        self.layers = nn.ModuleList(self.erasures)

    def baselines(self, seed: int, *, lowest: int = 0) -> list[Tensor | None]:
        """Baselines [D] of the seed at this place, one per site; ``None`` below a layer."""
        return [
            erasure.baseline[seed] if site.layer >= lowest else None
            for erasure, site in zip(self.erasures, self.sites, strict=True)
        ]

    def standards(self) -> dict[str, Tensor]:
        """What inputs are standardised by, the same for all seeds; names as in the probe."""
        return {name: buffer.detach().clone() for name, buffer in self.named_buffers()}


def _ends(sent: Sent) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    return (sent.sources, sent.index[0]), (sent.targets, sent.index[1])


def _calls(sent: Sent) -> Tensor:
    if sent.call is None:
        return torch.zeros(sent.messages.shape[0], dtype=torch.long, device=sent.messages.device)
    return sent.call


def _beside(parts: list[Tensor]) -> Tensor:
    return torch.cat([part for part in parts if part.shape[1]], 1)
