"""A frozen model and annotated examples -> trained GraphMask probes, kept per seed; resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.fit_config import FitConfig
from linguagraph.masks.frozen import frozen
from linguagraph.masks.lagrangian import Lagrangian
from linguagraph.masks.learning import LabelTally, learning_rows
from linguagraph.masks.replayed import ReplayedSteps
from linguagraph.masks.srl import Quality, SrlGraphMask
from linguagraph.masks.trainer_state import (
    by_seed,
    preferable,
    restore_trainer,
    resumed,
    trainer_tensors,
)
from linguagraph.models.batch import SrlBatch, SrlExample, bucket, collate
from linguagraph.models.checkpoints import save_tensors, tensor_fingerprint
from linguagraph.models.precision import computed_in
from linguagraph.models.world import Part, World

__all__ = ["FitConfig", "FitResult", "fit_graphmask"]


@dataclass(frozen=True)
class FitResult:
    """The kept probes and how they came about.

    Attributes:
        masker: model and probe, each seed with its kept parameters.
        kept: dev quality of each seed's kept parameters.
        history: one entry per check: ``epoch``, ``lowest`` gated layer, and by seed ``quality``,
            ``multipliers`` and ``divergence`` (mean since the last check, in the chosen unit).
        within: seeds for which some check was within the allowed loss; the others keep the check
            with the smallest loss.
        learning: what each check retains by label, see :data:`linguagraph.columns.LEARNING`.
    """

    masker: SrlGraphMask
    kept: dict[int, Quality]
    history: tuple[dict[str, Any], ...]
    within: tuple[int, ...]
    learning: pd.DataFrame


def fit_graphmask(
    masker: SrlGraphMask,
    train: Sequence[SrlExample],
    dev: Sequence[SrlExample],
    config: FitConfig,
    *,
    directory: str | Path | None = None,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[int, int], None] | None = None,
    world: World | None = None,
) -> FitResult:
    """Train all probes of a masker and keep, per seed, the sparsest that is close enough on dev.

    Schlichtkrull et al. (2021), section 3.3 and appendix C. Departures: the penalty is the mean
    over the gates, so that the multiplier has one scale for all graph sizes; baselines start at the
    mean message; the learning rate decays; all seeds see the batches in the same order, so that
    they differ by initialisation and gate noise.

    Args:
        masker: model and untrained probes.
        train, dev: encoded examples; dev only chooses among checks.
        config: schedule and constraint.
        directory: where ``trainer.safetensors`` is written after every epoch, to resume from.
        resume: go on from there.
        log: receives a line per check; progress: (step, steps).
        world: processes that train together; the first one alone writes. Gates get the same noise
            however many there are.

    Raises:
        MaskError: there is nothing to train on.
        ConfigError: ``replay`` in several processes, or more of these than examples in a batch.
        RunError: the directory holds a training with other options.
    """
    if not train or not dev:
        raise MaskError("GraphMask needs at least one training and one dev example")
    fit = _Fit(masker, train, dev, config, log=log, progress=progress, world=world)
    path = None if directory is None else Path(directory) / "trainer.safetensors"
    return fit.run(path, resume=resume)


class _Step(nn.Module):
    """A step of the probe as a module, so that the gradients of all processes can be added up."""

    def __init__(self, masker: SrlGraphMask, divergence: Divergence, world: World) -> None:
        super().__init__()
        self.probe = masker.probe
        self.masker, self.divergence, self.world = masker, divergence, world

    def forward(
        self, batch: SrlBatch, lowest: int, noise: Sequence[Tensor], weight: float
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`SrlGraphMask.step`."""
        return self.masker.step(
            batch,
            lowest=lowest,
            divergence=self.divergence,
            noise=noise,
            weight=weight,
            world=self.world,
        )


