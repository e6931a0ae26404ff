"""Counts of pairs -> association scores, as a table and as a network of units."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from linguagraph.errors import ConfigError
from linguagraph.graphs.cooccurrence import Cooccurrence

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "MEASURES",
    "associate",
    "association_network",
    "log_likelihood",
    "pair_count",
    "ppmi",
    "t_score",
]

_BLOCK = 1 << 20
"""Pairs that are scored at a time."""

Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats, Floats, float], Floats]


def pair_count(both: Floats, first: Floats, second: Floats, total: float) -> Floats:
    """The count itself."""
    return both


def ppmi(both: Floats, first: Floats, second: Floats, total: float) -> Floats:
    """Positive pointwise mutual information in bits, ``max(0, log2(both * N / (first * second)))``.

    Church & Hanks (1990), the association ratio; Levy & Goldberg (2014), section 3.2, set what is
    negative to 0.

    Args:
        both: float64 [P], counts of the pairs, above 0.
        first, second: float64 [P], margins of their units.
        total: N.
    """
    bits = np.log2(both) + np.log2(total) - np.log2(first) - np.log2(second)
    return np.asarray(np.maximum(0.0, bits))


def t_score(both: Floats, first: Floats, second: Floats, total: float) -> Floats:
    """``(both - first * second / N) / sqrt(both)``: Church, Gale, Hanks & Hindle (1991).

    Arguments as in :func:`ppmi`.
    """
    return np.asarray((both - first * second / total) / np.sqrt(both))


def log_likelihood(both: Floats, first: Floats, second: Floats, total: float) -> Floats:
    """Log-likelihood ratio G2 with the sign of the association: Dunning (1993).

    ``2 * sum(observed * ln(observed / expected))`` over the four cells of the table, where an
    empty cell adds nothing. Our departure: pairs that are rarer than expected get a negative
    sign, so that a lower bound on the score selects attraction. Arguments as in :func:`ppmi`.
    """
    rows, columns = (first, total - first), (second, total - second)
    observed = ((both, first - both), (second - both, total - first - second + both))
    score = np.zeros(len(both))
    for row, cells in zip(rows, observed, strict=True):
        for column, cell in zip(columns, cells, strict=True):
            score += special.rel_entr(cell, row * column / total)  # x ln(x / y); 0 for x = 0
    return np.where(both * total < first * second, -1.0, 1.0) * np.maximum(2.0 * score, 0.0)


MEASURES: dict[str, Measure] = {
    "count": pair_count,
    "ppmi": ppmi,
    "log_likelihood": log_likelihood,
    "t_score": t_score,
}


def associate(
    cooccurrence: Cooccurrence, *, measure: str = "ppmi", min_count: int = 1
) -> pd.DataFrame:
    """Score every pair of units.

    Args:
        cooccurrence: what was counted.
        measure: a name in :data:`MEASURES`.
        min_count: leave out pairs with a smaller count.

    Returns:
        One row per pair, best first (equal scores in the order of the units): ``first`` and
        ``second`` (category), ``count``, ``first_count`` and ``second_count`` (the margins),
        ``windows`` (N), ``expected`` (the count if the units were independent) and ``score``.

    Raises:
        ConfigError: an unknown measure.
    """
    if measure not in MEASURES:
        raise ConfigError(f"measure={measure!r}; expected one of {list(MEASURES)}")
    pairs, counts = cooccurrence.pairs, cooccurrence.counts
    if min_count > 1:
        kept = counts >= min_count
        pairs, counts = pairs[:, kept], counts[kept]
    margins, total = cooccurrence.occurrences, cooccurrence.windows
    score = np.empty(len(counts))
    for start in range(0, len(counts), _BLOCK):
        part = slice(start, start + _BLOCK)
        first, second = (margins[side[part]].astype(np.float64) for side in pairs)
        both = counts[part].astype(np.float64)
        score[part] = MEASURES[measure](both, first, second, float(total))
    order = np.argsort(-score, kind="stable")  # pairs ascend already
    names = pd.Index(cooccurrence.units, dtype=object)
    kind = np.int32 if total < 2**31 else np.int64
    small = margins.astype(kind)
    ends = [side[order] for side in pairs]
    columns = {
        "first": pd.Categorical.from_codes(ends[0], names),
        "second": pd.Categorical.from_codes(ends[1], names),
        "count": counts.astype(kind)[order],
        "first_count": small[ends[0]],
        "second_count": small[ends[1]],
        "windows": np.full(len(order), total, dtype=kind),
        "expected": margins[ends[0]] * (margins / max(total, 1))[ends[1]],
        "score": score[order],
    }
    return pd.DataFrame(columns, copy=False)


def association_network(
    table: pd.DataFrame, *, minimum: float = 0.0, top: int | None = None
) -> nx.Graph:
    """The network of a corpus: units as nodes, scored pairs as edges.

    Args:
        table: as :func:`associate` makes it.
        minimum: smallest score; pairs must also score above 0.
        top: keep only so many pairs, the best ones.

    Returns:
        ``networkx.Graph``; nodes carry ``count`` (the margin), edges ``weight`` (the score) and
        ``count``.
    """
    import networkx as nx

    strong = table[(table["score"] >= minimum) & (table["score"] > 0.0)]
    if top is not None:
        strong = strong.iloc[:top]
    graph = nx.Graph()
    for name in ("first", "second"):
        for unit, count in zip(strong[name], strong[f"{name}_count"], strict=True):
            graph.add_node(unit, count=int(count))
    for first, second, count, score in zip(
        *(strong[name] for name in ("first", "second", "count", "score")), strict=True
    ):
        graph.add_edge(first, second, weight=float(score), count=int(count))
    return graph
