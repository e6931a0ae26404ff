"""Probes <-> one safetensors file per seed beside the model that they explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.checkpoints import load_tensors, save_tensors
from linguagraph.models.srl import SrlModel

__all__ = ["find_probes", "load_graphmask", "save_probes"]


def save_probes(
    directory: str | Path,
    masker: SrlGraphMask,
    *,
    explains: str,
    records: Mapping[int, Mapping[str, Any]],
    half: bool = False,
) -> None:
    """Write ``seed-N.safetensors`` + ``.json`` for every seed.

    Args:
        directory: made if need be.
        masker: holds the probes.
        explains: fingerprint of the explained model.
        records: per seed what to record (training options, dev quality).
        half: store 16-bit floats.
    """
    for seed in masker.probe.seeds:
        tensors = masker.probe.select(seed)
        if half:
            tensors = {name: tensor.half() for name, tensor in tensors.items()}
        save_tensors(
            Path(directory) / f"seed-{seed}.safetensors",
            tensors,
            {
                "kind": "graphmask",
                "seed": seed,
                "explains": explains,
                "config": masker.probe.config.to_json(),
                **records.get(seed, {}),
            },
        )


def find_probes(directory: str | Path) -> dict[int, Path]:
    """Seeds and files of the probes in a directory, in ascending order of seeds."""
    found: dict[int, Path] = {}
    for path in Path(directory).glob("seed-*.safetensors"):
        number = path.stem.removeprefix("seed-")
        if number.isdigit():
            found[int(number)] = path
    return dict(sorted(found.items()))


def load_graphmask(
    model: SrlModel, directory: str | Path, *, seeds: Sequence[int], explains: str
) -> tuple[SrlGraphMask, list[dict[str, Any]]]:
    """Read probes of several seeds for a model.

    Args:
        model: the model to explain.
        directory: holds ``seed-N.safetensors``.
        seeds: which.
        explains: the model's fingerprint; probes of another model are refused.

    Returns:
        The masker, on the model's device, and the record of each seed.

    Raises:
        CheckpointError: a probe is missing, damaged, or was trained for another model.
    """
    files = find_probes(directory)
    missing = [seed for seed in seeds if seed not in files]
    if missing or not seeds:
        raise CheckpointError(
            f"{directory} has probes for the seeds {list(files)}, not {missing or 'none'}; train "
            "them with 'linguagraph train graphmask'"
        )
    loaded = {seed: load_tensors(files[seed]) for seed in seeds}
    records = [loaded[seed][1] for seed in seeds]
    for seed, record in zip(seeds, records, strict=True):
        if record.get("kind") != "graphmask" or record.get("explains") != explains:
            raise CheckpointError(f"{files[seed]} is not a GraphMask probe of this model")
    configs = {str(record.get("config")) for record in records}
    if len(configs) > 1:
        raise CheckpointError(f"the probes in {directory} have different architectures")
    try:
        masker = SrlGraphMask.create(model, seeds=seeds, config=ProbeConfig(**records[0]["config"]))
        for seed, (tensors, _) in loaded.items():
            masker.probe.insert(seed, {name: t.float() for name, t in tensors.items()})
    except (KeyError, TypeError, LinguagraphError) as error:
        raise CheckpointError(f"the probes in {directory} do not fit the model: {error}") from error
    masker.probe.requires_grad_(False)
    return masker, records
