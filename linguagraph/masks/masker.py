"""What a run needs of a method on SRL examples: masks of a batch, and the model under any gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor

from linguagraph.masks.srl import Masked
from linguagraph.models.batch import SrlBatch, SrlExample
from linguagraph.models.srl import SrlModel

__all__ = ["Masker"]


class Masker(Protocol):
    """A method, for one or several seeds, applied to one SRL model.

    :class:`linguagraph.masks.srl.SrlGraphMask` is one,
    :class:`linguagraph.masks.srl_rivals.RivalMasker` makes one of any rival.
    """

    @property
    def model(self) -> SrlModel:
        """The explained model, never changed."""

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """S seeds."""

    @property
    def num_layers(self) -> int:
        """L."""

    def collate(self, examples: Sequence[SrlExample]) -> SrlBatch:
        """A batch of examples on the model's device."""

    def cut(self, examples: Sequence[SrlExample], *, tokens: int) -> Iterator[list[int]]:
        """Positions of the examples of one batch after the other, about ``tokens`` tokens each."""

    def explain(self, batch: SrlBatch, examples: Sequence[SrlExample], *, first: int) -> Masked:
        """Masks of a batch for all seeds.

        Args:
            batch: of ``examples``.
            examples: consecutive ones, where the method has noise of its own.
            first: number of the first of them in the corpus: noise belongs to seed and number.
        """

    def under(self, masked: Masked, batch: SrlBatch, gates: Sequence[Tensor]) -> Tensor:
        """Logits [S, U, classes] under other gates than those found, with the same fill.

        Without gradient; call inside :func:`linguagraph.masks.frozen.frozen`.

        Args:
            masked: what :meth:`explain` found for the batch.
            batch: the same.
            gates: L tensors float [S, E] in {0, 1}.
        """
