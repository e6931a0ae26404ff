"""A recorded run under gates -> how much path weight leads through every message.

A gate of 1 in front of a message changes nothing, but marks it: the gate and what is computed from
gates alone are followed through the tape to the product with a message, and the weight of all paths
through the message is that of the paths above the product times that of the paths below the message
(Du et al. 2023, section 3, over nodes instead of inputs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import Explainable, GraphBatch, Pass
from linguagraph.masks.semiring_maps import LocalMap, Scaled, unbroadcast
from linguagraph.masks.semiring_tape import Node, Tape
from linguagraph.masks.semirings import find_semiring

__all__ = ["EdgeFlow", "Watchable", "record_edges"]

PRODUCTS = ("mul", "rmul", "multiply")
SUMS = ("add", "radd", "sub", "rsub", "subtract")


class Watchable(Explainable, Protocol):
    """An :class:`Explainable` whose inputs can be watched."""

    def flow(self, batch: GraphBatch, gates: Tensor, watch: Callable[[Tensor], Tensor]) -> Tensor:
        """Output float [U, C] under gates, with ``watch`` applied to what paths shall end in.

        Args:
            batch: the graphs; gates: float [L, E], as in :meth:`Explainable.run`.
            watch: takes a floating-point tensor, returns what the model shall use in its place.
        """


@dataclass(frozen=True)
class EdgeFlow:
    """A recorded run of a batch.

    Attributes:
        tape: the gradient graph; gates: number of the node of gates [L, E].
        answers: number of the node of the units' answers, float [U].
        asked: bool [U], answers that are explained.
        unit_graph: int64 [U]; num_graphs: G.
    """

    tape: Tape
    gates: int
    answers: int
    asked: Tensor
    unit_graph: Tensor
    num_graphs: int

    def passes(self, ring: str) -> tuple[Tensor, Tensor]:
        """Path weight through every message, and all of it.

        Args:
            ring: ``total`` (all paths) or ``max`` (the best one).

        Returns:
            float [L, E], and float [G]: over all paths from the asked answers of each graph.
        """
        if ring not in ("total", "max"):
            raise MaskError(f"ring={ring!r}; expected 'total' or 'max'")
        semiring = find_semiring(ring)
        marks, products = _marked(self.tape, self.gates)
        messages = {number for _, _, number, _ in products}
        below = self.tape.forward(ring, keep=[*messages, self.answers])
        seeds = {self.answers: self.asked.to(below[self.answers].dtype)}
        above = self.tape.backward(seeds, ring, keep=[node.number for node, *_ in products])
        values: dict[int, Tensor] = {}
        for node, gate, message, local in products:
            reach = semiring.product(above[node.number], _wide(local, below[message]))
            reach = unbroadcast(semiring, reach, self.tape.nodes[gate].shape)
            values[gate] = semiring.add(values[gate], reach) if gate in values else reach
        for number in sorted(marks, reverse=True):
            value = values.get(number)
            if value is None or number == self.gates:
                continue
            for parent, local in self.tape.nodes[number].parents:
                flow = local.back(semiring, value)
                values[parent] = semiring.add(values[parent], flow) if parent in values else flow
        shape = self.tape.nodes[self.gates].tensor
        found = values.get(self.gates, shape.new_zeros(1, *shape.shape))[0]
        reached = torch.where(self.asked, below[self.answers][0], 0.0)
        out = reached.new_zeros(self.num_graphs)
        if ring == "max":
            return found, out.scatter_reduce(0, self.unit_graph, reached, "amax")
        return found, out.index_add(0, self.unit_graph, reached)

    @cached_property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """Per layer, bottom first: numbers of the nodes of gated messages [E, D] and of the sums
        [N, D] that they enter, with what nodes add of themselves.

        Raises:
            MaskError: a layer has not one product and one sum of this form.
        """
        _, products = _marked(self.tape, self.gates)
        count = self.tape.nodes[self.gates].shape[0]
        found = []
        for node, *_ in products:
            users = {node.number}
            for later in self.tape.nodes[node.number + 1 :]:
                if not users.intersection(number for number, _ in later.parents):
                    continue
                if later.op in SUMS:
                    found.append((node.number, later.number))
                    break
                users.add(later.number)
        if len(found) != count:
            raise MaskError(f"{len(found)} sums over gated messages for {count} layers")
        return tuple(found)


def _wide(local: LocalMap, value: Tensor) -> Tensor:
    """Values of a message, broadcast as the product has them."""
    if not isinstance(local, Scaled):
        raise MaskError("gates meet messages in an operation other than a product by elements")
    return local.spread(value)


def _marked(tape: Tape, gates: int) -> tuple[set[int], Sequence[tuple[Node, int, int, LocalMap]]]:
    """Nodes computed from gates alone, and products of these with messages.

    Returns:
        Numbers of the former; for each product its node, the gates' node, the message's node, and
        the map from the latter.
    """
    marks, products = {gates}, []
    for node in tape.nodes[gates + 1 :]:
        ours = [number for number, _ in node.parents if number in marks]
        if not ours:
            continue
        others = [(number, local) for number, local in node.parents if number not in marks]
        if not others:
            marks.add(node.number)
        elif node.op in PRODUCTS and len(ours) == len(others) == 1:
            products.append((node, ours[0], *others[0]))
        elif node.op not in SUMS:  # a sum adds what stands in the place of closed messages
            raise MaskError(
                f"gates enter {node.op} in {node.scope or 'the model'} together with messages; "
                "semiring masks need a product by elements there"
            )
    return marks, products


def record_edges(model: Watchable, batch: GraphBatch, trace: Pass) -> EdgeFlow:
    """Run a model on a batch with all gates open, and record it.

    Args:
        model: inside :func:`linguagraph.masks.frozen.frozen`.
        batch, trace: the graphs, and the unmasked pass over them; what is explained is
            :meth:`linguagraph.masks.outputs.Output.target` of each asked unit.

    Raises:
        MaskError: the model has no inputs that can be watched, or uses a function that is not
            covered.
    """
    if not hasattr(model, "flow"):
        raise MaskError(f"{type(model).__name__} has no flow(): its inputs cannot be watched")
    tape = Tape()
    with tape.recording(model.module):
        gates = tape.watch(torch.ones(model.num_layers, batch.num_edges).to(trace.output))
        tape.inputs.clear()  # paths end in what the model reads, not in gates
        number = tape.number(gates)
        output = model.flow(batch, gates, tape.watch)
        answers = model.output.target(trace.output, output)
    if not tape.inputs or not tape.tracked(answers):
        raise MaskError("the answers do not depend on any watched input")
    return EdgeFlow(
        tape, number, tape.number(answers), trace.asked, batch.unit_graph, batch.num_graphs
    )
