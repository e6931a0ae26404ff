"""Items and factors in, votes per covariate pattern and cluster (pairs) out, a part at a time.

Items that come in blocks are counted block by block, and pairs are worked on in parts of whole
clusters, so that what is needed at a time does not grow with the number of items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from linguagraph.aggregates.items import IntArray, Items, sums_by
from linguagraph.aggregates.retention_factors import Factor
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["Clusters", "Part", "cut_pairs", "dense_keys", "find_pairs"]

Clusters = Callable[[Items], IntArray]

_PART = 500_000
"""Pairs that are worked on at a time."""


@dataclass(frozen=True)
class Part:
    """Pairs of consecutive clusters.

    Attributes:
        pairs, clusters: where they are among all.
        cluster: [pairs], counted from the first of the part; pattern, rated, retained: as there.
    """

    pairs: slice
    clusters: slice
    cluster: IntArray
    pattern: IntArray
    rated: FloatArray
    retained: FloatArray

    @property
    def size(self) -> int:
        """How many clusters there are."""
        return int(self.clusters.stop - self.clusters.start)

    def matrix(self, values: FloatArray, patterns: int) -> csr_matrix:
        """Values of the pairs as a matrix [clusters, patterns]."""
        starts = np.searchsorted(self.cluster, np.arange(self.size + 1))
        return csr_matrix((values, self.pattern, starts), shape=(self.size, patterns))


def cut_pairs(
    cluster: IntArray, pattern: IntArray, rated: FloatArray, retained: FloatArray
) -> Iterator[Part]:
    """Pairs, sorted by cluster, in parts of whole clusters."""
    start, pairs = 0, len(cluster)
    while start < pairs:
        stop = start + _PART
        if stop < pairs:
            stop = int(np.searchsorted(cluster, cluster[stop], side="left"))
            if stop <= start:  # a cluster that is larger than a part
                stop = int(np.searchsorted(cluster, cluster[start], side="right"))
        where = slice(start, min(stop, pairs))
        own = cluster[where]
        first, last = int(own[0]), int(own[-1]) + 1
        yield Part(
            where,
            slice(first, last),
            own.astype(np.intp) - first,
            pattern[where].astype(np.intp),
            rated[where].astype(np.float64),
            retained[where].astype(np.float64),
        )
        start = where.stop


_Found = tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]


def find_pairs(items: Items, factors: Sequence[Factor], cluster: Clusters) -> _Found:
    """Codes [patterns, factors], and cluster, pattern, votes and votes for retaining of pairs."""
    parts = [_block_pairs(part, factors, cluster) for part in items.blocks()]
    keys = parts[0][0]
    if len(parts) > 1:
        keys = np.unique(np.concatenate([part[0] for part in parts]))
    patterns = [np.searchsorted(keys, part[0])[part[2]].astype(part[2].dtype) for part in parts]
    pairs = [np.concatenate([part[i] for part in parts]) for i in (1, 3, 4)]
    pattern = np.concatenate(patterns)
    codes = np.empty((len(keys), len(factors)), dtype=np.intp)
    for column in range(len(factors) - 1, -1, -1):
        keys, codes[:, column] = np.divmod(keys, len(factors[column].levels))
    return codes, pairs[0], pattern, pairs[1], pairs[2]


def _block_pairs(
    part: Items, factors: Sequence[Factor], cluster: Clusters
) -> tuple[NDArray[np.int64], IntArray, IntArray, FloatArray, FloatArray]:
    """Keys of the patterns of a block; then of its pairs cluster, place in keys, votes, kept."""
    key = np.zeros(len(part.rows), dtype=np.int64)
    for factor in factors:
        key = key * len(factor.levels) + factor.of(part)
    pattern, keys = dense_keys(key)
    pair, pairs = dense_keys(cluster(part).astype(np.int64) * max(1, len(keys)) + pattern)
    rated = sums_by(pair, part.rated, len(pairs))
    retained = sums_by(pair, part.retained, len(pairs))
    used = rated > 0
    at, which = np.divmod(pairs[used], max(1, len(keys)))
    at, rated, retained = at + part.first, rated[used], retained[used]
    if part.partial:  # one of many: as small as can be
        at, which = at.astype(np.int32), which.astype(np.int32)
        rated, retained = rated.astype(np.float32), retained.astype(np.float32)
    return keys, at, which, rated, retained


def dense_keys(key: NDArray[np.int64]) -> tuple[IntArray, NDArray[np.int64]]:
    """Codes from 0 and the distinct keys in ascending order."""
    top = int(key.max(initial=0)) + 1
    if top > 20 * len(key) + 10**6:
        keys, codes = np.unique(key, return_inverse=True)
        return codes.astype(np.intp), keys
    present = np.zeros(top, dtype=bool)
    present[key] = True
    place = np.cumsum(present, dtype=np.intp) - 1
    return place[key], np.flatnonzero(present).astype(np.int64)
