"""A planned shard -> an ordinary run, parsed, masked and tabulated; the worker of every engine."""

from __future__ import annotations

import hashlib
import json
import math
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from linguagraph.columns import EDGES, PATHS, ROLES, SCORES
from linguagraph.documents.text import TextFile
from linguagraph.edges.storage import write_table
from linguagraph.errors import ConfigError, DocumentError, LinguagraphError
from linguagraph.files import write_bytes, write_json
from linguagraph.runs.collection import Collection, read_json
from linguagraph.runs.directory import Run
from linguagraph.runs.models import Explained
from linguagraph.runs.parsing import graph_stage, parse_stage
from linguagraph.runs.planned import PlannedShard, read_piece
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.reading import TEXT
from linguagraph.runs.recipe import Recipe
from linguagraph.runs.reporting import facts, load_any, mask_any
from linguagraph.runs.shard_plan import corpus_format
from linguagraph.runs.sources import Source
from linguagraph.runs.tabulating import tabulate_stage
from linguagraph.runs.token_methods import TokenExplained

__all__ = ["ATTEMPTS", "BUSY", "DONE", "FAILED", "KEPT", "ShardWorker", "recipe_keys"]

DONE, KEPT, FAILED, BUSY = "done", "kept", "failed", "busy"
ATTEMPTS = 3
"""How often one call of the driver tries a shard whose worker is killed."""


def recipe_keys(recipe: Recipe, loaded: dict[str, Any]) -> dict[str, Any]:
    """What shards are made with, besides their input: ``parse`` and ``mask``, fingerprints.

    Args:
        recipe: what is done.
        loaded: receives the parser, for later use.

    Raises:
        ConfigError: a model or parser is missing, or the method learns from the corpus.
    """
    reading = recipe.reading
    if _marked(recipe):
        reading = replace(reading, coreference="none")
    example = Source(reading, "", corpus_format(recipe.corpus[0], recipe), "", None, _TEXT)
    example = replace(example, loaded=loaded)
    about = example.facts()
    keys = {"parse": _hash({"reading": asdict(recipe.reading), "facts": about})}
    explained = _load(recipe, "cpu")  # also where the last stage is before masks: a typo shows now
    method = explained.rival
    made = {"model": _marks(explained), "method": method, "mask": asdict(recipe.mask)}
    if explained.graphs is not None:
        made["graphs"] = explained.graphs.config.to_json()
    return keys | {"mask": _hash(made)}


@dataclass
class _Loaded:
    """Models, loaded once for all shards of a worker."""

    parser: dict[str, Any]
    explained: Explained | TokenExplained | None = None


