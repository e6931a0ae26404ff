"""Sentences with frames -> padded-free batches of example graphs, one example per predicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.documents.records import Frame, Sentence
from linguagraph.graphs.dependency import dependency_graph
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph
from linguagraph.models.vocabulary import SHAPES, SrlVocabulary, lemma, shape, suffix

__all__ = ["SrlBatch", "SrlExample", "bucket", "collate", "encode_examples", "in_order"]

FEATURES = ("words", "lemmas", "tags", "suffixes", "shapes")


@dataclass(frozen=True)
class _Encoded:
    """One sentence as integers, shared by its examples."""

    features: NDArray[np.int64]
    edge_index: NDArray[np.int64]
    edge_type: NDArray[np.int64]


@dataclass(frozen=True)
class SrlExample:
    """One predicate of one sentence, encoded.

    Attributes:
        sentence, frame: where it comes from.
        graph: the sentence's graph, shared by its examples.
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

    def __len__(self) -> int:
        return len(self.roles)


@dataclass(frozen=True)
class SrlBatch:
    """Several examples as one disconnected graph; N nodes, E edges, B examples. All int64.

    Attributes:
        words, lemmas, tags, suffixes, shapes: [N] token features.
        predicate: [B] node of each example's predicate.
        predicate_lemma: [B].
        example: [N] example of each node.
        position: [N] position of each node in its sentence.
        lengths: [B] nodes per example; edge_counts: [B] edges per example.
        source, target, edge_type: [E]; direction: [E] 0 for ``->``, 1 for ``<-``.
        roles: [N] target role, -100 where ignored.
    """

    words: Tensor
    lemmas: Tensor
    tags: Tensor
    suffixes: Tensor
    shapes: Tensor
    predicate: Tensor
    predicate_lemma: Tensor
    example: Tensor
    position: Tensor
    lengths: Tensor
    edge_counts: Tensor
    source: Tensor
    target: Tensor
    edge_type: Tensor
    direction: Tensor
    roles: Tensor

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.words.shape[0]

    @property
    def num_edges(self) -> int:
        """E."""
        return self.source.shape[0]

    @property
    def num_examples(self) -> int:
        """B."""
        return self.lengths.shape[0]

    def to(self, device: torch.device | str) -> SrlBatch:
        """The batch on another device."""
        return SrlBatch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def edge_example(self) -> Tensor:
        """Example of each edge, int64 [E]."""
        return self.example.index_select(0, self.target)


def encode_examples(
    sentences: Iterable[Sentence],
    vocabulary: SrlVocabulary,
    *,
    graphs: Mapping[int, TextGraph] | None = None,
) -> Iterator[SrlExample]:
    """Encode every predicate of every sentence, in order.

    Args:
        sentences: those without a predicate yield nothing.
        vocabulary: of the model.
        graphs: by the sentence's index; dependency graphs are built where it is ``None``.
    """
    for sentence in sentences:
        if not sentence.frames:
            continue
        graph = dependency_graph(sentence) if graphs is None else graphs[sentence.index]
        encoded = _encode(sentence, graph, vocabulary)
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
            )


def _encode(sentence: Sentence, graph: TextGraph, vocabulary: SrlVocabulary) -> _Encoded:
    features = np.array(
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
    size = len(vocabulary.labels)
    types = [
        DIRECTIONS.index(direction) * size + vocabulary.labels(label)
        for label, direction in zip(graph.labels, graph.directions, strict=True)
    ]
    return _Encoded(features, graph.edge_index, np.array(types, dtype=np.int64))


def collate(examples: Sequence[SrlExample], *, num_labels: int) -> SrlBatch:
    """Join examples into one batch; ``num_labels`` is the size of the label vocabulary."""
    encoded = [example.encoded for example in examples]
    lengths = np.array([len(example) for example in examples], dtype=np.int64)
    edge_counts = np.array([e.edge_type.shape[0] for e in encoded], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    features = np.concatenate([e.features for e in encoded], axis=1)
    edges = np.concatenate([e.edge_index for e in encoded], axis=1)
    edges = edges + np.repeat(starts, edge_counts)
    edge_type = np.concatenate([e.edge_type for e in encoded])
    predicate = starts + np.array([example.frame.predicate for example in examples])
    arrays = {
        **dict(zip(FEATURES, features, strict=True)),
        "predicate": predicate,
        "predicate_lemma": np.array([example.predicate_lemma for example in examples]),
        "example": np.repeat(np.arange(len(examples)), lengths),
        "position": np.arange(lengths.sum()) - np.repeat(starts, lengths),
        "lengths": lengths,
        "edge_counts": edge_counts,
        "source": edges[0],
        "target": edges[1],
        "edge_type": edge_type,
        "direction": edge_type // num_labels,
        "roles": np.concatenate([example.roles for example in examples]),
    }
    return SrlBatch(**{k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()})


def in_order(lengths: Sequence[int], *, tokens: int) -> list[list[int]]:
    """Cut positions ``0 .. n-1`` into runs of at most ``tokens`` tokens (at least one example)."""
    batches: list[list[int]] = []
    room = 0
    for position, length in enumerate(lengths):
        if not batches or length > room:
            batches.append([])
            room = tokens
        batches[-1].append(position)
        room -= length
    return batches


def bucket(lengths: Sequence[int], *, tokens: int, seed: int) -> list[list[int]]:
    """Shuffled batches of examples of similar length, at most ``tokens`` tokens each.

    Deterministic in ``seed``. Lengths get up to 10% of noise, so that batches differ by epoch.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(lengths)
    order = np.argsort(sizes * random.uniform(0.9, 1.1, len(sizes)), kind="stable")
    cut = in_order([int(sizes[i]) for i in order], tokens=tokens)
    batches = [[int(order[i]) for i in run] for run in cut]
    return [batches[i] for i in random.permutation(len(batches))]
