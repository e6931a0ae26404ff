"""Masks of entity graphs in, which paths the retained edges make out: by type, length and ends.

A *retained path* is a sequence of retained edges in strictly ascending layers, each starting where
the one before ended. It is *maximal* if its first source is the target of no retained edge in a
layer below its first, and its last target the source of no retained edge in a layer above its last.
Its *form* is the sequence of its relations. The paper (section 5) reports which forms most paths
take.

Paths are counted by dynamic programming, never listed: for every node and every sequence of
relations and layers, the number of paths that end there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from linguagraph.aggregates.entity_masks import Bools, EntityMasks, total_first
from linguagraph.aggregates.items import ALL, IntArray
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample

__all__ = [
    "PATH_SETS",
    "PathCounts",
    "count_paths",
    "first_edges",
    "grouped_forms",
    "lone_edges",
    "path_forms",
]

PATH_SETS = ("all", "to_prediction", "from_subject")
"""Maximal paths: all, those that end at a mention of the predicted candidate, and those that start
at a mention of the subject."""

Steps = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PathCounts:
    """Numbers of maximal paths.

    Attributes:
        relations, layers: names of the codes in ``steps``.
        steps: the sequences that occur, each of (layer, relation) pairs, bottom first.
        counts: for each of :data:`PATH_SETS`, float64 [items, seeds, sequences].
    """

    relations: tuple[str, ...]
    layers: tuple[int, ...]
    steps: tuple[Steps, ...]
    counts: Mapping[str, FloatArray]

    def form(self, steps: Steps) -> str:
        """The relations of a sequence: "COMPLEMENT > MATCH"."""
        return " > ".join(self.relations[relation] for _, relation in steps)

    def layers_of(self, steps: Steps) -> str:
        """Its layers: "0 > 2"."""
        return " > ".join(str(self.layers[layer]) for layer, _ in steps)

    def totals(self, which: str) -> FloatArray:
        """All paths of a set: [items, seeds]."""
        return np.asarray(self.counts[which].sum(axis=-1))


def count_paths(masks: EntityMasks) -> PathCounts:
    """Count the maximal paths of each item and seed by their sequence of layers and relations."""
    items, seeds, _ = masks.shape
    retained = list(masks.layers())
    found: dict[Steps, FloatArray] = {}
    for place in range(seeds):
        own = [rows[seed == place] for seed, rows in retained]
        for steps, counts in _count_one(masks, own):
            found.setdefault(steps, np.zeros((3, items, seeds)))[..., place] = counts
    names = sorted(found)
    stacked = np.stack([found[n] for n in names], -1) if found else np.zeros((3, items, seeds, 0))
    return PathCounts(
        masks.relations,
        masks.items.layers,
        tuple(names),
        dict(zip(PATH_SETS, stacked, strict=True)),
    )


def _count_one(
    masks: EntityMasks, retained: Sequence[IntArray]
) -> Iterator[tuple[Steps, FloatArray]]:
    """Sequences that one seed's paths take, with numbers of maximal paths [sets, items]."""
    items, size = masks.shape[0], len(masks.item)
    entered = _ends(masks.target, retained, size)
    left = _ends(masks.source, retained[::-1], size)[::-1]
    names: list[Steps] = [()]
    counted = np.zeros((size, 2, 0))  # paths that end at a node: all, and those from the subject
    for layer, rows in enumerate(retained):
        free = ~entered[layer]
        start = np.stack([free, free & masks.subject], axis=-1).astype(np.float64)
        before = np.concatenate([start[..., None], counted], axis=-1).reshape(size, -1)
        new: list[Steps] = []
        parts = [counted]
        for code in np.unique(masks.relation[rows]):
            own = rows[masks.relation[rows] == code]
            ends = (masks.target[own], masks.source[own])
            step = csr_array((np.ones(len(own)), ends), shape=(size, size))
            paths = (step @ before).reshape(size, 2, len(names))
            used = np.flatnonzero(paths.any(axis=(0, 1)))
            parts.append(paths[..., used])
            new += [(*names[k], (layer, int(code))) for k in used]
        last = np.concatenate(parts, axis=-1)
        for place, steps in enumerate(new, start=len(names) - 1):
            every, asked = (last[:, k, place] * ~left[layer] for k in (0, 1))
            sums = [np.bincount(masks.item, v, items) for v in (every, every * masks.predicted)]
            if sums[0].any():
                yield steps, np.stack([*sums, np.bincount(masks.item, asked, items)])
        names, counted = names + new, last


