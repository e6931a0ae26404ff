"""Batches of (sentence, predicate) graphs -> a role for every token, by gateable GCN layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.graphs.textgraph import KINDS
from linguagraph.models.batch import SrlBatch
from linguagraph.models.convolutions import (
    CONVOLUTIONS,
    Convolution,
    ConvolutionOptions,
    make_convolution,
)
from linguagraph.models.encoders import BiLstmEncoder, MlpEncoder, TokenEmbedding
from linguagraph.models.gateable import Trace
from linguagraph.models.layers import (
    Dropout,
    GatedGCNLayer,
    Messages,
    aggregate_open,
    gather,
    sum_at,
)
from linguagraph.models.vocabulary import SrlVocabulary

__all__ = ["SRL_MODELS", "SrlConfig", "SrlModel"]


@dataclass(frozen=True)
class SrlConfig:
    """Architecture of an SRL model; widths in units, rates in [0, 1).

    Attributes:
        encoder: ``mlp`` or ``bilstm``.
        conv: kind of the graph layers, key of :data:`linguagraph.models.convolutions.CONVOLUTIONS`.
        gcn_layers: graph layers on top of the encoder.
        hidden: width of the MLP encoder, GCN states and classifier.
        lstm_hidden, lstm_layers: per direction; used by ``bilstm`` only.
        word, lemma, tag, suffix, shape, predicate, mark: widths, see :class:`TokenEmbedding`.
        dropout: on encoder inputs, layer outputs and in the classifier.
        word_dropout: words and lemmas replaced by unknown.
        edge_dropout: messages dropped in training (whole edges, per layer).
        kinds: edge kinds of the graph, ``dependency`` among them; with others the graph is the
            document's (see :mod:`linguagraph.models.contexts`).
        links: coreference edges, see :func:`linguagraph.graphs.coreference.coreference_graph`.
        context: largest number of other sentences that an example's graph reaches into.
        heads, edge_width, bases: see :class:`linguagraph.models.convolutions.ConvolutionOptions`.
    """

    encoder: str = "mlp"
    conv: str = "gated-gcn"
    gcn_layers: int = 2
    hidden: int = 256
    lstm_hidden: int = 200
    lstm_layers: int = 2
    word: int = 100
    lemma: int = 100
    tag: int = 32
    suffix: int = 32
    shape: int = 8
    predicate: int = 64
    mark: int = 16
    dropout: float = 0.3
    word_dropout: float = 0.1
    edge_dropout: float = 0.0
    kinds: tuple[str, ...] = ("dependency",)
    links: str = "nearest"
    context: int = 16
    heads: int = 4
    edge_width: int = 64
    bases: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))  # a list in JSON and TOML
        known = [kind for kind in KINDS if kind in self.kinds]
        if sorted(known) != sorted(self.kinds) or "dependency" not in known:
            raise ConfigError(
                f"kinds={list(self.kinds)}; expected dependency and any of "
                f"{[kind for kind in KINDS if kind != 'dependency']}, each once"
            )
        if self.context < 0:
            raise ConfigError(f"context={self.context}; expected at least 0")
        if self.encoder not in ("mlp", "bilstm"):
            raise ConfigError(f"encoder={self.encoder!r}; expected 'mlp' or 'bilstm'")
        if self.gcn_layers < 1:
            raise ConfigError(f"gcn_layers={self.gcn_layers}; expected at least 1")
        if self.conv not in CONVOLUTIONS:
            raise ConfigError(f"conv={self.conv!r}; expected one of {', '.join(CONVOLUTIONS)}")
        _ = self.options

    def to_json(self) -> dict[str, Any]:
        """Field names and values.

        Those of merged graphs and of other convolutions than the gated GCN only where they count.
        """
        left_out = (() if self.merged else _MERGED) + (
            () if self.conv != SrlConfig.conv else _CONVOLUTION
        )
        return {k: v for k, v in asdict(self).items() if k not in left_out}

    @property
    def options(self) -> ConvolutionOptions:
        """What the convolutions are told."""
        return ConvolutionOptions(heads=self.heads, edge_width=self.edge_width, bases=self.bases)

    @property
    def merged(self) -> bool:
        """Whether the graph has edges other than dependencies."""
        return len(self.kinds) > 1


_MERGED = ("kinds", "links", "context")
_CONVOLUTION = ("conv", "heads", "edge_width", "bases")

SRL_MODELS: dict[str, SrlConfig] = {
    "srl-gnn": SrlConfig(encoder="mlp", gcn_layers=2, edge_dropout=0.1),
    "srl-lstm-gnn": SrlConfig(encoder="bilstm", gcn_layers=1, edge_dropout=0.1),
}


class SrlModel(nn.Module):
    """Semantic role labelling with gold predicates over the dependency graph.

    After Marcheggiani & Titov (2017): embeddings with a predicate mark, an encoder, graph layers
    (gated GCN unless ``config.conv`` says otherwise), and for each token a role from its state, the
    predicate's state and the predicate lemma. Departures: an MLP read-out instead of a
    role-specific bilinear one; a suffix and a shape embedding instead of pretrained vectors.

    Args:
        config: architecture.
        vocabulary: of the training data.
    """

    def __init__(self, config: SrlConfig, vocabulary: SrlVocabulary) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.embedding = TokenEmbedding(
            vocabulary,
            word=config.word,
            lemma=config.lemma,
            tag=config.tag,
            suffix=config.suffix,
            shape=config.shape,
            predicate=config.predicate,
            mark=config.mark,
            word_dropout=config.word_dropout,
        )
        self.encoder: MlpEncoder | BiLstmEncoder
        if config.encoder == "mlp":
            self.encoder = MlpEncoder(
                self.embedding.width, hidden=config.hidden, dropout=config.dropout
            )
        else:
            self.encoder = BiLstmEncoder(
                self.embedding.width,
                hidden=config.lstm_hidden,
                layers=config.lstm_layers,
                dropout=config.dropout,
            )
        widths = [self.encoder.width] + [config.hidden] * config.gcn_layers
        self.layers = nn.ModuleList(
            make_convolution(
                config.conv,
                inputs,
                outputs,
                edge_types=vocabulary.num_edge_types,
                options=config.options,
            )
            for inputs, outputs in pairwise(widths)
        )
        self.dropout = Dropout(config.dropout)
        self.token = nn.Linear(config.hidden, config.hidden)
        self.predicate = nn.Linear(config.hidden, config.hidden, bias=False)
        self.predicate_lemmas = nn.Embedding(len(vocabulary.predicates), config.hidden)
        nn.init.normal_(self.predicate_lemmas.weight, std=0.1)
        self.roles = nn.Linear(config.hidden, len(vocabulary.roles))

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Width of the states that enter each layer."""
        return (self.encoder.width,) + (self.config.hidden,) * (len(self.layers) - 1)

    @property
    def message_sizes(self) -> tuple[int, ...]:
        """Width of the messages of each layer."""
        return tuple(self._layer(index).message_width for index in range(len(self.layers)))

    def _layer(self, index: int) -> Convolution:
        module: Convolution = self.layers[index]  # type: ignore[assignment]
        return module

    def encode(self, batch: SrlBatch) -> Tensor:
        """States below the first graph layer, float [N, width]."""
        states: Tensor = self.dropout(self.encoder(self.embedding(batch), batch.rows))
        return states

    def messages(self, layer: int, states: Tensor, batch: SrlBatch) -> Messages:
        """Messages of one layer for given incoming states [..., N, width]."""
        return self._layer(layer).messages(
            states, batch.source, batch.target, batch.edge_type, batch.direction
        )

    def classify(self, states: Tensor, batch: SrlBatch) -> Tensor:
        """Role logits [..., U, roles] from the states above the last layer [..., N, hidden]."""
        at_predicate = self.predicate(states.index_select(-2, batch.predicate))
        shared = at_predicate + self.predicate_lemmas(batch.predicate_lemma)
        if batch.has_context:
            states = states.index_select(-2, batch.unit)
        hidden = shared.index_select(-2, batch.unit_example).add_(self.token(states))
        logits: Tensor = self.roles(self.dropout(F.relu(hidden, inplace=True)))
        return logits

    def propagate(
        self,
        states: Tensor,
        batch: SrlBatch,
        *,
        start: int = 0,
        messages: Messages | None = None,
        gates: Sequence[Tensor | None] | None = None,
        baselines: Sequence[Tensor | None] | None = None,
    ) -> Trace:
        """Run layers ``start`` and above, then the read-out.

        Args:
            states: entering layer ``start``, float [..., N, width].
            batch: the graphs.
            start: first layer to run.
            messages: messages of layer ``start`` if already known (they are not computed again).
            gates: per layer float [..., E] in [0, 1] or ``None``; leading dimensions (seeds) may
                appear at the first gated layer.
            baselines: per layer float [..., D] or ``None`` (zeros).

        Returns:
            The trace; its messages are those before masking.
        """
        count = len(self.layers)
        entering, sent = [], []
        for layer in range(start, count):
            entering.append(states)
            known = layer == start and messages is not None
            current = messages if known else self.messages(layer, states, batch)
            assert current is not None
            sent.append(current)
            mask = gates[layer] if gates is not None else None
            fill = baselines[layer] if baselines is not None else None
            if self.training and self.config.edge_dropout > 0 and mask is None:
                mask = self._edge_mask(batch)
            summed = gather(current, batch.target, gates=mask, baseline=fill)
            states = self.dropout(self._layer(layer).update(summed, states))
        return Trace(self.classify(states, batch), tuple(entering), tuple(sent), start)

    @torch.no_grad()
    def masked_logits(
        self,
        trace: Trace,
        batch: SrlBatch,
        *,
        gates: Sequence[Tensor],
        baselines: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Logits of the model under binary gates, computing only what open edges send.

        Equal to :meth:`propagate` up to rounding, and the same computation where most gates of a
        layer are open, and on a GPU, which would have to wait in order to count them. For
        evaluation: without gradient, as the model's mode has it.

        Args:
            trace: the unmasked pass over the batch.
            batch: the graphs.
            gates: per layer float [S, E] in {0, 1}.
            baselines: per layer float [S, D]; zeros if ``None``.

        Returns:
            float [S, U, roles].
        """
        states = trace.states[0]
        for layer, mask in enumerate(gates):
            fill = None if baselines is None else baselines[layer]
            known = trace.messages[0] if layer == 0 else None
            module = self._layer(layer)
            few = mask.device.type == "cpu" and 2 * int(mask.count_nonzero()) <= mask.numel()
            if few and isinstance(module, GatedGCNLayer):
                states = self._aggregate_open(
                    module, states if known is None else known, batch, mask, fill
                )
            else:
                sent = known or self.messages(layer, states, batch)
                summed = gather(sent, batch.target, gates=mask, baseline=fill)
                states = module.update(summed, states)
            states = self.dropout(states)
        return self.classify(states, batch)

    def _aggregate_open(
        self,
        module: GatedGCNLayer,
        known: Messages | Tensor,
        batch: SrlBatch,
        mask: Tensor,
        baseline: Tensor | None,
    ) -> Tensor:
        seed, edge = mask.nonzero(as_tuple=True)
        first = seed * batch.num_nodes
        if isinstance(known, Messages):
            sent, loops = known.edges.index_select(0, edge), known.loops
        else:
            source, types, direction = (
                column.index_select(0, edge)
                for column in (batch.source, batch.edge_type, batch.direction)
            )
            sent, loops = module.selected(known.flatten(0, 1), first + source, types, direction)
            loops = loops.view(*known.shape[:2], -1)
        place = first + batch.target.index_select(0, edge)
        closed = sum_at((1 - mask).unsqueeze(-1), batch.target, batch.num_nodes).squeeze(-1)
        return aggregate_open(sent, loops, place, closed, baseline=baseline)

    def forward(
        self,
        batch: SrlBatch,
        *,
        gates: Sequence[Tensor | None] | None = None,
        baselines: Sequence[Tensor | None] | None = None,
    ) -> Trace:
        """Encode, then :meth:`propagate` from the bottom layer; logits are [..., U, roles]."""
        return self.propagate(self.encode(batch), batch, gates=gates, baselines=baselines)

    def _edge_mask(self, batch: SrlBatch) -> Tensor:
        keep = 1 - self.config.edge_dropout
        drawn = torch.rand(batch.num_edges, device=batch.source.device) < keep
        return drawn.float() / keep
