"""The edge table, read in parts -> what share of seeds and predicates retains each edge.

The share of an edge in a layer is the mean of ``retained`` over all seeds and over all examples
(predicates) of its sentence that are in the table: an edge that one of two predicates retains under
every seed has 0.5. For graphs without language an example is a graph, so that it is the mean over
seeds alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from linguagraph.columns import EDGES
from linguagraph.errors import TableError

__all__ = ["EdgeShare", "RetainedShares", "read_shares"]

_EDGE = ["sentence", "source_offset", "source", "target_offset", "target", "kind", "label"]
_KEYS = [*_EDGE, "direction", "layer"]
_BATCH = 1 << 20


@dataclass(frozen=True, slots=True)
class EdgeShare:
    """One edge of a sentence.

    Attributes:
        source, target: token indices in their sentences (nodes, where there is no language).
        source_offset, target_offset: sentences from this one to theirs; 0 is the same.
        kind, label, direction: as in the edge table.
        shares: in [0, 1] by layer, bottom first; ``None`` in layers in which it has no row.
    """

    source: int
    target: int
    source_offset: int
    target_offset: int
    kind: str
    label: str
    direction: str
    shares: tuple[float | None, ...]

    @property
    def mean(self) -> float:
        """Over the layers in which the edge has rows."""
        known = [share for share in self.shares if share is not None]
        return sum(known) / len(known)


@dataclass(frozen=True)
class RetainedShares:
    """Shares of all edges of a run.

    Attributes:
        layers: number of layers.
        seeds: of the masks, ascending.
        method: of the masks.
        predicates: examples in the table by sentence.
    """

    layers: int
    seeds: tuple[int, ...]
    method: str
    predicates: dict[int, int]
    _table: pd.DataFrame

    def __repr__(self) -> str:
        return f"<RetainedShares: {len(self.predicates):,} sentences, {self.layers} layers>"

    def of(self, sentence: int) -> Iterator[EdgeShare]:
        """The edges of a sentence; none if it has no example."""
        numbers = self._table["sentence"].to_numpy()
        start, end = np.searchsorted(numbers, (sentence, sentence + 1))
        part = self._table.iloc[start:end]
        key: Any
        for key, rows in part.groupby(_KEYS[1:-1], sort=True):
            shares: list[float | None] = [None] * self.layers
            for layer, share in zip(rows["layer"], rows["share"], strict=True):
                shares[int(layer)] = float(share)
            source_offset, source, target_offset, target, kind, label, direction = key
            yield EdgeShare(
                int(source),
                int(target),
                int(source_offset),
                int(target_offset),
                str(kind),
                str(label),
                str(direction),
                tuple(shares),
            )


def read_shares(path: str | Path, *, method: str | None = None) -> RetainedShares:
    """Sum up an edge table; rows are read in parts, and one row per edge and layer is kept.

    Args:
        path: ``edges.parquet``.
        method: whose masks; ``None`` takes the only one, or GraphMask.

    Raises:
        TableError: no such file, or no rows of the method.
    """
    path = Path(path)
    if not path.is_file():
        raise TableError(f"{path} is missing; run 'linguagraph tabulate' on the run first")
    try:
        data = ds.dataset(path, format="parquet")
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {error}") from error
    chosen = _method(path, data, method)
    sums: list[pa.Table] = []
    examples: set[tuple[int, int]] = set()
    seeds: set[int] = set()
    for part in _parts(data, chosen):
        sums.append(part.group_by(_KEYS).aggregate([("kept", "sum"), ("kept", "count")]))
        pairs = part.group_by(["sentence", "example"]).aggregate([])
        examples |= set(zip(*(pairs[n].to_pylist() for n in ("sentence", "example")), strict=True))
        seeds |= set(part["seed"].unique().to_pylist())
    whole = pa.concat_tables(sums).group_by(_KEYS)
    table = whole.aggregate([("kept_sum", "sum"), ("kept_count", "sum")]).to_pandas()
    table["share"] = table["kept_sum_sum"] / table["kept_count_sum"]
    predicates: dict[int, int] = {}
    for sentence, _ in examples:
        predicates[sentence] = predicates.get(sentence, 0) + 1
    return RetainedShares(
        int(table["layer"].max()) + 1,
        tuple(sorted(seeds)),
        chosen,
        predicates,
        table.sort_values("sentence", ignore_index=True),
    )


def _method(path: Path, data: ds.Dataset, asked: str | None) -> str:
    found: set[str] = set()
    for batch in data.to_batches(columns=["method"], batch_size=_BATCH):
        found |= set(batch.column(0).cast(pa.string()).unique().to_pylist())
    known = sorted(found)
    if not known:
        raise TableError(f"{path} has no rows")
    chosen = asked or (known[0] if len(known) == 1 else "graphmask")
    if chosen not in known:
        raise TableError(f"{path} has no masks of {chosen!r}; choose among {', '.join(known)}")
    return chosen


def _parts(data: ds.Dataset, method: str) -> Iterator[pa.Table]:
    """Rows of the method with plain strings and 0 or 1 in ``kept``; defaults filled in."""
    names = [*_KEYS, "example", "seed", "retained", "method"]
    there = [name for name in names if name in data.schema.names]
    defaults = {c.name: c.default for c in EDGES.columns if c.default is not None}
    for batch in data.to_batches(columns=there, batch_size=_BATCH):
        table = pa.table(batch)
        columns = {}
        for name in names:
            if name not in there:
                columns[name] = pa.array([defaults[name]] * len(table))
            elif pa.types.is_dictionary(table[name].type):
                columns[name] = table[name].cast(pa.string())
            else:
                columns[name] = table[name]
        columns["kept"] = columns.pop("retained").cast(pa.int64())
        found = pa.table(columns)
        mask = [value == method for value in found["method"].unique().to_pylist()]
        yield found if all(mask) else found.filter(_equals(found["method"], method))


def _equals(column: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.equal(column, value)
