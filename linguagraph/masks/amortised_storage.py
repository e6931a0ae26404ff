"""Fitted probes <-> one safetensors file with a JSON sidecar per seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from linguagraph.errors import CheckpointError, LinguagraphError
from linguagraph.masks.adjacency_probe import AdjacencyProbe
from linguagraph.masks.amortised import AmortisedConfig, AmortisedResult, quality_from_json
from linguagraph.masks.amortised_probe import SiteProbe
from linguagraph.masks.amortised_step import EdgeProbe, MaskQuality
from linguagraph.masks.explainable import Explainable, Site
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.outputs import Output
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.probes import find_probes
from linguagraph.models.checkpoints import load_tensors, save_tensors, tensor_fingerprint

__all__ = ["StoredProbe", "check_sites", "load_probe", "save_probe"]

KIND = "amortised-graphmask"
SHARED = ("explains", "sites", "output", "config", "relations")


@dataclass(frozen=True)
class StoredProbe:
    """What was read.

    Attributes:
        path: the directory; probe: with the sites that it was made for.
        config, output: as at the fit; result: quality of each seed, without history.
        explains: class and fingerprint of the explained model.
    """

    path: Path
    probe: EdgeProbe
    config: AmortisedConfig
    output: Output
    result: AmortisedResult
    explains: Mapping[str, str]

    @property
    def erasure(self) -> str:
        """What the erasure functions see, see :data:`linguagraph.masks.graphmask.ERASURES`."""
        return "adjacency" if isinstance(self.probe, AdjacencyProbe) else "messages"

    def check(self, model: Explainable) -> None:
        """Refuse another model than the explained one.

        Raises:
            CheckpointError: class, weights or kind of output differ; the message says which.
        """
        found = {**_explains(model), "output": model.output.kind}
        wanted = {**self.explains, "output": self.output.kind}
        other = [
            f"{name}: {wanted[name]} was explained, this is {found[name]}"
            for name in wanted
            if wanted[name] != found[name]
        ]
        if other:
            raise CheckpointError(
                f"the probes in {self.path} were trained for another model ({'; '.join(other)})"
            )


def check_sites(sites: Sequence[Site], model: Explainable) -> None:
    """Refuse a model that sends other messages than those that a probe was trained on.

    Raises:
        CheckpointError: the message names the sites that differ.
    """
    if tuple(sites) != tuple(model.sites):
        missing = [site for site in sites if site not in model.sites]
        extra = [site for site in model.sites if site not in sites]
        raise CheckpointError(
            "the probe was trained for another model: its sites and those where this model sends "
            f"messages differ; only the probe has {missing}, only the model {extra}"
        )


def save_probe(
    directory: str | Path,
    model: Explainable,
    probe: EdgeProbe,
    *,
    config: AmortisedConfig,
    kept: Mapping[int, MaskQuality],
    half: bool = False,
) -> None:
    """Write ``seed-N.safetensors`` and ``seed-N.json`` for every seed; the directory is made.

    ``half`` stores 16-bit floats; computation is in 32 bits.
    """
    from linguagraph import __version__

    record = {
        "kind": KIND,
        "explains": _explains(model),
        "sites": [asdict(site) for site in probe.sites],
        "output": model.output.to_json(),
        "config": config.to_json(),
        **({"relations": probe.relations} if isinstance(probe, AdjacencyProbe) else {}),
        "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
    }
    for seed in probe.seeds:
        save_tensors(
            Path(directory) / f"seed-{seed}.safetensors",
            {
                name: tensor.half() if half else tensor
                for name, tensor in {**probe.select(seed), **probe.standards()}.items()
            },
            {**record, "seed": seed, "quality": asdict(kept[seed]) if seed in kept else None},
        )


def load_probe(directory: str | Path, seeds: Sequence[int] | None) -> StoredProbe:
    """Read the probes of these seeds, or of all that there are.

    Raises:
        CheckpointError: a file is missing or damaged, or the files do not belong together.
    """
    if not Path(directory).is_dir():
        raise CheckpointError(f"folder not found: {directory}; GraphMask.save writes one")
    directory, files = Path(directory), find_probes(directory)
    wanted = list(files) if seeds is None else list(seeds)
    missing = [seed for seed in wanted if seed not in files]
    if missing or not wanted:
        raise CheckpointError(
            f"{directory} has probes for the seeds {list(files)}, not {missing or 'any'}; write "
            "them with GraphMask.save"
        )
    loaded = {seed: load_tensors(files[seed]) for seed in wanted}
    first = loaded[wanted[0]][1]
    for seed, (_, record) in loaded.items():
        if record.get("kind") != KIND:
            raise CheckpointError(f"{files[seed]} holds {record.get('kind')!r}, not {KIND!r}")
        other = [name for name in SHARED if record.get(name) != first.get(name)]
        if other:
            raise CheckpointError(
                f"the probes in {directory} are of different trainings: {', '.join(other)} of seed "
                f"{seed} and {wanted[0]} differ"
            )
    try:
        return _assembled(directory, loaded, first)
    except (KeyError, TypeError, LinguagraphError) as error:
        raise CheckpointError(f"the probes in {directory} do not fit together: {error}") from error


def _assembled(
    directory: Path, loaded: Mapping[int, tuple[dict[str, Any], dict[str, Any]]], first: Any
) -> StoredProbe:
    config = config_from_json(first["config"])
    sites = [Site(**site) for site in first["sites"]]
    probe: EdgeProbe
    if "relations" in first:
        probe = AdjacencyProbe(tuple(loaded), sites, int(first["relations"]), config.probe)
    else:
        probe = SiteProbe(tuple(loaded), sites, config.probe)
    standards = dict(probe.named_buffers())
    for place, (seed, (tensors, _)) in enumerate(loaded.items()):
        for name, buffer in standards.items():
            mine = tensors.pop(name).to(buffer.dtype)
            if place and not torch.equal(mine, buffer):
                raise CheckpointError(f"inputs of seed {seed} are standardised by other numbers")
            buffer.copy_(mine)
        probe.insert(seed, tensors)
    kept = {
        seed: quality_from_json(record["quality"])
        for seed, (_, record) in loaded.items()
        if record["quality"] is not None
    }
    within = tuple(seed for seed, quality in kept.items() if quality.loss <= config.allowed)
    return StoredProbe(
        directory,
        probe.requires_grad_(False),
        config,
        Output.from_json(first["output"]),
        AmortisedResult(kept, (), within),
        first["explains"],
    )


def config_from_json(value: Mapping[str, Any]) -> AmortisedConfig:
    """A configuration from its field names and values."""
    parts = {"constraint": LagrangianConfig, "probe": ProbeConfig}
    return AmortisedConfig(
        **{name: parts[name](**v) if name in parts else v for name, v in value.items()}
    )


def _explains(model: Explainable) -> dict[str, str]:
    module = model.module
    fingerprint = tensor_fingerprint(module.state_dict())
    return {"class": type(module).__qualname__, "weights": fingerprint}
