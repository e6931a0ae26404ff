"""A run on disk and the command that asks it: rows, their text, their drawings, files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import linguagraph
from linguagraph.cli import app
from linguagraph.edges.storage import RunTables
from linguagraph.errors import QueryError, RunError
from linguagraph.runs.console import exit_status
from linguagraph.runs.query_output import as_json, show_rows
from linguagraph.runs.query_rows import draw_rows, marked_texts
from linguagraph.runs.saved import SavedRun, open_run

NSUBJ = (
    "SELECT sentence, example, layer, source, target FROM words WHERE label = 'nsubj' "
    "AND retained_share > 0 ORDER BY ALL"
)
Call = Callable[..., tuple[int, str, str]]


class Made(Protocol):
    """See ``tests/runs/conftest.py``."""

    path: Path
    report: linguagraph.Report


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command here: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def saved(made: Made) -> SavedRun:
    return open_run(made.path)


def test_a_run_and_its_report_answer_alike(saved: SavedRun, made: Made) -> None:
    found = saved.query(NSUBJ)
    assert len(found)
    pd.testing.assert_frame_equal(found, made.report.query(NSUBJ))
    edges = saved.tables.edges
    assert saved.query("SELECT count(*) AS n FROM edges")["n"].tolist() == [len(edges)]
    pd.testing.assert_frame_equal(edges, made.report.edges)
    assert set(saved.columns["table"]) >= {"edges", "words", "tokens"}


def test_rows_join_back_to_their_sentences(saved: SavedRun) -> None:
    found = saved.query(NSUBJ, text=True)
    for row in found.to_dict("records"):
        forms = saved.sentence(row["sentence"]).forms
        assert f"[{forms[row['source']]}]" in row["marked"]
        assert "{" + forms[row["target"]] + "}" in row["marked"]
        assert re.sub(r"[\[\]{}]", "", row["marked"]) == " ".join(forms)
    paths = saved.query("SELECT * FROM paths LIMIT 3", text=True)
    assert all("[" in text and "{" in text for text in paths["marked"])
    plain = saved.query("SELECT sentence FROM sentences LIMIT 1", text=True)
    assert plain["marked"].tolist() == [" ".join(saved.sentence(0).forms)]


def test_rows_of_a_left_join_are_marked_where_they_can_be(saved: SavedRun) -> None:
    found = saved.query(
        "SELECT sentence, argument_index AS source, NULL AS target FROM paths LIMIT 1", text=True
    )
    word = saved.sentence(int(found["sentence"][0])).forms[found["source"][0]]
    assert f"[{word}]" in found["marked"][0]
    assert "{" not in found["marked"][0]
    summed = saved.query("SELECT sum(sentence) AS sentence FROM sentences WHERE sentence = 3",
                         text=True)  # fmt: skip
    assert summed["marked"].tolist() == [" ".join(saved.sentence(3).forms)]


def test_marks_of_edges_between_sentences(small_tables: RunTables) -> None:
    rows = pd.DataFrame(
        {"sentence": [0], "source": [1], "target": [2], "source_offset": [0], "target_offset": [1]}
    )
    assert marked_texts(rows, small_tables.sentences) == ["Ann [saw] old dogs / Royal visits {end}"]
    same = pd.DataFrame({"sentence": [0], "source": [1], "target": [1]})
    assert marked_texts(same, small_tables.sentences) == ["Ann {[saw]} old dogs"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"x": [1]}, "needs the column 'sentence'"),
        ({"sentence": [99]}, "sentence 99, which is not in this run"),
        ({"sentence": [None]}, "'sentence' has missing values; add WHERE sentence IS NOT NULL"),
        ({"sentence": ["abc"]}, "'sentence' has the value 'abc', but needs whole numbers"),
        ({"sentence": [1.5]}, "'sentence' has the value 1.5, but needs whole numbers"),
        ({"sentence": [True]}, "'sentence' has the value True"),
        ({"sentence": [float("inf")]}, "'sentence' has the value inf"),
        ({"sentence": [[0]]}, "'sentence' has the value .0., but needs whole numbers"),
        ({"sentence": [10**30]}, "'sentence' has the value 1000"),
        ({"sentence": [-1]}, "sentence -1, which is not in this run"),
        ({"sentence": [0], "source": ["x"], "target": [1]}, "--text: the column 'source' has"),
        ({"sentence": [0], "predicate_index": [0], "token": [0.5]}, "the column 'token' has"),
        (
            {"sentence": [0], "source": [0], "target": [1], "target_offset": [None]},
            "'target_offset' has missing values",
        ),
        ({"sentence": [0], "source": [0], "target": [50]}, "4 tokens, but no 50"),
    ],
)
def test_rows_that_name_nothing(
    small_tables: RunTables, rows: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        marked_texts(pd.DataFrame(rows), small_tables.sentences)


def test_missing_tokens_are_not_marked(small_tables: RunTables) -> None:
    rows = pd.DataFrame(
        {"sentence": [0, 0, 1, 1], "source": [1, None, 0, None], "target": [0, 2, None, None],
         "target_offset": [0, 0, None, None]}
    )  # fmt: skip
    assert marked_texts(rows, small_tables.sentences) == [
        "{Ann} [saw] old dogs", "Ann saw {old} dogs", "[Royal] visits end", "Royal visits end"
    ]  # fmt: skip


def test_whole_numbers_of_any_type_name_sentences(small_tables: RunTables) -> None:
    rows = pd.DataFrame({"sentence": [Decimal(1), 0.0, np.int64(1)]}, dtype=object)
    texts = marked_texts(rows, small_tables.sentences)
    assert texts == ["Royal visits end", "Ann saw old dogs", "Royal visits end"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"example": ["a"]}, "--draw: the column 'example' has the value 'a'"),
        ({"sentence": [0.5]}, "--draw: the column 'sentence' has the value 0.5"),
        (
            {"example": [0], "layer": [None], "source": [1], "target": [0]},
            "--draw: the column 'layer' has missing values; add WHERE layer IS NOT NULL",
        ),
        ({"example": [0], "source": [1], "target": ["x"]}, "the column 'target' has the value"),
        (
            {"example": [0], "source": [1], "target": [0], "source_offset": [0.5]},
            "the column 'source_offset' has the value 0.5",
        ),
        (
            {"example": [0], "source": [0], "target": [3]},
            "edge from 0 to 3, which example 0 does not have; select example, layer",
        ),
        (
            {"example": [0], "layer": [7], "source": [1], "target": [0]},
            "edge from 1 to 0 in layer 7, which example 0 does not have",
        ),
    ],
)
def test_rows_that_cannot_be_drawn(
    small_tables: RunTables, rows: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        draw_rows(
            pd.DataFrame(rows), small_tables.sentences, edges_of=lambda _: small_tables.edges,
            roles=small_tables.roles, most=5,
        )  # fmt: skip


def test_drawings_mark_the_rows_edges_and_no_others(small_tables: RunTables) -> None:
    rows = pd.DataFrame({"example": [0, 0, 2], "layer": [0, 1, 0], "source": [1, 1, 2],
                         "target": [0, 0, 1]})  # fmt: skip

    def edges_of(examples: object) -> pd.DataFrame:
        return small_tables.edges

    made, left = draw_rows(
        rows, small_tables.sentences, edges_of=edges_of, roles=small_tables.roles, most=5
    )
    assert [(m.title, m.rows, left) for m in made] == [
        ("Sentence 0, example 0: saw", 2, 0),
        ("Sentence 1, example 2: end", 1, 0),
    ]
    assert [m.svg.count("searched for</title>") for m in made] == [2, 1]
    assert [m.svg.count("#e69f00") for m in made] == [2, 1]
    assert "a band: what was searched for" in made[0].svg
    every, _ = draw_rows(
        rows.drop(columns="layer").iloc[:1], small_tables.sentences, edges_of=edges_of,
        roles=small_tables.roles, most=5,
    )  # fmt: skip
    assert every[0].svg.count("#e69f00") == 2
    trees, left = draw_rows(
        pd.DataFrame({"sentence": [1, 0]}), small_tables.sentences, edges_of=edges_of,
        roles=small_tables.roles, most=1,
    )  # fmt: skip
    assert ([t.title for t in trees], left) == (["Sentence 1"], 1)
    with pytest.raises(QueryError, match="gave example 77, which has no edges"):
        draw_rows(pd.DataFrame({"example": [77]}), small_tables.sentences, edges_of=edges_of,
                  roles=small_tables.roles, most=1)  # fmt: skip


def test_a_run_shows_what_it_is(saved: SavedRun) -> None:
    assert repr(saved).startswith(f"<SavedRun {str(saved.path)!r}: corpus part.conll09, 12 sent")
    assert "\n" not in repr(saved)
    shown = saved._repr_html_()
    for part in ("<iframe", "edges retained", "edges.parquet", "report.html"):
        assert part in shown
    with pytest.raises(RunError, match=r"no sentence 12 in .*; it has 0 to 11"):
        saved.sentence(12)


def test_reports_and_runs_have_short_reprs(made: Made) -> None:
    assert repr(made.report).startswith("<Report on tiny0, part.conll09: ")
    assert len(repr(made.report)) < 200


def test_the_command_prints_writes_and_draws(call: Call, made: Made, tmp_path: Path) -> None:
    status, out, err = call("query", made.path, NSUBJ, "--text", "--limit", 2)
    assert (status, err) == (0, "")
    assert "the first 2 rows; there are more" in out
    found = made.report.query(NSUBJ)
    status, out, err = call("query", made.path, NSUBJ, "--csv")
    assert (status, out) == (0, found.to_csv(index=False))
    assert json.loads(call("query", made.path, NSUBJ, "--json")[1]) == found.to_dict("records")
    for suffix in ("csv", "json", "parquet"):
        path = tmp_path / f"rows.{suffix}"
        status, out, err = call("query", made.path, NSUBJ, "-o", path, "--text")
        assert (status, out) == (0, "")
        assert err == f"rows: {path} ({len(found)})\n"
    read = pq.read_table(tmp_path / "rows.parquet").to_pandas()
    pd.testing.assert_frame_equal(read.drop(columns="marked"), found, check_dtype=False)
    assert call("query", made.path, NSUBJ, "-o", tmp_path / "q.csv", "-q") == (0, "", "")


def test_the_command_draws(call: Call, made: Made, tmp_path: Path) -> None:
    page, picture = tmp_path / "drawn.html", tmp_path / "drawn.svg"
    status, _, err = call("query", made.path, NSUBJ, "--draw", page, "--drawings", 2)
    assert status == 0
    assert err.startswith(f"drawn: {page} (2 sentences; ")
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg ") == 2
    assert "default-src &#39;none&#39;" in text
    assert call("query", made.path, NSUBJ, "--draw", picture, "-q", "--drawings", 3)[0] == 0
    root = ElementTree.parse(picture).getroot()
    parts = root.findall("{http://www.w3.org/2000/svg}svg")
    assert [float(p.get("y", "-1")) for p in parts] == sorted(
        float(p.get("y", "-1")) for p in parts
    )
    assert len(parts) == 3
    assert float(root.get("height", "0")) >= sum(float(p.get("height", "0")) for p in parts)


def test_without_sql_the_tables_are_listed(call: Call, made: Made) -> None:
    status, out, _ = call("query", made.path, "--csv")
    assert status == 0
    assert 'words,retained_share,DOUBLE,"share of the seeds' in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["SELECT 1", "--draw", "x.png"], "expected a name that ends in .html or .svg"),
        (["SELECT 1", "-o", "x.xlsx"], "ends in .csv or .json or .parquet"),
        (["SELECT 1 AS a", "--text"], "--text needs the column 'sentence'"),
        (
            ["SELECT sentence, argument_index AS source, 'x' AS target FROM paths", "--text"],
            "the column 'target' has the value 'x'",
        ),
        (
            [
                "SELECT example, NULL AS layer, source, target FROM edges LIMIT 1",
                "--draw",
                "x.html",
            ],
            "the column 'layer' has missing values",
        ),
        (["SELECT 'abc' AS sentence", "--text"], "the column 'sentence' has the value 'abc'"),
        (
            ["SELECT 1.5 AS sentence", "--text"],
            "the column 'sentence' has the value 1.5, but needs",
        ),
        (["SELECT * FROM edges WHERE false", "--draw", "x.html"], "nothing to draw"),
        (["COPY edges TO 'x.csv'"], "COPY is refused: queries only read"),
        (["SELECT 1", "--memory", "lots"], "such as 500MB or 4GB"),
    ],
)
def test_errors_are_one_line(
    call: Call, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    status, out, err = call("query", made.path, *arguments)
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_hostile_cells_are_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(pd.DataFrame({"[red]a": ["\x1b[31m[bold]x\u202e"], "n": [float("nan")]}), more=False)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[red]a" in out
    assert "[bold]x" in out
    rows = pd.DataFrame(
        {"n": [float("nan")], "list": [[1, 2]], "day": [pd.Timestamp("2026-01-02")]}
    )
    assert json.loads(as_json(rows)) == [{"n": None, "list": [1, 2], "day": "2026-01-02 00:00:00"}]


def test_hostile_cells_are_escaped_in_drawings(call: Call, made: Made, tmp_path: Path) -> None:
    sql = "SELECT sentence, example, '<script>x</script>' AS evil FROM edges LIMIT 1"
    assert call("query", made.path, sql, "--draw", tmp_path / "x.html", "-q")[0] == 0
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text


def test_asking_a_run_needs_no_torch(made: Made) -> None:
    code = (
        "import sys, linguagraph; run = linguagraph.open_run(sys.argv[1]); run.query('FROM words', "
        "limit=1); run.draw('SELECT example FROM edges LIMIT 1'); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(made.path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
