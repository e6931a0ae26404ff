"""The path table in, retained subpaths by path length and by token distance out.

The unit is one path from a predicate to one of its predicted arguments; counts are means over
seeds. A subpath is retained if it ends in the argument and takes one retained edge per layer. A
predicate that is its own argument has no path and is kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.contrasts import contrast_table
from linguagraph.aggregates.items import ALL, IntArray, dense_codes, predicate_types, require_one
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample

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


def path_lengths(paths: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Share of paths with 0, 1, 2 ... edges retained (the paper's Table 3).

    Returns:
        Columns ``predicate_type`` ("all" first), ``path_length`` ("1", "2", "3 or more"),
        ``retained_edges`` (length of the longest retained subpath that ends in the argument) and
        those of ``ratio_table``; n in paths. Rows that cannot occur (more edges retained than the
        path has) and combinations without paths are left out.
    """
    paths, seeds = _proper(paths)
    length = np.minimum(paths["path_length"].to_numpy(), len(LENGTHS)).astype(np.intp) - 1
    subpath = paths["subpath_length"].to_numpy().astype(np.intp)
    depth = _depth(paths) + 1
    kind, types = predicate_types(*_codes(paths["predicate_type"]))
    sentence, sentences = dense_codes(paths["sentence"].to_numpy())
    shape = (len(sentences), len(types), len(LENGTHS), depth)
    cell = ((sentence * len(types) + kind) * len(LENGTHS) + length) * depth + subpath
    hits = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
    hits = np.concatenate([hits.sum(axis=1, keepdims=True), hits], axis=1)
    retained, total = resample(hits, hits.sum(axis=-1, keepdims=True), resampling=resampling)
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
    paths: pd.DataFrame,
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
    paths, seeds = _proper(paths)
    starts = [low for low, _ in bins]
    place = np.searchsorted(starts, paths["token_distance"].to_numpy(), side="right") - 1
    place = np.maximum(place, 0)
    hits, totals, types = _used(paths, place, len(bins))
    retained, total = resample(hits, totals, resampling=resampling)
    index = pd.MultiIndex.from_product(
        [[ALL, *types], range(len(bins))], names=["predicate_type", "bin"]
    ).to_frame(index=False)
    table = pd.concat(
        [index, ratio_table(retained, total, resampling=resampling, ratings=seeds)], axis=1
    )
    table.insert(1, "distance", [_bin_name(*bins[b]) for b in table["bin"]])
    table.insert(2, "distance_from", [starts[b] for b in table["bin"]])
    return table[table["n"] > 0].drop(columns="bin").reset_index(drop=True)


def distance_contrast(
    paths: pd.DataFrame, *, resampling: Resampling, near: int = 5
) -> pd.DataFrame:
    """Difference between far and near arguments in the share of paths used, by predicate type.

    Args:
        near: an argument at most this many tokens away is near, any other is far.

    Returns:
        ``predicate_type`` ("all" first) and the columns of ``contrast_table``: first is far,
        second is near; n in paths. Types without far or near paths are left out.
    """
    paths, seeds = _proper(paths)
    far = (paths["token_distance"].to_numpy() > near).astype(np.intp)
    hits, totals, types = _used(paths, far, 2)
    both = (totals.sum(axis=0) > 0).all(axis=-1)
    index = pd.DataFrame({"predicate_type": [ALL, *types]}, dtype=object)
    return contrast_table(
        index.loc[both],
        hits[:, both, 1],
        totals[:, both, 1],
        hits[:, both, 0],
        totals[:, both, 0],
        resampling=resampling,
        ratings=seeds,
    )


def self_arguments(paths: pd.DataFrame) -> tuple[int, int]:
    """How many predicted arguments are the predicate itself, and how many there are in all."""
    seeds = max(1, paths["seed"].nunique())
    itself = int((paths["path_length"].to_numpy() == 0).sum())
    return round(itself / seeds), round(len(paths) / seeds)


def _proper(paths: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The paths with at least one edge, and the number of seeds."""
    require_one(paths, "model", "method")
    return paths[paths["path_length"].to_numpy() > 0], max(1, paths["seed"].nunique())


def _codes(column: pd.Series) -> tuple[IntArray, list[str]]:
    values = column.astype("category")
    return values.cat.codes.to_numpy().astype(np.intp), [str(n) for n in values.cat.categories]


def _depth(paths: pd.DataFrame) -> int:
    """How many layers there are, as far as the table shows."""
    layers = len(paths["retained_by_layer"].iloc[0]) if len(paths) else 1
    return max(layers, int(paths["subpath_length"].max()) if len(paths) else 0)


def _used(
    paths: pd.DataFrame, place: IntArray, size: int
) -> tuple[FloatArray, FloatArray, list[str]]:
    """Paths with a retained subpath, and all paths: [sentences, 1 + types, size]; and the types."""
    kind, types = predicate_types(*_codes(paths["predicate_type"]))
    sentence, sentences = dense_codes(paths["sentence"].to_numpy())
    shape = (len(sentences), len(types), size)
    cell = (sentence * len(types) + kind) * size + place
    counts = []
    for weight in (paths["subpath_length"].to_numpy() > 0, np.ones(len(paths))):
        flat = np.bincount(cell, weights=weight, minlength=int(np.prod(shape)))
        array = flat.reshape(shape)
        counts.append(np.concatenate([array.sum(axis=1, keepdims=True), array], axis=1))
    return counts[0], counts[1], types


def _bin_name(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return str(low) if low == high else f"{low}-{high}"
