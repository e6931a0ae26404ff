"""Scored pairs of units -> co-occurrence edges between the tokens of one document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.documents.records import Document
from linguagraph.errors import ConfigError, TableError
from linguagraph.graphs.cooccurrence import near
from linguagraph.graphs.occurrences import CONTENT, Scheme, occurrences
from linguagraph.graphs.textgraph import DIRECTIONS, TextGraph

__all__ = ["COOCCURRENCE_LABEL", "PairScores", "cooccurrence_graph", "pair_scores"]

COOCCURRENCE_LABEL = "cooccurrence"
"""Label of every co-occurrence edge; the score is its weight."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PairScores:
    """An association table made ready for look-ups.

    Attributes:
        numbers: number of each of the U units, in alphabetical order.
        keys: int64 [2 P], ``first * U + second`` of every pair in both orders, ascending.
        scores: float64 [2 P], above 0.
    """

    numbers: dict[str, int]
    keys: Ints
    scores: Floats

    def look_up(self, first: Ints, second: Ints) -> Floats:
        """Scores of pairs of units, 0 where there is none."""
        if not len(self.keys):
            return np.zeros(len(first))
        wanted = first * len(self.numbers) + second
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, self.scores[at], 0.0)

    def ranges(self, units: Ints) -> tuple[Ints, Ints]:
        """Where the pairs that begin with each unit start and end in ``keys``."""
        size = len(self.numbers)
        return np.searchsorted(self.keys, units * size), np.searchsorted(
            self.keys, (units + 1) * size
        )


def pair_scores(table: pd.DataFrame, *, minimum: float = 0.0) -> PairScores:
    """Look up scores of pairs; those below ``minimum``, at 0 or below it are left out.

    Raises:
        TableError: a column is missing.
    """
    missing = [name for name in ("first", "second", "score") if name not in table.columns]
    if missing:
        raise TableError(f"the table of pairs lacks the columns {missing}; make it with associate")
    score = table["score"].to_numpy(dtype=np.float64)
    kept = (score >= minimum) & (score > 0.0)
    ends = [pd.Categorical(table.loc[kept, name]) for name in ("first", "second")]
    names = sorted({str(name) for end in ends for name in end.categories[np.unique(end.codes)]})
    numbers = {name: number for number, name in enumerate(names)}
    first, second = (
        np.array([numbers.get(str(n), -1) for n in end.categories], dtype=np.int64)[end.codes]
        for end in ends
    )
    keys = np.concatenate((first * len(names) + second, second * len(names) + first))
    order = np.argsort(keys, kind="stable")
    return PairScores(numbers, keys[order], np.tile(score[kept], 2)[order])


def cooccurrence_graph(
    document: Document,
    scores: PairScores | pd.DataFrame,
    *,
    unit: str = "lemma",
    window: str = "sentence",
    size: int = 5,
    keep: Sequence[str] | None = CONTENT,
    minimum: float = 0.0,
    top: int = 5,
) -> TextGraph:
    """Link tokens of a document whose units belong together in the corpus.

    Each occurrence of a unit chooses, among the other units of its window, the ``top`` with the
    highest scores (equal scores: in alphabetical order), and of each its nearest occurrence in the
    window (equally near: the earlier). Two units of one token are never linked. The
    chosen pairs of tokens are then taken best first (equal scores: nearer, then earlier), each
    unless one of its tokens has ``top`` neighbours already. So no token has more than that, and
    the graph is linear in the text.

    Nodes are all tokens of the document (offset of the sentence + token). The k-th pair in text
    order gives edge ``2k``, ``->`` from the earlier token to the later, and ``2k + 1``, ``<-``
    back; both have the label :data:`COOCCURRENCE_LABEL` and the score as weight.

    Args:
        document: tokens with lemmas, or chains where ``unit`` needs them.
        scores: see :func:`pair_scores`; a table from
            :func:`linguagraph.graphs.association.associate` is made ready first, which is slow
            for many documents.
        unit, window, size, keep: see :class:`linguagraph.graphs.occurrences.Scheme`; the unit
            should be the one that was counted, the window may be another.
        minimum: smallest score; scores of 0 and below make no edge.
        top: largest number of neighbours of a token.

    Raises:
        ConfigError: an unknown option, or ``top`` below 1.
        DocumentError: windows are paragraphs and the document does not say where they are.
    """
    if top < 1:
        raise ConfigError(f"top={top}; expected at least 1")
    scheme = Scheme(unit, window, size, None if keep is None else tuple(keep))
    known = scores if isinstance(scores, PairScores) else pair_scores(scores)
    found = occurrences(document, scheme)
    numbers = np.array([known.numbers.get(name, -1) for name in found.names], dtype=np.int64)
    inside = numbers >= 0
    units = numbers[inside]
    tokens = np.array(found.tokens, dtype=np.int64)[inside]
    windows = np.array(found.windows, dtype=np.int64)[inside]
    if window == "tokens":
        chosen = _choose_near(units, tokens, known, size, minimum, top)
    else:
        chosen = _choose_in_windows(units, tokens, windows, known, minimum, top)
    return _graph(found.num_tokens, *_bounded(*chosen, top))


