"""Masks over units -> the model's answers when they are kept, dropped, or drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_step import divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.units import UnitBatch, UnitMask

__all__ = ["UNIT_CONDITIONS", "ConditionScore", "control_masks", "random_like", "score_units"]

UNIT_CONDITIONS = ("original", "retained", "deleted", "random")
"""``original``: nothing is masked; ``retained``: the kept units alone; ``deleted``: the kept units
are dropped and all others kept; ``random``: as many random units of each example as are kept."""


@dataclass(frozen=True)
class ConditionScore:
    """The answers under one condition in one layer, each with its weight in the divergence.

    Attributes:
        condition: one of :data:`UNIT_CONDITIONS`; layer: name of the state.
        units: share of the units that are there.
        divergence: mean over the examples.
        same: weighted share of the answers that equal the unmasked model's.
        scores: sums over the batches of what the caller counts in the answers.
    """

    condition: str
    layer: str
    units: float
    divergence: float
    same: float
    scores: Mapping[str, float] = field(default_factory=dict)


def random_like(kept: Tensor, example: Tensor, *, generator: torch.Generator) -> Tensor:
    """As many random units of every example as are kept there, bool [U].

    Args:
        kept: bool [U]; example: int64 [U], example of each unit.
        generator: on the CPU.
    """
    noise = torch.rand(len(kept), generator=generator).to(kept.device)
    order = torch.argsort(noise)
    order = order[torch.argsort(example[order], stable=True)]
    ordered = example[order]
    count = int(example.max()) + 1 if len(example) else 0
    sizes = torch.bincount(example, minlength=count)
    starts = torch.cumsum(sizes, 0) - sizes
    rank = torch.arange(len(kept), device=kept.device) - starts[ordered]
    wanted = kept.new_zeros(count, dtype=torch.long).index_add(0, example, kept.long())
    drawn = torch.zeros_like(kept)
    drawn[order] = rank < wanted[ordered]
    return drawn


def control_masks(
    mask: UnitMask, layer: int, *, generator: torch.Generator
) -> Iterator[tuple[str, Tensor]]:
    """Names of :data:`UNIT_CONDITIONS` and units bool [U], for one row of a mask."""
    kept = mask.retained[layer]
    yield "original", torch.ones_like(kept)
    yield "retained", kept
    yield "deleted", ~kept
    yield "random", random_like(kept, mask.unit_example, generator=generator)


def score_units(
    masker: DiffMask,
    batches: Iterable[UnitBatch],
    *,
    seed: int = 0,
    count: Callable[[UnitBatch, Tensor], Mapping[str, float]] | None = None,
) -> list[ConditionScore]:
    """Score all conditions in all layers; the learned baselines stand in for what is dropped.

    Args:
        masker: fitted gates of a model.
        batches: of the model.
        seed: of the random condition.
        count: batch and answers float [X, C] -> numbers to add up over batches, such as right
            answers and answers; with it a caller gets accuracy or F1.

    Returns:
        A row per layer and condition, in the order of :data:`UNIT_CONDITIONS`.

    Raises:
        MaskError: there are no batches.
    """
    generator = torch.Generator().manual_seed(seed)
    names = masker.model.state_names
    keys = [(layer, condition) for layer in range(len(names)) for condition in UNIT_CONDITIONS]
    sums = {key: torch.zeros(3, dtype=torch.float64) for key in keys}
    counted: dict[tuple[int, str], dict[str, float]] = {key: {} for key in keys}
    sizes = torch.zeros(3, dtype=torch.float64)
    for batch in batches:
        with torch.no_grad(), frozen(masker.model.module):
            trace = masker.model.trace(batch)
        mask = masker.mask(batch, trace=trace)
        sizes += torch.tensor([batch.num_units, batch.num_examples, float(trace.weights.sum())])
        for layer in range(len(names)):
            for condition, units in control_masks(mask, layer, generator=generator):
                answers = masker.answers(batch, units, layer=layer, trace=trace)
                apart = divergence(masker.model.output, batch, trace, answers)
                same = masker.model.output.same(trace.output, answers).to(trace.weights.dtype)
                parts = [float(v) for v in (units.sum(), apart.sum(), same @ trace.weights)]
                sums[layer, condition] += torch.tensor(parts, dtype=torch.float64)
                _add(counted[layer, condition], {} if count is None else count(batch, answers))
    if not float(sizes[1]):
        raise MaskError("no batches to score; pass at least one")
    rows = []
    for (layer, condition), value in sums.items():
        units, apart, same = (value / sizes).tolist()
        found = counted[layer, condition]
        rows.append(ConditionScore(condition, names[layer], units, apart, same, found))
    return rows


def _add(totals: dict[str, float], found: Mapping[str, float]) -> None:
    for name, value in found.items():
        totals[name] = totals.get(name, 0.0) + value
