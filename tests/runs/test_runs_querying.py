"""SQL over the tables of a run: what it sees, what it finds, and what it may not do."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import linguagraph
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, QueryError, RunError, TableError
from linguagraph.runs.query_tables import Sources, sources_of_directory, sources_of_tables
from linguagraph.runs.querying import describe, run_sql

Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def sources(small_tables: RunTables) -> Sources:
    return sources_of_tables(small_tables)


@pytest.fixture(scope="module")
def ask(sources: Sources) -> Ask:
    def run(sql: str) -> list[tuple[object, ...]]:
        found = run_sql(sources, sql, threads=1).table
        return [tuple(row.values()) for row in found.to_pylist()]

    return run


def test_tables_equal_those_that_analyses_read(ask: Ask, small_tables: RunTables) -> None:
    assert ask("SELECT count(*), sum(retained::INT) FROM edges") == [(56, 12)]
    for name in ("paths", "roles", "scores"):
        assert ask(f"SELECT count(*) FROM {name}") == [(len(getattr(small_tables, name)),)]


def test_shares_sum_up_seeds(ask: Ask, small_tables: RunTables) -> None:
    found = ask("SELECT example, layer, edge, retained_share, retained, seeds, score FROM shares")
    keys = ["example", "layer", "edge"]
    groups = small_tables.edges.groupby(keys)[["retained", "score"]].mean()
    assert len(found) == len(groups) == 28
    for example, layer, edge, share, retained, seeds, score in found:
        expected = groups.loc[(example, layer, edge)]
        assert share == pytest.approx(expected["retained"])
        assert retained is bool(share > 0.5)  # type: ignore[operator]
        assert seeds == 2
        assert score == pytest.approx(expected["score"])
    by_both = ask("SELECT example, layer, edge FROM shares WHERE retained ORDER BY ALL")
    assert by_both == [(0, 0, 0), (0, 0, 4), (0, 1, 0), (1, 0, 0), (2, 0, 2)]


def test_words_are_those_of_the_sentence(ask: Ask) -> None:
    found = ask(
        "SELECT DISTINCT predicate_form, source_form, target_form FROM words "
        "WHERE retained AND example = 0 ORDER BY ALL"
    )
    assert found == [("saw", "saw", "Ann"), ("saw", "saw", "dogs")]
    assert ask("SELECT text, length, tokens FROM sentences WHERE sentence = 1") == [
        ("Royal visits end", 3, ["Royal", "visits", "end"])
    ]
    assert ask("SELECT form, head, upos FROM tokens WHERE sentence = 0 AND token = 1") == [
        ("saw", -1, None)
    ]


def test_edges_between_sentences_find_their_words(small_tables: RunTables) -> None:
    edges = small_tables.edges.copy()
    edges["target_offset"] = [1 if s == 0 else 0 for s in edges["sentence"]]
    edges["target"] = edges["target"].where(edges["sentence"] != 0, 2).astype("int32")
    moved = sources_of_tables(
        RunTables(edges, small_tables.paths, small_tables.roles, small_tables.scores,
                  sentences=small_tables.sentences)
    )  # fmt: skip
    found = run_sql(moved, "SELECT DISTINCT target_form FROM words WHERE sentence = 0").table
    assert found.to_pylist() == [{"target_form": "end"}]


def test_limit_says_whether_there_is_more(sources: Sources) -> None:
    some = run_sql(sources, "FROM edges", limit=5)
    assert (some.table.num_rows, some.more) == (5, True)
    assert repr(some).startswith("<Answer: 5 rows, and more")
    every = run_sql(sources, "FROM edges", limit=56)
    assert (every.table.num_rows, every.more) == (56, False)
    assert run_sql(sources, "FROM edges WHERE false", limit=0).table.num_rows == 0


def test_no_two_columns_share_a_name(sources: Sources) -> None:
    found = run_sql(sources, "SELECT 1 AS a, 2 AS a, 3 AS a_2")
    assert len(set(found.table.column_names)) == 3


def test_describe_lists_every_column_with_its_meaning(sources: Sources) -> None:
    found = describe(sources)
    assert list(dict.fromkeys(found["table"])) == [
        "edges", "paths", "roles", "scores", "shares", "words", "sentences", "tokens"
    ]  # fmt: skip
    declared = found[found["table"].isin(["edges", "paths", "roles", "scores"])]
    assert (declared["meaning"] != "").all()


@pytest.mark.parametrize(
    "sql",
    [
        "COPY edges TO '{path}'",
        "COPY (SELECT 1) TO '{path}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY edges TO '{path}'",
        "ATTACH '{path}' AS other",
        "EXPORT DATABASE '{path}'",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW shares",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_profiling",
        "CALL pragma_version()",
        "SELECT 1; COPY edges TO '{path}'",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT * FROM hidden_frame",
        "",
    ],
)
def test_sql_can_only_read_the_tables(sources: Sources, tmp_path: Path, sql: str) -> None:
    hidden_frame = pd.DataFrame({"secret": [1]})
    assert len(hidden_frame) == 1
    secret, path = tmp_path / "secret.csv", tmp_path / "made"
    secret.write_text("a\n1\n")
    with pytest.raises(QueryError) as caught:
        run_sql(sources, sql.format(path=path, secret=secret, folder=tmp_path), threads=1)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]


def test_nothing_is_spilled_to_disk(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError, match="needs more than 60MB: allow more"):
        run_sql(
            sources,
            "SELECT count(DISTINCT (a.range, b.range)) FROM range(3000) a, range(3000) b",
            memory="60MB",
            threads=1,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM egdes", "egdes does not exist! Tables here: edges, paths"),
        ("SELECT * FROM no.edges", "schema .* does not exist. Tables here: edges, paths"),
        ("SELECT labl FROM edges", "label"),
        ("SELEC 1", "syntax error"),
        ("SELECT 'a'::INT", "Conversion Error"),
    ],
)
def test_wrong_sql_is_explained_in_one_line(sources: Sources, sql: str, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        run_sql(sources, sql)
    assert "\n" not in str(caught.value)


def test_tables_are_listed_only_where_one_is_missing(sources: Sources) -> None:
    for sql in ("SELECT flor(1.5)", "SELECT * FROM rnge(3)", "SELECT 1::INTEGR"):
        with pytest.raises(QueryError, match="Did you mean") as caught:
            run_sql(sources, sql)
        assert "Tables here" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO edges SELECT * FROM edges",
        "INSERT INTO shares SELECT * FROM shares",
        "DELETE FROM edges",
        "UPDATE edges SET layer = 0",
    ],
)
def test_changes_within_a_select_are_refused(sources: Sources, change: str) -> None:
    with pytest.raises(QueryError, match="Queries only read: give one SELECT") as caught:
        run_sql(sources, f"WITH x AS ({change} RETURNING *) SELECT * FROM x")
    assert "Tables here" not in str(caught.value)


@pytest.mark.parametrize(("option", "value"), [("memory", "much"), ("threads", 0), ("limit", -1)])
def test_wrong_options_are_refused(sources: Sources, option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=option):
        run_sql(sources, "SELECT 1", **{option: value})  # type: ignore[arg-type]


def test_without_duckdb_the_extra_is_named(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ConfigError, match=r"pip install 'linguagraph\[query\]'"):
        run_sql(sources, "SELECT 1")


def run_and_interrupt(sources: Sources, sql: str) -> None:
    """Run a query and press Ctrl-C again and again: what runs just then may swallow one."""
    ended = threading.Event()

    def press() -> None:
        while not ended.wait(0.5):
            _thread.interrupt_main()

    thread = threading.Thread(target=press, daemon=True)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        thread.start()
        run_sql(sources, sql, threads=1)
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_stops_a_query(sources: Sources) -> None:
    sql = """SELECT count(*) FROM range(1000000) a, range(1000000) b
             WHERE a.range * b.range % 7 = 3"""
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_and_interrupt(sources, sql)
    assert time.monotonic() - start < 60


def test_files_are_read_as_they_are(small_tables: RunTables, tmp_path: Path) -> None:
    small_tables.write(tmp_path)
    found = sources_of_directory(tmp_path, small_tables.sentences.values)
    sql = "SELECT sum(score) FROM words WHERE label = 'nsubj' AND source_form = 'saw'"
    assert run_sql(found, sql).table == run_sql(sources_of_tables(small_tables), sql).table


def test_columns_newer_than_the_file_have_their_defaults(
    small_tables: RunTables, tmp_path: Path
) -> None:
    small_tables.write(tmp_path)
    path = tmp_path / "edges.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["kind", "source_offset"]), path)
    found = run_sql(sources_of_directory(tmp_path, None), "SELECT DISTINCT kind, source_offset "
                    "FROM shares").table  # fmt: skip
    assert found.to_pylist() == [{"kind": "dependency", "source_offset": 0}]


def test_other_files_are_no_run(tmp_path: Path, small_tables: RunTables) -> None:
    with pytest.raises(TableError, match="run 'linguagraph tabulate'"):
        sources_of_directory(tmp_path, None)
    (tmp_path / "edges.parquet").write_text("no")
    with pytest.raises(TableError, match="not a readable Parquet file"):
        sources_of_directory(tmp_path, None)
    pq.write_table(pq.read_table(_written(small_tables, tmp_path)).rename_columns(
        {"seed": "odd"}), tmp_path / "edges.parquet")  # fmt: skip
    with pytest.raises(TableError, match="odd"):
        sources_of_directory(tmp_path, None)


def _written(tables: RunTables, folder: Path) -> Path:
    tables.write(folder)
    return folder / "edges.parquet"


def test_open_run_needs_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        linguagraph.open_run(tmp_path)
