"""`mask` with another method: its options reach the run, and its refusals are named errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from tiny import make_model, sample_part
from typer.testing import CliRunner

from linguagraph.commands.stages import mask
from linguagraph.errors import ConfigError
from linguagraph.runs.directory import Run
from linguagraph.runs.parsing import graph_stage, parse_stage

pytest.importorskip("torch_geometric")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four sentences with graphs."""
    opened = Run.create(tmp_path / "run", resume=False)
    parse_stage(opened, sample_part(tmp_path / "part.conll09", 4))
    graph_stage(opened)
    return opened.path


def call(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(mask)
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_options_of_a_method_reach_the_run(run: Path, tmp_path: Path) -> None:
    model = ("--model", make_model(tmp_path / "model"), "--threads", 1, "--device", "cpu", "-q")
    call(run, *model, "--method", "gradient-gate", "--threshold", 0.25)
    manifest = Run.open(run).manifest
    assert manifest["method"]["name"] == "gradient_gate"
    assert manifest["method"]["threshold"] == 0.25
    assert manifest["options"]["method"] == {"name": "gradient_gate", "threshold": 0.25}
    call(run, *model, "--method", "random", "--method-seeds", 2, "--keep", 0.1, "--overwrite")
    manifest = Run.open(run).manifest
    assert manifest["seeds"] == [0, 1]
    assert manifest["options"]["method"] == {"name": "random", "keep": 0.1, "seeds": 2}
    call(run, *model, "--overwrite")
    manifest = Run.open(run).manifest
    assert manifest["method"] is None
    assert "method" not in manifest["options"]
    assert manifest["seeds"] == [0, 1, 4]


def test_an_unknown_method_lists_the_known_ones(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"method='lime'; expected one of \['graphmask', "):
        call(run, "--method", "lime", "-q")
    with pytest.raises(ConfigError, match="fit_on does not go with graphmask"):
        call(run, "--fit-on", run / "x.conll09", "-q")
