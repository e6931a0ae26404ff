"""Multi-hop question answering over entity graphs: mentions and query -> R-GCN -> candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.models.qa_batch import NORMALISATIONS, QaBatch
from linguagraph.models.qa_convolutions import QA_CONVOLUTIONS, make_qa_convolution
from linguagraph.models.qa_examples import PLACES, ROLES, QaVocabulary, Window
from linguagraph.models.qa_layers import RelationalLayer
from linguagraph.models.vocabulary import SHAPES

__all__ = ["FORMS", "IMPOSSIBLE", "QaConfig", "QaModel", "QaPass", "choose_form"]

FORMS = ("edges", "matrices", "auto")
IMPOSSIBLE = -1e4
"""Logit of a candidate that has no mention, and of columns beyond an item's candidates."""

CROSSOVER = 0.025
"""Density (:attr:`QaBatch.density`) from which matrices are faster; see ``bench_qa.py``."""


@dataclass(frozen=True, kw_only=True)
class QaConfig:
    """Architecture.

    Attributes:
        conv: kind of the layer, key of
            :data:`linguagraph.models.qa_convolutions.QA_CONVOLUTIONS`.
        layers: applications of the one layer, whose parameters are shared (paper: 3).
        heads: of attention, in layers that have it.
        width: of node states and messages.
        word, shape: widths of embeddings; suffix, role and place have the width of shape.
        query: width of each direction of the query's BiLSTM, which has two layers.
        hidden: width of the hidden layers of encoder and read-out.
        context, mention: words of a node's window, see :class:`Window`.
        normalise: how messages are weighed, see :meth:`QaBatch.weights`.
        relations: edge labels that the graph has; the others are left out.
        dropout: of encoder and read-out; layer_dropout: of the states that layers send.
        word_dropout: rate of words that become unknown in training; mention_dropout: the same for
            the words of the mentions themselves, whose identity is soon learned by heart.

    Raises:
        ConfigError: a value that cannot be used.
    """

    conv: str = "gated-rgcn"
    layers: int = 3
    width: int = 128
    word: int = 64
    shape: int = 8
    query: int = 32
    hidden: int = 128
    context: int = 8
    mention: int = 6
    normalise: str = "relation"
    relations: tuple[str, ...] = RELATIONS
    dropout: float = 0.3
    layer_dropout: float = 0.0
    word_dropout: float = 0.3
    mention_dropout: float = 0.3
    heads: int = 4

    def __post_init__(self) -> None:
        if self.conv not in QA_CONVOLUTIONS:
            raise ConfigError(f"conv={self.conv!r}; expected one of {', '.join(QA_CONVOLUTIONS)}")
        for name in ("layers", "width", "word", "shape", "query", "hidden", "mention", "heads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")
        if self.context < 0:
            raise ConfigError(f"context={self.context}; expected at least 0")
        for name in ("dropout", "layer_dropout", "word_dropout", "mention_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected a rate below 1")
        if self.normalise not in NORMALISATIONS:
            raise ConfigError(
                f"normalise={self.normalise!r}; expected one of {list(NORMALISATIONS)}"
            )
        unknown = set(self.relations) - set(RELATIONS)
        if unknown:
            raise ConfigError(f"relations {sorted(unknown)}; expected some of {list(RELATIONS)}")

    @property
    def window(self) -> Window:
        """The words by which nodes are known."""
        return Window(self.context, self.mention)

    def to_json(self) -> dict[str, Any]:
        """Field names and values; the convolution only where it is not the paper's."""
        found = asdict(self) | {"relations": list(self.relations)}
        left_out = ("conv", "heads") if self.conv == QaConfig.conv else ()
        return {k: v for k, v in found.items() if k not in left_out}


@dataclass(frozen=True)
class QaPass:
    """One pass; N nodes, B items.

    Attributes:
        logits: float [..., B, C].
        states: float [N, D] (edge lists) or [..., B, V, D] (matrices) below each layer, and on top.
        query: float [B, 2 query].
        messages: of each layer, those that all nodes would send in all relations, before gates.
        form: ``edges`` or ``matrices``.
    """

    logits: Tensor
    states: tuple[Tensor, ...]
    query: Tensor
    messages: tuple[Tensor, ...]
    form: str


