"""A stream of documents -> how often any two units stand in one window, with the margins.

Two kinds of window, each with its consistent two-by-two table (Evert 2008, Corpora and
collocations, calls them textual and surface co-occurrence):

* sentence, paragraph, document: a pair's count is the number of windows that hold both units, a
  unit's margin the number of windows that hold it, N the number of windows;
* tokens: after Levy & Goldberg (2014, section 2) every token with one neighbour at most ``size``
  tokens away is a case. Neighbours look both ways, so that N is the number of ordered (token,
  neighbour) pairs, a pair's count the number of such cases with the first unit as token and the
  second as neighbour (which equals the reverse), and a unit's margin the cases with it as token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError
from linguagraph.graphs.occurrences import CONTENT, Scheme, occurrences

__all__ = ["Cooccurrence", "count_cooccurrences"]

Ints = NDArray[np.int64]

_BLOCK = 1 << 22
"""Elementary additions or pairs that are worked on at a time."""


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """Counts of pairs of units.

    Attributes:
        scheme: what was counted and where.
        units: U names in alphabetical order.
        pairs: int32 [2, P]; indices of the first and second unit, first < second, ascending. A
            unit beside itself is not listed (in windows of tokens the margins and N include it).
        counts: int64 [P]; see the module for what is counted.
        occurrences: int64 [U]; the units' margins.
        frequencies: int64 [U]; tokens or mentions of each unit.
        windows: N, windows or (token, neighbour) cases; those of units left out included.
        documents, tokens: size of the corpus.
    """

    scheme: Scheme
    units: tuple[str, ...]
    pairs: NDArray[np.int32]
    counts: Ints
    occurrences: Ints
    frequencies: Ints
    windows: int
    documents: int
    tokens: int


class _Numbers(dict[str, int]):
    """Numbers names in the order in which they are first looked up."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


@dataclass(frozen=True, eq=False)
class _Corpus:
    """Units as numbers by first appearance, and their places: windows, or tokens of the corpus."""

    names: tuple[str, ...]
    units: Ints
    places: Ints
    windows: int
    documents: int
    tokens: int


def count_cooccurrences(
    documents: Iterable[Document],
    *,
    unit: str = "lemma",
    window: str = "sentence",
    size: int = 5,
    keep: Sequence[str] | None = CONTENT,
    min_occurrences: int = 1,
    min_count: int = 1,
    max_pairs: int = 40_000_000,
) -> Cooccurrence:
    """Count pairs of units over a corpus.

    Documents are read once, one at a time; of each occurrence 12 bytes are kept. Counting takes
    time in the number of pairs within windows and memory in the number of distinct pairs kept.

    Args:
        documents: the corpus.
        unit, window, size, keep: see :class:`linguagraph.graphs.occurrences.Scheme`.
        min_occurrences: leave out units with fewer tokens or mentions; margins of other units and
            N stay as they are.
        min_count: leave out pairs with a smaller count.
        max_pairs: refuse to hold more distinct pairs than this (12 bytes each, more while they
            are scored).

    Raises:
        ConfigError: an unknown option, or more than ``max_pairs`` pairs.
        DocumentError: windows are paragraphs and a document does not say where they are.
    """
    scheme = Scheme(unit, window, size, None if keep is None else tuple(keep))
    corpus = _gather(documents, scheme)
    frequencies = np.bincount(corpus.units, minlength=len(corpus.names)).astype(np.int64)
    kept = sorted(np.flatnonzero(frequencies >= min_occurrences), key=corpus.names.__getitem__)
    numbers = np.full(len(corpus.names), -1, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    if window == "tokens":
        margins, total = _neighbours(corpus, size)
        pairs, counts = _near_pairs(corpus, numbers, size, min_count, max_pairs)
    else:
        margins, total = _containing(corpus), corpus.windows
        pairs, counts = _shared_windows(corpus, numbers, len(kept), min_count, max_pairs)
    return Cooccurrence(
        scheme=scheme,
        units=tuple(corpus.names[number] for number in kept),
        pairs=pairs,
        counts=counts,
        occurrences=margins[kept],
        frequencies=frequencies[kept],
        windows=total,
        documents=corpus.documents,
        tokens=corpus.tokens,
    )


def _gather(documents: Iterable[Document], scheme: Scheme) -> _Corpus:
    """Read the corpus; tokens of different documents are never within reach of each other."""
    numbers = _Numbers()
    units, places = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int64)]
    by_token = scheme.window == "tokens"
    base = count = tokens = 0
    for document in documents:
        found = occurrences(document, scheme)
        named = map(numbers.__getitem__, found.names)
        units.append(np.fromiter(named, dtype=np.int32, count=len(found.names)))
        places.append(np.array(found.tokens if by_token else found.windows, dtype=np.int64) + base)
        base += found.num_tokens + scheme.size if by_token else found.num_windows
        count += 1
        tokens += found.num_tokens
    return _Corpus(
        names=tuple(numbers),
        units=np.concatenate(units).astype(np.int64),
        places=np.concatenate(places),
        windows=base,
        documents=count,
        tokens=tokens,
    )


