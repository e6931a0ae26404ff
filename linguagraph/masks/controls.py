"""Masks of a batch -> weaker and random masks of the same size, and the scores under each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.graphs.textgraph import KINDS
from linguagraph.masks.frozen import frozen
from linguagraph.masks.masker import Masker
from linguagraph.masks.srl import Masked, where_effective
from linguagraph.models.batch import SrlBatch
from linguagraph.models.scoring import count_roles, predict_roles

__all__ = [
    "CONDITIONS",
    "KIND_CONDITIONS",
    "SHARES",
    "control_gates",
    "draw_like",
    "draw_rows",
    "drop_some",
    "score_conditions",
]

SHARES = (75, 50, 25, 0)
CONDITIONS = (
    "original",
    "retained_100",
    *(f"retained_{share}" for share in SHARES),
    "random",
    "random_labels",
    "soft_gates_top",
    "predicate_edges",
    "soft_gates",
)
KIND_CONDITIONS = tuple(f"{how}_{kind}" for kind in KINDS for how in ("without", "removed"))
"""Further conditions, for models with edges of several kinds; see :func:`score_conditions`."""


def draw_like(
    kept: NDArray[np.bool_], groups: NDArray[np.int64], order: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Choose, within every group, as many edges as are kept there: those that come first.

    Args:
        kept: bool [E].
        groups: int64 [E], group of each edge.
        order: float [E]; edges of a group are taken in ascending order (random numbers for a
            random choice).

    Returns:
        bool [E].
    """
    ranked = np.lexsort((order, groups))
    ordered = groups[ranked]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(first)
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    wanted = np.bincount(groups, weights=kept, minlength=int(groups.max(initial=-1)) + 1)
    drawn = np.zeros(len(kept), dtype=bool)
    drawn[ranked] = rank < wanted[ordered]
    return drawn


def draw_rows(kept: Tensor, groups: Tensor, order: Tensor, *, count: int) -> Tensor:
    """:func:`draw_like` for several masks at once, where they are.

    Args:
        kept: float [S, E] in {0, 1}.
        groups: int64 [E] below ``count``.
        order: float [S, E].
        count: of groups.

    Returns:
        Like ``kept``.
    """
    first = torch.argsort(order, dim=1, stable=True)
    of_first = groups.expand_as(first).gather(1, first)
    ranked = first.gather(1, torch.argsort(of_first, dim=1, stable=True))
    sizes = groups.new_zeros(count).index_add_(0, groups, torch.ones_like(groups))
    ordered = groups.expand_as(ranked).gather(1, ranked)
    place = torch.arange(groups.shape[0], device=groups.device)
    rank = place - (torch.cumsum(sizes, 0) - sizes).index_select(0, ordered[0])
    wanted = kept.new_zeros(kept.shape[0], count)
    wanted.scatter_add_(1, groups.expand_as(kept), kept)
    chosen = (rank < wanted.gather(1, ordered)).to(kept.dtype)
    return torch.zeros_like(kept).scatter(1, ranked, chosen)


