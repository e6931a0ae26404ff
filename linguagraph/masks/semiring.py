"""Semiring back-propagation: statistics of the paths along which a model's gradient flows.

Du, Torroba Hennigen, Stoehr, Warstadt and Cotterell (2023), "Generalizing Backpropagation for
Gradient-Based Interpretability". The gradient of an output with respect to an input is the sum,
over all paths in the graph of the computation, of the products of local derivatives along the path
(their equation 3). Another semiring in the place of (+, x) gives other statistics of the same paths
in the same time: the highest-weighted path, the total weight, the entropy.

Use::

    tape = Tape()
    with tape.recording(model):
        states = tape.watch(embeddings)
        logits = model(states)
    seed = one_hot(tape, logits, index)
    gradient = tape.backward(seed, "sum")[tape.inputs[0]]
    largest = tape.backward(seed, "max")[tape.inputs[0]]

What counts as one step of a path is one PyTorch function, with three exceptions that make paths
independent of how a function happens to be computed: softmax and normalisation layers are one step
with their whole Jacobian, attention is taken apart into its products (so that paths lead through
queries, keys and values), and recurrent layers are taken apart into their time steps. A tensor that
enters a function twice (``x * x``) gives two edges, as the product rule has it.

Signs: see :mod:`linguagraph.masks.semirings`. Departures from the paper: the paper's code follows
the largest positive and the smallest negative product to find the path of the largest signed
weight; here the highest-weighted path is the one of the largest absolute weight, as the entropy's
distribution over paths has it, too.

Values are float32 as the model is; products over deep models can leave its range, which raises an
error that says so (use ``model.double()``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.semiring_tape import Node, Tape

__all__ = ["Path", "Step", "Tape", "entropy", "one_hot", "through", "top_path"]


@dataclass(frozen=True)
class Step:
    """One tensor that a path leads through.

    Attributes:
        node: its number on the tape; element: which of its elements, row-major; op, scope: see
            :class:`linguagraph.masks.semiring_tape.Node`.
        weight: local derivative, signed, of the step before (nearer to the output) with respect to
            this one; 1 for the output itself.
    """

    node: int
    element: int
    op: str
    scope: str
    weight: float


@dataclass(frozen=True)
class Path:
    """One path of the gradient graph, from an output element down to an input element.

    Attributes:
        value: product of the absolute weights; sign: of the product of the signed ones.
        steps: from the output to the input.
    """

    value: float
    sign: int
    steps: tuple[Step, ...]

    @property
    def end(self) -> Step:
        """The input element."""
        return self.steps[-1]

    def through(self, nodes: Sequence[int]) -> Step | None:
        """The step within one of these nodes, if the path leads through one."""
        wanted = set(nodes)
        return next((step for step in self.steps if step.node in wanted), None)


def one_hot(tape: Tape, output: Tensor, *index: Tensor | int) -> dict[int, Tensor]:
    """Seeds of a backward pass: 1 at chosen elements of an output.

    Args:
        tape: that recorded the output; output: tensor of any shape.
        index: as in ``output[index]``: which elements.
    """
    seed = torch.zeros_like(output)
    seed[tuple(index)] = 1
    return {tape.number(output): seed}


def entropy(value: Tensor) -> Tensor:
    """Entropy in nats of the distribution over paths, whose weights are divided by their sum.

    ``H = log Z - R / Z`` for values (Z, R) of the expectation semiring (Du et al. 2023, section
    3.3).

    Args:
        value: float [2, ...]; sum it over elements first to join their paths.

    Returns:
        float [...], at least 0; NaN where there is no path.

    Raises:
        MaskError: the values left the range of their floating-point type.
    """
    if not bool(torch.isfinite(value).all()):
        raise MaskError(
            f"path weights left the range of {value.dtype}; run the model in double precision "
            "(model.double())"
        )
    total, weighted = value
    found = total.log() - weighted / total
    return torch.where(total > 0, found.clamp(min=0), torch.nan)


def top_path(tape: Tape, best: Mapping[int, Tensor], node: int, element: int) -> Path:
    """The highest-weighted path from an output element to any input.

    Args:
        tape: the gradient graph; best: what ``tape.forward("max")`` gives, of all nodes.
        node, element: the output: number of its node, and which of its elements, row-major.

    Raises:
        MaskError: no path of positive weight leads from there to an input.
    """
    value, sign = float(best[node].reshape(-1)[element]), 1
    if not value > 0:
        raise MaskError(
            f"no path of positive weight leads from element {element} of node {node} to an input"
        )
    here = tape.nodes[node]
    steps = [_step(here, element, 1.0)]
    while here.parents:
        number, element, weight = _nearest(tape, best, here, element)
        here, sign = tape.nodes[number], sign * (1 if weight > 0 else -1)
        steps.append(_step(here, element, weight))
    return Path(value, sign, tuple(steps))


def _step(node: Node, element: int, weight: float) -> Step:
    return Step(node.number, element, node.op, node.scope, weight)


def _nearest(
    tape: Tape, best: Mapping[int, Tensor], node: Node, element: int
) -> tuple[int, int, float]:
    """The parent element on the best path below: its node, its place, and the weight."""
    found, most = None, -1.0
    for number, local in node.parents:
        places, weights = local.sources(element)
        if not len(places):
            continue
        below = best[number].reshape(-1)
        weights = weights.detach().to(below)
        products = below[places.to(below.device)] * weights.abs()
        at = int(products.argmax())
        if float(products[at]) > most:
            most = float(products[at])
            found = (number, int(places[at]), float(weights[at]))
    assert found is not None  # an output of positive value has a parent
    return found


def through(
    tape: Tape, node: int, below: Mapping[int, Tensor], above: Mapping[int, Tensor]
) -> Tensor:
    """Weight of all paths (or of the best one) through every element of a node.

    Args:
        tape: the gradient graph; node: a number; below: values [C, ...] of a forward pass, above:
            of a backward pass in the same semiring, ``total`` or ``max``.

    Returns:
        float [shape of the node].
    """
    if node not in below or node not in above:
        raise MaskError(f"node {node} was not kept in both passes; name it in keep")
    return below[node][0] * above[node][0]
