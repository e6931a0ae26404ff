"""Two runs on the same examples in, how far they agree on single edges, and their ceiling, out.

The items are the edges that both runs have, the raters pairs of seeds: of one run, which shows how
far the method agrees with itself and is the ceiling, or one of either run. Every coefficient is
that of two raters, averaged over the pairs, so that the three kinds of pairs can be compared.
Fleiss' kappa of two raters is Scott's pi; Gwet's AC1 does not fall where retained edges are rare.
Runs that retain unequal shares cannot reach a Cohen's kappa of 1: ``kappa_max`` is what they could
reach with these shares.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd

from linguagraph.aggregates.agreement import coefficients
from linguagraph.aggregates.levels import EdgeVotes
from linguagraph.aggregates.matching import shared_edges
from linguagraph.aggregates.shared_edges import cohen_kappa
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    resample,
)

__all__ = ["PAIRS", "model_agreement"]

PAIRS = ("between runs", "seeds of the first", "seeds of the second")
"""Kinds of pairs of seeds, in the order of the rows."""

_MEASURES = ("cohen_kappa", "fleiss_kappa", "gwet_ac1", "raw_agreement")


def model_agreement(
    first: EdgeVotes, second: EdgeVotes, levels: list[str], *, resampling: Resampling
) -> pd.DataFrame:
    """Agreement between two runs, beside that between the seeds of each.

    Returns:
        A row per ``layer`` and ``pair`` (:data:`PAIRS`): ``n`` (edges that both runs have and every
        seed rates), ``of_first``, ``of_second`` (their share of the edges of either run),
        ``pairs`` (of seeds), ``cohen_kappa``, ``fleiss_kappa``, ``gwet_ac1``, ``raw_agreement``,
        each with ``_low`` and ``_high`` (percentile interval over sentences); ``kappa_max``;
        ``first_in_second``, ``second_in_first``: share of what one retains that the other does,
        too; ``below``, ``below_low``, ``below_high``: how far the kappa between runs lies below the
        mean of those of the seeds of both (NaN in other rows, or with one seed); ``reason``: why
        kappa is NaN, or "".
    """
    places = shared_edges(first, second)
    rows: list[dict[str, object]] = []
    for level, name in enumerate(levels[: 1 + min(first.depth, second.depth)]):
        votes = np.concatenate(
            [run.votes[level][at] for run, at in zip((first, second), places, strict=True)], axis=1
        )
        rated = (votes >= 0).all(axis=1)
        of = {
            f"of_{which}": float(rated.sum() / max(1, (run.votes[level] >= 0).any(axis=1).sum()))
            for which, run in (("first", first), ("second", second))
        }
        sentence = first.sentence[places[0]][rated]
        found = _rows(votes[rated], sentence, (first.seeds, second.seeds), resampling)
        rows += [{"layer": name, **row, **of} for row in found]
    columns = ["layer", "pair", "n", "of_first", "of_second", "pairs"]
    table = pd.DataFrame(rows)
    return table[[*columns, *(c for c in table.columns if c not in columns)]]


def _rows(
    votes: np.ndarray, sentence: np.ndarray, seeds: tuple[int, int], resampling: Resampling
) -> list[dict[str, object]]:
    """Votes [items, seeds of both] -> one row per kind of pairs."""
    own, other = range(seeds[0]), range(seeds[0], sum(seeds))
    kinds = (list(product(own, other)), list(combinations(own, 2)), list(combinations(other, 2)))
    numbers, place = np.unique(sentence, return_inverse=True)
    size = len(numbers)
    flags = votes == 1
    n = np.bincount(place, minlength=size).astype(np.float64)
    votes_of = [np.bincount(place[v], minlength=size).astype(np.float64) for v in flags.T]
    found: list[dict[str, FloatArray]] = []
    result: list[dict[str, object]] = []
    for kind, pairs in zip(PAIRS, kinds, strict=True):
        both = [np.bincount(place[flags[:, i] & flags[:, j]], minlength=size) for i, j in pairs]
        counts = [np.stack([n, votes_of[i], votes_of[j], b], axis=1) for (i, j), b in zip(
            pairs, both, strict=True)]  # fmt: skip
        stacked = np.stack(counts, axis=1) if counts else np.zeros((size, 0, 4))
        (sums,) = resample(stacked.astype(np.float64), resampling=resampling)
        values, samples = _coefficients(sums.total), _coefficients(sums.samples)
        found.append(samples)
        row: dict[str, object] = {"pair": kind, "n": len(votes), "pairs": len(pairs)}
        for name in _MEASURES:
            low, high = percentile_interval(samples[name], level=resampling.level)
            row |= {name: values[name], f"{name}_low": low, f"{name}_high": high}
        row |= {name: values[name] for name in ("kappa_max", "first_in_second", "second_in_first")}
        row["reason"] = _reason(len(pairs), len(votes), values["cohen_kappa"])
        result.append({k: v.item() if isinstance(v, np.ndarray) else v for k, v in row.items()})
    _add_distance(result, found, resampling)
    return result


def _coefficients(cells: FloatArray) -> dict[str, FloatArray]:
    """Counts n, first, second, both [..., pairs, 4] -> coefficients [...], means over pairs."""
    n, first, second, both = (cells[..., field] for field in range(4))
    votes = first + second
    pair = coefficients(n, votes, votes + 2 * both, 2)
    values = {name: pair[name] for name in ("fleiss_kappa", "gwet_ac1", "raw_agreement")}
    values["cohen_kappa"] = cohen_kappa(both, first, second, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        values["first_in_second"], values["second_in_first"] = both / first, both / second
    values["kappa_max"] = cohen_kappa(np.minimum(first, second), first, second, n)
    if not cells.shape[-2]:
        return {name: np.full(cells.shape[:-2], np.nan) for name in values}
    return {name: value.mean(axis=-1) for name, value in values.items()}


def _add_distance(
    rows: list[dict[str, object]], samples: list[dict[str, FloatArray]], resampling: Resampling
) -> None:
    """How far the first row lies below the mean of the others."""
    values = [float(row["cohen_kappa"]) for row in rows]  # type: ignore[arg-type]
    drawn = [sample["cohen_kappa"] for sample in samples]
    low, high = percentile_interval((drawn[1] + drawn[2]) / 2 - drawn[0], level=resampling.level)
    below = (values[1] + values[2]) / 2 - values[0], float(low), float(high)
    for place, row in enumerate(rows):
        for end, value in zip(("", "_low", "_high"), below, strict=True):
            row[f"below{end}"] = value if place == 0 else float("nan")


def _reason(pairs: int, n: int, kappa: FloatArray) -> str:
    if not pairs:
        return "there is only one seed"
    if not n:
        return "the runs have no edge in common"
    if np.isnan(kappa):
        return "some seeds retain no edge, or every edge"
    return ""
