"""The path tables of several runs in, how far each relies on the paths to the same arguments, out.

Only arguments that every run predicts, with the same path, are compared: a model is not credited
with paths of arguments that another did not find. A path is used by a seed that retains at least
its last edge in some layer (a subpath that ends in the argument).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.differences import paired_table
from linguagraph.aggregates.items import ALL, predicate_types, require_one
from linguagraph.aggregates.paths import DISTANCES, LENGTHS
from linguagraph.aggregates.seed_spread import seed_spread
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample

__all__ = ["match_paths", "path_differences", "path_patterns", "path_reliance"]

_KEYS = ["sentence", "predicate_index", "argument_index", "path"]
_FACTS = ["predicate_type", "path_length", "token_distance"]


def match_paths(paths: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Arguments that all runs predict.

    Args:
        paths: :data:`linguagraph.columns.PATHS` by name of the run.

    Returns:
        One row per argument: ``sentence``, ``predicate_index``, ``argument_index``, ``path``,
        ``predicate_type``, ``path_length`` (1 or more), ``token_distance``; and by name of the run
        the share of its seeds that use the path, by name and seed (a pair) whether that seed does.

    Raises:
        TableError: a table holds several models or methods.
    """
    found: pd.DataFrame | None = None
    for name, table in paths.items():
        require_one(table, "model", "method")
        own = table.loc[table["path_length"] > 0, [*_KEYS, *_FACTS, "seed", "subpath_length"]]
        own = own.astype({"path": str, "predicate_type": str})
        used = (own.pop("subpath_length") > 0).astype(float)
        groups = own.assign(**{name: used}).groupby(_KEYS, sort=True)
        shares = groups.agg({**dict.fromkeys(_FACTS, "first"), name: "mean"})
        seeds = own.assign(used=used).groupby([*_KEYS, "seed"], sort=True)["used"].mean().unstack()
        for seed in seeds:
            shares[(name, seed)] = seeds[seed].fillna(shares[name])
        shares = shares.reset_index()
        if found is not None:
            shares = shares.drop(columns=_FACTS)
        found = shares if found is None else found.merge(shares, on=_KEYS)
    return pd.DataFrame() if found is None else found


def path_reliance(
    matched: pd.DataFrame, runs: Sequence[str], *, by: str, resampling: Resampling
) -> pd.DataFrame:
    """Share of the paths that each run uses, by token distance or path length.

    Args:
        matched: from :func:`match_paths`.
        by: ``distance`` or ``path_length``.

    Returns:
        ``predicate_type`` ("all" first), the column ``by``, ``run`` and those of ``ratio_table``;
        n in paths. Combinations without paths are left out.
    """
    index, hits, totals = _cells(matched, runs, by)
    total, *each = resample(totals, *hits, resampling=resampling)
    parts = []
    for name, own in zip(runs, each, strict=True):
        shares = ratio_table(own, total, resampling=resampling)
        parts.append(pd.concat([index.assign(run=name), shares], axis=1))
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def path_differences(
    matched: pd.DataFrame, first: str, second: str, *, by: str, resampling: Resampling
) -> pd.DataFrame:
    """Paired differences ``second - first`` of the shares of used paths.

    Returns:
        ``predicate_type``, the column ``by`` and those of
        :func:`~linguagraph.aggregates.differences.paired_table`, with what the seeds of either run
        add; n in paths.
    """
    pairs = [
        [c for c in matched if isinstance(c, tuple) and c[0] == run] for run in (first, second)
    ]
    index, hits, totals = _cells(matched, (first, second, *pairs[0], *pairs[1]), by)
    own = np.stack([array.sum(axis=0) for array in hits[2:]])
    parts = own[: len(pairs[0])], own[len(pairs[0]) :]
    whole = tuple(np.repeat(totals.sum(axis=0)[None], len(part), axis=0) for part in parts)
    return paired_table(
        index,
        (hits[0], hits[1]),
        (totals, totals),
        resampling=resampling,
        seeds=seed_spread(parts, (whole[0], whole[1])),
    )


