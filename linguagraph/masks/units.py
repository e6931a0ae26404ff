"""The interface between DiffMask and models: units with a state in every layer, masked re-runs.

A unit is what is kept or dropped: a token, or a mention of a question. :class:`Layered` is to units
what :class:`linguagraph.masks.explainable.Explainable` is to edges; adapters exist for our semantic
role labelling and question answering models and for encoders of the transformers library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.outputs import Output

__all__ = ["LayerPass", "Layered", "UnitBatch", "UnitMask"]


@dataclass(frozen=True)
class UnitBatch:
    """Several examples side by side; U units, B examples.

    Attributes:
        content: what the model itself reads.
        unit_example: int64 [U], example of each unit, ascending.
        num_examples: B.
    """

    content: Any
    unit_example: Tensor
    num_examples: int

    @property
    def num_units(self) -> int:
        """U."""
        return int(self.unit_example.shape[0])


@dataclass(frozen=True)
class LayerPass:
    """One unmasked pass over a batch.

    Attributes:
        states: float [U, d_k], the states of every unit, from the input (k = 0) to the top (k = L).
        output: float [X, C], the model's answers, see :class:`linguagraph.masks.outputs.Output`.
        output_example: int64 [X], example of each answer.
        weights: float [X], weight of each answer in the divergence of its example.
    """

    states: tuple[Tensor, ...]
    output: Tensor
    output_example: Tensor
    weights: Tensor


class Layered(Protocol):
    """A model as DiffMask sees it. Only used inside :func:`linguagraph.masks.frozen.frozen`."""

    @property
    def module(self) -> nn.Module:
        """The model itself."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the L + 1 states, from the input up ("input", "encoder", "layer 1", ...)."""

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Widths of the L + 1 states."""

    @property
    def output(self) -> Output:
        """What its answers mean."""

    def batch(self, examples: Sequence[Any]) -> UnitBatch:
        """Join examples, on the model's device."""

    def trace(self, batch: UnitBatch) -> LayerPass:
        """Run the model as it is, without gradient, and note the states of all layers."""

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        """Answers float [X, C] when the states of one layer are replaced, differentiable in them.

        Args:
            batch: the examples.
            states: float [U, d_layer], what stands in the place of the layer's states.
            layer: 0 is the input.
        """


@dataclass(frozen=True)
class UnitMask:
    """What a method says of every unit of a batch in every layer; rows are the L + 1 states.

    Attributes:
        scores: float [L + 1, U] in [0, 1], the probability that the unit is kept by the votes of
            the layers up to this one; the higher, the more it matters.
        retained: bool [L + 1, U], the hard choice.
        unit_example: int64 [U].
        state_names: of the rows.
        method: name of the method; seed: of its gates.
    """

    scores: Tensor
    retained: Tensor
    unit_example: Tensor
    state_names: tuple[str, ...]
    method: str = "diffmask"
    seed: int = 0

    def __post_init__(self) -> None:
        expected = (len(self.state_names), len(self.unit_example))
        for name, value in (("scores", self.scores), ("retained", self.retained)):
            if tuple(value.shape) != expected:
                raise MaskError(f"{name} have shape {tuple(value.shape)}; expected {expected}")
