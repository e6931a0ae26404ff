"""A frozen model and a loader of graphs -> a trained GraphMask probe, kept per seed; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised_loading import Batches
from linguagraph.masks.amortised_step import EdgeProbe, MaskQuality, measure, nothing, step
from linguagraph.masks.explainable import Explainable, GraphBatch
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.trainer_state import (
    by_seed,
    preferable,
    restore_trainer,
    resumed,
    trainer_tensors,
)
from linguagraph.models.checkpoints import save_tensors, tensor_fingerprint
from linguagraph.models.world import World

__all__ = ["AmortisedConfig", "AmortisedResult", "AmortisedTraining", "quality_from_json"]

KIND = "amortised-trainer"
BETAS = (0.9, 0.99)  # a shorter memory than Adam's own: slopes shrink a lot as gates get decided
DECAY = 0.1
CHANGED = 3.0  # retained edges (as a share) that a changed answer (as a share) weighs as much as


@dataclass(frozen=True, kw_only=True)
class AmortisedConfig:
    """How an amortised GraphMask is trained.

    Attributes:
        epochs_per_layer: epochs after each layer is added, from the top (delta in appendix C).
        epochs_after: further epochs once all layers have gates.
        steps: fewest steps in an epoch: a short loader is gone through several times.
        lr: peak learning rate of AdamW; it falls linearly to a twentieth over the whole training.
        constraint: tolerance (of the mean divergence over graphs) and multiplier.
        checks: evaluations per epoch.
        allowed: largest loss (see :class:`MaskQuality`) at which a check may be kept for being
            sparse (the least retained share plus three times the loss); beyond it the smallest
            loss counts.
        probe: architecture of the erasure functions.
        seed: of the order in which the loader shuffles, if by torch's own random numbers.

    Raises:
        ConfigError: a number out of its range.
    """

    epochs_per_layer: int = 1
    epochs_after: int = 5
    steps: int = 200
    lr: float = 2e-3
    constraint: LagrangianConfig = field(default_factory=lambda: LagrangianConfig(initial=10.0))
    checks: int = 2
    allowed: float = 0.01
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"epochs_per_layer": 1, "epochs_after": 0, "steps": 1, "checks": 1, "seed": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least {lowest}")
        if not (self.lr > 0 and self.allowed >= 0):
            raise ConfigError(f"lr={self.lr}, allowed={self.allowed}; expected positive numbers")

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


@dataclass(frozen=True)
class AmortisedResult:
    """The kept probes and how they came about.

    Attributes:
        kept: quality of each seed's kept parameters, on the graphs that checks are made on.
        history: one entry per check: ``epoch``, ``lowest`` gated layer, and by seed ``quality``,
            ``multipliers`` and ``divergence`` (mean since the last check).
        within: seeds for which some check was within the allowed loss; the others keep the check
            with the smallest loss.
    """

    kept: dict[int, MaskQuality]
    history: tuple[dict[str, Any], ...]
    within: tuple[int, ...]


class AmortisedTraining:
    """One training of the probes of several seeds; state that lives only while it runs.

    Schlichtkrull et al. (2021), section 3.3 and appendix C. Departures: the penalty is the mean
    over the gates, so that the multiplier has one scale for all graph sizes; baselines start at the
    mean message; all seeds see the batches in the same order. Gates are binary in training, too,
    and their slopes those of the relaxed ones (straight-through), as in
    :mod:`linguagraph.masks.fitting`; the paper prefers the sparse relaxation. A location beyond
    5 is not pushed further out (:data:`linguagraph.masks.amortised_step.LIMIT`). The learning rate
    (2e-3) decays, with a shorter memory of squares than Adam's own; a little weight decay keeps
    gates from being decided before all is learned; the multiplier starts at 10, so that the answer
    counts before edges are dropped.

    Args:
        model: frozen, traced at least once.
        probe: to be trained, on the model's device.
        train, dev: batches to learn from and to choose among checks by.
        config: schedule and constraint.
        log: receives a line per check; progress: (steps done, steps in all).
        world: processes that train together, see :meth:`Batches.parts`; ``train`` and ``dev`` are
            the same in all.
    """

    def __init__(
        self,
        model: Explainable,
        probe: EdgeProbe,
        train: Batches,
        dev: Batches,
        config: AmortisedConfig,
        *,
        log: Callable[[str], None] | None,
        progress: Callable[[int, int], None] | None,
        world: World | None = None,
    ) -> None:
        self.model, self.probe, self.train, self.dev = model, probe, train, dev
        self.world = world or World()
        self.config, self.log, self.progress = config, log, progress
        self.epochs = model.num_layers * config.epochs_per_layer + config.epochs_after
        self.passes = -(-config.steps // train.size)
        self.per_epoch = self.passes * train.size
        self.device = next(probe.parameters()).device
        self.optimizer = torch.optim.AdamW(
            probe.parameters(), lr=config.lr, betas=BETAS, weight_decay=DECAY, fused=True
        )
        self.lagrangian = Lagrangian(len(probe.seeds), config.constraint, device=self.device)
        self.module: nn.Module | None = None
        self.lowest = model.num_layers  # of the layers with gates
        self.generators = [torch.Generator(self.device) for _ in probe.seeds]
        self.best: dict[int, tuple[MaskQuality, dict[str, Tensor]]] = {}
        self.history: list[dict[str, Any]] = []
        self.first = self.done = 0

    def run(self, path: Path | None) -> AmortisedResult:
        """Train to the end, writing to ``path`` after every epoch; the probe gets what is kept."""
        try:
            for epoch in range(self.first, self.epochs):
                added = min(epoch // self.config.epochs_per_layer, self.model.num_layers - 1)
                self._epoch(epoch, self.model.num_layers - 1 - added)
                if path is not None and self.world.first:
                    self._save(path, epoch)
        finally:
            for seed, (_, tensors) in self.best.items():
                self.probe.insert(seed, tensors)
        return self.result()

    def result(self) -> AmortisedResult:
        """What is kept so far."""
        kept = {seed: quality for seed, (quality, _) in self.best.items()}
        within = tuple(s for s, quality in kept.items() if quality.loss <= self.config.allowed)
        return AmortisedResult(kept, tuple(self.history), within)

    def _epoch(self, epoch: int, lowest: int) -> None:
        torch.manual_seed(self.config.seed * 1_000_003 + epoch)
        for seed, generator in zip(self.probe.seeds, self.generators, strict=True):
            generator.manual_seed(seed * 1_000_003 + epoch)
        count = self.per_epoch
        checks = {round(count * (k + 1) / self.config.checks) for k in range(self.config.checks)}
        started, summed, since = time.perf_counter(), torch.zeros(()), 0
        number = 0
        for number, (batch, weight) in enumerate(self._batches(), start=1):
            rate = 1 - 0.95 * min(1.0, self.done / (self.epochs * count))
            self.optimizer.param_groups[0]["lr"] = self.config.lr * rate
            self.done += 1
            apart = self._step(batch, lowest, weight)
            if apart is not None:
                summed, since = summed + apart, since + 1
            if self.progress is not None:
                self.progress(self.done, self.epochs * count)
            if number in checks:
                self._check(epoch + number / count, lowest, summed / max(1, since))
                self._say(time.perf_counter() - started)
                summed, since = torch.zeros(()), 0
        if number not in checks:  # the loader gave more or fewer batches than its length says
            self._check(epoch + 1, lowest, summed / max(1, since))
            self._say(time.perf_counter() - started)

    def _batches(self) -> Iterator[tuple[GraphBatch, float]]:
        for _ in range(self.passes):
            yield from self.train.parts(self.world)

    def _gate_from(self, lowest: int) -> nn.Module:
        """The step as a module whose parameters are those of the layers with gates."""
        if self.module is None or self.lowest != lowest:
            self.lowest = lowest
            for erasure, site in zip(self.probe.erasures, self.probe.sites, strict=True):
                erasure.requires_grad_(site.layer >= lowest)
            self.module = self.world.wrap(_Step(self))
        return self.module

    def _step(self, batch: GraphBatch, lowest: int, weight: float = 1.0) -> Tensor | None:
        penalty, apart, sent = self._gate_from(lowest)(batch, lowest, weight)
        for parameter in self.optimizer.param_groups[0]["params"]:
            parameter.grad = None
        ones = torch.full_like(penalty, self.world.size)  # the mean over processes is taken
        multipliers = self.lagrangian.multipliers * self.world.size
        torch.autograd.backward((penalty, apart), (ones, multipliers))
        if not sent:
            return None
        self.optimizer.step()
        apart = self.world.total(apart)
        self.lagrangian.ascend(apart)
        return apart

    def _check(self, epoch: float, lowest: int, apart: Tensor) -> None:
        seeds, tolerance = self.probe.seeds, self.config.constraint.tolerance
        quality = measure(
            self.model, self.probe, self.dev, tolerance=tolerance, lowest=lowest, world=self.world
        )
        multipliers, means = self.lagrangian.multipliers, apart.expand(len(seeds))
        self.history.append(
            {
                "epoch": round(epoch, 3),
                "lowest": lowest,
                "quality": quality,
                "multipliers": dict(zip(seeds, multipliers.tolist(), strict=True)),
                "divergence": dict(zip(seeds, means.tolist(), strict=True)),
            }
        )
        if any(found.divergence != found.divergence for found in quality.values()):
            raise MaskError(
                "the divergence is not a number: the model's outputs under masks overflow or hold "
                "NaN; a smaller lr may help if the unmasked outputs do not"
            )
        for seed, found in quality.items() if lowest == 0 else ():
            before = self.best.get(seed)
            if before is None or preferable(
                _rank(found), _rank(before[0]), allowed=self.config.allowed
            ):
                self.best[seed] = (found, self.probe.select(seed))

    def _say(self, seconds: float) -> None:
        if self.log is None:
            return
        entry = self.history[-1]
        found: list[MaskQuality] = list(entry["quality"].values())

        def mean(values: Iterable[float]) -> float:
            return sum(values) / len(found)

        layers = " ".join(
            f"{100 * mean(q.per_layer[k] for q in found):.1f}" for k in range(self.model.num_layers)
        )
        self.log(
            f"epoch {entry['epoch']:.2f}/{self.epochs}  gates from layer {entry['lowest']}  "
            f"retained {100 * mean(q.retained for q in found):.1f}% (by layer {layers})  "
            f"same answer {100 * mean(q.same for q in found):.2f}%  "
            f"divergence {mean(entry['divergence'].values()):.4f}  "
            f"multiplier {mean(entry['multipliers'].values()):.2f}  {seconds:.0f} s"
        )

    def _save(self, path: Path, epoch: int) -> None:
        kept = {seed: tensors for seed, (_, tensors) in self.best.items()}
        tensors = trainer_tensors(self.probe, self.optimizer, self.lagrangian, kept)
        record = {
            "kind": KIND,
            **self._settings(),
            "epoch": epoch,
            "done": self.done,
            "best": {seed: asdict(quality) for seed, (quality, _) in self.best.items()},
            "history": [
                {**e, "quality": {s: asdict(q) for s, q in e["quality"].items()}}
                for e in self.history
            ],
        }
        save_tensors(path, tensors, record)

    def _settings(self) -> dict[str, Any]:
        return {
            "config": self.config.to_json(),
            "seeds": list(self.probe.seeds),
            "sites": [asdict(site) for site in self.model.sites],
            "output": self.model.output.to_json(),
            "explains": tensor_fingerprint(self.model.module.state_dict()),
        }

    def load(self, path: Path) -> None:
        """Go on from what :meth:`run` wrote.

        Raises:
            RunError: that training had other options.
            CheckpointError: the files are damaged.
        """
        settings = self._settings()
        tensors, record = self.world.copied(lambda: resumed(path, kind=KIND, settings=settings))
        kept = restore_trainer(tensors, self.probe, self.optimizer, self.lagrangian)
        self.done, self.first = int(record["done"]), int(record["epoch"]) + 1
        for seed, quality in by_seed(record["best"]).items():
            self.best[seed] = (quality_from_json(quality), kept[seed])
        for entry in record["history"]:
            found = {key: by_seed(entry[key]) for key in ("quality", "multipliers", "divergence")}
            found["quality"] = {s: quality_from_json(q) for s, q in found["quality"].items()}
            self.history.append({**entry, **found})


class _Step(nn.Module):
    """A step of the probe as a module, so that the gradients of all processes can be added up."""

    def __init__(self, training: AmortisedTraining) -> None:
        super().__init__()
        self.probe = training.probe
        self.run = training

    def forward(self, batch: GraphBatch, lowest: int, weight: float) -> tuple[Tensor, Tensor, bool]:
        """Penalty and divergence, see :func:`step`, and whether anything is sent."""
        run = self.run
        found = step(
            run.model,
            run.probe,
            batch,
            lowest=lowest,
            generators=run.generators,
            weight=weight,
            world=run.world,
        )
        if found is None:
            return nothing(run.probe, lowest), nothing(run.probe, lowest), False
        return *found, True


def _rank(quality: MaskQuality) -> tuple[float, float]:
    """Loss and sparsity, see :func:`preferable`; what is lost counts against a sparser check."""
    return quality.loss, quality.retained + CHANGED * quality.loss


def quality_from_json(value: dict[str, Any]) -> MaskQuality:
    """A quality from its field names and values."""
    return MaskQuality(**{**value, "per_layer": tuple(value["per_layer"])})
