"""The edge table in, its items out: each (example, layer, edge) once, with the votes of all seeds.

The edge table repeats every edge for each seed. Nearly all questions are about edges, with the
seeds as raters, so the table is turned once into a matrix of votes; what describes an edge (label,
direction, predicate type ...) is then read from one row per item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from linguagraph.aggregates.blocks import Blocks
from linguagraph.aggregates.statistics import FloatArray
from linguagraph.errors import TableError

__all__ = ["ALL", "Items", "compile_items", "dense_codes", "predicate_types", "require_one"]
__all__ += ["COLUMNS", "sums_by", "type_places"]

IntArray = NDArray[np.intp]

ALL = "all"
"""The name of the row that takes all predicate types, layers or seeds together."""

COLUMNS = (
    *("document", "sentence", "example", "predicate_index", "predicate_type", "model", "method"),
    *("seed", "layer", "edge", "source", "target", "label", "direction", "kind", "source_offset"),
    *("target_offset", "token_distance", "retained", "target_kind"),
)
"""The columns of the edge table that aggregates over items read (``read_table(columns=...)``)."""

_TYPES = ("V", "N", "J", "O")


@dataclass(frozen=True)
class Items:
    """Edges in layers with the seeds' votes.

    Attributes:
        table: the edge table that the items come from.
        rows: [items], a row of ``table`` for each item.
        votes: [items, seeds], int8: 1 retained, 0 superfluous, -1 not rated by that seed.
        retained: [items], how many seeds retain the item.
        rated: [items], how many seeds rate the item.
        seeds: the probe seeds, ascending.
        layers: the layers, ascending.
        layer: [items], position in ``layers``.
        sentence: [items], position in ``sentences``.
        sentences: corpus indices of the sentences, ascending.
        example: [items], position in ``examples``.
        examples: example numbers, ascending.
        first: sentences before these, where these are a block of others.
        partial: whether they are.

    Aggregates ask for counts by :meth:`count` and :meth:`add` alone, whose argument sees some whole
    sentences at a time, so that items may also be kept on disk
    (:class:`linguagraph.aggregates.stored_items.StoredItems`).
    """

    table: pd.DataFrame
    rows: IntArray
    votes: NDArray[np.int8]
    retained: IntArray
    rated: IntArray
    seeds: tuple[int, ...]
    layers: tuple[int, ...]
    layer: IntArray
    sentence: IntArray
    sentences: NDArray[np.int64]
    example: IntArray
    examples: NDArray[np.int64]
    first: int = 0
    partial: bool = False

    def codes(self, column: str) -> tuple[IntArray, list[str]]:
        """Codes [items] and names of a column of strings; -1 is a missing value."""
        values = self.table[column]
        if not isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype("category")
        codes = values.cat.codes.to_numpy()[self.rows].astype(np.intp)
        return codes, [str(name) for name in values.cat.categories]

    def column(self, name: str) -> NDArray[np.generic]:
        """Values [items] of a column of numbers."""
        return np.asarray(self.table[name].to_numpy()[self.rows])

    def names(self, column: str) -> list[str]:
        """Names of a column of strings, in the order of their codes."""
        return self.codes(column)[1]

    def distinct(self, column: str) -> IntArray:
        """The values of a column of numbers, ascending, each once."""
        return dense_codes(np.asarray(self.column(column)).astype(np.int64))[1].astype(np.intp)

    @property
    def types(self) -> list[str]:
        """The predicate types that occur, in the order V, N, J, O, others."""
        return predicate_types(*self.codes("predicate_type"))[1]

    @property
    def type_codes(self) -> IntArray:
        """Predicate type [items], as a place in :attr:`types`."""
        return type_places(*self.codes("predicate_type"), self.types)

    @property
    def size(self) -> int:
        """How many items there are."""
        return len(self.rows)

    def blocks(self) -> Iterator[Items]:
        """All items in blocks of whole sentences, with the names and types of all; here one."""
        yield self

    def count(self, part: Callable[[Items], tuple[FloatArray, ...]]) -> Blocks:
        """What ``part`` counts, arrays [sentences, cells...], block by block."""
        return Blocks.whole(*part(self))

    def add(self, part: Callable[[Items], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Sums over the blocks of what ``part`` makes of each."""
        total: tuple[Any, ...] = ()
        for block in self.blocks():
            found = part(block)
            total = tuple(a + b for a, b in zip(total, found, strict=True)) if total else found
        return total

    def saved(self, name: str, make: Callable[[], IntArray]) -> IntArray:
        """What ``make`` gives [items]; items that are kept on disk keep that there, too."""
        return make()

    def tally(self, cells: IntArray, size: int, values: NDArray[np.generic]) -> FloatArray:
        """Add ``values`` [items] up by sentence and cell: [sentences, size], float64."""
        shape = (len(self.sentences), size)
        flat = np.bincount(self.sentence * size + cells, weights=values, minlength=shape[0] * size)
        return np.asarray(flat.reshape(shape), dtype=np.float64)


