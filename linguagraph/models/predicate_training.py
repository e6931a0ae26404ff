"""Sentences with frames -> a trained predicate finder on disk, its thresholds and its scores."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from linguagraph.documents.records import Sentence
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.models.batch import bucket
from linguagraph.models.predicate_batch import (
    PREDICATE_TYPES,
    EncodedSentence,
    PredicateVocabulary,
    collate_sentences,
    encode_sentence,
)
from linguagraph.models.predicate_checkpoints import save_finder
from linguagraph.models.predicate_scoring import (
    best_threshold,
    count_positions,
    held_out,
    score_predicates,
)
from linguagraph.models.predicates import (
    PredicateConfig,
    PredicateFinder,
    find_predicates,
    predicate_probabilities,
)
from linguagraph.models.scoring import RoleCounts
from linguagraph.models.stepper import Stepper
from linguagraph.models.world import World

__all__ = [
    "PredicateTrainConfig",
    "train_predicates",
]


@dataclass(frozen=True)
class PredicateTrainConfig:
    """How a predicate finder is trained.

    Attributes:
        epochs: passes over the training data; the learning rate falls to zero over all of them.
        tokens: tokens per batch.
        lr, weight_decay, clip, average: see :class:`linguagraph.models.stepper.Stepper`.
        patience: epochs without a better F1 on the held-out part before training stops.
        held_out: share of the training data, above 0 and at most 0.5, that chooses the epoch and
            the thresholds; see :func:`linguagraph.models.predicate_scoring.held_out`.
        rare_word: words and lemmas seen less often are unknown.
        seed: of initialisation, order and dropout; on CPU the same seed gives the same weights.
    """

    epochs: int = 8
    tokens: int = 1000
    lr: float = 3e-3
    weight_decay: float = 0.01
    clip: float = 5.0
    average: float = 0.998
    patience: int = 4
    held_out: float = 0.1
    rare_word: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.tokens < 1:
            raise ConfigError(f"epochs={self.epochs}, tokens={self.tokens}; expected at least 1")
        if not 0 < self.held_out <= 0.5:
            raise ConfigError(f"held_out={self.held_out}; expected above 0 and at most 0.5")


def _tune(
    finder: PredicateFinder, encoded: Sequence[EncodedSentence]
) -> tuple[dict[str, float], RoleCounts]:
    """Thresholds by type from held-out sentences, and the counts that they give there."""
    odds = torch.cat(predicate_probabilities(finder, encoded))
    gold = torch.cat([torch.from_numpy(e.gold) for e in encoded])
    types = torch.cat([torch.from_numpy(e.types) for e in encoded])
    thresholds, counts = {}, RoleCounts()
    for number, kind in enumerate(PREDICATE_TYPES):
        here = types == number
        thresholds[kind] = best_threshold(odds[here], gold[here])
        counts += count_positions(odds[here] >= thresholds[kind], gold[here])
    return thresholds, counts


def train_predicates(
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    directory: str | Path,
    *,
    model: PredicateConfig,
    config: PredicateTrainConfig,
    name: str = "predicates",
    data: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[int, int, int], None] | None = None,
    world: World | None = None,
) -> dict[str, Any]:
    """Train a predicate finder; a held-out part of ``train`` chooses epoch and thresholds.

    Writes into ``directory``: ``model.safetensors`` + ``model.json`` (the best so far, 16-bit
    floats), ``trainer.safetensors`` + ``.json`` (to resume from), ``config.json`` and
    ``log.jsonl``.

    Args:
        train: annotated sentences.
        dev: annotated sentences; only scored, nothing is chosen by them.
        directory: made if need be; must hold no training unless ``resume``.
        model, config: architecture and training options.
        name: recorded as the model's name.
        data: recorded as the model's data (names and fingerprints).
        device: where to train.
        resume: go on from ``trainer.safetensors`` if it is there.
        log: receives one line per epoch.
        progress: called with (epoch, step, steps per epoch) after every step.
        world: processes that train together; the first one alone writes.

    Returns:
        The record of the kept model.

    Raises:
        RunError: the directory holds another training, or the loss is not finite.
        ConfigError: no predicate in the training part, in the held-out part or in ``dev``.
    """
    out = Path(directory)
    settings = {"model": model.to_json(), "training": asdict(config), "data": dict(data or {})}
    world = world or World()
    world.once(lambda: _claim(out, settings, resume=resume))
    apart = held_out(len(train), config.held_out, seed=config.seed)
    parts = (
        [s for s, out_of_it in zip(train, apart, strict=True) if len(s) and not out_of_it],
        [s for s, out_of_it in zip(train, apart, strict=True) if len(s) and out_of_it],
    )
    if not all(any(s.frames for s in part) for part in (*parts, dev)):
        raise ConfigError(
            "training needs a predicate in the training part, in its held-out part and in dev"
        )
    torch.manual_seed(config.seed)
    vocabulary = PredicateVocabulary.build(parts[0], rare_word=config.rare_word)
    work = _Training(
        PredicateFinder(model, vocabulary).to(torch.device(device)),
        [encode_sentence(s, vocabulary) for s in parts[0]],
        [encode_sentence(s, vocabulary) for s in parts[1]],
        config,
        world,
    )
    return work.run(out, dev, {"name": name, **settings}, resume=resume, log=log, progress=progress)


def _claim(out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path = out / "config.json"
    if not path.is_file():
        write_json(path, settings)
    elif not resume:
        raise RunError(f"{out} already holds a training; resume it or choose another directory")
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise RunError(f"{path} differs from the options given; a training resumes as it began")


def _record_of(out: Path) -> dict[str, Any]:
    """What is known of the best model so far."""
    record: dict[str, Any] = json.loads((out / "model.json").read_text(encoding="utf-8"))
    record.pop("vocabulary", None)
    return record


class _Training:
    """Finder, data and optimiser of one training."""

    def __init__(
        self,
        finder: PredicateFinder,
        train: Sequence[EncodedSentence],
        held_out: Sequence[EncodedSentence],
        config: PredicateTrainConfig,
        world: World,
    ) -> None:
        self.finder, self.train, self.held_out, self.config = finder, train, held_out, config
        self.lengths = [len(e) for e in train]
        self.world = world
        cut = bucket(self.lengths, tokens=config.tokens, seed=config.seed)
        world.check_batches(max(map(len, cut)), option="tokens", value=config.tokens)
        self.stepper = Stepper(
            finder,
            steps=len(cut) * config.epochs,
            lr=config.lr,
            weight_decay=config.weight_decay,
            clip=config.clip,
            average=config.average,
            world=world,
        )

    def run(
        self,
        out: Path,
        dev: Sequence[Sentence],
        settings: dict[str, Any],
        *,
        resume: bool,
        log: Callable[[str], None],
        progress: Callable[[int, int, int], None] | None,
    ) -> dict[str, Any]:
        """Epochs until the last or until patience ends; returns the record of the best."""
        first, best, record = 0, -1.0, {}
        if resume and self.world.ask(lambda: (out / "trainer.safetensors").is_file()):
            saved = self.stepper.load(out / "trainer.safetensors")
            first, best = int(saved["epoch"]) + 1, float(saved["best"])
            record = self.world.ask(lambda: _record_of(out))
        waited = first - 1 - int(record.get("training", {}).get("epoch", first - 1))
        for epoch in range(first, self.config.epochs):
            if waited >= self.config.patience:
                break
            started = time.perf_counter()
            loss = self._epoch(epoch, progress)
            self.stepper.swap()
            self.finder.thresholds, counts = _tune(self.finder, self.held_out)
            line = {"epoch": epoch, "loss": round(loss, 5), "held_out_f1": round(counts.f1, 5)}
            waited += 1
            if counts.f1 > best:
                best, waited = counts.f1, 0
                record = self._record(settings, dev, line)
                if self.world.first:
                    save_finder(out / "model.safetensors", self.finder, record, half=True)
            self.stepper.swap()
            line["seconds"] = round(time.perf_counter() - started, 1)
            if self.world.first:
                self.stepper.save(out / "trainer.safetensors", {"epoch": epoch, "best": best})
                with open(out / "log.jsonl", "a", encoding="utf-8") as stream:
                    stream.write(json.dumps(line) + "\n")
            log(
                f"epoch {epoch + 1}/{self.config.epochs}  loss {loss:.4f}  held-out F1 "
                f"{100 * counts.f1:.2f}  (best {100 * best:.2f})  {line['seconds']:.0f} s"
            )
        return record

    def _epoch(self, epoch: int, progress: Callable[[int, int, int], None] | None) -> float:
        seed = self.config.seed * 1000 + epoch
        torch.manual_seed(self.world.seed(seed))
        self.finder.train()
        device = self.finder.root.device
        batches = bucket(self.lengths, tokens=self.config.tokens, seed=seed)
        summed = 0.0
        for step, run in enumerate(batches):
            part, tokens = self.world.part(len(run)), sum(self.lengths[i] for i in run)
            batch = collate_sentences([self.train[i] for i in part.of(run)]).to(device)
            logits, gold = self.stepper.module(batch), batch.gold.float()
            loss = F.binary_cross_entropy_with_logits(logits, gold, reduction="sum")
            value = self.stepper.update(loss * (part.weight / tokens))
            if not math.isfinite(value):
                raise RunError(f"the loss became {value} in epoch {epoch}; lower the learning rate")
            summed += value
            if progress is not None:
                progress(epoch, step + 1, len(batches))
        return summed / len(batches)

    def _record(
        self, settings: dict[str, Any], dev: Sequence[Sentence], line: dict[str, Any]
    ) -> dict[str, Any]:
        from linguagraph import __version__

        counts = score_predicates(dev, find_predicates(dev, self.finder))
        return {
            "name": settings["name"],
            "scores": {
                kind: {"precision": c.precision, "recall": c.recall, "f1": c.f1, "gold": c.gold}
                for kind, c in counts.items()
            },
            "training": {
                **asdict(self.config),
                "epoch": line["epoch"],
                "held_out_f1": line["held_out_f1"],
                "sentences": len(self.train),
                "held_out_sentences": len(self.held_out),
            },
            "data": settings["data"],
            "licence": settings["data"].get("licence"),
            "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
        }
