"""The counting benchmark: rows of every seed, variant, method and state; going on; refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linguagraph.cli import app
from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.counting import CountingConfig, run_counting

TINY = CountingConfig(examples=100, gates=64, epochs=1, test=40, free=5)


def test_rows_are_written_and_gone_on_with(tmp_path: Path) -> None:
    file, lines = tmp_path / "counting.json", []
    rows = run_counting(TINY, file=file, log=lines.append)
    assert [(r["variant"], r["method"], r["state"]) for r in rows] == [
        ("input", "amortised", "input"),
        ("input", "amortised", "feed-forward"),
        ("input", "amortised", "gru"),
        ("input", "free", "input"),
        ("hidden", "amortised", "input"),
        ("hidden", "amortised", "feed-forward"),
        ("hidden", "amortised", "gru"),
        ("hidden", "free", "feed-forward"),
    ]
    for row in rows:
        assert row["seed"] == 0
        assert all(0 <= row[name] <= 1 for name in ("precision", "recall", "f1", "retained"))
    assert len(lines) == 2
    assert json.loads(file.read_text(encoding="utf-8"))["rows"] == rows
    assert run_counting(TINY, file=file, log=lines.append) == rows
    assert len(lines) == 2  # nothing was trained again
    with pytest.raises(RunError, match="other settings"):
        run_counting(CountingConfig(examples=101), file=file)
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(RunError, match="no results of the counting task"):
        run_counting(TINY, file=file)


def test_settings_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="none twice"):
        CountingConfig(seeds=(1, 1))
    with pytest.raises(ConfigError, match="epochs=0"):
        CountingConfig(epochs=0)


def test_the_command_shows_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from linguagraph.runs import counting

    row = {"seed": 2, "variant": "input", "method": "free", "state": "input"}
    row |= {"precision": 1.0, "recall": 0.25, "f1": 0.4, "retained": 0.125}
    asked = []

    def told(config: CountingConfig, **_: object) -> list[dict[str, object]]:
        asked.append(config)
        return [row]

    monkeypatch.setattr(counting, "run_counting", told)
    found = CliRunner().invoke(app, ["benchmark", "counting", "--quick", "--seeds", "2,4"])
    assert found.exit_code == 0
    assert found.stdout == (
        "seed 2  input   free       input        "
        "precision 1.000  recall 0.250  f1 0.400  retained 0.125\n"
    )
    assert asked[0].seeds == (2, 4)
    assert asked[0].examples < CountingConfig().examples
    as_json = CliRunner().invoke(app, ["benchmark", "counting", "--json"])
    assert json.loads(as_json.stdout) == [row]
