"""A folder of shards, each a run of its own -> one numbering, one manifest, one stream of text.

A *collection* holds ``shards/00000``, ``shards/00001`` ..., each an ordinary run whose sentences
and examples count from 0. Read one after the other they are one corpus: a sentence's number is its
own plus the sentences of all shards before. A single run is a collection of one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from linguagraph.columns import TABLES
from linguagraph.documents.records import Document, Sentence
from linguagraph.errors import RunError
from linguagraph.runs import collection as planned
from linguagraph.runs.directory import Run
from linguagraph.runs.stored import Documents, Sentences

__all__ = ["SHARDS", "JoinedDocuments", "JoinedSentences", "Shard", "is_collection"]
__all__ += ["joined_manifest", "open_shards"]

SHARDS = "shards"
"""Folder of the shards of a collection."""


@dataclass(frozen=True)
class Shard:
    """One of the runs of a collection.

    Attributes:
        path: its directory.
        sentences, examples: how many shards before it hold.
        own_sentences, own_examples: how many it holds.
    """

    path: Path
    sentences: int
    examples: int
    own_sentences: int
    own_examples: int

    def table(self, name: str) -> Path:
        """Path of one of its tables."""
        return self.path / f"{name}.parquet"


def is_collection(path: str | Path) -> bool:
    """Whether a directory holds shards."""
    return (Path(path) / SHARDS).is_dir()


def open_shards(path: str | Path) -> tuple[tuple[Shard, ...], tuple[Path, ...]]:
    """The shards of a collection in order, and those that are left out.

    Args:
        path: a collection, or a single run.

    Returns:
        The shards that are tabulated, and the folders of those that are not. Of a corpus in shards
        (:mod:`linguagraph.runs.collection`) those count that were made from the input, models and
        options of its plan; others may lie there from before.

    Raises:
        RunError: there is none.
    """
    home = Path(path)
    folders, valid = _folders(home)
    whole = [p for p in valid if all((p / f"{name}.parquet").is_file() for name in TABLES)]
    if not whole:
        raise RunError(f"{home} holds no tables; run 'linguagraph tabulate' on it or its shards")
    found: list[Shard] = []
    sentences = examples = 0
    for folder in whole:
        own, predicates = _counts(folder)
        found.append(Shard(folder, sentences, examples, own, predicates))
        sentences, examples = sentences + own, examples + predicates
    return tuple(found), tuple(p for p in folders if p not in whole)


def _folders(home: Path) -> tuple[list[Path], list[Path]]:
    """All folders of shards, and those whose tables are of now."""
    if planned.is_collection(home):
        collection = planned.Collection(home)
        shards = collection.shards
        done = [collection.shard_path(s.number) for s in shards if collection.done(s)]
        return [collection.shard_path(s.number) for s in shards], done
    if not is_collection(home):
        return [home], [home]
    found = sorted(p for p in (home / SHARDS).iterdir() if p.is_dir() and p.name[0] != ".")
    return found, found


def _counts(folder: Path) -> tuple[int, int]:
    """Sentences and examples of a shard, as its text and its tables tell."""
    tables = [pq.ParquetFile(folder / f"{name}.parquet").metadata for name in TABLES]
    parsed = len(Sentences(folder / "parse")) if (folder / "parse").is_dir() else 0
    return max(parsed, *(_after(t, "sentence") for t in tables)), max(
        _after(t, "example") for t in tables
    )


def _after(metadata: pq.FileMetaData, column: str) -> int:
    """One more than the largest number in a column, 0 if there is none."""
    names = metadata.schema.to_arrow_schema().names
    if column not in names:
        return 0
    place, largest = names.index(column), -1
    for group in range(metadata.num_row_groups):
        if not metadata.row_group(group).num_rows:
            continue
        found = metadata.row_group(group).column(_leaf(metadata, place, column)).statistics
        if found is None or not found.has_min_max:
            raise RunError(f"a table has no statistics of {column!r}; tabulate the run again")
        largest = max(largest, int(found.max))
    return largest + 1


def _leaf(metadata: pq.FileMetaData, start: int, column: str) -> int:
    """Place of a column among those of the file, where lists have places of their own."""
    found = next(i for i in range(start, metadata.num_columns) if _path(metadata, i) == column)
    return int(found)


def _path(metadata: pq.FileMetaData, place: int) -> str:
    return str(metadata.schema.column(place).path)


class JoinedSentences(Mapping[int, Sentence]):
    """The sentences of all shards, numbered through; one file of one shard is in memory."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.parts = [Sentences(shard.path / "parse") for shard in shards]
        lengths = [len(part) for part in self.parts]
        self.starts = [shard.sentences for shard in shards]
        self.size = sum(lengths)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        for start, part in zip(self.starts, self.parts, strict=True):
            yield from range(start, start + len(part))

    def __getitem__(self, index: int) -> Sentence:
        place = bisect_right(self.starts, index) - 1
        if place < 0:
            raise KeyError(index)
        return self.parts[place][index - self.starts[place]]


class JoinedDocuments(Iterable[Document]):
    """The documents of all shards; one is in memory at a time."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.parts = [Documents(shard.path / "parse") for shard in shards]

    def __iter__(self) -> Iterator[Document]:
        for part in self.parts:
            yield from part


def joined_manifest(shards: Sequence[Shard], missing: Sequence[Path]) -> dict[str, Any]:
    """The manifest of the first shard that has masks with the counts of all.

    Counts of the corpus, what was dropped and seconds of the stages are added up; memory is the
    largest; what else differs between shards is that of the first.

    Raises:
        RunError: a shard was made with another model or other seeds.
    """
    found = [Run.open(shard.path).manifest for shard in shards]
    masked = [m for m in found if m.get("model")] or found  # not all shards have a predicate
    whole = dict(masked[0])
    for key in ("model", "seeds", "task", "units", "language"):
        others = [m for m in masked[1:] if m.get(key) != whole.get(key)]
        if others:
            raise RunError(f"shards differ in {key!r}; they are no runs of one model")
    whole["corpus"] = _added([m.get("corpus") or {} for m in found])
    whole["dropped"] = _added([m.get("dropped") or {} for m in found])
    if missing:
        whole["dropped"]["shards without tables"] = len(missing)
    stages: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(n for m in found for n in m.get("stages") or {}):
        own = [m["stages"][name] for m in found if name in (m.get("stages") or {})]
        stages[name] = {
            "seconds": round(sum(float(s.get("seconds") or 0) for s in own), 2),
            "peak_memory_mb": max((s.get("peak_memory_mb") or 0 for s in own), default=0),
        }
    return {**whole, "stages": stages}


def _added(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whole numbers added up, in mappings within as well; else the first value."""
    result: dict[str, Any] = {}
    for key in dict.fromkeys(k for part in parts for k in part):
        values = [part[key] for part in parts if key in part]
        if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
            result[key] = sum(values)
        elif all(isinstance(v, Mapping) for v in values):
            result[key] = _added(values)
        else:
            result[key] = values[0]
    return result
