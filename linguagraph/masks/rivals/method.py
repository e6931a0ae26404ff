"""The interface of every method: a model and graphs -> one mask, a score and a choice per edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from linguagraph.masks.explainable import EdgeMask, Explainable, GraphBatch, Pass

__all__ = [
    "Method",
    "MethodMask",
    "NotFitted",
    "Progress",
    "chosen",
    "normalise",
    "nothing",
    "scored",
]

Progress = Callable[[int, int], None]
"""Receives epochs done and epochs in all."""


@dataclass(frozen=True, repr=False)
class MethodMask(EdgeMask):
    """An :class:`EdgeMask` with what thresholds and reports need besides.

    ``scores`` are what a threshold is compared with, in [0, 1]; gradients are normalised for that.

    Attributes:
        raw: float [L, E], the method's own numbers, signed for gradient methods; else ``scores``.
        edge_graph: int64 [E], graph of each edge.
        how: per graph, how it was found, where that differs from graph to graph (see
            :class:`linguagraph.masks.rivals.erasure.Erasure`); else empty.
        baselines: one per site, float [D] or [E, D], what the method puts in the place of dropped
            messages, as :meth:`Explainable.run` takes it; ``None`` for zeros.
    """

    raw: Tensor | None = None
    edge_graph: Tensor | None = None
    how: tuple[str, ...] = ()
    baselines: tuple[Tensor, ...] | None = None


class Method(Protocol):
    """What a method is to a benchmark or a command; all are in :data:`METHODS`.

    Attributes:
        name: its key in the registry.
        needs_fit: whether :meth:`fit` must be called first (amortised methods).
        hard: whether it decides itself; else ``retained`` is ``scores`` above a threshold that had
            better be chosen on validation graphs, see :mod:`linguagraph.masks.rivals.thresholds`.
    """

    name: ClassVar[str]
    needs_fit: ClassVar[bool]
    hard: ClassVar[bool]

    def fit(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Learn what the method learns from a training set; nothing for methods that need none.

        Args:
            model: left exactly as it was.
            graphs: single graphs, as :meth:`Explainable.batch` takes them.
            seed: of initialisation, noise and order.
            progress: told of every epoch.
        """

    def explain(
        self, model: Explainable, graphs: Sequence[Any], *, seed: int = 0, first: int = 0
    ) -> EdgeMask:
        """Explain graphs at once, each on its own.

        Args:
            model: left exactly as it was.
            graphs: single graphs; columns of the mask are those of ``model.batch(graphs)``.
            seed: of the method's noise, if it has any.
            first: number of the first of the graphs in their data set. Noise belongs to seed and
                number, so that masks do not depend on how a data set is cut into batches.

        Returns:
            Usually a :class:`MethodMask`.
        """


class NotFitted:
    """A method that learns nothing from a training set."""

    needs_fit: ClassVar[bool] = False

    def fit(
        self,
        model: Explainable,
        graphs: Sequence[Any],
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Do nothing."""


def normalise(raw: Tensor, batch: GraphBatch, present: Tensor) -> Tensor:
    """Absolute values over the largest of the same graph in any layer, float [L, E] in [0, 1].

    Schlichtkrull et al. (2021), section 4: "we normalize attributions to the interval [-1; 1],
    take the absolute value". 0 throughout a graph whose values are all 0.
    """
    size = torch.where(present, raw.abs(), torch.zeros_like(raw))
    per_edge = size.amax(0) if len(size) else size.new_zeros(batch.num_edges)
    largest = size.new_zeros(batch.num_graphs)
    largest = largest.scatter_reduce(0, batch.edge_graph, per_edge, "amax")
    return size / torch.where(largest > 0, largest, 1.0).index_select(0, batch.edge_graph)


def scored(
    raw: Tensor,
    batch: GraphBatch,
    present: Tensor,
    *,
    name: str,
    seed: int,
    threshold: float,
    relative: bool = False,
) -> MethodMask:
    """The mask of a method that gives scores.

    Args:
        raw: float [L, E]; values of edges that are not present do not matter.
        batch, present: what was explained.
        name, seed: of the method.
        threshold: retained are edges whose score is above it.
        relative: scores are normalised ones, see :func:`normalise`.
    """
    raw = torch.where(present, raw.detach(), torch.zeros_like(raw))
    scores = normalise(raw, batch, present) if relative else raw
    return MethodMask(
        scores,
        (scores > threshold) & present,
        present,
        batch.edge_sets,
        name,
        seed,
        raw,
        batch.edge_graph,
    )


def nothing(batch: GraphBatch, trace: Pass, *, name: str, seed: int) -> MethodMask | None:
    """The mask of graphs in which no edge sends a message; ``None`` if some edge does."""
    if bool(trace.present.any()):
        return None
    return chosen(torch.zeros_like(trace.present), batch, trace.present, name=name, seed=seed)


def chosen(
    retained: Tensor,
    batch: GraphBatch,
    present: Tensor,
    *,
    name: str,
    seed: int,
    scores: Tensor | None = None,
    how: tuple[str, ...] = (),
) -> MethodMask:
    """The mask of a method that decides itself.

    Args:
        retained: bool [L, E]; False where nothing is present, whatever it says.
        batch, present: what was explained.
        name, seed: of the method.
        scores: float [L, E]; 1 for retained edges and 0 for others, if none.
        how: see :class:`MethodMask`.
    """
    retained = retained & present
    values = retained.to(torch.get_default_dtype()) if scores is None else scores.detach()
    values = torch.where(present, values, torch.zeros_like(values))
    return MethodMask(
        values, retained, present, batch.edge_sets, name, seed, values, batch.edge_graph, how
    )
