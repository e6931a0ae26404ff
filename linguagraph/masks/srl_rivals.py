"""A rival method and an SRL model -> masks of batches as a run wants them, for several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.srl import Masked
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import SrlBatch, SrlExample, collate, in_order
from linguagraph.models.gateable import Trace
from linguagraph.models.srl import SrlModel

if TYPE_CHECKING:
    from linguagraph.masks.rivals.method import Method

__all__ = ["TOKENS", "Choice", "RivalMasker"]

TOKENS = 500
"""Tokens per batch at most: methods that learn anew on every example take long for one batch."""


@dataclass(frozen=True)
class Choice:
    """How scores become retained edges; at most one of the two.

    Attributes:
        keep: share of the edges of each example, over all layers, that is retained: those with the
            highest scores.
        threshold: edges with a higher score are retained.

    Raises:
        ConfigError: both, or a number out of range.
    """

    keep: float | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.keep is not None and self.threshold is not None:
            raise ConfigError("keep and threshold are two ways to choose; give one of them")
        if self.keep is not None and not 0 <= self.keep <= 1:
            raise ConfigError(f"keep={self.keep}; expected a share from 0 to 1")

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return self.keep is not None or self.threshold is not None

    def __call__(self, mask: EdgeMask, edge_graph: Tensor) -> EdgeMask:
        """The mask with the chosen edges; ``edge_graph`` int64 [E], as it is without a choice."""
        from linguagraph.masks.rivals.thresholds import apply_threshold, keep_share

        if self.keep is not None:
            return keep_share(mask, self.keep, edge_graph)
        return mask if self.threshold is None else apply_threshold(mask, self.threshold)


class RivalMasker:
    """:class:`linguagraph.masks.masker.Masker` over any method of the registry.

    Dropped messages are replaced by what the method puts in their place while it looks for its
    mask, zeros if it says nothing of it.

    Args:
        model: the model to explain, left exactly as it is.
        methods: by seed, one object each (an amortised method holds what it has learned).
        choice: how scores become retained edges; none leaves that to the method.

    Raises:
        ConfigError: no seed.
    """

    def __init__(
        self, model: SrlModel, methods: Mapping[int, Method], *, choice: Choice | None = None
    ) -> None:
        if not methods:
            raise ConfigError("a method needs at least one seed")
        self.adapter = SrlExplainable(model)
        self.methods, self.choice = dict(methods), choice or Choice()

    @property
    def model(self) -> SrlModel:
        """The explained model."""
        return self.adapter.model

    @property
    def method(self) -> str:
        """Name of the method."""
        return next(iter(self.methods.values())).name

    @property
    def seeds(self) -> tuple[int, ...]:
        """S seeds."""
        return tuple(self.methods)

    @property
    def num_layers(self) -> int:
        """L."""
        return self.adapter.num_layers

    def fit(
        self,
        examples: Sequence[SrlExample],
        *,
        progress: Callable[[int, int, int], Any] = lambda seed, done, total: None,
    ) -> None:
        """Let every seed's method learn, if it does; ``progress``: seed, epoch, of how many."""
        for seed, method in self.methods.items():

            def tell(done: int, total: int, seed: int = seed) -> None:
                progress(seed, done, total)

            method.fit(self.adapter, examples, seed=seed, progress=tell)

    def collate(self, examples: Sequence[SrlExample]) -> SrlBatch:
        """A batch of examples on the model's device."""
        device = next(self.model.parameters()).device
        return collate(examples, num_labels=len(self.model.vocabulary.labels)).to(device)

    def cut(self, examples: Sequence[SrlExample], *, tokens: int) -> Iterator[list[int]]:
        """Consecutive examples, at most :data:`TOKENS` tokens."""
        yield from in_order([e.num_nodes for e in examples], tokens=min(tokens, TOKENS))

    def explain(self, batch: SrlBatch, examples: Sequence[SrlExample], *, first: int = 0) -> Masked:
        """Masks of consecutive examples, seed after seed, and the masked model."""
        edge_graph = batch.edge_example()
        found = [
            self.choice(method.explain(self.adapter, examples, seed=seed, first=first), edge_graph)
            for seed, method in self.methods.items()
        ]
        layers = range(self.num_layers)
        fills = tuple(_fills(mask, self.num_layers) for mask in found)
        with torch.inference_mode(), frozen(self.model):
            trace: Trace = self.model(batch)
            masked = Masked(
                original=trace,
                locations=(),
                scores=tuple(torch.stack([m.scores[k] for m in found]) for k in layers),
                gates=tuple(
                    torch.stack([m.retained[k] & m.present[k] for m in found]).to(trace.logits)
                    for k in layers
                ),
                logits=trace.logits,
                fills=fills,
            )
            return replace(masked, logits=self.under(masked, batch, masked.gates))

    def under(self, masked: Masked, batch: SrlBatch, gates: Sequence[Tensor]) -> Tensor:
        """Logits [S, U, classes] under binary gates [S, E] per layer; see the interface."""
        trace = masked.original
        if all(fill is None for fills in masked.fills for fill in fills):
            return self.model.masked_logits(trace, batch, gates=gates)
        return torch.stack(
            [
                self.model.propagate(
                    trace.states[0],
                    batch,
                    messages=trace.messages[0],
                    gates=[gate[index] for gate in gates],
                    baselines=fills,
                ).logits
                for index, fills in enumerate(masked.fills)
            ]
        )


def _fills(mask: EdgeMask, layers: int) -> tuple[Tensor | None, ...]:
    """What the method replaces dropped messages by, for each layer."""
    found: Sequence[Tensor | None] | None = getattr(mask, "baselines", None)
    return (None,) * layers if found is None else tuple(found)
