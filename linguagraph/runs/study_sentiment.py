"""Labelled reviews -> a small transformer, DiffMask over its layers, and a page about them.

After the sentiment experiment of De Cao et al. (2020, section 5): which tokens are kept as the
decision emerges over the layers, and of which parts of speech they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from linguagraph.aggregates.statistics import Resampling
from linguagraph.documents.labelled import LabelledText, read_labelled
from linguagraph.errors import ConfigError
from linguagraph.files import fingerprint
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.masks.diffmask_transformers import TransformerUnits
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.unit_controls import ConditionScore, score_units
from linguagraph.masks.units import UnitBatch
from linguagraph.models.text_classifier import TextClassifier, TextConfig, load_pretrained
from linguagraph.models.text_training import TextTrainConfig, accuracy, train_text
from linguagraph.reports.headline import Tile
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.study_page import save_study
from linguagraph.runs.study_sentiment_sections import sentiment_sections
from linguagraph.runs.study_tags import tag_words

__all__ = ["SENTIMENT_MODEL", "SENTIMENT_TRAINING", "SentimentConfig", "study_sentiment"]

SENTIMENT_MODEL = TextConfig(labels=("negative", "positive"), dropout=0.3)
"""Two layers of 128 units and four heads; dropout keeps reviews from being learned by heart."""

SENTIMENT_TRAINING = TextTrainConfig(
    epochs=10, lr=5e-4, word_dropout=0.3, label_smoothing=0.1, patience=4
)
"""About 80 s on one processor core; 0.79 to 0.80 on the dev data of the treebank."""


@dataclass(frozen=True)
class SentimentConfig:
    """What is trained and masked.

    Attributes:
        epochs: of the gates; tolerance: of the divergence, bits.
        multiplier, multiplier_lr: first value and learning rate of the Lagrange multipliers; a
            tolerance as tight as this is not reached from the usual ones (3 and 0.01).
        limit: use only so many sentences of each file, to try things out.
        shown: sentences drawn as heat maps.
        seed: of model and gates.
    """

    epochs: int = 10
    tolerance: float = 0.01
    multiplier: float = 20.0
    multiplier_lr: float = 0.05
    limit: int | None = None
    shown: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.shown < 0 or (self.limit is not None and self.limit < 2):
            raise ConfigError(
                f"epochs={self.epochs}, shown={self.shown}, limit={self.limit}; expected at least "
                "1, 0 and 2"
            )


def study_sentiment(
    data: Path,
    out: Path,
    config: SentimentConfig,
    *,
    model: Path | None = None,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train, mask and write ``report.html`` with its tables; what is done is kept.

    Args:
        data: folder with ``train.tsv`` and ``dev.tsv``, see
            :func:`linguagraph.documents.labelled.read_labelled`.
        out: directory; models in ``models/``.
        config: sizes and seed.
        model: directory of a classifier of transformers; ``None`` trains a small one.
        log: receives lines of both trainings; progress: bars.

    Returns:
        The content of ``summary.json``.
    """
    train, dev = (read_labelled(data / f"{part}.tsv")[: config.limit] for part in ("train", "dev"))
    sources = {f"{p}.tsv": fingerprint(data / f"{p}.tsv") for p in ("train", "dev")}
    network = _model(train, dev, sources, out, config, model, log)
    units = TransformerUnits(network.network, collate=lambda examples: _collate(network, examples))
    masker = _fit(units, train, dev, out, config, log, progress)
    tags = tag_words([example.words for example in dev], progress=progress)
    rows, scores = _measure(masker, network, dev, tags, config)
    sections, summary = sentiment_sections(
        rows,
        scores,
        labels=network.labels,
        shown=config.shown,
        resampling=Resampling(seed=config.seed),
    )
    summary["accuracy"] = accuracy(network, dev)
    summary["within_tolerance"] = bool(masker.result and masker.result.within)
    manifest = {
        "study": "sentiment",
        "model": str(model.name) if model else SENTIMENT_MODEL.to_json(),
        "settings": asdict(config),
        "data": sources,
    }
    tiles = [
        Tile("Accuracy", f"{100 * summary['accuracy']:.1f}%", "on the dev data"),
        Tile(
            "Under the masks", f"{100 * summary['retained_accuracy']:.1f}%", "accuracy, top layer"
        ),
        Tile("Tokens kept", f"{100 * summary['kept_top']:.1f}%", "by all layers together"),
    ]
    notices = []
    if not summary["within_tolerance"]:
        notices.append(
            f"The gates miss the tolerance of {config.tolerance} bits on the dev data: train them "
            "longer, or allow more."
        )
    save_study(
        out,
        sections,
        title="Sentiment: which words, as the decision emerges",
        summary=summary,
        manifest=manifest,
        tiles=tiles,
        notices=notices,
    )
    return summary


