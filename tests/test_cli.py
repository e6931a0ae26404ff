"""The command line as people meet it: help, results, messages, errors, exit status, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer
from tiny import make_model, sample_part

import linguagraph
from linguagraph.cli import app
from linguagraph.columns import TABLES
from linguagraph.edges.storage import read_table
from linguagraph.pretrained import BUNDLED, bundled_path, sample_path
from linguagraph.runs.console import exit_status

COMMANDS = {
    "report": ("CORPUS", "--out", "--model", "--seeds", "--device", "--batch-size", "--limit",
               "--threads", "--resume", "--quiet", "--json", "--skip-bad", "--predicted",
               "--parser", "--lang", "--stanza-dir", "--coreference", "--compare-parses",
               "--documents"),
    "parse": ("CORPUS", "--out", "--limit", "--skip-bad", "--resume", "--json"),
    "graph": ("RUN", "--kinds", "--export", "--svg", "--quiet"),
    "mask": ("RUN", "--model", "--seeds", "--device", "--batch-size", "--threads"),
    "tabulate": ("RUN", "--quiet"),
    "analyse": ("RUN", "--min-n", "--resamples", "--seed", "--analysis", "--analyses", "--memory"),
    "new-analysis": ("NAME", "--out", "--title", "--question"),
    "export-corpus": ("RUN", "--out", "--format", "RetainedDown=0.400,1.000", "graphml"),
    "import-masks": ("RUN", "FILE", "--method", "--out", "--missing", "predicate_index"),
    "compare-methods": ("RUN_A RUN_B", "--out", "--names", "--measure", "--min-n", "--json"),
    "query": ("RUN", "SQL", "--text", "--draw", "--out", "--csv", "--json", "--limit", "--memory",
              "label = 'nsubj' AND target_kind = 'predicate'"),
    "run": ("RECIPE.toml", "--out", "--engine", "--address", "--workers", "--until", "--json"),
    "status": ("RUN", "--json"),
    "cost": ("--tokens", "--machines", "--workers", "--measured", "--annotated", "--share"),
    "models": ("--json",),
    "train srl": ("--train", "--dev", "--out", "--model", "--config", "--seed", "--resume",
                  "[model] and [training]"),
    "train predicates": ("--train", "--dev", "--out", "--epochs", "--resume"),
    "export-tables": ("RUN", "--out", "--lme4", "--only-lme4", "--json"),
    "train parser": ("--train", "--dev", "--out", "--lang", "--parser-steps", "--resume"),
    "models download": ("LANG", "--stanza-dir", "--coreference"),
    "train graphmask": ("--model", "--train", "--dev", "--tolerance", "--seeds", "--config",
                        "[probe], [fit] and [constraint]"),
    "study sentiment": ("--data", "--model", "--tolerance", "--seed", "--json"),
    "study agreement": ("--trees", "--linzen", "--whole", "--sentences", "--json"),
    "study repetition": ("--train", "--sentences", "--epochs", "--threads"),
    "data ewt-srl": ("--ud", "--propbank", "--out", "--json"),
}  # fmt: skip

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command here: exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = exit_status(lambda: app([str(a) for a in arguments], standalone_mode=False))
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a random model with three probes."""
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four sentences of the sample corpus."""
    return sample_part(tmp_path_factory.mktemp("corpus") / "part.conll09", 4)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "linguagraph.cli", *map(str, arguments)]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_enough(call: Call, name: str) -> None:
    status, out, err = call(*name.split(), "--help")
    assert (status, err) == (0, "")
    text = " ".join(out.split())
    for word in COMMANDS[name]:
        assert word in text
    assert call(*name.split(), "-h") == (0, out, "")


def test_the_program_lists_its_commands(call: Call) -> None:
    status, out, _ = call("--help")
    assert status == 0
    for name in COMMANDS:
        assert f"\n  {name.split()[0]} " in out
    assert "..." not in out.partition("Commands:")[2]  # no description is cut off
    assert call("train", "-h")[0] == call("data", "-h")[0] == 0


def test_version(call: Call) -> None:
    assert call("--version") == (0, f"linguagraph {linguagraph.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "x.conll09"], "Missing option '--out'"),
        (["report", "x.conll09", "-o", "y", "--limt", "3"], "No such option: --limt"),
        (["report", "x.conll09", "-o", "y", "--limit", "0"], "Invalid value for '--limit'"),
        (
            ["report", "x.conll09", "-o", "y", "--batch-size", "a"],
            "Invalid value for '--batch-size'",
        ),
        (["repport"], "No such command 'repport'"),
        (["graph"], "Missing argument"),
        (["train"], ""),
    ],
)
def test_wrong_use_is_explained(call: Call, arguments: list[str], message: str) -> None:
    status, out, err = call(*arguments)
    assert status == 2
    assert message in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "none.conll09", "-o", "{out}"], "none.conll09: no such file"),
        (["parse", "none.conll09", "-o", "{out}"], "none.conll09: no such file"),
        (["parse", "{corpus}", "-o", "{out}", "--format", "xml"], "xml"),
        (["report", "{corpus}", "-o", "{out}", "--model", "srl-x"], "neither a bundled model"),
        (["report", "{corpus}", "-o", "{out}", "--model", "{model}", "--seeds", "9"],
         "there are probes for 1 to 3 seeds"),
        (["report", "{corpus}", "-o", "{out}", "--model", "{model}", "--device", "tpu"],
         "expected 'cpu', 'cuda' or 'auto'"),
        (["report", "{corpus}", "-o", "{corpus}", "--model", "{model}"], "is a file"),
        (["graph", "{out}"], "holds no run; begin one with 'linguagraph parse"),
        (["train", "srl", "--train", "{corpus}", "--dev", "{corpus}", "-o", "{out}", "--model",
          "bert"], "expected one of ['srl-gnn', 'srl-lstm-gnn']"),
        (["train", "srl", "--train", "none", "--dev", "none", "-o", "{out}"], "does not exist"),
        (["train", "graphmask", "--model", "srl-gnn", "--train", "x", "--dev", "x"],
         "say with -o where"),
        (["train", "graphmask", "--model", "{model}", "--train", "{corpus}", "--dev", "{corpus}"],
         "already holds probes"),
        (["data", "ewt-srl", "--ud", "{out}", "--propbank", "{out}", "-o", "{out}"], ""),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    call: Call, tmp_path: Path, model: Path, corpus: Path, arguments: list[str], message: str
) -> None:
    names = {"out": tmp_path / "out", "model": model, "corpus": corpus}
    status, out, err = call(*(a.format(**names) for a in arguments))
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "out").exists() or arguments[0] in ("parse", "train")


def test_errors_of_the_real_program(tmp_path: Path) -> None:
    bad = tmp_path / "bad.conll09"
    bad.write_text("1\tonly\tthree\n\n")
    found = subprocess.run(
        command("parse", bad, "-o", tmp_path / "run"), capture_output=True, text=True
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith(f"error: {bad}, line 1")
    assert found.stderr.count("\n") == 1


def test_running_out_of_memory_names_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch calls it."""

    for error in (MemoryError(), OutOfMemoryError("CUDA out of memory. Tried ...")):

        def fail(error: BaseException = error) -> None:
            raise error

        assert exit_status(fail) == 1
        assert "choose a smaller --batch-size" in capsys.readouterr().err


