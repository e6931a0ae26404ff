"""Tables of shards, larger than memory -> the same tables in blocks on disk, read by DuckDB.

DuckDB reads the Parquet files of all shards as one table, numbers sentences and examples through,
and brings the votes of all seeds on an edge into one row; nothing is read that no analysis asks
for. What it gives is written in blocks of whole sentences, from which aggregates count
(:mod:`linguagraph.aggregates.stored_items`, :mod:`linguagraph.aggregates.stored_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from numpy.typing import NDArray

from linguagraph.aggregates.blocks import Draws
from linguagraph.aggregates.items import dense_codes, predicate_types
from linguagraph.aggregates.stored_items import StoredEdges, StoredItems
from linguagraph.aggregates.stored_rows import Column, StoredRows
from linguagraph.columns import EDGES, PATHS, ROLES, SCORES, TABLES, Table
from linguagraph.errors import TableError
from linguagraph.runs.duck import Duck, Piece, union
from linguagraph.runs.partitioned import Shard
from linguagraph.runs.progress import Progress

__all__ = ["stored_tables"]

_CODES = ("label", "direction", "kind", "target_kind", "predicate_type")
_NUMBERS = {
    "source": np.int32,
    "target": np.int32,
    "predicate_index": np.int32,
    "source_offset": np.int16,
    "target_offset": np.int16,
    "token_distance": np.int32,
    "soft_gate": np.float32,
}
_ROWS: dict[str, tuple[str, ...]] = {
    "paths": (
        *("sentence", "example", "predicate_type", "seed", "argument_index", "path"),
        *("path_length", "token_distance", "subpath_length"),
    ),
    "roles": ("sentence", "example", "predicate_type", "gold_role", "role"),
    "scores": (
        *("condition", "seed", "sentence", "predicate_type", "correct", "predicted"),
        *("gold", "kept", "edges"),
    ),
}
"""Columns that aggregates count with, beside those of edges."""

_TOGETHER = 100
"""Shards in one statement."""

_NAMED: dict[str, tuple[str, ...]] = {
    "paths": (
        *("model", "method", "seed", "predicate_type", "path", "path_length"),
        "subpath_length",
    ),
    "roles": ("model", "predicate_type", "gold_role", "role"),
    "scores": ("model", "method", "seed", "condition", "predicate_type"),
}
"""Columns of which every value is known beforehand."""


@dataclass(frozen=True)
class _Work:
    """What all tables share."""

    duck: Duck
    shards: tuple[Shard, ...]
    folder: Path
    draws: Draws

    def rows(self, table: Table) -> int:
        """Rows of a table in all shards."""
        return sum(self.size(shard, table) for shard in self.shards)

    def size(self, shard: Shard, table: Table) -> int:
        """Rows of a table in one shard."""
        return int(pq.ParquetFile(shard.table(table.name)).metadata.num_rows)

    def blocks(self, table: Table, rows: int) -> Iterator[list[Piece]]:
        """The table in blocks of about so many rows, of whole sentences."""
        held: list[Piece] = []
        count = 0
        for shard in self.shards:
            for piece, size in self._pieces(shard, table, rows):
                if held and count + size > 1.3 * rows:
                    yield held
                    held, count = [], 0
                held.append(piece)
                count += size
        if held:
            yield held

    def _pieces(self, shard: Shard, table: Table, rows: int) -> Iterator[tuple[Piece, int]]:
        size = self.size(shard, table)
        if size <= 1.3 * rows:
            yield Piece(shard), size
            return
        local = Shard(shard.path, 0, 0, shard.own_sentences, shard.own_examples)
        found = self.duck.arrow(
            f"SELECT sentence, count(*) AS n FROM ({union([Piece(local)], table, ('sentence',))}) "
            "GROUP BY sentence ORDER BY sentence"
        )
        sentence, n = (found.column(name).to_numpy() for name in ("sentence", "n"))
        block = (np.cumsum(n) - n) // rows
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        ends = [*sentence[starts[1:]].tolist(), int(sentence[-1]) + 1]
        for start, end, first in zip(sentence[starts].tolist(), ends, starts, strict=True):
            yield Piece(shard, start, end), int(n[block == block[first]].sum())

    def distinct(self, table: Table, columns: Sequence[str]) -> dict[str, Column]:
        """The values of columns that occur, ascending."""
        values: dict[str, set[Any]] = {name: set() for name in columns}
        for start in range(0, len(self.shards), _TOGETHER):  # a statement's cost is not linear
            pieces = [Piece(shard) for shard in self.shards[start : start + _TOGETHER]]
            rows = union(pieces, table, columns)
            sql = f"SELECT DISTINCT {', '.join(columns)} FROM ({rows})"
            found = self.duck.arrow(sql).to_pandas()
            for name in columns:
                values[name].update(found[name].dropna().unique().tolist())
        return {name: Column(name, tuple(sorted(those))) for name, those in values.items()}

    def lookup(self, table: Table) -> Callable[[str, Any], pd.DataFrame]:
        """Gives the rows of a table with a value of ``example`` or ``sentence``."""

        def find(column: str, value: Any) -> pd.DataFrame:
            if column not in ("example", "sentence"):
                raise TableError(f"rows of a table on disk are not looked up by {column!r}")
            shard = [s for s in self.shards if getattr(s, f"{column}s") <= value][-1]
            own = value - getattr(shard, f"{column}s")
            found = pq.read_table(shard.table(table.name), filters=[(column, "==", own)])
            frame = table.check(found.unify_dictionaries().to_pandas())
            shifted = {"sentence": shard.sentences, "example": shard.examples}
            for name in shifted.keys() & set(frame.columns):
                frame[name] = (frame[name] + shifted[name]).astype("int32")
            return frame

        return find


def stored_tables(
    duck: Duck, shards: Sequence[Shard], folder: Path, progress: Progress
) -> dict[str, pd.DataFrame]:
    """Edges, paths, roles and scores of shards, on disk; in the place of frames.

    Args:
        duck: the connection.
        shards: in order.
        folder: where blocks go; it must stay while the tables are used.
        progress: for people who wait.

    Returns:
        The tables by name. What stands for a frame is no frame: it answers what analyses ask.

    Raises:
        TableError: there are no edges; several models or methods; an edge has two votes of a seed.
    """
    work = _Work(duck, tuple(shards), folder, Draws(folder))
    edge_rows = work.rows(EDGES)
    if not edge_rows:
        raise TableError("there are no edges; analyse the run without --memory")
    number = max(1, round(edge_rows / duck.rows))
    task = progress("reading tables", edge_rows)
    found: dict[str, Any] = {"edges": _edges(work, edge_rows, task)}
    for table in (PATHS, ROLES, SCORES):
        rows = work.rows(table)
        task_rows = max(1, -(-rows // number))
        found[table.name] = _rows(work, table, task_rows) if rows else TABLES[table.name].empty()
    task.close()
    return cast("dict[str, pd.DataFrame]", found)


def _rows(work: _Work, table: Table, rows: int) -> StoredRows:
    """A table other than edges in files of whole sentences."""
    name = table.name
    columns = work.distinct(table, _NAMED[name])
    selected = []
    for column in _ROWS[name]:
        kind = table.schema.field(column).type
        if column in columns and pa.types.is_dictionary(kind) and columns[column].values:
            work.duck.enum(f"{name}_{column}", list(columns[column].values))
            selected.append(f"{column}::{name}_{column} AS {column}")
        else:
            selected.append(column)
    folder = work.folder / name
    folder.mkdir()
    lengths: list[int] = []
    sentences: list[int] = []
    for pieces in work.blocks(table, rows):
        part = work.duck.arrow(
            f"SELECT {', '.join(selected)} FROM ({union(pieces, table, _ROWS[name])})"
        )
        if part.num_rows:
            path = folder / f"{len(lengths):06d}.feather"
            feather.write_feather(part, path, compression="uncompressed")
            lengths.append(part.num_rows)
            sentences.append(len(np.unique(part.column("sentence").to_numpy())))
    first: dict[str, Any] = {"example": 0}
    if name == "paths":
        there = (s.table(name) for s in work.shards if work.size(s, table))
        head = next(pq.ParquetFile(next(there)).iter_batches(1, columns=["retained_by_layer"]))
        first["retained_by_layer"] = head.column(0)[0].as_py()
    return StoredRows(
        name=name,
        folder=folder,
        lengths=tuple(lengths),
        sentences=tuple(sentences),
        columns=columns,
        lookup=work.lookup(table),
        draws=work.draws,
        first=first,
    )


def _edges(work: _Work, rows: int, task: Callable[[int], None]) -> StoredEdges:
    """The edge table as items in blocks."""
    columns = work.distinct(EDGES, ("corpus", "model", "method", "seed", "layer", *_CODES))
    for name in ("model", "method"):
        if len(columns[name].values) > 1:
            raise TableError(
                f"column {name!r} holds {list(columns[name].values)}; aggregates describe one "
                f"{name} at a time, so select its rows first"
            )
    for name in _CODES:
        work.duck.enum(f"edges_{name}", list(columns[name].values))
    seeds = tuple(columns["seed"].values)
    layers = tuple(columns["layer"].values)
    folder = work.folder / "edges"
    folder.mkdir()
    kept = _Kept(folder, layers)
    for pieces in work.blocks(EDGES, work.duck.rows):
        task(kept.add(work.duck.arrow(_items_sql(pieces, seeds)), len(seeds)))
    types = [str(name) for name in columns["predicate_type"].values]
    items = StoredItems.make(
        seeds=tuple(map(int, seeds)),
        layers=tuple(map(int, layers)),
        sentences=np.concatenate(kept.sentences),
        examples=np.concatenate(kept.examples),
        folders=tuple(kept.folders),
        starts=tuple(np.cumsum([0, *map(len, kept.sentences)])[:-1].tolist()),
        total=kept.items,
        vocabulary={name: list(columns[name].values) for name in _CODES},
        kinds=tuple(predicate_types(np.arange(len(types), dtype=np.intp), types)[1]),
        numbers={"token_distance": np.array(sorted(kept.distances), dtype=np.intp)},
        draws=work.draws,
    )
    known = {
        **columns,
        "sentence": Column("sentence", range(len(items.sentences))),
        "example": Column("example", range(len(items.examples))),
    }
    return StoredEdges(
        name="edges",
        folder=folder,
        lengths=(rows,),
        sentences=(len(items.sentences),),
        columns=known,
        lookup=work.lookup(EDGES),
        draws=work.draws,
        first={},
        items=items,
    )


def _items_sql(pieces: Sequence[Piece], seeds: Sequence[int]) -> str:
    """SQL for one row per example, layer and edge, with the vote of each seed."""
    columns = ("sentence", "example", "layer", "edge", "seed", "retained", *_CODES, *_NUMBERS)
    inner = [f"any_value({name}) AS {name}" for name in ("sentence", *_CODES, *_NUMBERS)]
    for place, seed in enumerate(seeds):
        vote = f"CASE WHEN seed = {seed} THEN retained::TINYINT ELSE -1::TINYINT END"
        inner.append(f"max({vote}) AS vote_{place}")
    outer = [f"enum_code({name}::edges_{name}) AS {name}" for name in _CODES]
    outer += [*_NUMBERS, *(f"vote_{place}" for place in range(len(seeds)))]
    return (
        f"SELECT sentence, example, layer, edge, votes, {', '.join(outer)} FROM ("
        f"SELECT example, layer, edge, count(*) AS votes, {', '.join(inner)} "
        f"FROM ({union(pieces, EDGES, columns)}) GROUP BY example, layer, edge) "
        "ORDER BY example, layer, edge"
    )


class _Kept:
    """Blocks as they are written, and what is learnt of them."""

    def __init__(self, folder: Path, layers: Sequence[int]) -> None:
        self.folder, self.layers = folder, np.array(layers)
        self.folders: list[Path] = []
        self.sentences: list[NDArray[np.int64]] = []
        self.examples: list[NDArray[np.int64]] = []
        self.distances: set[int] = set()
        self.items = 0

    def add(self, table: pa.Table, seeds: int) -> int:
        """Write the items of a block; the number of rows that they come from."""
        count = table.num_rows
        if not count:
            return 0
        home = self.folder / f"{len(self.folders):06d}"
        home.mkdir()
        votes = np.stack([table.column(f"vote_{i}").to_numpy() for i in range(seeds)], axis=1)
        rows = int(table.column("votes").to_numpy().sum())
        repeated = rows - int((votes >= 0).sum())
        if repeated:
            raise TableError(
                f"table 'edges': {repeated} rows repeat the example, layer, edge and seed of "
                "another row; each may occur once"
            )
        np.save(home / "votes.npy", votes.astype(np.int8))
        layer = np.searchsorted(self.layers, table.column("layer").to_numpy())
        np.save(home / "layer.npy", layer.astype(np.int8))
        np.save(home / "retained.npy", (votes == 1).sum(axis=1).astype(np.int16))
        np.save(home / "rated.npy", (votes >= 0).sum(axis=1).astype(np.int16))
        np.save(home / "edge.npy", table.column("edge").to_numpy().astype(np.int32))
        for name, found in (("sentence", self.sentences), ("example", self.examples)):
            codes, numbers = dense_codes(table.column(name).to_numpy())
            np.save(home / f"{name}.npy", codes.astype(np.int32))
            np.save(home / f"{name}s.npy", numbers)
            found.append(numbers)
        for name in _CODES:
            np.save(home / f"{name}.npy", table.column(name).to_numpy().astype(np.int16))
        for name, kind in _NUMBERS.items():
            np.save(home / f"{name}.npy", table.column(name).to_numpy().astype(kind))
        self.distances.update(np.unique(table.column("token_distance").to_numpy()).tolist())
        self.folders.append(home)
        self.items += count
        return rows
