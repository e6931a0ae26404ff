"""Declared tables: what passes, in which types, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from linguagraph.columns import GRAPHS, TABLES, Column, Table
from linguagraph.errors import TableError

TABLE = Table(
    "toy",
    (
        Column("number", "int", "a count"),
        Column("maybe", "int", "a count, if known", nullable=True),
        Column("kind", "category", "a name"),
        Column("text", "string", "a text", nullable=True),
        Column("share", "float", "a share in [0, 1]", nullable=True),
        Column("flag", "bool", "yes or no"),
        Column("counts", "ints", "several counts"),
    ),
)


def frame(**changes: list[object]) -> pd.DataFrame:
    values: dict[str, list[object]] = {
        "number": [1, 2],
        "maybe": [None, 5],
        "kind": ["a", "b"],
        "text": ["x", None],
        "share": [0.5, None],
        "flag": [True, False],
        "counts": [[1, 2], []],
    }
    return pd.DataFrame({**values, **changes})


def test_a_good_table_comes_back_in_order_and_type() -> None:
    checked = TABLE.check(frame()[list(reversed(TABLE.names))])
    assert tuple(checked.columns) == TABLE.names
    kinds = [str(kind) for kind in checked.dtypes]
    assert kinds == ["int32", "Int32", "category", "object", "float32", "bool", "object"]
    assert checked["maybe"].isna().tolist() == [True, False]


def test_checking_again_changes_nothing() -> None:
    once = TABLE.check(frame())
    pd.testing.assert_frame_equal(TABLE.check(once), once)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("number", [1, None], "'number': 1 missing values"),
        ("number", [1.5, 2], "expected int, found float64"),
        ("number", ["x", 2], "expected int"),
        ("number", [2**40, 2], "beyond 32 bits"),
        ("kind", [1, 2], "1 is not a str"),
        ("kind", [None, "a"], "missing"),
        ("text", [3, 4], "3 is not a str"),
        ("share", ["x", None], "expected float"),
        ("flag", [1, 0], "not boolean"),
        ("counts", [3, 4], "not lists"),
        ("counts", ["ab", "c"], "not lists"),
    ],
)
def test_wrong_values_are_refused(column: str, values: list[object], message: str) -> None:
    with pytest.raises(TableError, match=message):
        TABLE.check(frame(**{column: values}))


def test_missing_unknown_and_repeated_columns_are_named() -> None:
    with pytest.raises(TableError, match=r"missing columns \['kind'\], unknown columns \['sort'\]"):
        TABLE.check(frame().rename(columns={"kind": "sort"}))
    with pytest.raises(TableError, match="each once"):
        TABLE.check(pd.concat([frame(), frame()[["kind"]]], axis=1))


def test_an_empty_table_has_the_columns() -> None:
    assert tuple(TABLE.empty().columns) == TABLE.names
    assert len(TABLE.empty()) == 0


@pytest.mark.parametrize("table", [*TABLES.values(), GRAPHS], ids=lambda t: t.name)
def test_every_exchanged_table_says_what_its_columns_mean(table: Table) -> None:
    assert len(set(table.names)) == len(table.names)
    assert all(column.meaning for column in table.columns)
    assert table.schema.names == list(table.names)
    first = table.schema.field(0)
    assert first.metadata[b"meaning"].decode() == table.columns[0].meaning
    assert [f.nullable for f in table.schema] == [c.nullable for c in table.columns]
    assert np.array_equal(table.empty().columns, table.names)
