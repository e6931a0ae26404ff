"""A frozen model and one batch -> gates fitted on that batch itself: without amortisation."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.divergences import DIVERGENCES, Divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.srl import Masked, counted, where_effective
from linguagraph.models.batch import SrlBatch
from linguagraph.models.srl import SrlModel

__all__ = ["NonAmortisedConfig", "mask_nonamortised"]


@dataclass(frozen=True)
class NonAmortisedConfig:
    """How gates are fitted on the explained examples.

    Attributes:
        steps: gradient steps.
        lr: of Adam on locations and baselines.
        gates: distribution of the gates.
        bias: initial location of every gate (open).
        divergence: between the model's own prediction and the masked one; its unit is counted per
            example.
        constraint: tolerance and multiplier, one multiplier per example.
        seed: of the gate noise.
    """

    steps: int = 300
    lr: float = 0.05
    gates: HardConcrete = field(default_factory=HardConcrete)
    bias: float = 3.0
    divergence: Divergence = field(default_factory=Divergence)
    constraint: LagrangianConfig = field(default_factory=LagrangianConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps={self.steps}; expected at least 1")


def mask_nonamortised(
    model: SrlModel, batch: SrlBatch, config: NonAmortisedConfig | None = None
) -> Masked:
    """Fit a free location for every edge, and baselines for every example, on the batch itself.

    The non-amortised variant of Schlichtkrull et al. (2021), section 3.2: it sees the prediction
    that it explains and is prone to hindsight bias; it is here to be compared with. Examples of a
    batch do not influence each other: each has its own baselines and its own multiplier.

    Args:
        model: left exactly as it was.
        batch: examples to explain.
        config: see the class.

    Returns:
        Masks with one "seed" (S = 1).
    """
    config = config or NonAmortisedConfig()
    generator = torch.Generator(device=batch.source.device).manual_seed(config.seed)
    with frozen(model):
        with torch.no_grad():
            trace = model(batch)
        locations = [
            torch.full((batch.num_edges,), float(config.bias), device=batch.source.device)
            for _ in trace.messages
        ]
        of_edge = batch.edge_example()
        baselines = [_example_means(m.edges, of_edge, batch.num_examples) for m in trace.messages]
        parameters = [tensor.requires_grad_() for tensor in (*locations, *baselines)]
        optimizer = torch.optim.Adam(parameters, lr=config.lr)
        lagrangian = Lagrangian(batch.num_examples, config.constraint, device=batch.source.device)

        counts = torch.stack([counted(batch, k, len(locations)) for k in range(len(locations))])
        sizes = batch.edge_counts
        if batch.has_context:
            sizes = counts.new_zeros(batch.num_examples).index_add(0, of_edge, counts.mean(0))

        def weigh(expected: Tensor) -> Tensor:
            return (expected * counts).mean(0) if batch.has_context else expected.mean(0)

        def run(gates: list[Tensor]) -> Tensor:
            fills = [baseline.index_select(0, of_edge) for baseline in baselines]
            return model.propagate(
                trace.states[0], batch, messages=trace.messages[0], gates=gates, baselines=fills
            ).logits

        for _ in range(config.steps):
            gates = [config.gates.sample(v, generator=generator) for v in locations]
            apart = _per_example(trace.logits, run(gates), batch, config.divergence)
            expected = torch.stack([config.gates.nonzero_probability(v) for v in locations])
            share = expected.new_zeros(batch.num_examples).index_add(0, of_edge, weigh(expected))
            penalty = share / sizes.clamp(min=1)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(lagrangian.loss(penalty, apart))
            optimizer.step()
            lagrangian.ascend(apart)
        with torch.no_grad():
            decided = where_effective([config.gates.decide(v) for v in locations], batch)
            logits = run(decided)
    return Masked(
        trace,
        tuple(v.detach().unsqueeze(0) for v in locations),
        tuple(config.gates.open_probability(v.detach()).unsqueeze(0) for v in locations),
        tuple(v.unsqueeze(0) for v in decided),
        logits.unsqueeze(0),
    )


def _example_means(messages: Tensor, of_edge: Tensor, examples: int) -> Tensor:
    sums = messages.new_zeros(examples, messages.shape[-1]).index_add(0, of_edge, messages)
    counts = torch.bincount(of_edge, minlength=examples).clamp(min=1).unsqueeze(-1)
    return (sums / counts).detach()


def _per_example(
    original: Tensor, masked: Tensor, batch: SrlBatch, divergence: Divergence
) -> Tensor:
    values = DIVERGENCES[divergence.name](original, masked)
    summed = values.new_zeros(batch.num_examples).index_add(0, batch.unit_example, values)
    if divergence.unit == "token":
        return summed / batch.lengths
    arguments = (original.argmax(-1) != 0).to(values.dtype)
    units = arguments.new_zeros(batch.num_examples).index_add(0, batch.unit_example, arguments)
    return summed / units.clamp(min=1)
