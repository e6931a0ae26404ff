from collections.abc import Callable

import pandas as pd
import pytest
import tables as synthetic

from linguagraph.aggregates import Resampling, distance_contrast, path_distances, path_lengths
from linguagraph.aggregates.paths import self_arguments
from linguagraph.columns import PATHS
from linguagraph.edges.storage import RunTables

QUICK = Resampling(resamples=200, min_n=1)


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_table_3_of_the_small_run(small_tables: RunTables) -> None:
    table = path_lengths(small_tables.paths, resampling=QUICK)
    direct = one(table, predicate_type="all", path_length="1", retained_edges=1)
    assert (direct["n"], direct["k"], direct["share"]) == (4, 4.0, 1.0)
    for edges, share in ((0, 0.5), (1, 0.0), (2, 0.5)):
        row = one(table, predicate_type="V", path_length="2", retained_edges=edges)
        assert (row["n"], row["share"]) == (1, share)
    assert table[(table["path_length"] == "1") & (table["retained_edges"] > 1)].empty
    assert table[(table["predicate_type"] == "N") & (table["path_length"] == "2")].empty


def test_paths_of_a_group_add_up_to_one(make_tables: Callable[..., RunTables]) -> None:
    table = path_lengths(make_tables(layers=3).paths, resampling=QUICK)
    assert table["retained_edges"].max() == 3
    sums = table.groupby(["predicate_type", "path_length"])["share"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)


def test_a_predicate_that_is_its_own_argument_is_apart(small_tables: RunTables) -> None:
    assert self_arguments(small_tables.paths) == (1, 6)
    table = path_lengths(small_tables.paths, resampling=QUICK)
    whole = table[table["predicate_type"] == "all"].drop_duplicates("path_length")
    assert whole["n"].sum() == 5


def test_planted_use_by_length_is_recovered(make_tables: Callable[..., RunTables]) -> None:
    table = path_lengths(make_tables(sentences=500).paths, resampling=QUICK)
    for length, truth in (("1", 0.95), ("2", 0.7), ("3 or more", 0.3)):
        row = one(table, predicate_type="all", path_length=length, retained_edges=0)
        assert row["low"] - 0.02 <= 1 - truth <= row["high"] + 0.02


def test_distance_bins(small_tables: RunTables) -> None:
    table = path_distances(small_tables.paths, resampling=QUICK)
    near = one(table, predicate_type="all", distance="1")
    assert (near["n"], near["share"]) == (3, 1.0)
    two = one(table, predicate_type="V", distance="2")
    assert (two["n"], two["k"], two["share"]) == (2, 1.5, 0.75)


@pytest.mark.parametrize(
    ("tokens", "name"),
    [(1, "1"), (5, "5"), (6, "6-7"), (7, "6-7"), (15, "11-15"), (99, "16 or more")],
)
def test_every_distance_has_a_bin(small_tables: RunTables, tokens: int, name: str) -> None:
    paths = small_tables.paths.assign(token_distance=tokens)
    assert set(path_distances(paths, resampling=QUICK)["distance"]) == {name}


def test_far_against_near() -> None:
    run = synthetic.planted_run(sentences=300)
    paths = run.paths[run.paths["path_length"] > 0]
    far = paths["token_distance"] > 5
    paths = paths.assign(subpath_length=(~far).astype("int32"))
    table = distance_contrast(paths, resampling=QUICK)
    row = one(table, predicate_type="all")
    assert row["difference"] == -1
    assert row["high"] < -0.9
    assert row["n_first"] + row["n_second"] == len(paths) / 3


def test_types_without_far_paths_are_left_out(small_tables: RunTables) -> None:
    assert distance_contrast(small_tables.paths, resampling=QUICK).empty


def test_empty_tables() -> None:
    for aggregate in (path_lengths, path_distances, distance_contrast):
        assert aggregate(PATHS.empty(), resampling=QUICK).empty
