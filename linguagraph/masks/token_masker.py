"""A method that masks units, for several seeds, on one SRL model -> what a run needs of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.masks.controls import draw_like, drop_some
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.masks.frozen import frozen
from linguagraph.masks.units import LayerPass, UnitBatch, UnitMask
from linguagraph.models.batch import SrlBatch, SrlExample, in_order
from linguagraph.models.scoring import count_roles, predict_roles
from linguagraph.models.srl import SrlModel

__all__ = ["SHARES", "TokenMasked", "TokenMasker", "Votes", "score_tokens"]

SHARES = (75, 50, 25, 0)
"""Percentages of the kept tokens that weaker masks keep."""


class Votes(Protocol):
    """A method with one seed; :class:`linguagraph.masks.diffmask.DiffMask` is one."""

    def mask(self, batch: UnitBatch, *, trace: LayerPass | None = None) -> UnitMask:
        """Decide every unit in every layer."""

    def answers(
        self, batch: UnitBatch, kept: Tensor, *, layer: int, trace: LayerPass | None = None
    ) -> Tensor:
        """Answers float [X, C] when only some units, bool [U], are kept in a layer's mask."""


@dataclass(frozen=True)
class TokenMasked:
    """What a method makes of one batch; S seeds, K states, U tokens.

    Attributes:
        units: the batch.
        trace: the unmasked pass.
        masks: one per seed.
    """

    units: UnitBatch
    trace: LayerPass
    masks: tuple[UnitMask, ...]

    @property
    def scores(self) -> Tensor:
        """Float [S, K, U]."""
        return torch.stack([mask.scores for mask in self.masks])

    @property
    def retained(self) -> Tensor:
        """Bool [S, K, U]."""
        return torch.stack([mask.retained for mask in self.masks])


class TokenMasker:
    """Trained gates of several seeds over the tokens of one SRL model.

    Args:
        adapter: the model, left exactly as it is.
        votes: by seed.
        method: name of the method.

    Raises:
        ConfigError: no seed.
    """

    def __init__(
        self, adapter: SrlUnits, votes: Mapping[int, Votes], *, method: str = "diffmask"
    ) -> None:
        if not votes:
            raise ConfigError(f"{method} needs gates of at least one seed")
        self.adapter, self.votes, self.method = adapter, dict(votes), method

    @property
    def model(self) -> SrlModel:
        """The explained model."""
        return self.adapter.module

    @property
    def seeds(self) -> tuple[int, ...]:
        """S seeds."""
        return tuple(self.votes)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the K states."""
        return self.adapter.state_names

    def cut(self, examples: Sequence[SrlExample], *, tokens: int) -> Iterator[list[int]]:
        """Positions of examples of similar length, about ``tokens`` tokens each."""
        order = sorted(range(len(examples)), key=lambda i: (examples[i].num_nodes, i))
        for run in in_order([examples[i].num_nodes for i in order], tokens=tokens):
            yield [order[i] for i in run]

    def explain(self, examples: Sequence[SrlExample]) -> TokenMasked:
        """Masks of a batch for all seeds; one unmasked pass serves all."""
        units = self.adapter.batch(examples)
        with frozen(self.model):
            trace = self.adapter.trace(units)
        masks = tuple(votes.mask(units, trace=trace) for votes in self.votes.values())
        return TokenMasked(units, trace, masks)

    def under(self, masked: TokenMasked, kept: Tensor, *, layer: int) -> Tensor:
        """Logits [S, U, classes] when the tokens bool [S, U] are kept in a layer's mask."""
        pairs = zip(self.votes.values(), kept, strict=True)
        return torch.stack(
            [v.answers(masked.units, k, layer=layer, trace=masked.trace) for v, k in pairs]
        )


def score_tokens(
    masker: TokenMasker, masked: TokenMasked, roles: Tensor, *, random: np.random.Generator
) -> Iterator[tuple[str, int, NDArray[np.int64], NDArray[np.int64]]]:
    """Score a batch under its masks and their controls.

    The mask is that of the top layer, for which all layers have voted: ``retained_100``, random
    parts of it (``retained_75`` ...), ``complement``, as many random tokens per example
    (``random``) and as many of each part of speech (``random_labels``, by the tags that the model
    reads). ``mask_K`` is the mask of layer K below it.

    Args:
        masker, masked: what was masked.
        roles: int64 [U], what answers are compared with.
        random: source of the random controls.

    Yields:
        condition, seed (-1 where it has none), counts int64 [B, 3] (correct, predicted, gold) and
        kept tokens int64 [B].
    """
    batch: SrlBatch = masked.units.content
    everything = torch.ones_like(batch.unit_example, dtype=torch.bool)
    yield "original", -1, *_counts(masked.trace.output, everything, batch, roles)
    top = len(masker.states) - 1
    plans = [("retained_100", top, masked.retained[:, top])]
    plans += [(f"mask_{layer}", layer, masked.retained[:, layer]) for layer in range(top)]
    plans += [(name, top, kept) for name, kept in _controls(masked.retained[:, top], batch, random)]
    for name, layer, kept in plans:
        logits = masker.under(masked, kept, layer=layer)
        for index, seed in enumerate(masker.seeds):
            yield name, seed, *_counts(logits[index], kept[index], batch, roles)


def _controls(
    kept: Tensor, batch: SrlBatch, random: np.random.Generator
) -> Iterator[tuple[str, Tensor]]:
    """Names and tokens bool [S, U] of what weakens or replaces a mask."""
    rows = kept.cpu().numpy()
    for share in SHARES:
        yield f"retained_{share}", _stack([drop_some(row, share, random) for row in rows], kept)
    yield "complement", ~kept
    example = batch.unit_example.cpu().numpy()
    tags = batch.tags.index_select(0, batch.unit).cpu().numpy()
    by_tag = example * (int(tags.max(initial=0)) + 1) + tags
    for name, groups in (("random", example), ("random_labels", by_tag)):
        drawn = [draw_like(row, groups, random.random(len(row))) for row in rows]
        yield name, _stack(drawn, kept)


def _counts(
    logits: Tensor, kept: Tensor, batch: SrlBatch, roles: Tensor
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    units = count_roles(predict_roles(logits), roles)
    counts = units.new_zeros(batch.num_examples, 3).index_add_(0, batch.unit_example, units)
    per_example = counts.new_zeros(batch.num_examples)
    per_example = per_example.index_add_(0, batch.unit_example, kept.long())
    return counts.cpu().numpy(), per_example.cpu().numpy()


def _stack(rows: Sequence[NDArray[np.bool_]], like: Tensor) -> Tensor:
    return torch.from_numpy(np.stack(rows)).to(like.device)
