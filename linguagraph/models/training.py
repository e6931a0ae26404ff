"""Sentences -> a trained SRL model on disk, with a log line per epoch; resumable at every epoch."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.documents.records import Sentence, predicate_type
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import write_json
from linguagraph.graphs.context import ContextGraph
from linguagraph.models.batch import SrlExample, bucket, collate, encode_examples, in_order
from linguagraph.models.checkpoints import load_tensors, save_model, save_tensors
from linguagraph.models.scoring import RoleCounts, total
from linguagraph.models.srl import SrlConfig, SrlModel
from linguagraph.models.vocabulary import SrlVocabulary
from linguagraph.models.world import World

__all__ = ["SrlTrainConfig", "evaluate", "train_srl"]


@dataclass(frozen=True)
class SrlTrainConfig:
    """How an SRL model is trained.

    Attributes:
        epochs: passes over the training data; the learning rate falls to zero over all of them.
        tokens: tokens per batch (a token counts once per predicate of its sentence).
        lr: peak learning rate of AdamW, after a warm-up over the first 3% of the steps.
        weight_decay: of AdamW.
        label_smoothing: of the cross-entropy.
        clip: largest gradient norm.
        average: decay per step of the running average of weights that is evaluated and kept.
        patience: epochs without a better dev F1 before training stops.
        precision: ``float32`` or ``bfloat16`` (autocast; weights stay in 32 bits).
        rare_word: words and lemmas seen less often are unknown.
        seed: of initialisation, order and dropout; on CPU the same seed gives the same weights.
    """

    epochs: int = 16
    tokens: int = 2000
    lr: float = 2e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    clip: float = 5.0
    average: float = 0.998
    patience: int = 5
    precision: str = "float32"
    rare_word: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "bfloat16"):
            raise ConfigError(f"precision={self.precision!r}; expected 'float32' or 'bfloat16'")
        if self.epochs < 1 or self.tokens < 1:
            raise ConfigError(f"epochs={self.epochs}, tokens={self.tokens}; expected at least 1")


class _Trainer:
    """Model, optimiser and running average of one training; knows how to save and resume."""

    def __init__(
        self,
        model: SrlModel,
        config: SrlTrainConfig,
        *,
        steps: int,
        device: torch.device,
        world: World | None = None,
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.world = world or World()
        self.module = self.world.wrap(model)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.lr, weight_decay=config.weight_decay, foreach=True
        )
        self.average = {name: p.detach().clone() for name, p in model.named_parameters()}
        self.step = 0

    def rate(self) -> float:
        """Learning rate of the next step: linear warm-up, then linear decay."""
        warm = max(1, int(0.03 * self.steps))
        if self.step < warm:
            return self.config.lr * (self.step + 1) / warm
        return self.config.lr * max(0.0, (self.steps - self.step) / max(1, self.steps - warm))

    def update(self, examples: Sequence[SrlExample]) -> float:
        """One gradient step on a batch, of which each process does a part; returns the loss.

        The loss is in nats per token of the whole batch.
        """
        model, config, part = self.model, self.config, self.world.part(len(examples))
        tokens = max(1, sum(int((example.roles != -100).sum()) for example in examples))
        batch = collate(part.of(examples), num_labels=len(model.vocabulary.labels)).to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        half = config.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            logits = self.module(batch).logits
        loss = F.cross_entropy(
            logits.float(),
            batch.roles,
            ignore_index=-100,
            label_smoothing=config.label_smoothing,
            reduction="sum",
        ) * (part.weight / tokens)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss * self.world.size)  # the mean over processes is taken
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip, foreach=True)
        self.optimizer.step()
        self.step += 1
        decay = min(config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), list(model.parameters()), 1 - decay)
        return float(self.world.total(loss))

    def save(self, path: Path, record: dict[str, Any]) -> None:
        """Everything that :meth:`load` needs to go on as if nothing had happened."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.model.named_parameters():
            tensors[f"model.{name}"] = parameter
            tensors[f"average.{name}"] = self.average[name]
            for key in ("exp_avg", "exp_avg_sq"):
                tensors[f"{key}.{name}"] = self.optimizer.state[parameter][key]
        save_tensors(path, tensors, {"kind": "srl-trainer", "step": self.step, **record})

    def load(self, path: Path) -> dict[str, Any]:
        """Restore weights, averages, moments and the step; returns the record."""
        tensors, record = self.world.copied(lambda: load_tensors(path))
        self.step = int(record["step"])
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(tensors[f"model.{name}"])
                self.average[name].copy_(tensors[f"average.{name}"])
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step)),
                    "exp_avg": tensors[f"exp_avg.{name}"].to(parameter.device),
                    "exp_avg_sq": tensors[f"exp_avg_sq.{name}"].to(parameter.device),
                }
        return record


