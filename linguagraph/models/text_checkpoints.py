"""Small text classifiers <-> safetensors with a JSON sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.text_classifier import TextClassifier, TextConfig, build_classifier
from linguagraph.models.text_vocabulary import TextVocabulary

__all__ = ["load_classifier", "save_classifier"]


def save_classifier(path: Path, model: TextClassifier, record: Mapping[str, Any]) -> None:
    """Write a classifier that was made here, with config and vocabulary.

    Tied weights are written once.

    Args:
        path: ``.safetensors`` file.
        record: training record (data, scores, seed, versions).

    Raises:
        CheckpointError: the model came from a directory of transformers, which keeps it as it is.
    """
    if model.config is None or not isinstance(model.encoder, TextVocabulary):
        raise CheckpointError("only classifiers made by build_classifier are written here")
    known = {
        "kind": "text",
        "config": model.config.to_json(),
        "vocabulary": list(model.encoder.items),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    save_tensors(path, dict(model.named_parameters()), {**known, **record})


def load_classifier(path: str | Path) -> tuple[TextClassifier, dict[str, Any]]:
    """Read a classifier in evaluation mode, with its record (without the vocabulary).

    Args:
        path: a ``.safetensors`` file, or a directory that holds ``model.safetensors``.

    Raises:
        CheckpointError: not a text classifier, or its parts do not fit together.
    """
    path = Path(path)
    file = path / "model.safetensors" if path.is_dir() else path
    tensors, record = load_tensors(file)
    if record.get("kind") != "text":
        raise CheckpointError(f"{file} holds {record.get('kind')!r}, not a text classifier")
    try:
        vocabulary = TextVocabulary(tuple(record.pop("vocabulary")))
        model = build_classifier(TextConfig(**record["config"]), vocabulary)
        own = dict(model.named_parameters())
        if own.keys() != tensors.keys():
            raise CheckpointError(f"weights differ: {sorted(own.keys() ^ tensors.keys())[:3]}")
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(tensors[name])
    except (KeyError, TypeError, RuntimeError, LinguagraphError) as error:
        raise CheckpointError(f"{file}: weights and config do not fit: {error}") from error
    return model.eval(), record
