"""Masks made elsewhere: what fits gives the same tables, what does not names row and column."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pytest
from linguagraph.analyses import Params

import linguagraph
from linguagraph.cli import app
from linguagraph.columns import MASKS
from linguagraph.edges.shares import read_shares
from linguagraph.errors import ConfigError, LinguagraphError, RunError, TableError
from linguagraph.runs.analysing import analyse_stage
from linguagraph.runs.console import exit_status
from linguagraph.runs.directory import Run
from linguagraph.runs.importing import import_masks
from linguagraph.runs.mask_files import Known, place_masks
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.saved import open_run

COLUMNS = "sentence, predicate_index, layer, source, target, direction, seed, score, retained"


class Made(Protocol):
    """See ``tests/runs/conftest.py``."""

    path: Path
    report: linguagraph.Report


@pytest.fixture
def own(made: Made) -> pd.DataFrame:
    """The run's own masks in the form of imported ones."""
    return open_run(made.path).query(f"SELECT {COLUMNS} FROM edges")


@pytest.fixture
def bare(corpus: Path, tmp_path: Path) -> Path:
    """The same sentences, parsed only."""
    from linguagraph.runs.sources import Reading, open_source

    reading = Reading(limit=12)
    run = Run.create(tmp_path / "bare", resume=False)
    parse_stage(run, corpus, reading=reading, source=open_source(str(corpus), reading))
    graph_stage(run)
    return run.path