def _containing(corpus: _Corpus) -> Ints:
    """Windows that hold each unit."""
    units = np.unique(corpus.places * len(corpus.names) + corpus.units) % max(len(corpus.names), 1)
    return np.bincount(units, minlength=len(corpus.names)).astype(np.int64)


def _shared_windows(
    corpus: _Corpus, numbers: Ints, size: int, min_count: int, max_pairs: int
) -> tuple[NDArray[np.int32], Ints]:
    """Windows that hold both units of a pair: the product of the incidence matrix with itself.

    Done for a block of first units at a time, so that only pairs that are kept take memory.
    """
    units = numbers[corpus.units]
    key = np.unique(corpus.places[units >= 0] * max(size, 1) + units[units >= 0])
    windows, units = np.divmod(key, max(size, 1))
    ones = np.ones(len(key), dtype=np.int32)
    holds = sparse.csr_array((ones, (windows, units)), shape=(corpus.windows, size))
    by_unit = holds.T.tocsr()
    work = np.asarray(by_unit @ np.diff(holds.indptr), dtype=np.int64)
    parts = [np.zeros((3, 0), dtype=np.int32)]
    found = 0
    for start, stop in _blocks(work, _BLOCK):
        product = (by_unit[start:stop] @ holds).tocsr()
        product.sort_indices()
        first = np.repeat(np.arange(start, stop), np.diff(product.indptr))
        good = (product.indices > first) & (product.data >= min_count)
        part = np.stack((first[good], product.indices[good], product.data[good]))
        found += part.shape[1]
        _check_room(found, max_pairs)
        parts.append(part.astype(np.int32))
    joined: NDArray[np.int32] = np.concatenate(parts, axis=1)
    return joined[:2], joined[2].astype(np.int64)


def _neighbours(corpus: _Corpus, size: int) -> tuple[Ints, int]:
    """Neighbours of each unit's tokens, and of all; places ascend."""
    places = corpus.places
    after = np.searchsorted(places, places + size, side="right")
    before = np.searchsorted(places, places - size, side="left")
    margins = np.zeros(len(corpus.names), dtype=np.int64)
    np.add.at(margins, corpus.units, after - before - 1)
    return margins, int(margins.sum())


def _near_pairs(
    corpus: _Corpus, numbers: Ints, size: int, min_count: int, max_pairs: int
) -> tuple[NDArray[np.int32], Ints]:
    """Pairs of tokens at most ``size`` apart, by their two units."""
    units = numbers[corpus.units]
    kept = units >= 0
    units, places = units[kept], corpus.places[kept]
    base = max(int(units.max(initial=0)) + 1, 1)
    keys, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    waiting: list[Ints] = []
    held = 0
    for left, right in near(places, size):
        first, second = units[left], units[right]
        other = first != second
        low, high = np.minimum(first, second)[other], np.maximum(first, second)[other]
        waiting.append(low * base + high)
        held += len(low)
        if held >= _BLOCK:
            keys, counts = _tally(keys, counts, waiting)
            _check_room(len(keys), max_pairs if min_count <= 1 else 2 * max_pairs)
            waiting, held = [], 0
    keys, counts = _tally(keys, counts, waiting)
    good = counts >= min_count
    _check_room(int(good.sum()), max_pairs)
    pairs = np.stack(np.divmod(keys[good], base)).astype(np.int32)
    return pairs, counts[good]


def near(places: Ints, size: int) -> Iterator[tuple[Ints, Ints]]:
    """Index pairs (left < right) of ascending places at most ``size`` apart, in blocks."""
    block = max(_BLOCK // 4, 1)
    for start in range(0, len(places), block):
        left = np.arange(start, min(start + block, len(places)))
        shift = 1
        while len(left := left[left + shift < len(places)]):
            left = left[places[left + shift] - places[left] <= size]
            yield left, left + shift
            shift += 1


def _tally(keys: Ints, counts: Ints, waiting: list[Ints]) -> tuple[Ints, Ints]:
    """Add keys that wait to be counted to sorted keys with their counts."""
    fresh, added = np.unique(np.concatenate([keys[:0], *waiting]), return_counts=True)
    joined = np.concatenate((keys, fresh))
    order = np.argsort(joined, kind="stable")
    joined, numbers = joined[order], np.concatenate((counts, added))[order]
    starts = np.flatnonzero(np.r_[True, joined[1:] != joined[:-1]]) if len(joined) else joined
    return joined[starts], np.add.reduceat(numbers, starts) if len(joined) else numbers


def _blocks(work: Ints, limit: int) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of indices whose work adds up to about ``limit``."""
    if not len(work):
        return
    groups = np.cumsum(work) // limit
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]).tolist()
    yield from zip(starts, [*starts[1:], len(work)], strict=True)


def _check_room(found: int, limit: int) -> None:
    if found > limit:
        raise ConfigError(
            f"more than {limit:,} distinct pairs; raise min_count or min_occurrences, or choose a "
            "smaller window"
        )
