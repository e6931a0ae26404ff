"""Training sentences -> a vocabulary of whole words; unknown words share pieces by their ending."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.files import write_json
from linguagraph.models.text_batch import MASK, TextBatch

__all__ = ["SPECIAL", "TextVocabulary"]

PAD, UNKNOWN, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = (PAD, UNKNOWN, CLS, SEP, MASK)
"""The first five items of every vocabulary."""

_ENDING = 2  # characters
_COMMON = 20  # rare words that must share an ending for it to have a piece of its own


@dataclass(frozen=True)
class TextVocabulary:
    """Ordered pieces: :data:`SPECIAL`, endings of unknown words (``[UNK]ed``), then words.

    Words are looked up in lower case. It is a :class:`linguagraph.models.text_batch.TextEncoder`
    with one piece per word.

    Raises:
        CheckpointError: the special pieces are not first, or a piece is listed twice.
    """

    items: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.items[: len(SPECIAL)] != SPECIAL or len(set(self.items)) != len(self.items):
            raise CheckpointError(
                f"a vocabulary of words lists {', '.join(SPECIAL)} first and nothing twice"
            )

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def index(self) -> dict[str, int]:
        """Piece to number."""
        return {item: i for i, item in enumerate(self.items)}

    @classmethod
    def build(
        cls,
        sentences: Iterable[Sequence[str]],
        *,
        least: int = 2,
        endings: bool = False,
        always: Sequence[str] = (),
    ) -> TextVocabulary:
        """Count over training sentences.

        Args:
            sentences: as words.
            least: rarer words are unknown.
            endings: unknown words whose last two characters are common among rare words share a
                piece of that ending, so that a model can tell them apart ("zygotes", "zygote").
            always: words that are never unknown.

        Raises:
            ConfigError: ``least`` is below 1.
        """
        if least < 1:
            raise ConfigError(f"least={least}; expected at least 1")
        counts = Counter(word.lower() for sentence in sentences for word in sentence)
        for word in (*SPECIAL, *(item.lower() for item in SPECIAL)):
            counts.pop(word, None)
        kept = {word for word, n in counts.items() if n >= least} | {w.lower() for w in always}
        rare: Counter[str] = Counter()
        if endings:
            rare.update(_ending(word) for word in counts if word not in kept)
        shared = sorted(ending for ending, n in rare.items() if n >= _COMMON)
        words = sorted(kept, key=lambda word: (-counts[word], word))
        return cls((*SPECIAL, *shared, *words))

    def piece(self, word: str) -> int:
        """Number of a word that is listed.

        Raises:
            ConfigError: it is not.
        """
        found = self.index.get(word if word in SPECIAL else word.lower())
        if found is None:
            raise ConfigError(f"the word {word!r} is not in the vocabulary of {len(self)} pieces")
        return found

    def number(self, word: str) -> int:
        """Number of any word: its own, that of its ending, or that of [UNK]."""
        if word == MASK:
            return self.index[MASK]
        lower = word.lower()
        found = self.index.get(lower)
        return self.index.get(_ending(lower), 1) if found is None else found

    def encode(self, sentences: Sequence[Sequence[str]], *, max_pieces: int) -> TextBatch:
        """Sentences as words -> a batch, one piece per word between [CLS] and [SEP].

        Args:
            sentences: B sentences of one word at least.
            max_pieces: words beyond ``max_pieces - 2`` are cut off.

        Raises:
            ConfigError: no sentence, or one without a word.
        """
        if not sentences or not all(sentences):
            raise ConfigError("nothing to encode: give sentences of at least one word")
        cut = [sentence[: max_pieces - 2] for sentence in sentences]
        shape = (len(cut), max(map(len, cut)) + 2)
        ids = torch.zeros(shape, dtype=torch.int64)
        words = torch.full(shape, -1, dtype=torch.int64)
        for row, sentence in enumerate(cut):
            numbers = [self.index[CLS], *map(self.number, sentence), self.index[SEP]]
            ids[row, : len(numbers)] = torch.tensor(numbers)
            words[row, 1 : len(sentence) + 1] = torch.arange(len(sentence))
        return TextBatch(
            input_ids=ids,
            attention_mask=(ids != 0).long(),
            special_tokens_mask=words < 0,
            word_ids=words,
            is_mask=ids == self.index[MASK],
        )

    def save(self, path: str | Path) -> Path:
        """Write a JSON list, all or nothing; returns the path."""
        return write_json(path, list(self.items))

    @classmethod
    def load(cls, path: str | Path) -> TextVocabulary:
        """Read what :meth:`save` wrote.

        Raises:
            CheckpointError: the file is missing or is no list of strings.
        """
        try:
            items = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} is no vocabulary: {error}") from error
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise CheckpointError(f"{path} is no vocabulary: expected a JSON list of strings")
        return cls(tuple(items))


def _ending(word: str) -> str:
    return UNKNOWN + word[-_ENDING:]
