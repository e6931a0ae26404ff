"""Exported tables: three formats of the same values, with provenance where it can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from linguagraph.errors import ReportError
from linguagraph.reports.exporting import PROVENANCE, export_tables, write_parquet
from linguagraph.reports.sections import Section, TableBlock

MANIFEST = {
    "linguagraph": "1.2",
    "versions": {"python": "3"},
    "corpus": {"name": "<toy>", "fingerprint": "abc", "tokens": 3},
    "model": {"name": "m", "fingerprint": "def"},
    "probes": [{"seed": 0, "fingerprint": "012", "config": {}}],
    "seeds": [0],
    "hardware": {"cores": 2},
}
FRAME = pd.DataFrame({"label": ["a_b", "<i>"], "share": [0.25, float("nan")], "n": [4, 0]})


def sections() -> list[Section]:
    block = TableBlock("labels", "Shares of\nlabels.", FRAME, ("share",))
    return [Section("labels", "Labels", "Which?", "These.", tables=(block,))]


def test_every_table_is_written_in_three_formats(tmp_path: Path) -> None:
    written = export_tables(sections(), tmp_path / "out", manifest=MANIFEST)
    assert [p.name for p in written] == [
        *("labels.csv", "labels.tex", "labels.parquet", "README.txt")
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in written)
    pd.testing.assert_frame_equal(pd.read_csv(written[0]), FRAME)
    pd.testing.assert_frame_equal(pd.read_parquet(written[2]), FRAME)
    assert r"a\_b" in written[1].read_text()
    assert r"\toprule" in written[1].read_text()
    assert "labels: Shares of labels." in written[3].read_text()
    assert '"fingerprint": "abc"' in written[3].read_text()


def test_parquet_files_say_what_they_were_made_from(tmp_path: Path) -> None:
    export_tables(sections(), tmp_path, manifest=MANIFEST)
    facts = json.loads(pq.read_schema(tmp_path / "labels.parquet").metadata[PROVENANCE])
    assert facts["table"] == "labels"
    assert facts["corpus"] == {"name": "<toy>", "fingerprint": "abc", "label_set": None}
    assert facts["model"]["fingerprint"] == "def"
    assert facts["probes"] == [{"seed": 0, "fingerprint": "012"}]
    assert facts["manifest"] == MANIFEST


def test_mixed_columns_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"x\.parquet: .*one type a column"):
        write_parquet(pd.DataFrame({"a": [1, "b", {}]}), tmp_path / "x.parquet", {})
    assert list(tmp_path.iterdir()) == []
