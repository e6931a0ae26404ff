"""Grids: cells, checks before anything is trained, a small one end to end, failures, changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tiny import WIDTHS, sample_part

import linguagraph.runs.reporting as reporting
import linguagraph.runs.training as training
from linguagraph.cli import app
from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.console import exit_status
from linguagraph.runs.sweep import SweepData, cell_state, sweep_run
from linguagraph.runs.sweep_grid import read_grid, to_toml

SHARED = (
    "[training]\nlr = 0.01\ntokens = 400\nrare_word = 1\nepochs = 1\n[model]\n"
    + "".join(f"{name} = {width}\n" for name, width in WIDTHS.items())
    + "[probe]\nhidden = 8\n[fit]\nepochs_after = 0\ntokens = 400\nchecks = 1\n"
    "[constraint]\ntolerance = 1\n"
)
GRID = 'seeds = "2"\n[grid]\nconv = ["gated-gcn", "rgcn"]\ngcn_layers = [1, 2]\n'
ONE = 'seeds = "2"\n[grid]\nconv = ["gated-gcn", "rgcn"]\n'
SKIP = '[[skip]]\nconv = "rgcn"\ngcn_layers = [2, 3]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "grid.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_part(tmp_path_factory.mktemp("corpus") / "part.conll09", 10)


def test_the_grid_that_is_shipped_can_be_read() -> None:
    grid = read_grid(Path(__file__).parents[2] / "analyses" / "variants.toml")
    assert len(grid.cells) == 20
    assert grid.skipped == 4
    assert grid.cells[0].name == "gated-gcn-mlp-1-dependency".replace("gated-gcn", "gated_gcn")
    assert grid.cells[0].tables["model"]["kinds"] == ["dependency"]


def test_cells_are_all_combinations_but_those_skipped(tmp_path: Path) -> None:
    text = GRID + 'kinds = ["dependency", "dependency+coreference"]\nseed = [0, 7]\n' + SKIP
    grid = read_grid(written(tmp_path, text + "[model]\nhidden = 12\n"))
    assert len(grid.cells) == (4 - 1) * 4
    assert grid.skipped == 4
    last = grid.cells[-1]
    assert last.name == "rgcn-1-dependency_coreference-7"
    assert last.tables["model"] == {
        "hidden": 12,
        "conv": "rgcn",
        "gcn_layers": 1,
        "kinds": ["dependency", "coreference"],
    }
    assert last.tables["training"] == {"seed": 7}
    assert list(last.varied) == ["conv", "gcn_layers", "kinds", "seed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[grid", "cannot be read as TOML"),
        ("[grids]\n", r"unknown \['grids'\]"),
        ('task = "pos"\n[grid]\nconv = ["gat"]', "task='pos'; expected one of"),
        ("seeds = 2\n", r"\[grid\] is empty"),
        ("grid = 3\n", r"\[grid\] is not a table"),
        ('[grid]\nconv = "gat"\n', "expected a list of plain values"),
        ('[grid]\nconv = [["gat"]]\n', "expected a list of plain values"),
        ('[grid]\nconv = ["gat", "gat"]\n', "names a value twice"),
        ("[grid]\ndepth = [1]\n", "depth: no option of a srl model"),
        ('[grid]\nconv = ["gcn"]\n', "cell gcn: conv='gcn'; expected one of gated-gcn"),
        ('[grid]\ngcn_layers = ["2"]\n', r"\[model\] gcn_layers = '2'; expected int"),
        ('[grid]\nconv = ["gat"]\n[training]\nlr = "x"\n', r"\[training\] lr = 'x'"),
        (GRID + "[[skip]]\nseed = 1\n", "name options of"),
        (GRID + "[[skip]]\n", "name options of"),
        (GRID + "[[skip]]\ngcn_layers = [1, 2]\n", "leaves nothing"),
        ('[grid]\nword = [1]\nlr = ["a b"]\n', r"expected float"),
    ],
)
def test_bad_grids_are_named_before_anything_is_trained(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_grid(written(tmp_path, text))


def test_options_go_to_toml_and_back() -> None:
    import tomllib

    tables = {"model": {"conv": "gat", "kinds": ["a", "b"]}, "fit": {"divergence": {"name": "js"}}}
    assert tomllib.loads(to_toml(tables)) == tables


def test_a_small_grid_end_to_end_is_made_once(tmp_path: Path, corpus: Path) -> None:
    grid = written(tmp_path, ONE + SHARED)
    data, out = SweepData(corpus, corpus, licence="CC0"), tmp_path / "out"
    said: list[str] = []
    table, failed = sweep_run(grid, data, out, device="cpu", threads=1, log=said.append)
    assert not failed
    assert table["cell"].tolist() == ["gated_gcn", "rgcn"]
    assert (table["state"] == "done").all()
    assert table["conv"].tolist() == ["gated-gcn", "rgcn"]
    assert table["score"].between(0, 1).all()
    assert table["retained"].between(0, 1).all()
    assert table["parameters"].is_unique
    for cell in table["cell"]:
        home = out / "cells" / cell
        assert (home / "run" / "report.html").is_file()
        assert len(list((home / "model" / "probes").glob("seed-*.safetensors"))) == 2
        assert "rare_word = 1" in (home / "model.toml").read_text()
        record = json.loads((home / "model" / "model.json").read_text())
        assert record["licence"] == "CC0"
    assert record["config"]["conv"] == "rgcn"
    pd.testing.assert_frame_equal(
        pd.read_csv(out / "sweep.csv")[["cell", "score", "retained"]],
        table[["cell", "score", "retained"]],
    )
    assert pd.read_parquet(out / "sweep.parquet")["conv"].tolist() == ["gated-gcn", "rgcn"]

    before = {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*.safetensors")}
    said.clear()
    again, _ = sweep_run(grid, data, out, device="cpu", threads=1, log=said.append)
    assert [line.split(": ")[-1] for line in said] == ["done before"] * 2
    assert before == {p: p.stat().st_mtime_ns for p in out.glob("cells/*/*/*.safetensors")}
    pd.testing.assert_frame_equal(again, table)

    changed = written(tmp_path, (ONE + SHARED).replace("tolerance = 1", "tolerance = 2"))
    with pytest.raises(RunError, match=r"gated_gcn was made from other options .* --overwrite"):
        sweep_run(changed, data, out, log=said.append)
    fresh, _ = sweep_run(
        changed,
        data,
        out,
        only=["rgcn"],
        overwrite=True,
        device="cpu",
        threads=1,
        log=said.append,
    )
    assert fresh["state"].tolist() == ["done"] * 2
    assert "tolerance = 2" in (out / "cells" / "rgcn" / "probes.toml").read_text()


@pytest.fixture
def no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are left out: they are made by the tests that go from end to end."""
    monkeypatch.setattr(reporting, "run_report", lambda *arguments, **options: None)


