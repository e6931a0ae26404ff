"""Question answering models -> :class:`Explainable`, over edge lists or adjacency matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Pass, Sent, Site
from linguagraph.masks.outputs import Output
from linguagraph.models.qa import QaModel, QaPass, choose_form
from linguagraph.models.qa_batch import QaBatch, collate_qa
from linguagraph.models.qa_examples import QaExample

__all__ = ["EDGES", "QaExplainable", "QaMemory"]

EDGES = "edges"


@dataclass(frozen=True)
class QaMemory:
    """What an unmasked pass leaves for masked ones.

    Attributes:
        found: the pass, with states in the layout of its form.
        weights: of messages, in the layout of the form.
    """

    found: QaPass
    weights: Tensor


class _Sent(Sequence[Sent]):
    """What each layer sends, message by message, made when it is asked for.

    GraphMask over matrices never asks.
    """

    def __init__(self, make: Callable[[int], Sent], layers: int) -> None:
        self.make, self.layers = make, layers
        self.made: dict[int, Sent] = {}

    def __len__(self) -> int:
        return self.layers

    @overload
    def __getitem__(self, place: int) -> Sent: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sent]: ...
    def __getitem__(self, place: int | slice) -> Sent | Sequence[Sent]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self.layers))]
        at = range(self.layers)[place]
        if at not in self.made:
            self.made[at] = self.make(at)
        return self.made[at]


class QaExplainable:
    """A question answering model as methods see it: items are graphs, each with one answer.

    Every edge of the entity graph sends one message in each layer. The node's own state
    (``W_s h``) is no message and is never gated.

    Args:
        model: the model.
        form: ``edges``, ``matrices``, or ``auto``: what is faster for a batch (see
            :func:`linguagraph.models.qa.choose_form`). Both give the same to 1e-5. Baselines that
            differ from edge to edge need ``edges``, which is then taken.
    """

    def __init__(self, model: QaModel, *, form: str = "auto") -> None:
        self.model, self.form = model, form
        self._output = Output("classification")

    @property
    def module(self) -> QaModel:
        """The model."""
        return self.model

    @property
    def sites(self) -> tuple[Site, ...]:
        """One for each application of the layer, bottom first."""
        width = self.model.config.width
        layers = range(self.model.config.layers)
        return tuple(Site(layer, EDGES, width, width, width) for layer in layers)

    @property
    def num_layers(self) -> int:
        """L."""
        return self.model.config.layers

    @property
    def output(self) -> Output:
        """Logits of candidates."""
        return self._output

    @output.setter
    def output(self, output: Output) -> None:
        self._output = output

    @property
    def relations(self) -> int:
        """Relations of the entity graph, R."""
        return self.model.layer.relations

    def matrix_states(self, batch: GraphBatch, trace: Pass) -> Sequence[Tensor]:
        """See :class:`linguagraph.masks.adjacency_probe.AdjacencyModel`."""
        found = trace.memory.found
        if found.form == "matrices":
            return found.states[:-1]  # type: ignore[no-any-return]
        return [batch.content.padded(states) for states in found.states[:-1]]

    def node_states(self, batch: GraphBatch, trace: Pass) -> Sequence[Tensor]:
        """See :class:`linguagraph.masks.adjacency_probe.AdjacencyModel`."""
        found = trace.memory.found
        if found.form == "edges":
            return found.states[:-1]  # type: ignore[no-any-return]
        return [batch.content.unpadded(states) for states in found.states[:-1]]

    @torch.no_grad()
    def mean_message(self, batch: GraphBatch, trace: Pass, layer: int) -> Tensor:
        """See :class:`linguagraph.masks.adjacency_probe.AdjacencyModel`."""
        every = self.model.layer.messages(self.node_states(batch, trace)[layer]).flatten(0, 1)
        sent = torch.bincount(self.model.sent(batch.content), minlength=len(every))
        return (every * sent.unsqueeze(1)).sum(0) / max(1, batch.num_edges)

    def at_edges(self, batch: GraphBatch, matrices: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.adjacency_probe.AdjacencyModel`."""
        content: QaBatch = batch.content
        return content.edges(matrices)

    def batch(self, graphs: Sequence[QaExample]) -> GraphBatch:
        """Join examples on the model's device."""
        device = next(self.model.parameters()).device
        return self.graphs(collate_qa(graphs).to(device))

    def graphs(self, content: QaBatch) -> GraphBatch:
        """A batch as methods see it."""
        return GraphBatch(
            content=content,
            edge_index=content.edge_index,
            edge_graph=content.edge_item,
            unit_graph=torch.arange(content.num_items, device=content.item.device),
            num_graphs=content.num_items,
            edge_sets=((EDGES, content.num_edges),),
        )

    @torch.no_grad()
    def trace(self, batch: GraphBatch) -> Pass:
        """See the interface; ``sent`` is made when it is asked for."""
        content: QaBatch = batch.content
        form = choose_form(content, self.form)
        weights = self.model.weights(content, form)
        states, query = self.model.encode(content)
        found = self.model.propagate(states, query, content, form=form, weights=weights)
        ones = torch.ones(content.num_items, device=states.device)
        return Pass(
            output=found.logits,
            sent=_Sent(lambda layer: self._sent(content, found, layer), self.num_layers),
            present=torch.ones(
                self.num_layers, content.num_edges, dtype=torch.bool, device=states.device
            ),
            weights=ones,
            asked=ones.bool(),
            memory=QaMemory(found, weights),
        )

    def flow(self, batch: GraphBatch, gates: Tensor, watch: Callable[[Tensor], Tensor]) -> Tensor:
        """See :class:`linguagraph.masks.semiring_edges.Watchable`: paths end in the mentions'
        states below the first layer."""
        states, query = self.model.encode(batch.content)
        rows = list(gates.unbind(0))
        return self.model.propagate(
            watch(states), query, batch.content, form="edges", gates=rows
        ).logits

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """See the interface; the states below the first layer are those of the trace.

        Raises:
            MaskError: gates have another shape.
        """
        content: QaBatch = batch.content
        if gates.shape != (self.num_layers, content.num_edges):
            raise MaskError(
                f"gates have shape {tuple(gates.shape)}; expected "
                f"{(self.num_layers, content.num_edges)}"
            )
        trace = self.trace(batch) if trace is None else trace
        memory: QaMemory = trace.memory
        own = any(b is not None and b.dim() == 2 for b in baselines or ())
        form = "edges" if own else memory.found.form
        states, weights = memory.found.states[0], memory.weights
        messages: Tensor | None = memory.found.messages[0]
        if form != memory.found.form:
            states, weights = content.unpadded(states), self.model.weights(content, form)
            messages = None
        rows = content.matrices(gates) if form == "matrices" else gates
        return self.model.propagate(
            states,
            memory.found.query,
            content,
            form=form,
            weights=weights,
            messages=messages,
            gates=list(rows),
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
        """Outputs float [S, B, C] of several seeds at once, as :meth:`run` gives them one by one.

        Args:
            batch, trace: the graphs, and the unmasked pass over them.
            gates: float [S, L, E]; 1 in the layers below ``lowest``, which are not computed again.
            baselines: one per layer, float [S, D], ``None`` for zeros.
        """
        content, memory = batch.content, trace.memory
        count = gates.shape[0]
        if memory.found.form == "edges":
            rows = [
                self.run(
                    batch,
                    gates[seed],
                    baselines=[None if b is None else b[seed] for b in baselines],
                    trace=trace,
                )
                for seed in range(count)
            ]
            return torch.stack(rows)
        return self.model.propagate(
            memory.found.states[lowest],
            memory.found.query,
            content,
            form="matrices",
            start=lowest,
            weights=memory.weights,
            messages=memory.found.messages[lowest],
            gates=list(content.matrices(gates[:, lowest:]).unbind(1)),
            baselines=list(baselines[lowest:]),
        ).logits

    def _sent(self, content: QaBatch, found: QaPass, layer: int) -> Sent:
        states = found.states[layer]
        if found.form == "matrices":
            states = content.unpadded(states)
        with torch.no_grad():
            every = self.model.layer.messages(states).flatten(0, 1)
            messages = every.index_select(0, self.model.sent(content))
        return Sent(states, states, content.edge_index, messages)