def _model(
    train: Sequence[LabelledText],
    dev: Sequence[LabelledText],
    sources: dict[str, str],
    out: Path,
    config: SentimentConfig,
    directory: Path | None,
    log: Callable[[str], None],
) -> TextClassifier:
    if directory is not None:
        return load_pretrained(directory)
    settings = {**asdict(SENTIMENT_TRAINING), "seed": config.seed}
    return train_text(
        train,
        dev,
        out / "models" / "sentiment",
        model=SENTIMENT_MODEL,
        config=TextTrainConfig(**settings),
        name="sentiment",
        data={**sources, "limit": config.limit},
        resume=True,
        log=log,
    )


def _collate(model: TextClassifier, examples: Sequence[LabelledText]) -> Mapping[str, Any]:
    """A tokenised batch as :class:`TransformerUnits` takes it."""
    batch = model.encode([example.words for example in examples])
    words = [[None if w < 0 else w for w in row] for row in batch.word_ids.tolist()]
    return {
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "special_tokens_mask": batch.special_tokens_mask.long(),
        "word_ids": words,
    }


def _fit(
    units: TransformerUnits,
    train: Sequence[LabelledText],
    dev: Sequence[LabelledText],
    out: Path,
    config: SentimentConfig,
    log: Callable[[str], None],
    progress: Progress,
) -> DiffMask:
    masker = DiffMask(units, seed=config.seed)
    settings = DiffMaskTraining(
        epochs=config.epochs,
        constraint=LagrangianConfig(
            tolerance=config.tolerance, initial=config.multiplier, lr=config.multiplier_lr
        ),
    )
    tick, done = None, 0

    def advance(step: int, steps: int) -> None:
        nonlocal tick, done
        if tick is None:
            tick = progress("DiffMask", steps)
        tick(step - done)
        done = step

    folder = out / "models" / "diffmask"
    folder.mkdir(parents=True, exist_ok=True)
    masker.fit(train, dev, settings, directory=folder, resume=True, log=log, progress=advance)
    masker.save(folder / "gates.safetensors", record={"training": settings.to_json()})
    return masker


def _measure(
    masker: DiffMask,
    network: TextClassifier,
    dev: Sequence[LabelledText],
    tags: Sequence[Sequence[str]],
    config: SentimentConfig,
) -> tuple[pd.DataFrame, list[ConditionScore]]:
    """A row per word and layer (kept if one of its pieces is), and the controls' scores."""
    frames, batches = [], []
    gold: dict[int, Tensor] = {}
    odds = network.probabilities([example.words for example in dev])
    for start in range(0, len(dev), 64):
        part = dev[start : start + 64]
        batch = masker.model.batch(part)
        batches.append(batch)
        gold[id(batch)] = torch.tensor([example.label for example in part])
        mask = masker.mask(batch)
        example = batch.unit_example.cpu().numpy()
        word = batch.content.word.cpu().numpy()
        for layer, name in enumerate(mask.state_names):
            frames.append(
                pd.DataFrame(
                    {
                        "sentence": start + example,
                        "position": word,
                        "layer": name,
                        "score": mask.scores[layer].cpu().numpy().astype(np.float64),
                        "kept": mask.retained[layer].cpu().numpy(),
                    }
                )
            )
    pieces = pd.concat(frames, ignore_index=True)
    rows = pieces.groupby(["sentence", "position", "layer"], as_index=False, sort=False).max()
    pairs = list(zip(rows["sentence"], rows["position"], strict=True))
    rows["word"] = [dev[s].words[p] for s, p in pairs]
    rows["upos"] = [tags[s][p] for s, p in pairs]
    rows["label"] = [dev[s].label for s, _ in pairs]
    rows["predicted"] = odds.argmax(1).numpy()[rows["sentence"]]

    def count(batch: UnitBatch, answers: Tensor) -> Mapping[str, float]:
        right = answers.argmax(1).cpu() == gold[id(batch)]
        return {"right": float(right.sum()), "answers": float(len(right))}

    return rows, score_units(masker, batches, seed=config.seed, count=count)
