"""Models <-> safetensors with a JSON sidecar: config, vocabulary, data, scores and versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.files import replaced, write_json
from linguagraph.models.srl import SrlConfig, SrlModel
from linguagraph.models.vocabulary import SrlVocabulary

__all__ = ["load_model", "load_tensors", "save_model", "save_tensors", "tensor_fingerprint"]

FORMAT = 1


def save_tensors(path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
    """Write ``path`` (safetensors) and ``path`` with suffix ``.json``, each all or nothing.

    The record is written with ``format`` and the tensors' ``fingerprint`` added.
    """
    cpu = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    own = {"format": FORMAT, "fingerprint": tensor_fingerprint(cpu)}
    with replaced(path) as temporary:
        save_file(cpu, temporary)
        write_json(path.with_suffix(".json"), {**own, **record, **own})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`save_tensors` wrote and check that both files belong together.

    Raises:
        CheckpointError: a file is missing or damaged, or they do not match.
    """
    sidecar = path.with_suffix(".json")
    for file in (path, sidecar):
        if not file.is_file():
            raise CheckpointError(f"{file} is missing; a model is a pair .safetensors and .json")
    try:
        tensors = load_file(path)
        record = json.loads(sidecar.read_text(encoding="utf-8"))
    except (SafetensorError, ValueError, OSError) as error:
        raise CheckpointError(f"{path} or its .json is damaged: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise CheckpointError(f"{sidecar}: not a linguagraph checkpoint of format {FORMAT}")
    if record.get("fingerprint") != tensor_fingerprint(tensors):
        raise CheckpointError(f"{sidecar} was written for other weights than {path.name} holds")
    return tensors, record


def tensor_fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits of the SHA-256 over names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():  # torch cannot view nothing as bytes
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def save_model(
    path: Path,
    model: SrlModel,
    record: Mapping[str, Any],
    *,
    half: bool = False,
    state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write an SRL model.

    Args:
        path: ``.safetensors`` file.
        model: config and vocabulary, and the weights unless ``state`` gives others.
        record: training record (data, scores, seed, versions).
        half: store 16-bit floats (half the size; computation is always in 32 bits).
        state: weights to write in place of the model's own (a running average, say).
    """
    tensors = dict(model.state_dict() if state is None else state)
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    known = {
        "kind": "srl",
        "config": model.config.to_json(),
        "vocabulary": model.vocabulary.to_json(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    save_tensors(path, tensors, {**known, **record})


def load_model(path: str | Path) -> tuple[SrlModel, dict[str, Any]]:
    """Read an SRL model in evaluation mode, with its record (without the vocabulary).

    Args:
        path: a ``.safetensors`` file, or a directory that holds ``model.safetensors``.

    Raises:
        CheckpointError: not an SRL model, or its parts do not fit together.
    """
    path = Path(path)
    file = path / "model.safetensors" if path.is_dir() else path
    tensors, record = load_tensors(file)
    if record.get("kind") != "srl":
        raise CheckpointError(f"{file} holds {record.get('kind')!r}, not an SRL model")
    try:
        vocabulary = SrlVocabulary.from_json(record.pop("vocabulary"))
        model = SrlModel(SrlConfig(**record["config"]), vocabulary)
        model.load_state_dict({name: t.float() for name, t in tensors.items()})
    except (KeyError, TypeError, RuntimeError, LinguagraphError) as error:
        raise CheckpointError(f"{file}: weights and config do not fit: {error}") from error
    model.eval()
    return model, record
