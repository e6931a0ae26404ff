"""`mask --precision`: masks of another precision are other masks, and only GraphMask has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import typer
from tiny import make_model, sample_part
from typer.testing import CliRunner

from linguagraph.commands.stages import mask
from linguagraph.errors import ConfigError, RunError
from linguagraph.runs.directory import Run
from linguagraph.runs.parsing import graph_stage, parse_stage


def call(*arguments: object) -> None:
    app = typer.Typer()
    app.command()(mask)
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_masks_of_a_precision_belong_to_it(tmp_path: Path) -> None:
    opened = Run.create(tmp_path / "run", resume=False)
    parse_stage(opened, sample_part(tmp_path / "part.conll09", 3))
    graph_stage(opened)
    own = ("--model", make_model(tmp_path / "model"), "--threads", 1, "--device", "cpu", "-q")
    call(opened.path, *own, "--deterministic", "--precision", "bfloat16")
    assert not torch.are_deterministic_algorithms_enabled()
    said = Run.open(opened.path).manifest["options"]
    assert (said["precision"], said["deterministic"]) == ("bfloat16", True)
    call(opened.path, *own, "--precision", "bfloat16")  # nothing is left to do
    with pytest.raises(RunError):
        call(opened.path, *own)
    with pytest.raises(ConfigError, match="expected one of float32, bfloat16"):
        call(opened.path, *own, "--precision", "half")
    with pytest.raises(ConfigError, match="gradient computes in float32"):
        call(opened.path, *own, "--method", "gradient", "--precision", "bfloat16")
