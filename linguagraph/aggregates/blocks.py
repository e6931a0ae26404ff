"""Counts per sentence, a block of sentences at a time, in; sums over resamples of all of them out.

What an aggregate counts is added up over sentences, and so is every resample of it: a resample is a
row of weights, one per sentence, and its sums are the weights times the counts. Nothing therefore
needs the counts of all sentences at once. Where tables are larger than memory, the weights are
drawn once, by the generator and in the order of
:func:`linguagraph.aggregates.statistics.resample`, and kept on disk; each block of counts is then
multiplied by its columns of them. Sums of whole numbers are exact, so the result is the same to
the last bit; sums of fractions may differ in the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linguagraph.aggregates.statistics import FloatArray, Resampling, Sums, drawn_weights, resample
from linguagraph.errors import TableError

__all__ = ["Blocks", "Draws"]

_KIND = np.uint16  # how often a sentence may be drawn in one resample: far below 65,536
_SURE = 2**21  # whole sums below this are exact in float32, however they are resampled


@dataclass(frozen=True)
class Draws:
    """Weights of resamples on disk, drawn once for each number of sentences.

    Attributes:
        folder: where they are kept; whoever made it removes it.
    """

    folder: Path

    def weights(self, sentences: int, resampling: Resampling) -> NDArray[np.uint16]:
        """Weights [resamples, sentences], uint16, mapped from disk; close them soon."""
        shape = (resampling.resamples, sentences)
        name = f"draws-{resampling.seed}-{shape[0]}-{sentences}.u16"
        path = self.folder / name
        if not path.is_file():
            unfinished = path.with_suffix(".part")
            with open(unfinished, "wb") as file:
                for _, weights in drawn_weights(sentences, resampling):
                    file.write(weights.astype(_KIND).tobytes())
            unfinished.replace(path)
        return np.memmap(path, dtype=_KIND, mode="r", shape=shape)


@dataclass(frozen=True)
class Blocks:
    """Arrays [sentences, cells...], all with the same sentences, in blocks of sentences.

    Attributes:
        make: gives the blocks, in the order of the sentences, as often as it is called; one at
            least.
        sentences: how many sentences there are in all.
        draws: where weights are kept; ``None`` if there is one block, which is in memory.
    """

    make: Callable[[], Iterator[tuple[FloatArray, ...]]]
    sentences: int
    draws: Draws | None = None

    @classmethod
    def whole(cls, *counts: FloatArray) -> Blocks:
        """One block, with all sentences."""
        return cls(lambda: iter((counts,)), len(counts[0]))

    def select(self, part: Callable[..., tuple[FloatArray, ...]]) -> Blocks:
        """What ``part`` makes of the arrays of a block, sentence by sentence, in their place."""
        return Blocks(lambda: (part(*c) for c in self.make()), self.sentences, self.draws)

    def add(self, part: Callable[..., tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
        """Sums over the blocks of what ``part`` makes of the arrays of each."""
        total: tuple[FloatArray, ...] = ()
        for counts in self.make():
            found = part(*counts)
            total = tuple(a + b for a, b in zip(total, found, strict=True)) if total else found
        return total

    def resample(self, *, resampling: Resampling) -> tuple[Sums, ...]:
        """As :func:`linguagraph.aggregates.statistics.resample` on the counts of all sentences.

        Raises:
            TableError: the blocks do not hold as many sentences as was said.
        """
        if self.draws is None:
            return resample(*next(iter(self.make())), resampling=resampling)
        total: list[FloatArray] = []
        samples: list[FloatArray] = []
        used: list[NDArray[np.intp]] = []
        few = self.sentences < resampling.min_sentences
        start = 0
        for counts in self.make():
            stop = start + len(counts[0])
            weights = None if few else self._weights(start, stop, resampling)
            for place, array in enumerate(counts):
                sums, seen = array.sum(axis=0), np.count_nonzero(array, axis=0)
                if place == len(total):
                    shape = (resampling.resamples, *array.shape[1:])
                    total.append(np.zeros(array.shape[1:]))
                    used.append(np.zeros(array.shape[1:], dtype=np.intp))
                    samples.append(np.full(shape, np.nan if few else 0.0))
                total[place] = total[place] + sums
                used[place] = used[place] + seen
                if weights is not None and stop > start:
                    samples[place] += _product(weights, array).reshape(samples[place].shape)
            start = stop
        if start != self.sentences:
            raise TableError(f"{start} sentences were counted where {self.sentences} are known")
        return tuple(Sums(*sums) for sums in zip(total, samples, used, strict=True))

    def _weights(self, start: int, stop: int, resampling: Resampling) -> NDArray[np.float32]:
        assert self.draws is not None
        found = self.draws.weights(self.sentences, resampling)
        return np.asarray(found[:, start:stop], dtype=np.float32)


def _product(weights: NDArray[np.float32], array: FloatArray) -> NDArray[np.floating]:
    """Weights [resamples, sentences] times counts [sentences, cells...]: [resamples, cells]."""
    flat = array.reshape(len(array), int(np.prod(array.shape[1:], dtype=np.intp)))
    if not flat.shape[1]:
        return np.zeros((len(weights), 0))
    used = np.flatnonzero(flat.any(axis=0))
    flat, result = flat[:, used], np.zeros((len(weights), flat.shape[1]))
    exact = np.abs(flat).sum(axis=0).max(initial=0) < _SURE and bool((flat == np.rint(flat)).all())
    kind = np.float32 if exact else np.float64
    result[:, used] = np.matmul(weights.astype(kind, copy=False), flat.astype(kind))
    return result