def evaluate(
    model: SrlModel,
    examples: Sequence[SrlExample],
    *,
    tokens: int = 6000,
    device: torch.device | str = "cpu",
    world: World | None = None,
) -> dict[str, RoleCounts]:
    """Role counts by predicate type (``V``, ``N``, ``J``, ``O``) and in ``all``.

    The model is put into evaluation mode and back. Each process of ``world`` does a part of the
    batches; all get the counts of all.
    """
    world = world or World()
    was_training = model.training
    model.eval()
    counts: dict[str, RoleCounts] = {"all": RoleCounts()}
    by_type: dict[str, list[SrlExample]] = {}
    for example in examples:
        token = example.sentence.tokens[example.frame.predicate]
        by_type.setdefault(predicate_type(token.xpos, token.upos), []).append(example)
    with torch.inference_mode():
        for kind, group in by_type.items():
            group = sorted(group, key=lambda example: example.num_nodes)
            counts[kind] = RoleCounts()
            runs = in_order([e.num_nodes for e in group], tokens=tokens)
            for run in runs[world.rank :: world.size]:
                batch = collate(
                    [group[i] for i in run], num_labels=len(model.vocabulary.labels)
                ).to(device)
                counts[kind] += total(batch, model(batch).logits)
    model.train(was_training)
    own = [[c.correct, c.predicted, c.gold] for c in counts.values()]
    added = world.total(torch.tensor(own)).tolist()
    counts = {kind: RoleCounts(*row) for kind, row in zip(counts, added, strict=True)}
    counts["all"] = sum((counts[kind] for kind in by_type), RoleCounts())
    return counts


def train_srl(
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    directory: str | Path,
    *,
    model: SrlConfig,
    config: SrlTrainConfig,
    name: str = "srl",
    data: dict[str, Any] | None = None,
    graphs: tuple[Mapping[int, ContextGraph], Mapping[int, ContextGraph]] | None = None,
    device: torch.device | str = "cpu",
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Callable[[int, int, int], None] | None = None,
    world: World | None = None,
) -> dict[str, Any]:
    """Train an SRL model and keep the epoch with the best dev F1.

    Writes into ``directory``: ``model.safetensors`` + ``model.json`` (the best so far, 16-bit
    floats), ``trainer.safetensors`` + ``.json`` (to resume from), ``config.json`` and
    ``log.jsonl``.

    Args:
        train, dev: annotated sentences.
        directory: made if need be; must be empty unless ``resume``.
        model, config: architecture and training options.
        name: recorded as the model's name.
        data: recorded as the model's data (paths are not kept; names and fingerprints are).
        graphs: of the train and of the dev sentences with predicates, by their index: for models
            with edges of further kinds (see :mod:`linguagraph.models.contexts`), and only for them.
        device: where to train.
        resume: go on from ``trainer.safetensors`` if it is there.
        log: receives one line per epoch.
        progress: called with (epoch, step, steps per epoch) after every step.
        world: processes that train together; the first one alone writes.

    Returns:
        The record of the kept model.

    Raises:
        RunError: the directory holds another training.
        ConfigError: no training or dev examples; graphs are missing, or not wanted.
    """
    if model.merged is not (graphs is not None):
        raise ConfigError(
            f"the model has edges of the kinds {', '.join(model.kinds)}; "
            + ("give the graphs of the documents" if model.merged else "give no graphs")
        )
    out = Path(directory)
    settings = {"model": model.to_json(), "training": asdict(config), "data": data or {}}
    world = world or World()
    world.once(lambda: _claim(out, settings, resume=resume))
    device = torch.device(device)
    torch.manual_seed(config.seed)
    own, others = graphs if graphs is not None else (None, None)
    vocabulary = SrlVocabulary.build(
        train, rare_word=config.rare_word, labels=_other_labels(own or {})
    )
    examples = list(encode_examples(train, vocabulary, graphs=own))
    held_out = list(encode_examples(dev, vocabulary, graphs=others))
    if not examples or not held_out:
        raise ConfigError("training needs at least one predicate in the train and in the dev data")
    lengths = [example.num_nodes for example in examples]
    network = SrlModel(model, vocabulary).to(device)
    cut = bucket(lengths, tokens=config.tokens, seed=config.seed)
    world.check_batches(max(map(len, cut)), option="tokens", value=config.tokens)
    steps = len(cut) * config.epochs
    trainer = _Trainer(network, config, steps=steps, device=device, world=world)
    first, best, record = 0, -1.0, {}
    if resume and world.ask(lambda: (out / "trainer.safetensors").is_file()):
        saved = trainer.load(out / "trainer.safetensors")
        first, best = int(saved["epoch"]) + 1, float(saved["best"])
        record = world.ask(lambda: _record_of(out))
    waited = first - 1 - int(record.get("training", {}).get("epoch", first - 1))
    for epoch in range(first, config.epochs):
        if waited >= config.patience:
            break
        started = time.perf_counter()
        loss = _epoch(trainer, examples, lengths, epoch, progress)
        counts = _score_average(trainer, held_out)
        f1 = counts["all"].f1
        line = {
            "epoch": epoch,
            "loss": round(loss, 5),
            "dev_f1": round(f1, 5),
            "by_type": {k: round(c.f1, 5) for k, c in sorted(counts.items()) if k != "all"},
            "seconds": round(time.perf_counter() - started, 1),
        }
        waited += 1
        if f1 > best:
            best, waited = f1, 0
            record = _record(name, line, counts, settings, train, examples, config)
            if world.first:
                average = {**network.state_dict(), **trainer.average}
                save_model(out / "model.safetensors", network, record, half=True, state=average)
        if world.first:
            trainer.save(out / "trainer.safetensors", {"epoch": epoch, "best": best})
            with open(out / "log.jsonl", "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        log(
            f"epoch {epoch + 1}/{config.epochs}  loss {loss:.4f}  dev F1 {100 * f1:.2f}"
            f"  (best {100 * best:.2f})  {line['seconds']:.0f} s"
        )
    return record


