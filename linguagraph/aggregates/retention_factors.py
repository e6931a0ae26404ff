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

from linguagraph.aggregates.items import IntArray, Items, predicate_types
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
    """

    name: str
    codes: IntArray
    levels: tuple[str, ...]
    values: FloatArray | None = None
    unit: str = ""


def find_factors(items: Items, names: Sequence[str]) -> list[Factor]:
    """The named factors of all items.

    Raises:
        ConfigError: a name that :data:`FACTORS` does not have, or none, or one twice.
    """
    unknown = [name for name in names if name not in FACTORS]
    if unknown or not names or len(set(names)) < len(names):
        raise ConfigError(f"factors={list(names)}; choose some of {', '.join(FACTORS)}, each once")
    return [FACTORS[name](items) for name in names]


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
    return replace(factor, codes=place[factor.codes], levels=levels), joined


def _coded(name: str) -> Callable[[Items], Factor]:
    def find(items: Items) -> Factor:
        codes, levels = items.codes(name)
        return Factor(name, codes, tuple(levels))

    return find


def _predicate_type(items: Items) -> Factor:
    codes, levels = predicate_types(*items.codes("predicate_type"))
    return Factor("predicate_type", codes, tuple(levels))


def _layer(items: Items) -> Factor:
    return Factor("layer", items.layer, tuple(str(layer) for layer in items.layers))


def _position(items: Items) -> Factor:
    return Factor("position", path_positions(items), POSITIONS)


def _distance(items: Items) -> Factor:
    distance = np.asarray(items.column("token_distance")).astype(np.intp)
    present = np.bincount(distance) > 0
    found = np.flatnonzero(present)
    return Factor(
        "distance",
        (np.cumsum(present) - 1)[distance],
        tuple(map(str, found)),
        np.log2(1.0 + found),
        "distance doubled",
    )


def _frequency(items: Items) -> Factor:
    codes, levels = items.codes("label")
    layer = np.bincount(items.layer).argmax() if len(items.layer) else 0
    count = np.bincount(codes[items.layer == layer], minlength=len(levels))
    return Factor(
        "frequency", codes, tuple(levels), np.log2(np.maximum(count, 1)), "frequency doubled"
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
