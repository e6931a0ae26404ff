"""The name of a model -> DiffMask on its tokens: trained gates beside it, or gates fitted here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from linguagraph.errors import ConfigError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.masks.probes import find_probes
from linguagraph.masks.token_masker import TokenMasker
from linguagraph.models.batch import SrlExample
from linguagraph.models.checkpoints import load_tensors
from linguagraph.models.contexts import GraphSource
from linguagraph.models.srl import SrlModel
from linguagraph.runs.configuring import corpus_fingerprint
from linguagraph.runs.methods import FIT_MOST, METHOD_SEEDS, MethodOptions, corpus_examples
from linguagraph.runs.models import load_network, model_directory, parse_seeds
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["DIFFMASK", "TokenExplained", "fit_tokens", "load_diffmask"]

DIFFMASK = "diffmask"
"""The method; its gates lie in a folder of this name beside the model."""

HELD_OUT = 0.1
"""Share of the examples that choose among the checks of a fit."""

STEPS = 1500
"""Steps of a fit with default options at least: few examples are passed over more often."""


@dataclass(frozen=True)
class TokenExplained:
    """A model whose tokens are to be masked.

    Attributes:
        name: of the model.
        adapter: the model as DiffMask sees it, on its device.
        record: the model's record.
        gates: of each seed; those of seeds in ``unfitted`` have learned nothing yet.
        rival: what is known of the method, as of any other (see
            :func:`linguagraph.runs.methods.load_method`).
        graphs: makes the graphs of a model with edges of several kinds; ``None`` for others.
        unfitted: seeds whose gates are fitted before tokens are masked.
        training: examples that they are fitted on; ``None`` takes those of the run.
        fitting: how; ``None``: with the defaults, for at least :data:`STEPS` steps.
        probes: none; GraphMask has some.
    """

    name: str
    adapter: SrlUnits
    record: dict[str, Any]
    gates: dict[int, DiffMask]
    rival: dict[str, Any]
    graphs: GraphSource | None = None
    unfitted: tuple[int, ...] = ()
    training: Sequence[SrlExample] | None = None
    fitting: DiffMaskTraining | None = None
    probes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def masker(self) -> TokenMasker:
        """All seeds side by side."""
        return TokenMasker(self.adapter, self.gates, method=DIFFMASK)

    @property
    def model(self) -> SrlModel:
        """The explained model."""
        return self.adapter.module


def load_diffmask(
    model: str | Path,
    options: MethodOptions,
    *,
    seeds: str | int | Sequence[int] | None = None,
    device: str = "auto",
    fitting: DiffMaskTraining | None = None,
) -> TokenExplained:
    """Load a model and the DiffMask gates beside it; without any, gates that are to be fitted.

    Args:
        model: a bundled name, or a directory with ``model.safetensors`` and, perhaps,
            ``diffmask/seed-N.safetensors``.
        options: the method; with trained gates it takes no further option.
        seeds: of trained gates, see :func:`linguagraph.runs.models.parse_seeds`.
        device: ``cpu``, ``cuda`` or ``auto``.
        fitting: how gates are fitted where there are none; ``None`` takes the defaults.

    Raises:
        ConfigError, CheckpointError: something is not there or does not fit.
    """
    if options.keep is not None or options.threshold is not None:
        raise ConfigError(
            f"{DIFFMASK} decides itself which tokens are kept; leave --keep and --threshold out"
        )
    network, record, graphs, name, _ = load_network(model, device=device)
    adapter = SrlUnits(network)
    files = find_probes(model_directory(model) / DIFFMASK)
    if files and (options.seeds is not None or options.fit_on is not None):
        raise ConfigError(
            f"{name} has trained {DIFFMASK} gates (seeds {list(files)}): choose among them with "
            "--seeds, and leave --method-seeds and --fit-on out"
        )
    if not files and seeds is not None:
        raise ConfigError(
            f"{name} has no trained {DIFFMASK} gates to choose among with --seeds; how many are "
            "fitted here is --method-seeds"
        )
    if files:
        gates = {s: DiffMask.load(files[s], adapter) for s in parse_seeds(seeds, list(files))}
        found = {s: load_tensors(files[s])[1] for s in gates}
        prints = {str(s): str(r.get("fingerprint")) for s, r in found.items()}
    else:
        count = METHOD_SEEDS if options.seeds is None else options.seeds
        gates = {seed: DiffMask(adapter, seed=seed) for seed in range(count)}
        prints = {}
    rival: dict[str, Any] = {
        "name": DIFFMASK,
        "units": "tokens",
        "seeds": list(gates),
        "deterministic": False,
        "chosen_by": "the method itself",
        "fill": "a learned baseline",
        "needs_fit": not files,
        "config": next(iter(gates.values())).config.to_json(),
        "gates": prints,
    }
    explained = TokenExplained(name, adapter, record, gates, rival, graphs)
    if files:
        return explained
    explained = replace(explained, unfitted=tuple(gates), fitting=fitting)
    if options.fit_on is None:
        return explained
    mark = {"name": options.fit_on.name, "fingerprint": corpus_fingerprint(options.fit_on)}
    examples = corpus_examples(options.fit_on, network, record, graphs)
    return replace(explained, rival=rival | {"fit_on": mark}, training=examples)


def fit_tokens(
    explained: TokenExplained,
    shards: Iterable[Sequence[SrlExample]],
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress = no_progress,
) -> dict[str, Any] | None:
    """Fit the gates of all seeds that have learned nothing yet; what is fitted is kept at once.

    Args:
        explained: its gates change in place.
        shards: examples of the run; only read where they are needed.
        folder: keeps gates and the state of an unfinished fit, so that no work is lost.
        seed: of the draw where there are more than
            :data:`linguagraph.runs.methods.FIT_MOST`, and of the held-out tenth.
        progress: for people who wait.

    Returns:
        What they learned from; ``None`` if all were trained before.

    Raises:
        ConfigError: fewer than two examples.
    """
    if not explained.unfitted:
        return None
    examples = explained.training
    source = explained.rival.get("fit_on", {"name": "the explained corpus itself"})
    if examples is None:
        examples = [example for shard in shards for example in shard]
    total = len(examples)
    if total < 2:
        raise ConfigError(f"{DIFFMASK} learns from examples; {total} is not enough, take 2 or more")
    chosen = Random(seed).sample(list(examples), min(total, FIT_MOST))
    held = max(1, round(HELD_OUT * len(chosen)))
    fitting = explained.fitting or _defaults(len(chosen) - held)
    for number in explained.unfitted:
        path = folder / f"seed-{number}.safetensors"
        if path.is_file():
            explained.gates[number] = DiffMask.load(path, explained.adapter)
            continue
        gates = explained.gates[number]
        task = progress(f"fitting {DIFFMASK}, seed {number}", None)
        gates.fit(
            chosen[held:],
            chosen[:held],
            fitting,
            directory=folder / f"fitting-{number}",
            resume=True,
            progress=lambda done, steps, task=task: task(1),  # type: ignore[misc]
        )
        task.close()
        gates.save(path, record={"training": fitting.to_json()})
    return {"corpus": source, "predicates": len(chosen), "of": total, "epochs": fitting.epochs}


def _defaults(examples: int) -> DiffMaskTraining:
    """The default options, with as many epochs as it takes."""
    plain = DiffMaskTraining()
    steps = -(-examples // plain.batch)
    epochs = max(plain.epochs, -(-STEPS // steps))
    checks = max(1, plain.checks * plain.epochs // epochs)
    return replace(plain, epochs=epochs, checks=checks)
