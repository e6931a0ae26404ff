"""A frozen model and one batch -> masks over units fitted on that batch itself: not amortised."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.diffmask_step import divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.units import Layered, LayerPass, UnitBatch, UnitMask

__all__ = ["FreeMaskConfig", "mask_units_freely"]


@dataclass(frozen=True)
class FreeMaskConfig:
    """How masks are fitted on the explained examples.

    Attributes:
        steps: gradient steps; lr: of Adam on locations and baselines.
        gates: distribution of the masks.
        bias: first location of every mask.
        constraint: tolerance and multiplier, one multiplier per example.
        seed: of the noise.
    """

    steps: int = 300
    lr: float = 0.1
    gates: HardConcrete = field(default_factory=lambda: HardConcrete(0.2, -0.2, 1.0))
    bias: float = 3.0
    constraint: LagrangianConfig = field(default_factory=LagrangianConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or not self.lr > 0:
            raise ConfigError(
                f"steps={self.steps}, lr={self.lr}; expected at least 1 and a positive rate"
            )


def mask_units_freely(
    model: Layered,
    batch: UnitBatch,
    config: FreeMaskConfig | None = None,
    *,
    layer: int = 0,
    baseline: Tensor | None = None,
) -> UnitMask:
    """Fit a free location for every unit on the batch itself, masking the states of one layer.

    The non-amortised variant of De Cao et al. (2020), section 3: it sees the answer that it
    explains and falls into hindsight bias (what can be dropped is dropped, whether the model knows
    it or not); it is here to be compared with. Examples of a batch do not influence each other:
    each has its own multiplier and, unless one is given, its own baseline.

    Args:
        model: left exactly as it was.
        batch: what to explain.
        config: see the class.
        layer: whose states are masked; 0 is the input.
        baseline: float [d_layer], what stands in the place of dropped units, such as the one that
            amortised gates have learned; ``None``: learned per example, from the mean state on.

    Returns:
        A mask of one row, named for the layer; kept where ``P(z != 0) > 1/2``.

    Raises:
        MaskError: no such layer, or a baseline of another width.
    """
    config = config or FreeMaskConfig()
    if not 0 <= layer < len(model.state_names):
        raise MaskError(f"layer={layer}; expected one from 0 to {len(model.state_names) - 1}")
    with frozen(model.module):
        trace = model.trace(batch)
        states = trace.states[layer].detach()
        if baseline is not None and tuple(baseline.shape) != (states.shape[-1],):
            raise MaskError(
                f"baseline has shape {tuple(baseline.shape)}; layer {layer} needs "
                f"({states.shape[-1]},)"
            )
        locations = _fit(model, batch, trace, states, config, layer, baseline)
    scores = config.gates.nonzero_probability(locations).unsqueeze(0)
    names = (model.state_names[layer],)
    return UnitMask(scores, scores > 0.5, batch.unit_example, names, "diffmask-free", config.seed)


def _fit(
    model: Layered,
    batch: UnitBatch,
    trace: LayerPass,
    states: Tensor,
    config: FreeMaskConfig,
    layer: int,
    baseline: Tensor | None,
) -> Tensor:
    of, count, device = batch.unit_example, batch.num_examples, states.device
    sizes = torch.bincount(of, minlength=count).clamp(min=1)
    locations = torch.full((batch.num_units,), float(config.bias), device=device)
    parameters = [locations.requires_grad_()]
    if baseline is None:
        sums = states.new_zeros(count, states.shape[-1]).index_add(0, of, states)
        fills = (sums / sizes.unsqueeze(-1)).requires_grad_()
        parameters.append(fills)
    else:
        fills = baseline.detach().to(states).expand(count, -1)
    optimizer = torch.optim.Adam(parameters, lr=config.lr)
    lagrangian = Lagrangian(count, config.constraint, device=device)
    generator = torch.Generator(device).manual_seed(config.seed)
    for _ in range(config.steps):
        noise = torch.empty_like(locations, requires_grad=False)
        noise.uniform_(1e-6, 1 - 1e-6, generator=generator)
        mask = config.gates.soft(locations, noise).unsqueeze(-1)
        masked = model.run(batch, torch.lerp(fills.index_select(0, of), states, mask), layer=layer)
        apart = divergence(model.output, batch, trace, masked)
        expected = config.gates.nonzero_probability(locations)
        penalty = expected.new_zeros(count).index_add(0, of, expected) / sizes
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(lagrangian.loss(penalty, apart))
        optimizer.step()
        lagrangian.ascend(apart)
    return locations.detach()
