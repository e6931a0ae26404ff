"""A model, its probe and one batch -> penalty and divergence to learn from, or hard gates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from linguagraph.masks.adjacency_probe import AdjacencyProbe
from linguagraph.masks.amortised_probe import SiteProbe
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass, divergence
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.outputs import Output
from linguagraph.masks.whole import Whole
from linguagraph.models.world import World

__all__ = [
    "EdgeProbe",
    "MaskQuality",
    "Placed",
    "assemble",
    "hard_gates",
    "locate",
    "measure",
    "nothing",
    "step",
]

LIMIT = 5.0  # of locations, see _Gates

EdgeProbe = SiteProbe | AdjacencyProbe
"""Erasure functions over messages (equation 7), or over adjacency matrices (equation 9)."""


@dataclass(frozen=True)
class MaskQuality:
    """What a masked model is worth on a data set.

    Attributes:
        same: share of the asked units whose answer is the same, see :meth:`Output.same`.
        loss: what a check is judged by: share of changed answers (of several labels, each counts);
            for regression the mean divergence above the tolerance.
        divergence: mean over the graphs.
        retained: share of the present edges, over all layers; per_layer: of each layer.
    """

    same: float
    loss: float
    divergence: float
    retained: float
    per_layer: tuple[float, ...]


@dataclass(frozen=True)
class Placed:
    """Gate locations of the sites from some layer up, one site after the other; M messages in all.

    Attributes:
        locations: float [S, M]; column: int64 [M], places in gates [L * E], ``None`` if these are
            exactly the last M places, in order.
        present: float [M], 1 where the edge is present, else 0.
        blocks: messages of each site; their sum is M.
    """

    locations: Tensor
    column: Tensor | None
    present: Tensor
    blocks: tuple[int, ...]


def locate(
    model: Explainable, probe: EdgeProbe, batch: GraphBatch, trace: Pass, *, lowest: int = 0
) -> Placed:
    """Gate locations of every message in the layers from ``lowest`` up.

    No look-ahead: what is found for a layer depends on what that layer sends alone, or on the
    states that enter it.
    """
    if isinstance(probe, AdjacencyProbe):
        everywhere = probe.locations(model, batch, trace, lowest=lowest)  # type: ignore[arg-type]
        there = trace.present[lowest:].to(everywhere.dtype)
        blocks = (batch.num_edges,) * len(there)
        return Placed(everywhere, None, there.view(-1), blocks)
    chosen = [place for place, site in enumerate(probe.sites) if site.layer >= lowest]
    found = [probe.erasures[place](trace.sent[place]) for place in chosen]
    locations = found[0] if len(found) == 1 else torch.cat(found, 1)
    blocks = tuple(each.shape[1] for each in found)
    layers = [probe.sites[place].layer for place in chosen]
    plain = all(trace.sent[place].edge is None for place in chosen)
    present = trace.present.to(locations.dtype)
    if plain and layers == list(range(lowest, trace.present.shape[0])):
        return Placed(locations, None, present[lowest:].view(-1), blocks)
    columns = []
    for place, layer in zip(chosen, layers, strict=True):
        edge = trace.sent[place].edge
        if edge is None:
            edge = torch.arange(batch.num_edges, device=present.device)
        columns.append(edge + layer * batch.num_edges)
    column = torch.cat(columns)
    return Placed(locations, column, present.view(-1).index_select(0, column), blocks)


def assemble(values: Tensor, column: Tensor | None, trace: Pass) -> Tensor:
    """Values [S, M] of messages -> gates [S, L, E], 1 where there is no message with a gate."""
    layers, edges = trace.present.shape
    if column is not None:
        ones = values.new_ones(values.shape[0], layers * edges)
        values = ones.index_copy(1, column, values)
    elif values.shape[1] < layers * edges:
        below = values.new_ones(values.shape[0], layers * edges - values.shape[1])
        values = torch.cat((below, values), 1)
    return values.view(-1, layers, edges)


def step(
    model: Explainable,
    probe: EdgeProbe,
    batch: GraphBatch,
    *,
    lowest: int,
    generators: Sequence[torch.Generator],
    weight: float = 1.0,
    world: World | None = None,
) -> tuple[Tensor, Tensor] | None:
    """Penalty and mean divergence of one batch, float [S] each, differentiable in the probe.

    The unmasked pass is shared by all seeds and takes no gradient. The penalty is the expected
    share of gates that are not closed (equation 11, divided by the number of gates), over present
    edges in the layers from ``lowest`` up.

    Args:
        model: call this inside :func:`linguagraph.masks.frozen.frozen`.
        probe: on the model's device.
        batch: graphs of the model; of a larger batch, those of this process.
        lowest: layers below have no gates.
        generators: one per seed, of the gate noise, in the same state in all processes: a message's
            noise does not depend on how many there are.
        weight: 0 if the batch only stands in (see :class:`linguagraph.models.world.Part`).
        world: processes with the other parts of the batch, in order; the sums over all of them are
            the penalty and the divergence of the whole.

    Returns:
        ``None`` if nothing is sent in these layers, in no part of the batch.
    """
    world = world or World()
    trace = model.trace(batch)
    placed = locate(model, probe, batch, trace, lowest=lowest)
    whole = Whole.of(placed, batch, weight, world)
    if not whole.messages:
        return None
    noise = torch.empty_like(placed.locations, requires_grad=False)
    for row, generator in zip(noise, generators, strict=True):
        whole.draw(row, generator)
    if not placed.locations.shape[1]:  # only other parts of the batch send anything
        return nothing(probe, lowest), nothing(probe, lowest)
    share = placed.present * weight / whole.edges.clamp(min=1)
    values, penalty = _Gates.apply(placed.locations, noise, share, probe.config.gates)  # type: ignore[no-untyped-call]
    gates = assemble(values, placed.column, trace).to(trace.output.dtype)
    masked = _masked(model, probe, batch, trace, gates, lowest)
    apart = model.output.divergence(trace.output, masked) @ trace.weights
    return penalty, apart * weight / whole.graphs


def nothing(probe: EdgeProbe, lowest: int) -> Tensor:
    """Zeros [S] that depend on all parameters of the layers from ``lowest`` up."""
    sums = [
        parameter.sum()
        for erasure, site in zip(probe.erasures, probe.sites, strict=True)
        if site.layer >= lowest
        for parameter in erasure.parameters()
    ]
    return torch.stack(sums).sum().expand(len(probe.seeds)) * 0


class _Gates(torch.autograd.Function):
    """:meth:`HardConcrete.sample` and the penalty in one operation.

    Equal to the plain expressions (a test compares them); their thirty small operations forward
    and backward would take longer than the model where graphs are small. One departure: a location
    beyond :data:`LIMIT` (open or closed in 99.3 % of the draws) is not pushed further out, where
    its gate would hardly ever be drawn otherwise and could not be learned any more.
    """

    @staticmethod
    def forward(
        ctx: Any, locations: Tensor, noise: Tensor, share: Tensor, gates: HardConcrete
    ) -> tuple[Tensor, Tensor]:
        width = gates.high - gates.low
        noisy = noise.logit_().add_(locations)
        hard = (noisy > gates.threshold).to(locations.dtype)
        s = noisy.mul_(1 / gates.temperature).sigmoid_()
        open_ = torch.sigmoid(locations - gates.temperature * math.log(-gates.low / gates.high))
        ctx.save_for_backward(s, open_, share, locations)
        ctx.scale, ctx.ends = (
            width / gates.temperature,
            (-gates.low / width, (1 - gates.low) / width),
        )
        return hard, open_ @ share

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        s, open_, share, locations = ctx.saved_tensors
        low, high = ctx.ends
        inside = (s > low) & (s < high)
        through = slopes[0] * (s - s * s).mul_(inside).mul_(ctx.scale)
        through.addcmul_((open_ - open_ * open_).mul_(share), slopes[1].unsqueeze(1))
        # descent moves locations against the slope
        outwards = (locations.abs() > LIMIT) & (through * locations < 0)
        return through.masked_fill_(outwards, 0), None, None, None


def _masked(
    model: Explainable,
    probe: EdgeProbe,
    batch: GraphBatch,
    trace: Pass,
    gates: Tensor,
    lowest: int,
) -> Tensor:
    """Outputs [S, U, C] under gates [S, L, E] and the probe's baselines; open below ``lowest``."""
    together = getattr(model, "run_seeds", None)
    if together is not None:
        stacked = [
            erasure.baseline.to(gates.dtype) if site.layer >= lowest else None
            for erasure, site in zip(probe.erasures, probe.sites, strict=True)
        ]
        outputs: Tensor = together(batch, gates, baselines=stacked, trace=trace, lowest=lowest)
        return outputs
    found = [
        model.run(
            batch,
            gates[place],
            baselines=[
                None if b is None else b.to(gates.dtype)
                for b in probe.baselines(place, lowest=lowest)
            ],
            trace=trace,
        )
        for place in range(len(gates))
    ]
    return found[0].unsqueeze(0) if len(found) == 1 else torch.stack(found)


