"""The edges of several runs in, the examples and the edges that they have in common out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import IntArray
from linguagraph.aggregates.levels import EdgeVotes

__all__ = ["Matched", "joint_codes", "match_examples", "shared_edges"]

_WORDS = ("kind", "label", "direction")
_NUMBERS = ("source_offset", "source", "target_offset", "target")


@dataclass(frozen=True)
class Matched:
    """Runs on the same examples.

    Attributes:
        runs: the edges of the examples that all runs have, run by run.
        examples: number of these examples.
        left_out: examples of each run that not all of them have.
    """

    runs: tuple[EdgeVotes, ...]
    examples: int
    left_out: tuple[int, ...]


def match_examples(runs: Sequence[EdgeVotes]) -> Matched:
    """Keep the examples (sentence and predicate, or graph) that all runs have."""
    found = [np.unique(run.example) for run in runs]
    common = found[0]
    for other in found[1:]:
        common = np.intersect1d(common, other, assume_unique=True)
    kept = tuple(
        run if len(own) == len(common) else run.take(np.isin(run.example, common))
        for run, own in zip(runs, found, strict=True)
    )
    return Matched(kept, len(common), tuple(len(own) - len(common) for own in found))


def shared_edges(first: EdgeVotes, second: EdgeVotes) -> tuple[IntArray, IntArray]:
    """Positions of the edges that both runs have, in either run.

    An edge is the same if example, ends, kind, label and direction are; of several between the
    same ends the first in one run is the first in the other, and so on.
    """
    keys = _keys(first, second)
    left, right = (key.assign(place=np.arange(len(key))) for key in keys)
    both = left.merge(right, on=list(keys[0].columns), suffixes=("_first", "_second"))
    both = both.sort_values("place_first", kind="stable")
    return both["place_first"].to_numpy(np.intp), both["place_second"].to_numpy(np.intp)


def joint_codes(
    runs: Sequence[EdgeVotes], columns: tuple[str, ...]
) -> tuple[list[IntArray], list[tuple[str, ...]]]:
    """Codes [E] of each run for combinations of columns, and the combinations that occur."""
    tables = []
    for run in runs:
        coded = [run.codes(column) for column in columns]
        codes, sizes = [c for c, _ in coded], [len(names) for _, names in coded]
        flat = np.ravel_multi_index(codes, sizes) if len(codes[0]) else np.zeros(0, dtype=np.intp)
        used, inverse = np.unique(flat, return_inverse=True)
        parts = np.unravel_index(used, sizes) if len(used) else ()
        named = list(
            zip(*([n[i] for i in p] for p, (_, n) in zip(parts, coded, strict=False)), strict=True)
        )
        tables.append((inverse.astype(np.intp), named))
    found = sorted({name for _, named in tables for name in named})
    place = {name: i for i, name in enumerate(found)}
    lookup = [np.array([place[n] for n in named] or [-1], dtype=np.intp) for _, named in tables]
    return [table[inverse] for (inverse, _), table in zip(tables, lookup, strict=True)], found


def _keys(first: EdgeVotes, second: EdgeVotes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What tells edges apart, as numbers that mean the same in both runs."""
    runs = (first, second)
    columns: list[dict[str, np.ndarray]] = [{"example": run.example} for run in runs]
    for word in _WORDS:
        coded = [run.codes(word) for run in runs]
        names = sorted({*coded[0][1], *coded[1][1]})
        place = {name: i for i, name in enumerate(names)}
        for column, (codes, own) in zip(columns, coded, strict=True):
            column[word] = np.array([*(place[name] for name in own), -1], dtype=np.intp)[codes]
    for name in _NUMBERS:
        for column, run in zip(columns, runs, strict=True):
            column[name] = run.column(name).astype(np.int64)
    tables = [pd.DataFrame(column) for column in columns]
    return tuple(t.assign(turn=t.groupby(list(t.columns)).cumcount()) for t in tables)  # type: ignore[return-value]
