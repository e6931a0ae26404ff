"""States of nodes -> gate locations for all pairs and relations, by a bilinear product."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, Site
from linguagraph.masks.probe import ProbeConfig, SeededProbe

__all__ = ["AdjacencyErasure", "AdjacencyModel", "AdjacencyProbe"]


PACE = 10.0
"""How much faster than other parameters the offset of a relation moves."""


class AdjacencyModel(Explainable, Protocol):
    """A model whose layers multiply adjacency matrices with states (equation 8).

    Matrices are [B, V target, R, V source]: B graphs, V nodes of the largest, R relations.
    """

    @property
    def relations(self) -> int:
        """R."""

    def matrix_states(self, batch: GraphBatch, trace: Pass) -> Sequence[Tensor]:
        """States below each layer, float [B, V, D], zeros where a graph has no node."""

    def node_states(self, batch: GraphBatch, trace: Pass) -> Sequence[Tensor]:
        """The same of the nodes that there are, float [N, D]."""

    def mean_message(self, batch: GraphBatch, trace: Pass, layer: int) -> Tensor:
        """Mean over the edges of what a layer sends, float [D]."""

    def at_edges(self, batch: GraphBatch, matrices: Tensor) -> Tensor:
        """Values [..., B, V, R, V] of the edges that there are, [..., E]."""


class AdjacencyErasure(nn.Module):
    """The erasure function and the baseline of one layer in matrix form, for several seeds.

    ``Gamma_r = ReLU(LN(H W1_r)) W2_r H^T / sqrt(D) + c_r`` with a row for each target and a column
    for each source: equation 9 of Schlichtkrull et al. (2021), appendix A, "W_r is unique to the
    relation". A gate sees the states of both nodes and the relation, never a message, so that none
    need be enumerated: time O(R V^2 D), memory O(R V^2). Departures: states are standardised
    (:meth:`standardise`), the product is divided by the root of its length, and each relation has
    an offset that starts at the bias and moves :data:`PACE` times as fast, so that all gates of a
    relation can close before single ones are told apart.

    Args:
        seeds: one initialisation per seed.
        state: D; relations: R.
        message: width of messages, and of the baseline.
        config: hidden width, and bias.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        seeds: Sequence[int],
        *,
        state: int,
        relations: int,
        message: int,
        config: ProbeConfig,
    ) -> None:
        super().__init__()
        count, hidden = len(seeds), config.hidden
        self.count, self.relations, self.hidden, self.state = count, relations, hidden, state
        self.inner = nn.Parameter(torch.empty(count, relations, hidden, state))
        self.norm_weight = nn.Parameter(torch.ones(count, relations, hidden))
        self.norm_bias = nn.Parameter(torch.zeros(count, relations, hidden))
        self.outer = nn.Parameter(torch.empty(count, relations, hidden, state))
        self.offset = nn.Parameter(torch.full((count, relations), config.bias / PACE))
        self.baseline = nn.Parameter(torch.zeros(count, message))
        self.register_buffer("scale", torch.ones(state))
        self.register_buffer("shift", torch.zeros(state))
        for index, seed in enumerate(seeds):
            generator = torch.Generator().manual_seed(seed)
            bound = math.sqrt(3 / state)
            self.inner.data[index].uniform_(-bound, bound, generator=generator)
            bound = math.sqrt(3 / hidden)
            self.outer.data[index].uniform_(-bound, bound, generator=generator)

    @torch.no_grad()
    def standardise(self, mean: Tensor, deviation: Tensor, message: Tensor) -> None:
        """Take means and standard deviations [D] of states, and start baselines at a message [D].

        Dimensions that hardly vary are divided by a tenth of the typical deviation.
        """
        typical = deviation.square().mean().sqrt()
        spread = torch.maximum(deviation, 0.1 * typical)
        spread = torch.where(spread > 1e-12, spread, 1.0)
        self.scale.copy_(1 / spread)
        self.shift.copy_(-mean / spread)
        self.baseline.copy_(message.expand_as(self.baseline))

    def forward(self, states: Tensor) -> Tensor:
        """Locations of all pairs, float [S, B, V target, R, V source].

        Args:
            states: float [B, V, D].
        """
        graphs, nodes, width = states.shape
        count, relations, hidden = self.count, self.relations, self.hidden
        known = torch.addcmul(self.shift, states, self.scale)
        parts = F.linear(known.flatten(0, 1), self.inner.flatten(0, 2))
        parts = parts.view(-1, count * relations, hidden)
        normed = F.layer_norm(parts, (hidden,))
        gain, bias = self.norm_weight.flatten(0, 1), self.norm_bias.flatten(0, 1)
        hidden_states = F.relu(torch.addcmul(bias, normed, gain)).transpose(0, 1)
        asked = torch.bmm(hidden_states, self.outer.flatten(0, 1) / math.sqrt(width))
        asked = asked.view(count, relations, graphs, nodes, width).permute(0, 2, 3, 1, 4)
        product = torch.matmul(asked.flatten(2, 3), known.transpose(1, 2))
        product = product.view(count, graphs, nodes, relations, nodes)
        return product + PACE * self.offset.view(count, 1, 1, relations, 1)