def drop_some(
    kept: NDArray[np.bool_], share: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Keep a random ``share`` percent of the kept edges (rounded to whole edges), bool [E]."""
    places = np.flatnonzero(kept)
    stay = random.permutation(places)[: round(len(places) * share / 100)]
    result = np.zeros(len(kept), dtype=bool)
    result[stay] = True
    return result


def control_gates(
    masked: Masked, batch: SrlBatch, random: np.random.Generator
) -> Iterator[tuple[str, list[Tensor]]]:
    """Name and gates (L tensors float [S, E]) of every condition that weakens or replaces a mask.

    ``retained_75`` ... ``retained_0`` keep a random part of the kept edges of the batch, per layer
    and seed. ``random`` keeps as many edges per example and layer as the mask, ``random_labels`` as
    many of each label and direction per example and layer, ``soft_gates_top`` as many per example
    and layer with the largest gates of the model's own (left out where it has none), and
    ``predicate_edges``, which learns nothing, just the edges that leave or enter the predicate.
    """
    like, device = masked.gates[0], masked.gates[0].device
    kept = torch.stack(list(masked.gates)).bool().cpu().numpy()
    for share in SHARES:
        yield (
            f"retained_{share}",
            [_stack([drop_some(row, share, random) for row in layer], like) for layer in kept],
        )
    example = batch.edge_example()
    types = int(batch.edge_type.max()) + 1 if batch.num_edges else 1
    last = [_last(batch, layer, len(kept)) for layer in range(len(kept))]
    by_type = example * types + batch.edge_type
    for name, groups, count in (
        ("random", example, batch.num_examples),
        ("random_labels", by_type, batch.num_examples * types),
    ):
        noise = torch.from_numpy(random.random(kept.shape)).to(device)
        yield (
            name,
            [
                draw_rows(gates, groups, order + after, count=count)
                for gates, order, after in zip(masked.gates, noise, last, strict=True)
            ],
        )
    own = [sent.soft_gates for sent in masked.original.messages]
    if all(gates is not None for gates in own):
        orders = [-_soft(gates).double() + after for gates, after in zip(own, last, strict=True)]
        yield (
            "soft_gates_top",
            [
                draw_rows(gates, example, order.expand(gates.shape), count=batch.num_examples)
                for gates, order in zip(masked.gates, orders, strict=True)
            ],
        )
    at_predicate = batch.predicate.index_select(0, batch.edge_example())
    touching = (batch.source == at_predicate) | (batch.target == at_predicate)
    gates = [touching.to(like.dtype).expand_as(layer) for layer in masked.gates]
    yield "predicate_edges", where_effective(gates, batch)


def _last(batch: SrlBatch, layer: int, layers: int) -> Tensor | float:
    """What puts edges that cannot matter in a layer behind all others: float [E], or 0."""
    effective = batch.effective(layer, layers)
    return 0.0 if effective is None else torch.where(effective, 0.0, torch.inf).double()


def _without_kinds(
    masker: Masker, masked: Masked, batch: SrlBatch
) -> Iterator[tuple[str, int, NDArray[np.int64], NDArray[np.int64]]]:
    """The scores of :data:`KIND_CONDITIONS`, for the kinds of the model."""
    kinds = masker.model.config.kinds
    for kind in kinds if len(kinds) > 1 else ():
        open_ = (batch.kind != KINDS.index(kind)).to(masked.gates[0].dtype)
        gates = where_effective([open_.expand_as(layer) for layer in masked.gates], batch)
        with torch.inference_mode(), frozen(masker.model):
            filled = masker.under(masked, batch, gates)
            single = [layer[:1] for layer in gates]
            bare = masker.model.masked_logits(masked.original, batch, gates=single)
        counts = _counts(filled, gates, batch)
        for seed, found in zip(masker.seeds, counts, strict=True):
            yield f"without_{kind}", seed, *found
        yield f"removed_{kind}", -1, *_counts(bare, single, batch)[0]


def score_conditions(
    masker: Masker,
    masked: Masked,
    batch: SrlBatch,
    *,
    random: np.random.Generator,
    thresholds: Sequence[float] | None,
) -> Iterator[tuple[str, int, NDArray[np.int64], NDArray[np.int64]]]:
    """Score a batch under every condition.

    For models with edges of several kinds also without all edges of each kind, the others open:
    ``without_KIND`` (they send what the method puts in their place, per seed) and ``removed_KIND``
    (they send nothing; no method has a part in it).

    Args:
        masker, masked, batch: what was masked.
        random: source of the random conditions.
        thresholds: per layer, the model's own gates below it are closed in ``soft_gates``; ``None``
            leaves that condition out.

    Yields:
        condition, seed (-1 where it has none), counts int64 [B, 3] (correct, predicted, gold) and
        kept edges int64 [B] summed over layers.

    Raises:
        MaskError: thresholds for a model without gates of its own.
    """
    every = where_effective([torch.ones_like(gates[:1]) for gates in masked.gates], batch)
    yield "original", -1, *_counts(masked.original.logits.unsqueeze(0), every, batch)[0]
    plans: Iterator[tuple[str, list[Tensor]]] = control_gates(masked, batch, random)
    counts = _counts(masked.logits, list(masked.gates), batch)
    for seed, found in zip(masker.seeds, counts, strict=True):
        yield "retained_100", seed, *found
    for name, gates in plans:
        with torch.inference_mode(), frozen(masker.model):
            logits = masker.under(masked, batch, gates)
        counts = _counts(logits, gates, batch)
        for seed, found in zip(masker.seeds, counts, strict=True):
            yield name, seed, *found
    yield from _without_kinds(masker, masked, batch)
    if thresholds is not None:
        above = [
            (_soft(sent.soft_gates) >= low).float().unsqueeze(0)
            for sent, low in zip(masked.original.messages, thresholds, strict=True)
        ]
        gates = where_effective(above, batch)
        with torch.inference_mode(), frozen(masker.model):
            logits = masker.model.masked_logits(masked.original, batch, gates=gates)
        yield "soft_gates", -1, *_counts(logits, gates, batch)[0]


def _counts(
    logits: Tensor, gates: Sequence[Tensor], batch: SrlBatch
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Counts [B, 3] and kept edges [B] of every seed, read from the device once."""
    units = count_roles(predict_roles(logits), batch.roles)
    sums = units.new_zeros(len(units), batch.num_examples, 4)
    sums[..., :3].scatter_add_(1, batch.unit_example.unsqueeze(-1).expand_as(units), units)
    per_edge = torch.stack(list(gates)).sum(0).long()
    sums[..., 3].scatter_add_(1, batch.edge_example().expand_as(per_edge), per_edge)
    return [(found[:, :3].copy(), found[:, 3].copy()) for found in sums.cpu().numpy()]


def _stack(rows: Sequence[NDArray[np.bool_]], like: Tensor) -> Tensor:
    return torch.from_numpy(np.stack(rows)).to(like.device, like.dtype)


def _soft(gates: Tensor | None) -> Tensor:
    if gates is None:
        raise MaskError("this model has no soft gates; leave thresholds out")
    return gates
