"""Verbs that agree -> a small transformer, its gradient paths by layer, and a page about them.

After the study of subject-verb agreement of Du et al. (2023, section 4): through which part of
attention the highest-weighted path leads, and whether it starts at the subject. Theirs explains
BERT; here a small model is trained, or a directory of transformers is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import Resampling
from linguagraph.aggregates.text_paths import part_shares, share_by_group, weight_shares
from linguagraph.analyses.blocks import rows
from linguagraph.documents.agreement import AgreementItem
from linguagraph.errors import ConfigError
from linguagraph.files import fingerprint
from linguagraph.masks.semiring_text import PARTS
from linguagraph.models.text_classifier import TextClassifier, TextConfig, load_pretrained
from linguagraph.models.text_training import TextTrainConfig, train_text
from linguagraph.reports import Section
from linguagraph.reports.headline import Tile
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.study_agreement_data import AgreementData, read_agreement
from linguagraph.runs.study_page import (
    bar_figure,
    parts_section,
    save_study,
    shown_share,
    table_block,
)
from linguagraph.runs.study_paths import FollowedPaths, follow_paths

__all__ = ["AgreementConfig", "study_agreement"]

_LABELS = ("is", "are")
_POSITIONS = 64
_MODEL = TextConfig(
    labels=_LABELS, head="masked", layers=2, width=64, heads=4, inner=128, positions=_POSITIONS,
    dropout=0.2, spread=0.05,
)  # fmt: skip


@dataclass(frozen=True)
class AgreementConfig:
    """What is trained and followed.

    Attributes:
        sentences: test sentences whose paths are followed, as many of each number of attractors as
            there are, in turn.
        prefix: the model sees what stands before the verb only; else the whole sentence.
        epochs: of training; rare_word: rarer words share pieces by ending.
        seed: of weights, order and resamples.
    """

    sentences: int = 500
    prefix: bool = True
    epochs: int = 14
    rare_word: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.sentences < 1:
            raise ConfigError(f"sentences={self.sentences}; expected at least 1")


def study_agreement(
    trees: Path,
    linzen: Path,
    out: Path,
    config: AgreementConfig,
    *,
    model: Path | None = None,
    limit: int | None = None,
    log: Callable[[str], None] = print,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train, follow paths and write ``report.html`` with its tables; what is done is kept.

    Args:
        trees: CoNLL-U to train on; linzen: folder with ``linzen.text`` and ``linzen.gold``.
        out: directory; the model in ``models/``, paths in ``paths/``.
        config: sizes and seed.
        model: directory of a masked language model of transformers; ``None`` trains a small one.
        limit: parse only so many test sentences.
        log: receives a line per epoch; progress: bars.

    Returns:
        The content of ``summary.json``.
    """
    data = read_agreement(
        trees, linzen, out, longest=_POSITIONS - 2, limit=limit, log=log, progress=progress
    )
    network, model_print = _model(data, out, config, model, log)
    scores = _accuracy(network, data.test, config)
    items = _in_turn(data.known, config.sentences)
    found = follow_paths(
        network,
        [item.masked(prefix=config.prefix) for item in items],
        out / "paths" / "agreement.jsonl",
        model_print=model_print,
        progress=progress,
    )
    resampling = Resampling(seed=config.seed)
    right = found.sentences[found.sentences["correct"]]
    own = follow_paths(
        network,
        [item.masked(prefix=config.prefix) for item in items],
        out / "paths" / "agreement_from_subject.jsonl",
        model_print=model_print,
        starts=[int(item.subject or 0) for item in items],
        title="paths from subjects",
        progress=progress,
    )
    starts, summary = _starts(items, found)
    sections = (
        _accuracy_section(scores),
        starts,
        _parts(own, right["sentence"], resampling, about="paths that start at the subject"),
        _parts(
            found,
            right["sentence"],
            resampling,
            about="paths from anywhere",
            name="parts_anywhere",
            title="The same, wherever paths start",
        ),
        _dropped(data),
    )
    whole = scores.iloc[-1]
    summary["accuracy"] = {str(row["attractors"]): row["share"] for row in rows(scores)}
    manifest = {
        "study": "agreement",
        "model": str(model.name) if model else _MODEL.to_json(),
        "settings": asdict(config),
        "data": data.sources,
    }
    tiles = [
        Tile("Accuracy", f"{100 * whole['share']:.1f}%", "number of the masked verb"),
        Tile(
            "Paths from the subject",
            f"{100 * summary['starts_at_subject']['share']:.1f}%",
            "of top paths from words but the verb",
        ),
    ]
    save_study(
        out,
        sections,
        title="Subject-verb agreement",
        summary=summary,
        manifest=manifest,
        tiles=tiles,
    )
    return summary


