"""Sentences with tags and trees -> integer features and batches of a predicate finder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from linguagraph.documents.records import Sentence, Token, predicate_type
from linguagraph.errors import CheckpointError
from linguagraph.models.transfer import moved
from linguagraph.models.vocabulary import SHAPES, UNKNOWN, Vocabulary, lemma, shape, suffix

__all__ = [
    "PREDICATE_TYPES",
    "EncodedSentence",
    "PredicateBatch",
    "PredicateVocabulary",
    "collate_sentences",
    "encode_sentence",
]

PREDICATE_TYPES = ("V", "N", "J")
"""Types of tokens that can be predicates; see :func:`linguagraph.documents.predicate_type`."""

FEATURES = ("words", "lemmas", "tags", "suffixes", "endings", "shapes", "labels")


def ending(value: str) -> str:
    """The last four characters in lower case: nominal suffixes such as -tion, -ment, -ance."""
    return value[-4:].lower()


def _base(token: Token) -> str:
    return token.form if token.lemma is None else token.lemma


@dataclass(frozen=True)
class PredicateVocabulary:
    """The vocabularies of a predicate finder.

    Attributes:
        words: lower-cased forms; lemmas; tags (XPOS); suffixes: see
            :func:`linguagraph.models.vocabulary.suffix`.
        endings: the last four characters of lemmas.
        labels: dependency labels, ``root`` among them.
    """

    words: Vocabulary
    lemmas: Vocabulary
    tags: Vocabulary
    suffixes: Vocabulary
    endings: Vocabulary
    labels: Vocabulary

    @classmethod
    def build(cls, sentences: Sequence[Sentence], *, rare_word: int = 3) -> PredicateVocabulary:
        """Count over training sentences; words and lemmas seen less than ``rare_word`` times,
        and suffixes and endings seen less than five times, become unknown.
        """
        tokens = [token for s in sentences for token in s.tokens]
        return cls(
            words=Vocabulary.count((t.form.lower() for t in tokens), least=rare_word),
            lemmas=Vocabulary.count((lemma(t.lemma) for t in tokens), least=rare_word),
            tags=Vocabulary.count(t.xpos or t.upos or UNKNOWN for t in tokens),
            suffixes=Vocabulary.count((suffix(t.form) for t in tokens), least=5),
            endings=Vocabulary.count((ending(_base(t)) for t in tokens), least=5),
            labels=Vocabulary.count(t.deprel for t in tokens if t.deprel),
        )

    def to_json(self) -> dict[str, list[str]]:
        """Lists of strings by name."""
        return {name: list(getattr(self, name).items) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, value: dict[str, list[str]]) -> PredicateVocabulary:
        """The inverse of :meth:`to_json`.

        Raises:
            CheckpointError: a vocabulary is missing.
        """
        missing = [name for name in cls.__dataclass_fields__ if name not in value]
        if missing:
            raise CheckpointError(f"the checkpoint lacks the vocabularies {missing}")
        return cls(**{name: Vocabulary(tuple(value[name])) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class EncodedSentence:
    """One sentence as integers.

    Attributes:
        features: int64 [7, tokens], rows in the order of ``FEATURES``.
        heads: int64 [tokens], -1 for roots and where no head is known.
        types: int64 [tokens], index in :data:`PREDICATE_TYPES`, or -1: never a predicate.
        gold: bool [tokens], whether a frame has its predicate here.
    """

    features: NDArray[np.int64]
    heads: NDArray[np.int64]
    types: NDArray[np.int64]
    gold: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.heads)


def encode_sentence(sentence: Sentence, vocabulary: PredicateVocabulary) -> EncodedSentence:
    """Look a sentence's features up."""
    rows = [
        (
            vocabulary.words(t.form.lower()),
            vocabulary.lemmas(lemma(t.lemma)),
            vocabulary.tags(t.xpos or t.upos or UNKNOWN),
            vocabulary.suffixes(suffix(t.form)),
            vocabulary.endings(ending(_base(t))),
            SHAPES(shape(t.form)),
            vocabulary.labels(t.deprel or UNKNOWN),
        )
        for t in sentence.tokens
    ]
    types = [predicate_type(t.xpos, t.upos) for t in sentence.tokens]
    gold = np.zeros(len(sentence), dtype=np.bool_)
    gold[[frame.predicate for frame in sentence.frames]] = True
    return EncodedSentence(
        features=np.array(rows, dtype=np.int64).reshape(len(sentence), len(FEATURES)).T,
        heads=np.array([-1 if t.head is None else t.head for t in sentence.tokens], dtype=np.int64),
        types=np.array(
            [PREDICATE_TYPES.index(t) if t in PREDICATE_TYPES else -1 for t in types],
            dtype=np.int64,
        ),
        gold=gold,
    )


@dataclass(frozen=True)
class PredicateBatch:
    """Several sentences as one; N tokens, B sentences. All int64.

    Attributes:
        words, lemmas, tags, suffixes, endings, shapes, labels: [N] token features.
        head: [N] place of the token's head in the batch, N where there is none.
        example: [N] sentence of each token; position: [N] its place in the sentence.
        lengths: [B] tokens per sentence, at least 1 each.
        types: [N] index in :data:`PREDICATE_TYPES`, or -1.
        gold: [N] 1 for a predicate, else 0.
        longest: the largest of the lengths, a plain number.
    """

    words: Tensor
    lemmas: Tensor
    tags: Tensor
    suffixes: Tensor
    endings: Tensor
    shapes: Tensor
    labels: Tensor
    head: Tensor
    example: Tensor
    position: Tensor
    lengths: Tensor
    types: Tensor
    gold: Tensor
    longest: int

    @property
    def num_examples(self) -> int:
        """B."""
        return self.lengths.shape[0]

    def to(self, device: torch.device | str) -> PredicateBatch:
        """The batch on another device."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "longest"}
        there: dict[str, Any] = {**moved(tensors, device)}
        return replace(self, **there)


def collate_sentences(sentences: Sequence[EncodedSentence]) -> PredicateBatch:
    """Join sentences, none of them empty, into one batch."""
    lengths = np.array([len(s) for s in sentences], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    offsets = np.repeat(starts, lengths)
    heads = np.concatenate([s.heads for s in sentences])
    features = np.concatenate([s.features for s in sentences], axis=1)
    arrays = {
        **dict(zip(FEATURES, features, strict=True)),
        "head": np.where(heads < 0, lengths.sum(), heads + offsets),
        "example": np.repeat(np.arange(len(lengths)), lengths),
        "position": np.arange(lengths.sum()) - offsets,
        "lengths": lengths,
        "types": np.concatenate([s.types for s in sentences]),
        "gold": np.concatenate([s.gold for s in sentences]).astype(np.int64),
    }
    tensors = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in arrays.items()}
    return PredicateBatch(**tensors, longest=int(lengths.max(initial=0)))
