"""Token features -> the states below the first graph layer, by an MLP or a BiLSTM."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.models.batch import SrlBatch
from linguagraph.models.layers import Dropout
from linguagraph.models.vocabulary import SHAPES, SrlVocabulary

__all__ = ["BiLstmEncoder", "MlpEncoder", "Rows", "TokenEmbedding"]


class Rows(Protocol):
    """Which token stands where: N tokens of B examples. All int64.

    Attributes:
        example: [N]; position: [N], place in the example; lengths: [B], tokens per example;
        longest: the largest of the lengths, a plain number.
    """

    @property
    def num_examples(self) -> int:
        """B."""
        ...

    @property
    def example(self) -> Tensor:
        """Example of each token."""
        ...

    @property
    def position(self) -> Tensor:
        """Place of each token in its example."""
        ...

    @property
    def lengths(self) -> Tensor:
        """Tokens of each example."""
        ...

    @property
    def longest(self) -> int:
        """Tokens of the longest example."""
        ...


class TokenEmbedding(nn.Module):
    """Word, lemma, tag, suffix and shape vectors; at the predicate its lemma and a mark.

    Args:
        vocabulary: sizes of the tables.
        word, lemma, tag, suffix, shape, predicate, mark: widths.
        word_dropout: rate of words and lemmas replaced by unknown in training.
    """

    def __init__(
        self,
        vocabulary: SrlVocabulary,
        *,
        word: int = 100,
        lemma: int = 100,
        tag: int = 32,
        suffix: int = 32,
        shape: int = 8,
        predicate: int = 64,
        mark: int = 16,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(len(vocabulary.words), word)
        self.lemmas = nn.Embedding(len(vocabulary.lemmas), lemma)
        self.tags = nn.Embedding(len(vocabulary.tags), tag)
        self.suffixes = nn.Embedding(len(vocabulary.suffixes), suffix)
        self.shapes = nn.Embedding(len(SHAPES), shape)
        self.predicates = nn.Embedding(len(vocabulary.predicates), predicate)
        self.mark = nn.Parameter(torch.empty(mark))
        self.word_dropout = word_dropout
        self.width = word + lemma + tag + suffix + shape + predicate + mark
        for table in (
            self.words,
            self.lemmas,
            self.tags,
            self.suffixes,
            self.shapes,
            self.predicates,
        ):
            nn.init.normal_(table.weight, std=0.3)
        nn.init.normal_(self.mark, std=0.3)

    def forward(self, batch: SrlBatch) -> Tensor:
        """float [N, width]."""
        words, lemmas = self._unknown(batch.words), self._unknown(batch.lemmas)
        predicate = self.predicates(batch.predicate_lemma)
        at_predicate = torch.cat((predicate, self.mark.expand(len(predicate), -1)), dim=-1)
        marks = at_predicate.new_zeros(batch.num_nodes, at_predicate.shape[-1])
        marks = marks.index_copy(0, batch.predicate, at_predicate)
        parts = (
            F.embedding(words, self.words.weight),
            F.embedding(lemmas, self.lemmas.weight),
            self.tags(batch.tags),
            self.suffixes(batch.suffixes),
            self.shapes(batch.shapes),
            marks,
        )
        return torch.cat(parts, dim=-1)

    def _unknown(self, index: Tensor) -> Tensor:
        if not self.training or self.word_dropout == 0:
            return index
        keep = torch.rand(index.shape, device=index.device) >= self.word_dropout
        return index * keep


class MlpEncoder(nn.Module):
    """Two affine layers with ReLU; the encoder of ``srl-gnn``."""

    def __init__(self, inputs: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.width = hidden
        self.dropout = Dropout(dropout)
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor, batch: Rows) -> Tensor:
        """float [N, inputs] -> [N, hidden]."""
        hidden = F.relu(self.first(self.dropout(x)))
        return F.relu(self.second(self.dropout(hidden)))


class BiLstmEncoder(nn.Module):
    """A bidirectional LSTM over each example's tokens; the encoder of ``srl-lstm-gnn``.

    Each direction is an LSTM of its own over padded rows, the backward one over rows reversed
    within their length, which is exact without packed sequences (slow on CPU).
    """

    def __init__(self, inputs: int, *, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.dropout = Dropout(dropout)
        sizes = [inputs] + [self.width] * (layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.back = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)

    def forward(self, x: Tensor, batch: Rows) -> Tensor:
        """float [N, inputs] -> [N, 2 * hidden]."""
        for layer in range(len(self.ahead)):
            x = self.up(layer, x, batch)
        return x

    def up(self, layer: int, x: Tensor, batch: Rows) -> Tensor:
        """One layer: float [N, its inputs] -> [N, 2 * hidden]."""
        rows, longest = batch.num_examples, batch.longest
        ahead = batch.example * longest + batch.position
        last = batch.lengths.index_select(0, batch.example) - 1
        back = batch.example * longest + (last - batch.position)
        x = self.dropout(x)
        outputs = []
        for lstm, place in ((self.ahead[layer], ahead), (self.back[layer], back)):
            padded = x.new_zeros(rows * longest, x.shape[-1]).index_copy(0, place, x)
            states, _ = lstm(padded.view(rows, longest, -1))
            outputs.append(states.reshape(rows * longest, -1).index_select(0, place))
        return torch.cat(outputs, dim=-1)
