"""Question answering models <-> safetensors with a JSON sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.qa import QaConfig, QaModel
from linguagraph.models.qa_examples import QaVocabulary

__all__ = ["KIND", "load_qa_model", "save_qa_model"]

KIND = "qa"


def save_qa_model(
    path: Path,
    model: QaModel,
    mentions: MentionConfig,
    record: Mapping[str, Any],
    *,
    state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model with 16-bit floats, its vocabulary and what its nodes are.

    Args:
        path: ``.safetensors`` file.
        model: config and vocabulary, and the weights unless ``state`` gives others.
        mentions: which mentions are nodes.
        record: training record (data, scores, seed, versions).
        state: weights to write in place of the model's own (a running average, say).
    """
    tensors = dict(model.state_dict() if state is None else state)
    halves = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    known = {
        "kind": KIND,
        "config": model.config.to_json(),
        "mentions": mentions.to_json(),
        "vocabulary": model.vocabulary.to_json(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    save_tensors(path, halves, {**known, **record})


def load_qa_model(path: str | Path) -> tuple[QaModel, MentionConfig, dict[str, Any]]:
    """Read a model in evaluation mode, which mentions are its nodes, and its record.

    Args:
        path: a ``.safetensors`` file, or a directory that holds ``model.safetensors``.

    Raises:
        CheckpointError: not such a model, or its parts do not fit together.
    """
    path = Path(path)
    file = path / "model.safetensors" if path.is_dir() else path
    tensors, record = load_tensors(file)
    if record.get("kind") != KIND:
        raise CheckpointError(
            f"{file} holds {record.get('kind')!r}, not a question answering model; "
            "'linguagraph train qa' makes one"
        )
    try:
        vocabulary = QaVocabulary.from_json(record.pop("vocabulary"))
        config = dict(record["config"])
        config["relations"] = tuple(config["relations"])
        model = QaModel(QaConfig(**config), vocabulary)
        model.load_state_dict({name: t.float() for name, t in tensors.items()})
        mentions = MentionConfig(**record["mentions"])
    except (KeyError, TypeError, RuntimeError, LinguagraphError) as error:
        raise CheckpointError(f"{file}: weights and config do not fit: {error}") from error
    return model.eval(), mentions, record