def _record_of(out: Path) -> dict[str, Any]:
    """What is known of the best model so far."""
    record: dict[str, Any] = json.loads((out / "model.json").read_text(encoding="utf-8"))
    record.pop("vocabulary", None)
    return record


def _other_labels(graphs: Mapping[int, ContextGraph]) -> Iterator[str]:
    """Labels of the edges into the sentences that are not dependencies."""
    for found in graphs.values():
        graph = found.graph
        for label, kind, hops in zip(graph.labels, graph.edge_kinds, found.hops, strict=True):
            if kind != "dependency" and hops == 0:
                yield label


def _claim(out: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path = out / "config.json"
    if path.is_file():
        if not resume:
            raise RunError(f"{out} already holds a training; resume it or choose another directory")
        if json.loads(path.read_text(encoding="utf-8")) != settings:
            raise RunError(f"{path} differs from the options given; a training resumes as it began")
    else:
        write_json(path, settings)


def _epoch(
    trainer: _Trainer,
    examples: Sequence[SrlExample],
    lengths: Sequence[int],
    epoch: int,
    progress: Callable[[int, int, int], None] | None,
) -> float:
    seed = trainer.config.seed * 1000 + epoch
    torch.manual_seed(trainer.world.seed(seed))
    trainer.model.train()
    batches = bucket(lengths, tokens=trainer.config.tokens, seed=seed)
    summed = 0.0
    for step, run in enumerate(batches):
        loss = trainer.update([examples[i] for i in run])
        if not math.isfinite(loss):
            raise RunError(f"the loss became {loss} in epoch {epoch}; lower the learning rate")
        summed += loss
        if progress is not None:
            progress(epoch, step + 1, len(batches))
    return summed / len(batches)


def _score_average(trainer: _Trainer, held_out: Sequence[SrlExample]) -> dict[str, RoleCounts]:
    model = trainer.model
    own = {name: p.detach().clone() for name, p in model.named_parameters()}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(trainer.average[name])
        counts = evaluate(model, held_out, device=trainer.device, world=trainer.world)
        for name, parameter in model.named_parameters():
            parameter.copy_(own[name])
    return counts


def _record(
    name: str,
    line: dict[str, Any],
    counts: dict[str, RoleCounts],
    settings: dict[str, Any],
    train: Sequence[Sentence],
    examples: Sequence[SrlExample],
    config: SrlTrainConfig,
) -> dict[str, Any]:
    from linguagraph import __version__

    return {
        "name": name,
        "scores": {
            kind: {"precision": c.precision, "recall": c.recall, "f1": c.f1}
            for kind, c in sorted(counts.items())
        },
        "training": {
            **asdict(config),
            "epoch": line["epoch"],
            "sentences": len(train),
            "examples": len(examples),
        },
        "data": settings["data"],
        "licence": settings["data"].get("licence"),
        "versions": {"linguagraph": __version__, "torch": torch.__version__.split("+")[0]},
    }
