"""A frozen model, gates and a batch -> penalty and divergence, hard masks and their quality."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from linguagraph.masks.diffmask_gates import DiffMaskGates
from linguagraph.masks.outputs import Output
from linguagraph.masks.units import Layered, LayerPass, UnitBatch, UnitMask

__all__ = ["UnitQuality", "decide", "divergence", "masked_answers", "measure", "step"]


@dataclass(frozen=True)
class UnitQuality:
    """What hard masks leave of a model's answers; one number per layer.

    Attributes:
        divergence: mean over the examples, see :func:`divergence`.
        same: share of the answers that stay the same, each with its weight in the divergence.
        retained: share of the units that are kept.
    """

    divergence: tuple[float, ...]
    same: tuple[float, ...]
    retained: tuple[float, ...]

    def excess(self, tolerance: float) -> float:
        """Mean over the layers of what lies above the tolerance."""
        return sum(max(0.0, d - tolerance) for d in self.divergence) / len(self.divergence)

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return {name: list(values) for name, values in asdict(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> UnitQuality:
        """The inverse of :meth:`to_json`."""
        return cls(*(tuple(value[name]) for name in ("divergence", "same", "retained")))


def divergence(output: Output, batch: UnitBatch, trace: LayerPass, masked: Tensor) -> Tensor:
    """How far masked answers [X, C] are from those of the unmasked pass: float [B] per example."""
    apart = output.divergence(trace.output, masked) * trace.weights
    return apart.new_zeros(batch.num_examples).index_add(0, trace.output_example, apart)


def step(
    model: Layered,
    gates: DiffMaskGates,
    batch: UnitBatch,
    *,
    layers: Sequence[int],
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Penalty and divergence of one batch for some layers, float [len(layers)] each.

    Call inside :func:`linguagraph.masks.frozen.frozen`. Both are differentiable in the gates. The
    penalty is the expected share of units whose mask is not 0: the votes are independent given the
    states, so that ``P(z != 0)`` is the product of theirs. The divergence is that under sampled
    soft masks, which are products of stretched votes and are exactly 0 or in (0, 1).
    """
    trace = model.trace(batch)
    penalties, apart = [], []
    for layer in layers:
        locations = gates.locations(trace.states, layer)
        mask = gates.sample(locations, generator=generator)
        masked = masked_answers(model, gates, batch, trace, mask, layer)
        penalties.append(gates.kept(locations).mean())
        apart.append(divergence(model.output, batch, trace, masked).mean())
    return torch.stack(penalties), torch.stack(apart)


def masked_answers(
    model: Layered,
    gates: DiffMaskGates,
    batch: UnitBatch,
    trace: LayerPass,
    mask: Tensor,
    layer: int,
) -> Tensor:
    """Answers float [X, C] under a mask [U] of one layer, with the learned baseline."""
    place = gates.masked_layer(layer)
    return model.run(batch, gates.fill(trace.states[place], mask, layer), layer=place)


@torch.no_grad()
def decide(
    gates: DiffMaskGates, batch: UnitBatch, trace: LayerPass, names: Sequence[str]
) -> UnitMask:
    """Every layer's mask without noise: kept where ``P(z != 0) > 1/2``.

    For ``input`` what a layer drops stays dropped above it.
    """
    if gates.through:
        votes = gates.config.gates.nonzero_probability(
            gates.locations(trace.states, len(names) - 1)
        )
        scores = votes.cumprod(0)
    else:
        scores = torch.stack(
            [gates.kept(gates.locations(trace.states, k)) for k in range(len(names))]
        )
    return UnitMask(scores, scores > 0.5, batch.unit_example, tuple(names), "diffmask", gates.seed)


@torch.no_grad()
def measure(model: Layered, gates: DiffMaskGates, batches: Iterable[UnitBatch]) -> UnitQuality:
    """Quality of the hard masks over some batches. Call inside ``frozen``."""
    layers = len(model.state_names)
    totals = torch.zeros(3, layers, dtype=torch.float64)
    examples = units = weight = 0.0
    for batch in batches:
        trace = model.trace(batch)
        mask = decide(gates, batch, trace, model.state_names)
        for layer, kept in enumerate(mask.retained):
            answers = masked_answers(model, gates, batch, trace, kept.float(), layer)
            totals[0, layer] += float(divergence(model.output, batch, trace, answers).sum())
            same = model.output.same(trace.output, answers).to(trace.weights.dtype)
            totals[1, layer] += float(same @ trace.weights)
            totals[2, layer] += float(kept.sum())
        examples, units = examples + batch.num_examples, units + batch.num_units
        weight += float(trace.weights.sum())
    sums = zip(totals, (examples, weight, units), strict=True)
    return UnitQuality(*(tuple((row / max(1e-12, count)).tolist()) for row, count in sums))
