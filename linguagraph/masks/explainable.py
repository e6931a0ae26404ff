"""The interface between methods and models: batches of graphs, one unmasked pass, masked passes.

Every method (GraphMask and its rivals) is written against :class:`Explainable` and works on every
model that has an adapter: other people's PyG models (:class:`linguagraph.masks.pyg.PygModel`) and
our semantic role labelling models (:class:`linguagraph.masks.srl_model.SrlExplainable`).

Gates of a batch are one tensor, float [L, E]: a row per layer, a column per input edge of the batch
(all graphs, and all sets of edges of a heterogeneous graph, one after the other). 1 lets a message
pass, 0 replaces it by a baseline (zeros, if none is given), between them both are mixed:
``m~ = z * m + (1 - z) * b`` (Schlichtkrull et al. 2021, equation 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from linguagraph import display
from linguagraph.errors import MaskError
from linguagraph.masks.outputs import Output

__all__ = ["EdgeMask", "Explainable", "GraphBatch", "Pass", "Sent", "Site", "divergence"]


@dataclass(frozen=True)
class GraphBatch:
    """Several graphs side by side; E edges, U units (what has a prediction), G graphs.

    Attributes:
        content: what the model itself reads.
        edge_index: int64 [2, E], source and target node; nodes of different graphs differ.
        edge_graph: int64 [E], graph of each edge, ascending.
        unit_graph: int64 [U], graph of each unit.
        num_graphs: G.
        edge_sets: name and number of edges of each set of edges, in order; one set but for
            heterogeneous graphs (edges of one graph are then consecutive within each set only, and
            ``edge_graph`` is ascending within each set).
    """

    content: Any
    edge_index: Tensor
    edge_graph: Tensor
    unit_graph: Tensor
    num_graphs: int
    edge_sets: tuple[tuple[str, int], ...]

    @property
    def num_edges(self) -> int:
        """E."""
        return self.edge_index.shape[1]

    def per_graph(self, values: Tensor, graph: Tensor) -> Tensor:
        """Sum values [..., M] by the graph [M] that they belong to: float [..., G]."""
        out = values.new_zeros(*values.shape[:-1], self.num_graphs)
        return out.index_add(-1, graph, values)

    @property
    def even_weights(self) -> Tensor:
        """Float [U], 1 / units of the unit's graph."""
        units = torch.bincount(self.unit_graph, minlength=self.num_graphs)
        return 1 / units.clamp(min=1).float().index_select(0, self.unit_graph)


@dataclass(frozen=True)
class Site:
    """One place where messages are sent: a layer and a set of edges.

    Attributes:
        layer: 0 is the bottom.
        edges: name of the set of edges.
        source, target, message: widths of source states, target states and messages.
        calls: how often the layer propagates (once per relation in some); messages know their call.
    """

    layer: int
    edges: str
    source: int
    target: int
    message: int
    calls: int = 1


@dataclass(frozen=True)
class Sent:
    """What one site sends in an unmasked pass; M messages.

    Attributes:
        sources: float [Ns, ds], states of nodes that send; targets: float [Nt, dt], that receive.
        index: int64 [2, M], rows of ``sources`` and ``targets``.
        messages: float [M, D].
        edge: int64 [M], column of the gates; each at most once. ``None`` if M = E and in order.
        call: int64 [M], which of the site's calls; ``None`` if it has one.
    """

    sources: Tensor
    targets: Tensor
    index: Tensor
    messages: Tensor
    edge: Tensor | None = None
    call: Tensor | None = None


@dataclass(frozen=True)
class Pass:
    """One unmasked pass over a batch.

    Attributes:
        output: float [U, C], see :class:`linguagraph.masks.outputs.Output`.
        sent: one for every site of the model.
        present: bool [L, E], whether the edge sends a message in the layer.
        weights: float [U], weight of each unit in the divergence of its graph; 1 / units of the
            graph unless the adapter knows better.
        asked: bool [U], units whose answer is to be explained (gradient methods differentiate
            these only).
        own: float [L, E], the model's own scalar gate or attention (mean over heads) on each edge,
            NaN where it has none; ``None`` for a model without any.
        memory: anything that the model's adapter wants back in :meth:`Explainable.run`.
    """

    output: Tensor
    sent: Sequence[Sent]
    present: Tensor
    weights: Tensor
    asked: Tensor
    own: Tensor | None = None
    memory: Any = None