@torch.no_grad()
def hard_gates(
    model: Explainable, probe: EdgeProbe, batch: GraphBatch, trace: Pass, *, lowest: int = 0
) -> tuple[Tensor, Tensor]:
    """Scores and binary gates, float [S, L, E] each, before edges that are not present are closed.

    Scores are probabilities that the binary gate is open; both are 1 below ``lowest``.
    """
    placed, gates = locate(model, probe, batch, trace, lowest=lowest), probe.config.gates
    scores = assemble(gates.open_probability(placed.locations), placed.column, trace)
    return scores, assemble(gates.decide(placed.locations), placed.column, trace)


@torch.no_grad()
def measure(
    model: Explainable,
    probe: EdgeProbe,
    batches: Iterable[GraphBatch],
    *,
    tolerance: float,
    lowest: int = 0,
    world: World | None = None,
) -> dict[int, MaskQuality]:
    """Quality of each seed's masks; layers below ``lowest`` stay open. Call inside ``frozen``.

    Each process of ``world`` does a part of the batches; all get the results of all.
    """
    world = world or World()
    seeds = len(probe.seeds)
    device = next(probe.parameters()).device  # sums stay there and are read once
    totals = torch.zeros(seeds, 3, dtype=torch.float64, device=device)
    kept = torch.zeros(seeds, model.num_layers, dtype=torch.float64, device=device)
    edges = torch.zeros(model.num_layers, dtype=torch.float64, device=device)
    answers, graphs = torch.zeros((), dtype=torch.long, device=device), 0
    for batch in islice(batches, world.rank, None, world.size):
        trace = model.trace(batch)
        gates = hard_gates(model, probe, batch, trace, lowest=lowest)[1].to(trace.output.dtype)
        masked = _masked(model, probe, batch, trace, gates, 0)
        apart = divergence(model.output, batch, trace, masked).sum(-1)
        asked = trace.asked
        same = (model.output.same(trace.output, masked) & asked).sum(-1)
        changed = (_changed(model.output, trace.output, masked) * asked).sum(-1)
        totals += torch.stack((same, changed, apart), 1).double()
        kept += (gates * trace.present).sum(-1).double()
        edges += trace.present.sum(-1)
        answers, graphs = answers + asked.sum(), graphs + batch.num_graphs
    totals, kept, edges = (world.total(value).cpu() for value in (totals, kept, edges))
    counted = torch.stack((answers, answers.new_full((), graphs)))
    units, graphs = world.total(counted).tolist()
    found = {}
    for place, seed in enumerate(probe.seeds):
        same_units, changed_units, apart_graphs = totals[place].tolist()
        mean = apart_graphs / max(1, graphs)
        excess = max(0.0, mean - tolerance)
        found[seed] = MaskQuality(
            same=same_units / units if units else 1.0,
            loss=excess if model.output.kind == "regression" else changed_units / max(1, units),
            divergence=mean,
            retained=float(kept[place].sum() / edges.sum().clamp(min=1)),
            per_layer=tuple((kept[place] / edges.clamp(min=1)).tolist()),
        )
    return found


def _changed(output: Output, original: Tensor, masked: Tensor) -> Tensor:
    """Share of each unit's answers that the mask changes, float [..., U]."""
    if output.kind == "multilabel":
        return ((masked > 0) != (original > 0)).float().mean(-1)
    return 1 - output.same(original, masked).float()
