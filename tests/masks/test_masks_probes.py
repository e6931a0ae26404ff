"""Probes on disk, one file per seed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.errors import CheckpointError
from linguagraph.masks import ProbeConfig, SrlGraphMask
from linguagraph.masks.probes import find_probes, load_graphmask, save_probes

SENTENCES = planted_sentences(6, seed=15)
MODEL = small_model(SENTENCES)


@pytest.fixture
def masker() -> SrlGraphMask:
    made = SrlGraphMask.create(MODEL, seeds=(1, 10, 2), config=ProbeConfig(hidden=7, bias=0.5))
    torch.manual_seed(0)
    for parameter in made.probe.parameters():
        torch.nn.init.normal_(parameter)
    return made


@pytest.fixture
def saved(masker: SrlGraphMask, tmp_path: Path) -> Path:
    save_probes(tmp_path, masker, explains="abc", records={1: {"quality": {"masked": 0.5}}})
    return tmp_path


def change(path: Path, **values: object) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    record.update(values)
    path.write_text(json.dumps({k: v for k, v in record.items() if v is not None}))


def test_probes_come_back_in_the_order_asked_for(masker: SrlGraphMask, saved: Path) -> None:
    assert list(find_probes(saved)) == [1, 2, 10]
    again, records = load_graphmask(MODEL, saved, seeds=(10, 1), explains="abc")
    assert again.probe.seeds == (10, 1)
    assert again.probe.config == masker.probe.config
    assert [r["seed"] for r in records] == [10, 1]
    assert records[1]["quality"] == {"masked": 0.5}
    assert not any(p.requires_grad for p in again.probe.parameters())
    batch = batch_of(MODEL, SENTENCES)
    mine, theirs = masker.mask(batch), again.mask(batch)
    for one, other in zip(mine.locations, theirs.locations, strict=True):
        torch.testing.assert_close(one[[1, 0]], other, atol=1e-4, rtol=1e-4)


def test_half_floats_are_stored_on_request(masker: SrlGraphMask, tmp_path: Path) -> None:
    save_probes(tmp_path, masker, explains="abc", records={}, half=True)
    again, _ = load_graphmask(MODEL, tmp_path, seeds=(2,), explains="abc")
    for name, tensor in again.probe.select(2).items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, masker.probe.select(2)[name].half().float())


@pytest.mark.parametrize(
    ("seeds", "message"),
    [((1, 5), r"\[1, 2, 10\], not \[5\]"), ((), "not none"), ((1, 1), "no seed twice")],
)
def test_seeds_that_cannot_be_loaded(saved: Path, seeds: tuple[int, ...], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_graphmask(MODEL, saved, seeds=seeds, explains="abc")


def test_a_probe_of_another_model_is_refused(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="not a GraphMask probe of this model"):
        load_graphmask(MODEL, saved, seeds=(1,), explains="other")
    wider = small_model(SENTENCES, small_config(hidden=13))
    with pytest.raises(CheckpointError, match="trained for another model"):
        load_graphmask(wider, saved, seeds=(1,), explains="abc")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "srl"}, "not a GraphMask probe"),
        ({"config": None}, "do not fit"),
        ({"config": {"width": 3}}, "do not fit"),
        ({"fingerprint": "0"}, "written for other weights"),
    ],
)
def test_a_damaged_record_is_refused(saved: Path, values: dict[str, object], message: str) -> None:
    change(saved / "seed-1.json", **values)
    with pytest.raises(CheckpointError, match=message):
        load_graphmask(MODEL, saved, seeds=(1,), explains="abc")


def test_probes_of_two_architectures_are_refused(saved: Path, tmp_path: Path) -> None:
    other = SrlGraphMask.create(MODEL, seeds=(2,), config=ProbeConfig(hidden=3))
    save_probes(saved, other, explains="abc", records={})
    with pytest.raises(CheckpointError, match="different architectures"):
        load_graphmask(MODEL, saved, seeds=(1, 2), explains="abc")


def test_swapped_sidecars_are_refused(saved: Path) -> None:
    shutil.copy(saved / "seed-2.json", saved / "seed-1.json")
    with pytest.raises(CheckpointError, match="written for other weights"):
        load_graphmask(MODEL, saved, seeds=(1,), explains="abc")


def test_other_files_are_not_probes(saved: Path) -> None:
    (saved / "seed-x.safetensors").write_bytes(b"")
    (saved / "trainer.safetensors").write_bytes(b"")
    assert list(find_probes(saved)) == [1, 2, 10]
    assert find_probes(saved / "none") == {}
