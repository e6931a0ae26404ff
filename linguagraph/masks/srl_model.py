"""A semantic role labelling model -> the interface that every masking method is written against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Pass, Sent, Site
from linguagraph.masks.outputs import Output
from linguagraph.masks.srl import counted
from linguagraph.models.batch import SrlBatch, SrlExample, collate
from linguagraph.models.gateable import Trace
from linguagraph.models.srl import SrlModel

__all__ = ["EDGES", "SrlExplainable"]

EDGES = "edges"
"""Name of the one set of edges; what kind each is of stands in :attr:`SrlBatch.kind`."""


class SrlExplainable:
    """:class:`linguagraph.masks.explainable.Explainable` over an :class:`SrlModel`.

    A graph is one example, a predicate in its sentence; its units are the sentence's tokens, and
    edges keep the order of :class:`SrlBatch`. Tokens that the unmasked model predicts to be
    arguments are what is asked. The divergence of an example is the sum over its tokens divided by
    their number, at least 1: most tokens are no argument of anything, and a mean over all of them
    would hide large changes to the few that are.

    Args:
        model: left exactly as it is.
    """

    def __init__(self, model: SrlModel) -> None:
        self.model = model

    @property
    def module(self) -> SrlModel:
        """The model itself."""
        return self.model

    @property
    def sites(self) -> tuple[Site, ...]:
        """One per graph layer."""
        sizes = zip(self.model.state_sizes, self.model.message_sizes, strict=True)
        return tuple(
            Site(layer, EDGES, source=state, target=state, message=message)
            for layer, (state, message) in enumerate(sizes)
        )

    @property
    def num_layers(self) -> int:
        """L."""
        return len(self.model.layers)

    @property
    def output(self) -> Output:
        """One role (or none) per token."""
        return Output("classification")

    def batch(self, graphs: Sequence[SrlExample]) -> GraphBatch:
        """Join examples, on the model's device; each keeps its edges' order."""
        device = next(self.model.parameters()).device
        joined = collate(graphs, num_labels=len(self.model.vocabulary.labels))
        return self.graphs(joined.to(device))

    def graphs(self, batch: SrlBatch) -> GraphBatch:
        """What methods see of a batch that is already made."""
        return GraphBatch(
            content=batch,
            edge_index=torch.stack((batch.source, batch.target)),
            edge_graph=batch.edge_example(),
            unit_graph=batch.unit_example,
            num_graphs=batch.num_examples,
            edge_sets=((EDGES, batch.num_edges),),
        )

    @torch.no_grad()
    def trace(self, batch: GraphBatch) -> Pass:
        """One unmasked pass; ``present`` leaves out edges that cannot matter in a layer."""
        content: SrlBatch = batch.content
        return self.seen(batch, self.model(content))

    def seen(self, batch: GraphBatch, trace: Trace) -> Pass:
        """An unmasked pass that has been made, as methods see it."""
        content: SrlBatch = batch.content
        sent = tuple(
            Sent(states, states, batch.edge_index, messages.edges)
            for states, messages in zip(trace.states, trace.messages, strict=True)
        )
        present = [counted(content, k, self.num_layers).bool() for k in range(self.num_layers)]
        arguments = trace.logits.argmax(-1) != 0
        found = batch.per_graph(arguments.to(trace.logits.dtype), batch.unit_graph)
        per_unit = found.index_select(0, batch.unit_graph)
        own = [messages.soft_gates for messages in trace.messages]
        return Pass(
            output=trace.logits,
            sent=sent,
            present=torch.stack(present),
            weights=1 / per_unit.clamp(min=1),
            asked=arguments | (per_unit == 0),
            own=_stacked(own),
            memory=trace,
        )

    def flow(self, batch: GraphBatch, gates: Tensor, watch: Callable[[Tensor], Tensor]) -> Tensor:
        """See :class:`linguagraph.masks.semiring_edges.Watchable`: paths end in embeddings."""
        content: SrlBatch = batch.content
        model = self.model
        states = model.encoder(watch(model.embedding(content)), content.rows)
        rows = gates.unbind(0)
        logits: Tensor = model.propagate(model.dropout(states), content, gates=rows).logits
        return logits

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """Logits float [U, roles] under gates; see the interface.

        With a trace, neither the encoder nor the messages of the bottom layer are computed again.

        Raises:
            MaskError: gates are not [L, E], or there is not one baseline per layer.
        """
        expected = (self.num_layers, batch.num_edges)
        if tuple(gates.shape) != expected:
            raise MaskError(f"gates have shape {tuple(gates.shape)}; expected [L, E] = {expected}")
        if baselines is not None and len(baselines) != self.num_layers:
            raise MaskError(
                f"{len(baselines)} baselines; expected one per layer, {self.num_layers}"
            )
        content: SrlBatch = batch.content
        rows = gates.unbind(0)
        if trace is None:
            logits: Tensor = self.model(content, gates=rows, baselines=baselines).logits
            return logits
        known: Trace = trace.memory
        return self.model.propagate(
            known.states[0],
            content,
            messages=known.messages[0],
            gates=rows,
            baselines=baselines,
        ).logits

    def run_seeds(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None],
        trace: Pass,
        lowest: int = 0,
    ) -> Tensor:
        """Logits float [S, U, roles] of several seeds, as :meth:`run` gives them one by one.

        Side by side on a GPU; one at a time on a CPU, whose caches hold the states of one only.

        Args:
            batch, trace: the graphs, and the unmasked pass over them.
            gates: float [S, L, E]; 1 in the layers below ``lowest``, which are not computed again.
            baselines: one per layer, float [S, D], ``None`` for zeros.
        """
        content: SrlBatch = batch.content
        count, known = gates.shape[0], trace.memory
        size = 1 if gates.device.type == "cpu" else count
        found = [
            self.model.propagate(
                known.states[lowest],
                content,
                start=lowest,
                messages=known.messages[lowest],
                gates=[None] * lowest + list(gates[start : start + size, lowest:].unbind(1)),
                baselines=[None if b is None else b[start : start + size] for b in baselines],
            ).logits
            for start in range(0, count, size)
        ]
        return torch.cat(found)


def _stacked(own: Sequence[Tensor | None]) -> Tensor | None:
    """The model's own gates, float [L, E], NaN in layers that have none."""
    known = [gates for gates in own if gates is not None]
    if not known:
        return None
    nothing = torch.full_like(known[0], torch.nan)
    return torch.stack([nothing if gates is None else gates for gates in own])
