"""Items with answers -> a trained model for questions, its checkpoints and scores; resumable."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from linguagraph.documents.item_mentions import ItemMentions, MentionConfig
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.models.qa import QaConfig, QaModel
from linguagraph.models.qa_batch import by_size, collate_qa
from linguagraph.models.qa_checkpoints import save_qa_model
from linguagraph.models.qa_examples import QaExample, QaVocabulary, encode_item
from linguagraph.models.stepper import Stepper
from linguagraph.models.world import World

__all__ = ["QaTrainConfig", "accuracy", "train_qa"]


@dataclass(frozen=True, kw_only=True)
class QaTrainConfig:
    """How a model is trained.

    Attributes:
        epochs: passes over the data.
        auxiliary_epochs: in so many of them, the first ones, auxiliary items are learned, too.
        cells: node pairs (padding counted) per batch; see :func:`by_size`.
        lr: peak learning rate of AdamW, after a warm-up; it falls linearly to zero.
        weight_decay: of AdamW; clip: largest gradient norm; average: see :class:`Stepper`.
        checks: evaluations on dev per epoch; the best of all is kept.
        rare: words seen less often in training windows and queries are unknown.
        seed: of weights, dropout and order.

    Raises:
        ConfigError: a number out of its range.
    """

    epochs: int = 16
    auxiliary_epochs: int = 10
    cells: int = 40_000
    lr: float = 2e-3
    weight_decay: float = 0.05
    clip: float = 5.0
    average: float = 0.998
    checks: int = 3
    rare: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.auxiliary_epochs < 0:
            raise ConfigError(f"auxiliary_epochs={self.auxiliary_epochs}; expected at least 0")
        for name in ("epochs", "cells", "checks", "rare"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")
        if not self.lr > 0:
            raise ConfigError(f"lr={self.lr}; expected a positive number")


def accuracy(
    model: QaModel,
    examples: Sequence[QaExample],
    *,
    cells: int = 40_000,
    world: World | None = None,
) -> tuple[int, int]:
    """Right answers and answers that are known. The model is put into evaluation mode and back.

    Each process of ``world`` does a part of the batches; all get the counts of all.
    """
    world = world or World()
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    known = [example for example in examples if example.answer >= 0]
    right = 0
    with torch.inference_mode():
        batches = by_size([e.num_nodes for e in known], cells=cells)
        for numbers in batches[world.rank :: world.size]:
            batch = collate_qa([known[i] for i in numbers]).to(device)
            right += int((model(batch).logits.argmax(-1) == batch.answer).sum())
    model.train(was_training)
    return int(world.total(torch.tensor(right))), len(known)


def train_qa(
    train: Sequence[ItemMentions],
    dev: Sequence[ItemMentions],
    directory: str | Path,
    *,
    model: QaConfig,
    config: QaTrainConfig,
    mentions: MentionConfig,
    auxiliary: Sequence[ItemMentions] = (),
    name: str = "qa",
    data: dict[str, Any] | None = None,
    device: torch.device | str = "cpu",
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[int, int, int], None] | None = None,
    world: World | None = None,
) -> dict[str, Any]:
    """Train a model and keep the check with the best dev accuracy.

    Writes into ``directory``: ``model.safetensors`` + ``.json`` (the best so far, 16-bit floats),
    ``trainer.safetensors`` + ``.json`` (to resume from), ``config.json`` and ``log.jsonl``. Gold
    annotation of the reasoning is not looked at.

    Args:
        train, dev: items with mentions; those without an answer are left out.
        directory: made if need be; must hold no other training.
        model, config: architecture and training options.
        mentions: how the mentions were found, recorded with the model.
        auxiliary: further items for the first epochs: easier ones (with one hop) teach what
            mentions and relations are before two hops must be found.
        name: recorded as the model's name.
        data: recorded as the model's data.
        device: where to train.
        resume: go on from ``trainer.safetensors`` if it is there.
        log: receives a line per check.
        progress: called with (epoch, step, steps per epoch) after every step.
        world: processes that train together; the first one alone writes.

    Returns:
        The record of the kept model.

    Raises:
        RunError: the directory holds another training; the loss is not finite.
        ConfigError: no training or dev items with an answer.
    """
    out = Path(directory)
    settings = {
        "model": model.to_json(),
        "training": asdict(config),
        "mentions": mentions.to_json(),
        "data": data or {},
    }
    if not all(any(i.item.answer is not None for i in part) for part in (train, dev)):
        raise ConfigError("training needs items with an answer in the train and in the dev data")
    world = world or World()
    world.once(lambda: _claim(out, settings, resume=resume))
    device = torch.device(device)
    torch.manual_seed(config.seed)
    vocabulary = QaVocabulary.build([*train, *auxiliary], model.window, rare=config.rare)
    examples, held_out, further = (
        [
            encode_item(found, vocabulary, model.window, relations=model.relations)
            for found in part
            if found.item.answer is not None
        ]
        for part in (train, dev, auxiliary)
    )
    network = QaModel(model, vocabulary).to(device)
    data_of = [
        examples + (further if epoch < config.auxiliary_epochs else [])
        for epoch in range(config.epochs)
    ]
    cut = [_batches(found, config, epoch) for epoch, found in enumerate(data_of)]
    largest = max(len(numbers) for batches in cut for numbers in batches)
    world.check_batches(largest, option="cells", value=config.cells)
    steps = sum(map(len, cut))
    stepper = Stepper(
        network,
        steps=steps + 1,
        lr=config.lr,
        weight_decay=config.weight_decay,
        clip=config.clip,
        average=config.average,
        world=world,
    )
    first, best, record = 0, -1.0, {}
    lines: list[dict[str, Any]] = []
    started = time.perf_counter()
    if resume and world.ask(lambda: (out / "trainer.safetensors").is_file()):
        saved = stepper.load(out / "trainer.safetensors")
        first, best = int(saved["epoch"]) + 1, float(saved["best"])
        record = world.ask(lambda: _record_of(out))
    for epoch in range(first, config.epochs):
        for part, loss in _epoch(stepper, network, data_of[epoch], config, epoch, progress):
            stepper.swap()
            right, known = accuracy(network, held_out, cells=config.cells, world=world)
            score = right / known
            line = {
                "epoch": epoch + part / config.checks,
                "loss": round(loss, 5),
                "dev_accuracy": round(score, 5),
                "seconds": round(time.perf_counter() - started, 1),
            }
            if score > best:
                best = score
                counts = {"examples": len(examples), "auxiliary": len(further)}
                record = _record(name, line, right, known, settings, counts)
                if world.first:
                    save_qa_model(out / "model.safetensors", network, mentions, record)
            stepper.swap()
            lines.append(line)
            log(
                f"epoch {line['epoch']:.2f}/{config.epochs}  loss {loss:.4f}  dev accuracy "
                f"{100 * score:.2f}  (best {100 * best:.2f})  {line['seconds']:.0f} s"
            )
        if world.first:
            stepper.save(out / "trainer.safetensors", {"epoch": epoch, "best": best})
            with open(out / "log.jsonl", "a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(line) + "\n" for line in lines)
        lines.clear()
    return record


def _record_of(out: Path) -> dict[str, Any]:
    """What is known of the best model so far."""
    record: dict[str, Any] = json.loads((out / "model.json").read_text(encoding="utf-8"))
    record.pop("vocabulary", None)
    return record


def _seed(config: QaTrainConfig, epoch: int) -> int:
    return config.seed * 1000 + epoch + 1


def _batches(examples: Sequence[QaExample], config: QaTrainConfig, epoch: int) -> list[list[int]]:
    sizes = [example.num_nodes for example in examples]
    return by_size(sizes, cells=config.cells, seed=_seed(config, epoch))


def _claim(out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path = out / "config.json"
    if not path.is_file():
        write_json(path, settings)
        return
    if not resume:
        raise RunError(f"{out} already holds a training; resume it or choose another directory")
    if json.loads(path.read_text(encoding="utf-8")) != json.loads(json.dumps(settings)):
        raise RunError(f"{path} differs from the options given; a training resumes as it began")


def _epoch(
    stepper: Stepper,
    model: QaModel,
    examples: Sequence[QaExample],
    config: QaTrainConfig,
    epoch: int,
    progress: Callable[[int, int, int], None] | None,
) -> Iterator[tuple[int, float]]:
    """One pass over the data, in as many parts as there are checks.

    Yields:
        number of the part, from 1, and its mean loss per item, in nats.
    """
    torch.manual_seed(stepper.world.seed(_seed(config, epoch)))
    model.train()
    device = next(model.parameters()).device
    batches = _batches(examples, config, epoch)
    ends = [round(len(batches) * k / config.checks) for k in range(1, config.checks + 1)]
    summed, items, part = 0.0, 0, 1
    for step, numbers in enumerate(batches, start=1):
        own = stepper.world.part(len(numbers))
        batch = collate_qa([examples[i] for i in own.of(numbers)]).to(device)
        loss = F.cross_entropy(stepper.module(batch).logits, batch.answer, reduction="sum")
        found = stepper.update(loss * (own.weight / len(numbers)))
        if not math.isfinite(found):
            raise RunError(f"the loss became {found} in epoch {epoch}; lower the learning rate")
        summed, items = summed + found * len(numbers), items + len(numbers)
        if progress is not None:
            progress(epoch, step, len(batches))
        while part <= config.checks and step >= ends[part - 1]:
            if items:
                yield part, summed / items
            summed, items, part = 0.0, 0, part + 1


def _record(
    name: str,
    line: dict[str, Any],
    right: int,
    known: int,
    settings: dict[str, Any],
    counts: dict[str, int],
) -> dict[str, Any]:
    from linguagraph import __version__

    return {
        "name": name,
        "scores": {"accuracy": right / known, "items": known},
        "training": {**settings["training"], "epoch": line["epoch"], **counts},
        "data": settings["data"],
        "licence": settings["data"].get("licence"),
        "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
    }
