"""A run and masks that were made elsewhere -> a new run with these masks, ready for analyses.

Sentences, trees and what the model predicts come from the run, retained edges and their scores from
the file. The masked model is not run: role F1 with the retained edges is left out, and so are the
random controls. Where the run has not been masked, there is no model at hand either, and gold roles
stand for predicted ones.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from linguagraph import __version__
from linguagraph.columns import SCORES
from linguagraph.documents.jsonl import write_jsonl
from linguagraph.documents.records import Sentence, predicate_type
from linguagraph.edges.storage import read_table, write_table
from linguagraph.errors import ConfigError, RunError
from linguagraph.files import fingerprint
from linguagraph.models.checkpoints import save_tensors
from linguagraph.runs.directory import Run, Stage
from linguagraph.runs.mask_files import ImportedMasks, Known, place_masks, read_mask_file
from linguagraph.runs.masking import read_masks
from linguagraph.runs.measure import versions
from linguagraph.runs.parsing import read_graphs
from linguagraph.runs.stored import DOCUMENTS, Drawn
from linguagraph.runs.tabulating import tabulate_stage

__all__ = ["MISSING", "Imported", "import_masks"]

MISSING = ("superfluous", "error")
"""What edges without a row are."""

_KEPT = ("parser", "predicate_finder", "coreference", "model", "unknown_labels")
_NOTES = {
    True: "Masks were imported: the masked model was not run, so that its score and those of "
    "random controls are not known.",
    False: "Masks were imported, and no model was at hand: roles are the gold ones, and nothing "
    "was scored.",
}


@dataclass(frozen=True)
class Imported:
    """What was made.

    Attributes:
        path: the new run.
        examples, of: examples with masks, and all of the run.
        seeds: of the masks.
        missing: edges without a row.
        notes: what is not known of such a run.
    """

    path: Path
    examples: int
    of: int
    seeds: tuple[int, ...]
    missing: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Source:
    """The run that masks belong to; ``masked`` is ``None`` where no model is at hand."""

    run: Run
    parsed: Stage
    graphed: Stage
    masked: Stage | None

    @property
    def shards(self) -> int:
        return int(self.parsed.info["shards"])

    def sentences(self, number: int) -> tuple[Sentence, ...]:
        info = {} if self.masked is None else self.masked.info
        drawn = Drawn(
            self.parsed.folder, share=info.get("share", 1.0), seed=info.get("draw_seed", 0)
        )
        return drawn.shard(number)


def import_masks(
    run: str | Path,
    file: str | Path,
    out: str | Path,
    *,
    method: str,
    missing: str = "superfluous",
    threshold: float | None = None,
    overwrite: bool = False,
    notify: Callable[[str], None] = lambda message: None,
) -> Imported:
    """Make a run of masks in a Parquet file, tabulated; ``linguagraph analyse`` goes on from there.

    Args:
        run: parsed, with dependency graphs; its model's predictions are used if it is masked.
        file: with the columns :data:`linguagraph.columns.MASKS`; examples that have edges, but no
            row, are left out, and counted.
        out: directory of the new run.
        method: name of the method that made the masks.
        missing: what edges without a row are, one of :data:`MISSING`.
        threshold: see :func:`linguagraph.runs.mask_files.read_mask_file`.
        overwrite: replace a run in ``out``.
        notify: told in a sentence what is left out.

    Raises:
        ConfigError: wrong options, or a run whose masks cannot be imported.
        RunError: the run is not parsed, or ``out`` holds something.
        TableError: the file does not fit; row and column are named.
    """
    if missing not in MISSING:
        raise ConfigError(f"missing={missing!r}; expected one of {', '.join(MISSING)}")
    if not method.strip():
        raise ConfigError("the method has no name; give one, such as --method lime")
    if Path(run).resolve() == Path(out).resolve():
        raise ConfigError(f"{out} is the run itself; choose another directory for the new one")
    source = _open(run)
    known = _known(source)
    found = place_masks(
        file,
        read_mask_file(file, threshold=threshold),
        known,
        missing_is_error=missing == "error",
    )
    made = Run.create(out, resume=overwrite, notify=notify, overwrite=overwrite, resumable=False)
    with made.lock():
        if overwrite:
            made.restart()
        _write(made, source, known, found, Path(file), method)
        tabulate_stage(made)
    total = len(known.sentence)
    used = int(found.covered.sum())
    notes = [_NOTES[source.masked is not None]]
    if found.missing:
        notes.append(f"{found.missing:,} edges have no row; they count as superfluous (score 0).")
    if used < total:
        notes.append(f"{total - used:,} of {total:,} predicates have no row and are left out.")
    made.update(notes=notes)
    for note in notes:
        notify(note)
    return Imported(made.path, used, total, found.seeds, found.missing, tuple(notes))


def _open(path: str | Path) -> _Source:
    run = Run.open(path)
    if run.manifest.get("language") is False:
        raise ConfigError(f"{path} has graphs without sentences; masks are imported for text only")
    parsed, graphed = run.finished("parse"), run.finished("graph")
    try:
        masked: Stage | None = run.finished("mask")
    except RunError:
        masked = None
    if masked is not None and "graphs" in masked.record["key"]:
        raise ConfigError(
            f"{path} has edges between sentences; masks are imported for dependency trees only"
        )
    return _Source(run, parsed, graphed, masked)


def _known(source: _Source) -> Known:
    sentences: list[int] = []
    predicates: list[int] = []
    sizes: list[int] = []
    ends: list[NDArray[np.int64]] = [np.empty((2, 0), dtype=np.int64)]
    directions: list[str] = []
    for number in range(source.shards):
        graphs = read_graphs(source.graphed, number)
        for sentence in source.sentences(number):
            for frame in sentence.frames:
                graph = graphs[sentence.index]
                sentences.append(sentence.index)
                predicates.append(frame.predicate)
                sizes.append(graph.num_edges)
                ends.append(graph.edge_index)
                directions += graph.directions
    if not sentences:
        raise RunError(f"{source.run.path} has no predicates, so that there is nothing to mask")
    index = np.concatenate(ends, axis=1)
    layers = None
    if source.masked is not None:
        layers = int(read_masks(source.masked, 0)["scores"].shape[1])
    return Known(
        np.array(sentences),
        np.array(predicates),
        np.repeat(np.arange(len(sizes)), sizes),
        index[0],
        index[1],
        np.array(directions, dtype=str),
        layers,
    )


def _write(
    made: Run, source: _Source, known: Known, found: ImportedMasks, file: Path, method: str
) -> None:
    key = {
        "imported": fingerprint(file),
        "method": method,
        "from": source.parsed.record["key"],
        "model": None if source.masked is None else source.masked.record["key"].get("model"),
    }
    before = source.run.manifest
    with made.stage("parse", key) as stage:
        counts = _parse(stage, source, found)
        stage.info.update({**source.parsed.info, **counts}, dropped={})
        if (source.parsed.folder / DOCUMENTS).is_file():
            shutil.copyfile(source.parsed.folder / DOCUMENTS, stage.folder / DOCUMENTS)
        corpus = {**before["corpus"], **counts}
        made.update(**{name: before[name] for name in _KEPT if name in before}, corpus=corpus)
    with made.stage("graph", key) as stage:
        for path in source.graphed.shards(".parquet"):
            shutil.copyfile(path, stage.folder / path.name)
    with made.stage("mask", key) as stage:
        names = _roles(source)
        model = "not given" if source.masked is None else source.masked.info["model"]
        _masks(stage, source, found, names, method)
        left = len(known.sentence) - int(found.covered.sum())
        stage.info.update(
            seeds=list(found.seeds),
            roles=names,
            model=model,
            method=method,
            thresholds=None,
            unknown_labels={},
            share=1.0,
            draw_seed=0,
            dropped={"predicates without imported masks": left} if left else {},
        )
    _describe(made, before, source, found, file, method)


def _parse(stage: Stage, source: _Source, found: ImportedMasks) -> dict[str, Any]:
    """Sentences with the frames that have masks; how many there are."""
    first = 0
    types: Counter[str] = Counter()
    for number in range(source.shards):
        part: list[Sentence] = []
        for sentence in source.sentences(number):
            covered = found.covered[first : first + len(sentence.frames)]
            first += len(sentence.frames)
            frames = tuple(f for f, used in zip(sentence.frames, covered, strict=True) if used)
            tokens = [sentence.tokens[frame.predicate] for frame in frames]
            types.update(predicate_type(token.xpos, token.upos) for token in tokens)
            part.append(replace(sentence, frames=frames))
        write_jsonl(part, stage.shard(number, ".jsonl"))
    return {"predicates": types.total(), "predicates_by_type": dict(sorted(types.items()))}


def _roles(source: _Source) -> list[str]:
    """Names of roles by number; 0 is none."""
    if source.masked is not None:
        return list(source.masked.info["roles"])
    labels = {
        role.label
        for number in range(source.shards)
        for sentence in source.sentences(number)
        for frame in sentence.frames
        for role in frame.roles
    }
    return ["_", *sorted(labels)]


def _masks(
    stage: Stage, source: _Source, found: ImportedMasks, names: list[str], method: str
) -> None:
    layers = found.scores.shape[1]
    position = example = 0
    codes = {name: code for code, name in enumerate(names)}
    partial: set[tuple[int, str]] = set()
    for number in range(source.shards):
        sentences = source.sentences(number)
        graphs = read_graphs(source.graphed, number)
        before = None if source.masked is None else read_masks(source.masked, number)
        edges: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        roles: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        soft: list[NDArray[np.float32]] = [np.empty((layers, 0), dtype=np.float32)]
        local = tokens = 0
        for sentence, frame, size in _frames(sentences, graphs):
            end, after = local + size, tokens + len(sentence)
            if found.covered[example]:
                edges.append(np.arange(position + local, position + end))
                if before is None:
                    own = np.zeros(len(sentence), dtype=np.int64)
                    for role in frame.roles:
                        own[role.token] = codes[role.label]
                    roles.append(own)
                    soft.append(np.full((layers, size), np.nan, dtype=np.float32))
                else:
                    roles.append(before["roles"][tokens:after].astype(np.int64))
                    soft.append(before["soft_gates"][:, local:end])
            else:
                token = sentence.tokens[frame.predicate]
                partial.add((sentence.index, predicate_type(token.xpos, token.upos)))
            example, local, tokens = example + 1, end, after
        position += local
        chosen = np.concatenate(edges)
        tensors = {
            "scores": found.scores[:, :, chosen],
            "retained": found.retained[:, :, chosen].astype(np.uint8),
            "roles": np.concatenate(roles),
            "soft_gates": np.concatenate(soft, axis=1),
        }
        save_tensors(
            stage.shard(number, ".safetensors"),
            {name: torch.from_numpy(value) for name, value in tensors.items()},
            {"kind": "masks"},
        )
    for number in range(source.shards):
        frame_of_scores = _scores(source, number, partial, method)
        write_table([frame_of_scores], stage.shard(number, ".parquet"), SCORES)


def _frames(sentences: tuple[Sentence, ...], graphs: Mapping[int, Any]) -> Iterator[Any]:
    for sentence in sentences:
        for frame in sentence.frames:
            yield sentence, frame, graphs[sentence.index].num_edges


def _scores(
    source: _Source, number: int, partial: set[tuple[int, str]], method: str
) -> pd.DataFrame:
    """What the unmasked model scores, where all predicates of a sentence and type have masks."""
    if source.masked is None:
        return SCORES.empty()
    found = read_table(source.masked.shard(number, ".parquet"), SCORES)
    found = found[found["condition"] == "original"]
    cells = zip(found["sentence"], found["predicate_type"].astype(str), strict=True)
    whole = [cell not in partial for cell in cells]
    return SCORES.check(found[whole].assign(method=method))


def _describe(
    made: Run,
    before: Mapping[str, Any],
    source: _Source,
    found: ImportedMasks,
    file: Path,
    method: str,
) -> None:
    model = before.get("model") if source.masked is not None else None
    about = {
        "name": method,
        "seeds": list(found.seeds),
        "deterministic": False,
        "chosen_by": "whoever made the imported masks",
        "fill": "whatever the method puts there",
        "needs_fit": False,
        "config": {
            "file": file.name,
            "fingerprint": fingerprint(file),
            "rows": found.rows,
            "edges without a row, taken as superfluous": found.missing,
        },
    }
    made.update(
        linguagraph=__version__,
        versions=versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        options={"reading": before.get("options", {}).get("reading", {})},
        model=model or {"name": "not given"},
        method=about,
        probes=[],
        seeds=list(found.seeds),
        control_seed=0,
        scored_against=before.get("scored_against", "gold"),
    )
