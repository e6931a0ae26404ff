"""SQL and what it may read -> a table, by DuckDB in memory, which can touch nothing else.

SQL may come from anywhere, as in a shared notebook: only what reads is run, one statement at a
time; files, the network, extensions, variables of the program and settings are out of its reach.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from linguagraph.columns import EDGES, MENTIONS, Table
from linguagraph.errors import ConfigError, QueryError
from linguagraph.runs.query_tables import (
    DECLARED,
    MENTION_WORDS,
    MENTIONED,
    SENTENCES,
    SHARES,
    TOKENS,
    WORDS,
    Sources,
    text_tables,
)

if TYPE_CHECKING:
    import duckdb

__all__ = ["Answer", "describe", "run_sql"]

MEMORY = "1GB"
"""What a query may use unless told otherwise; the tables themselves are read in small parts."""

_SIZE = re.compile(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", re.IGNORECASE)
_SETTINGS = {
    "temp_directory": "",
    "python_enable_replacements": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}
_TEXT = re.compile(r"\b(sentences|tokens|words)\b", re.IGNORECASE)
_CHANGES = re.compile(r"is not an? table|[Cc]an only (update|delete from) base table")
_BATCH = 10_000


@dataclass(frozen=True)
class Answer:
    """What a query found.

    Attributes:
        table: the rows, or the first of them; no two columns have the same name.
        more: whether rows were left out.
    """

    table: pa.Table
    more: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        """The rows for pandas."""
        found: pd.DataFrame = self.table.to_pandas()
        return found

    def __repr__(self) -> str:
        more = ", and more" if self.more else ""
        return f"<Answer: {self.table.num_rows:,} rows{more}, {self.table.num_columns} columns>"


def run_sql(
    sources: Sources,
    sql: str,
    *,
    limit: int | None = None,
    memory: str = MEMORY,
    threads: int | None = None,
) -> Answer:
    """Run one statement that reads.

    Args:
        sources: tables and sentences; sentences are read only where SQL names them.
        sql: in the dialect of DuckDB: SELECT, FROM, WITH, DESCRIBE, SUMMARIZE or SHOW.
        limit: rows at most.
        memory: what the query may use, such as ``500MB`` or ``4GB``; the rows that it returns come
            on top.
        threads: processor threads; ``None`` takes all.

    Raises:
        ConfigError: DuckDB is not installed, or an option is wrong.
        QueryError: wrong SQL, SQL that does more than read, or too little memory.
    """
    duck = _duckdb()
    if not _SIZE.fullmatch(memory):
        raise ConfigError(f"memory={memory!r}; give a number and a unit, such as 500MB or 4GB")
    if (threads is not None and threads < 1) or (limit is not None and limit < 0):
        raise ConfigError(f"threads={threads}, limit={limit}; expected at least 1 and 0")
    settings: dict[str, Any] = {**_SETTINGS, "memory_limit": memory.strip()}
    if threads is not None:
        settings["threads"] = threads
    connection = duck.connect(":memory:", config=settings)
    names: tuple[str, ...] = ()
    try:
        _check_reads(connection, sql)
        names = _register(connection, sources, text=_TEXT.search(sql) is not None)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return _interruptible(connection, sql, limit)
    except duck.OutOfMemoryException as error:
        raise QueryError(
            f"the query needs more than {memory}: allow more (--memory 4GB; in Python "
            "memory='4GB'), or ask for less: fewer columns, a WHERE, a GROUP BY"
        ) from error
    except duck.Error as error:
        raise QueryError(_explained(_said(error), names)) from error
    finally:
        connection.close()


def describe(sources: Sources) -> pd.DataFrame:
    """Every table and column that SQL sees: ``table``, ``column``, ``type``, ``meaning``."""
    duck = _duckdb()
    rows: list[tuple[str, str, str, str]] = []
    with duck.connect(":memory:", config=dict(_SETTINGS)) as connection:
        for name in _register(connection, sources, text=False):
            found = connection.execute(f"DESCRIBE {name}").fetchall()
            rows += [(name, column, kind, _meaning(name, column)) for column, kind, *_ in found]
    return pd.DataFrame(rows, columns=["table", "column", "type", "meaning"])


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError(
            "queries need DuckDB, which is not installed; pip install 'linguagraph[query]'"
        ) from error
    return duckdb


def _check_reads(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"{len(statements)} statements; give one SELECT")
    kind = statements[0].type.name
    if kind != "SELECT":
        raise QueryError(
            f"{kind} is refused: queries only read; give one SELECT (or FROM, WITH, DESCRIBE, "
            "SUMMARIZE, SHOW)"
        )


def _register(
    connection: duckdb.DuckDBPyConnection, sources: Sources, *, text: bool
) -> tuple[str, ...]:
    """Make tables and views; their names in order. Without ``text``, words are left empty."""
    names = []
    for name, found in sources.tables.items():
        _one_table(connection, name, found)
        names.append(name)
    connection.execute(f"CREATE VIEW shares AS {SHARES}")
    names.append("shares")
    if sources.sentences is None:
        if MENTIONS.name in names:
            connection.execute(f"CREATE VIEW words AS {MENTION_WORDS}")
            names.append("words")
        return tuple(names)
    if text:
        sentences, tokens = text_tables(sources.sentences())
    else:
        sentences, tokens = SENTENCES.empty_table(), TOKENS.empty_table()
    connection.register("sentences", sentences)
    connection.register("tokens", tokens)
    connection.execute(f"CREATE VIEW words AS {WORDS}")
    return (*names, "words", "sentences", "tokens")


def _one_table(connection: duckdb.DuckDBPyConnection, name: str, found: Any) -> None:
    """Register a table; columns that are newer than the file get their defaults."""
    table = DECLARED[name]
    absent = [c for c in table.columns if c.name not in found.schema.names]
    if not absent:
        connection.register(name, found)
        return
    connection.register(f"stored_{name}", found)
    defaults = ", ".join(
        f"'{c.default}' AS {c.name}" if isinstance(c.default, str) else f"{c.default} AS {c.name}"
        for c in absent
    )
    connection.execute(f"CREATE VIEW {name} AS SELECT *, {defaults} FROM stored_{name}")


def _interruptible(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None) -> Answer:
    """Run SQL on a thread of its own, so that Ctrl-C stops it at once."""
    found: list[Answer] = []
    failed: list[BaseException] = []
    done = threading.Event()  # an interrupted join would take the thread for finished

    def work() -> None:
        try:
            found.append(_fetched(connection, sql, limit))
        except BaseException as error:  # raised again below, on the caller's thread
            failed.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="query", daemon=True)
    thread.start()
    try:
        while not done.wait(0.05):
            pass
    except BaseException:
        while not done.wait(0.05):
            connection.interrupt()
        raise
    if failed:
        raise failed[0]
    return found[0]


def _fetched(connection: duckdb.DuckDBPyConnection, sql: str, limit: int | None) -> Answer:
    found: Any = connection.sql(sql)
    now = getattr(found, "to_arrow_reader", None)  # before version 2: fetch_arrow_reader
    reader = found.fetch_arrow_reader(_BATCH) if now is None else now(_BATCH)
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if limit is not None and rows > limit:
            break
    table = pa.Table.from_batches(batches, reader.schema)
    table = table.rename_columns(_distinct(table.column_names))
    if limit is None or rows <= limit:
        return Answer(table)
    return Answer(table.slice(0, limit), more=True)


def _distinct(names: list[str]) -> list[str]:
    """Names of columns; the second ``sentence`` becomes ``sentence_2``."""
    found: list[str] = []
    for name in names:
        chosen, number = name, 1
        while chosen in found:
            number += 1
            chosen = f"{name}_{number}"
        found.append(chosen)
    return found


def _meaning(table: str, column: str) -> str:
    own = {
        "seeds": "seeds that the row sums up",
        "retained_share": "share of the seeds that retain the edge, in [0, 1]",
    }
    if table in ("shares", "words"):
        own |= {"retained": "more than half of the seeds retain the edge", "score": "mean score"}
    if table == "words":
        meanings = {c.name: c.meaning for c in MENTIONS.columns}
        own |= {
            f"{end}_{name}": f"of the mention that is the {end}: {meanings[name]}"
            for end in ("source", "target")
            for name in MENTIONED
        }
    if column in own:
        return own[column]
    declared: Table = DECLARED.get(table, EDGES)
    return next((c.meaning for c in declared.columns if c.name == column), "")


def _explained(said: str, names: tuple[str, ...]) -> str:
    """What DuckDB said, with the tables that there are, or why none can be changed."""
    if _CHANGES.search(said) is not None:
        return f"{said} Queries only read: give one SELECT without INSERT, UPDATE or DELETE."
    if "Table with name" not in said:
        return said
    return f"{said.split(' Did you mean ')[0]} Tables here: {', '.join(names)}."


def _said(error: Exception) -> str:
    """DuckDB's message in one line, the quoted SQL left out."""
    lines = str(error).split("\n\nLINE ")[0].splitlines()
    text = " ".join(line.strip() for line in lines if line.strip())
    return text if text.endswith((".", "?", "!")) else f"{text}."