def _model(
    data: AgreementData,
    out: Path,
    config: AgreementConfig,
    directory: Path | None,
    log: Callable[[str], None],
) -> tuple[TextClassifier, str]:
    """The explained model and the fingerprint of its weights."""
    if directory is not None:
        loaded = load_pretrained(directory, head="masked", labels=_LABELS)
        return loaded, fingerprint(*sorted(directory.glob("*.safetensors")))
    home = out / "models" / "agreement"
    trained = train_text(
        [item.masked(prefix=config.prefix) for item in data.train],
        [item.masked(prefix=config.prefix) for item in data.dev],
        home,
        model=_MODEL,
        config=TextTrainConfig(
            epochs=config.epochs,
            tokens=1000,
            patience=6,
            word_dropout=0.1,
            label_smoothing=0.05,
            rare_word=config.rare_word,
            endings=True,
            seed=config.seed,
        ),
        name="agreement",
        data={"prefix": config.prefix, **data.sources},
        resume=True,
        log=log,
    )
    record = json.loads((home / "model.json").read_text(encoding="utf-8"))
    return trained, str(record["fingerprint"])


def _accuracy(
    model: TextClassifier, items: Sequence[AgreementItem], config: AgreementConfig
) -> pd.DataFrame:
    """Right answers by number of attractors."""
    odds = model.probabilities([item.masked(prefix=config.prefix).words for item in items])
    right = (odds.argmax(1).numpy() == np.asarray([item.number for item in items])).tolist()
    table = pd.DataFrame({"attractors": [i.attractors for i in items], "right": right})
    return share_by_group(table, "attractors", "right")


def _in_turn(items: Sequence[AgreementItem], count: int) -> list[AgreementItem]:
    """At most ``count`` items, of each number of attractors as many as there are, in turn."""
    groups: dict[int, list[AgreementItem]] = {}
    for item in items:
        groups.setdefault(item.attractors, []).append(item)
    chosen: list[AgreementItem] = []
    for place in range(max(map(len, groups.values()), default=0)):
        chosen += [groups[key][place] for key in sorted(groups) if place < len(groups[key])]
    return chosen[:count]


def _starts(items: Sequence[AgreementItem], found: FollowedPaths) -> tuple[Section, dict[str, Any]]:
    """From which word, other than the masked verb, the highest-weighted path starts."""
    rows_found = found.sentences
    words = [
        _strongest(best, item.verb) for best, item in zip(rows_found["best"], items, strict=True)
    ]
    heaviest = [
        _strongest(total, item.verb) for total, item in zip(rows_found["total"], items, strict=True)
    ]
    subjects = [int(item.subject or 0) for item in items]
    table = rows_found.assign(
        attractors=[item.attractors for item in items],
        anywhere=rows_found["word"],
        word=words,
        at_subject=[a == b for a, b in zip(words, subjects, strict=True)],
        weight_at_subject=[a == b for a, b in zip(heaviest, subjects, strict=True)],
        chance=[1 / max(1, count - 1) for count in rows_found["words"]],
    )
    right = table[table["correct"]]
    shares = share_by_group(right, "attractors", "at_subject")
    chance = right.groupby("attractors")["chance"].mean()
    means = {**{str(k): float(v) for k, v in chance.items()}, "all": float(right["chance"].mean())}
    shares["chance"] = shares["attractors"].map(means)
    weights = share_by_group(right, "attractors", "weight_at_subject")
    last, weight = rows(shares)[-1], rows(weights)[-1]
    said = (
        f"Of all words but the masked verb, the one from which the top path starts is the subject "
        f"in {shown_share(last)} of the sentences answered correctly; a word drawn at random would "
        f"be it in {100 * last['chance']:.1f}%. The word from which most path weight comes is the "
        f"subject in {shown_share(weight)}."
    )
    figure, data = bar_figure(
        "starts_at_subject",
        "Share of sentences answered correctly whose top gradient path from a word other than the "
        "masked verb starts at the head of the subject, by number of attractors, with Wilson's "
        "95% intervals.",
        "; ".join(f"{row['attractors']} attractors {shown_share(row)}" for row in rows(shares)),
        shares,
        y="attractors",
        x="share",
        xlabel="share of top paths",
        ylabel="attractors",
    )
    section = Section(
        "subject",
        "Paths from the subject",
        "Does the highest-weighted path start at the subject, and do attractors draw it away?",
        said,
        (figure,),
        (
            data,
            table_block("weight_at_subject", "The same by total weight of paths.", weights),
            table_block("path_starts", "Where those top paths start.", _places(right, items)),
            table_block(
                "path_starts_anywhere",
                "Where the top paths start if they may start at the masked verb.",
                _places(right.assign(word=right["anywhere"]), items),
            ),
        ),
        ("Subjects are those that the bundled parser finds in the whole sentence.",),
    )
    keys = ("share", "low", "high", "n", "chance")
    return section, {
        "starts_at_subject": {key: last[key] for key in keys},
        "weight_at_subject": {key: weight[key] for key in keys[:4]},
    }


