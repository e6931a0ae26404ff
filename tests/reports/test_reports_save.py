import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from linguagraph.errors import ReportError
from linguagraph.reports import FigureBlock, Section, TableBlock, save_report
from linguagraph.reports.save import to_json


def test_everything_is_written(
    tmp_path: Path, sections: tuple[Section, ...], summary: dict[str, Any]
) -> None:
    home = tmp_path / "new" / "out"
    written = save_report(home, sections=sections, html="<p>", summary=summary, manifest={"a": 1})
    names = sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(home)) for p in written)
    assert names == [
        "figures/distance.svg",
        "figures/hostile.svg",
        "figures/labels.pdf",
        "figures/labels.svg",
        "figures/long.svg",
        "figures/paths.svg",
        "figures/short.svg",
        "manifest.json",
        "report.html",
        "summary.json",
        "tables/hostile.csv",
        "tables/hostile.tex",
        "tables/labels.csv",
        "tables/labels.tex",
        "tables/wide.csv",
        "tables/wide.tex",
    ]
    assert written[-1].name == "report.html"
    assert json.loads((home / "summary.json").read_text(encoding="utf-8")) == summary


def test_csv_keeps_full_values(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": ['a,"b"'], "share": [1 / 3], "n": [2]})
    section = Section("s", "t", "q", "f", tables=(TableBlock("t", "c", frame, ("share",)),))
    save_report(tmp_path, sections=[section], html="", summary={})
    with (tmp_path / "tables" / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["label", "share", "n"]
    assert rows[1][0] == 'a,"b"'
    assert float(rows[1][1]) == 1 / 3


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "A", ".hidden", "a" * 101, "é", "a.b"])
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    tables = (TableBlock(name, "c", pd.DataFrame({"a": [1]})),)
    with pytest.raises(ReportError, match="table name"):
        save_report(
            tmp_path, sections=[Section("s", "", "", "", tables=tables)], html="", summary={}
        )
    assert list(tmp_path.iterdir()) == []


def test_names_used_twice_and_missing_data_are_refused(tmp_path: Path) -> None:
    twice = [Section("s", "", "", ""), Section("s", "", "", "")]
    with pytest.raises(ReportError, match=r"section names \['s'\]"):
        save_report(tmp_path, sections=twice, html="", summary={})
    figure = FigureBlock("f", "", "", "<svg/>", data="nowhere")
    with pytest.raises(ReportError, match="'nowhere'"):
        save_report(tmp_path, sections=[Section("s", "", "", "", (figure,))], html="", summary={})


def test_figures_are_audited_before_they_are_written(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
    section = Section("s", "", "", "", (FigureBlock("f", "", "", svg),))
    with pytest.raises(ReportError, match="script"):
        save_report(tmp_path, sections=[section], html="", summary={})


def test_json_is_strict() -> None:
    values = {
        "nan": float("nan"),
        "np": np.float32(0.5),
        "int": np.int64(3),
        "array": np.array([1.0, np.inf]),
        "path": Path("a"),
        1: (True, None),
    }
    assert json.loads(to_json(values)) == {
        "nan": None,
        "np": 0.5,
        "int": 3,
        "array": [1.0, None],
        "path": "a",
        "1": [True, None],
    }
    with pytest.raises(ReportError, match=r"summary\.a\.b: set"):
        to_json({"a": {"b": {1}}})
