"""CoNLL-U files -> Stanza taggers and parsers, made with its own trainers, and their scores.

Stanza's command for the tagger cannot change the learning rate on a schedule nor go on after an
interruption; both matter here, so this drives its trainers (forward pass, loss, gradient step,
saving) from a loop of our own: the learning rate falls linearly to zero, and every pass over the
data ends with everything on disk that the next one needs.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from linguagraph.errors import CheckpointError, DocumentError
from linguagraph.files import replaced, write_json

__all__ = ["SHAPES", "Schedule", "conll_scores", "fit", "halve", "language_name"]

SHAPES: dict[str, dict[str, str]] = {
    "tagger": {
        "word_cutoff": "3",
        "word_emb_dim": "75",
        "char_emb_dim": "50",
        "char_hidden_dim": "100",
        "transformed_dim": "75",
        "tag_emb_dim": "50",
        "hidden_dim": "200",
        "num_layers": "1",
        "deep_biaff_hidden_dim": "150",
        "dropout": "0.33",
        "word_dropout": "0.2",
        "batch_size": "64",
    },
    "parser": {
        "word_cutoff": "3",
        "word_emb_dim": "75",
        "char_emb_dim": "50",
        "char_hidden_dim": "100",
        "transformed_dim": "75",
        "tag_emb_dim": "50",
        "hidden_dim": "200",
        "num_layers": "2",
        "deep_biaff_hidden_dim": "100",
        "dropout": "0.33",
        "word_dropout": "0.25",
        "optim": "adam",
        "beta2": "0.95",
        "weight_decay": "0",
        "batch_size": "1500",
    },
}
"""Options of Stanza's trainers that make models of a few megabytes; names are Stanza's."""

SWITCHES = {
    "tagger": ("--no_pretrain", "--share_hid"),
    # features are left out: Stanza 1.15 embeds them and then uses the tags in their place
    "parser": ("--no_pretrain", "--no_checkpoint", "--no_ufeats", "--no_second_optim"),
}
METRICS = ("Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "Lemmas", "UAS", "LAS")
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: gradient steps in all.
        lr: peak learning rate of Adam, reached after ``warmup`` steps, falling linearly to zero.
        warmup: steps.
        seed: of initial weights, dropout and order; each pass has its own, derived from it.
    """

    steps: int
    lr: float = 0.003
    warmup: int = 100
    seed: int = 1234

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 1."""
        return self.lr * min(1.0, step / self.warmup) * max(0.0, 1 - (step - 1) / self.steps)


def fit(
    kind: str,
    train: Path,
    dev: Path,
    out: Path,
    *,
    language: str,
    schedule: Schedule,
    log: Callable[[str], None],
    tick: Callable[[int], None],
    every: int = 4,
) -> None:
    """Train a tagger or parser; the file ``out`` is in Stanza's format.

    Beside it lies ``out`` with ``.resume.safetensors`` while the training lasts: the same call goes
    on from there.

    Args:
        kind: ``tagger`` or ``parser``.
        train, dev: CoNLL-U; ``dev`` is only scored, it chooses nothing.
        out: model file.
        language: ISO code.
        schedule: see the class.
        log: receives a line now and then.
        tick: receives the number of steps made.
        every: passes over the data between two scores on ``dev``.

    Raises:
        DocumentError: a corpus is empty.
        CheckpointError: what lies beside ``out`` is of another training.
    """
    worker = _WORKERS[kind](train, dev, language, schedule)
    step = worker.restore(out)
    tick(step)
    started, passes, total = time.monotonic(), 0, 0.0
    while step < schedule.steps:
        worker.reseed(schedule.seed + step)
        for batch in worker.batches():
            step += 1
            worker.set_rate(schedule.rate(step))
            total += worker.update(batch)
            tick(1)
            if step >= schedule.steps:
                break
        passes += 1
        worker.save(out, step)
        if passes % every == 0 or step >= schedule.steps:
            scores = worker.score()
            shown = ", ".join(f"{name} {value:.2f}" for name, value in scores.items())
            log(f"{kind} step {step}: dev {shown} ({time.monotonic() - started:.0f} s)")
    with replaced(out) as temporary:
        worker.trainer.save(str(temporary))
    for path in worker.beside(out):
        path.unlink(missing_ok=True)


class _Worker:
    """What the tagger's and the parser's training have in common."""

    kind: str
    trainer: Any
    optimizers: Mapping[str, Any]

    def __init__(self, train: Path, dev: Path, language: str, schedule: Schedule) -> None:
        from stanza.models.common import utils

        logging.getLogger("stanza").setLevel(logging.WARNING)
        self.utils, self.dev, self.schedule = utils, dev, schedule
        self.described = {
            "kind": self.kind,
            "schedule": asdict(schedule),
            "train": str(train.stat().st_size),
        }
        options = SHAPES[self.kind] | {"lr": str(schedule.lr), "seed": str(schedule.seed)}
        argv = ["--mode", "train", "--lang", language, "--shorthand", f"{language}_own", "--cpu"]
        argv += ["--train_file", str(train), "--eval_file", str(dev), *SWITCHES[self.kind]]
        for name, value in options.items():
            argv += [f"--{name}", value]
        utils.set_random_seed(schedule.seed)
        self.build(argv)

    def build(self, argv: list[str]) -> None:
        raise NotImplementedError

    def batches(self) -> Iterator[Any]:
        raise NotImplementedError

    def update(self, batch: Any) -> float:
        raise NotImplementedError

    def score(self) -> dict[str, float]:
        raise NotImplementedError

    def reseed(self, seed: int) -> None:
        self.utils.set_random_seed(seed)

    def set_rate(self, rate: float) -> None:
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate

    def beside(self, out: Path) -> tuple[Path, Path]:
        return out.with_suffix(".resume.safetensors"), out.with_suffix(".resume.json")

    def save(self, out: Path, step: int) -> None:
        from safetensors.torch import save_file

        tensors, described = self.beside(out)
        values = {}
        for name, parameter in self.trainer.model.named_parameters():
            values[f"weight.{name}"] = parameter.detach().contiguous()
            state = self._state(parameter)
            for key in MOMENTS if state else ():
                values[f"{key}.{name}"] = state[key]
        with replaced(tensors) as temporary:
            save_file(values, str(temporary), metadata={"step": str(step)})
        write_json(described, self.described | {"step": step})

    def restore(self, out: Path) -> int:
        """Load what :meth:`save` wrote, if it did; the step."""
        import torch
        from safetensors import safe_open

        tensors, described = self.beside(out)
        if not tensors.is_file() or not described.is_file():
            return 0
        known = json.loads(described.read_text(encoding="utf-8"))
        if {key: known.get(key) for key in self.described} != self.described:
            raise CheckpointError(
                f"{described} is of another training ({known}); remove it to begin anew"
            )
        with safe_open(str(tensors), "pt") as stored, torch.no_grad():
            step = int(stored.metadata()["step"])
            names = set(stored.keys())
            for name, parameter in self.trainer.model.named_parameters():
                parameter.copy_(stored.get_tensor(f"weight.{name}"))
                if f"exp_avg.{name}" in names:
                    state = {key: stored.get_tensor(f"{key}.{name}") for key in MOMENTS}
                    self._optimizer_of(parameter).state[parameter] = state | {
                        "step": torch.tensor(float(step))
                    }
        return step

    def _optimizer_of(self, parameter: Any) -> Any:
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                if any(parameter is other for other in group["params"]):
                    return optimizer
        return next(iter(self.optimizers.values()))

    def _state(self, parameter: Any) -> dict[str, Any]:
        return next(
            (o.state[parameter] for o in self.optimizers.values() if parameter in o.state), {}
        )


class _Tagger(_Worker):
    kind = "tagger"

    def build(self, argv: list[str]) -> None:
        from stanza.models import tagger
        from stanza.models.pos.data import Dataset
        from stanza.models.pos.trainer import Trainer
        from stanza.utils.conll import CoNLL

        args = tagger.parse_args(argv)
        args["word_cutoff"] = self.utils.update_word_cutoff(None, args["word_cutoff"])
        vocabulary, _, self.shuffled = tagger.load_training_data(args, None)
        document = CoNLL.conll2doc(input_file=str(self.dev))
        self.scored = Dataset(
            document, args, None, vocab=vocabulary, evaluation=True, sort_during_eval=True
        )
        self.set_predictions = tagger.set_predictions
        self.trainer = Trainer(args=args, vocab=vocabulary, pretrain=None, device="cpu")
        self.optimizers = self.trainer.optimizers

    def batches(self) -> Iterator[Any]:
        return iter(self.shuffled)

    def update(self, batch: Any) -> float:
        return float(self.trainer.update(batch))

    def score(self) -> dict[str, float]:
        import torch

        found: list[Any] = []
        order: list[int] = []
        with torch.no_grad():
            for batch in self.scored.to_loader(batch_size=256):
                found += self.trainer.predict(batch)
                order.extend(batch.idx)
        self.set_predictions(self.scored.doc, self.trainer, self.utils.unsort(found, order), None)
        scores = conll_scores(self.dev, f"{self.scored.doc:C}\n\n")
        return {name: scores[name] for name in ("UPOS", "XPOS", "UFeats")}


class _Parser(_Worker):
    kind = "parser"

    def build(self, argv: list[str]) -> None:
        from stanza.models import parser
        from stanza.models.common.doc import DEPREL, HEAD, Document
        from stanza.models.depparse.data import DataLoader
        from stanza.models.depparse.trainer import GraphTrainer
        from stanza.models.depparse.utils import predict_dataset
        from stanza.utils.conll import CoNLL

        args = parser.parse_args(argv)
        args["word_cutoff"] = self.utils.update_word_cutoff(None, args["word_cutoff"])
        sentences = CoNLL.conll2dict(input_file=args["train_file"])[0]
        size = args["batch_size"]
        self.loader = DataLoader(Document(sentences), size, args, None, evaluation=False)
        self.scored = DataLoader(
            CoNLL.conll2doc(input_file=str(self.dev)),
            size,
            args,
            None,
            vocab=self.loader.vocab,
            evaluation=True,
            sort_during_eval=True,
        )
        self.fields, self.predict = [HEAD, DEPREL], predict_dataset
        self.trainer = GraphTrainer(args=args, vocab=self.loader.vocab, pretrain=None, device="cpu")
        self.optimizers = self.trainer.optimizer

    def batches(self) -> Iterator[Any]:
        self.loader.reshuffle()
        return iter(self.loader)

    def update(self, batch: Any) -> float:
        return float(self.trainer.update(batch)[0])

    def score(self) -> dict[str, float]:
        found = self.predict(self.trainer, self.scored)
        self.scored.doc.set(self.fields, [word for sentence in found for word in sentence])
        scores = conll_scores(self.dev, f"{self.scored.doc:C}\n\n")
        return {name: scores[name] for name in ("UAS", "LAS")}


_WORKERS: dict[str, type[_Worker]] = {"tagger": _Tagger, "parser": _Parser}


def conll_scores(gold: Path, system: str) -> dict[str, float]:
    """F1 in percent by metric, with the evaluation of the CoNLL 2018 shared task.

    Args:
        gold: CoNLL-U file.
        system: CoNLL-U text over the same characters.

    Raises:
        DocumentError: the texts differ, or the system's trees are no trees.
    """
    from udtools import udeval

    try:
        found = udeval.evaluate(
            *(
                udeval.load_conllu(io.StringIO(text), name, {})
                for text, name in (
                    (gold.read_text(encoding="utf-8"), gold.name),
                    (system, "system"),
                )
            )
        )
    except udeval.UDError as error:
        raise DocumentError(f"cannot be scored: {error}", path=gold) from error
    return {name: round(100 * found[name].f1, 2) for name in METRICS}


def halve(source: Path, target: Path) -> int:
    """Copy one of Stanza's model files with 16-bit floats; returns the bytes written.

    Stanza loads such files unchanged: weights are converted back when they are copied into the
    model.
    """
    import torch

    def converted(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.half() if value.dtype == torch.float32 else value
        if isinstance(value, dict):
            return type(value)((key, converted(item)) for key, item in value.items())
        if isinstance(value, list):
            return [converted(item) for item in value]
        return value

    stored = torch.load(source, map_location="cpu", weights_only=True)
    with replaced(target) as temporary:
        torch.save(converted(stored), temporary, _use_new_zipfile_serialization=False)
    return target.stat().st_size


def language_name(code: str) -> str:
    """Stanza's name of a language, as the name of a treebank has it (``en`` -> ``English``).

    Raises:
        DocumentError: Stanza knows no such language.
    """
    from stanza.models.common.constant import lcode2lang

    if code not in lcode2lang:
        raise DocumentError(f"unknown language code {code!r}; Stanza knows {sorted(lcode2lang)}")
    return str(lcode2lang[code]).replace(" ", "_")
