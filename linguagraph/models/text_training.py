"""Labelled sentences -> a small text classifier on disk, a log line per epoch; resumable."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.documents.labelled import LabelledText
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.models.batch import bucket
from linguagraph.models.stepper import Stepper
from linguagraph.models.text_batch import TextBatch
from linguagraph.models.text_checkpoints import load_classifier, save_classifier
from linguagraph.models.text_classifier import TextClassifier, TextConfig, build_classifier
from linguagraph.models.text_vocabulary import TextVocabulary

__all__ = ["TextTrainConfig", "accuracy", "train_text"]


@dataclass(frozen=True)
class TextTrainConfig:
    """How a text classifier is trained.

    Attributes:
        epochs: passes over the training data; the learning rate falls to zero over all of them.
        tokens: words per batch.
        lr, weight_decay, clip, average: see :class:`linguagraph.models.stepper.Stepper`.
        patience: epochs without a better accuracy on ``dev`` before training stops.
        word_dropout: share of words replaced by [UNK] in training.
        label_smoothing: of the cross-entropy.
        rare_word: words seen less often are unknown.
        endings: see :meth:`linguagraph.models.text_vocabulary.TextVocabulary.build`.
        seed: of initialisation, order and dropout; on CPU the same seed gives the same weights.
    """

    epochs: int = 12
    tokens: int = 800
    lr: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995
    patience: int = 4
    word_dropout: float = 0.0
    label_smoothing: float = 0.0
    rare_word: int = 2
    endings: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.tokens < 1 or self.patience < 1:
            raise ConfigError(
                f"epochs={self.epochs}, tokens={self.tokens}, patience={self.patience}; "
                "expected at least 1"
            )
        if not 0 <= self.word_dropout < 1:
            raise ConfigError(f"word_dropout={self.word_dropout}; expected in [0, 1)")


def accuracy(model: TextClassifier, examples: Sequence[LabelledText]) -> float:
    """Share of examples whose label gets the highest probability; evaluation mode afterwards.

    Raises:
        ConfigError: there is no example.
    """
    return _score(model, examples)[0]


def _score(model: TextClassifier, examples: Sequence[LabelledText]) -> tuple[float, float]:
    """Accuracy and cross-entropy in nats."""
    if not examples:
        raise ConfigError("no example to score; give at least one")
    odds = model.probabilities([example.words for example in examples])
    gold = torch.tensor([example.label for example in examples])
    right = float((odds.argmax(1) == gold).float().mean())
    return right, float(F.nll_loss(odds.clamp_min(1e-9).log(), gold))


def train_text(
    train: Sequence[LabelledText],
    dev: Sequence[LabelledText],
    directory: str | Path,
    *,
    model: TextConfig,
    config: TextTrainConfig,
    name: str = "text",
    data: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[int, int, int], None] | None = None,
) -> TextClassifier:
    """Train a classifier and keep the epoch with the best accuracy on ``dev``.

    Writes into ``directory``: ``model.safetensors`` + ``model.json`` (the best so far),
    ``trainer.safetensors`` + ``.json`` (to resume from), ``config.json`` and ``log.jsonl``. A
    training that has ended is not trained further: resuming it gives its best model.

    Args:
        train, dev: labelled sentences; ``dev`` chooses the epoch.
        directory: made if need be; must hold no training unless ``resume``.
        model, config: architecture and training options.
        name: recorded as the model's name; data: recorded as its data.
        device: where to train.
        resume: go on from ``trainer.safetensors`` if it is there.
        log: receives one line per epoch.
        progress: called with (epoch, step, steps per epoch) after every step.

    Returns:
        The kept model, in evaluation mode, on the CPU.

    Raises:
        RunError: the directory holds another training, or the loss is not finite.
        ConfigError: no training or dev examples, or a label that the model has not.
    """
    out = Path(directory)
    if not train or not dev:
        raise ConfigError(f"{len(train)} training and {len(dev)} dev examples; give some of each")
    highest = max(example.label for example in (*train, *dev))
    if highest >= len(model.labels):
        raise ConfigError(f"label {highest}; the model has {len(model.labels)}: {model.labels}")
    settings = {"model": model.to_json(), "training": asdict(config), "data": dict(data or {})}
    _claim(out, settings, resume=resume)
    torch.manual_seed(config.seed)
    vocabulary = TextVocabulary.build(
        (example.words for example in train),
        least=config.rare_word,
        endings=config.endings,
        always=model.labels if model.head == "masked" else (),
    )
    work = _Training(build_classifier(model, vocabulary).to(device), train, dev, config)
    work.run(out, {"name": name, **settings}, resume=resume, log=log, progress=progress)
    return load_classifier(out)[0]


def _claim(out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path = out / "config.json"
    if not path.is_file():
        write_json(path, settings)
    elif not resume:
        raise RunError(f"{out} already holds a training; resume it or choose another directory")
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise RunError(f"{path} differs from the options given; a training resumes as it began")


class _Training:
    """Classifier, data and optimiser of one training."""

    def __init__(
        self,
        model: TextClassifier,
        train: Sequence[LabelledText],
        dev: Sequence[LabelledText],
        config: TextTrainConfig,
    ) -> None:
        self.model, self.train, self.dev, self.config = model, train, dev, config
        self.lengths = [len(example.words) for example in train]
        per_epoch = len(bucket(self.lengths, tokens=config.tokens, seed=config.seed))
        self.stepper = Stepper(
            model,
            steps=per_epoch * config.epochs,
            lr=config.lr,
            weight_decay=config.weight_decay,
            clip=config.clip,
            average=config.average,
        )

    def run(
        self,
        out: Path,
        settings: dict[str, Any],
        *,
        resume: bool,
        log: Callable[[str], None],
        progress: Callable[[int, int, int], None] | None,
    ) -> None:
        """Epochs until the last or until patience ends; the best is written."""
        first, best, waited = 0, (-1.0, 0.0), 0
        if resume and (out / "trainer.safetensors").is_file():
            saved = self.stepper.load(out / "trainer.safetensors")
            first, waited = int(saved["epoch"]) + 1, int(saved["waited"])
            best = (float(saved["best"][0]), float(saved["best"][1]))
        for epoch in range(first, self.config.epochs):
            if waited >= self.config.patience:
                break
            started = time.perf_counter()
            loss = self._epoch(epoch, progress)
            self.stepper.swap()
            right, nats = _score(self.model, self.dev)
            line = {
                "epoch": epoch,
                "loss": round(loss, 5),
                "dev_accuracy": round(right, 5),
                "dev_loss": round(nats, 5),
                "seconds": round(time.perf_counter() - started, 1),
            }
            waited += 1
            if (right, -nats) > best:
                best, waited = (right, -nats), 0
                record = self._record(settings, line)
                save_classifier(out / "model.safetensors", self.model, record)
            self.stepper.swap()
            self.stepper.save(
                out / "trainer.safetensors", {"epoch": epoch, "best": list(best), "waited": waited}
            )
            with open(out / "log.jsonl", "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
            log(
                f"epoch {epoch + 1}/{self.config.epochs}  loss {loss:.4f}  dev accuracy "
                f"{100 * right:.2f}  (best {100 * best[0]:.2f})  {line['seconds']:.0f} s"
            )

    def _epoch(self, epoch: int, progress: Callable[[int, int, int], None] | None) -> float:
        seed = self.config.seed * 1000 + epoch
        torch.manual_seed(seed)
        self.model.train()
        batches = bucket(self.lengths, tokens=self.config.tokens, seed=seed)
        summed = 0.0
        for step, run in enumerate(batches):
            value = self.stepper.update(self._loss([self.train[i] for i in run]))
            if not math.isfinite(value):
                raise RunError(f"the loss became {value} in epoch {epoch}; lower the learning rate")
            summed += value
            if progress is not None:
                progress(epoch, step + 1, len(batches))
        return summed / len(batches)

    def _loss(self, examples: Sequence[LabelledText]) -> Tensor:
        batch = self.model.encode([example.words for example in examples])
        if self.config.word_dropout:
            batch = _without_words(batch, self.config.word_dropout, self.model.encoder.piece)
        gold = torch.tensor([example.label for example in examples])
        logits = self.model(batch)
        return F.cross_entropy(
            logits, gold.to(logits.device), label_smoothing=self.config.label_smoothing
        )

    def _record(self, settings: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
        from linguagraph import __version__

        return {
            "name": settings["name"],
            "scores": {"dev_accuracy": line["dev_accuracy"], "dev_loss": line["dev_loss"]},
            "training": {
                **asdict(self.config),
                "epoch": line["epoch"],
                "examples": len(self.train),
            },
            "data": settings["data"],
            "licence": settings["data"].get("licence"),
            "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
        }


def _without_words(batch: TextBatch, share: float, piece: Callable[[str], int]) -> TextBatch:
    """The batch with a share of its words unknown; [MASK] stays."""
    words = ~batch.special_tokens_mask & ~batch.is_mask
    dropped = words & (torch.rand(words.shape, device=words.device) < share)
    ids = torch.where(dropped, piece("[UNK]"), batch.input_ids)
    return TextBatch(
        ids, batch.attention_mask, batch.special_tokens_mask, batch.word_ids, batch.is_mask
    )
