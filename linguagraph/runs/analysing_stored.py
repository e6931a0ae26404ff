"""A collection of shards, or one large run, with a limit on memory -> the report and its files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.analyses import FAILED, Params, analyse, find_plugins, summary
from linguagraph.columns import FIDELITY, LEARNING, TOP_PATHS, Table
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import ConfigError
from linguagraph.reports import Section, render, save_report
from linguagraph.runs.comparing import FOLDER
from linguagraph.runs.directory import Run, free_threads
from linguagraph.runs.duck import open_duck
from linguagraph.runs.out_of_memory import stored_tables
from linguagraph.runs.partitioned import (
    JoinedDocuments,
    JoinedSentences,
    Shard,
    is_collection,
    joined_manifest,
    open_shards,
)
from linguagraph.runs.progress import Progress, no_progress

__all__ = ["MEMORY", "StoredReport", "analyse_stored", "open_stored"]

MEMORY = "2GB"
"""What the analyses of a collection may use unless told otherwise."""

_NUMBERED = ("sentence", "example", "graph")


@dataclass(frozen=True)
class StoredReport:
    """A report that was written.

    Attributes:
        path: of ``report.html``.
        sections: what it says, in order.
        summary: content of ``summary.json``.
    """

    path: Path
    sections: tuple[Section, ...]
    summary: dict[str, Any]

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the report by name."""
        return {t.name: t.frame for section in self.sections for t in section.tables}


@contextmanager
def open_stored(
    path: str | Path,
    *,
    memory: str = MEMORY,
    threads: int | None = None,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Iterator[RunTables]:
    """The tables of a collection or a run, read in blocks; for analyses, while the block runs.

    What stands for the frames of edges, paths, roles and scores answers what analyses ask, and
    nothing else of pandas. Blocks are kept in a folder beside the tables, which is removed.

    Args:
        path: a collection (``shards/00000`` ...), or a run.
        memory: what the process may use, such as ``2GB``.
        threads: processor threads of DuckDB; all by default.
        progress: for people who wait.
        warn: told what is left out.

    Raises:
        ConfigError: DuckDB is not installed, ``memory`` is wrong, or the run is about questions,
            tokens or graphs without language, or compares two parses.
        RunError: there are no tables.
    """
    shards, missing = open_shards(path)
    for folder in missing:
        warn(f"shard {folder.name} has no tables of this plan and is left out")
    manifest = joined_manifest(shards, missing)
    _check(manifest, shards)
    sentences = JoinedSentences(shards)
    with (
        tempfile.TemporaryDirectory(prefix=".blocks-", dir=path) as scratch,
        open_duck(memory, spill=Path(scratch) / "spill", threads=free_threads(threads)) as duck,
    ):
        tables = stored_tables(duck, shards, Path(scratch), progress)
        learnings = [path for s in shards if (path := s.table(LEARNING.name)).is_file()]
        yield RunTables(
            edges=tables["edges"],
            paths=tables["paths"],
            roles=tables["roles"],
            scores=tables["scores"],
            manifest=manifest,
            sentences=sentences,
            documents=JoinedDocuments(shards),
            learning=read_table(learnings[0], LEARNING) if learnings else None,
            fidelity=_joined(shards, FIDELITY, warn),
            top_paths=_joined(shards, TOP_PATHS, warn),
        )


def analyse_stored(
    path: str | Path,
    *,
    memory: str = MEMORY,
    threads: int | None = None,
    params: Params | None = None,
    analyses: Iterable[str | Path] = (),
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> StoredReport:
    """Write the report of a collection, or of a run, within a limit of memory.

    The report is that of :func:`linguagraph.runs.analysing.analyse_stage` on one run that holds all
    shards. Aggregates are the same functions; they count in blocks of sentences.

    Args:
        path, memory, threads, progress, warn: as for :func:`open_stored`.
        params: of the analyses.
        analyses: files or folders of further analyses.

    Raises:
        ConfigError, RunError: as :func:`open_stored`.
    """
    params, plugins = params or Params(), find_plugins(analyses)
    facts = [plugin.facts for plugin in plugins]
    home = Path(path)
    with (
        _stage(home, params, facts),
        open_stored(home, memory=memory, threads=threads, progress=progress, warn=warn) as tables,
    ):
        task = progress("writing the report", 3)
        sections = analyse(tables, params, plugins=plugins)
        for section in sections:
            if section.name == FAILED:
                warn(section.finding)
        task(1)
        numbers = summary(sections)
        corpus, model = (tables.manifest.get(name) or {} for name in ("corpus", "model"))
        title = f"What {model.get('name', 'the model')} uses: {corpus.get('name', 'corpus')}"
        page = render(sections, title=title, manifest=tables.manifest, summary=numbers)
        task(1)
        save_report(home, sections=sections, html=page, summary=numbers)
        task(1)
        task.close()
    return StoredReport(home / "report.html", sections, numbers)


@contextmanager
def _stage(home: Path, params: Params, facts: list[dict[str, Any]]) -> Iterator[None]:
    """The stage ``analyse`` of a run; a collection has no stages."""
    if is_collection(home):
        yield
        return
    run = Run.open(home)
    key: dict[str, Any] = {"tabulate": run.finished("tabulate").record["key"]}
    key |= {"params": asdict(params)} | ({"analyses": facts} if facts else {})
    with run.stage("analyse", key) as stage:
        stage.record["done"] = False
        run.update(params=params.heeded(language=True))
        if facts or "analyses" in run.manifest:
            run.update(analyses=facts)
        yield


def _check(manifest: dict[str, Any], shards: Sequence[Shard]) -> None:
    """Only runs on language with masks over edges are read in blocks."""
    what = ""
    if manifest.get("task") == "qa":
        what = "questions"
    elif manifest.get("language") is False:
        what = "graphs without language"
    elif manifest.get("units") == "tokens":
        what = "masks over tokens"
    elif any((shard.path / FOLDER).is_dir() for shard in shards):
        what = "a comparison of two parses"
    if what:
        raise ConfigError(f"runs with {what} are not read in blocks; analyse without --memory")


def _joined(
    shards: Sequence[Shard], table: Table, warn: Callable[[str], None]
) -> pd.DataFrame | None:
    """A small table of all shards with examples, numbered through; ``None`` unless each has it."""
    shards = [shard for shard in shards if shard.own_examples]
    paths = [shard.table(table.name) for shard in shards]
    there = [path.is_file() for path in paths]
    if not all(there):
        if any(there):
            warn(f"{there.count(False)} shards have no table {table.name!r}, which is left out")
        return None
    frames, graphs = [], 0
    for shard, path in zip(shards, paths, strict=True):
        frame = read_table(path, table)
        starts = {"sentence": shard.sentences, "example": shard.examples, "graph": graphs}
        for column in _NUMBERED:
            if column in frame.columns:
                frame[column] = frame[column] + starts[column]
        graphs += int(frame["graph"].max()) + 1 - graphs if "graph" in frame and len(frame) else 0
        frames.append(frame)
    return table.check(pd.concat([f.astype(_strings(f)) for f in frames], ignore_index=True))


def _strings(frame: pd.DataFrame) -> dict[str, str]:
    """Categories as plain objects, which other frames may be put under."""
    return {n: "object" for n, kind in frame.dtypes.items() if str(kind) == "category"}  # type: ignore[misc]
