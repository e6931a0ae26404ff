"""A frozen model, gates and examples -> trained gates of the best check; resumable."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.diffmask_gates import DiffMaskGates
from linguagraph.masks.diffmask_step import UnitQuality, measure, step
from linguagraph.masks.frozen import frozen
from linguagraph.masks.lagrangian import Lagrangian, LagrangianConfig
from linguagraph.masks.trainer_state import preferable, restore_trainer, resumed, trainer_tensors
from linguagraph.masks.units import Layered, UnitBatch
from linguagraph.models.checkpoints import save_tensors, tensor_fingerprint

__all__ = ["LAYERS", "DiffMaskFit", "DiffMaskTraining", "train_gates"]

KIND = "diffmask-trainer"
LAYERS = ("one", "all")


@dataclass(frozen=True)
class DiffMaskTraining:
    """How gates are trained.

    Attributes:
        epochs: passes over the training examples.
        batch: examples per step.
        lr: peak rate of Adam on gate networks; it falls linearly to a twentieth.
        baseline_lr: that of the baselines, in units of ``lr``.
        layers: ``one``: each step trains the mask of one layer, drawn evenly at random (as in the
            paper; an unbiased estimate at the cost of one masked pass); ``all``: those of all.
        constraint: tolerance (in the divergence's unit) and multipliers, one per layer.
        slack: a check is good if its mean excess over the tolerance, over the layers, is at most
            this share of the tolerance.
        checks: evaluations on dev per epoch.
        sample: training examples from which means and baselines start.
    """

    epochs: int = 10
    batch: int = 32
    lr: float = 1e-3
    baseline_lr: float = 1.0
    layers: str = "one"
    constraint: LagrangianConfig = field(default_factory=LagrangianConfig)
    slack: float = 0.1
    checks: int = 2
    sample: int = 256

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "checks", "sample", "lr", "baseline_lr"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}={getattr(self, name)}; expected a positive number")
        if self.layers not in LAYERS:
            raise ConfigError(f"layers={self.layers!r}; expected one of {list(LAYERS)}")
        if self.slack < 0:
            raise ConfigError(f"slack={self.slack}; expected at least 0")

    def to_json(self) -> dict[str, Any]:
        """Field names and values."""
        return asdict(self)


@dataclass(frozen=True)
class DiffMaskFit:
    """How a training went.

    Attributes:
        quality: of the kept gates on dev.
        within: whether the kept check was within the tolerance and its slack.
        history: one entry per check: ``epoch``, ``quality``, and by layer ``multipliers`` and
            ``divergence`` (the mean in training since the last check, NaN for a layer not drawn).
    """

    quality: UnitQuality
    within: bool
    history: tuple[dict[str, Any], ...]


def train_gates(
    model: Layered,
    gates: DiffMaskGates,
    train: Sequence[Any],
    dev: Sequence[Any],
    config: DiffMaskTraining,
    *,
    directory: str | Path | None = None,
    resume: bool = False,
    log: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> DiffMaskFit:
    """Train gates in place and leave those of the sparsest check that is close enough on dev.

    De Cao et al. (2020), section 3: per layer l the expected L0 of its mask is minimised subject to
    ``E[D(y || y^(z))] <= tolerance``, with one multiplier per layer. Departures: Adam for gates
    (RMSProp for multipliers); the penalty is the mean over units, the divergence that of
    :class:`linguagraph.masks.outputs.Output`, so that tolerances mean the same for all models.

    Args:
        model: left exactly as it was.
        gates: on the model's device.
        train, dev: examples that :meth:`Layered.batch` joins; dev only chooses among checks.
        config: schedule and constraint.
        directory: where ``trainer.safetensors`` is written after every check, to resume from.
        resume: go on from there, if it is there.
        log: receives a line per check; progress: (step, steps).

    Raises:
        MaskError: there is nothing to train on.
        RunError: the directory holds a training with other options.
    """
    if not train or not dev:
        raise MaskError("DiffMask needs at least one training and one dev example")
    path = None if directory is None else Path(directory) / "trainer.safetensors"
    fit = _Fit(model, gates, train, dev, config, log=log, progress=progress)
    with frozen(model.module):
        return fit.run(path, resume=resume)


class _Fit:
    """One training; state that lives only while it runs."""

    def __init__(
        self,
        model: Layered,
        gates: DiffMaskGates,
        train: Sequence[Any],
        dev: Sequence[Any],
        config: DiffMaskTraining,
        *,
        log: Callable[[str], None] | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.model, self.gates, self.train, self.dev = model, gates, train, dev
        self.config, self.log, self.progress = config, log, progress
        self.per_epoch = -(-len(train) // config.batch)
        self.steps = config.epochs * self.per_epoch
        gates.requires_grad_(True)
        groups = [
            {"params": list(gates.votes.parameters()), "rate": 1.0},
            {"params": list(gates.baselines.parameters()), "rate": config.baseline_lr},
        ]
        self.optimizer = torch.optim.Adam(groups, lr=config.lr)
        self.device = next(gates.parameters()).device
        count = len(gates.sizes)
        self.lagrangian = Lagrangian(count, config.constraint, device=self.device)
        self.best: tuple[UnitQuality, dict[str, Tensor]] | None = None
        self.history: list[dict[str, Any]] = []
        self.done = 0

    def run(self, path: Path | None, *, resume: bool) -> DiffMaskFit:
        if path is not None and resume and path.is_file():
            self._load(path)
        else:
            trace = self.model.trace(self.model.batch(self.train[: self.config.sample]))
            self.gates.start(trace.states)
        checks = {
            -(-self.per_epoch * (k + 1) // self.config.checks) for k in range(self.config.checks)
        }
        layers = len(self.gates.sizes)
        started, summed, count = time.perf_counter(), torch.zeros(layers), torch.zeros(layers)
        for layer, apart in self._run_steps():
            summed[layer] += apart
            count[layer] += 1
            if (self.done - 1) % self.per_epoch + 1 in checks:
                self._check(summed / count, time.perf_counter() - started)
                if path is not None:
                    self._save(path)
                summed, count = torch.zeros(layers), torch.zeros(layers)
        if self.best is None:
            raise MaskError(f"a training of {self.steps} steps had no check; raise epochs")
        quality, tensors = self.best
        self.gates.load_state_dict(tensors)
        return DiffMaskFit(quality, self._rank(quality)[0] <= self._allowed, tuple(self.history))

    def _run_steps(self) -> Iterator[tuple[list[int], Tensor]]:
        while self.done < self.steps:
            epoch, place = divmod(self.done, self.per_epoch)
            generator = torch.Generator().manual_seed(self.gates.seed * 100_003 + epoch)
            order = torch.randperm(len(self.train), generator=generator).tolist()
            for at in range(place, self.per_epoch):
                picked = order[at * self.config.batch : (at + 1) * self.config.batch]
                yield self._step([self.train[i] for i in picked])

    def _step(self, examples: Sequence[Any]) -> tuple[list[int], Tensor]:
        config, layers = self.config, list(range(len(self.gates.sizes)))
        for group in self.optimizer.param_groups:
            group["lr"] = config.lr * group["rate"] * (1 - 0.95 * self.done / self.steps)
        generator = torch.Generator(self.device)
        generator.manual_seed((self.gates.seed + 1) * 1_000_003 + self.done)
        if config.layers == "one":
            drawn = torch.randint(len(layers), (1,), generator=generator, device=self.device)
            layers = [int(drawn)]
        batch = self.model.batch(examples)
        penalty, apart = step(self.model, self.gates, batch, layers=layers, generator=generator)
        multipliers = self.lagrangian.multipliers[layers]
        loss = (penalty + multipliers * (apart - config.constraint.tolerance)).sum()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self._ascend(layers, apart.detach())
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.steps)
        return layers, apart.detach().cpu()

    def _ascend(self, layers: list[int], apart: Tensor) -> None:
        """Ascend for the layers of this step; multiplier and mean of the others stay."""
        before = self.lagrangian.multipliers.clone(), self.lagrangian.squares.clone()
        full = apart.new_zeros(len(self.gates.sizes))
        full[layers] = apart
        self.lagrangian.ascend(full)
        rest = [k for k in range(len(full)) if k not in layers]
        self.lagrangian.multipliers[rest] = before[0][rest]
        self.lagrangian.squares[rest] = before[1][rest]

    def _batches(self) -> Iterator[UnitBatch]:
        for start in range(0, len(self.dev), 2 * self.config.batch):
            yield self.model.batch(self.dev[start : start + 2 * self.config.batch])

    @property
    def _allowed(self) -> float:
        return self.config.slack * self.config.constraint.tolerance

    def _rank(self, quality: UnitQuality) -> tuple[float, float]:
        shares = quality.retained
        return quality.excess(self.config.constraint.tolerance), sum(shares) / len(shares)

    def _check(self, apart: Tensor, seconds: float) -> None:
        quality = measure(self.model, self.gates, self._batches())
        self.history.append(
            {
                "epoch": round(self.done / self.per_epoch, 3),
                "quality": quality,
                "multipliers": self.lagrangian.multipliers.tolist(),
                "divergence": apart.tolist(),
            }
        )
        before = None if self.best is None else self._rank(self.best[0])
        if before is None or preferable(self._rank(quality), before, allowed=self._allowed):
            state = {name: t.detach().clone() for name, t in self.gates.state_dict().items()}
            self.best = (quality, state)
        if self.log is not None:
            self.log(self._line(seconds))

    def _line(self, seconds: float) -> str:
        entry = self.history[-1]
        quality: UnitQuality = entry["quality"]

        def row(values: Sequence[float], digits: int, scale: float = 1.0) -> str:
            return " ".join(f"{scale * value:.{digits}f}" for value in values)

        return (
            f"epoch {entry['epoch']:.2f}/{self.config.epochs}  "
            f"retained {row(quality.retained, 1, 100)} %  same {row(quality.same, 1, 100)} %  "
            f"divergence {row(quality.divergence, 3)} (training {row(entry['divergence'], 3)})  "
            f"multipliers {row(entry['multipliers'], 1)}  {seconds:.0f} s"
        )

    def _save(self, path: Path) -> None:
        assert self.best is not None
        quality, state = self.best
        kept = {self.gates.seed: state}
        tensors = trainer_tensors(self.gates, self.optimizer, self.lagrangian, kept)
        entries = [
            {**e, "quality": e["quality"].to_json(), "divergence": json.dumps(e["divergence"])}
            for e in self.history
        ]
        best = quality.to_json()
        record = {**self._settings(), "done": self.done, "best": best, "history": entries}
        save_tensors(path, tensors, {"kind": KIND, **record})

    def _settings(self) -> dict[str, Any]:
        return {
            "config": self.config.to_json(),
            "seed": self.gates.seed,
            "gates": self.gates.config.to_json(),
            "examples": [len(self.train), len(self.dev)],
            "explains": tensor_fingerprint(self.model.module.state_dict()),
        }

    def _load(self, path: Path) -> None:
        tensors, record = resumed(path, kind=KIND, settings=self._settings())
        kept = restore_trainer(tensors, self.gates, self.optimizer, self.lagrangian)
        self.done = int(record["done"])
        self.best = (UnitQuality.from_json(record["best"]), kept[self.gates.seed])
        for entry in record["history"]:
            quality = UnitQuality.from_json(entry["quality"])
            apart = json.loads(entry["divergence"])  # NaN is no JSON that other readers know
            self.history.append({**entry, "quality": quality, "divergence": apart})