def _strongest(values: Sequence[float], verb: int) -> int:
    """The word of the largest value, the verb left out; -1 where there is no other."""
    others = [(value, -word) for word, value in enumerate(values) if word != verb]
    return -max(others)[1] if others else -1


def _places(right: pd.DataFrame, items: Sequence[AgreementItem]) -> pd.DataFrame:
    """Subject, [MASK], before, between, after, special pieces: counts and shares."""
    names = []
    for number, word in zip(right["sentence"], right["word"], strict=True):
        item = items[int(number)]
        subject = int(item.subject or 0)
        if word < 0:
            names.append("[CLS] or [SEP]")
        elif word == subject:
            names.append("subject")
        elif word == item.verb:
            names.append("[MASK]")
        elif word < subject:
            names.append("before the subject")
        else:
            names.append("between" if word < item.verb else "after the verb")
    table = pd.DataFrame({"starts": names}, dtype=object)
    counts = table["starts"].value_counts().rename_axis("starts").reset_index(name="k")
    return counts.assign(n=len(names), share=counts["k"] / max(1, len(names)))


def _parts(
    found: FollowedPaths,
    sentences: pd.Series,
    resampling: Resampling,
    *,
    about: str,
    name: str = "parts",
    title: str = "Queries, keys, values and the skip connection",
) -> Section:
    """Through which part paths lead, in some sentences."""
    layers = found.layers[found.layers["sentence"].isin(sentences)]
    return parts_section(
        part_shares(layers, PARTS),
        weight_shares(layers, PARTS, resampling=resampling),
        about=f"{about}, test sentences answered correctly",
        name=name,
        title=title,
    )


def _accuracy_section(scores: pd.DataFrame) -> Section:
    said = f"The number of the masked verb is right in {shown_share(rows(scores)[-1])}."
    figure, data = bar_figure(
        "accuracy_by_attractors",
        "Accuracy on test sentences by number of attractors, with Wilson's 95% intervals.",
        "; ".join(f"{row['attractors']} attractors {shown_share(row)}" for row in rows(scores)),
        scores,
        y="attractors",
        x="share",
        xlabel="accuracy",
        ylabel="attractors",
    )
    question = "How often does the model predict the number of the verb?"
    return Section("accuracy", "Accuracy", question, said, (figure,), (data,))


def _dropped(data: AgreementData) -> Section:
    table = pd.DataFrame(sorted(data.dropped.items()), columns=["reason", "n"])
    total = int(table["n"].sum())
    return Section(
        "dropped",
        "What is left out",
        "Which verbs and sentences are left out, and why?",
        f"{total:,} verbs or sentences are left out; {len(data.known):,} test sentences have a "
        "known subject.",
        tables=(table_block("left_out", "Verbs and sentences left out, by reason.", table),),
    )
