"""Predicate finders <-> safetensors with a JSON sidecar: config, vocabulary, thresholds, scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.predicate_batch import PredicateVocabulary
from linguagraph.models.predicates import PredicateConfig, PredicateFinder

__all__ = ["load_finder", "save_finder"]


def save_finder(
    path: Path,
    finder: PredicateFinder,
    record: Mapping[str, Any],
    *,
    half: bool = False,
    state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a finder: ``path`` (safetensors) and its ``.json``.

    Args:
        path: ``.safetensors`` file.
        finder: config, vocabulary and thresholds, and the weights unless ``state`` gives others.
        record: training record (data, scores, seed, versions).
        half: store 16-bit floats; computation is always in 32 bits.
        state: weights to write in place of the finder's own.
    """
    tensors = dict(finder.state_dict() if state is None else state)
    if half:
        tensors = {name: t.half() for name, t in tensors.items()}
    known = {
        "kind": "predicates",
        "config": finder.config.to_json(),
        "vocabulary": finder.vocabulary.to_json(),
        "thresholds": finder.thresholds,
        "parameters": sum(p.numel() for p in finder.parameters()),
    }
    save_tensors(path, tensors, {**known, **record})


def load_finder(path: str | Path) -> tuple[PredicateFinder, dict[str, Any]]:
    """Read a finder in evaluation mode, with its record (without the vocabulary).

    Args:
        path: a ``.safetensors`` file, or a directory that holds ``model.safetensors``.

    Raises:
        CheckpointError: not a predicate finder, or its parts do not fit together.
    """
    path = Path(path)
    file = path / "model.safetensors" if path.is_dir() else path
    tensors, record = load_tensors(file)
    if record.get("kind") != "predicates":
        raise CheckpointError(f"{file} holds {record.get('kind')!r}, not a predicate finder")
    try:
        vocabulary = PredicateVocabulary.from_json(record.pop("vocabulary"))
        finder = PredicateFinder(
            PredicateConfig(**record["config"]), vocabulary, thresholds=record["thresholds"]
        )
        finder.load_state_dict({name: t.float() for name, t in tensors.items()})
    except (KeyError, TypeError, AttributeError, RuntimeError, LinguagraphError) as error:
        raise CheckpointError(f"{file}: weights and config do not fit: {error}") from error
    finder.eval()
    return finder, record