def written(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "masks.parquet"
    frame.to_parquet(path)
    return path


def test_a_runs_own_masks_give_the_same_tables(
    made: Made, own: pd.DataFrame, tmp_path: Path, params: Params
) -> None:
    shuffled = own.sample(frac=1, random_state=3)
    found = import_masks(made.path, written(shuffled, tmp_path), tmp_path / "new", method="lime")
    before, after = made.report.run_tables, open_run(found.path).tables
    assert (found.examples, found.missing, found.seeds) == (found.of, 0, (0, 1, 4))
    for name in ("edges", "paths", "roles"):
        old, new = getattr(before, name), getattr(after, name)
        if "method" in old:
            assert set(new["method"]) == {"lime"}
            old, new = old.drop(columns="method"), new.drop(columns="method")
        pd.testing.assert_frame_equal(old, new, check_categorical=False)
    shares = [read_shares(path / "edges.parquet") for path in (made.path, found.path)]
    for sentence in shares[0].predicates:
        assert list(shares[0].of(sentence)) == list(shares[1].of(sentence))
    original = before.scores[before.scores["condition"] == "original"]
    assert len(original) == len(after.scores)
    assert set(after.scores["condition"]) == {"original"}
    report = analyse_stage(Run.open(found.path), params=params)
    kept = [r.summary["retained"]["overall"]["mean"] for r in (report, made.report)]
    assert kept[0] == pytest.approx(kept[1])
    assert "lime" in report.html
    assert "the masked model was not run" in report.html
    assert open_run(found.path).query("SELECT count(*) AS n FROM words")["n"][0] > 0


def test_ids_of_examples_and_edges_do_as_well(made: Made, tmp_path: Path) -> None:
    sql = "SELECT example, layer, edge, seed, retained FROM edges WHERE seed = 1"
    path = written(open_run(made.path).query(sql).drop(columns="seed"), tmp_path)
    found = import_masks(made.path, path, tmp_path / "new", method="x")
    edges = open_run(found.path).tables.edges
    expected = made.report.edges[made.report.edges["seed"] == 1]
    assert edges["retained"].tolist() == expected["retained"].tolist()
    assert edges["score"].tolist() == expected["retained"].astype(float).tolist()
    assert found.seeds == (0,)


def test_what_has_no_row_is_superfluous_and_counted(
    made: Made, own: pd.DataFrame, tmp_path: Path, params: Params
) -> None:
    part = own[own["retained"] & (own["sentence"] < 4)]
    first = part.groupby(["seed", "sentence", "predicate_index"]).head(1)
    named = first.groupby(["sentence", "predicate_index"]).filter(lambda g: len(g) == 3)
    part = part.merge(named[["sentence", "predicate_index"]].drop_duplicates())
    said: list[str] = []
    found = import_masks(made.path, written(part, tmp_path), tmp_path / "new", method="x",
                         notify=said.append)  # fmt: skip
    tables = open_run(found.path).tables
    edges = tables.edges
    assert 0 < found.examples < found.of
    assert edges["example"].nunique() == found.examples
    assert int(edges["retained"].sum()) == len(part)
    assert found.missing == len(edges) - len(part)
    assert (edges.loc[~edges["retained"], "score"] == 0).all()
    assert tables.manifest["dropped"] == {
        "predicates without imported masks": found.of - found.examples
    }
    assert tables.manifest["corpus"]["predicates"] == found.examples
    assert any("count as superfluous (score 0)" in line for line in said)
    assert any("are left out" in line for line in said)
    left = {(s.index, f.predicate) for s in open_run(found.path).sentences.values()
            for f in s.frames}  # fmt: skip
    assert left == set(zip(edges["sentence"], edges["predicate_index"], strict=True))
    scored = {int(s) for s in tables.scores["sentence"]}
    assert scored <= set(edges["sentence"])
    assert analyse_stage(Run.open(found.path), params=params).sections
    with pytest.raises(TableError, match=r"edges have no row, the first one: seed \d, layer"):
        import_masks(made.path, tmp_path / "masks.parquet", tmp_path / "no", method="x",
                     missing="error")  # fmt: skip
    assert not (tmp_path / "no").exists()


def test_without_a_model_roles_are_gold(
    bare: Path, own: pd.DataFrame, tmp_path: Path, params: Params
) -> None:
    found = import_masks(bare, written(own, tmp_path), tmp_path / "new", method="rules")
    tables = open_run(found.path).tables
    assert tables.scores.empty
    assert tables.roles["role"].tolist() == tables.roles["gold_role"].tolist()
    assert len(tables.paths)
    assert tables.edges["retained"].tolist() == own["retained"].tolist()
    assert tables.edges["soft_gate"].isna().all()
    report = analyse_stage(Run.open(found.path), params=params)
    assert "no model was at hand" in report.html
    assert tables.manifest["model"] == {"name": "not given"}


def test_an_example_without_edges_needs_no_row() -> None:
    known = Known(
        sentence=np.array([0, 1, 2]),
        predicate=np.array([0, 0, 1]),
        example=np.array([0, 0, 2, 2]),
        source=np.array([0, 1, 1, 0]),
        target=np.array([1, 0, 0, 1]),
        direction=np.array(["->", "<-", "->", "<-"]),
        layers=1,
    )
    rows = pd.DataFrame({"example": [2, 2], "layer": 0, "edge": [1, 0], "retained": [True, False]})
    frame = MASKS.check(rows.assign(score=[0.9, 0.2]))
    found = place_masks("masks.parquet", frame, known)
    assert found.covered.tolist() == [False, True, True]
    assert found.retained.tolist() == [[[False, False, False, True]]]
    assert found.scores.tolist() == [[[0, 0, pytest.approx(0.2), pytest.approx(0.9)]]]
    assert (found.missing, found.rows) == (0, 2)


def test_scores_alone_need_a_threshold(made: Made, own: pd.DataFrame, tmp_path: Path) -> None:
    path = written(own.drop(columns="retained"), tmp_path)
    with pytest.raises(TableError, match="say with --threshold"):
        import_masks(made.path, path, tmp_path / "new", method="x")
    found = import_masks(made.path, path, tmp_path / "new", method="x", threshold=0.4)
    edges = open_run(found.path).tables.edges
    assert edges["retained"].tolist() == (edges["score"] > 0.4).tolist()
    with pytest.raises(TableError, match="a threshold is for files that do not"):
        import_masks(made.path, written(own, tmp_path), tmp_path / "x", method="x", threshold=0.4)


Change = Callable[[pd.DataFrame], pd.DataFrame]


def put(column: str, value: object, row: int = 5) -> Change:
    """Sets one value."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].tolist()
        values[row] = value
        return frame.assign(**{column: values})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("sentence", 99), "row 5, column 'sentence': a sentence without an explained"),
        (put("predicate_index", 0), "row 5, column 'predicate_index': a token that is no"),
        (put("layer", 2), r"row 5, column 'layer': .*it has 0 to 1"),
        (put("layer", -1), "row 5, column 'layer'"),
        (put("target", 60), "row 5, column 'target': no edge of the sentence's tree"),
        (put("direction", "<>"), "row 5, column 'direction': another direction"),
        (put("score", 1.5), r"row 5, column 'score': a score outside \[0, 1\]"),
        (put("score", float("nan")), "row 5, column 'score': no value"),
        (put("source", None), "row 5, column 'source': no value"),
        (put("sentence", -1), "row 5, column 'sentence': below 0, or left out; predicate_index"),
        (put("predicate_index", -1), "row 5, column 'predicate_index': below 0, or left out"),
        (put("source", -1), "row 5, column 'source': below 0, or left out; target alone is not"),
        (lambda f: f.drop(columns="target"), "row 0, column 'target': below 0, or left out"),
        (
            lambda f: f.drop(columns=["sentence", "predicate_index"]),
            "row 0, column 'example': neither an example nor sentence",
        ),
        (
            lambda f: f.drop(columns=["source", "target"]),
            "row 0, column 'edge': neither an edge id nor source and target",
        ),
        (lambda f: f.assign(example=9999), r"row 0, column 'example': no such example .*more rows"),
        (lambda f: f.assign(example=1), "column 'example': another example than sentence"),
        (lambda f: f.assign(edge=9999), "row 0, column 'edge': an edge id that the example's"),
        (lambda f: f.assign(edge=0), "column 'edge': another edge than source and target say"),
        (lambda f: pd.concat([f, f.iloc[[7]]]), "the same edge, layer and seed as row 7"),
        (lambda f: f[(f["seed"] > 0) | (f["sentence"] > 0)], "column 'seed': no row of example 0"),
        (lambda f: f.assign(colour=1), "unknown columns .'colour'"),
        (lambda f: f.drop(columns="layer"), "missing columns .'layer'"),
        (lambda f: f.drop(columns=["score", "retained"]), "neither a column 'score' nor"),
        (lambda f: f.assign(retained="yes"), "column 'retained': expected bool"),
        (lambda f: f.iloc[:0], "has no rows"),
    ],
)
def test_what_does_not_fit_is_named(
    made: Made, own: pd.DataFrame, tmp_path: Path, change: Change, message: str
) -> None:
    path = written(change(own.reset_index(drop=True)), tmp_path)
    with pytest.raises(TableError, match=message) as caught:
        import_masks(made.path, path, tmp_path / "new", method="x")
    assert str(path) in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_other_wrong_uses(made: Made, own: pd.DataFrame, tmp_path: Path) -> None:
    path = written(own, tmp_path)
    cases: list[tuple[type[LinguagraphError], str, dict[str, object]]] = [
        (ConfigError, "missing='kept'", {"missing": "kept"}),
        (ConfigError, "the method has no name", {"method": " "}),
        (ConfigError, "is the run itself", {"out": made.path}),
        (TableError, "does not exist", {"file": tmp_path / "none.parquet"}),
        (TableError, "not a readable Parquet file", {"file": Path(__file__)}),
        (RunError, "holds no run", {"run": tmp_path}),
    ]
    for kind, message, changed in cases:
        given: dict[str, object] = {"run": made.path, "file": path, "out": tmp_path / "new",
                                    "method": "x", **changed}  # fmt: skip
        with pytest.raises(kind, match=message):
            import_masks(**given)  # type: ignore[arg-type]
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    (graphs / "manifest.json").write_text(json.dumps({"format": 1, "language": False}))
    with pytest.raises(ConfigError, match="for text only"):
        import_masks(graphs, path, tmp_path / "new", method="x")


def test_the_command(
    made: Made, own: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = written(own, tmp_path), tmp_path / "new"
    words = ["import-masks", str(made.path), str(path), "--method", "lime", "-o", str(out)]
    assert exit_status(lambda: app([*words, "--json"], standalone_mode=False)) == 0
    shown, err = capsys.readouterr()
    assert json.loads(shown)["seeds"] == [0, 1, 4]
    assert err.endswith(f"next: linguagraph analyse {out}\n")
    assert exit_status(lambda: app(words, standalone_mode=False)) == 1
    err = capsys.readouterr().err
    assert "already holds a run; add --overwrite to replace it" in err
    assert "resume" not in err
    assert exit_status(lambda: app([*words, "--overwrite", "-q"], standalone_mode=False)) == 0
