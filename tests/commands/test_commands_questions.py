"""Questions from the command line: train, explain, report, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from qa_tools import write_questions

from linguagraph.cli import app
from linguagraph.runs.console import exit_status

Call = Callable[..., tuple[int, str, str]]

MODEL = """
[model]
width = 16
word = 12
shape = 4
query = 8
hidden = 24
context = 3
mention = 3
[training]
auxiliary_epochs = 1
cells = 2000
rare = 3
[mentions]
coreferent = false
"""
PROBE = """
[probe]
hidden = 8
[fit]
epochs_per_layer = 1
epochs_after = 1
steps = 5
checks = 1
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command here: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))
        return status, *capsys.readouterr()

    return run


def test_train_explain_and_report(call: Call, tmp_path: Path) -> None:
    train = write_questions(tmp_path / "train.json", range(40))
    dev = write_questions(tmp_path / "dev.json", range(40, 52))
    home, out = tmp_path / "model", tmp_path / "run"
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "probe.toml").write_text(PROBE)
    data = ("--train", train, "--dev", dev)
    status, _, said = call(
        "train", "qa", *data, "--auxiliary", dev, "-o", home, "--coreference", "none",
        "--config", tmp_path / "model.toml", "--epochs", 2, "--seed", 3, "--without", "COREF",
    )  # fmt: skip
    assert status == 0, said
    record = json.loads((home / "model.json").read_text())
    assert record["training"]["seed"] == 3
    assert record["config"]["relations"] == ["MATCH", "DOC-BASED", "COMPLEMENT"]
    assert record["data"]["auxiliary"][0]["name"] == "dev.json"
    status, _, said = call(
        "train", "graphmask", "--model", home, *data, "--seeds", 2, "--config",
        tmp_path / "probe.toml",
    )  # fmt: skip
    assert status == 0, said
    probes = sorted(p.name for p in (home / "probes").glob("*.safetensors"))
    assert probes == ["seed-0.safetensors", "seed-1.safetensors"]
    assert json.loads((home / "probes" / "history.json").read_text())
    status, printed, said = call(
        "report", dev, "-o", out, "--model", home, "--coreference", "none", "--rivals",
        "integrated_gradients", "--rival-items", 2, "--json", "-q",
    )  # fmt: skip
    assert status == 0, said
    assert json.loads(printed)["seeds"] == [0, 1]
    assert (out / "report.html").is_file()
    assert (out / "chains.parquet").is_file()
    status, _, said = call("report", dev, "-o", out, "--model", home, "--coreference", "none")
    assert status == 1
    assert "already holds a run" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--method", "random"), "--method: not for questions"),
        (("--compare-parses",), "--compare-parses: not for questions"),
        (("--coreference", "given"), "coreference='given'"),
        (("--rivals", "magic"), "rivals=['magic']"),
        (("--model", "MODEL"), "is neither a bundled model"),
    ],
)
def test_options_of_other_corpora_are_refused(
    call: Call, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    questions = write_questions(tmp_path / "q.json", range(2))
    status, _, said = call("report", questions, "-o", tmp_path / "run", *options)
    assert status == 1
    assert message in said


def test_options_of_questions_are_refused_elsewhere(call: Call, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("The bell fell silent.")
    status, _, said = call("report", tmp_path / "text.txt", "-o", tmp_path / "run", "--rivals", "x")
    assert status == 1
    assert "--rivals: for questions" in said


def test_a_missing_file_and_an_unknown_relation_are_named(call: Call, tmp_path: Path) -> None:
    questions = write_questions(tmp_path / "q.json", range(2))
    status, _, said = call("report", tmp_path / "none.json", "-o", tmp_path / "run")
    assert status == 1
    assert "none.json" in said
    status, _, said = call(
        "train", "qa", "--train", questions, "--dev", questions, "-o", tmp_path / "m",
        "--without", "SYNONYM",
    )  # fmt: skip
    assert status == 1
    assert "SYNONYM" in said
