"""The benchmark's command, stopped by Ctrl-C: what it says of the cells that are finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linguagraph.cli import app
from linguagraph.runs import benchmark
from linguagraph.runs.console import exit_status

pytest.importorskip("torch_geometric")


@pytest.mark.parametrize("kept", [False, True])
def test_ctrl_c_says_whether_finished_cells_are_kept(
    kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark, "run_benchmark", stop)
    arguments = ["benchmark", "faithfulness", "--quick", "--quiet"]
    arguments += ["--json", str(tmp_path / "cells.json")] * kept
    try:
        status = exit_status(lambda: app(arguments, standalone_mode=False))
    except SystemExit as error:
        status = int(error.code or 0)
    assert status == 130
    said = capsys.readouterr().err
    assert ("what is finished is kept" in said) == kept
    assert ("kept only with -o or --json" in said) != kept
