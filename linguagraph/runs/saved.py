"""A run directory -> its tables, sentences and report, to be asked and drawn; needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds

from linguagraph import display
from linguagraph.columns import EDGES, MENTIONS, ROLES
from linguagraph.documents.records import Sentence
from linguagraph.edges.storage import RunTables, read_table
from linguagraph.errors import RunError
from linguagraph.runs.comparing import read_compared
from linguagraph.runs.directory import Run
from linguagraph.runs.query_rows import Drawing, draw_rows, marked_texts, no_sentences
from linguagraph.runs.query_tables import Sources, sources_of_directory
from linguagraph.runs.querying import MEMORY, describe, run_sql
from linguagraph.runs.stored import Documents, Sentences

__all__ = ["SavedRun", "open_run"]

MOST = 20
"""Drawings at most, unless told otherwise."""


class SavedRun:
    """A run on disk; everything is read when it is asked for.

    Args:
        path: the directory, as made by ``linguagraph report``.

    Raises:
        RunError: there is no run.
    """

    def __init__(self, path: str | Path) -> None:
        self._run = Run.open(path)
        self.path = self._run.path
        self.manifest: Mapping[str, Any] = self._run.manifest

    @property
    def language(self) -> bool:
        """Whether the graphs are made of sentences."""
        return self.manifest.get("language") is not False

    @property
    def sentences(self) -> Mapping[int, Sentence]:
        """The sentences by corpus index; empty where there is no language."""
        return Sentences(self.path / "parse") if self.language else {}

    @cached_property
    def tables(self) -> RunTables:
        """All tables in memory, with sentences and documents, as analyses read them."""
        found = RunTables.read(self.path, manifest=self.manifest, sentences=self.sentences)
        if not self.language:
            return found
        documents = Documents(self.path / "parse")
        return replace(found, documents=documents, compared=read_compared(self._run))

    @property
    def summary(self) -> dict[str, Any]:
        """Content of ``summary.json``; empty before the report is made."""
        path = self.path / "summary.json"
        if not path.is_file():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RunError(f"{path} cannot be read: {error}; run 'linguagraph analyse'") from error
        return found

    @property
    def sources(self) -> Sources:
        """What queries read."""
        sentences = Sentences(self.path / "parse").stream if self.language else None
        return sources_of_directory(self.path, sentences)

    @property
    def columns(self) -> pd.DataFrame:
        """Tables and columns that :meth:`query` sees, with types and meanings."""
        return describe(self.sources)

    def query(
        self,
        sql: str,
        *,
        text: bool = False,
        limit: int | None = None,
        memory: str = MEMORY,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """Run one statement of SQL that reads, see :func:`linguagraph.runs.querying.run_sql`.

        Args:
            sql: in DuckDB's dialect.
            text: add the column ``marked``: the sentence with the edge's ends marked.
            limit, memory, threads: as there.

        Raises:
            QueryError: the SQL is wrong, or does more than read.
        """
        rows = run_sql(self.sources, sql, limit=limit, memory=memory, threads=threads).frame
        return rows.assign(marked=self.texts(rows)) if text else rows

    def texts(self, rows: pd.DataFrame) -> list[str]:
        """The sentence of every row, see :func:`linguagraph.runs.query_rows.marked_texts`."""
        return marked_texts(rows, self._needed_sentences())

    def sentence(self, index: int) -> Sentence:
        """The sentence of a corpus index.

        Raises:
            QueryError: the run has no sentences.
            RunError: there is none of this index.
        """
        try:
            return self._needed_sentences()[index]
        except KeyError as error:
            count = len(self.sentences)
            raise RunError(
                f"no sentence {index} in {self.path}; it has 0 to {count - 1}"
            ) from error

    def draw(self, rows: pd.DataFrame | str, *, most: int = MOST) -> tuple[list[Drawing], int]:
        """Draw what a query found, see :func:`linguagraph.runs.query_rows.draw_rows`.

        Args:
            rows: of a query, or the SQL.
            most: drawings at most.

        Returns:
            The drawings, and how many were left out.
        """
        found = self.query(rows) if isinstance(rows, str) else rows
        roles = read_table(self.path / "roles.parquet", ROLES)
        sentences = self._needed_sentences()
        return draw_rows(found, sentences, edges_of=self._edges_of, roles=roles, most=most)

    def _edges_of(self, examples: Sequence[int]) -> pd.DataFrame:
        data = ds.dataset(self.path / "edges.parquet", format="parquet")
        found = data.to_table(filter=pc.field("example").isin(list(examples)))
        return EDGES.check(found.unify_dictionaries().to_pandas())

    def _needed_sentences(self) -> Mapping[int, Sentence]:
        if not self.language:
            mentions = (self.path / f"{MENTIONS.name}.parquet").is_file()
            raise no_sentences(str(self.path), mentions=mentions)
        return self.sentences

    def __repr__(self) -> str:
        return f"<SavedRun {str(self.path)!r}: {'; '.join(f'{k} {v}' for k, v in self._facts())}>"

    def _facts(self) -> list[tuple[str, str]]:
        corpus, model = (self.manifest.get(name) or {} for name in ("corpus", "model"))
        counts = [
            f"{corpus[name]:,} {name}"
            for name in ("sentences", "tokens", "predicates", "graphs", "nodes")
            if isinstance(corpus.get(name), int)
        ]
        return [
            ("corpus", ", ".join([str(corpus.get("name", "none")), *counts])),
            ("model", str(model.get("name", "none yet"))),
            ("seeds", ", ".join(map(str, self.manifest.get("seeds", ()))) or "none yet"),
            ("stages", ", ".join(self.manifest.get("stages", ())) or "none yet"),
        ]

    def _repr_html_(self) -> str:
        retained = (self.summary.get("retained") or {}).get("overall") or {}
        share = retained.get("mean") if isinstance(retained, Mapping) else None
        facts = self._facts()
        if isinstance(share, float):
            facts.append(("edges retained", f"{share:.1%}"))
        files = [p.name for p in sorted(self.path.glob("*.parquet"))]
        notes = [f"Tables: {', '.join(files) or 'none yet'}."]
        if (self.path / "report.html").is_file():
            notes.append(f"Report: {self.path / 'report.html'}")
        return display.html(display.Card(f"Run {self.path}", tuple(facts), notes=tuple(notes)))


def open_run(path: str | Path) -> SavedRun:
    """A run directory that ``linguagraph report`` or the stages made, to be asked and drawn.

    Raises:
        RunError: there is no run.
    """
    return SavedRun(path)
