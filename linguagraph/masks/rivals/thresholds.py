"""Scores and known truth -> a threshold; scores and a threshold, or a share, -> retained edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import EdgeMask

__all__ = ["THRESHOLDS", "apply_threshold", "choose_threshold", "keep_share"]

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Schlichtkrull et al. (2021), section 4: "We select t in {0.1, ..., 0.9}"."""

Mask = TypeVar("Mask", bound=EdgeMask)


def choose_threshold(
    scores: Tensor, gold: Tensor, present: Tensor, *, thresholds: Sequence[float] = THRESHOLDS
) -> float:
    """The threshold with the highest F1 on validation data, over all present edges together.

    Args:
        scores: float [..., E], the masks' scores.
        gold: bool [..., E], edges that should be retained.
        present: bool [..., E].
        thresholds: to choose from.

    Returns:
        The middle one (the lower of two) of the best.

    Raises:
        MaskError: shapes differ, or there is no threshold.
    """
    if not scores.shape == gold.shape == present.shape:
        raise MaskError(
            f"scores, gold and present have shapes {tuple(scores.shape)}, {tuple(gold.shape)} and "
            f"{tuple(present.shape)}; expected one shape"
        )
    if not thresholds:
        raise MaskError("no thresholds to choose from")
    wanted = gold & present
    found = []
    for threshold in thresholds:
        kept = (scores > threshold) & present
        both, all_ = int((kept & wanted).sum()), int(kept.sum()) + int(wanted.sum())
        found.append(2 * both / all_ if all_ else 1.0)
    best = [t for t, f1 in zip(thresholds, found, strict=True) if f1 == max(found)]
    return best[(len(best) - 1) // 2]


def apply_threshold(mask: Mask, threshold: float) -> Mask:
    """The same mask; retained are present edges whose score is above the threshold."""
    return replace(mask, retained=(mask.scores > threshold) & mask.present)


def keep_share(mask: Mask, share: float, edge_graph: Tensor) -> Mask:
    """The same mask; retained are the highest scores of each graph, over all its layers.

    Args:
        mask: with scores; ties go to lower layers, then to earlier edges.
        share: of each graph's present edges, rounded to the nearest whole number (halves up).
        edge_graph: int64 [E], graph of each edge.

    Raises:
        MaskError: a share outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise MaskError(f"share={share}; expected a number from 0 to 1")
    graph = edge_graph.expand(mask.num_layers, -1)[mask.present]
    scores = mask.scores[mask.present]
    by_score = torch.argsort(scores, descending=True, stable=True)
    order = by_score[torch.argsort(graph[by_score], stable=True)]
    counts = torch.bincount(graph, minlength=1)
    starts = counts.cumsum(0) - counts
    ranked = graph[order]
    rank = torch.arange(len(order), device=order.device) - starts[ranked]
    wanted = (counts.double() * share + 0.5).floor().long()
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept[order] = rank < wanted[ranked]
    retained = torch.zeros_like(mask.present)
    retained[mask.present] = kept
    return replace(mask, retained=retained)
