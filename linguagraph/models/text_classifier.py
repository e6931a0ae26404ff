"""Words of sentences -> logits of labels, by a BERT encoder of the transformers library.

Two heads. ``sequence`` reads the label off [CLS]
(``BertForSequenceClassification``). ``masked`` predicts a word at the place of [MASK]
(``BertForMaskedLM``), and the labels are words: "is" or "are". The network is the library's own
and is never changed; only this module imports `transformers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.models.text_batch import TextBatch, TextEncoder
from linguagraph.models.text_tokenizer import TextTokenizer
from linguagraph.models.text_vocabulary import TextVocabulary

__all__ = ["HEADS", "TextClassifier", "TextConfig", "build_classifier", "load_pretrained"]

HEADS = ("sequence", "masked")
"""Where the answer is read: at [CLS], or at [MASK]."""


@dataclass(frozen=True)
class TextConfig:
    """Architecture of a small encoder; widths in units, rates in [0, 1).

    Attributes:
        labels: names of the answers; for the head ``masked`` they are words of the vocabulary.
        head: key of :data:`HEADS`.
        layers, width, heads, inner: of the encoder; ``inner`` is the feed-forward width.
        positions: most pieces of a sentence, [CLS] and [SEP] among them.
        dropout: of embeddings and states; attention: of attention weights.
        spread: standard deviation of the initial weights.
    """

    labels: tuple[str, ...]
    head: str = "sequence"
    layers: int = 2
    width: int = 128
    heads: int = 4
    inner: int = 256
    positions: int = 128
    dropout: float = 0.1
    attention: float = 0.1
    spread: float = 0.02

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))  # JSON gives lists
        if self.head not in HEADS:
            raise ConfigError(f"head={self.head!r}; expected one of {', '.join(HEADS)}")
        if len(set(self.labels)) < 2 or len(set(self.labels)) != len(self.labels):
            raise ConfigError(f"labels={self.labels}; expected at least two, all different")
        if min(self.layers, self.width, self.heads, self.inner) < 1 or self.positions < 3:
            raise ConfigError("layers, width, heads and inner are at least 1, positions at least 3")
        if self.width % self.heads:
            raise ConfigError(f"width={self.width} must be divisible by heads={self.heads}")
        if not 0 <= self.dropout < 1 or not 0 <= self.attention < 1:
            raise ConfigError(
                f"dropout={self.dropout}, attention={self.attention}; expected [0, 1)"
            )

    def to_json(self) -> dict[str, Any]:
        """Fields by name."""
        return {**asdict(self), "labels": list(self.labels)}


class TextClassifier(nn.Module):
    """A network of the transformers library with what turns words into its input.

    Args:
        network: gives ``.logits``: [B, C] for the head ``sequence``, [B, T, V] for ``masked``.
        encoder: words to pieces.
        labels: names of the C answers.
        head: key of :data:`HEADS`.
        positions: most pieces of a sentence.
        config: of a network made here; ``None`` for one from disk.

    Raises:
        ConfigError: a label of the head ``masked`` is not one piece of the vocabulary.
    """

    def __init__(
        self,
        network: nn.Module,
        encoder: TextEncoder,
        *,
        labels: Sequence[str],
        head: str,
        positions: int,
        config: TextConfig | None = None,
    ) -> None:
        super().__init__()
        self.network, self.encoder = network, encoder
        self.labels, self.head, self.positions = tuple(labels), head, positions
        self.config = config
        self.label_pieces = [encoder.piece(x) for x in labels] if head == "masked" else []

    def encode(self, sentences: Sequence[Sequence[str]]) -> TextBatch:
        """Sentences as words -> a batch on the network's device.

        Raises:
            ConfigError: the head is ``masked`` and a sentence has no [MASK], or lost it by cutting.
        """
        batch = self.encoder.encode(sentences, max_pieces=self.positions)
        if self.head == "masked" and not bool(batch.is_mask.any(1).all()):
            bad = int((~batch.is_mask.any(1)).int().argmax())
            raise ConfigError(
                f"sentence {bad} has no [MASK] in its first {self.positions} pieces; put one "
                "where the answer is to be predicted"
            )
        return batch.to(next(self.network.parameters()).device)

    def forward(self, batch: TextBatch) -> Tensor:
        """Logits float [B, C] of the labels."""
        logits: Tensor = self.network(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask
        ).logits
        return self.answers(logits, batch)

    def answers(self, logits: Tensor, batch: TextBatch) -> Tensor:
        """Logits float [B, C] of the labels, from all that the network gives."""
        if self.head == "sequence":
            return logits
        rows = torch.arange(len(batch), device=logits.device)
        return logits[rows, batch.mask_columns()][:, self.label_pieces]

    @torch.no_grad()
    def probabilities(self, sentences: Sequence[Sequence[str]], *, batch_size: int = 64) -> Tensor:
        """float32 [sentences, C] on the CPU, in the order given; sentences of like length together.

        The network is in evaluation mode afterwards.
        """
        self.eval()
        result = torch.zeros(len(sentences), len(self.labels))
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            logits = self(self.encode([sentences[i] for i in rows]))
            result[rows] = logits.float().softmax(1).cpu()
        return result


def build_classifier(config: TextConfig, vocabulary: TextVocabulary) -> TextClassifier:
    """A small BERT with random weights; seed torch before.

    Attention is computed step by step ("eager"), so that its weights exist as tensors.

    Raises:
        ConfigError: transformers is not installed, or a label word is unknown.
    """
    transformers = _transformers()
    settings = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=config.inner,
        max_position_embeddings=config.positions,
        hidden_dropout_prob=config.dropout,
        attention_probs_dropout_prob=config.attention,
        initializer_range=config.spread,
        num_labels=len(config.labels),
        pad_token_id=0,
        type_vocab_size=1,
        attn_implementation="eager",
    )
    kinds = {
        "sequence": transformers.BertForSequenceClassification,
        "masked": transformers.BertForMaskedLM,
    }
    return TextClassifier(
        kinds[config.head](settings),
        vocabulary,
        labels=config.labels,
        head=config.head,
        positions=config.positions,
        config=config,
    )


def load_pretrained(
    directory: str | Path, *, head: str = "sequence", labels: Sequence[str] | None = None
) -> TextClassifier:
    """Load any encoder that transformers wrote into a directory, in evaluation mode.

    Nothing is fetched, no code of the directory is run, and weights are read from safetensors only.

    Args:
        directory: config.json, model.safetensors and the files of a fast tokeniser.
        head: key of :data:`HEADS`; the model is loaded for sequence classification or for masked
            words.
        labels: names of the answers; ``None`` takes those of the model (``sequence`` only). For
            ``masked``, words that are one piece each.

    Raises:
        CheckpointError: the directory is missing, lacks a file, holds another kind of model, or
            some of its weights are missing.
        ConfigError: transformers is not installed, or labels or head do not fit.
    """
    home = Path(directory)
    if head not in HEADS:
        raise ConfigError(f"head={head!r}; expected one of {', '.join(HEADS)}")
    if not (home / "config.json").is_file():
        raise CheckpointError(
            f"{home} holds no config.json; give the folder of a model that is on this disk "
            "(save_pretrained writes one; nothing is downloaded)"
        )
    if not list(home.glob("*.safetensors")):
        raise CheckpointError(f"{home} holds no .safetensors; save the model in that format first")
    if head == "masked" and labels is None:
        raise ConfigError("labels=None; the head 'masked' needs the words that are its answers")
    network = _load_network(home, head)
    tokenizer = _load_tokenizer(home)
    settings: Any = network.config
    names = tuple(labels or (str(settings.id2label[i]) for i in range(settings.num_labels)))
    if head == "sequence" and len(names) != settings.num_labels:
        raise ConfigError(f"labels={names}; the model in {home} has {settings.num_labels} answers")
    positions = min(
        int(getattr(settings, "max_position_embeddings", 512)),
        int(tokenizer.tokenizer.model_max_length),
    )
    loaded = TextClassifier(network, tokenizer, labels=names, head=head, positions=positions)
    return loaded.eval()


def _load_network(home: Path, head: str) -> nn.Module:
    transformers = _transformers()
    kinds = {
        "sequence": transformers.AutoModelForSequenceClassification,
        "masked": transformers.AutoModelForMaskedLM,
    }
    try:
        network, facts = kinds[head].from_pretrained(
            str(home),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="eager",
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{home} cannot be loaded for the head {head!r}: {error}") from error
    missing = sorted(facts["missing_keys"])
    if missing:
        raise CheckpointError(
            f"{home} lacks weights of the head {head!r} ({', '.join(missing[:3])} ...); they would "
            "be random: give a model that was trained for it"
        )
    loaded: nn.Module = network
    return loaded


def _load_tokenizer(home: Path) -> TextTokenizer:
    try:
        tokenizer = _transformers().AutoTokenizer.from_pretrained(
            str(home), local_files_only=True, trust_remote_code=False, use_fast=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{home} holds no tokeniser that can be read: {error}") from error
    if not getattr(tokenizer, "is_fast", False):
        raise CheckpointError(f"{home} holds a slow tokeniser; words need a fast (tokenizers) one")
    return TextTokenizer(tokenizer)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ConfigError(
            "encoders of text need transformers: pip install 'linguagraph[transformers]'"
        ) from error
    return transformers
