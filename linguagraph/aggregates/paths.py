"""The path table in, retained subpaths by path length and by token distance out.

The unit is one path from a predicate to one of its predicted arguments; counts are means over
seeds. A subpath is retained if it ends in the argument and takes one retained edge per layer. A
predicate that is its own argument has no path and is kept apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.contrasts import contrast_blocks
from linguagraph.aggregates.items import ALL, IntArray
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table
from linguagraph.aggregates.stored_rows import (
    Rows,
    chosen,
    count_rows,
    distinct,
    parts,
    places,
    require_single,
    sentences_of,
    types_of,
)

__all__ = ["DISTANCES", "distance_contrast", "path_distances", "path_lengths", "self_arguments"]

LENGTHS = ("1", "2", "3 or more")

DISTANCES: tuple[tuple[int, int | None], ...] = (
    *((d, d) for d in range(1, 6)),
    (6, 7),
    (8, 10),
    (11, 15),
    (16, None),
)
"""Bins of token distance, both ends inclusive; ``None`` is open."""


def path_lengths(paths: Rows, *, resampling: Resampling) -> pd.DataFrame:
    """Share of paths with 0, 1, 2 ... edges retained (the paper's Table 3).

    Returns:
        Columns ``predicate_type`` ("all" first), ``path_length`` ("1", "2", "3 or more"),
        ``retained_edges`` (length of the longest retained subpath that ends in the argument) and
        those of ``ratio_table``; n in paths. Rows that cannot occur (more edges retained than the
        path has) and combinations without paths are left out.
    """
    proper, seeds = _proper(paths)
    depth, types = layers_of(paths, proper) + 1, types_of(proper)

    def count(part: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        length = np.minimum(part["path_length"].to_numpy(), len(LENGTHS)).astype(np.intp) - 1
        subpath = part["subpath_length"].to_numpy().astype(np.intp)
        sentence, sentences = sentences_of(part)
        kind = places(part["predicate_type"], types)
        shape = (sentences, len(types), len(LENGTHS), depth)
        cell = ((sentence * len(types) + kind) * len(LENGTHS) + length) * depth + subpath
        hits = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
        hits = np.concatenate([hits.sum(axis=1, keepdims=True), hits], axis=1)
        return hits, hits.sum(axis=-1, keepdims=True)

    retained, total = count_rows(proper, count).resample(resampling=resampling)
    index = pd.MultiIndex.from_product(
        [[ALL, *types], LENGTHS, range(depth)],
        names=["predicate_type", "path_length", "retained_edges"],
    ).to_frame(index=False)
    table = pd.concat(
        [index, ratio_table(retained, total, resampling=resampling, ratings=seeds)], axis=1
    )
    longest = table["path_length"].map({"1": 1, "2": 2, "3 or more": depth}).astype(int)
    return table[(table["retained_edges"] <= longest) & (table["n"] > 0)].reset_index(drop=True)


def path_distances(
    paths: Rows,
    *,
    resampling: Resampling,
    bins: Sequence[tuple[int, int | None]] = DISTANCES,
) -> pd.DataFrame:
    """Share of paths with a retained subpath that ends in the argument, by distance (Figure 4).

    Returns:
        Columns ``predicate_type`` ("all" first), ``distance`` (the bin's name, such as "6-7"),
        ``distance_from`` (its lower end in tokens) and those of ``ratio_table``; n in paths.
        Combinations without paths are left out.
    """
    proper, seeds = _proper(paths)
    starts = [low for low, _ in bins]

    def place(part: pd.DataFrame) -> IntArray:
        bin_ = np.searchsorted(starts, part["token_distance"].to_numpy(), side="right") - 1
        return np.maximum(bin_, 0)

    counts, types = _used(proper, place, len(bins))
    retained, total = counts.resample(resampling=resampling)
    index = pd.MultiIndex.from_product(
        [[ALL, *types], range(len(bins))], names=["predicate_type", "bin"]
    ).to_frame(index=False)
    table = pd.concat(
        [index, ratio_table(retained, total, resampling=resampling, ratings=seeds)], axis=1
    )
    table.insert(1, "distance", [_bin_name(*bins[b]) for b in table["bin"]])
    table.insert(2, "distance_from", [starts[b] for b in table["bin"]])
    return table[table["n"] > 0].drop(columns="bin").reset_index(drop=True)


def distance_contrast(paths: Rows, *, resampling: Resampling, near: int = 5) -> pd.DataFrame:
    """Difference between far and near arguments in the share of paths used, by predicate type.

    Args:
        near: an argument at most this many tokens away is near, any other is far.

    Returns:
        ``predicate_type`` ("all" first) and the columns of ``contrast_table``: first is far,
        second is near; n in paths. Types without far or near paths are left out.
    """
    proper, seeds = _proper(paths)

    def far(part: pd.DataFrame) -> IntArray:
        return np.asarray(part["token_distance"].to_numpy() > near).astype(np.intp)

    counts, types = _used(proper, far, 2)
    (every,) = counts.add(lambda hits, totals: (totals.sum(axis=0),))
    both = np.asarray((every > 0).all(axis=-1))
    index = pd.DataFrame({"predicate_type": [ALL, *types]}, dtype=object)
    return contrast_blocks(
        index.loc[both],
        counts.select(lambda *pair: tuple(c[:, both, i] for i in (1, 0) for c in pair)),
        resampling=resampling,
        ratings=seeds,
    )


def self_arguments(paths: Rows) -> tuple[int, int]:
    """How many predicted arguments are the predicate itself, and how many there are in all."""
    seeds = max(1, paths["seed"].nunique())
    itself = sum(int((part["path_length"].to_numpy() == 0).sum()) for part in parts(paths))
    return round(itself / seeds), round(len(paths) / seeds)


def _proper(paths: Rows) -> tuple[Rows, int]:
    """The paths with at least one edge, and the number of seeds."""
    require_single(paths, "model", "method")
    proper = chosen(paths, lambda part: part["path_length"] > 0)
    return proper, max(1, proper["seed"].nunique())


def layers_of(paths: Rows, proper: Rows) -> int:
    """How many layers there are, as far as the table shows."""
    layers = len(paths["retained_by_layer"].iloc[0]) if len(paths) else 1
    return int(max([layers, *distinct(proper, "subpath_length")]))


def _used(
    paths: Rows, place: Callable[[pd.DataFrame], IntArray], size: int
) -> tuple[Blocks, list[str]]:
    """Paths with a retained subpath, and all paths: [sentences, 1 + types, size]; and the types."""
    types = types_of(paths)

    def count(part: pd.DataFrame) -> tuple[FloatArray, ...]:
        sentence, sentences = sentences_of(part)
        shape = (sentences, len(types), size)
        cell = (sentence * len(types) + places(part["predicate_type"], types)) * size + place(part)
        counts = []
        for weight in (part["subpath_length"].to_numpy() > 0, np.ones(len(part))):
            flat = np.bincount(cell, weights=weight, minlength=int(np.prod(shape)))
            array = flat.reshape(shape)
            counts.append(np.concatenate([array.sum(axis=1, keepdims=True), array], axis=1))
        return tuple(counts)

    return count_rows(paths, count), types


def _bin_name(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return str(low) if low == high else f"{low}-{high}"
