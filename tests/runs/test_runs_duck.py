"""Sizes, and SQL that numbers the rows of shards through."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from linguagraph.columns import ROLES
from linguagraph.edges.storage import write_table
from linguagraph.errors import ConfigError, QueryError
from linguagraph.runs.duck import Piece, memory_bytes, open_duck, union
from linguagraph.runs.partitioned import Shard

pytest.importorskip("duckdb")


def roles(sentences: list[int], examples: list[int]) -> pd.DataFrame:
    """Roles of some examples."""
    whole = {c.name: "x" if c.kind == "category" else 0 for c in ROLES.columns}
    return pd.DataFrame([{**whole, "sentence": s, "example": e}
                         for s, e in zip(sentences, examples, strict=True)])  # fmt: skip


@pytest.mark.parametrize(
    ("size", "found"),
    [("2GB", 2_000_000_000), ("1 gib", 2**30), ("0.5GB", 500_000_000), ("700MB", 700_000_000)],
)
def test_sizes(size: str, found: int) -> None:
    assert memory_bytes(size) == found


@pytest.mark.parametrize("size", ["", "2", "GB", "100MB", "-3GB", "2XB"])
def test_what_is_no_size_or_too_small(size: str) -> None:
    with pytest.raises(ConfigError, match="memory="):
        memory_bytes(size)


def test_rows_of_shards_are_numbered_through(tmp_path: Path) -> None:
    shards = []
    for number, (sentences, examples) in enumerate([([0, 0, 2], [0, 1, 2]), ([0, 1], [0, 1])]):
        path = tmp_path / f"{number}"
        path.mkdir()
        write_table([roles(sentences, examples)], path / "roles.parquet", ROLES)
        shards.append(Shard(path, (0, 3)[number], (0, 4)[number], 3, 3))
    with open_duck("1GB", spill=tmp_path / "spill", threads=1) as duck:
        sql = union([Piece(s) for s in shards], ROLES, ("sentence", "example"))
        found = duck.arrow(sql).to_pydict()
        assert found == {"sentence": [0, 0, 2, 3, 4], "example": [0, 1, 2, 4, 5]}
        some = union([Piece(shards[0], 0, 2), Piece(shards[1], 1, None)], ROLES, ("example",))
        assert duck.arrow(some).to_pydict() == {"example": [0, 1, 5]}
        with pytest.raises(QueryError, match="could not be read"):
            duck.arrow("SELECT * FROM read_parquet('nowhere.parquet')")
