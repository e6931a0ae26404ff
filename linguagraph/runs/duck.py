"""DuckDB over the Parquet files of shards, with a limit on memory and a folder to spill to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linguagraph.columns import Table
from linguagraph.errors import ConfigError, QueryError
from linguagraph.runs.partitioned import Shard

__all__ = ["LEAST", "Duck", "Piece", "memory_bytes", "open_duck", "union"]

LEAST = 500 * 2**20
"""Bytes that a report needs whatever the tables; Python and its libraries take most of them."""

_SHARE = 0.3  # of the memory that DuckDB may take; counts and results need the rest
_UNITS = {"k": 1, "m": 2, "g": 3, "t": 4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])(i?)B\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """Some rows of a shard's table: those of the sentences from ``low`` on, before ``high``.

    Both are numbers within the shard; ``None``: all sentences.
    """

    shard: Shard
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Duck:
    """A connection.

    Attributes:
        connection: DuckDB's.
        rows: how many rows a block of a table should have.
    """

    connection: Any
    rows: int

    def arrow(self, sql: str) -> pa.Table:
        """The rows that a statement gives.

        Raises:
            QueryError: DuckDB cannot do it, as where memory or disk do not suffice.
        """
        import duckdb

        try:
            found: Any = self.connection.sql(sql)
            now = getattr(found, "to_arrow_table", None)  # before version 1.5: arrow
            table: pa.Table = found.arrow() if now is None else now()
        except duckdb.Error as error:
            raise QueryError(
                f"the tables could not be read within the limit of memory ({error}); allow more "
                "(--memory 4GB), or see whether the disk is full"
            ) from error
        return table

    def enum(self, name: str, values: Sequence[str]) -> None:
        """Make a type for the values of a column of strings."""
        listed = ", ".join(_quoted(value) for value in values)
        self.connection.execute(f"CREATE TYPE {name} AS ENUM ({listed})")


@contextmanager
def open_duck(memory: str, *, spill: Path, threads: int) -> Iterator[Duck]:
    """A connection that uses no more than its share of ``memory``.

    Args:
        memory: what the whole process may use, such as ``2GB``.
        spill: folder for what does not fit.
        threads: processor threads.

    Raises:
        ConfigError: DuckDB is not installed, or ``memory`` is no size or too small.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError(
            "a limit on memory needs DuckDB, which is not installed; "
            "pip install 'linguagraph[query]'"
        ) from error
    size = memory_bytes(memory)
    settings: dict[str, Any] = {
        "memory_limit": f"{max(size * _SHARE, 150 * 2**20) / 2**20:.0f}MiB",
        "temp_directory": str(spill),
        "threads": threads,
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        yield Duck(connection, int(min(1_500_000, max(100_000, size // 1500))))
    finally:
        connection.close()


def memory_bytes(memory: str) -> int:
    """The bytes of a size such as ``500MB`` or ``2GiB``.

    Raises:
        ConfigError: it is no size, or less than :data:`LEAST`.
    """
    match = _SIZE.fullmatch(memory)
    if match is None:
        raise ConfigError(f"memory={memory!r}; give a number and a unit, such as 500MB or 2GB")
    number, unit, binary = match.groups()
    size = float(number) * (1024 if binary else 1000) ** _UNITS[unit.lower()]
    if size < 0.95 * LEAST:
        raise ConfigError(f"memory={memory!r} is too little; a report needs at least 500MB")
    return int(size)


def union(pieces: Sequence[Piece], table: Table, columns: Sequence[str]) -> str:
    """SQL for rows of several shards, one after the other, sentences and examples numbered through.

    Columns that are newer than a file get their defaults.
    """
    return "\nUNION ALL\n".join(_select(piece, table, columns) for piece in pieces)


def _select(piece: Piece, table: Table, columns: Sequence[str]) -> str:
    path = piece.shard.table(table.name)
    there = set(pq.read_schema(path).names)
    offsets = {"sentence": piece.shard.sentences, "example": piece.shard.examples}
    parts = []
    for column in (c for c in table.columns if c.name in columns):
        if column.name not in there:
            value = _quoted(column.default) if isinstance(column.default, str) else column.default
            parts.append(f"{value} AS {column.name}")
        elif column.name in offsets:
            parts.append(f"({column.name} + {offsets[column.name]})::INTEGER AS {column.name}")
        else:
            parts.append(column.name)
    where = "" if piece.low is None else f" WHERE sentence >= {piece.low}"
    where += "" if piece.high is None else f" AND sentence < {piece.high}"
    return f"SELECT {', '.join(parts)} FROM read_parquet({_quoted(str(path))}){where}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