def compile_items(edges: pd.DataFrame) -> Items:
    """Turn an edge table (:data:`linguagraph.columns.EDGES`) into items.

    A table that is kept on disk has its items there, too: its attribute ``items``.

    Raises:
        TableError: several models or methods in one table, or two rows for the same example,
            layer, edge and seed.
    """
    found = getattr(edges, "items", None)
    if isinstance(found, Items):
        return found
    require_one(edges, "model", "method")
    example, examples = dense_codes(edges["example"].to_numpy())
    layer, layers = dense_codes(edges["layer"].to_numpy())
    seed, seeds = dense_codes(edges["seed"].to_numpy())
    number = edges["edge"].to_numpy().astype(np.intp)
    size = np.zeros(len(examples), dtype=np.intp)
    np.maximum.at(size, example, number + 1)
    ends = np.cumsum(size * len(layers))
    keys = (ends - size * len(layers))[example] + layer * size[example] + number
    slots = int(ends[-1]) if len(ends) else 0
    rows = np.full(slots, -1, dtype=np.intp)
    rows[keys] = np.arange(len(edges))
    votes = np.full((slots, len(seeds)), -1, dtype=np.int8)
    votes[keys, seed] = edges["retained"].to_numpy()
    repeated = len(edges) - int((votes >= 0).sum())
    if repeated:
        raise TableError(
            f"table 'edges': {repeated} rows repeat the example, layer, edge and seed of another "
            "row; each may occur once"
        )
    used = rows >= 0
    rows, votes = rows[used], votes[used]
    sentence, sentences = dense_codes(edges["sentence"].to_numpy()[rows])
    return Items(
        table=edges,
        rows=rows,
        votes=votes,
        retained=_count(votes == 1),
        rated=_count(votes >= 0),
        seeds=tuple(int(s) for s in seeds),
        layers=tuple(int(k) for k in layers),
        layer=layer[rows],
        sentence=sentence,
        sentences=sentences,
        example=example[rows],
        examples=examples,
    )


def _count(flags: NDArray[np.bool_]) -> IntArray:
    """Row sums, added column by column (fast where there are few columns)."""
    total = np.zeros(len(flags), dtype=np.intp)
    for column in flags.T:
        total += column
    return total


def dense_codes(values: NDArray[np.integer]) -> tuple[IntArray, NDArray[np.int64]]:
    """Codes from 0 and the distinct values in ascending order, for integers."""
    if not len(values):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low > 4 * len(values) + 1000:
        distinct, inverse = np.unique(values, return_inverse=True)
        return inverse.astype(np.intp), distinct.astype(np.int64)
    shifted = values.astype(np.intp) - low
    present = np.zeros(high - low + 1, dtype=bool)
    present[shifted] = True
    return (np.cumsum(present) - 1)[shifted], np.flatnonzero(present).astype(np.int64) + low


def sums_by(codes: IntArray, values: ArrayLike, size: int) -> FloatArray:
    """Sums of ``values`` [n] by code [n]: [size], float64."""
    weights = np.asarray(values, dtype=np.float64)
    return np.asarray(np.bincount(codes, weights=weights, minlength=size), dtype=np.float64)


def require_one(table: pd.DataFrame, *columns: str) -> None:
    """Raise :class:`TableError` where a column holds more than one value."""
    for column in columns:
        values = table[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            used = np.bincount(values.cat.codes.to_numpy() + 1)[1:]  # code -1: missing
            found = values.cat.categories[np.flatnonzero(used)]
        else:
            found = pd.Index(values.unique())
        if len(found) > 1:
            raise TableError(
                f"column {column!r} holds {sorted(map(str, found))}; aggregates describe one "
                f"{column} at a time, so select its rows first"
            )


def type_places(codes: IntArray, names: Sequence[str], types: Sequence[str]) -> IntArray:
    """Codes of predicate types as places in ``types``."""
    place = [types.index(name) if name in types else -1 for name in names]
    return np.array(place or [-1], dtype=np.intp)[codes]


def predicate_types(codes: IntArray, names: Sequence[str]) -> tuple[IntArray, list[str]]:
    """Codes and names of the predicate types that occur, in the order V, N, J, O, others."""
    present = {names[code] for code in np.unique(codes) if code >= 0}
    order = [t for t in _TYPES if t in present] + sorted(present - set(_TYPES))
    place = np.array([order.index(n) if n in present else -1 for n in names], dtype=np.intp)
    return (place[codes] if len(codes) else codes), order