class _Fit:
    """One training of several probes; state that lives only while it runs."""

    def __init__(
        self,
        masker: SrlGraphMask,
        train: Sequence[SrlExample],
        dev: Sequence[SrlExample],
        config: FitConfig,
        *,
        log: Callable[[str], None],
        progress: Callable[[int, int], None] | None,
        world: World | None = None,
    ) -> None:
        self.masker, self.train, self.dev, self.config = masker, train, dev, config
        self.log, self.progress, self.world = log, progress, world or World()
        if config.replay and self.world.size > 1:
            raise ConfigError(
                f"replay=true is for one process, and there are {self.world.size}; leave it out"
            )
        probe = masker.probe
        self.layers = len(probe.layers)
        self.epochs = self.layers * config.epochs_per_layer + config.epochs_after
        self.lengths = [e.num_nodes for e in train]
        cut = bucket(self.lengths, tokens=config.tokens, seed=config.seed)
        self.world.check_batches(max(map(len, cut)), option="tokens", value=config.tokens)
        self.steps = self.epochs * len(cut)
        self.module: nn.Module | None = None
        device = next(probe.parameters()).device
        one = device.type == "cuda"  # one kernel for all parameters
        rate = torch.tensor(config.lr, device=device) if config.replay else config.lr
        self.optimizer = torch.optim.Adam(
            probe.parameters(), lr=rate, foreach=not one, fused=one, capturable=config.replay
        )
        self.lagrangian = Lagrangian(len(probe.seeds), config.constraint, device=device)
        self.replayed: ReplayedSteps | None = None
        if config.replay:
            probe.requires_grad_()  # of all layers: recorded iterations differ by the lowest one
            self.replayed = ReplayedSteps(
                masker,
                self.optimizer,
                self.lagrangian,
                divergence=config.divergence,
                precision=config.precision,
            )
        self.best: dict[int, tuple[Quality, dict[str, Tensor]]] = {}
        self.history: list[dict[str, Any]] = []
        self.learning: list[Tensor] = []
        self.done = 0

    def run(self, path: Path | None, *, resume: bool) -> FitResult:
        first = 0
        with frozen(self.masker.model, dropout=self.config.dropout):
            if path is not None and resume and self.world.ask(path.is_file):
                first = self._load(path)
            else:
                self._start_baselines()
            for epoch in range(first, self.epochs):
                added = min(epoch // self.config.epochs_per_layer, self.layers - 1)
                self._epoch(epoch, self.layers - 1 - added)
                if path is not None and self.world.first:
                    self._save(path, epoch)
        kept = {}
        for seed, (quality, tensors) in self.best.items():
            self.masker.probe.insert(seed, tensors)
            kept[seed] = quality
        within = tuple(s for s, q in kept.items() if q.difference >= -self.config.allowed)
        return FitResult(self.masker, kept, tuple(self.history), within, self._learning())

    def _learning(self) -> pd.DataFrame:
        first = len(self.history) - len(self.learning)  # a training begun before this was recorded
        entries = list(enumerate(self.history))[first:]
        return learning_rows(
            self.learning,
            [(check, entry["epoch"], entry["lowest"]) for check, entry in entries],
            seeds=self.masker.probe.seeds,
            labels=self.masker.model.vocabulary.labels.items,
        )

    @torch.no_grad()
    def _start_baselines(self) -> None:
        order = bucket(self.lengths, tokens=self.config.tokens, seed=self.config.seed)
        batch = self.masker.collate([self.train[i] for i in order[0]])
        with frozen(self.masker.model):
            trace = self.masker.model(batch)
        for layer, baseline in enumerate(self.masker.probe.baselines):
            edges = trace.messages[layer].edges
            effective = batch.effective(layer, self.layers)
            edges = edges if effective is None else edges[effective]
            if len(edges):
                baseline.copy_(edges.mean(0).expand_as(baseline))

    def _epoch(self, epoch: int, lowest: int) -> None:
        config = self.config
        seed = config.seed * 1000 + epoch
        torch.manual_seed(seed)  # the same everywhere: of the noise of whole batches
        batches = bucket(self.lengths, tokens=config.tokens, seed=seed)
        checks = {round(len(batches) * (k + 1) / config.checks) for k in range(config.checks)}
        nothing = torch.zeros_like(self.lagrangian.multipliers)  # on the device, read at checks
        started, summed, count = time.perf_counter(), nothing, 0
        for step, run in enumerate(batches, start=1):
            apart = self._step([self.train[i] for i in run], lowest)
            summed, count = summed + apart, count + 1
            if self.progress is not None:
                self.progress(self.done, self.steps)
            if step in checks:
                self._check(epoch + step / len(batches), lowest, summed / count)
                self.log(self._line(time.perf_counter() - started))
                summed, count = nothing, 0

    def _gate_from(self, lowest: int) -> nn.Module:
        """The step as a module whose parameters are those of the layers with gates."""
        trained = [index >= lowest for index in range(self.layers)]
        layers = self.masker.probe.layers
        if self.module is None or trained != [_asks(layer) for layer in layers]:
            for layer, asks in zip(layers, trained, strict=True):
                layer.requires_grad_(asks)
            step = _Step(self.masker, self.config.divergence, self.world)
            self.module = self.world.wrap(step)
        return self.module

    def _step(self, examples: Sequence[SrlExample], lowest: int) -> Tensor:
        config = self.config
        rate = config.lr * (1 - 0.95 * min(1.0, self.done / max(1, self.steps)))
        if self.replayed is not None:
            for group in self.optimizer.param_groups:
                group["lr"].fill_(rate)
            self.done += 1
            labels = len(self.masker.model.vocabulary.labels)
            return self.replayed(collate(examples, num_labels=labels), lowest=lowest)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        part = self.world.part(len(examples))
        noise = self._noise(examples, part, lowest)
        batch = self.masker.collate(part.of(examples))
        with self._dropout(), computed_in(config.precision, batch.source.device):
            penalty, apart = self._gate_from(lowest)(batch, lowest, noise, part.weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.lagrangian.loss(penalty, apart)
        torch.autograd.backward(loss * self.world.size)  # the mean over processes is taken
        self.optimizer.step()
        apart = self.world.total(apart)
        self.lagrangian.ascend(apart)
        self.done += 1
        return apart

    def _noise(self, examples: Sequence[SrlExample], part: Part, lowest: int) -> list[Tensor]:
        """The part's share of the whole batch's noise, [S, E] for each layer from ``lowest`` up.

        It is drawn edge by edge, so that an edge's noise does not depend on the processes.
        """
        edges = [example.encoded.edge_type.shape[0] for example in examples]
        start, stop = sum(edges[: part.start]), sum(edges[: part.stop])
        probe = self.masker.probe
        every = next(probe.parameters()).new_empty(sum(edges), len(probe.seeds)).t()
        return [probe.config.gates.noise(every)[:, start:stop] for _ in range(lowest, self.layers)]

    @contextmanager
    def _dropout(self) -> Iterator[None]:
        """Dropout of a part of a batch moves no random numbers of the whole batch's noise."""
        if self.world.size == 1 or not self.config.dropout:
            yield
            return
        device = self.world.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.world.seed(self.done + 1))
            yield

    def _check(self, epoch: float, lowest: int, apart: Tensor) -> None:
        probe = self.masker.probe
        types = self.masker.model.vocabulary.num_edge_types
        tally = LabelTally(seeds=len(probe.seeds), layers=self.layers, types=types, lowest=lowest)
        quality = self.masker.evaluate(self.dev, lowest=lowest, tally=tally, world=self.world)
        self.learning.append(tally.counts)
        multipliers = self.lagrangian.multipliers.tolist()
        self.history.append(
            {
                "epoch": round(epoch, 3),
                "lowest": lowest,
                "quality": quality,
                "multipliers": dict(zip(probe.seeds, multipliers, strict=True)),
                "divergence": dict(zip(probe.seeds, apart.tolist(), strict=True)),
            }
        )
        if lowest == 0:
            for seed, found in quality.items():
                if seed not in self.best or self._better(found, self.best[seed][0]):
                    self.best[seed] = (found, probe.select(seed))

    def _better(self, found: Quality, before: Quality) -> bool:
        ranks = [(-quality.difference, quality.retained) for quality in (found, before)]
        return preferable(ranks[0], ranks[1], allowed=self.config.allowed)

    def _line(self, seconds: float) -> str:
        entry = self.history[-1]
        found: list[Quality] = list(entry["quality"].values())

        def mean(values: Sequence[float]) -> float:
            return sum(values) / len(values)

        layers = " ".join(
            f"{100 * mean([q.per_layer[k] for q in found]):.1f}" for k in range(self.layers)
        )
        return (
            f"epoch {entry['epoch']:.2f}/{self.epochs}  gates from layer {entry['lowest']}  "
            f"retained {100 * mean([q.retained for q in found]):.1f}% (by layer {layers})  "
            f"F1 {100 * mean([q.difference for q in found]):+.2f}  "
            f"divergence {mean(list(entry['divergence'].values())):.4f}  "
            f"multiplier {mean(list(entry['multipliers'].values())):.2f}  {seconds:.0f} s"
        )

    def _save(self, path: Path, epoch: int) -> None:
        kept = {seed: tensors for seed, (_, tensors) in self.best.items()}
        tensors = trainer_tensors(self.masker.probe, self.optimizer, self.lagrangian, kept)
        if self.learning:
            tensors["learning"] = torch.stack(self.learning)
        record = {
            "kind": "graphmask-trainer",
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
        probe = self.masker.probe
        return {
            "config": self.config.to_json(),
            "seeds": list(probe.seeds),
            "probe": probe.config.to_json(),
            "explains": tensor_fingerprint(self.masker.model.state_dict()),
        }

    def _load(self, path: Path) -> int:
        settings = self._settings()
        tensors, record = self.world.copied(
            lambda: resumed(path, kind="graphmask-trainer", settings=settings)
        )
        kept = restore_trainer(tensors, self.masker.probe, self.optimizer, self.lagrangian)
        self.done = int(record["done"])
        self.learning = list(tensors.get("learning", torch.zeros(0)).unbind())
        for seed, quality in by_seed(record["best"]).items():
            self.best[seed] = (_quality(quality), kept[seed])
        for entry in record["history"]:
            found = {key: by_seed(entry[key]) for key in ("quality", "multipliers", "divergence")}
            found["quality"] = {seed: _quality(q) for seed, q in found["quality"].items()}
            self.history.append({**entry, **found})
        return int(record["epoch"]) + 1


def _asks(layer: nn.Module) -> bool:
    return all(parameter.requires_grad for parameter in layer.parameters())


def _quality(value: dict[str, Any]) -> Quality:
    return Quality(**{**value, "per_layer": tuple(value["per_layer"])})
