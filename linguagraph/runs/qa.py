"""A file of questions -> items, masks, tables and the report about them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from linguagraph import __version__
from linguagraph.analyses import Params
from linguagraph.columns import EDGES, FIDELITY, PATHS, QA_TABLES, ROLES, SCORES
from linguagraph.documents.item_json import read_items, write_items
from linguagraph.documents.item_mentions import ItemMentions
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError
from linguagraph.files import fingerprint
from linguagraph.masks.rivals import METHODS
from linguagraph.models.qa_examples import QaExample, encode_item
from linguagraph.runs.analysing import Report, analyse_stage
from linguagraph.runs.directory import Run, Stage, free_threads
from linguagraph.runs.measure import hardware, versions
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.qa_items import QaReading, QaSource, open_items
from linguagraph.runs.qa_masking import QaMasker, Shard
from linguagraph.runs.qa_memory import check_memory
from linguagraph.runs.qa_models import ExplainedQa, load_explained_qa

__all__ = ["RIVALS", "RIVAL_ITEMS", "QaOptions", "options_with", "report_qa"]

SHARD = 50
"""Questions per shard."""

RIVALS = ("nonamortised", "gnnexplainer", "integrated_gradients")
"""Methods that the report puts beside GraphMask, as the paper does (appendix K)."""

RIVAL_ITEMS = 20
"""Questions, the first ones, that rivals explain: they take a thousand times as long."""

NO_RIVALS = ("graphmask", "information_bottleneck", "pgexplainer", "attention")
"""Methods that are no rivals here: GraphMask itself, those that learn, and attention."""

CHAINS = "chains.jsonl"


@dataclass(frozen=True)
class QaOptions:
    """Options of :func:`report_qa`.

    Attributes:
        model: bundled name, or directory with ``model.safetensors`` and ``probes/``.
        seeds: probes to use, see :func:`linguagraph.runs.models.parse_seeds`.
        device: ``cpu``, ``cuda`` or ``auto``.
        threads: processor threads; ``None`` takes what the process may use.
        reading: how the file is read; ``coreference`` had better be what the model learned with.
        rivals: further methods, for the tables that compare methods.
        rival_items: questions, the first ones, that they explain; 0: none.
        cells: node pairs per batch, see :func:`linguagraph.models.qa_batch.by_size`.

    Raises:
        ConfigError: numbers out of range.
    """

    model: str = "qa"
    seeds: str | int | Sequence[int] | None = None
    device: str = "auto"
    threads: int | None = None
    reading: QaReading = field(default_factory=QaReading)
    rivals: tuple[str, ...] = RIVALS
    rival_items: int = RIVAL_ITEMS
    cells: int = 40_000

    def __post_init__(self) -> None:
        known = [n for n in METHODS if n not in NO_RIVALS]
        wrong = [name for name in self.rivals if name not in known]
        if wrong or len(set(self.rivals)) != len(self.rivals):
            raise ConfigError(
                f"rivals={list(self.rivals)}; choose without repetition among {known} (methods "
                "that learn from a training set, and those that read a model's own attention, do "
                "not go with questions)"
            )
        if self.rival_items < 0 or self.cells < 1:
            raise ConfigError(
                f"rival_items={self.rival_items}, cells={self.cells}; expected at least 0 and 1"
            )


def report_qa(
    path: str | Path,
    out: str | Path | None = None,
    *,
    options: QaOptions | None = None,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Report:
    """Explain a question answering model on a file of questions, and report on it.

    Args:
        path: WikiHop JSON, see :mod:`linguagraph.documents.wikihop`.
        out: run directory that keeps every stage; ``None`` works in a temporary one.
        options: everything else.
        params: of the analyses.
        resume: go on with the run in ``out``; finished stages and shards are kept.
        overwrite: replace the run in ``out`` if it was made otherwise.
        progress, warn: for people who wait.

    Raises:
        LinguagraphError: what is wrong and what to do.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
            run_in = Path(folder) / "run"
            return report_qa(
                path, run_in, options=options, params=params, progress=progress, warn=warn
            )
    options = options or QaOptions()
    open_items(path)  # refuses what is no file of questions before anything is loaded
    threads = free_threads(options.threads)
    torch.set_num_threads(threads)
    explained = load_explained_qa(options.model, seeds=options.seeds, device=options.device)
    run = Run.create(out, resume=resume or overwrite, notify=warn, overwrite=overwrite)
    with run.lock():
        source = open_items(
            path,
            reading=options.reading,
            mentions=explained.mentions,
            cache=run.path / "parse" / CHAINS,
        )
        if options.reading.coreference != explained.coreference:
            warn(
                f"the model learned with coreference {explained.coreference!r}; it now reads "
                f"{options.reading.coreference!r}"
            )
        _parse_stage(run, source, progress, warn)
        _mask_stage(run, explained, options, threads, progress)
        _tabulate_stage(run)
        return analyse_stage(run, params=params, progress=progress, warn=warn)


def _parse_stage(
    run: Run, source: QaSource, progress: Progress, warn: Callable[[str], None]
) -> None:
    key = {
        "corpus": fingerprint(source.path),
        **asdict(source.reading),
        "mentions": source.mentions.to_json(),
        "shard": SHARD,
    }
    with run.stage("parse", key) as stage:
        if stage.done:
            return
        counts: Counter[str] = Counter()
        part: list[ItemMentions] = []
        number = 0
        for found in source.items(progress=progress, warn=warn):
            counts["items"] += 1
            counts["nodes"] += len(found.mentions)
            counts["supports"] += len(found.item.supports)
            counts["words"] += sum(map(len, found.words))
            counts["gold"] += found.item.gold is not None
            counts["answers"] += found.item.answer is not None
            counts["largest"] = max(counts["largest"], len(found.mentions))
            part.append(found)
            if len(part) == SHARD:
                write_items(part, stage.shard(number, ".jsonl"))
                part, number = [], number + 1
        if part:
            write_items(part, stage.shard(number, ".jsonl"))
        stage.info.update(dropped=dict(source.dropped), **counts)
        run.update(
            corpus={
                "name": source.path.name,
                "format": "wikihop",
                "fingerprint": key["corpus"],
                "graphs": counts["items"],
                "nodes": counts["nodes"],
                "questions": dict(counts),
                "coreference": source.reading.coreference,
            }
        )


