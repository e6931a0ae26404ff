"""Items in, the factors that may explain retention out: each a code per item, with its levels.

* ``label``, ``direction``, ``predicate_type``, ``layer``: as in the edge table;
* ``position``: where the edge lies relative to the paths from the predicate to its predicted
  arguments, see :mod:`linguagraph.aggregates.path_position`;
* ``distance``: log2(1 + token distance), so that an effect is that of (about) doubling it;
* ``frequency``: log2 of how many edges have the label, each counted in one layer and for every
  example; an effect is that of a label twice as frequent. Within a label it does not vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from linguagraph.aggregates.items import IntArray, Items, sums_by
from linguagraph.aggregates.path_position import POSITIONS, path_positions
from linguagraph.aggregates.statistics import FloatArray
from linguagraph.errors import ConfigError

__all__ = ["FACTORS", "RARE", "Factor", "find_factors", "pool_rare"]

RARE = "(rare)"
"""Stands for all levels with too few items to have an effect of their own."""


@dataclass(frozen=True)
class Factor:
    """One explanatory variable.

    Attributes:
        name: key of :data:`FACTORS`.
        codes: [items], place in ``levels``.
        levels: names of the levels, or of the values of a numeric factor.
        values: [levels] numbers of a numeric factor; ``None`` for a factor with levels.
        unit: what an effect of a numeric factor is the effect of.
        find: gives the codes of the items of a block, where there are several; ``codes`` is empty.
    """

    name: str
    codes: IntArray
    levels: tuple[str, ...]
    values: FloatArray | None = None
    unit: str = ""
    find: Callable[[Items], IntArray] | None = None

    def of(self, part: Items) -> IntArray:
        """Codes of the items of a block; ``codes`` where there is one."""
        return self.codes if self.find is None else self.find(part)


def find_factors(items: Items, names: Sequence[str]) -> list[Factor]:
    """The named factors of all items.

    Raises:
        ConfigError: a name that :data:`FACTORS` does not have, or none, or one twice.
    """
    unknown = [name for name in names if name not in FACTORS]
    if unknown or not names or len(set(names)) < len(names):
        raise ConfigError(f"factors={list(names)}; choose some of {', '.join(FACTORS)}, each once")
    return [_held(FACTORS[name](items), items) for name in names]


def _held(factor: Factor, items: Items) -> Factor:
    """The factor with the codes of all items, where these are in memory."""
    if factor.find is None or len(items.rows) < items.size:
        return factor
    return replace(factor, codes=factor.find(items), find=None)


def pool_rare(factor: Factor, rated: FloatArray, *, least: float) -> tuple[Factor, list[str]]:
    """Join the levels with fewer than ``least`` items to one, :data:`RARE`.

    Args:
        rated: [levels] items of each level.

    Returns:
        The factor, and the names of the levels that were joined; a single rare level stays.
    """
    rare = (rated > 0) & (rated < least)
    if factor.values is not None or rare.sum() < 2:
        return factor, []
    kept = np.flatnonzero(~rare)
    place = np.full(len(rare), len(kept), dtype=np.intp)
    place[kept] = np.arange(len(kept))
    levels = (*(factor.levels[i] for i in kept), RARE)
    joined = [factor.levels[i] for i in np.flatnonzero(rare)]
    find = None if factor.find is None else lambda part: place[factor.of(part)]
    return replace(factor, codes=place[factor.codes], levels=levels, find=find), joined


_NONE = np.empty(0, dtype=np.intp)


def _coded(name: str) -> Callable[[Items], Factor]:
    def find(items: Items) -> Factor:
        levels = tuple(items.names(name))
        return Factor(name, _NONE, levels, find=lambda part: part.codes(name)[0])

    return find


def _predicate_type(items: Items) -> Factor:
    levels = tuple(items.types)
    return Factor("predicate_type", _NONE, levels, find=lambda part: part.type_codes)


def _layer(items: Items) -> Factor:
    levels = tuple(str(layer) for layer in items.layers)
    return Factor("layer", _NONE, levels, find=lambda part: part.layer)


def _position(items: Items) -> Factor:
    return Factor("position", _NONE, POSITIONS, find=_positions)


def _positions(part: Items) -> IntArray:
    return part.saved("position", lambda: path_positions(part))


def _distance(items: Items) -> Factor:
    found = items.distinct("token_distance")
    place = np.zeros(int(found.max(initial=0)) + 1, dtype=np.intp)
    place[found] = np.arange(len(found))
    return Factor(
        "distance",
        _NONE,
        tuple(map(str, found)),
        np.log2(1.0 + found),
        "distance doubled",
        find=lambda part: place[np.asarray(part.column("token_distance")).astype(np.intp)],
    )


def _frequency(items: Items) -> Factor:
    levels = items.names("label")
    layers = max(1, len(items.layers))

    def count(part: Items) -> tuple[FloatArray]:
        cell = part.layer * len(levels) + part.codes("label")[0]
        return (sums_by(cell, np.ones(len(cell)), layers * len(levels)),)

    by_layer = items.add(count)[0].reshape(layers, len(levels))
    most = by_layer[by_layer.sum(axis=1).argmax()]
    return Factor(
        "frequency",
        _NONE,
        tuple(levels),
        np.log2(np.maximum(most, 1)),
        "frequency doubled",
        find=lambda part: part.codes("label")[0],
    )


FACTORS: dict[str, Callable[[Items], Factor]] = {
    "label": _coded("label"),
    "direction": _coded("direction"),
    "predicate_type": _predicate_type,
    "distance": _distance,
    "position": _position,
    "layer": _layer,
    "frequency": _frequency,
}
"""Name of each factor, and the function that finds it."""