@pytest.mark.usefixtures("no_reports")
def test_a_cell_that_fails_is_named_and_the_others_are_made(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = written(tmp_path, '[grid]\nconv = ["gated-gcn", "rgcn"]\n' + SHARED)
    real = training.train_srl

    def train(*arguments: object, **options: object) -> object:
        if options["model"].conv == "gated-gcn":  # type: ignore[attr-defined]
            raise RunError("the loss became nan")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "train_srl", train)
    data, out = SweepData(corpus, corpus), tmp_path / "out"
    table, failed = sweep_run(grid, data, out, device="cpu", threads=1, log=lambda _: None)
    assert failed == {"gated_gcn": "the loss became nan"}
    assert table["state"].tolist() == ["failed", "done"]
    assert table["error"].tolist() == ["the loss became nan", ""]
    monkeypatch.setattr(training, "train_srl", real)
    table, failed = sweep_run(grid, data, out, device="cpu", threads=1, log=lambda _: None)
    assert not failed
    assert table["state"].tolist() == ["done", "done"]


@pytest.mark.usefixtures("no_reports")
def test_an_interrupted_cell_goes_on_where_it_stopped(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = written(tmp_path, 'seeds = "1"\n[grid]\nconv = ["rgcn"]\n' + SHARED)
    real = training.train_graphmask_run

    def stop(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_graphmask_run", stop)
    data, out = SweepData(corpus, corpus), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        sweep_run(grid, data, out, device="cpu", threads=1, log=lambda _: None)
    home = out / "cells" / "rgcn"
    assert cell_state(home) == "probes"
    before = (home / "model" / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(training, "train_graphmask_run", real)
    table, _ = sweep_run(grid, data, out, device="cpu", threads=1, log=lambda _: None)
    assert table["state"].tolist() == ["done"]
    assert (home / "model" / "model.safetensors").stat().st_mtime_ns == before
    state = json.loads((home / "cell.json").read_text())
    assert state["done"] == ["model", "probes", "run"]
    assert set(state["seconds"]) == {"model", "probes", "run"}


def test_unknown_cells_and_missing_corpora(tmp_path: Path, corpus: Path) -> None:
    grid = written(tmp_path, GRID + SHARED)
    with pytest.raises(ConfigError, match=r"no cells \['gat'\]"):
        sweep_run(grid, SweepData(corpus, corpus), tmp_path / "out", only=["gat"])
    with pytest.raises(ConfigError, match="does not exist"):
        sweep_run(grid, SweepData(tmp_path / "none", corpus), tmp_path / "out")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))
        return status, *capsys.readouterr()

    return run


@pytest.mark.usefixtures("no_reports")
def test_the_command(
    tmp_path: Path, corpus: Path, call: Callable[..., tuple[int, str, str]]
) -> None:
    grid = written(tmp_path, 'seeds = "1"\n[grid]\nconv = ["rgcn"]\n' + SHARED)
    out = tmp_path / "out"
    data = ("--train", corpus, "--dev", corpus, "-o", out)
    status, shown, _ = call("sweep", grid, *data, "--list")
    assert (status, shown) == (0, "rgcn: new\n1 cells, 0 skipped\n")
    status, shown, _ = call("sweep", grid, *data, "--threads", 1, "--device", "cpu", "--json", "-q")
    assert status == 0
    assert [row["state"] for row in json.loads(shown)] == ["done"]
    status, shown, err = call("sweep", grid, *data, "--threads", 1)
    assert status == 0
    assert "sweep.csv" in shown
    assert "done before" in err
    assert json.loads(call("sweep", grid, *data, "--list", "--json")[1]) == {"rgcn": "done"}
    status, _, err = call("sweep", tmp_path / "none.toml", *data)
    assert status == 1
    assert "cannot be read as TOML" in err


def test_a_grid_of_question_models_shares_parsed_supports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa_tools import SMALL, write_questions

    questions = write_questions(tmp_path / "train.json", range(12))
    text = (
        'task = "qa"\nseeds = "1"\n[grid]\nconv = ["gated-rgcn", "gat"]\n[model]\nheads = 2\n'
        + "".join(
            f"{name} = {json.dumps(value)}\n"
            for name, value in SMALL.to_json().items()
            if name not in ("conv", "heads")
        )
        + "[training]\nepochs = 2\n[fit]\nepochs_per_layer = 1\nepochs_after = 0\n[probe]\n"
        "hidden = 8\n[constraint]\ntolerance = 1\n"
    )
    out = tmp_path / "out"
    table, failed = sweep_run(
        written(tmp_path, text),
        SweepData(questions, questions),
        out,
        device="cpu",
        threads=1,
        log=lambda _: None,
    )
    assert not failed
    assert table["cell"].tolist() == ["gated_rgcn", "gat"]
    assert (table["state"] == "done").all()
    assert (out / "chains.jsonl").is_file()
    assert (out / "cells" / "gat" / "run" / "items.parquet").is_file()
