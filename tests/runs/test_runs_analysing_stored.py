"""The report of shards, read in blocks, against that of the run in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from collections_of_runs import split_run
from linguagraph.analyses import Params

from linguagraph.errors import ConfigError, TableError
from linguagraph.runs import analysing_stored
from linguagraph.runs.analysing_stored import analyse_stored, open_stored

if TYPE_CHECKING:
    from conftest import Made

pytest.importorskip("duckdb")

ROUNDED = {"agreement", "agreement_labels", "overview", "soft_gates", "typed_paths"}
"""Tables with sums of fractions, or kappa from sums; all others are equal to the last bit."""


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few sentences."""
    opened = analysing_stored.open_duck

    @contextmanager
    def small(*given: Any, **options: Any) -> Iterator[Any]:
        with opened(*given, **options) as duck:
            yield replace(duck, rows=1500)

    monkeypatch.setattr(analysing_stored, "open_duck", small)


@pytest.mark.usefixtures("small_blocks")
def test_every_table_of_three_shards_is_that_of_one_run(
    made: Made, params: Params, tmp_path: Path
) -> None:
    home = split_run(made.path, tmp_path / "all", cuts=(0, 2, 7, 12))
    found = analyse_stored(home, memory="600MB", threads=1, params=params)
    assert found.tables.keys() == made.report.tables.keys()
    for name, table in made.report.tables.items():
        if name == "methods_stages":  # the whole run was analysed, its shards were not
            continue
        tolerance = {"rtol": 1e-9, "atol": 1e-12} if name in ROUNDED else {"rtol": 0, "atol": 0}
        pd.testing.assert_frame_equal(
            table, found.tables[name], check_dtype=False, check_categorical=False, **tolerance
        )
    assert [s.finding for s in found.sections] == [s.finding for s in made.report.sections]
    assert (home / "report.html").is_file()
    assert (home / "tables" / "labels.csv").is_file()
    assert sorted(p.name for p in home.iterdir() if p.is_dir()) == ["figures", "shards", "tables"]


@pytest.mark.usefixtures("small_blocks")
def test_blocks_hold_whole_sentences_and_all_votes(made: Made) -> None:
    with open_stored(made.path, memory="1GB", threads=1) as tables:
        items: Any = tables.edges.items
        blocks = list(items.blocks())
        assert len(blocks) > 2
        assert len(tables.edges) == len(made.report.edges)
        assert sum(len(b.rows) for b in blocks) == items.size
        assert sum(int(b.rated.sum()) for b in blocks) == len(made.report.edges)
        assert np.concatenate([b.sentences for b in blocks]).tolist() == items.sentences.tolist()
        assert [b.first for b in blocks] == list(items.starts)
        found = tables.edges[tables.edges["example"] == 3]
        expected = made.report.edges[made.report.edges["example"] == 3]
        columns = ["sentence", "example", "seed", "layer", "edge", "source", "target", "retained"]
        assert found[columns].to_numpy().tolist() == expected[columns].to_numpy().tolist()
        with pytest.raises(AttributeError, match="is kept on disk and has no groupby"):
            tables.edges.groupby("label")
    assert not list(made.path.glob(".blocks-*"))


def test_an_edge_with_two_votes_of_a_seed_is_refused(made: Made, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    home = split_run(made.path, tmp_path / "all", cuts=(0, 3))
    edges = home / "shards" / "00000" / "edges.parquet"
    table = pq.read_table(edges)
    pq.write_table(pa.concat_tables([table, table.slice(5, 2)]), edges)
    with (
        pytest.raises(TableError, match="2 rows repeat the example"),
        open_stored(home, memory="1GB", threads=1),
    ):
        pass


def test_what_is_not_read_in_blocks_is_said(made: Made, tmp_path: Path) -> None:
    home = split_run(made.path, tmp_path / "all", cuts=(0, 3))
    (home / "shards" / "00000" / "predicted").mkdir()
    with pytest.raises(ConfigError, match="a comparison of two parses"), open_stored(home):
        pass
    with pytest.raises(ConfigError, match="'2 apples'"), open_stored(made.path, memory="2 apples"):
        pass


def test_the_command_takes_a_folder_of_shards(made: Made, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from linguagraph.cli import app

    home = split_run(made.path, tmp_path / "all", cuts=(0, 3))
    found = CliRunner().invoke(app, ["analyse", str(home), "--memory", "5MB", "--quiet"])
    assert isinstance(found.exception, ConfigError)
    assert "memory='5MB' is too little" in str(found.exception)