class ShardWorker:
    """Makes shards of one collection, one at a time; holds parser and models between them.

    Args:
        path: of the collection.
        until: last stage.
        device: ``cpu``, ``cuda`` or ``auto``, for the masks.
        threads: of the processor.
        call: identifies the call of the driver, within which attempts are counted.
        loaded: a parser that the process has already.
        progress: for people who wait.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        until: str = "tabulate",
        device: str = "auto",
        threads: int = 1,
        call: str = "",
        loaded: dict[str, Any] | None = None,
        progress: Progress = no_progress,
    ) -> None:
        self.collection = Collection(path)
        self.recipe = self.collection.recipe
        self.until, self.device, self.threads, self.call = until, device, threads, call
        self.progress = progress
        self._loaded = _Loaded({} if loaded is None else loaded)
        self._shards = self.collection.shards
        torch.set_num_threads(threads)

    def make(self, number: int, *, wait: float = 0.0) -> dict[str, Any]:
        """Make a shard, unless it is there; nothing that is wrong with it is raised.

        Returns:
            ``number``, ``state`` ("done"; "kept": it was there; "failed"; "busy": another process
            holds it), and for done ones what ``shard.json`` says, for failed ones ``error``.
        """
        shard = self._shards[number]
        with self.collection.hold(shard, wait=wait) as mine:
            if not mine:
                return {"number": number, "state": BUSY}
            if self.collection.done(shard, self.until):
                return {"number": number, "state": KEPT}
            try:
                work = self.collection.take(shard)
                self._count_attempt(work)
                record = self._make(shard, work)
                self.collection.finish(shard, record)
            except Exception as error:  # whatever is wrong with one shard, the others are made
                what = _said(error, shard)
                self.collection.fail(shard, what)
                return {"number": number, "state": FAILED, "error": what["error"]}
        return {"number": number, "state": DONE, **record}

    def _count_attempt(self, work: Path) -> None:
        path = work / "attempts.json"
        before = read_json(path) or {}
        count = before.get("count", 0) if before.get("call") == self.call else 0
        if count >= ATTEMPTS:
            path.unlink()
            raise LinguagraphError(
                f"the process that worked on it ended {count} times without a word; too little "
                "memory is the usual cause: make shards smaller, or look for what is odd in them"
            )
        write_json(path, {"call": self.call, "count": count + 1})

    def _make(self, shard: PlannedShard, work: Path) -> dict[str, Any]:
        warnings: list[str] = []
        run = Run(work, notify=lambda message: None)
        if not (work / "manifest.json").is_file():
            run.update(format=1, stages={})
        source = self._source(shard, work)
        shared: dict[str, Any] = {"progress": self.progress}

        def warn(message: str) -> None:
            warnings.append(_located(message, shard, source))

        if source.is_text:
            source.parser()
        if self.until in ("mask", "tabulate") and self._loaded.explained is None:
            self._loaded.explained = _load(self.recipe, self.device)
        began = time.perf_counter()  # models are loaded once, for all shards
        try:
            corpus = str(source.path or source.name)
            reading = self.recipe.reading
            parse_stage(run, corpus, reading=reading, source=source, warn=warn, **shared)
        except DocumentError as error:
            raise _relocated(error, shard, source) from error
        finally:
            if source.path is not None:
                source.path.unlink(missing_ok=True)
        if self.until != "parse":
            graph_stage(run, **shared)
        if self.until in ("mask", "tabulate"):
            self._mask(run, shard, warn)
        (work / "attempts.json").unlink(missing_ok=True)
        manifest = run.manifest
        return {
            "key": self.collection.key(shard),
            "until": self.until,
            "bytes": shard.size,
            "seconds": round(time.perf_counter() - began, 3),
            "stages": manifest["stages"],
            "dropped": manifest.get("dropped", {}),
            "warnings": warnings[:100],
            "sizes": _sizes(work),
            **_counted(run),
            **{k: manifest["corpus"][k] for k in ("sentences", "tokens", "predicates")},
        }

    def _mask(self, run: Run, shard: PlannedShard, warn: Any) -> None:
        count = run.finished("parse").info.get("predicates", 0)
        if not count:  # an ordinary thing in a shard: its tables are empty
            for table in (EDGES, PATHS, ROLES, SCORES):
                write_table([], run.path / f"{table.name}.parquet", table)
            return
        explained, mask = self._loaded.explained, self.recipe.mask
        assert explained is not None
        said = facts(explained, threads=self.threads, options=asdict(mask))
        mask_any(
            run,
            explained,
            tokens=mask.batch_size,
            most=None if mask.share == 1 else math.ceil(mask.share * count),
            facts=said,
            progress=self.progress,
            warn=warn,
        )
        if self.until == "tabulate":
            tabulate_stage(run, progress=self.progress)

    def _name(self) -> str:
        """Of the corpus, the same in all shards."""
        names = [Path(name).name or name for name in self.recipe.corpus]
        return names[0] if len(names) == 1 else self.collection.path.name

    def _source(self, shard: PlannedShard, work: Path) -> Source:
        """The shard's input; pieces of annotated files are written beside the run for a while."""
        reading, name = self.recipe.reading, self._name()
        loaded = self._loaded.parser
        if shard.format == TEXT:
            files = tuple(_text(piece) for piece in shard.pieces)
            key = shard.fingerprint
            return Source(reading, name, TEXT, key, None, files, len(files), loaded=loaded)
        (piece,) = shard.pieces
        path = work / "input" / Path(piece.path).name
        write_bytes(path, piece.header.encode() + read_piece(piece))
        return Source(reading, name, shard.format, shard.fingerprint, path, loaded=loaded)


