"""Which model and which probes: names, seeds, and what does not belong together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tiny import make_model

from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.runs.models import load_explained, model_directory, parse_seeds


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (None, [0, 1, 4]),
        ("2", [0, 1]),
        (3, [0, 1, 4]),
        ("4,0", [4, 0]),
        ("4,", [4]),
        (" 0 , 1 ", [0, 1]),
        ([1], [1]),
        ((4, 1), [4, 1]),
    ],
)
def test_seeds_that_are_understood(
    seeds: str | int | Sequence[int] | None, expected: list[int]
) -> None:
    assert parse_seeds(seeds, [0, 1, 4]) == expected


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("0", "there are probes for 1 to 3 seeds"),
        ("4", "there are probes for 1 to 3 seeds"),
        (-1, "there are probes for 1 to 3 seeds"),
        ("0,2", r"choose without repetition among \[0, 1, 4\]"),
        ("1,1", "choose without repetition"),
        ("", "choose without repetition"),
        (",", "choose without repetition"),
        ([], "choose without repetition"),
        ("0,x", "give a number, or a list such as 0,2,3"),
        ("one", "give a number, or a list such as 0,2,3"),
        ("²", "give a number, or a list such as 0,2,3"),
        ("1.5", "give a number, or a list such as 0,2,3"),
    ],
)
def test_seeds_that_are_not(seeds: str | int | Sequence[int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_seeds(seeds, [0, 1, 4])


def test_seeds_keep_their_order_and_masks(model: Path) -> None:
    every = load_explained(model, device="cpu")
    some = load_explained(model, seeds="4,1", device="cpu")
    assert every.masker.probe.seeds == (0, 1, 4)
    assert some.masker.probe.seeds == (4, 1)
    assert [probe["seed"] for probe in some.probes] == [4, 1]
    for seed in (1, 4):
        one, two = every.masker.probe.select(seed), some.masker.probe.select(seed)
        assert all(torch.equal(one[name], two[name]) for name in one)
    assert set(some.fingerprints) == {"model", "seed-4", "seed-1"}
    assert not any(p.requires_grad for p in some.masker.probe.parameters())
    assert not some.masker.model.training


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither a bundled model \(srl-gnn, srl-lstm-gnn\)"):
        model_directory("srl-gmm")
    with pytest.raises(ConfigError, match=r"nor a directory with model\.safetensors"):
        load_explained(tmp_path)


def test_probes_of_another_model_are_refused(model: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", seeds=(0,), layers=1, encoder="bilstm")
    shutil.rmtree(other / "probes")
    with pytest.raises(CheckpointError, match="has no probes; train them with"):
        load_explained(other)
    shutil.copytree(model / "probes", other / "probes")
    with pytest.raises(CheckpointError, match="is not a GraphMask probe of this model"):
        load_explained(other)


def test_damage_is_noticed(model: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "probes/seed-1.safetensors"):
        broken = tmp_path / name.replace("/", "-")
        shutil.copytree(model, broken)
        content = bytearray((broken / name).read_bytes())
        content[-1] ^= 1
        (broken / name).write_bytes(content)
        with pytest.raises(CheckpointError, match="written for other weights"):
            load_explained(broken)
    broken = tmp_path / "json"
    shutil.copytree(model, broken)
    record = json.loads((broken / "model.json").read_text())
    (broken / "model.json").write_text(json.dumps(record | {"config": {"gcn_layers": 3}}))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_explained(broken)


def test_devices(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="expected 'cpu', 'cuda' or 'auto'"):
        load_explained(model, device="gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="torch finds no CUDA device; use --device cpu"):
        load_explained(model, device="cuda")
    found = load_explained(model, device="auto")
    assert next(found.masker.model.parameters()).device.type == "cpu"


def test_a_model_is_named_after_its_folder_or_the_one_around_model(
    model: Path, tmp_path: Path
) -> None:
    for place in ("gat-2", "gat-2/model"):
        shutil.copytree(model, tmp_path / place, dirs_exist_ok=True)
        assert load_explained(tmp_path / place, device="cpu").name == "gat-2"
