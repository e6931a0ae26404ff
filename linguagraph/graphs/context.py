"""A document's graph -> for each sentence, the part of it that can reach the sentence's tokens.

A graph neural network of L layers moves information along at most L edges. What it computes for the
tokens of one sentence of a document therefore depends on nothing but the nodes from which a path of
at most L edges leads to the sentence, and on the edges of such paths: run on that part alone it
gives these tokens the states that it gives them on the whole document. :class:`Surroundings` cuts
these parts out, in time proportional to their size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.records import Document, Sentence
from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["ContextGraph", "Surroundings"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ContextGraph:
    """A sentence with what of its document can reach it; N nodes, E edges, S sentences.

    Nodes ``0 .. len(sentences[0]) - 1`` are the tokens of the sentence itself, in order; the others
    are its context, in the order of the document. Edges keep the document's order.

    Attributes:
        graph: over the N nodes.
        sentences: the sentence itself first, then those of the context in order.
        place: int64 [N], position of each node's sentence in ``sentences``.
        token: int64 [N], token index of each node in its sentence.
        offsets: int64 [S], sentences from the sentence itself: 0 for itself, -1 for the one before.
        starts: int64 [S], position in the document of the first token of each sentence.
        hops: int64 [E], edges on the shortest path from an edge's target to the sentence; in a
            network of L layers the edge matters in layer k (0 is the bottom) only where this is at
            most L - 1 - k.
        left_out: sentences that can reach the sentence but are left out because of a bound.
    """

    graph: TextGraph
    sentences: tuple[Sentence, ...]
    place: IntArray
    token: IntArray
    offsets: IntArray
    starts: IntArray
    hops: IntArray
    left_out: int = 0

    @property
    def edge_offsets(self) -> IntArray:
        """int64 [2, E]: sentences from the sentence itself to each edge's source and target."""
        found: IntArray = self.offsets[self.place][self.graph.edge_index]
        return found

    @property
    def edge_tokens(self) -> IntArray:
        """int64 [2, E]: token indices of each edge's source and target in their sentences."""
        found: IntArray = self.token[self.graph.edge_index]
        return found

    @property
    def distances(self) -> IntArray:
        """int64 [E]: tokens between source and target, counted over the document."""
        ends = (self.starts[self.place] + self.token)[self.graph.edge_index]
        found: IntArray = np.abs(ends[0] - ends[1])
        return found

    def effective(self, layers: int) -> NDArray[np.bool_]:
        """bool [layers, E]: whether an edge can matter in each of ``layers`` layers."""
        return self.hops < layers - np.arange(layers)[:, None]


