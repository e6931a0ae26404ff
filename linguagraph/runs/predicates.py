"""Corpora and options -> a trained predicate finder on disk; its name -> the finder, its scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

import linguagraph.pretrained
from linguagraph.documents import read_sentences
from linguagraph.errors import ConfigError
from linguagraph.models.devices import find_device
from linguagraph.models.predicate_checkpoints import load_finder
from linguagraph.models.predicate_scoring import score_predicates
from linguagraph.models.predicate_training import PredicateTrainConfig, train_predicates
from linguagraph.models.predicates import (
    PredicateConfig,
    PredicateFinder,
    find_predicates,
)
from linguagraph.models.scoring import RoleCounts
from linguagraph.models.world import World
from linguagraph.runs.configuring import corpus_fingerprint, read_tables, updated
from linguagraph.runs.directory import free_threads
from linguagraph.runs.progress import Progress, no_progress

__all__ = [
    "BUNDLED_FINDER",
    "load_predicate_finder",
    "score_predicates_run",
    "train_predicates_run",
]

BUNDLED_FINDER = "predicates-en"
"""The bundled predicate finder, for English with UD trees.

It follows PropBank's annotation of the English Web Treebank as converted by
:mod:`linguagraph.documents.ewt_srl`: verbs, the copula among them, and eventive nouns and
adjectives; auxiliaries (have.01, be.03, do.01, get.03) are no predicates.
"""


def load_predicate_finder(
    model: str | Path = BUNDLED_FINDER, *, device: str = "auto"
) -> tuple[PredicateFinder, dict[str, Any]]:
    """The bundled finder by its name, or one from a directory, with its record.

    Args:
        model: :data:`BUNDLED_FINDER`, or a directory with ``model.safetensors``.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        ConfigError: neither is there.
        CheckpointError: what is there is no predicate finder, or is damaged.
    """
    path = Path(model)
    if str(model) == BUNDLED_FINDER:
        path = Path(linguagraph.pretrained.__file__).parent / BUNDLED_FINDER
    elif not (path / "model.safetensors").is_file():
        raise ConfigError(
            f"predicates={str(model)!r} is neither the bundled finder ({BUNDLED_FINDER}) nor a "
            "directory with model.safetensors"
        )
    finder, record = load_finder(path)
    return finder.to(find_device(device)), record


def train_predicates_run(
    train: Path,
    dev: Path,
    out: Path,
    *,
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    name: str = "predicates",
    licence: str | None = None,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
    world: World | None = None,
) -> dict[str, Any]:
    """Train a predicate finder from files.

    See :func:`linguagraph.models.predicate_training.train_predicates`.

    Args:
        train, dev: annotated corpora with predicates; dev is only scored.
        out: directory of the model.
        config: TOML file with tables ``[model]`` and ``[training]``.
        overrides: training options that count more than the file's.
        name: recorded with the model.
        licence: of the data, recorded with the model.
        world: processes that train together (see :func:`linguagraph.runs.launch.train_together`),
            in place of ``device``.

    Returns:
        The record of the kept model, with its scores on dev.

    Raises:
        ConfigError: a missing corpus, an unknown option or value.
        RunError: the directory holds another training.
    """
    tables = read_tables(config, ("model", "training"))
    architecture = updated(PredicateConfig(), tables["model"], where="model")
    options = updated(
        PredicateTrainConfig(), {**tables["training"], **(overrides or {})}, where="training"
    )
    data = {
        "train": {"name": train.name, "fingerprint": corpus_fingerprint(train)},
        "dev": {"name": dev.name, "fingerprint": corpus_fingerprint(dev)},
        "licence": licence,
    }
    world = world or World(device=find_device(device))
    torch.set_num_threads(free_threads(threads, neighbours=world.neighbours))
    task: Any = None

    def step(epoch: int, done: int, total: int) -> None:
        nonlocal task
        if done == 1 or task is None:
            task = progress(f"epoch {epoch + 1}/{options.epochs}", total)
        task(1)
        if done == total:
            task.close()

    return train_predicates(
        list(read_sentences(train)),
        list(read_sentences(dev)),
        out,
        model=architecture,
        config=options,
        name=name,
        data=data,
        device=world.device,
        resume=resume,
        log=log,
        progress=step,
        world=world,
    )


def score_predicates_run(
    gold: Path,
    *,
    parsed: Path | None = None,
    model: str | Path = BUNDLED_FINDER,
    device: str = "auto",
) -> dict[str, RoleCounts]:
    """Score a finder on an annotated corpus, by predicate type.

    Args:
        gold: corpus with predicates.
        parsed: the same sentences, word for word, with predicted tags, lemmas and trees; without
            it the finder reads the gold ones.
        model, device: see :func:`load_predicate_finder`.

    Raises:
        ConfigError: no such finder, or the corpora differ in their words.
    """
    finder, _ = load_predicate_finder(model, device=device)
    read = find_predicates(read_sentences(parsed or gold), finder)
    return score_predicates(read_sentences(gold), read)
