"""Tables to Parquet and back: every kind of column, and files that are not what they should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linguagraph.columns import EDGES, TABLES, Column, Table
from linguagraph.edges.storage import RunTables, read_table, write_table
from linguagraph.errors import TableError

EVERY = Table(
    "every",
    (
        Column("c", "category", "a category"),
        Column("cn", "category", "a category that may be missing", nullable=True),
        Column("s", "string", "text"),
        Column("i", "int", "a count"),
        Column("in_", "int", "a count that may be missing", nullable=True),
        Column("f", "float", "a share"),
        Column("fn", "float", "a share that may be missing", nullable=True),
        Column("b", "bool", "a fact"),
        Column("l", "ints", "counts"),
    ),
)


def frame(names: list[str], *, first: int = 0) -> pd.DataFrame:
    size = len(names)
    return pd.DataFrame(
        {
            "c": names,
            "cn": [None, *names[1:]],
            "s": [f"{name} \u2028 ä" for name in names],
            "i": range(first, first + size),
            "in_": pd.array([None] + [2**31 - 1] * (size - 1), dtype="Int64"),
            "f": np.linspace(0, 1, size),
            "fn": [np.nan] + [0.25] * (size - 1),
            "b": [i % 2 == 0 for i in range(size)],
            "l": [[1] * i for i in range(size)],
        }
    )


def test_every_kind_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "every.parquet"
    parts = [frame(["x", "y"]), frame(["z", "x", "ü"], first=2)]
    assert write_table(iter(parts), path, EVERY) == 5
    found = read_table(path, EVERY)
    assert found["c"].tolist() == ["x", "y", "z", "x", "ü"]
    assert found["c"].dtype == "category"
    assert found["cn"].isna().tolist() == [True, False, True, False, False]
    assert found["s"].tolist() == [f"{name} \u2028 ä" for name in ["x", "y", "z", "x", "ü"]]
    assert found["i"].tolist() == [0, 1, 2, 3, 4]
    assert found["i"].dtype == np.int32
    assert found["in_"].isna().tolist() == [True, False, True, False, False]
    assert found["in_"].max() == 2**31 - 1
    assert found["f"].dtype == np.float32
    assert found["fn"].isna().tolist() == [True, False, True, False, False]
    assert found["b"].tolist() == [True, False, True, False, True]
    assert found["b"].dtype == bool
    assert [list(value) for value in found["l"]] == [[], [1], [], [1], [1, 1]]
    assert [p.name for p in tmp_path.iterdir()] == ["every.parquet"]


def test_meanings_travel_with_the_file(tmp_path: Path) -> None:
    write_table([EDGES.empty()], tmp_path / "edges.parquet", EDGES)
    field = pq.read_schema(tmp_path / "edges.parquet").field("score")
    assert field.metadata[b"meaning"] == b"probability that the gate is open, in [0, 1]"


@pytest.mark.parametrize("frames", [0, 1])
def test_an_empty_table_comes_back(tmp_path: Path, frames: int) -> None:
    path = tmp_path / "every.parquet"
    assert write_table([EVERY.empty()] * frames, path, EVERY) == 0
    found = read_table(path, EVERY)
    assert tuple(found.columns) == EVERY.names
    assert found.empty


def test_a_bad_frame_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "every.parquet"
    write_table([frame(["x"])], path, EVERY)
    before = path.read_bytes()
    with pytest.raises(TableError, match=r"missing columns \['b'\]"):
        write_table([frame(["y"]), frame(["z"]).drop(columns="b")], path, EVERY)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"every\.parquet is missing; run"):
        read_table(tmp_path / "every.parquet", EVERY)


def test_other_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(TableError, match=r"has columns \['x'\]; expected \['c', 'cn'"):
        read_table(path, EVERY)


def test_another_type_is_named(tmp_path: Path) -> None:
    path = tmp_path / "every.parquet"
    found = EVERY.check(frame(["x", "y"])).assign(b=["no", "yes"])
    found.to_parquet(path, index=False)
    with pytest.raises(TableError, match="column 'b': expected bool"):
        read_table(path, EVERY)


def test_damage_anywhere_ends_in_a_table_or_in_a_table_error(tmp_path: Path) -> None:
    path = tmp_path / "every.parquet"
    write_table([frame(list("abcdefgh"))], path, EVERY)
    whole = path.read_bytes()
    for size in (0, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(TableError, match="not a readable Parquet file"):
            read_table(path, EVERY)
    random = np.random.default_rng(0)
    refused = 0
    for place in random.integers(0, len(whole), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read_table(path, EVERY)
        except TableError:
            refused += 1
    assert refused > 10


def test_the_tables_of_a_run_come_back(tmp_path: Path, small_tables: RunTables) -> None:
    small_tables.write(tmp_path)
    found = RunTables.read(tmp_path, manifest=small_tables.manifest)
    for name in TABLES:
        pd.testing.assert_frame_equal(
            getattr(found, name).astype(object), getattr(small_tables, name).astype(object)
        )
    assert found.manifest == small_tables.manifest
    assert found.sentences == {}
    (tmp_path / "roles.parquet").unlink()
    with pytest.raises(TableError, match=r"roles\.parquet is missing"):
        RunTables.read(tmp_path)


def test_single_columns_are_read_in_the_tables_order(
    make_tables: Callable[..., RunTables], tmp_path: Path
) -> None:
    edges = make_tables(sentences=6, seeds=1).edges
    write_table([edges], tmp_path / "edges.parquet", EDGES)
    whole = read_table(tmp_path / "edges.parquet", EDGES)
    part = read_table(tmp_path / "edges.parquet", EDGES, columns=["kind", "label", "edge"])
    pd.testing.assert_frame_equal(part, whole[["edge", "label", "kind"]])
    with pytest.raises(TableError, match=r"has no columns \['word'\]"):
        read_table(tmp_path / "edges.parquet", EDGES, columns=["word"])
