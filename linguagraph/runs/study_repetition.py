"""Seeds -> small transformers for sequence tasks, their gradient paths, and a page about them.

The first experiment of Du et al. (2023, section 4): where the first word decides by being repeated,
the highest-weighted path should lead through the keys of the repeated word; and the entropy of the
paths of easy and of hard tasks is compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.aggregates.statistics import Resampling
from linguagraph.aggregates.text_paths import mean_by, part_shares, weight_shares
from linguagraph.analyses.blocks import rows
from linguagraph.errors import ConfigError
from linguagraph.masks.semiring_text import PARTS
from linguagraph.models.text_classifier import TextClassifier, TextConfig
from linguagraph.models.text_training import TextTrainConfig, accuracy, train_text
from linguagraph.reports import Section
from linguagraph.reports.headline import Tile
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.study_page import (
    bar_figure,
    parts_section,
    save_study,
    table_block,
)
from linguagraph.runs.study_paths import FollowedPaths, follow_paths
from linguagraph.runs.study_repetition_keys import follow_symbols, keys_section
from linguagraph.tasks.sequences import SequenceExample, draw_sequences

__all__ = ["RepetitionConfig", "study_repetition"]

TASKS = ("first_symbol", "repeated", "any_repeated", "parity")
"""Tasks whose entropies are compared, in order of expected difficulty."""

_MODEL = TextConfig(
    labels=("no", "yes"),
    layers=2,
    width=64,
    heads=2,
    inner=128,
    positions=16,
    dropout=0.0,
    attention=0.0,
    spread=0.1,
)


@dataclass(frozen=True)
class RepetitionConfig:
    """What is trained and followed.

    Attributes:
        train: sequences per task; dev: those that choose the epoch and are scored.
        sentences: test sequences whose paths are followed, per task.
        epochs, lr, tokens: of training, see
            :class:`linguagraph.models.text_training.TextTrainConfig`.
        seed: of data and weights.
    """

    train: int = 16000
    dev: int = 1000
    sentences: int = 300
    epochs: int = 10
    lr: float = 2e-3
    tokens: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.train, self.dev, self.sentences) < 1:
            raise ConfigError(
                f"train={self.train}, dev={self.dev}, sentences={self.sentences}; expected at "
                "least 1"
            )


@dataclass(frozen=True)
class _Task:
    """One task: its test sequences, and what the model makes of them."""

    name: str
    accuracy: float
    examples: Sequence[SequenceExample]
    paths: FollowedPaths
    model: TextClassifier
    model_print: str


def study_repetition(
    out: Path,
    config: RepetitionConfig,
    *,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train, follow paths and write ``report.html`` with its tables; what is done is kept.

    Args:
        out: directory; models in ``models/``, paths in ``paths/``.
        config: sizes and seed.
        log: receives a line per epoch; progress: bars of the paths.

    Returns:
        The content of ``summary.json``.
    """
    tasks = [_task(out, name, config, log=log, progress=progress) for name in TASKS]
    resampling = Resampling(seed=config.seed)
    repeated = next(task for task in tasks if task.name == "repeated")
    chosen = _where(repeated, repeated.paths.sentences["label"] == 1)
    found = follow_symbols(
        repeated.model,
        [example for example in repeated.examples if example.label],
        out / "paths",
        model_print=repeated.model_print,
        seed=config.seed,
        progress=progress,
    )
    keys, summary = keys_section(found, chosen)
    layers = found["repeated"][1].layers
    parts = parts_section(
        part_shares(layers, PARTS),
        weight_shares(layers, PARTS, resampling=resampling),
        about="paths that start at the repeated symbol",
    )
    entropies, table = _entropies(tasks, resampling)
    summary["tasks"] = table
    manifest = {"study": "repetition", "model": _MODEL.to_json(), "settings": asdict(config)}
    share = summary["through_repeated_keys"]
    tiles = [
        Tile(
            "Through the repeated symbol's keys",
            f"{100 * share['share']:.1f}%",
            "of top paths that start there",
        ),
        Tile("Accuracy", f"{100 * repeated.accuracy:.1f}%", "is the first symbol repeated?"),
    ]
    save_study(
        out,
        (keys, parts, entropies),
        title="Is the first symbol repeated?",
        summary=summary,
        manifest=manifest,
        tiles=tiles,
        notices=_notices(tasks),
    )
    return summary


