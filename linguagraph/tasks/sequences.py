"""Seeds -> sequences of symbols whose label and deciding words are known.

After the synthetic tasks of Du et al. (2023, section 4), which ask whether the first token is
repeated; alphabet, lengths and the other tasks are ours. All labels are drawn with equal odds, and
other symbols are drawn so that a task cannot be solved by length or by single symbols alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from linguagraph.documents.labelled import LabelledText
from linguagraph.errors import ConfigError

__all__ = ["SEQUENCE_TASKS", "SequenceConfig", "SequenceExample", "draw_sequences"]


@dataclass(frozen=True)
class SequenceConfig:
    """What sequences are drawn from.

    Attributes:
        symbols: size of the alphabet; more than ``longest``.
        shortest, longest: lengths, drawn uniformly.
    """

    symbols: int = 12
    shortest: int = 4
    longest: int = 8

    def __post_init__(self) -> None:
        if not 4 <= self.shortest <= self.longest < self.symbols:
            raise ConfigError(
                f"shortest={self.shortest}, longest={self.longest}, symbols={self.symbols}; "
                "expected 4 <= shortest <= longest < symbols"
            )


@dataclass(frozen=True, slots=True)
class SequenceExample:
    """One sequence.

    Attributes:
        words: its symbols, ``s00`` ...
        label: 0 or 1.
        evidence: positions that decide the label where it is 1, from 0, ascending; for ``parity``,
            all positions of the first symbol.
    """

    words: tuple[str, ...]
    label: int
    evidence: tuple[int, ...]

    @property
    def labelled(self) -> LabelledText:
        """Words and label, as a classifier is trained on."""
        return LabelledText(self.words, self.label)


Draw = Callable[[np.random.Generator, SequenceConfig, int], tuple[list[int], tuple[int, ...]]]


def _distinct(random: np.random.Generator, config: SequenceConfig) -> list[int]:
    """Symbols that are all different."""
    length = int(random.integers(config.shortest, config.longest + 1))
    return [int(i) for i in random.permutation(config.symbols)[:length]]


def _first_symbol(
    random: np.random.Generator, config: SequenceConfig, label: int
) -> tuple[list[int], tuple[int, ...]]:
    """Is the first symbol of the second half of the alphabet?"""
    symbols = _distinct(random, config)
    half = config.symbols // 2
    if (symbols[0] >= half) is not bool(label):
        where = next((i for i, s in enumerate(symbols) if (s >= half) is bool(label)), None)
        if where is None:  # the sequence lacks such a symbol
            low, high = (half, config.symbols) if label else (0, half)
            symbols[0] = int(random.integers(low, high))
        else:
            symbols[0], symbols[where] = symbols[where], symbols[0]
    return symbols, (0,)


def _repeated(
    random: np.random.Generator, config: SequenceConfig, label: int
) -> tuple[list[int], tuple[int, ...]]:
    """Does the first symbol occur once more? Where it does not, another one does."""
    symbols = _distinct(random, config)
    first = 0 if label else int(random.integers(1, len(symbols) - 1))
    second = int(random.integers(first + 1, len(symbols)))
    symbols[second] = symbols[first]
    return symbols, ((0, second) if label else ())


def _any_repeated(
    random: np.random.Generator, config: SequenceConfig, label: int
) -> tuple[list[int], tuple[int, ...]]:
    """Does any symbol occur twice?"""
    symbols = _distinct(random, config)
    if not label:
        return symbols, ()
    first, second = sorted(int(i) for i in random.permutation(len(symbols))[:2])
    symbols[second] = symbols[first]
    return symbols, (first, second)


def _parity(
    random: np.random.Generator, config: SequenceConfig, label: int
) -> tuple[list[int], tuple[int, ...]]:
    """Is the number of occurrences of the first symbol even? One to four occur."""
    symbols = _distinct(random, config)
    more = (1 if label else 0) + 2 * int(random.integers(0, 2))
    rest = 1 + random.permutation(len(symbols) - 1)[:more]
    for place in rest:
        symbols[int(place)] = symbols[0]
    return symbols, tuple(sorted((0, *(int(place) for place in rest))))


SEQUENCE_TASKS: Mapping[str, Draw] = {
    "first_symbol": _first_symbol,
    "repeated": _repeated,
    "any_repeated": _any_repeated,
    "parity": _parity,
}
"""Tasks by name, from the one that needs a single word to the one that counts."""


def draw_sequences(
    task: str, count: int, *, seed: int, config: SequenceConfig | None = None
) -> list[SequenceExample]:
    """Draw examples of a task; the same seed gives the same ones.

    Args:
        task: key of :data:`SEQUENCE_TASKS`.
        count: how many, at least 1.
        seed: of the draw; config: alphabet and lengths.

    Raises:
        ConfigError: an unknown task, or a count below 1.
    """
    if task not in SEQUENCE_TASKS:
        raise ConfigError(f"task={task!r}; expected one of {', '.join(SEQUENCE_TASKS)}")
    if count < 1:
        raise ConfigError(f"count={count}; expected at least 1")
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        label = int(random.integers(2))
        symbols, evidence = SEQUENCE_TASKS[task](random, config or SequenceConfig(), label)
        drawn.append(SequenceExample(tuple(f"s{s:02}" for s in symbols), label, evidence))
    return drawn
