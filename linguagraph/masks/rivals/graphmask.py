"""A model and training graphs -> amortised GraphMask, behind the interface of all methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.explainable import Explainable
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.rivals.method import MethodMask, Progress

__all__ = ["AmortisedGraphMask", "AmortisedGraphMaskConfig"]


@dataclass(frozen=True)
class AmortisedGraphMaskConfig:
    """How the probe is trained.

    Attributes:
        training: schedule, constraint and architecture.
        batch_size: graphs per step.
    """

    training: AmortisedConfig = field(default_factory=AmortisedConfig)
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"batch_size={self.batch_size}; expected at least 1")


class AmortisedGraphMask:
    """:class:`linguagraph.masks.graphmask.GraphMask` with one probe, fitted by one seed.

    Attributes:
        mask: the fitted object; ``None`` before :meth:`fit`.
    """

    name: ClassVar[str] = "graphmask"
    needs_fit: ClassVar[bool] = True
    hard: ClassVar[bool] = True

    def __init__(self, config: AmortisedGraphMaskConfig | None = None) -> None:
        self.config = config or AmortisedGraphMaskConfig()
        self.mask: GraphMask | None = None

    def fit(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """See :class:`linguagraph.masks.rivals.method.Method`; progress is told of steps.

        Raises:
            MaskError: there is nothing to train on.
        """
        config = replace(self.config.training, seed=seed)
        mask = GraphMask(model, seeds=(seed,), config=config)
        mask.fit(_Shuffled(graphs, self.config.batch_size, seed), progress=progress)
        self.mask = mask

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> MethodMask:
        """See :class:`linguagraph.masks.rivals.method.Method`; the mask's seed is the fit's.

        Raises:
            MaskError: not fitted, or fitted for another model.
        """
        if self.mask is None or self.mask.probe is None:
            raise MaskError("GraphMask is not fitted; call fit with training graphs")
        if self.mask.model.module is not model.module:
            raise MaskError("GraphMask was fitted for another model; fit it for this one")
        with frozen(model.module):
            batch = model.batch(graphs)
        found = self.mask.explain(batch)
        return MethodMask(
            found.scores,
            found.retained,
            found.present,
            found.edge_sets,
            self.name,
            found.seed,
            found.scores,
            batch.edge_graph,
            (),
            tuple(b.detach() for b in self.mask.probe.baselines(0) if b is not None),
        )


class _Shuffled:
    """Lists of graphs in another order every time that they are gone through."""

    def __init__(self, graphs: Sequence[Any], size: int, seed: int) -> None:
        self.graphs, self.size = graphs, size
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return -(-len(self.graphs) // self.size)

    def __iter__(self) -> Iterator[list[Any]]:
        order = torch.randperm(len(self.graphs), generator=self.generator).tolist()
        for start in range(0, len(order), self.size):
            yield [self.graphs[number] for number in order[start : start + self.size]]