def _notices(tasks: Sequence[_Task]) -> list[str]:
    """What a model that has not learned its task means."""
    return [
        f"The model of the task {task.name} answers only {100 * task.accuracy:.1f}% of held-out "
        "sequences correctly: its paths say little about the task."
        for task in tasks
        if task.accuracy < 0.95
    ]


def _task(
    out: Path,
    name: str,
    config: RepetitionConfig,
    *,
    log: Callable[[str], None],
    progress: Progress,
) -> _Task:
    seed = 3 * config.seed
    train, dev, test = (
        draw_sequences(name, size, seed=seed + part)
        for part, size in enumerate((config.train, config.dev, config.sentences))
    )
    home = out / "models" / name
    model: TextClassifier = train_text(
        [e.labelled for e in train],
        [e.labelled for e in dev],
        home,
        model=_MODEL,
        config=TextTrainConfig(
            epochs=config.epochs,
            lr=config.lr,
            tokens=config.tokens,
            patience=config.epochs,
            seed=config.seed,
        ),
        name=name,
        data={"task": name, "drawn": config.train, "seed": config.seed},
        resume=True,
        log=lambda line: log(f"{name}: {line}"),
    )
    record = json.loads((home / "model.json").read_text(encoding="utf-8"))
    paths = follow_paths(
        model,
        [e.labelled for e in test],
        out / "paths" / f"{name}.jsonl",
        model_print=record["fingerprint"],
        title=f"paths of {name}",
        progress=progress,
    )
    score = accuracy(model, [e.labelled for e in dev])
    return _Task(name, score, test, paths, model, record["fingerprint"])


def _where(task: _Task, flags: pd.Series) -> FollowedPaths:
    """The paths of some sentences."""
    chosen = task.paths.sentences[flags]
    layers = task.paths.layers
    return FollowedPaths(chosen, layers[layers["sentence"].isin(chosen["sentence"])])


def _entropies(
    tasks: Sequence[_Task], resampling: Resampling
) -> tuple[Section, dict[str, dict[str, float]]]:
    """Entropy of the paths by task, over sequences answered correctly."""
    frames = [_where(t, t.paths.sentences["correct"]).sentences.assign(task=t.name) for t in tasks]
    joined = pd.concat(frames, ignore_index=True)
    table = mean_by(joined, "task", "entropy", resampling=resampling)
    scores = {task.name: task.accuracy for task in tasks}
    table.insert(1, "accuracy", table["task"].map(scores))
    said = "; ".join(
        f"{row['task']} {row['mean']:.2f} nats ({row['low']:.2f} to {row['high']:.2f})"
        for row in rows(table)
    )
    figure, data = bar_figure(
        "entropy_by_task",
        "Mean entropy of the distribution over gradient paths, in nats, by task, over test "
        "sequences answered correctly, with 95% intervals over resampled sequences.",
        said + ".",
        table,
        y="task",
        x="mean",
        xlabel="entropy of paths (nats)",
        percent=False,
    )
    summary = {
        str(row["task"]): {"accuracy": row["accuracy"], "entropy": row["mean"], "n": row["n"]}
        for row in rows(table)
    }
    section = Section(
        "entropy",
        "Easy and hard tasks",
        "Is the gradient spread over more paths where the task is harder?",
        f"Entropy of paths: {said}.",
        (figure,),
        (data, table_block("accuracy_by_task", "Accuracy on held-out sequences.", _scores(tasks))),
        ("All models have the same size and the same training.",),
    )
    return section, summary


def _scores(tasks: Sequence[_Task]) -> pd.DataFrame:
    return pd.DataFrame({"task": [t.name for t in tasks], "accuracy": [t.accuracy for t in tasks]})
