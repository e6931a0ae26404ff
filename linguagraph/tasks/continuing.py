"""A task's model and graphs -> its unmasked pass; that, gates and baselines -> masked logits.

What :class:`linguagraph.masks.pyg.PygModel` does through hooks, to rounding, for a model that is
known: without hooks, and a masked pass begins with the messages that the unmasked one has found.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Pass, Sent
from linguagraph.tasks.relational import RelationalModel

__all__ = ["continue_pass", "plain_pass"]


@torch.no_grad()
def plain_pass(model: RelationalModel, batch: GraphBatch) -> Pass:
    """The unmasked pass over a batch; every edge sends a message in every layer.

    Args:
        model: frozen.
        batch: its graphs.
    """
    content = batch.content
    source, target = batch.edge_index
    states, sent = model.initial(content.x), []
    for number, layer in enumerate(model.layers):
        messages = layer.message(states.index_select(0, source), content.edge_type)  # type: ignore[operator]
        sent.append(Sent(states, states, batch.edge_index, messages))
        sums = torch.zeros_like(states).index_add_(0, target, messages)
        states = sums + model.own[number](states) if model.config.self_loops else sums
    logits = model.prediction(states.index_select(0, content.root_index))
    return Pass(
        output=logits,
        sent=tuple(sent),
        present=torch.ones(len(sent), batch.num_edges, dtype=torch.bool, device=logits.device),
        weights=batch.even_weights,
        asked=torch.ones(len(logits), dtype=torch.bool, device=logits.device),
    )


def continue_pass(
    model: RelationalModel,
    batch: GraphBatch,
    gates: Tensor,
    *,
    baselines: Sequence[Tensor | None] | None,
    trace: Pass,
) -> Tensor:
    """Logits [G, 1] under gates float [L, E], from the messages of the bottom layer on.

    The states below the bottom layer and the messages that it sends do not depend on gates;
    computing them takes most of the time of so small a model.

    Args:
        model: frozen.
        batch: its graphs.
        gates: see :class:`linguagraph.masks.explainable.Explainable`.
        baselines: one per layer, float [D] or [E, D]; ``None`` for zeros.
        trace: the unmasked pass over the batch.

    Raises:
        MaskError: gates have another shape.
    """
    expected = (len(model.layers), batch.num_edges)
    if gates.shape != expected:
        raise MaskError(f"gates have shape {tuple(gates.shape)}; expected {expected}")
    content, (source, target) = batch.content, batch.edge_index
    states, messages = trace.sent[0].sources, trace.sent[0].messages
    for number, layer in enumerate(model.layers):
        if number:
            messages = layer.message(states.index_select(0, source), content.edge_type)  # type: ignore[operator]
        gate, fill = gates[number].unsqueeze(1), None if baselines is None else baselines[number]
        mixed = messages * gate if fill is None else fill.lerp(messages, gate)
        sums = mixed.new_zeros(content.num_nodes, mixed.shape[1]).index_add_(0, target, mixed)
        states = sums + model.own[number](states) if model.config.self_loops else sums
    logits: Tensor = model.prediction(states.index_select(0, content.root_index))
    return logits