class Explainable(Protocol):
    """A model as methods see it. Only used inside :func:`linguagraph.masks.frozen.frozen`."""

    @property
    def module(self) -> nn.Module:
        """The model itself."""

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it sends messages, bottom first."""

    @property
    def num_layers(self) -> int:
        """L."""

    @property
    def output(self) -> Output:
        """What its output means."""

    def batch(self, graphs: Sequence[Any]) -> GraphBatch:
        """Join single graphs (the same one may come several times), on the model's device."""

    def trace(self, batch: GraphBatch) -> Pass:
        """Run the model as it is, without gradient, and note what it sends."""

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """Output float [U, C] under gates, differentiable in gates and baselines.

        Args:
            batch: the graphs.
            gates: float [L, E]; columns of edges that send nothing in a layer are ignored.
            baselines: one per site: float [D], for all messages, or [E, D], for each edge of the
                batch; ``None`` or a ``None`` within stands for zeros.
            trace: the unmasked pass over the same batch, if there is one: what it holds need not
                be computed again.
        """


def divergence(output: Output, batch: GraphBatch, trace: Pass, masked: Tensor) -> Tensor:
    """How far masked outputs [..., U, C] are from those of the unmasked pass: float [..., G]."""
    apart = output.divergence(trace.output, masked) * trace.weights
    return batch.per_graph(apart, batch.unit_graph)


@dataclass(frozen=True)
class EdgeMask:
    """What a method says of every edge of a batch in every layer.

    Attributes:
        scores: float [L, E]; the higher, the more the edge matters. In [0, 1] for methods that give
            probabilities, else any number (see the method).
        retained: bool [L, E], the hard choice.
        present: bool [L, E], whether the edge sends a message there at all; where not, it is not
            retained and its score is 0.
        edge_sets: as in :class:`GraphBatch`.
        method: name of the method; seed: of its probe or noise.
    """

    scores: Tensor
    retained: Tensor
    present: Tensor
    edge_sets: tuple[tuple[str, int], ...] = ()
    method: str = "graphmask"
    seed: int = 0

    def __post_init__(self) -> None:
        shapes = {tuple(t.shape) for t in (self.scores, self.retained, self.present)}
        if len(shapes) != 1 or self.scores.dim() != 2:
            raise MaskError(
                f"scores, retained, present have shapes {sorted(shapes)}; not one [L, E]"
            )

    def __repr__(self) -> str:
        kept, sent = int(self.retained.sum()), int(self.present.sum())
        layers = display.counted(self.num_layers, "layer")
        edges = display.counted(self.num_edges, "edge")
        return (
            f"<{type(self).__name__} {self.method!r}, seed {self.seed}: {layers}, {edges}, "
            f"{kept:,} of {sent:,} messages retained>"
        )

    def _repr_html_(self) -> str:
        kept, sent = (tensor.sum(1).tolist() for tensor in (self.retained, self.present))
        rows = tuple(
            (str(layer), f"{there:,}", f"{number:,}", f"{number / there:.1%}" if there else "–")
            for layer, (number, there) in enumerate(zip(kept, sent, strict=True))
        )
        facts = (
            ("method", self.method),
            ("seed", str(self.seed)),
            ("edges", f"{self.num_edges:,}"),
        )
        columns = ("layer", "messages", "retained", "share")
        return display.html(display.Card("Mask", facts, columns, rows))

    @property
    def num_layers(self) -> int:
        """L."""
        return self.scores.shape[0]

    @property
    def num_edges(self) -> int:
        """E."""
        return self.scores.shape[1]

    def layer(self, layer: int) -> Tensor:
        """Retained edges of one layer, bool [E]."""
        return self.retained[layer]

    def of(self, name: str) -> EdgeMask:
        """The mask of one set of edges of a heterogeneous graph.

        Raises:
            MaskError: there is no such set.
        """
        start = 0
        for known, size in self.edge_sets:
            if known == name:
                part = slice(start, start + size)
                return EdgeMask(
                    self.scores[:, part],
                    self.retained[:, part],
                    self.present[:, part],
                    ((name, size),),
                    self.method,
                    self.seed,
                )
            start += size
        raise MaskError(f"no edges {name!r}; there are {[known for known, _ in self.edge_sets]}")
