"""The star task: its bundled model explained, from Python and the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch_geometric")

from linguagraph.analyses import Params

from linguagraph.cli import main
from linguagraph.errors import ConfigError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.runs.any_task import report_task


def test_a_short_run_reports_on_needed_edges(tmp_path: Path) -> None:
    made = report_task(
        "star",
        tmp_path / "run",
        seeds="1",
        graphs=(320, 64, 64),
        config=AmortisedConfig(steps=20, epochs_after=0, checks=1),
        params=Params(resamples=20),
    )
    assert {"gold", "labels", "faithfulness"} <= {section.name for section in made.sections}
    assert set(made.edges["label"]) <= {"colour x", "colour y", "other colour"}
    needed = made.edges["needed"] == "yes"
    assert (needed == made.edges["label"].isin(["colour x", "colour y"])).all()
    assert made.summary["score"]["original"] > 0.95
    assert made.summary["corpus"]["graphs"] == 64
    assert (tmp_path / "run" / "report.html").is_file()


def test_unknown_tasks_and_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no task 'sun'"):
        report_task("sun", tmp_path / "run")
    with pytest.raises(ConfigError, match="seeds='0,9'"):
        report_task("star", tmp_path / "run", seeds="0,9")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["x.conll09", "--task", "star"], 1, "leave the corpus out: --task star brings its own"),
        (["--task", "star", "--limit", "3"], 1, "--limit with --task star"),
        (["--task", "sun"], 1, "no task 'sun'; there are star, path, redundant"),
        ([], 2, "give a CORPUS, or --task star"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    arguments: list[str],
    status: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["linguagraph", "report", *arguments, "-o", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_hands_the_task_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from types import SimpleNamespace

    from linguagraph.runs import any_task

    seen: dict[str, object] = {}

    def stand_in(name: str, out: Path, **given: object) -> SimpleNamespace:
        seen.update(given, name=name, out=out)
        return SimpleNamespace(summary={"model": "star"})

    monkeypatch.setattr(any_task, "report_task", stand_in)
    out = tmp_path / "out"
    command = ["linguagraph", "report", "--task", "star", "--seeds", "2", "--json", "-q"]
    monkeypatch.setattr(sys, "argv", [*command, "-o", str(out)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert (seen["name"], seen["out"], seen["seeds"]) == ("star", out, "2")
    assert capsys.readouterr().out.strip() == '{\n  "model": "star"\n}'
