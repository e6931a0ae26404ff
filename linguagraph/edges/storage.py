"""Tables <-> Parquet with declared columns; the tables of one run in memory. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linguagraph import display
from linguagraph.columns import MORE, TABLES, Table
from linguagraph.documents.records import Document, Sentence
from linguagraph.errors import TableError
from linguagraph.files import replaced
from linguagraph.graphs.textgraph import TextGraph

__all__ = ["RunTables", "read_table", "write_table"]


@dataclass(frozen=True)
class RunTables:
    """Everything that analyses read.

    Attributes:
        edges, paths, roles, scores: tables as declared in :mod:`linguagraph.columns`.
        manifest: what was run, on what, with which versions (see ``manifest.json``).
        sentences: the sentences by their corpus index (the ``sentence`` column).
        documents: the documents with their chains, in order; may be iterated over more than once.
        graphs: each with the number of tokens of the sentences that it spans, in order; empty
            where the graphs are the dependency trees of ``sentences`` and nothing else.
        compared: the same sentences with predicted in place of gold trees, where that was asked
            for.
        fidelity: what the model answers on parts of the edges, where that was measured.
        learning: what the probes retained while they were trained, where that was recorded.
        token_masks: what a method that masks tokens says of them.
        top_paths: the paths along which a method says that answers come about.
        items, mentions, chains, attributions: of runs on questions.
    """

    edges: pd.DataFrame
    paths: pd.DataFrame
    roles: pd.DataFrame
    scores: pd.DataFrame
    manifest: Mapping[str, Any] = field(default_factory=dict)
    sentences: Mapping[int, Sentence] = field(default_factory=dict)
    documents: Iterable[Document] = ()
    graphs: Iterable[tuple[TextGraph, Sequence[int]]] = ()
    compared: RunTables | None = None
    fidelity: pd.DataFrame | None = None
    learning: pd.DataFrame | None = None
    token_masks: pd.DataFrame | None = None
    top_paths: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    mentions: pd.DataFrame | None = None
    chains: pd.DataFrame | None = None
    attributions: pd.DataFrame | None = None

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {rows}" for name, rows in self._sizes())
        return f"<RunTables: rows of {sizes}>"

    def _repr_html_(self) -> str:
        model, corpus = (self.manifest.get(name) or {} for name in ("model", "corpus"))
        facts = (
            ("corpus", str(corpus.get("name", "not known"))),
            ("model", str(model.get("name", "not known"))),
        )
        return display.html(
            display.Card("Tables of a run", facts, ("table", "rows"), self._sizes())
        )

    def _sizes(self) -> tuple[tuple[str, str], ...]:
        tables = (*TABLES.values(), *MORE)
        frames = ((table.name, getattr(self, table.name)) for table in tables)
        return tuple((name, f"{len(frame):,}") for name, frame in frames if frame is not None)

    @classmethod
    def read(
        cls,
        directory: str | Path,
        *,
        manifest: Mapping[str, Any] | None = None,
        sentences: Mapping[int, Sentence] | None = None,
    ) -> RunTables:
        """Read ``edges``, ``paths``, ``roles``, ``scores`` and the others that are there.

        Each is a file ``NAME.parquet``.
        """
        tables: dict[str, Any] = {
            name: read_table(Path(directory) / f"{name}.parquet", TABLES[name]) for name in TABLES
        }
        for table in MORE:
            optional = Path(directory) / f"{table.name}.parquet"
            if optional.is_file():
                tables[table.name] = read_table(optional, table)
        return cls(**tables, manifest=manifest or {}, sentences=sentences or {})

    def write(self, directory: str | Path) -> None:
        """Write the tables that are there."""
        for table in (*TABLES.values(), *MORE):
            frame = getattr(self, table.name)
            if frame is not None:
                write_table([frame], Path(directory) / f"{table.name}.parquet", table)


def write_table(frames: Iterable[pd.DataFrame], path: str | Path, table: Table) -> int:
    """Write frames one after another as one Parquet file (zstd), all or nothing.

    Args:
        frames: each checked against ``table``; only one is in memory at a time.
        path: target.
        table: declared columns.

    Returns:
        The number of rows.
    """
    rows = 0
    with (
        replaced(path) as temporary,
        pq.ParquetWriter(temporary, table.schema, compression="zstd") as writer,
    ):
        for frame in frames:
            checked = table.check(frame)
            rows += len(checked)
            writer.write_table(
                pa.Table.from_pandas(checked, schema=table.schema, preserve_index=False)
            )
    return rows


def read_table(
    path: str | Path, table: Table, *, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote.

    Args:
        columns: read these alone, in the table's order; ``None`` reads all.

    Raises:
        TableError: the file is missing, damaged or holds other columns, or ``columns`` names one
            that the table does not have.
    """
    unknown = sorted(set(columns or ()) - set(table.names))
    if unknown:
        raise TableError(f"table {table.name!r} has no columns {unknown}; it has {table.names}")
    path = Path(path)
    if not path.is_file():
        raise TableError(f"{path} is missing; run 'linguagraph tabulate' on the run first")
    try:
        names = pq.read_schema(path).names
        absent = set(table.names) - set(table.required) - set(names)
        if tuple(names) != tuple(name for name in table.names if name not in absent):
            raise TableError(f"{path} has columns {names}; expected {list(table.names)}")
        if columns is None:
            return table.check(pq.read_table(path).unify_dictionaries().to_pandas())
        chosen = [column for column in table.columns if column.name in columns]
        there = [column.name for column in chosen if column.name not in absent]
        found = pq.read_table(path, columns=there).unify_dictionaries()
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path} is not a readable Parquet file: {error}") from error
    part = found.to_pandas(self_destruct=True, split_blocks=True)
    return Table(table.name, tuple(chosen)).check(part)
