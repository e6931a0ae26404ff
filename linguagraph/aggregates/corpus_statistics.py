"""Sentences in, in one pass; counts, predicates, labels, tree depths and distances out.

Dependency distance is that of Liu (2008, "Dependency distance as a metric of language comprehension
difficulty", Journal of Cognitive Science 9): the difference of the positions of head and dependent,
and the mean dependency distance (MDD) of a sample is the sum over all dependencies but those of
roots, divided by their number. It is given with every token counted and, as is usual in that
literature, with punctuation taken out and the other tokens numbered anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import FloatArray, Resampling, percentile_interval, resample
from linguagraph.documents.records import ROOT, Sentence, Token, predicate_type
from linguagraph.documents.trees import find_cycle

__all__ = ["TOP", "CorpusStatistics", "corpus_statistics", "distribution", "tree_depth"]

TOP = 25
"""Distributions have one row per value below this and one for it and all above."""

_LEMMAS = 5
_MEASURES = {
    "tokens per sentence": "sentences",
    "tree depth": "trees",
    "dependency distance": "dependencies",
    "dependency distance without punctuation": "dependencies",
}


@dataclass(frozen=True)
class CorpusStatistics:
    """What a corpus is made of.

    Attributes:
        documents: distinct document identifiers; 0 where the format has none.
        sentences, tokens, predicates: counts.
        trees: sentences in which every token has a head and no heads form a cycle.
        measures: ``measure``, ``mean``, ``low``, ``high`` (percentile interval over resampled
            sentences), ``median``, ``max``, ``n``, ``unit_of_n``; distances and lengths in tokens,
            depths in edges. NaN where n is 0.
        types: ``predicate_type``, ``n``, ``share`` (of predicates), ``lemmas`` (the most frequent).
        labels: ``label``, ``n``, ``share`` (of dependencies, roots left out), ``mean_distance``
            (tokens), ``head_first`` (share whose head precedes); most frequent first.
        depths, distances: as :func:`distribution` gives them, over trees and over dependencies.
    """

    documents: int
    sentences: int
    tokens: int
    predicates: int
    trees: int
    measures: pd.DataFrame
    types: pd.DataFrame
    labels: pd.DataFrame
    depths: pd.DataFrame
    distances: pd.DataFrame


def corpus_statistics(
    sentences: Iterable[Sentence], *, resampling: Resampling | None = None
) -> CorpusStatistics:
    """Count a corpus; sentences are looked at once and let go, in time linear in their length."""
    tally = _Tally()
    for sentence in sentences:
        tally.add(sentence)
    return CorpusStatistics(
        documents=len(tally.documents),
        sentences=len(tally.cells),
        tokens=sum(length * n for length, n in tally.lengths.items()),
        predicates=sum(tally.types.values()),
        trees=sum(tally.depths.values()),
        measures=_measures(tally, resampling or Resampling()),
        types=_types(tally),
        labels=_labels(tally),
        depths=distribution(tally.depths, "depth", least=0),
        distances=distribution(tally.distances, "distance", least=1),
    )


def tree_depth(heads: Sequence[int | None]) -> int | None:
    """Edges between a root and the token farthest below it; ``None`` for what is no tree."""
    known = [head for head in heads if head is not None]
    if not known or len(known) < len(heads) or find_cycle(known) is not None:
        return None
    depth = [-1] * len(known)
    for start in range(len(known)):
        trail, node = [], start
        while node != ROOT and depth[node] < 0:
            trail.append(node)
            node = known[node]
        level = 0 if node == ROOT else depth[node] + 1
        for below, token in enumerate(reversed(trail)):
            depth[token] = level + below
    return max(depth)


def distribution(counts: Counter[int], name: str, *, least: int, top: int = TOP) -> pd.DataFrame:
    """Counts of whole numbers -> one row per value, those from ``top`` on in one.

    Returns:
        ``name`` ("1", "2" ... "25+"), ``from`` (the smallest value of the row), ``n`` and
        ``share``, without gaps from ``least`` to the largest value; empty where nothing is counted.
    """
    total = sum(counts.values())
    last = min(max(counts, default=least - 1), top)
    rows = []
    for value in range(least, last + 1):
        tail = value == top
        n = sum(k for v, k in counts.items() if v >= top) if tail else counts[value]
        rows.append((f"{value}+" if tail else str(value), value, n, n / total))
    return pd.DataFrame(rows, columns=[name, "from", "n", "share"])


@dataclass
class _Tally:
    """Counts so far; one short row of ``cells`` per sentence."""

    documents: set[str] = field(default_factory=set)
    cells: list[tuple[int, ...]] = field(default_factory=list)
    lengths: Counter[int] = field(default_factory=Counter)
    depths: Counter[int] = field(default_factory=Counter)
    distances: Counter[int] = field(default_factory=Counter)
    bare: Counter[int] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    label_distance: Counter[str] = field(default_factory=Counter)
    head_first: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    lemmas: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, sentence: Sentence) -> None:
        tokens = sentence.tokens
        if sentence.document:
            self.documents.add(sentence.document)
        depth = tree_depth([token.head for token in tokens])
        self.lengths[len(tokens)] += 1
        if depth is not None:
            self.depths[depth] += 1
        self.cells.append((len(tokens), 1, depth or 0, depth is not None, *self._distances(tokens)))
        for frame in sentence.frames:
            token = tokens[frame.predicate]
            kind = predicate_type(token.xpos, token.upos)
            self.types[kind] += 1
            self.lemmas.setdefault(kind, Counter())[token.lemma or token.form] += 1

    def _distances(self, tokens: Sequence[Token]) -> tuple[int, int, int, int]:
        """Sum and number of distances, with punctuation and without."""
        words = [not _is_punctuation(token) for token in tokens]
        place = list(accumulate(words))
        total = count = bare_total = bare_count = 0
        for token in tokens:
            if token.head is None or token.head < 0:
                continue
            distance, label = abs(token.index - token.head), token.deprel or "_"
            total, count = total + distance, count + 1
            self.distances[distance] += 1
            self.labels[label] += 1
            self.label_distance[label] += distance
            self.head_first[label] += token.head < token.index
            if words[token.index] and words[token.head]:
                between = abs(place[token.index] - place[token.head])
                bare_total, bare_count = bare_total + between, bare_count + 1
                self.bare[between] += 1
        return total, count, bare_total, bare_count


def _is_punctuation(token: Token) -> bool:
    if token.upos is not None:
        return token.upos == "PUNCT"
    return token.deprel in ("punct", "P")


def _measures(tally: _Tally, resampling: Resampling) -> pd.DataFrame:
    cells: FloatArray = np.array(tally.cells, dtype=np.float64).reshape(-1, 8)
    (sums,) = resample(cells.reshape(-1, 4, 2), resampling=resampling)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.total[:, 0] / sums.total[:, 1]
        samples = sums.samples[..., 0] / sums.samples[..., 1]
    low, high = percentile_interval(samples, level=resampling.level)
    counted = (tally.lengths, tally.depths, tally.distances, tally.bare)
    return pd.DataFrame(
        {
            "measure": list(_MEASURES),
            "mean": means,
            "low": low,
            "high": high,
            "median": [_median(counts) for counts in counted],
            "max": [float(max(counts, default=np.nan)) for counts in counted],
            "n": sums.total[:, 1].astype(np.int64),
            "unit_of_n": list(_MEASURES.values()),
        }
    )


def _median(counts: Counter[int]) -> float:
    """The median of counted whole numbers; NaN of none."""
    if not counts:
        return float("nan")
    values = np.array(sorted(counts))
    ends = np.cumsum([counts[int(value)] for value in values])
    middle = np.searchsorted(ends, [(ends[-1] - 1) // 2, ends[-1] // 2], side="right")
    return float(values[middle].mean())


def _types(tally: _Tally) -> pd.DataFrame:
    order = [kind for kind in "VNJO" if kind in tally.types]
    total = sum(tally.types.values())
    rows = [
        (
            kind,
            tally.types[kind],
            tally.types[kind] / total,
            ", ".join(f"{lemma} ({n})" for lemma, n in tally.lemmas[kind].most_common(_LEMMAS)),
        )
        for kind in order
    ]
    return pd.DataFrame(rows, columns=["predicate_type", "n", "share", "lemmas"])


def _labels(tally: _Tally) -> pd.DataFrame:
    total = sum(tally.labels.values())
    rows = [
        (label, n, n / total, tally.label_distance[label] / n, tally.head_first[label] / n)
        for label, n in sorted(tally.labels.items(), key=lambda item: (-item[1], item[0]))
    ]
    return pd.DataFrame(rows, columns=["label", "n", "share", "mean_distance", "head_first"])
