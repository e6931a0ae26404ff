"""The name of a model, or a directory -> the model, its probes and what is known about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linguagraph.columns import LEARNING
from linguagraph.errors import CheckpointError, ConfigError
from linguagraph.masks.masker import Masker
from linguagraph.masks.probes import find_probes, load_graphmask
from linguagraph.models.batch import SrlExample
from linguagraph.models.checkpoints import load_model, load_tensors
from linguagraph.models.contexts import PAIRS, GraphSource, read_pairs
from linguagraph.models.devices import find_device
from linguagraph.models.srl import SrlModel
from linguagraph.pretrained import BUNDLED, bundled_path

__all__ = [
    "Explained",
    "directory_name",
    "graph_source",
    "load_explained",
    "load_network",
    "model_directory",
    "parse_seeds",
]


@dataclass(frozen=True)
class Explained:
    """A model with its probes, ready to mask.

    Attributes:
        name: of the model.
        masker: model and probes, or another method, on their device.
        record: the model's record; probes: one record per seed, none for other methods.
        graphs: makes the graphs of a model with edges of several kinds; ``None`` for others.
        rival: what is known of a method other than GraphMask, see
            :func:`linguagraph.runs.methods.load_method`; ``None`` for GraphMask.
        training: examples for methods that learn from some; ``None`` takes those of the run.
        learning: table of what the probes retained while they were trained, where there is one.
    """

    name: str
    masker: Masker
    record: dict[str, Any]
    probes: list[dict[str, Any]]
    graphs: GraphSource | None = None
    rival: dict[str, Any] | None = None
    training: Sequence[SrlExample] | None = None
    learning: Path | None = None

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprints of the model and of every probe."""
        found = {"model": str(self.record["fingerprint"])}
        return found | {f"seed-{p['seed']}": str(p["fingerprint"]) for p in self.probes}


def model_directory(model: str | Path) -> Path:
    """Directory of a bundled model by its name, or the given directory.

    Raises:
        ConfigError: neither.
    """
    if str(model) in BUNDLED:
        return bundled_path(str(model))
    path = Path(model)
    if not (path / "model.safetensors").is_file():
        raise ConfigError(
            f"model={str(model)!r} is neither a bundled model ({', '.join(BUNDLED)}) nor a "
            "directory with model.safetensors"
        )
    return path


def parse_seeds(seeds: str | int | Sequence[int] | None, available: Sequence[int]) -> list[int]:
    """Seeds to use: ``None`` all, a number the first so many, a list (or ``"0,3"``) just these.

    Raises:
        ConfigError: not understood, or a seed that is not there.
    """
    if seeds is None:
        chosen = list(available)
    elif isinstance(seeds, str) and "," not in seeds and seeds.isdecimal():
        return parse_seeds(int(seeds), available)
    elif isinstance(seeds, int):
        if not 1 <= seeds <= len(available):
            raise ConfigError(f"seeds={seeds}; there are probes for 1 to {len(available)} seeds")
        chosen = list(available)[:seeds]
    else:
        parts = seeds.split(",") if isinstance(seeds, str) else [str(s) for s in seeds]
        try:
            chosen = [int(part) for part in parts if str(part).strip()]
        except ValueError as error:
            raise ConfigError(f"seeds={seeds!r}; give a number, or a list such as 0,2,3") from error
    missing = [seed for seed in chosen if seed not in available]
    if missing or not chosen or len(set(chosen)) != len(chosen):
        raise ConfigError(f"seeds={seeds!r}; choose without repetition among {list(available)}")
    return chosen


def load_explained(
    model: str | Path, *, seeds: str | int | Sequence[int] | None = None, device: str = "auto"
) -> Explained:
    """Load a model and its GraphMask probes.

    Args:
        model: a bundled name, or a directory with ``model.safetensors`` and ``probes/``.
        seeds: see :func:`parse_seeds`.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ConfigError, CheckpointError: something is not there or does not fit.
    """
    directory = model_directory(model)
    network, record = load_model(directory)
    network.to(find_device(device))
    available = list(find_probes(directory / "probes"))
    if not available:
        raise CheckpointError(
            f"{directory} has no probes; train them with 'linguagraph train graphmask --model "
            f"{directory}'"
        )
    masker, probes = load_graphmask(
        network,
        directory / "probes",
        seeds=parse_seeds(seeds, available),
        explains=str(record["fingerprint"]),
    )
    learning = directory / "probes" / f"{LEARNING.name}.parquet"
    return Explained(
        _name(model, directory),
        masker,
        record,
        probes,
        graph_source(directory, network),
        learning=learning if learning.is_file() else None,
    )


def load_network(
    model: str | Path, *, device: str = "auto"
) -> tuple[SrlModel, dict[str, Any], GraphSource | None, str, list[dict[str, Any]]]:
    """Load a model for a method that needs no probes.

    Returns:
        The model, its record, what makes its graphs, its name, and the records of its probes, if
        it has any.

    Raises:
        ConfigError, CheckpointError: something is not there or does not fit.
    """
    directory = model_directory(model)
    network, record = load_model(directory)
    network.to(find_device(device))
    files = find_probes(directory / "probes").values()
    probes = [load_tensors(path)[1] for path in files]
    probes = [probe for probe in probes if probe.get("explains") == record["fingerprint"]]
    return network, record, graph_source(directory, network), _name(model, directory), probes


def directory_name(directory: Path) -> str:
    """The name of a model of one's own: that of its folder, or of the one around ``model``."""
    found = directory.resolve()
    return found.parent.name if found.name == "model" else found.name


def _name(model: str | Path, directory: Path) -> str:
    return str(model) if str(model) in BUNDLED else directory_name(directory)


def graph_source(directory: Path, model: SrlModel) -> GraphSource | None:
    """What makes the graphs of a model; ``None`` where they are dependency graphs.

    Raises:
        CheckpointError: the model has co-occurrence edges, and the scores of pairs are missing.
    """
    if not model.config.merged:
        return None
    scores = read_pairs(directory / PAIRS) if "cooccurrence" in model.config.kinds else None
    return GraphSource(model.config, scores)
