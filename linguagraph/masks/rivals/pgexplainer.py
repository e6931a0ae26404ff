"""A model and training graphs -> a network over pairs of node states that masks edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, Site
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.answers import losses
from linguagraph.masks.rivals.edge_net import EdgeNet
from linguagraph.masks.rivals.method import MethodMask, Progress, nothing, scored
from linguagraph.masks.rivals.training import TrainingSet, place

__all__ = ["PGExplainer", "PGExplainerConfig"]


@dataclass(frozen=True)
class PGExplainerConfig:
    """PyG's objective and its defaults.

    Attributes:
        epochs: passes over the training graphs.
        lr: of Adam.
        size: weight of the sum of a graph's mask.
        entropy: weight of the mean entropy of a graph's mask, in nats.
        temperatures: of the first epoch and (nearly) of the last; geometric between them.
        bias: noise is uniform in (bias, 1 - bias); at 1/2 there is none.
        batch_size: graphs per step.
        hidden: width of the network.
        messages: let the network see messages too; the original sees the two nodes only, and
            cannot tell edges apart that differ in nothing but their type.
        threshold: retained are edges whose score is above it.
    """

    epochs: int = 30
    lr: float = 0.003
    size: float = 0.05
    entropy: float = 1.0
    temperatures: tuple[float, float] = (5.0, 2.0)
    bias: float = 0.01
    batch_size: int = 16
    hidden: int = 64
    messages: bool = False
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ConfigError(
                f"epochs={self.epochs}, batch_size={self.batch_size}; expected at least 1"
            )
        if not 0 <= self.bias <= 0.5 or min(self.temperatures) <= 0:
            raise ConfigError(
                f"bias={self.bias}, temperatures={self.temperatures}; expected 0 to 0.5 and "
                "positive temperatures"
            )

    def temperature(self, epoch: int) -> float:
        """``t0 (t1 / t0)^(epoch / epochs)``, epochs from 0."""
        start, end = self.temperatures
        return start * math.exp(math.log(end / start) * epoch / self.epochs)


class PGExplainer:
    """PGExplainer (Luo et al. 2020) with the objective of PyG, on batches of graphs.

    A network sees the states of an edge's two nodes where they enter the top layer, and gives one
    logit, shared by all layers. In training, masks are ``sigmoid((logit + log(e) - log(1 - e)) /
    t)`` with uniform noise e; loss of a graph: own answer + ``size`` times the sum of the mask +
    ``entropy`` times its mean entropy. There is one mask per graph, for all units that are asked,
    so that graph and node level are the same. (PyG takes states that leave the top layer, explains
    one node or graph at a time, and at node level adds that node's state.)

    Attributes:
        nets: one network per set of edges; ``None`` before :meth:`fit`.
        history: mean loss of each epoch.
    """

    name: ClassVar[str] = "pgexplainer"
    needs_fit: ClassVar[bool] = True
    hard: ClassVar[bool] = False

    def __init__(self, config: PGExplainerConfig | None = None) -> None:
        self.config = config or PGExplainerConfig()
        self.nets: nn.ModuleList | None = None
        self.sites: tuple[Site, ...] = ()
        self.history: list[float] = []

    def fit(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """See :class:`linguagraph.masks.rivals.method.Method`.

        Raises:
            MaskError: no training graph has edges.
        """
        config = self.config
        generator = torch.Generator().manual_seed(seed)
        history = []
        with frozen(model.module):
            passes = TrainingSet(model, graphs, batch_size=config.batch_size, generator=generator)
            _, trace = next(iter(passes))
            sites = tuple(model.sites)
            nets = nn.ModuleList(
                EdgeNet(
                    sites[number],
                    hidden=config.hidden,
                    seed=seed * 1009 + number,
                    message=config.messages,
                    norm=False,
                )
                for number in _top(sites)
            )
            nets.to(trace.output.device, trace.output.dtype)
            optimizer = torch.optim.Adam(nets.parameters(), lr=config.lr)
            for epoch in range(config.epochs):
                total = 0.0
                for batch, trace in passes:
                    mask = self._sample(_logits(nets, sites, trace), epoch, generator)
                    loss = self._objective(model, batch, trace, mask)
                    optimizer.zero_grad(set_to_none=True)
                    torch.autograd.backward(loss)
                    optimizer.step()
                    total += float(loss.detach())
                history.append(total / passes.seen)
                if progress is not None:
                    progress(epoch + 1, config.epochs)
        self.nets, self.sites, self.history = nets.requires_grad_(False), sites, history

    @torch.no_grad()
    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`.

        Raises:
            MaskError: not fitted, or fitted for a model with other sites.
        """
        if self.nets is None:
            raise MaskError("PGExplainer is not fitted; call fit with training graphs")
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            if self.sites != tuple(model.sites):
                raise MaskError(
                    "PGExplainer was fitted for a model with other layers; fit it for this one"
                )
            scores = torch.sigmoid(_logits(self.nets, self.sites, trace))
        return scored(
            scores.expand(model.num_layers, -1),
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
        )

    def _sample(self, logits: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        bias = max(self.config.bias, 1e-6)
        noise = torch.rand(logits.shape, generator=generator).to(logits) * (1 - 2 * bias) + bias
        logistic = noise.log() - torch.log1p(-noise)
        return torch.sigmoid((logits + logistic) / self.config.temperature(epoch))

    def _objective(
        self, model: Explainable, batch: GraphBatch, trace: Pass, mask: Tensor
    ) -> Tensor:
        """Mean over the graphs of the loss under mask float [E]."""
        masked = model.run(batch, mask.expand(model.num_layers, -1), trace=trace)
        inner = 0.99 * mask + 0.005
        entropy = -inner * inner.log() - (1 - inner) * torch.log1p(-inner)
        edges = torch.bincount(batch.edge_graph, minlength=batch.num_graphs).clamp(min=1)
        per_graph = (
            losses(model.output, batch, trace, masked)
            + self.config.size * batch.per_graph(mask, batch.edge_graph)
            + self.config.entropy * batch.per_graph(entropy, batch.edge_graph) / edges
        )
        return per_graph.mean()


def _top(sites: Sequence[Site]) -> list[int]:
    """Number of the top site of each set of edges."""
    return sorted({site.edges: number for number, site in enumerate(sites)}.values())


def _logits(nets: nn.ModuleList, sites: Sequence[Site], trace: Pass) -> Tensor:
    """Of every edge, float [E]."""
    top = _top(sites)
    found = torch.zeros(
        trace.present.shape[1], dtype=trace.output.dtype, device=trace.present.device
    )
    for net, number in zip(nets, top, strict=True):
        only = Pass(trace.output, (trace.sent[number],), trace.present, trace.weights, trace.asked)
        found = found + place([net(trace.sent[number])], [sites[number]], only).sum(0)
    return found