class Surroundings:
    """A document and its graph; called with a sentence's position, it gives the sentence's part.

    Args:
        document: sentences in order.
        graph: over all tokens of the document: a sentence's nodes follow those of the sentence
            before it.
        layers: of the network, L.
        most: largest number of context sentences; where more can reach a sentence, those reached
            over fewer edges are kept, then the nearer ones, then the earlier of two equally near.
            What is left out is counted, and the part is then exact for the document without it.
        whole: take all tokens of a context sentence, not only those that can reach the sentence:
            for models with an encoder that reads sentences.

    Raises:
        ConfigError: the graph has another number of nodes than the document has tokens, or
            ``layers`` is below 1, or ``most`` below 0.
    """

    def __init__(
        self, document: Document, graph: TextGraph, *, layers: int, most: int, whole: bool = False
    ) -> None:
        if layers < 1 or most < 0:
            raise ConfigError(f"layers={layers}, most={most}; expected at least 1 and 0")
        sizes = np.array([len(s) for s in document.sentences], dtype=np.int64)
        if sizes.sum() != graph.num_nodes:
            raise ConfigError(
                f"document {document.id!r} has {sizes.sum()} tokens, its graph {graph.num_nodes} "
                "nodes; expected one node per token"
            )
        self.document, self.graph = document, graph
        self.layers, self.most, self.whole = layers, most, whole
        self._starts = np.concatenate(([0], np.cumsum(sizes)))
        self._sentence = np.repeat(np.arange(len(sizes)), sizes)
        target = graph.edge_index[1]
        self._by_target = np.argsort(target, kind="stable")
        self._first = np.searchsorted(target[self._by_target], np.arange(graph.num_nodes + 1))
        self._hops = np.full(graph.num_nodes, -1, dtype=np.int64)  # scratch, -1 between calls
        self._kinds = graph.edge_kinds if graph.kinds else ()

    def __call__(self, position: int) -> ContextGraph:
        """The part of the document's graph that can reach the sentence at ``position``."""
        nodes, hops = self._reaching(position, None)
        found = self._ranked(position, nodes, hops)
        count = len(found)
        if count > self.most:
            nodes, hops = self._reaching(position, found[: self.most])
            found = self._ranked(position, nodes, hops)  # some were reached through others only
        return self._cut(position, np.sort(found), nodes, hops, count - len(found))

    def _incoming(self, nodes: IntArray) -> IntArray:
        """Edges whose target is one of ``nodes``."""
        first, last = self._first[nodes], self._first[nodes + 1]
        counts = last - first
        inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found: IntArray = self._by_target[np.repeat(first, counts) + inside]
        return found

    def _reaching(self, position: int, allowed: IntArray | None) -> tuple[IntArray, IntArray]:
        """Nodes that reach the sentence in at most ``layers`` edges, and in how many."""
        frontier = np.arange(self._starts[position], self._starts[position + 1])
        self._hops[frontier] = 0
        reached = [frontier]
        for hop in range(1, self.layers + 1):
            sources = np.unique(self.graph.edge_index[0][self._incoming(frontier)])
            frontier = sources[self._hops[sources] < 0]
            if allowed is not None:
                frontier = frontier[np.isin(self._sentence[frontier], allowed)]
            self._hops[frontier] = hop
            reached.append(frontier)
        nodes = np.concatenate(reached)
        hops = self._hops[nodes]
        self._hops[nodes] = -1
        return nodes, hops

    def _ranked(self, position: int, nodes: IntArray, hops: IntArray) -> IntArray:
        """The context's sentences, those to be kept first."""
        other = self._sentence[nodes] != position
        found, where = np.unique(self._sentence[nodes][other], return_inverse=True)
        least = np.full(len(found), self.layers, dtype=np.int64)
        np.minimum.at(least, where, hops[other])
        ranked: IntArray = found[np.lexsort((found, np.abs(found - position), least))]
        return ranked

    def _cut(
        self, position: int, context: IntArray, nodes: IntArray, hops: IntArray, left_out: int
    ) -> ContextGraph:
        own = np.arange(self._starts[position], self._starts[position + 1])
        if self.whole:
            spans = [np.arange(self._starts[s], self._starts[s + 1]) for s in context]
            around = np.concatenate(spans) if spans else own[:0]
        else:
            around = np.sort(nodes[hops > 0])
        kept = np.concatenate((own, around))
        edges, edge_hops = self._edges(nodes, hops)
        sentences = np.concatenate(([position], context)).astype(np.int64)
        ranks = 1 + np.searchsorted(context, self._sentence[around])
        ends = self.graph.edge_index[:, edges]
        inside = (ends >= self._starts[position]) & (ends < self._starts[position + 1])
        local = np.where(
            inside, ends - self._starts[position], len(own) + np.searchsorted(around, ends)
        )
        graph = TextGraph(
            num_nodes=len(kept),
            edge_index=local.astype(np.int64),
            labels=tuple(self.graph.labels[e] for e in edges),
            directions=tuple(self.graph.directions[e] for e in edges),
            kind=self.graph.kind,
            kinds=tuple(self._kinds[e] for e in edges) if self._kinds else (),
        )
        return ContextGraph(
            graph=graph,
            sentences=tuple(self.document.sentences[s] for s in sentences),
            place=np.concatenate((np.zeros(len(own), dtype=np.int64), ranks)),
            token=kept - self._starts[self._sentence[kept]],
            offsets=sentences - position,
            starts=self._starts[sentences],
            hops=edge_hops,
            left_out=left_out,
        )

    def _edges(self, nodes: IntArray, hops: IntArray) -> tuple[IntArray, IntArray]:
        """Ids of the edges of paths to the sentence, ascending, and the hops of their targets."""
        self._hops[nodes] = hops
        edges = np.sort(self._incoming(nodes[hops < self.layers]))
        edges = edges[self._hops[self.graph.edge_index[0][edges]] >= 0]
        found = self._hops[self.graph.edge_index[1][edges]]
        self._hops[nodes] = -1
        return edges, found
