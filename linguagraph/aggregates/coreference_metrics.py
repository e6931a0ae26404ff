"""Key and response entities of one document -> counts of MUC, B-cubed and CEAF, to be added up.

Entities are sets of mentions, and a mention belongs to one entity at most. Every metric is a pair
of fractions, recall and precision, whose numerators and denominators are added over the documents
before anything is divided (as the CoNLL reference scorer does, Pradhan et al. 2014).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["METRICS", "Entities", "Fractions", "b_cubed", "ceaf_e", "ceaf_m", "muc"]

Entities = Sequence[frozenset[Hashable]]


@dataclass(frozen=True, slots=True)
class Fractions:
    """Recall and precision as numerators and denominators.

    A measure whose denominator is 0 is 0, as in the CoNLL reference scorer; so is F1 where
    precision and recall are 0.

    Attributes:
        recalled, key: numerator and denominator of recall.
        correct, response: numerator and denominator of precision.
    """

    recalled: float = 0.0
    key: float = 0.0
    correct: float = 0.0
    response: float = 0.0

    def __add__(self, other: Fractions) -> Fractions:
        return Fractions(
            self.recalled + other.recalled,
            self.key + other.key,
            self.correct + other.correct,
            self.response + other.response,
        )

    @property
    def recall(self) -> float:
        """0 to 1."""
        return self.recalled / self.key if self.key else 0.0

    @property
    def precision(self) -> float:
        """0 to 1."""
        return self.correct / self.response if self.response else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 to 1."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def muc(key: Entities, response: Entities) -> Fractions:
    """MUC: links kept, of those that hold the entities together (Vilain et al. 1995).

    Recall is the sum over key entities K of ``|K| - |p(K)|``, divided by that of ``|K| - 1``;
    ``p(K)`` are the parts into which the response cuts K, a mention that the response lacks being a
    part of its own. Precision swaps key and response. Singletons do not count.
    """
    return Fractions(*_kept_links(key, response), *_kept_links(response, key))


def b_cubed(key: Entities, response: Entities) -> Fractions:
    """B-cubed: the shared part of each mention's two entities (Bagga and Baldwin 1998).

    Recall is the mean over key mentions m of ``|K(m) & R(m)| / |K(m)|``, 0 for a mention that the
    response lacks; precision swaps key and response.
    """
    return Fractions(*_shared_parts(key, response), *_shared_parts(response, key))


def ceaf_m(key: Entities, response: Entities) -> Fractions:
    """Mention-based CEAF: ``phi_3 = |K & R|`` under the best alignment (Luo 2005).

    Recall divides by the number of key mentions, precision by that of response mentions.
    """
    found = _aligned(key, response, lambda shared, ours, theirs: shared)
    return Fractions(found, sum(map(len, key)), found, sum(map(len, response)))


def ceaf_e(key: Entities, response: Entities) -> Fractions:
    """Entity-based CEAF: ``phi_4 = 2 |K & R| / (|K| + |R|)`` under the best alignment (Luo 2005).

    Recall divides by the number of key entities, precision by that of response entities.
    """
    found = _aligned(key, response, lambda shared, ours, theirs: 2 * shared / (ours + theirs))
    return Fractions(found, len(key), found, len(response))


METRICS: dict[str, Callable[[Entities, Entities], Fractions]] = {
    "muc": muc,
    "b_cubed": b_cubed,
    "ceaf_e": ceaf_e,
    "ceaf_m": ceaf_m,
}
"""Every coreference metric by name."""


def _kept_links(entities: Entities, other: Entities) -> tuple[int, int]:
    member = _membership(other)
    kept = total = 0
    for entity in entities:
        parts = {member[mention] for mention in entity if mention in member}
        alone = sum(mention not in member for mention in entity)
        kept += len(entity) - len(parts) - alone
        total += len(entity) - 1
    return kept, total


def _shared_parts(entities: Entities, other: Entities) -> tuple[float, int]:
    overlaps = _overlaps(entities, other)
    shared = sum(count**2 / len(entities[row]) for (row, _), count in overlaps.items())
    return shared, sum(map(len, entities))


def _aligned(
    key: Entities, response: Entities, similarity: Callable[[int, int, int], float]
) -> float:
    """Total similarity of the best one-to-one alignment of key and response entities."""
    overlaps = _overlaps(key, response)
    if not overlaps:
        return 0.0
    rows = {row: place for place, row in enumerate(sorted({row for row, _ in overlaps}))}
    columns = {col: place for place, col in enumerate(sorted({col for _, col in overlaps}))}
    table: NDArray[np.float64] = np.zeros((len(rows), len(columns)))
    for (row, column), shared in overlaps.items():
        value = similarity(shared, len(key[row]), len(response[column]))
        table[rows[row], columns[column]] = value
    return float(table[linear_sum_assignment(table, maximize=True)].sum())


def _overlaps(first: Entities, second: Entities) -> Counter[tuple[int, int]]:
    """Number of shared mentions by pair of positions, where there are any."""
    member = _membership(second)
    return Counter(
        (row, member[mention])
        for row, entity in enumerate(first)
        for mention in entity
        if mention in member
    )


def _membership(entities: Entities) -> Mapping[Hashable, int]:
    return {mention: place for place, entity in enumerate(entities) for mention in entity}