def choose_form(batch: QaBatch, form: str = "auto") -> str:
    """``edges`` or ``matrices``: what was asked for, or what is faster for this batch.

    Raises:
        ConfigError: unknown form.
    """
    if form not in FORMS:
        raise ConfigError(f"form={form!r}; expected one of {list(FORMS)}")
    if form != "auto":
        return form
    return "matrices" if batch.density >= CROSSOVER else "edges"


class QaModel(nn.Module):
    """The model of De Cao et al. (2019) as Schlichtkrull et al. (2021) explain it, in section 5.

    A mention is known by its words and their neighbours, its role and its place; with the query
    (final states of a two-layer BiLSTM) these give the states below the first layer. The layer (a
    gated R-GCN unless ``config.conv`` says otherwise) is applied ``layers`` times. Every mention is
    scored from its state and the query; a candidate's logit is the maximum over its mentions.

    Departures: words are learned from the training items and read through a window (no GloVe, no
    ELMo), bridge mentions are nodes, and roles are marked. The layer's messages have a bias.
    """

    def __init__(self, config: QaConfig, vocabulary: QaVocabulary) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        window, query = config.window, 2 * config.query
        self.words = nn.Embedding(len(vocabulary.words), config.word, padding_idx=1)
        self.shapes = nn.Embedding(len(SHAPES), config.shape)
        self.suffixes = nn.Embedding(len(vocabulary.suffixes), config.shape)
        self.roles = nn.Embedding(len(ROLES), config.shape)
        self.places = nn.Embedding(len(PLACES), config.shape)
        nn.init.normal_(self.words.weight, std=0.3)
        with torch.no_grad():
            self.words.weight[1].zero_()
        self.lstm = nn.LSTM(
            config.word, config.query, num_layers=2, bidirectional=True, batch_first=True
        )
        size = window.size * (config.word + 2 * config.shape)
        self.window = nn.Linear(size, config.hidden)
        self.asked = nn.Linear(query, config.hidden)
        inputs = 2 * config.hidden + 2 * config.shape + query
        self.initial = nn.Sequential(
            nn.Linear(inputs, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.width)
        )
        self.layer: RelationalLayer = make_qa_convolution(
            config.conv, config.width, len(RELATIONS), heads=config.heads
        )
        self.wanted = nn.Linear(query, config.width)
        inputs = 2 * config.width + query
        self.readout = nn.Sequential(
            nn.Linear(inputs, config.hidden), nn.ReLU(), nn.Linear(config.hidden, 1)
        )

    def encode(self, batch: QaBatch) -> tuple[Tensor, Tensor]:
        """States below the first layer, float [N, D], and the query, float [B, 2 query]."""
        config = self.config
        query = self._query(batch)
        words = self._words(batch.words, mentions=True)
        spelt = self.shapes(batch.shapes), self.suffixes(batch.suffixes)
        parts = torch.cat((words, *spelt), -1).flatten(1)
        seen = F.relu(self.window(self._drop(parts)))
        known = torch.cat(
            (
                seen,
                seen * self.asked(query).index_select(0, batch.item),
                self.roles(batch.roles),
                self.places(batch.places),
                query.index_select(0, batch.item),
            ),
            1,
        )
        states: Tensor = torch.tanh(self.initial(F.dropout(known, config.dropout, self.training)))
        return states, query

    def propagate(
        self,
        states: Tensor,
        query: Tensor,
        batch: QaBatch,
        *,
        form: str = "auto",
        start: int = 0,
        weights: Tensor | None = None,
        messages: Tensor | None = None,
        gates: Sequence[Tensor | None] | None = None,
        baselines: Sequence[Tensor | None] | None = None,
    ) -> QaPass:
        """Run the layers from ``start`` up, and the read-out.

        Args:
            states: below that layer, in the layout of the form (see :class:`QaPass`); [N, D] is
                padded for ``matrices``.
            query: of :meth:`encode`.
            batch: the items.
            form: one of :data:`FORMS`.
            weights: of :meth:`weights`, in the layout of the form; computed where not given.
                Layers with attention compute their own from the states that enter them.
            messages: of layer ``start`` if already known (they are not computed again); they, and
                the states, may lack the leading dimensions (seeds) of the gates in matrices.
            gates, baselines: one per layer from ``start`` up, see
                :class:`~linguagraph.models.qa_layers.RelationalLayer`.
        """
        form, count = choose_form(batch, form), self.config.layers - start
        if form == "matrices" and states.dim() == 2:
            states = batch.padded(states)
        if weights is None:
            weights = self.weights(batch, form)
        seen, made = [states], []
        for place in range(count):
            gate = None if gates is None else gates[place]
            baseline = None if baselines is None else baselines[place]
            before = F.dropout(states, self.config.layer_dropout, self.training)
            known = messages if place == 0 else None
            current = self.layer.messages(before) if known is None else known
            made.append(current)
            if form == "matrices":
                scaled = self.layer.weigh_matrices(before, weights)
                if gate is not None:
                    states = states.expand(*gate.shape[:-4], *states.shape[-3:])
                states = self.layer.over_matrices(
                    states, current, scaled, gates=gate, baseline=baseline
                )
            else:
                sent = current.flatten(0, 1)
                sent = sent.index_select(0, self.sent(batch))
                target = batch.edge_index[1]
                scaled = self.layer.weigh_edges(before, batch.edge_index, batch.relation, weights)
                states = self.layer.over_edges(
                    states, sent, target, scaled, gates=gate, baseline=baseline
                )
            seen.append(states)
        top = batch.unpadded(states) if form == "matrices" else states
        return QaPass(self.answer(top, query, batch), tuple(seen), query, tuple(made), form)

    def weights(self, batch: QaBatch, form: str) -> Tensor:
        """Weights of messages, float [E] or [B, V, R, V]."""
        weights = batch.weights(self.config.normalise)
        return batch.matrices(weights) if form == "matrices" else weights

    @staticmethod
    def sent(batch: QaBatch) -> Tensor:
        """Row of each edge's message among those of all nodes and relations, int64 [E]."""
        return batch.edge_index[0] * len(RELATIONS) + batch.relation

    def answer(self, states: Tensor, query: Tensor, batch: QaBatch) -> Tensor:
        """Logits float [..., B, C] from top states [..., N, D]."""
        asked = query.index_select(0, batch.item).expand(*states.shape[:-1], -1)
        fitting = states * self.wanted(query).index_select(0, batch.item)
        parts = torch.cat((states, fitting, asked), -1)
        scores: Tensor = self.readout(self._drop(parts)).squeeze(-1)
        most, mentions = batch.most, batch.mentions
        column = batch.item * most + batch.candidate
        column = column.index_select(0, mentions).expand(*scores.shape[:-1], -1)
        out = scores.new_full((*scores.shape[:-1], batch.num_items * most), IMPOSSIBLE)
        mine = scores.index_select(-1, mentions)
        out = out.scatter_reduce(-1, column, mine, "amax")
        return out.view(*scores.shape[:-1], batch.num_items, most)

    def forward(self, batch: QaBatch, *, form: str = "auto") -> QaPass:
        """One pass over a batch."""
        states, query = self.encode(batch)
        return self.propagate(states, query, batch, form=form)

    def _query(self, batch: QaBatch) -> Tensor:
        _, (final, _) = self.lstm(batch.packed(self._words(batch.query)))
        return torch.cat((final[-2], final[-1]), 1)  # of the upper layer, both directions

    def _words(self, codes: Tensor, *, mentions: bool = False) -> Tensor:
        """Vectors of words; in training some become unknown, in windows more of the mentions."""
        config = self.config
        if self.training:
            rate = torch.full(codes.shape[1:], config.word_dropout, device=codes.device)
            if mentions:
                rate[config.context : config.context + config.mention] = config.mention_dropout
            lost = torch.rand(codes.shape, device=codes.device) < rate
            codes = torch.where(lost & (codes != 1), 0, codes)
        found: Tensor = self.words(codes)
        return found

    def _drop(self, values: Tensor) -> Tensor:
        return F.dropout(values, self.config.dropout, self.training)
