"""Optimiser steps: the learning rate, the running average, saving and loading."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from linguagraph.errors import CheckpointError
from linguagraph.models.stepper import Stepper


def test_the_rate_climbs_and_falls_and_the_average_follows() -> None:
    line = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(line.weight)
    stepper = Stepper(line, steps=100, lr=0.3, weight_decay=0.0, average=0.5)
    assert stepper.rate() == pytest.approx(0.1)
    stepper.update(line(torch.ones(1, 1)).sum())
    assert float(line.weight.detach()) == pytest.approx(0.9)
    # the decay of the first step is 2/11: 1 * 2/11 + 0.9 * 9/11
    assert float(stepper.average["weight"]) == pytest.approx(2 / 11 + 0.9 * 9 / 11)
    stepper.swap()
    assert float(stepper.average["weight"]) == pytest.approx(0.9)
    stepper.step = 100
    assert stepper.rate() == 0.0


def test_a_loaded_stepper_goes_on_as_the_saved_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    first, second = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    ours = Stepper(first, steps=20, lr=0.1)
    for _ in range(3):
        ours.update(first(torch.ones(1, 3)).square().sum())
    ours.save(tmp_path / "trainer.safetensors", {"epoch": 7})
    theirs = Stepper(second, steps=20, lr=0.1)
    assert theirs.load(tmp_path / "trainer.safetensors")["epoch"] == 7
    for stepper in (ours, theirs):
        stepper.update(stepper.model(torch.ones(1, 3)).square().sum())
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(ours.average["bias"], theirs.average["bias"])
    with pytest.raises(CheckpointError, match="missing"):
        theirs.load(tmp_path / "other.safetensors")