def path_patterns(
    paths: Mapping[str, pd.DataFrame],
    matched: pd.DataFrame,
    *,
    resampling: Resampling,
    most: int = 20,
) -> pd.DataFrame:
    """What retained subpaths look like: labels and directions of the edges into the argument.

    Returns:
        One row per ``pattern`` (such as "<-xcomp ->nsubj") and ``run``, of the ``most`` patterns
        that make up most of the retained subpaths of any run: ``paths`` (arguments whose path ends
        like that), ``k`` (of these, retained exactly so far; mean over seeds), ``of_paths`` (k of
        paths), ``n`` (retained subpaths of the run), ``share`` (k of n) with ``low`` and ``high``
        (over sentences).
    """
    counted = {name: _subpaths(table, matched) for name, table in paths.items()}
    weights = pd.DataFrame(
        {
            name: t.groupby("pattern")["weight"].sum() / t["weight"].sum()
            for name, t in counted.items()
        }
    )
    chosen = weights.fillna(0.0).max(axis=1).nlargest(most).index.tolist()
    place = {pattern: i for i, pattern in enumerate(chosen)}
    ends = np.array([_ending(matched["path"], pattern).sum() for pattern in chosen])
    sentences, parts = np.unique(matched["sentence"]), []
    for name, table in counted.items():
        cell = table["pattern"].map(place).fillna(len(chosen)).to_numpy(np.intp)
        at = np.searchsorted(sentences, table["sentence"].to_numpy())
        shape = (len(sentences), len(chosen) + 1)
        flat = np.bincount(at * shape[1] + cell, table["weight"], shape[0] * shape[1])
        counts = np.asarray(flat.reshape(shape), dtype=np.float64)
        hits, total = resample(
            counts[:, :-1], counts.sum(axis=1, keepdims=True), resampling=resampling
        )
        found = ratio_table(hits, total, resampling=resampling)
        found.insert(0, "pattern", chosen)
        found.insert(1, "run", name)
        found.insert(2, "paths", ends)
        found["of_paths"] = found["k"] / np.maximum(1, ends)
        parts.append(found)
    if not chosen:
        return pd.DataFrame(columns=["pattern", "run", "paths", "k", "of_paths", "n", "share"])
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return table[["pattern", "run", "paths", "k", "of_paths", "n", "share", "low", "high"]]


def _subpaths(table: pd.DataFrame, matched: pd.DataFrame) -> pd.DataFrame:
    """Retained subpaths of the matched arguments: sentence, pattern, weight (1 / seeds)."""
    seeds = max(1, table["seed"].nunique())
    own = table.loc[table["subpath_length"] > 0, [*_KEYS, "subpath_length"]]
    own = own.astype({"path": str}).merge(matched[_KEYS], on=_KEYS)
    pairs = own[["path", "subpath_length"]].drop_duplicates()
    pairs["pattern"] = [
        " ".join(path.split(" ")[-length:])
        for path, length in zip(pairs["path"], pairs["subpath_length"], strict=True)
    ]
    own = own.merge(pairs, on=["path", "subpath_length"])
    return own[["sentence", "pattern"]].assign(weight=1.0 / seeds)


def _ending(paths: pd.Series, pattern: str) -> pd.Series:
    return (paths == pattern) | paths.str.endswith(" " + pattern)


def _cells(
    matched: pd.DataFrame, runs: Sequence[Hashable], by: str
) -> tuple[pd.DataFrame, list[FloatArray], FloatArray]:
    """Index [C]; used paths of each run and all paths, [S, C], of cells that occur."""
    starts = [low for low, _ in DISTANCES]
    if by == "distance":
        place = np.searchsorted(starts, matched["token_distance"].to_numpy(), side="right") - 1
        place, names = np.maximum(place, 0), [_bin_name(*b) for b in DISTANCES]
    else:
        place = np.minimum(matched["path_length"].to_numpy(), len(LENGTHS)) - 1
        names = list(LENGTHS)
    kind = matched["predicate_type"].astype("category")
    codes, types = predicate_types(
        kind.cat.codes.to_numpy().astype(np.intp), [str(n) for n in kind.cat.categories]
    )
    sentences, sentence = np.unique(matched["sentence"].to_numpy(), return_inverse=True)
    shape = (len(sentences), len(types), len(names))
    cell = (sentence * len(types) + codes) * len(names) + place

    def counted(weights: np.ndarray) -> FloatArray:
        flat = np.bincount(cell, weights, int(np.prod(shape))).reshape(shape)
        whole = np.concatenate([flat.sum(axis=1, keepdims=True), flat], axis=1)
        return np.asarray(whole.reshape(len(sentences), -1), dtype=np.float64)

    totals = counted(np.ones(len(matched)))
    occurs = totals.sum(axis=0) > 0
    index = pd.MultiIndex.from_product([[ALL, *types], names], names=["predicate_type", by])
    hits = [counted(matched[name].to_numpy())[:, occurs] for name in runs]
    return index.to_frame(index=False)[occurs].reset_index(drop=True), hits, totals[:, occurs]


def _bin_name(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return str(low) if low == high else f"{low}-{high}"