def path_forms(paths: PathCounts, *, resampling: Resampling, layers: bool = False) -> pd.DataFrame:
    """What share of the maximal paths takes each form.

    Args:
        paths: their numbers.
        resampling: intervals over items.
        layers: tell paths of the same form in other layers apart.

    Returns:
        A row per set of ``paths`` (:data:`PATH_SETS`) and ``form`` (with ``layers``, such as
        "0 > 2", if asked for), most frequent first: ``edges`` (length), ``n`` items that have paths
        of the set (mean over seeds), ``share`` (mean over items and seeds of the share within the
        item, so that items weigh the same) with ``low``, ``high``; ``occurs``: share of n in which
        the form occurs.
    """
    keys = [(paths.form(s), paths.layers_of(s) if layers else "", len(s)) for s in paths.steps]
    frames = [_grouped(paths, which, keys, resampling) for which in PATH_SETS]
    names = ["form", "layers", "edges"]
    table = pd.concat([frame.assign(paths=w) for frame, w in zip(frames, PATH_SETS, strict=True)])
    if table.empty:
        return pd.DataFrame(columns=["paths", "form", "edges", "n", "share", "low", "high"])
    table[names] = pd.DataFrame(table["key"].tolist(), index=table.index)
    shown = ["paths", "form", *(["layers"] if layers else []), "edges"]
    table = table[table["occurs"] > 0].reset_index(drop=True)
    table["rank"] = table["paths"].map({w: place for place, w in enumerate(PATH_SETS)})
    table = table.sort_values(["rank", "share"], ascending=[True, False], kind="stable")
    return table[[*shown, "n", "share", "low", "high", "occurs"]].reset_index(drop=True)


def grouped_forms(
    paths: PathCounts,
    groups: Mapping[str, Callable[[tuple[str, ...]], bool]],
    *,
    resampling: Resampling,
) -> pd.DataFrame:
    """The same for groups of forms.

    Args:
        paths: their numbers.
        groups: for each name, whether a sequence of relations belongs to the group.
        resampling: intervals over items.

    Returns:
        A row per set of ``paths`` and ``group``: ``n``, ``share``, ``low``, ``high``, ``occurs`` as
        in :func:`path_forms`.
    """
    forms = [tuple(paths.relations[r] for _, r in steps) for steps in paths.steps]
    frames = []
    for name, belongs in groups.items():
        keys = [belongs(form) for form in forms]
        for which in PATH_SETS:
            found = _grouped(paths, which, keys, resampling, known=(True,))
            frames.append(found.assign(paths=which, group=name))
    table = pd.concat(frames, ignore_index=True)
    return table[["paths", "group", "n", "share", "low", "high", "occurs"]]