def _choose_near(
    units: Ints, tokens: Ints, scores: PairScores, size: int, minimum: float, top: int
) -> tuple[Ints, Ints, Floats]:
    """Choices in windows of tokens: (token, partner, score) for each occurrence."""
    blocks = list(near(tokens, size))
    left = np.concatenate([block[0] for block in blocks] or [units[:0]])
    right = np.concatenate([block[1] for block in blocks] or [units[:0]])
    chooser, partner = np.concatenate((left, right)), np.concatenate((right, left))
    chooser, partner = (side[tokens[chooser] != tokens[partner]] for side in (chooser, partner))
    score = scores.look_up(units[chooser], units[partner])
    good = (score > 0.0) & (score >= minimum)
    chooser, partner, score = chooser[good], partner[good], score[good]
    distance = np.abs(tokens[chooser] - tokens[partner])
    order = np.lexsort((tokens[partner], distance, units[partner], chooser))
    nearest = order[_first(chooser[order], units[partner][order])]
    order = nearest[np.lexsort((units[partner[nearest]], -score[nearest], chooser[nearest]))]
    best = order[_rank(chooser[order]) < top]
    return tokens[chooser[best]], tokens[partner[best]], score[best]


def _choose_in_windows(
    units: Ints,
    tokens: Ints,
    windows: Ints,
    scores: PairScores,
    minimum: float,
    top: int,
) -> tuple[Ints, Ints, Floats]:
    """Choices in textual windows: units choose units first, then their tokens the nearest token."""
    if not len(units):
        return units, tokens, np.zeros(0)
    order = np.lexsort((tokens, units, windows))
    units, tokens, windows = units[order], tokens[order], windows[order]
    first = np.flatnonzero(_first(windows, units))  # one entry per window and unit
    sizes = np.diff(np.r_[first, len(units)])
    starts = np.flatnonzero(_first(windows[first]))
    parts = [
        _best_partners(units[first[a:b]], a, scores, minimum, top)
        for a, b in zip(starts.tolist(), [*starts[1:].tolist(), len(first)], strict=True)
    ]
    group, other = (np.concatenate([p[side] for p in parts]) for side in (0, 1))
    score = np.concatenate([p[2] for p in parts])
    repeats = sizes[group]
    within = np.arange(int(repeats.sum())) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    chooser = tokens[np.repeat(first[group], repeats) + within]
    partner = _nearest(chooser, np.repeat(other, repeats), tokens, first, sizes)
    apart = chooser != partner
    return chooser[apart], partner[apart], np.repeat(score, repeats)[apart]


