"""Weights and their sidecars: there and back, and everything that must be refused."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.errors import CheckpointError
from linguagraph.models import SrlModel, load_model, save_model
from linguagraph.models.checkpoints import load_tensors, save_tensors, tensor_fingerprint

SENTENCES = planted_sentences(8, seed=2)


@pytest.fixture(params=["srl-gnn", "srl-lstm-gnn"])
def model(request: pytest.FixtureRequest) -> SrlModel:
    return small_model(SENTENCES, small_config(request.param))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, small_model(SENTENCES), {"name": "toy"})
    return path


def change(path: Path, **values: object) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    record.update(values)
    path.write_text(json.dumps({k: v for k, v in record.items() if v is not None}))


def test_a_model_comes_back_the_same(model: SrlModel, tmp_path: Path) -> None:
    save_model(tmp_path / "model.safetensors", model, {"name": "toy", "scores": {"f1": 0.5}})
    again, record = load_model(tmp_path)
    assert not again.training
    assert again.config == model.config
    assert again.vocabulary == model.vocabulary
    assert (record["name"], record["scores"], record["kind"]) == ("toy", {"f1": 0.5}, "srl")
    assert record["parameters"] == sum(p.numel() for p in model.parameters())
    assert "vocabulary" not in record
    batch = batch_of(model, SENTENCES)
    with torch.inference_mode():
        assert torch.equal(again(batch).logits, model(batch).logits)


def test_half_floats_take_half_the_room_and_load_as_floats(model: SrlModel, tmp_path: Path) -> None:
    save_model(tmp_path / "full.safetensors", model, {})
    save_model(tmp_path / "half.safetensors", model, {}, half=True)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.62 * sizes[0]
    again, _ = load_model(tmp_path / "half.safetensors")
    for name, tensor in again.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, model.state_dict()[name].half().float())


def test_other_weights_can_be_written_in_place_of_the_models_own(tmp_path: Path) -> None:
    model = small_model(SENTENCES)
    zeros = {name: torch.zeros_like(t) for name, t in model.state_dict().items()}
    save_model(tmp_path / "model.safetensors", model, {}, state=zeros)
    again, _ = load_model(tmp_path)
    assert not any(t.any() for t in again.state_dict().values())
    assert any(t.any() for t in model.state_dict().values())


def test_a_record_read_from_one_file_can_be_written_with_other_weights(saved: Path) -> None:
    model, record = load_model(saved)
    other = saved.with_name("half.safetensors")
    save_model(other, model, record, half=True)
    assert load_model(other)[1]["fingerprint"] != record["fingerprint"]


def test_a_record_that_json_refuses_leaves_the_old_pair_in_place(saved: Path) -> None:
    before = saved.read_bytes()
    other = small_model(SENTENCES, seed=1)
    with pytest.raises(ValueError, match="JSON"):
        save_model(saved, other, {"score": float("nan")})
    assert saved.read_bytes() == before
    load_model(saved)


def test_a_fingerprint_tells_names_types_shapes_and_values_apart() -> None:
    base = {"a": torch.arange(6.0)}
    others = [
        {"b": torch.arange(6.0)},
        {"a": torch.arange(6.0).reshape(2, 3)},
        {"a": torch.arange(6.0).double()},
        {"a": torch.arange(6.0) + 1e-6},
        {"a": torch.arange(6.0), "b": torch.zeros(0)},
    ]
    found = {tensor_fingerprint(t) for t in (base, *others)}
    assert len(found) == 6
    assert tensor_fingerprint({"x": torch.zeros(2), "y": torch.ones(2)}) == tensor_fingerprint(
        {"y": torch.ones(2), "x": torch.zeros(2)}
    )


def test_odd_tensors_survive(tmp_path: Path) -> None:
    tensors = {
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 2),
        "flags": torch.tensor([True, False]),
        "turned": torch.arange(6.0).reshape(2, 3).t(),
    }
    save_tensors(tmp_path / "x.safetensors", tensors, {"kind": "test"})
    again, record = load_tensors(tmp_path / "x.safetensors")
    assert record["kind"] == "test"
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)


def test_a_missing_file_is_named(saved: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.safetensors is missing"):
        load_model(saved.with_name("none.safetensors"))
    saved.with_suffix(".json").unlink()
    with pytest.raises(CheckpointError, match=r"model\.json is missing"):
        load_model(saved)


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "json cut", "json list", "not utf-8"])
def test_damaged_files_are_refused(saved: Path, damage: str) -> None:
    sidecar, content = saved.with_suffix(".json"), saved.read_bytes()
    if damage == "cut":
        saved.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        saved.write_bytes(b"")
    elif damage == "noise":
        saved.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "json cut":
        sidecar.write_text(sidecar.read_text()[:50])
    elif damage == "json list":
        sidecar.write_text("[1]")
    else:
        sidecar.write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError):
        load_model(saved)


@pytest.mark.parametrize("writer", ["pickle", "torch", "torch legacy"])
def test_pickled_content_is_refused_and_not_run(
    saved: Path, writer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Shout:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("unpickled",)

    if writer == "pickle":
        saved.write_bytes(pickle.dumps(Shout()))
    else:
        torch.save(Shout(), saved, _use_new_zipfile_serialization=writer == "torch")
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(saved)
    assert capsys.readouterr().out == ""


def test_a_sidecar_of_other_weights_is_refused(saved: Path) -> None:
    other = saved.with_name("other.safetensors")
    save_model(other, small_model(SENTENCES, seed=5), {})
    shutil.copy(other.with_suffix(".json"), saved.with_suffix(".json"))
    with pytest.raises(CheckpointError, match="written for other weights"):
        load_model(saved)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 99}, "format 1"),
        ({"kind": "graphmask"}, "'graphmask', not an SRL model"),
        ({"vocabulary": None}, "do not fit"),
        ({"vocabulary": {"words": ["<unk>"]}}, "lacks the vocabularies"),
        ({"config": None}, "do not fit"),
        ({"config": {"depth": 3}}, "do not fit"),
        ({"config": {"encoder": "gru"}}, "do not fit"),
        ({"config": {"hidden": 13}}, "do not fit"),
    ],
)
def test_sidecars_that_do_not_fit_are_refused(
    saved: Path, values: dict[str, object], message: str
) -> None:
    change(saved.with_suffix(".json"), **values)
    with pytest.raises(CheckpointError, match=message):
        load_model(saved)
