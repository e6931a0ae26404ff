"""The table of faithfulness measurements beside the four that every run has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import tables as synthetic

from linguagraph.columns import FIDELITY
from linguagraph.edges.storage import RunTables

ROW = {
    "model": "m",
    "method": "graphmask",
    "seed": 0,
    "sentence": 3,
    "predicate_type": "V",
    "graph": 1,
    "condition": "mask",
    "control": "method",
    "draw": 0,
    "fill": "zeros",
    "kept": 2,
    "edges": 5,
    "units": 2,
    "confidence": 0.5,
    "original_confidence": 0.75,
    "same": 1.0,
    "divergence": 0.25,
    "kl": None,
    "correct": None,
    "original_correct": None,
    "correct_changed": None,
}


def test_it_is_written_and_read_where_it_is_there(tmp_path: Path, small_tables: RunTables) -> None:
    measured = FIDELITY.check(pd.DataFrame([ROW]))
    replace(small_tables, fidelity=measured).write(tmp_path)
    found = RunTables.read(tmp_path).fidelity
    assert found is not None
    pd.testing.assert_frame_equal(found, measured, check_categorical=False)
    assert found["kl"].isna().all()


def test_runs_without_it_have_no_file(tmp_path: Path) -> None:
    synthetic.empty_run().write(tmp_path)
    assert not (tmp_path / "fidelity.parquet").exists()
    assert RunTables.read(tmp_path).fidelity is None