def _best_partners(
    here: Ints, start: int, scores: PairScores, minimum: float, top: int
) -> tuple[Ints, Ints, Floats]:
    """Of each unit of a window the ``top`` best others: positions of both units, and scores.

    Args:
        here: [n] the window's units, ascending.
        start: added to positions.
        scores: all scores.
        minimum, top: as given.
    """
    begin, end = scores.ranges(here)
    counts = end - begin
    if len(here) * (len(here) - 1) <= int(counts.sum()):
        rows, columns = np.nonzero(~np.eye(len(here), dtype=bool))
        values = scores.look_up(here[rows], here[columns])
    else:
        rows = np.repeat(np.arange(len(here)), counts)
        offset = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = np.repeat(begin, counts) + offset
        names, values = scores.keys[at] % len(scores.numbers), scores.scores[at]
        columns = np.minimum(np.searchsorted(here, names), len(here) - 1)
        values = np.where(here[columns] == names, values, 0.0)
    good = (values > 0.0) & (values >= minimum)
    rows, columns, values = rows[good], columns[good], values[good]
    order = np.lexsort((columns, -values, rows))
    order = order[_rank(rows[order]) < top]
    return rows[order] + start, columns[order] + start, values[order]


def _nearest(chooser: Ints, group: Ints, tokens: Ints, first: Ints, sizes: Ints) -> Ints:
    """The token of each group that is nearest to the chooser, the earlier of two.

    Args:
        chooser: [n] tokens.
        group: [n] numbers of groups; group g holds ``tokens[first[g] : first[g] + sizes[g]]``.
    """
    span = int(tokens.max(initial=0)) + 1
    keys = np.repeat(np.arange(len(first)), sizes) * span + tokens
    after = np.searchsorted(keys, group * span + chooser)
    last = first[group] + sizes[group] - 1
    after, before = np.minimum(after, last), np.maximum(after - 1, first[group])
    nearer = np.abs(tokens[after] - chooser) < np.abs(tokens[before] - chooser)
    return np.asarray(np.where(nearer, tokens[after], tokens[before]))


def _first(*keys: Ints) -> NDArray[np.bool_]:
    """Whether a row differs from the one before it, in sorted rows."""
    if not len(keys[0]):
        return np.zeros(0, dtype=bool)
    changes = [key[1:] != key[:-1] for key in keys]
    return np.asarray(np.r_[True, np.logical_or.reduce(changes)])


def _rank(keys: Ints) -> Ints:
    """Position of each row among those with its key, in sorted rows."""
    starts = np.flatnonzero(_first(keys))
    counts = np.diff(np.r_[starts, len(keys)])
    return np.arange(len(keys)) - np.repeat(starts, counts)


def _bounded(chooser: Ints, partner: Ints, score: Floats, top: int) -> tuple[Ints, Ints, Floats]:
    """Pairs in text order, taken best first so that no token has more than ``top``."""
    left, right = np.minimum(chooser, partner), np.maximum(chooser, partner)
    order = np.lexsort((-score, right, left))
    order = order[_first(left[order], right[order])]
    left, right, score = left[order], right[order], score[order]
    degree: dict[int, int] = {}
    kept = []
    for pair in np.lexsort((right, left, right - left, -score)).tolist():
        a, b = int(left[pair]), int(right[pair])
        if degree.get(a, 0) < top and degree.get(b, 0) < top:
            degree[a], degree[b] = degree.get(a, 0) + 1, degree.get(b, 0) + 1
            kept.append(pair)
    kept.sort()
    return left[kept], right[kept], score[kept]


def _graph(num_nodes: int, left: Ints, right: Ints, score: Floats) -> TextGraph:
    edge_index = np.empty((2, 2 * len(left)), dtype=np.int64)
    edge_index[0, 0::2] = edge_index[1, 1::2] = left
    edge_index[1, 0::2] = edge_index[0, 1::2] = right
    return TextGraph(
        num_nodes=num_nodes,
        edge_index=edge_index,
        labels=(COOCCURRENCE_LABEL,) * (2 * len(left)),
        directions=DIRECTIONS * len(left),
        kind="cooccurrence",
        weights=tuple(np.repeat(score, 2).tolist()),
    )