def test_programming_mistakes_are_not_hidden() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exit_status(fail)


def test_report_then_the_stages(call: Call, tmp_path: Path, model: Path, corpus: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options = ["--model", model, "--seeds", "0,4", "--threads", 1, "--device", "cpu"]
    status, out, err = call("report", corpus, "-o", whole, *options, "--json")
    assert status == 0
    assert json.loads(out) == json.loads((whole / "summary.json").read_text(encoding="utf-8"))
    assert err.splitlines()[-1] == f"report: {whole / 'report.html'}"

    status, out, err = call("parse", corpus, "-o", parts)
    assert (status, err) == (0, "")
    assert "sentences: 4\n" in out
    assert "dropped: none\n" in out
    assert call("graph", parts)[2].endswith(f"next: linguagraph mask {parts}\n")
    assert call("mask", parts, *options)[2].endswith(f"next: linguagraph tabulate {parts}\n")
    assert call("tabulate", parts)[2].endswith(f"next: linguagraph analyse {parts}\n")
    assert call("analyse", parts, "--resamples", 20, "--quiet") == (0, "", "")
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(
            read_table(parts / f"{name}.parquet", table),
            read_table(whole / f"{name}.parquet", table),
        )
    manifest = json.loads((parts / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["options"]["seeds"] == "0,4"
    assert manifest["options"]["reading"]["skip_bad"] is False

    status, out, err = call("report", corpus, "-o", whole, *options)
    assert status == 1
    assert "already holds a run; add --resume" in err


def test_quiet_says_nothing(call: Call, tmp_path: Path, corpus: Path) -> None:
    assert call("parse", corpus, "-o", tmp_path / "run", "--quiet") == (0, "", "")
    assert call("graph", tmp_path / "run", "-q") == (0, "", "")


def test_parse_as_json_and_skipped_sentences(call: Call, tmp_path: Path, corpus: Path) -> None:
    bad = tmp_path / "bad.conll09"
    bad.write_text(corpus.read_text(encoding="utf-8") + "1\tonly\n\n", encoding="utf-8")
    status, out, err = call("parse", bad, "-o", tmp_path / "run", "--skip-bad", "--json")
    assert status == 0
    found = json.loads(out)
    assert found["sentences"] == 4
    assert found["dropped"] == {"sentences that could not be read": 1}
    assert err.count("\n") == 1
    assert "bad.conll09, line" in err


def wait_for(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not there() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def _heed_interrupts() -> None:
    """A shell's background jobs, and all that they start, ignore interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def stopped(process: subprocess.Popen[str]) -> str:
    """Interrupt a process and return what it said; Python may lose a signal, so ask again."""
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=6)[1]
    raise AssertionError("the process does not stop")


def test_ctrl_c_leaves_a_run_that_resume_finishes(call: Call, tmp_path: Path, model: Path) -> None:
    out, many = tmp_path / "run", tmp_path / "many.conll09"
    many.write_text(sample_path().read_text(encoding="utf-8") * 24, encoding="utf-8")
    options = ["--model", model, "--threads", 1, "--device", "cpu", "--seeds", 2]
    arguments = ["report", many, "-o", out, *options, "--batch-size", 400]
    process = subprocess.Popen(
        command(*arguments), stderr=subprocess.PIPE, text=True, preexec_fn=_heed_interrupts
    )
    wait_for(lambda: len(list((out / "mask").glob("shard-00000.*"))) == 3, process)
    err = stopped(process)
    assert process.returncode == 130
    assert err.strip().splitlines()[-1].startswith("stopped; what is finished is kept")
    assert "Traceback" not in err
    first = (out / "mask" / "shard-00000.safetensors").stat().st_mtime_ns
    assert not (out / "edges.parquet").exists()
    masked = ["mask", out, *options, "--batch-size", 400, "--quiet"]
    assert call(*masked) == (0, "", "")
    assert (out / "mask" / "shard-00000.safetensors").stat().st_mtime_ns == first
    assert call("tabulate", out, "-q") == (0, "", "")


def test_an_output_that_is_closed_early_is_no_error(tmp_path: Path) -> None:
    program = command("parse", sample_path(), "-o", tmp_path / "run")
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert err == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_every_kind_of_ctrl_c_ends_alike(
    capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    def stop() -> None:
        raise error

    assert exit_status(stop) == 130
    assert exit_status(lambda: 130) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("--resume") == err.count("\n") == 2


@pytest.mark.skipif(
    not all((bundled_path(name) / "model.safetensors").is_file() for name in BUNDLED),
    reason="the bundled models are not there",
)
def test_models_are_listed(call: Call) -> None:
    status, out, err = call("models")
    assert (status, err) == (0, "")
    for name in BUNDLED:
        assert f"{name}  (" in out
    for word in ("role F1 on dev", "CC BY-SA 4.0", "linguagraph train srl", "linguagraph data"):
        assert word in out
    found = json.loads(call("models", "--json")[1])
    assert [entry["name"] for entry in found] == [*BUNDLED, "qa", "predicates-en", "parser-en"]
    for entry in found[:2]:
        assert entry["details"]["seeds"] == [0, 1, 2, 3, 4]
        assert all(0 < share < 1 for share in entry["details"]["retained"])


def test_models_that_are_missing_are_an_error(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linguagraph.runs.listing.bundled_path", lambda name: tmp_path / name)
    status, out, err = call("models")
    assert (status, out) == (1, "")
    assert "install the package anew" in err