def first_edges(paths: PathCounts, *, resampling: Resampling) -> pd.DataFrame:
    """How long the maximal paths are, by the relation and layer of their first edge.

    Returns:
        A row per ``layer`` ("all" first) and ``relation`` ("all" first) of the first edge and
        number of ``edges``: ``n`` items that have such paths (mean over seeds), ``share`` of them
        that has so many edges (mean over items and seeds, of those that have any), ``low``,
        ``high``.
    """
    lengths = range(1, len(paths.layers) + 1)
    rows = []
    for layer in (ALL, *range(len(paths.layers))):
        for relation in (ALL, *range(len(paths.relations))):
            own = [
                layer in (ALL, steps[0][0]) and relation in (ALL, steps[0][1])
                for steps in paths.steps
            ]
            if not any(own):
                continue
            found = _grouped(
                paths, ALL, list(map(len, paths.steps)), resampling, known=lengths, within=own
            )
            found.insert(0, "layer", ALL if layer == ALL else str(paths.layers[int(layer)]))
            name = ALL if relation == ALL else paths.relations[int(relation)]
            found.insert(1, "relation", name)
            rows.append(found.rename(columns={"key": "edges"}).astype({"edges": np.int64}))
    columns = ["layer", "relation", "edges", "n", "share", "low", "high"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def lone_edges(masks: EntityMasks, *, resampling: Resampling) -> pd.DataFrame:
    """Share of retained edges that are a maximal path on their own: nothing before, nothing after.

    In the bottom layer these are the edges that are not the first of a longer path.

    Returns:
        A row per ``layer`` and ``relation`` ("all" first): ``n`` retained edges, ``k`` of them on
        their own (means over seeds), ``share``, ``low``, ``high``, ``interval``, ``small``. Rows
        without a retained edge are left out.
    """
    items, seeds, layers = masks.shape
    size, nodes = len(masks.relations), len(masks.item)
    retained = list(masks.layers())
    counts = np.zeros((2, layers, items, size))
    for place in range(seeds):
        own = [rows[seed == place] for seed, rows in retained]
        entered = _ends(masks.target, own, nodes)
        left = _ends(masks.source, own[::-1], nodes)[::-1]
        for layer, rows in enumerate(own):
            lone = ~entered[layer][masks.source[rows]] & ~left[layer][masks.target[rows]]
            cells = masks.items.example[rows] * size + masks.relation[rows]
            for part, found in zip(counts, (cells[lone], cells), strict=True):
                part[layer] += np.bincount(found, minlength=items * size).reshape(items, size)
    above, below = resample(
        *(total_first(np.moveaxis(part, 0, 1)) for part in counts), resampling=resampling
    )
    table = ratio_table(above, below, resampling=resampling, ratings=max(1, seeds))
    table.insert(0, "layer", np.repeat([str(k) for k in masks.items.layers], size + 1))
    table.insert(1, "relation", [ALL, *masks.relations] * layers)
    return table[table["k"].notna() & table["share"].notna()].reset_index(drop=True)


def _grouped(
    paths: PathCounts,
    which: str,
    keys: list[Any],
    resampling: Resampling,
    *,
    known: Iterable[Any] | None = None,
    within: list[bool] | None = None,
) -> pd.DataFrame:
    """Shares of the sequences with each key: ``key``, the columns of a share table, ``occurs``."""
    order = list(dict.fromkeys(keys) if known is None else known)
    counts = paths.counts[which]
    counts = counts if within is None else counts * np.array(within)
    total = counts.sum(axis=-1)
    parts = np.zeros((*total.shape, len(order)))
    for place, key in enumerate(keys):
        if key in order:
            parts[..., order.index(key)] += counts[..., place]
    has = (total > 0).astype(np.float64)
    share, occurs, cases = resample(
        (parts / np.maximum(total, 1)[..., None]).sum(axis=1),
        (parts > 0).sum(axis=1).astype(np.float64),
        has.sum(axis=1, keepdims=True),
        resampling=resampling,
    )
    table = ratio_table(share, cases, resampling=resampling, ratings=max(1, total.shape[1]))
    seen = ratio_table(occurs, cases, resampling=resampling)["share"]
    table.insert(0, "key", pd.Series(order, dtype=object))
    return table.drop(columns="k").assign(occurs=seen)


def _ends(side: IntArray, retained: Sequence[IntArray], size: int) -> list[Bools]:
    """For each layer, whether a node is on this side of an edge of the layers before it."""
    seen = np.zeros(size, dtype=np.bool_)
    found: list[Bools] = []
    for rows in retained:
        found.append(seen.copy())
        seen[side[rows]] = True
    return found
