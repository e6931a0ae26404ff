"""The name of a question answering model, or a directory -> the model with its probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.probes import find_probes
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.checkpoints import load_tensors
from linguagraph.models.devices import find_device
from linguagraph.models.qa import QaModel
from linguagraph.models.qa_checkpoints import load_qa_model
from linguagraph.pretrained import BUNDLED_QA, bundled_path
from linguagraph.runs.models import directory_name, parse_seeds

__all__ = ["ExplainedQa", "load_explained_qa", "qa_directory"]


@dataclass(frozen=True)
class ExplainedQa:
    """A model with its GraphMask, ready to explain.

    Attributes:
        name: of the model.
        model: in evaluation mode, on its device.
        mentions: which mentions are its nodes; coreference: where its chains come from.
        masks: fitted.
        record: of the model; probes: one record per seed.
    """

    name: str
    model: QaModel
    mentions: MentionConfig
    coreference: str
    masks: GraphMask
    record: dict[str, Any]
    probes: list[dict[str, Any]]

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprints of the model and of every probe."""
        found = {"model": str(self.record["fingerprint"])}
        return found | {f"seed-{p['seed']}": str(p["fingerprint"]) for p in self.probes}


def qa_directory(model: str | Path) -> Path:
    """Directory of a bundled model by its name, or the given directory.

    Raises:
        ConfigError: neither.
    """
    if str(model) in BUNDLED_QA:
        return bundled_path(str(model))
    path = Path(model)
    if not (path / "model.safetensors").is_file():
        raise ConfigError(
            f"model={str(model)!r} is neither a bundled model for questions "
            f"({', '.join(BUNDLED_QA)}) nor a directory with model.safetensors"
        )
    return path


def load_explained_qa(
    model: str | Path, *, seeds: str | int | Sequence[int] | None = None, device: str = "auto"
) -> ExplainedQa:
    """Load a model and its probes.

    Args:
        model: a bundled name, or a directory with ``model.safetensors`` and ``probes/``.
        seeds: see :func:`linguagraph.runs.models.parse_seeds`.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ConfigError, CheckpointError: something is not there or does not fit.
    """
    directory = qa_directory(model)
    network, mentions, record = load_qa_model(directory)
    network.to(find_device(device))
    files = find_probes(directory / "probes")
    if not files:
        raise CheckpointError(
            f"{directory} has no probes; train them with 'linguagraph train graphmask --model "
            f"{directory}'"
        )
    chosen = parse_seeds(seeds, list(files))
    masks = GraphMask.load(directory / "probes", QaExplainable(network), seeds=chosen)
    return ExplainedQa(
        str(model) if str(model) in BUNDLED_QA else directory_name(directory),
        network,
        mentions,
        str(record.get("data", {}).get("coreference", "rules")),
        masks,
        record,
        [load_tensors(files[seed])[1] for seed in chosen],
    )