class AdjacencyProbe(SeededProbe):
    """Erasure functions and baselines of all layers in matrix form, for several seeds.

    Args:
        seeds: identifies and initialises each probe; a seed means the same beside any others.
        sites: where the model sends messages, one per layer.
        relations: R.
        config: architecture.

    Raises:
        MaskError: no seed, or one twice.
    """

    def __init__(
        self, seeds: Sequence[int], sites: Sequence[Site], relations: int, config: ProbeConfig
    ) -> None:
        super().__init__()
        self._keep_seeds(seeds)
        self.config, self.sites, self.relations = config, tuple(sites), relations
        self.erasures = [
            AdjacencyErasure(
                [seed * 1009 + place for seed in seeds],
                state=site.target,
                relations=relations,
                message=site.message,
                config=config,
            )
            for place, site in enumerate(self.sites)
        ]
        self.layers = nn.ModuleList(self.erasures)

    def locations(
        self, model: AdjacencyModel, batch: GraphBatch, trace: Pass, *, lowest: int
    ) -> Tensor:
        """Gate locations of all edges in the layers from ``lowest`` up, float [S, layers * E]."""
        states = model.matrix_states(batch, trace)
        found = [
            model.at_edges(batch, erasure(states[site.layer].detach()))
            for erasure, site in zip(self.erasures, self.sites, strict=True)
            if site.layer >= lowest
        ]
        return torch.cat(found, -1)

    def baselines(self, seed: int, *, lowest: int = 0) -> list[Tensor | None]:
        """Baselines [D] of the seed at this place, one per layer; ``None`` below a layer."""
        return [
            erasure.baseline[seed] if site.layer >= lowest else None
            for erasure, site in zip(self.erasures, self.sites, strict=True)
        ]

    def standards(self) -> dict[str, Tensor]:
        """What states are standardised by, the same for all seeds; names as in the probe."""
        return {name: buffer.detach().clone() for name, buffer in self.named_buffers()}

    @torch.no_grad()
    def start(self, model: AdjacencyModel, sampled: Iterable[tuple[GraphBatch, Pass]]) -> None:
        """Standardise states and start baselines at the mean message, by sampled passes."""
        pairs = list(sampled)
        for erasure, site in zip(self.erasures, self.sites, strict=True):
            states = torch.cat([model.node_states(b, t)[site.layer] for b, t in pairs])
            sent = [model.mean_message(b, t, site.layer) * b.num_edges for b, t in pairs]
            message = torch.stack(sent).sum(0) / max(1, sum(b.num_edges for b, _ in pairs))
            erasure.standardise(states.mean(0), states.std(0, correction=0), message)
