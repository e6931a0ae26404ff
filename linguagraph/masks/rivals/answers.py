"""Outputs under gates -> the scalars that methods differentiate: logits asked for, and losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.masks.explainable import Explainable, GraphBatch, Pass
from linguagraph.masks.outputs import Output

__all__ = ["answer", "answer_loss", "binary_entropy", "losses"]


def answer(model: Explainable, batch: GraphBatch, trace: Pass, gates: Tensor) -> Tensor:
    """:meth:`Output.target` summed over the asked units of all graphs, a scalar.

    Graphs do not touch each other: its gradient with respect to a graph's gates is that of the
    graph's own sum.
    """
    found = model.run(batch, gates, trace=trace)
    units = torch.where(trace.asked, model.output.target(trace.output, found), 0.0)
    return units.sum() + 0 * gates.sum()


def answer_loss(output: Output, original: Tensor, masked: Tensor) -> Tensor:
    """Loss of masked outputs [U, C] against the original's own answers: float [U].

    Cross-entropy with the predicted class, the mean over the labels of binary cross-entropy with
    the predicted labels, or the mean squared difference in units of the scale.
    """
    if output.kind == "classification":
        return F.cross_entropy(masked, original.argmax(-1), reduction="none")
    if output.kind == "multilabel":
        wanted = (original > 0).to(masked.dtype)
        return F.binary_cross_entropy_with_logits(masked, wanted, reduction="none").mean(-1)
    return ((masked - original) / output.unit).square().mean(-1)


def losses(output: Output, batch: GraphBatch, trace: Pass, masked: Tensor) -> Tensor:
    """:func:`answer_loss`, the mean over the asked units of each graph: float [G]."""
    weights = trace.asked.to(masked.dtype)
    counts = batch.per_graph(weights, batch.unit_graph).clamp(min=1)
    loss = answer_loss(output, trace.output, masked) * weights
    return batch.per_graph(loss, batch.unit_graph) / counts


def binary_entropy(logits: Tensor) -> Tensor:
    """Entropy in nats of Bernoulli variables with these logits, without overflow."""
    return F.softplus(logits) - logits * torch.sigmoid(logits)