def _sizes(work: Path) -> dict[str, int]:
    """Bytes on the disk by stage; tables are those beside the manifest."""
    found = {"tables": sum(p.stat().st_size for p in work.glob("*.parquet"))}
    for stage in ("parse", "graph", "mask"):
        found[stage] = sum(p.stat().st_size for p in (work / stage).rglob("*") if p.is_file())
    return found


def _counted(run: Run) -> dict[str, int]:
    """Rows of the edge table, and probes."""
    mask, tables = (read_json(run.path / s / "stage.json") or {} for s in ("mask", "tabulate"))
    seeds = mask.get("info", {}).get("seeds", ())
    return {"rows": tables.get("info", {}).get("edge_rows", 0), "seeds": len(seeds)}


_TEXT = (TextFile("text", None, b""),)


def _text(piece: Any) -> TextFile:
    """A document; a file that is read as a whole keeps its path for messages."""
    path = Path(piece.path)
    try:
        whole = piece.start == 0 and path.stat().st_size == piece.stop
    except OSError:
        whole = True
    return TextFile(piece.id, path) if whole else TextFile(piece.id, None, read_piece(piece))


def _marked(recipe: Recipe) -> bool:
    """Whether coreference is known only from the files themselves."""
    return corpus_format(recipe.corpus[0], recipe) != TEXT and recipe.reading.coreference == "auto"


def _load(recipe: Recipe, device: str) -> Explained | TokenExplained:
    mask = recipe.mask
    explained = load_any(
        mask.model,
        mask.options,
        seeds=mask.seeds or None,
        device=device,
        precision=mask.precision,
    )
    if (explained.rival or {}).get("needs_fit"):
        raise ConfigError(
            f"{mask.method} learns from the corpus that it explains, and shards are masked one by "
            "one; take a method that is trained beforehand, or mask the corpus in one piece"
        )
    return explained


def _marks(explained: Explained | TokenExplained) -> dict[str, str]:
    if isinstance(explained, Explained):
        return explained.fingerprints
    return {"model": str(explained.record["fingerprint"])}


def _hash(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _relocated(error: DocumentError, shard: PlannedShard, source: Source) -> DocumentError:
    """An error in a piece of a file, as one of that file."""
    if source.path is None or error.path != str(source.path):
        return error
    (piece,) = shard.pieces
    line = None if error.line is None else error.line + _shift(piece)
    return DocumentError(error.message, path=piece.path, line=line, column=error.column)


def _located(message: str, shard: PlannedShard, source: Source) -> str:
    """A message that names a piece of a file: the file, and the line in it."""
    if source.path is None or str(source.path) not in message:
        return message
    (piece,) = shard.pieces
    before, _, after = message.partition(str(source.path))
    mark = ", line "
    if after.startswith(mark):
        digits = after[len(mark) :].split(":")[0].split(",")[0]
        if digits.isdigit():
            line = int(digits) + _shift(piece)
            after = f"{mark}{line}{after[len(mark) + len(digits) :]}"
    return f"{before}{piece.path}{after}"


def _shift(piece: Any) -> int:
    return int(piece.line) - 1 - str(piece.header).count("\n")


def _said(error: Exception, shard: PlannedShard) -> dict[str, Any]:
    """What ``failed/NNNNN.json`` says."""
    ours = isinstance(error, LinguagraphError | OSError)
    what: dict[str, Any] = {
        "error": str(error) if ours else f"{type(error).__name__}: {error}",
        "kind": type(error).__name__,
        "file": getattr(error, "path", None),
        "line": getattr(error, "line", None),
        "pieces": [piece.id for piece in shard.pieces],
    }
    if not ours:
        what["traceback"] = traceback.format_exc()
    return what