def _mask_stage(
    run: Run, explained: ExplainedQa, options: QaOptions, threads: int, progress: Progress
) -> None:
    parsed = run.finished("parse")
    rivals = options.rivals if options.rival_items else ()
    key = {
        "parse": parsed.record["key"],
        "model": explained.fingerprints,
        "rivals": list(rivals),
        "rival_items": options.rival_items if rivals else 0,
        "cells": options.cells,
        "version": 1,
    }
    with run.stage("mask", key) as stage:
        if stage.done:
            return
        name = str(run.manifest["corpus"]["name"])
        total = int(parsed.info["items"])
        right = int(parsed.info.get("answers", 0)) == total
        masker = QaMasker(explained, corpus=name, cells=options.cells, answered=right)
        files = parsed.shards(".jsonl")
        largest = int(parsed.info.get("largest", 0))
        check_memory(
            largest, explained.model, cells=options.cells, seeds=len(explained.masks.seeds)
        )
        masking = progress("masking questions", total)
        most = min(options.rival_items, total) * len(rivals)
        others = progress("explaining by other methods", most) if most else None
        first = edges = 0
        for number, file in enumerate(files):
            done = stage.folder / f"shard-{number:05d}.done"
            items = list(read_items(file))
            if not done.is_file():
                examples = _encoded(items, explained)
                _write(stage, number, masker.rows(examples, first=first, tick=masking))
                left = max(0, options.rival_items - first)
                for rival in rivals:
                    part = masker.rival(rival, examples[:left], first=first, tick=others)
                    _write(stage, number, part, suffix=f".{rival}")
                done.write_text("")
            else:
                masking(len(items))
            first += len(items)
        masking.close()
        if others is not None:
            others.close()
        edges = sum(len(f) for f in _frames(stage, ".items.parquet", QA_TABLES["items"]))
        run.update(**_facts(explained, options, threads))
        run.update(
            language=False,
            task="qa",
            scored_against="labels" if right else "own",
            notes=_notes(options, rivals, total),
        )
        stage.info["items"] = edges


def _encoded(items: Sequence[ItemMentions], explained: ExplainedQa) -> list[QaExample]:
    config = explained.model.config
    return [
        encode_item(found, explained.model.vocabulary, config.window, relations=config.relations)
        for found in items
    ]


def _write(stage: Stage, number: int, shard: Shard, *, suffix: str = "") -> None:
    for table, frame in shard.frames():
        write_table([frame], stage.shard(number, f"{suffix}.{table.name}.parquet"), table)


def _frames(stage: Stage, suffix: str, table: Any) -> Iterator[Any]:
    for path in stage.shards(suffix):
        yield read_table(path, table)


def _facts(explained: ExplainedQa, options: QaOptions, threads: int) -> dict[str, Any]:
    record = explained.record
    device = str(next(explained.model.parameters()).device)
    said = asdict(options)
    return {
        "linguagraph": __version__,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(device, threads),
        "model": {
            "name": explained.name,
            "fingerprint": record["fingerprint"],
            "parameters": record["parameters"],
            "config": {
                "class": "QaModel",
                "layers": explained.model.config.layers,
                "output": "classification",
                **{k: v for k, v in explained.model.config.to_json().items() if k != "layers"},
            },
            "scores": record.get("scores"),
            "training": record.get("training"),
            "data": record.get("data"),
            "licence": record.get("licence"),
        },
        "probes": [
            {"seed": probe["seed"], "config": probe["config"], "quality": probe["quality"]}
            for probe in explained.probes
        ],
        "seeds": list(explained.masks.seeds),
        "control_seed": 0,
        "options": said,
    }


def _notes(options: QaOptions, rivals: Sequence[str], total: int) -> list[str]:
    notes = [
        "Mentions are found by string match; the gold reasoning of the file, if it has any, only "
        "scores explanations and is never an input of the model.",
    ]
    if rivals and options.rival_items < total:
        notes.append(
            f"Methods other than GraphMask explain the first {options.rival_items} of {total} "
            "questions, because they take far longer."
        )
    return notes


def _tabulate_stage(run: Run) -> None:
    masked = run.finished("mask")
    with run.stage("tabulate", {"mask": masked.record["key"]}) as stage:
        names = ("edges", "paths", "roles", "scores", "fidelity", *QA_TABLES)
        if stage.done and all((run.path / f"{name}.parquet").is_file() for name in names):
            return
        total = 0
        for table in (EDGES, SCORES, FIDELITY, *QA_TABLES.values()):
            frames = _frames(masked, f".{table.name}.parquet", table)
            rows = write_table(frames, run.path / f"{table.name}.parquet", table)
            total = rows if table is EDGES else total
        for table in (PATHS, ROLES):
            write_table([table.empty()], run.path / f"{table.name}.parquet", table)
        seeds, layers = len(run.manifest["seeds"]), run.manifest["model"]["config"]["layers"]
        corpus = dict(run.manifest["corpus"])
        run.update(corpus={**corpus, "edges": total // max(1, seeds * layers)})


def options_with(options: QaOptions | None = None, **changes: Any) -> QaOptions:
    """The options (the default ones for ``None``) with those replaced that are given."""
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(options or QaOptions(), **given)
