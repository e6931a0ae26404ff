"""Sentences with tags and trees -> sentences with frames: which tokens are predicates, no roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.documents.records import Frame, Sentence
from linguagraph.errors import ConfigError
from linguagraph.models.encoders import BiLstmEncoder
from linguagraph.models.layers import Dropout, sum_at
from linguagraph.models.predicate_batch import (
    PREDICATE_TYPES,
    EncodedSentence,
    PredicateBatch,
    PredicateVocabulary,
    collate_sentences,
    encode_sentence,
)
from linguagraph.models.vocabulary import SHAPES

__all__ = [
    "PredicateConfig",
    "PredicateFinder",
    "find_predicates",
    "predicate_probabilities",
]


@dataclass(frozen=True)
class PredicateConfig:
    """Architecture of a predicate finder; widths in units, rates in [0, 1).

    Attributes:
        word, lemma, tag, suffix, ending, shape, label: embedding widths.
        neighbour: width of what a token sees of its head, and of its dependents.
        lstm_hidden, lstm_layers: of the BiLSTM, per direction.
        hidden: width of the read-out.
        dropout: on the BiLSTM's inputs and in the read-out.
        word_dropout: words and lemmas replaced by unknown, in training, as are suffixes and
            endings at half that rate.
        tag_dropout: tags replaced by unknown: tags are not always right on raw text.
        tree_dropout: heads and labels taken away: nor are trees.
    """

    word: int = 32
    lemma: int = 64
    tag: int = 24
    suffix: int = 16
    ending: int = 32
    shape: int = 4
    label: int = 24
    neighbour: int = 64
    lstm_hidden: int = 80
    lstm_layers: int = 1
    hidden: int = 96
    dropout: float = 0.3
    word_dropout: float = 0.15
    tag_dropout: float = 0.15
    tree_dropout: float = 0.2

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("dropout"):
                if not 0 <= value < 1:
                    raise ConfigError(f"{field.name}={value}; expected a rate from 0 to below 1")
            elif value < 1:
                raise ConfigError(f"{field.name}={value}; expected at least 1")

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


class PredicateFinder(nn.Module):
    """For every token the log odds that it is a predicate.

    A token is read as the vectors of its word, lemma, tag, suffix, ending, spelling and dependency
    label, a summary of its head and the sum of summaries of its dependents; a BiLSTM reads the
    sentence; an MLP decides from the token's vectors and its BiLSTM states.

    Args:
        config: architecture.
        vocabulary: of the training data.
        thresholds: by type (:data:`PREDICATE_TYPES`), the probability from which a token counts as
            a predicate; 0.5 where none is given.

    Raises:
        ConfigError: a threshold for an unknown type, or outside 0 to 1.
    """

    def __init__(
        self,
        config: PredicateConfig,
        vocabulary: PredicateVocabulary,
        *,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        self.thresholds = _checked(thresholds or {})
        self.words = nn.Embedding(len(vocabulary.words), config.word)
        self.lemmas = nn.Embedding(len(vocabulary.lemmas), config.lemma)
        self.tags = nn.Embedding(len(vocabulary.tags), config.tag)
        self.suffixes = nn.Embedding(len(vocabulary.suffixes), config.suffix)
        self.endings = nn.Embedding(len(vocabulary.endings), config.ending)
        self.shapes = nn.Embedding(len(SHAPES), config.shape)
        self.labels = nn.Embedding(len(vocabulary.labels), config.label)
        tables = (
            *(self.words, self.lemmas, self.tags, self.suffixes),
            *(self.endings, self.shapes, self.labels),
        )
        for table in tables:
            nn.init.normal_(table.weight, std=0.3)
        own = sum(table.embedding_dim for table in tables)
        seen = config.lemma + config.tag + config.label
        self.above = nn.Linear(seen, config.neighbour)
        self.below = nn.Linear(seen, config.neighbour)
        self.root = nn.Parameter(torch.zeros(config.neighbour))
        width = own + 2 * config.neighbour
        self.encoder = BiLstmEncoder(
            width,
            hidden=config.lstm_hidden,
            layers=config.lstm_layers,
            dropout=config.dropout,
        )
        self.dropout = Dropout(config.dropout)
        self.first = nn.Linear(width + self.encoder.width, config.hidden)
        self.second = nn.Linear(config.hidden, 1)

    def forward(self, batch: PredicateBatch) -> Tensor:
        """Log odds, float [N]."""
        rates = self.config
        hidden = self._lost(batch.head, rates.tree_dropout)
        label = self.labels(batch.labels.masked_fill(hidden, 0))
        head = batch.head.masked_fill(hidden, len(batch.head))
        words = self._unknown(batch.words, rates.word_dropout)
        lemma = self.lemmas(self._unknown(batch.lemmas, rates.word_dropout))
        tag = self.tags(self._unknown(batch.tags, rates.tag_dropout))
        seen = torch.cat((lemma, tag, label), dim=-1)
        above = torch.cat((F.relu(self.above(seen)), self.root.unsqueeze(0))).index_select(0, head)
        below = sum_at(F.relu(self.below(seen)), head, len(head) + 1)[:-1]
        parts = (
            self.words(words),
            seen,
            self.suffixes(self._unknown(batch.suffixes, rates.word_dropout / 2)),
            self.endings(self._unknown(batch.endings, rates.word_dropout / 2)),
            self.shapes(batch.shapes),
            above,
            below,
        )
        x = torch.cat(parts, dim=-1)
        states = torch.cat((x, self.encoder(x, batch)), dim=-1)
        logits: Tensor = self.second(self.dropout(F.relu(self.first(self.dropout(states)))))
        return logits.squeeze(-1)

    def _lost(self, like: Tensor, rate: float) -> Tensor:
        if not self.training or rate == 0:
            return torch.zeros_like(like, dtype=torch.bool)
        return torch.rand(like.shape, device=like.device) < rate

    def _unknown(self, index: Tensor, rate: float) -> Tensor:
        return index.masked_fill(self._lost(index, rate), 0) if self.training else index


def _checked(thresholds: Mapping[str, float]) -> dict[str, float]:
    for kind, value in thresholds.items():
        if kind not in PREDICATE_TYPES or not 0 <= value <= 1:
            raise ConfigError(
                f"threshold {kind}={value}; expected one of {list(PREDICATE_TYPES)} and 0 to 1"
            )
    return {kind: float(thresholds.get(kind, 0.5)) for kind in PREDICATE_TYPES}


def find_predicates(
    sentences: Iterable[Sentence],
    finder: PredicateFinder,
    *,
    batch: int = 256,
    tokens: int = 6000,
) -> Iterator[Sentence]:
    """Yield every sentence, in order, with a frame for each predicate that is found.

    Frames that a sentence already has are replaced; the new ones have neither sense nor roles.
    Only verbs, nouns and adjectives (by tag) can be predicates. Memory is bounded by ``batch``
    sentences; the same sentences in the same batches give the same frames.

    Args:
        sentences: with tags; lemmas, heads and labels where known.
        finder: in evaluation mode, or put into it and back.
        batch: sentences read ahead.
        tokens: tokens run at once, padding counted; at least one sentence.

    Raises:
        ConfigError: ``batch`` or ``tokens`` below 1.
    """
    if batch < 1 or tokens < 1:
        raise ConfigError(f"batch={batch}, tokens={tokens}; expected at least 1")
    stream = iter(sentences)
    while group := list(islice(stream, batch)):
        encoded = [encode_sentence(s, finder.vocabulary) for s in group]
        found = predicate_probabilities(finder, encoded, tokens=tokens)
        for sentence, e, odds in zip(group, encoded, found, strict=True):
            chosen = _chosen(finder, e, odds)
            yield replace(sentence, frames=tuple(Frame(place) for place in chosen))


def predicate_probabilities(
    finder: PredicateFinder, encoded: Sequence[EncodedSentence], *, tokens: int = 6000
) -> list[Tensor]:
    """Probability that a token is a predicate, float32 [tokens] on CPU for each sentence.

    Given for every token, those included that can be none (see :attr:`EncodedSentence.types`).
    """
    order = sorted((i for i, e in enumerate(encoded) if len(e)), key=lambda i: len(encoded[i]))
    found = [torch.zeros(0) for _ in encoded]
    device = finder.root.device
    was_training = finder.training
    finder.eval()
    with torch.inference_mode():
        for places in _runs(order, encoded, tokens):
            data = collate_sentences([encoded[i] for i in places])
            odds = torch.sigmoid(finder(data.to(device))).float().cpu()
            for place, part in zip(places, torch.split(odds, data.lengths.tolist()), strict=True):
                found[place] = part
    finder.train(was_training)
    return found


def _runs(
    order: Sequence[int], encoded: Sequence[EncodedSentence], tokens: int
) -> Iterator[list[int]]:
    """Cut places in ascending order of length where padded rows would exceed ``tokens``."""
    run: list[int] = []
    for place in order:
        if run and (len(run) + 1) * len(encoded[place]) > tokens:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _chosen(finder: PredicateFinder, encoded: EncodedSentence, odds: Tensor) -> list[int]:
    bars = torch.tensor([*(finder.thresholds[kind] for kind in PREDICATE_TYPES), 2.0])
    over = odds >= bars[torch.from_numpy(encoded.types)]
    chosen: list[int] = over.nonzero().squeeze(-1).tolist()
    return chosen
