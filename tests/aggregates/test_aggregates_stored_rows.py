"""Rows in files of whole sentences answer what frames answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather

from linguagraph.aggregates.blocks import Draws
from linguagraph.aggregates.statistics import Resampling
from linguagraph.aggregates.stored_rows import (
    Column,
    Rows,
    StoredRows,
    chosen,
    count_rows,
    distinct,
    once,
    parts,
    places,
    require_single,
    sentences_of,
    types_of,
)
from linguagraph.errors import TableError

FRAME = pd.DataFrame(
    {
        "sentence": [0, 0, 2, 3, 3, 5],
        "predicate_type": ["N", "V", "V", "N", "N", "J"],
        "length": [1, 0, 3, 0, 2, 1],
    }
)


@pytest.fixture
def stored(tmp_path: Path) -> StoredRows:
    """The frame in two files."""
    for number, part in enumerate((FRAME.iloc[:3], FRAME.iloc[3:])):
        table = pa.Table.from_pandas(part, preserve_index=False)
        feather.write_feather(table, tmp_path / f"{number:06d}.feather")
    columns = {n: Column(n, sorted(FRAME[n].unique().tolist())) for n in FRAME if n != "sentence"}
    return StoredRows(
        name="paths",
        folder=tmp_path,
        lengths=(3, 3),
        sentences=(2, 2),
        columns=columns,
        lookup=lambda column, value: FRAME[FRAME[column] == value],
        draws=Draws(tmp_path),
        first={"model": "m", "example": 0},
    )


def by_type(table: Rows) -> list[list[float]]:
    """Rows by sentence and type."""
    types = types_of(table)

    def count(part: pd.DataFrame) -> tuple[np.ndarray]:
        sentence, size = sentences_of(part)
        found = np.zeros((size, len(types)))
        np.add.at(found, (sentence, places(part["predicate_type"], types)), 1)
        return (found,)

    blocks = count_rows(table, count)
    (sums,) = blocks.resample(resampling=Resampling(resamples=10, min_sentences=2))
    return [sums.total.tolist(), *sums.samples.tolist()]


def test_counts_are_those_of_the_frame(stored: StoredRows) -> None:
    assert len(stored) == 6
    assert types_of(stored) == types_of(FRAME) == ["V", "N", "J"]
    assert by_type(stored) == by_type(FRAME)
    assert by_type(stored)[0] == [2, 3, 1]


def test_rows_that_are_chosen_have_their_own_sentences_and_values(stored: StoredRows) -> None:
    long = chosen(stored, lambda part: part["length"] > 1)
    assert isinstance(long, StoredRows)
    assert (long.lengths, long.sentences) == ((1, 1), (1, 1))
    assert distinct(long, "predicate_type") == ["N", "V"]
    assert pd.concat(parts(long))["sentence"].tolist() == [2, 3]
    assert by_type(long) == by_type(chosen(FRAME, lambda part: part["length"] > 1))


def test_what_is_asked_of_columns(stored: StoredRows) -> None:
    assert stored["length"].nunique() == 4
    assert stored["model"].iloc[0] == "m"
    assert "length" in stored
    assert "other" not in stored
    with pytest.raises(AttributeError, match="'paths' is kept on disk and has no merge"):
        stored.merge(FRAME)


def test_places_of_values_that_are_unknown_or_missing() -> None:
    values = pd.Series(["b", None, "c", "a"])
    assert places(values, ["a", "b"]).tolist() == [1, -1, -1, 0]


def test_results_are_kept_for_tables_on_disk_alone(stored: StoredRows) -> None:
    made: list[int] = []
    for table in (stored, stored, FRAME, FRAME):
        once(table, "size", lambda: made.append(1))
    assert len(made) == 3


@pytest.mark.parametrize("whole", [True, False])
def test_several_values_where_one_is_needed(stored: StoredRows, whole: bool) -> None:
    table: Rows = FRAME if whole else stored
    with pytest.raises(TableError, match=r"'predicate_type' holds \['J', 'N', 'V'\]"):
        require_single(table, "predicate_type")
