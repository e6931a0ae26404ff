"""Factors and votes in, covariate patterns with counts per cluster out: all that a fit needs.

A binomial model does not tell edges apart that agree in all factors, so each cluster is reduced to
counts per *pattern* (a combination of levels): votes, and votes for retaining. Nothing is lost by
this. What cannot be estimated is found here and noted as a problem, with what was done about it:

* *rare* levels (fewer than ``min_n`` items) are joined to one;
* *constant* factors, with one level, are left out;
* *separated* levels, whose edges are never or always retained, have no finite estimate; their
  edges are set aside, which is the limit of the maximum-likelihood fit for all other effects. The
  same holds of combinations of factors (see :mod:`linguagraph.aggregates.separation`);
* *aliased* columns, which are determined by columns before them, are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import IntArray, Items, sums_by
from linguagraph.aggregates.model_pairs import Clusters, Part, cut_pairs, dense_keys, find_pairs
from linguagraph.aggregates.retention_factors import Factor, pool_rare
from linguagraph.aggregates.separation import separated_rows
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["INTERCEPT", "Design", "Term", "make_design"]

INTERCEPT = "intercept"

_TOLERANCE = 1e-8  # share of a column's variance that columns before it leave unexplained


@dataclass(frozen=True, slots=True)
class Term:
    """One column: a level of a factor against its reference, or a numeric factor (no level)."""

    factor: str
    level: str


@dataclass(frozen=True)
class Design:
    """What is fitted.

    Attributes:
        matrix: [patterns, columns], the intercept first, numeric factors centred.
        terms: one per column.
        factors: those in the model; codes [patterns] in ``codes``.
        references: reference level of each factor with levels, the one with the most votes.
        cluster, pattern: [pairs], which pattern of which cluster, sorted by cluster.
        rated, retained: [pairs], votes and votes for retaining.
        clusters: how many clusters have votes.
        raw: one row per factor and level, as observed, levels that are set aside included: ``n``
            items, ``clusters``, ``share`` retained, ``reason`` why there is no effect, or "".
        problems: ``problem``, ``factor``, ``level``, ``n`` (items), ``done``.
        items: items in the model; all_items: before any were set aside.
    """

    matrix: FloatArray
    terms: tuple[Term, ...]
    factors: tuple[Factor, ...]
    references: dict[str, str]
    cluster: IntArray
    pattern: IntArray
    rated: FloatArray
    retained: FloatArray
    clusters: int
    raw: pd.DataFrame
    problems: pd.DataFrame
    items: float
    all_items: float
    per_vote: float

    @property
    def patterns(self) -> int:
        """How many patterns there are."""
        return len(self.matrix)

    def by_pattern(self, values: FloatArray) -> FloatArray:
        """Sums over clusters of ``values`` [pairs]: [patterns]."""
        return sum(
            (sums_by(p.pattern, values[p.pairs], self.patterns) for p in self.parts()),
            start=np.zeros(self.patterns),
        )

    def parts(self) -> Iterator[Part]:
        """The pairs of some clusters after those of others; a few hundred thousand at a time."""
        return cut_pairs(self.cluster, self.pattern, self.rated, self.retained)


@dataclass
class _Notes:
    """Problems as they are found."""

    rows: list[tuple[str, str, str, float, str]] = field(default_factory=list)

    def add(self, problem: str, factor: str, level: str, n: float, done: str) -> None:
        self.rows.append((problem, factor, level, n, done))

    def frame(self) -> pd.DataFrame:
        names = ["problem", "factor", "level", "n", "done"]
        table = pd.DataFrame(self.rows, columns=names)
        return table.assign(n=np.rint(table["n"].to_numpy(dtype=float)).astype(np.int64))


def make_design(
    items: Items, factors: Sequence[Factor], cluster: Clusters, *, min_n: int
) -> Design:
    """Compress items to patterns per cluster, and find what cannot be estimated.

    Args:
        items: the edges with the seeds' votes.
        factors: explanatory variables, the most important first: of two that determine each other
            the later is dropped.
        cluster: gives the cluster [items] of each item of a block, counted from the block's first.
        min_n: levels with fewer items are joined.
    """
    notes = _Notes()
    (votes_cast,) = items.add(lambda part: (part.rated.sum(),))
    per_vote = float(items.size / max(1, votes_cast))
    factors = _pooled(factors, items, per_vote, min_n, notes)
    codes, pair_cluster, pair_pattern, rated, retained = find_pairs(items, factors, cluster)
    raw = _raw(factors, codes, pair_cluster, pair_pattern, rated, retained, per_vote)
    votes = sums_by(pair_pattern, rated, len(codes))
    hits = sums_by(pair_pattern, retained, len(codes))
    keep = _separated_levels(factors, codes, votes, hits, per_vote, notes)
    while True:
        factors_left = [f for f in factors if _varies(f, codes[:, factors.index(f)], keep)]
        matrix, terms, references = _columns(factors_left, factors, codes, votes * keep)
        matrix, terms, aliased = _independent(matrix, terms, keep)
        rows, columns = separated_rows(matrix[keep], votes[keep], hits[keep])
        if not rows.any():
            break
        n = per_vote * float(votes[keep][rows].sum())
        names = [terms[j] for j in columns]
        notes.add(
            "separated",
            ", ".join(dict.fromkeys(t.factor for t in names)),
            ", ".join(t.level or t.factor for t in names),
            n,
            "together these decide whether an edge is retained: edges set aside",
        )
        keep[np.flatnonzero(keep)[rows]] = False
    _note_left_out(factors, factors_left, aliased, codes, keep, votes, per_vote, notes)
    there = keep[pair_pattern]
    place = np.cumsum(keep) - 1
    used_clusters, dense = np.unique(pair_cluster[there], return_inverse=True)
    problems = notes.frame()
    return Design(
        matrix=np.ascontiguousarray(matrix[keep]),
        terms=tuple(terms),
        factors=tuple(
            Factor(f.name, codes[keep, factors.index(f)], f.levels, f.values, f.unit)
            for f in factors_left
        ),
        references=references,
        cluster=dense.astype(pair_cluster.dtype),
        pattern=place[pair_pattern[there]].astype(pair_pattern.dtype),
        rated=rated[there],
        retained=retained[there],
        clusters=len(used_clusters),
        raw=_reasons(raw, terms, references, problems),
        problems=problems,
        items=per_vote * float(votes[keep].sum()),
        all_items=float(items.size),
        per_vote=per_vote,
    )


def _pooled(
    factors: Sequence[Factor], items: Items, per_vote: float, min_n: int, notes: _Notes
) -> list[Factor]:
    """Factors with rare levels joined; the frequency follows the labels that are left."""
    found: list[Factor] = []
    every = items.add(lambda part: tuple(_votes(part, factor) for factor in factors))
    for factor, rated in zip(factors, every, strict=True):
        votes = rated * per_vote
        pooled, joined = pool_rare(factor, votes, least=min_n)
        for level in joined:
            n = float(votes[factor.levels.index(level)])
            notes.add("rare", factor.name, level, n, f"joined with others to {pooled.levels[-1]}")
        found.append(pooled)
    by_name = {factor.name: factor for factor in found}
    if "label" in by_name and "frequency" in by_name:
        place = [factor.name for factor in found].index("frequency")
        found[place] = _frequency_of(by_name["label"], by_name["frequency"], items)
    return found


def _votes(part: Items, factor: Factor) -> FloatArray:
    """Votes of each level."""
    return sums_by(factor.of(part), part.rated, len(factor.levels))


def _frequency_of(label: Factor, frequency: Factor, items: Items) -> Factor:
    """The frequency per level of ``label``, joined levels sharing their mean."""
    values = frequency.values
    assert values is not None

    def count(part: Items) -> tuple[FloatArray, FloatArray]:
        weights = part.rated * values[frequency.of(part)]
        return _votes(part, label), sums_by(label.of(part), weights, len(label.levels))

    votes, sums = items.add(count)
    means = sums / np.maximum(votes, 1)
    return replace(label, name=frequency.name, values=means, unit=frequency.unit)


def _raw(
    factors: Sequence[Factor],
    codes: IntArray,
    cluster: IntArray,
    pattern: IntArray,
    rated: FloatArray,
    retained: FloatArray,
    per_vote: float,
) -> pd.DataFrame:
    parts = []
    for column, factor in enumerate(factors):
        level = codes[pattern, column]
        if factor.values is not None:
            level = np.zeros_like(level)
        size = len(factor.levels) if factor.values is None else 1
        n = sums_by(level, rated, size)
        k = sums_by(level, retained, size)
        pairs, _ = dense_keys(cluster.astype(np.int64) * size + level)
        first = np.unique(pairs, return_index=True)[1]
        names = factor.levels if factor.values is None else (factor.unit,)
        with np.errstate(invalid="ignore"):
            part = pd.DataFrame(
                {
                    "factor": factor.name,
                    "level": pd.Series(names, dtype=object),
                    "n": np.rint(n * per_vote).astype(np.int64),
                    "clusters": np.bincount(level[first], minlength=size),
                    "share": k / n,
                    "votes": n,
                }
            )
        parts.append(part[part["votes"] > 0].drop(columns="votes"))
    return pd.concat(parts, ignore_index=True)


def _separated_levels(
    factors: Sequence[Factor],
    codes: IntArray,
    votes: FloatArray,
    hits: FloatArray,
    per_vote: float,
    notes: _Notes,
) -> NDArray[np.bool_]:
    """Which patterns stay when levels that are never or always retained are set aside."""
    keep = votes > 0
    if not (hits[keep].sum() and (votes - hits)[keep].sum()):
        return keep  # nothing varies at all; the fit says so
    again = True
    while again:
        again = False
        for column, factor in enumerate(factors):
            if factor.values is not None:
                continue
            size = len(factor.levels)
            n = sums_by(codes[keep, column], votes[keep], size)
            k = sums_by(codes[keep, column], hits[keep], size)
            for level in np.flatnonzero((n > 0) & ((k == 0) | (k == n))):
                word = "never" if k[level] == 0 else "always"
                done = f"{word} retained: edges set aside, effect without bound"
                notes.add("separated", factor.name, factor.levels[level], n[level] * per_vote, done)
                keep &= codes[:, column] != level
                again = True
    return keep


def _varies(factor: Factor, codes: IntArray, keep: NDArray[np.bool_]) -> bool:
    return len(np.unique(codes[keep])) > 1


def _columns(
    chosen: Sequence[Factor], factors: Sequence[Factor], codes: IntArray, votes: FloatArray
) -> tuple[FloatArray, list[Term], dict[str, str]]:
    """The design matrix of all patterns; votes are 0 where a pattern is set aside."""
    columns, terms = [np.ones(len(codes))], [Term(INTERCEPT, "")]
    references = {}
    names = [factor.name for factor in factors]
    for factor in chosen:
        own = codes[:, names.index(factor.name)]
        if factor.values is not None:
            values = factor.values[own]
            columns.append(values - np.average(values, weights=votes))
            terms.append(Term(factor.name, ""))
            continue
        n = sums_by(own, votes, len(factor.levels))
        reference = int(n.argmax())
        references[factor.name] = factor.levels[reference]
        for level in np.flatnonzero(n > 0):
            if level != reference:
                columns.append((own == level).astype(np.float64))
                terms.append(Term(factor.name, factor.levels[level]))
    return np.stack(columns, axis=1), terms, references


def _independent(
    matrix: FloatArray, terms: list[Term], keep: NDArray[np.bool_]
) -> tuple[FloatArray, list[Term], dict[Term, list[str]]]:
    """Drop columns that those before them determine; which, and the factors that determine them.

    A column is dropped if regression on the columns before it leaves less than a hundred-millionth
    of its sum of squares.
    """
    gram = matrix[keep].T @ matrix[keep]
    scale = np.sqrt(np.diag(gram))
    scale[scale == 0] = 1
    gram = gram / np.outer(scale, scale)
    kept: list[int] = []
    aliased: dict[Term, list[str]] = {}
    for column in range(len(terms)):
        if terms[column].factor == INTERCEPT:
            kept.append(column)
            continue
        if gram[column, column] < 0.5:  # no pattern has the level
            aliased[terms[column]] = []
            continue
        if kept:
            weights = np.linalg.solve(gram[np.ix_(kept, kept)], gram[kept, column])
            left = gram[column, column] - gram[kept, column] @ weights
            if left < _TOLERANCE:
                by = [kept[i] for i in np.flatnonzero(np.abs(weights) > 1e-4)]
                aliased[terms[column]] = list(dict.fromkeys(terms[i].factor for i in by))
                continue
        kept.append(column)
    return matrix[:, kept], [terms[i] for i in kept], aliased


def _note_left_out(
    factors: Sequence[Factor],
    left: Sequence[Factor],
    aliased: dict[Term, list[str]],
    codes: IntArray,
    keep: NDArray[np.bool_],
    votes: FloatArray,
    per_vote: float,
    notes: _Notes,
) -> None:
    names = [factor.name for factor in factors]
    if not keep.any():
        return  # why is noted already
    for factor in factors:
        own = codes[keep, names.index(factor.name)]
        if factor not in left:
            level = factor.levels[own[0]] if len(own) else ""
            n = float(votes[keep].sum()) * per_vote
            notes.add("constant", factor.name, level, n, "one level only: factor left out")
    for term, by in aliased.items():
        factor = factors[names.index(term.factor)]
        own = codes[:, names.index(term.factor)]
        here = (
            keep if factor.values is not None else keep & (own == factor.levels.index(term.level))
        )
        what = " and ".join(name for name in by if name != INTERCEPT) or "the other columns"
        notes.add(
            "aliased",
            term.factor,
            term.level or factor.unit,
            float(votes[here].sum()) * per_vote,
            f"determined by {what}: column dropped",
        )


def _reasons(
    raw: pd.DataFrame, terms: Sequence[Term], references: dict[str, str], problems: pd.DataFrame
) -> pd.DataFrame:
    """Add why a row has no effect; "" where it has one, or is a reference."""
    fitted = {(term.factor, term.level) for term in terms}
    numeric = {term.factor for term in terms if not term.level}
    left_out: dict[tuple[str, str], str] = {}
    constant: dict[str, str] = {}
    for problem, factor, level, done in zip(
        *(problems[name] for name in ("problem", "factor", "level", "done")), strict=True
    ):
        if problem == "constant":
            constant[str(factor)] = f"constant: {done}"
        elif problem != "rare":
            left_out[str(factor), str(level)] = f"{problem}: {done}"
    reasons = []
    for factor, level in zip(raw["factor"], raw["level"], strict=True):
        if (factor, level) in fitted or factor in numeric or references.get(factor) == level:
            reasons.append("")
            continue
        reason = left_out.get((factor, level)) or constant.get(factor)
        reasons.append(reason or "separated: edges set aside with those of other levels")
    return raw.assign(reason=reasons)
