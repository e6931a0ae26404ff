"""Words of sentences -> pieces of a fast tokeniser of the transformers library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from linguagraph.errors import ConfigError
from linguagraph.models.text_batch import MASK, TextBatch

__all__ = ["TextTokenizer"]


@dataclass(frozen=True)
class TextTokenizer:
    """A :class:`linguagraph.models.text_batch.TextEncoder` around a ``PreTrainedTokenizerFast``."""

    tokenizer: Any

    def piece(self, word: str) -> int:
        """Number of a word that is one piece.

        Raises:
            ConfigError: the word is unknown, or takes several pieces.
        """
        pieces = self.tokenizer([[word]], is_split_into_words=True, add_special_tokens=False)
        numbers = pieces["input_ids"][0]
        if len(numbers) != 1 or numbers[0] == self.tokenizer.unk_token_id:
            raise ConfigError(f"the word {word!r} is not one piece of the tokeniser: {numbers}")
        return int(numbers[0])

    def encode(self, sentences: Sequence[Sequence[str]], *, max_pieces: int) -> TextBatch:
        """Sentences as words -> a batch; pieces beyond ``max_pieces`` are cut off.

        Raises:
            ConfigError: no sentence, one without a word, or a [MASK] that the tokeniser lacks.
        """
        if not sentences or not all(sentences):
            raise ConfigError("nothing to encode: give sentences of at least one word")
        mask = self.tokenizer.mask_token
        if mask is None and any(MASK in sentence for sentence in sentences):
            raise ConfigError("the tokeniser has no mask token; give sentences without [MASK]")
        words = [[mask if word == MASK else word for word in sentence] for sentence in sentences]
        made = self.tokenizer(
            words, is_split_into_words=True, truncation=True, max_length=max_pieces, padding=False
        )
        rows = list(made["input_ids"])
        shape = (len(rows), max(map(len, rows)))
        ids = torch.full(shape, int(self.tokenizer.pad_token_id or 0), dtype=torch.int64)
        present = torch.zeros(shape, dtype=torch.int64)
        numbers = torch.full(shape, -1, dtype=torch.int64)
        for row, pieces in enumerate(rows):
            ids[row, : len(pieces)] = torch.tensor(pieces)
            present[row, : len(pieces)] = 1
            owners = [-1 if word is None else word for word in made.word_ids(row)]
            numbers[row, : len(pieces)] = torch.tensor(owners)
        is_mask = torch.zeros(shape, dtype=torch.bool)
        if mask is not None:
            is_mask = (ids == self.tokenizer.mask_token_id) & (numbers >= 0)
        return TextBatch(
            input_ids=ids,
            attention_mask=present,
            special_tokens_mask=numbers < 0,
            word_ids=numbers,
            is_mask=is_mask,
        )
