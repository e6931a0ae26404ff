"""Sentences as words -> padded rows of piece numbers, with the word of every piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["MASK", "TextBatch", "TextEncoder"]

MASK = "[MASK]"
"""The word that every encoder turns into its mask token."""


@dataclass(frozen=True)
class TextBatch:
    """B sentences, padded to T pieces at the right.

    Attributes:
        input_ids: int64 [B, T], pieces of the vocabulary.
        attention_mask: int64 [B, T], 1 where there is a piece, 0 where there is padding.
        special_tokens_mask: bool [B, T], true for [CLS], [SEP] and padding; a [MASK] that stands
            for a word is none.
        word_ids: int64 [B, T], word of each piece from 0, -1 for special tokens.
        is_mask: bool [B, T], true where the piece is [MASK].
    """

    input_ids: Tensor
    attention_mask: Tensor
    special_tokens_mask: Tensor
    word_ids: Tensor
    is_mask: Tensor

    def __len__(self) -> int:
        return int(self.input_ids.shape[0])

    def to(self, device: torch.device | str) -> TextBatch:
        """The same on another device."""
        return TextBatch(**{name: value.to(device) for name, value in vars(self).items()})

    def mask_columns(self) -> Tensor:
        """int64 [B], column of the first [MASK] of each sentence; -1 where it has none."""
        found = self.is_mask.any(1)
        return torch.where(found, self.is_mask.int().argmax(1), -1)


class TextEncoder(Protocol):
    """Words to pieces: our own vocabulary, or the tokeniser of a model on disk."""

    def encode(self, sentences: Sequence[Sequence[str]], *, max_pieces: int) -> TextBatch:
        """Sentences as words -> a batch; what goes beyond ``max_pieces`` is cut off."""

    def piece(self, word: str) -> int:
        """Number of a word that is one piece.

        Raises:
            ConfigError: the word is unknown, or takes several pieces.
        """
