"""A model and graphs -> integrated gradients of the answer along gates from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals.answers import answer
from linguagraph.masks.rivals.method import MethodMask, NotFitted, nothing, scored

__all__ = ["RULES", "IntegratedGradients", "IntegratedGradientsConfig"]

RULES = {
    "gauss": "gausslegendre",
    "middle": "riemann_middle",
    "right": "riemann_right",
    "trapezoid": "riemann_trapezoid",
}


@dataclass(frozen=True)
class IntegratedGradientsConfig:
    """How the path is walked.

    Attributes:
        steps: points on the path.
        rule: of integration, see :data:`RULES`.
        threshold: retained are edges whose normalised score is above it.
    """

    steps: int = 40
    rule: str = "gauss"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ConfigError(f"rule={self.rule!r}; expected one of {list(RULES)}")
        if self.steps < 2:
            raise ConfigError(f"steps={self.steps}; expected at least 2")


class IntegratedGradients(NotFitted):
    """Integrated gradients (Sundararajan et al. 2017) over gates, by captum.

    Schlichtkrull et al. (2021), appendix F: gates are variables, the baseline is 0, all layers and
    edges go from 0 to 1 together. Raw scores of a graph sum to the difference that all its messages
    make to the answer; scores are absolute values over the largest of the graph.
    """

    name: ClassVar[str] = "integrated_gradients"
    hard: ClassVar[bool] = False

    def __init__(self, config: IntegratedGradientsConfig | None = None) -> None:
        self.config = config or IntegratedGradientsConfig()

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; all graphs walk together.

        Raises:
            MaskError: captum is not installed.
        """
        try:
            from captum.attr import IntegratedGradients as Captum
        except ImportError as error:
            raise MaskError(
                "integrated gradients need captum: pip install 'linguagraph[pyg]'"
            ) from error
        with frozen(model.module):
            batch = model.batch(graphs)
            trace = model.trace(batch)
            empty = nothing(batch, trace, name=self.name, seed=seed)
            if empty is not None:
                return empty
            ones = torch.ones_like(trace.present, dtype=trace.output.dtype)

            def forward(points: Tensor) -> Tensor:
                return torch.stack([answer(model, batch, trace, gates) for gates in points])

            raw = Captum(forward).attribute(
                ones.unsqueeze(0),
                baselines=torch.zeros_like(ones).unsqueeze(0),
                n_steps=self.config.steps,
                method=RULES[self.config.rule],
                internal_batch_size=1,
            )[0]
        return scored(
            raw,
            batch,
            trace.present,
            name=self.name,
            seed=seed,
            threshold=self.config.threshold,
            relative=True,
        )
