"""A model and graphs -> hard gates fitted on those graphs: GraphMask without amortisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, Sent, divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.rivals.method import MethodMask, NotFitted, chosen, nothing
from linguagraph.masks.rivals.noise import GraphNoise

__all__ = ["BASELINES", "NonAmortised", "NonAmortisedGatesConfig"]

BASELINES = ("learned", "mean", "zero")


@dataclass(frozen=True)
class NonAmortisedGatesConfig:
    """How gates are fitted on the explained graphs.

    Attributes:
        steps: gradient steps.
        lr: of Adam on locations and baselines.
        gates: distribution of the gates.
        bias: first location of every gate (open).
        constraint: tolerance and multiplier, one multiplier per graph.
        baselines: ``learned`` from the graph's mean message, or left at that ``mean``, or ``zero``.
            Learned ones can take over the whole answer: the longer they learn, the fewer edges are
            retained, down to none.
    """

    steps: int = 300
    lr: float = 0.05
    gates: HardConcrete = field(default_factory=HardConcrete)
    bias: float = 3.0
    constraint: LagrangianConfig = field(default_factory=LagrangianConfig)
    baselines: str = "learned"

    def __post_init__(self) -> None:
        if self.baselines not in BASELINES:
            raise ConfigError(f"baselines={self.baselines!r}; expected one of {list(BASELINES)}")
        if self.steps < 1:
            raise ConfigError(f"steps={self.steps}; expected at least 1")


class NonAmortised(NotFitted):
    """A free location for every layer and edge, a baseline for every site and graph.

    The non-amortised variant of Schlichtkrull et al. (2021), section 3.2, which sees the prediction
    that it explains and is prone to hindsight bias; here to be compared with. Baselines start at
    the graph's mean message; each graph has its own multiplier. Scores are probabilities that the
    gate is open.
    """

    name: ClassVar[str] = "nonamortised"
    hard: ClassVar[bool] = True

    def __init__(self, config: NonAmortisedGatesConfig | None = None) -> None:
        self.config = config or NonAmortisedGatesConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; all graphs are fitted together."""
        gates = self.config.gates
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            present = trace.present.to(trace.output.dtype)
            noise = GraphNoise(batch, seed=seed, first=first)
            locations = torch.full_like(present, float(self.config.bias)).requires_grad_()
            baselines = [_means(batch, sent) for sent in trace.sent]
            if self.config.baselines == "zero":
                baselines = [torch.zeros_like(baseline) for baseline in baselines]
            learned = [locations]
            if self.config.baselines == "learned":
                learned += [baseline.requires_grad_() for baseline in baselines]
            optimizer = torch.optim.Adam(learned, lr=self.config.lr)
            lagrangian = Lagrangian(batch.num_graphs, self.config.constraint, device=present.device)
            counts = batch.per_graph(present.sum(0), batch.edge_graph).clamp(min=1)
            for _ in range(self.config.steps):
                drawn = gates.soft(locations, noise.uniform(len(present)).to(present.dtype))
                hard = (drawn > 0.5).to(drawn.dtype) + (drawn - drawn.detach())
                apart = _divergence(model, batch, trace, hard, baselines)
                open_ = (gates.nonzero_probability(locations) * present).sum(0)
                penalty = batch.per_graph(open_, batch.edge_graph) / counts
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(lagrangian.loss(penalty, apart))
                optimizer.step()
                lagrangian.ascend(apart)
        found = locations.detach()
        mask = chosen(
            gates.decide(found).bool(),
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            scores=gates.open_probability(found),
        )
        return replace(mask, baselines=_fills(batch, [b.detach() for b in baselines]))


def _divergence(
    model: Explainable, batch: GraphBatch, trace: Pass, gates: Tensor, baselines: Sequence[Tensor]
) -> Tensor:
    masked = model.run(batch, gates, baselines=_fills(batch, baselines), trace=trace)
    return divergence(model.output, batch, trace, masked)


def _fills(batch: GraphBatch, baselines: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Baselines of graphs [G, D] -> of edges [E, D]."""
    return tuple(baseline.index_select(0, batch.edge_graph) for baseline in baselines)


def _means(batch: GraphBatch, sent: Sent) -> Tensor:
    """Mean message of each graph, float [G, D]."""
    graph = batch.edge_graph if sent.edge is None else batch.edge_graph.index_select(0, sent.edge)
    sums = sent.messages.new_zeros(batch.num_graphs, sent.messages.shape[1])
    counts = torch.bincount(graph, minlength=batch.num_graphs).clamp(min=1).unsqueeze(-1)
    return sums.index_add(0, graph, sent.messages.detach()) / counts
