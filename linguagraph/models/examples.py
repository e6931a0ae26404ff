"""Sentences with frames -> encoded examples, one per predicate.

The graph of an example is its sentence's, or, for models with edges between sentences, a
:class:`~linguagraph.graphs.context.ContextGraph`: the sentence's tokens come first, tokens of other
sentences follow and can neither carry roles nor be predicted to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linguagraph.documents.records import Frame, Sentence
from linguagraph.errors import ConfigError
from linguagraph.graphs.context import ContextGraph
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.textgraph import DIRECTIONS, KINDS, TextGraph
from linguagraph.models.vocabulary import SHAPES, SrlVocabulary, lemma, shape, suffix

__all__ = ["FEATURES", "SrlExample", "encode_examples"]

FEATURES = ("words", "lemmas", "tags", "suffixes", "shapes")


@dataclass(frozen=True)
class _Encoded:
    """One sentence, with its context if it has one, as integers; shared by its examples.

    Attributes:
        features: [5, N] rows in the order of ``FEATURES``.
        edge_index: [2, E]; edge_type, kind, hops: [E].
        place: [N] position of each node's sentence among the sentences of the example; token: [N]
            its position in that sentence; spans: one number per sentence, tokens up to its last
            node.
    """

    features: NDArray[np.int64]
    edge_index: NDArray[np.int64]
    edge_type: NDArray[np.int64]
    kind: NDArray[np.int64]
    hops: NDArray[np.int64]
    place: NDArray[np.int64]
    token: NDArray[np.int64]
    spans: NDArray[np.int64]


@dataclass(frozen=True)
class SrlExample:
    """One predicate of one sentence, encoded.

    Attributes:
        sentence, frame: where it comes from.
        graph: the sentence's graph, shared by its examples; the first nodes are its tokens.
        context: where further nodes of the graph come from; ``None`` if there are none.
        encoded: integer features, shared by the sentence's examples.
        predicate_lemma: index in the predicate vocabulary.
        roles: int64 [tokens], role index per token, 0 where there is none; a gold role outside the
            vocabulary is -100 (ignored in the loss, still counted by the scorer).
    """

    sentence: Sentence
    frame: Frame
    graph: TextGraph
    encoded: _Encoded
    predicate_lemma: int
    roles: NDArray[np.int64]
    context: ContextGraph | None = None

    def __len__(self) -> int:
        return len(self.roles)

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph: the sentence's tokens and those of its context."""
        return int(self.encoded.features.shape[1])

    def effective(self, layers: int) -> NDArray[np.bool_]:
        """bool [layers, E]: whether an edge can matter in each of ``layers`` layers."""
        if self.context is not None:
            return self.context.effective(layers)
        return np.ones((layers, self.graph.num_edges), dtype=bool)


def encode_examples(
    sentences: Iterable[Sentence],
    vocabulary: SrlVocabulary,
    *,
    graphs: Mapping[int, TextGraph] | Mapping[int, ContextGraph] | None = None,
) -> Iterator[SrlExample]:
    """Encode every predicate of every sentence, in order.

    Args:
        sentences: those without a predicate yield nothing.
        vocabulary: of the model.
        graphs: by the sentence's index; dependency graphs are built where it is ``None``.

    Raises:
        ConfigError: an edge of a kind that is not known.
    """
    known: dict[int, tuple[Sentence, NDArray[np.int64]]] = {}
    for sentence in sentences:
        if not sentence.frames:
            continue
        found = dependency_graph(sentence) if graphs is None else graphs[sentence.index]
        context = found if isinstance(found, ContextGraph) else None
        graph = found.graph if isinstance(found, ContextGraph) else found
        if context is None:
            encoded = _encode(sentence, graph, vocabulary)
        else:
            encoded = _encode_context(context, vocabulary, known)
        for frame in sentence.frames:
            roles = np.zeros(len(sentence), dtype=np.int64)
            for role in frame.roles:
                roles[role.token] = vocabulary.roles.index.get(role.label, -100)
            predicate = sentence.tokens[frame.predicate]
            yield SrlExample(
                sentence,
                frame,
                graph,
                encoded,
                vocabulary.predicates(lemma(predicate.lemma)),
                roles,
                context,
            )


def _encode(sentence: Sentence, graph: TextGraph, vocabulary: SrlVocabulary) -> _Encoded:
    size = len(sentence)
    return _Encoded(
        _features(sentence, vocabulary),
        graph.edge_index,
        *_edge_codes(graph, vocabulary),
        hops=np.zeros(graph.num_edges, dtype=np.int64),
        place=np.zeros(size, dtype=np.int64),
        token=np.arange(size),
        spans=np.array([size], dtype=np.int64),
    )


def _encode_context(
    context: ContextGraph,
    vocabulary: SrlVocabulary,
    known: dict[int, tuple[Sentence, NDArray[np.int64]]],
) -> _Encoded:
    """As :func:`_encode`; ``known`` keeps the features of sentences, which are many's context."""
    parts = []
    for sentence in context.sentences:
        if id(sentence) not in known:
            known[id(sentence)] = sentence, _features(sentence, vocabulary)
        parts.append(known[id(sentence)][1])
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    spans = np.zeros(len(parts), dtype=np.int64)
    np.maximum.at(spans, context.place, context.token + 1)
    return _Encoded(
        np.concatenate(parts, axis=1)[:, starts[context.place] + context.token],
        context.graph.edge_index,
        *_edge_codes(context.graph, vocabulary),
        hops=context.hops,
        place=context.place,
        token=context.token,
        spans=spans,
    )


def _features(sentence: Sentence, vocabulary: SrlVocabulary) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.array(
        [
            (
                vocabulary.words(t.form.lower()),
                vocabulary.lemmas(lemma(t.lemma)),
                vocabulary.tags(t.xpos or t.upos or ""),
                vocabulary.suffixes(suffix(t.form)),
                SHAPES(shape(t.form)),
            )
            for t in sentence.tokens
        ],
        dtype=np.int64,
    ).T
    return found


def _edge_codes(
    graph: TextGraph, vocabulary: SrlVocabulary
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Type and kind of every edge."""
    unknown = set(graph.kinds or (graph.kind,)) - set(KINDS)
    if unknown and graph.num_edges:
        raise ConfigError(f"edge kinds {sorted(unknown)}; expected some of {list(KINDS)}")
    size = len(vocabulary.labels)
    types = [
        DIRECTIONS.index(direction) * size + vocabulary.labels(label)
        for label, direction in zip(graph.labels, graph.directions, strict=True)
    ]
    if graph.kinds:
        kinds = np.array([KINDS.index(kind) for kind in graph.kinds], dtype=np.int64)
    else:
        code = KINDS.index(graph.kind) if graph.kind in KINDS else 0
        kinds = np.full(graph.num_edges, code, dtype=np.int64)
    return np.array(types, dtype=np.int64), kinds
