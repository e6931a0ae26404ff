"""Stage analyse: the tables of a run -> findings, figures and the files of the report; no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.analyses import (
    FAILED,
    Params,
    analyse,
    ask,
    find_plugins,
    load_plugin,
    summary,
)
from linguagraph.edges.storage import RunTables
from linguagraph.reports import Section, render, save_report, to_iframe
from linguagraph.runs.comparing import read_compared
from linguagraph.runs.directory import Run
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.query_rows import marked_texts, no_sentences
from linguagraph.runs.query_tables import sources_of_tables
from linguagraph.runs.querying import MEMORY, run_sql
from linguagraph.runs.stored import Documents, Sentences

__all__ = ["Report", "analyse_stage"]


@dataclass(frozen=True)
class Report:
    """A finished report.

    Attributes:
        run_tables: edges, paths, roles and scores with the manifest.
        sections: what the report says, in order.
        summary: content of ``summary.json``.
        html: the page.
    """

    run_tables: RunTables = field(repr=False)
    sections: tuple[Section, ...] = field(repr=False)
    summary: dict[str, Any] = field(repr=False)
    html: str = field(repr=False)

    @property
    def edges(self) -> pd.DataFrame:
        """The edge table, see :data:`linguagraph.columns.EDGES`."""
        return self.run_tables.edges

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the report by name."""
        return {t.name: t.frame for section in self.sections for t in section.tables}

    def ask(self, analysis: str | Path, *, params: Params | None = None) -> Report:
        """What an analysis of your own, a module in a file, says of this run, and nothing else.

        The file is read anew each time, so that it can be changed and asked again.

        Raises:
            ConfigError: no such file.
            ReportError: it cannot be loaded, or its sections cannot stand in a report.
        """
        plugin = load_plugin(analysis)
        sections = ask(plugin, self.run_tables, params)
        manifest = self.run_tables.manifest
        page = render(sections, title=plugin.name, manifest=manifest, summary={})
        return replace(self, sections=sections, summary=summary(sections), html=page)

    def query(
        self,
        sql: str,
        *,
        text: bool = False,
        limit: int | None = None,
        memory: str = MEMORY,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """Run one statement of SQL that reads, as :meth:`linguagraph.SavedRun.query` does.

        Raises:
            QueryError: the SQL is wrong, or does more than read.
        """
        sources = sources_of_tables(self.run_tables)
        rows = run_sql(sources, sql, limit=limit, memory=memory, threads=threads).frame
        if not text:
            return rows
        if sources.sentences is None:
            raise no_sentences(sources.name, mentions=self.run_tables.mentions is not None)
        return rows.assign(marked=marked_texts(rows, self.run_tables.sentences))

    def __repr__(self) -> str:
        corpus, model = (self.run_tables.manifest.get(k) or {} for k in ("corpus", "model"))
        return (
            f"<Report on {model.get('name', 'a model')}, {corpus.get('name', 'corpus')}: "
            f"{len(self.sections)} sections, {len(self.tables)} tables, {len(self.edges):,} edge "
            "rows>"
        )

    def save(self, path: str | Path) -> Path:
        """Write everything into a directory and return the path of ``report.html``."""
        home = Path(path)
        home.mkdir(parents=True, exist_ok=True)
        self.run_tables.write(home)
        save_report(
            home,
            sections=self.sections,
            html=self.html,
            summary=self.summary,
            manifest=dict(self.run_tables.manifest),
        )
        return home / "report.html"

    def _repr_html_(self) -> str:
        return to_iframe(self.html)


def analyse_stage(
    run: Run,
    *,
    params: Params | None = None,
    analyses: Iterable[str | Path] = (),
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Report:
    """Tables of a run -> the report and its files.

    Args:
        run: a run that is tabulated.
        params: of the analyses.
        analyses: files or folders of further analyses, which run after those that are built in
            and those that installed packages offer.
        progress: for people who wait.
        warn: told which of the further analyses failed; the report says it, too.

    Raises:
        ConfigError: no such file or folder.
        RunError: the run is not tabulated.
    """
    params = params or Params()
    tabulated = run.finished("tabulate")
    plugins = find_plugins(analyses)
    key = {"tabulate": tabulated.record["key"], "params": asdict(params)}
    key |= {"analyses": [plugin.facts for plugin in plugins]} if plugins else {}
    with run.stage("analyse", key) as s:
        s.record["done"] = False
        language = run.manifest.get("language") is not False
        run.update(params=params.heeded(language=language))
        if plugins or "analyses" in run.manifest:
            run.update(analyses=[plugin.facts for plugin in plugins])
        task = progress("writing the report", 4)
        sentences = Sentences(run.path / "parse")
        tables = replace(
            RunTables.read(run.path, manifest=run.manifest, sentences=sentences),
            documents=Documents(run.path / "parse"),
            compared=read_compared(run),
        )
        task(1)
        sections = analyse(tables, params, plugins=plugins)
        for section in sections:
            if section.name == FAILED:
                warn(section.finding)
        task(1)
        numbers = summary(sections)
        page = render(
            sections,
            title=f"What {_model_name(tables)} uses: {_corpus_name(tables)}",
            manifest=tables.manifest,
            summary=numbers,
        )
        task(1)
        save_report(run.path, sections=sections, html=page, summary=numbers)
        task(1)
        task.close()
    return Report(replace(tables, manifest=run.manifest), sections, numbers, page)


def _model_name(tables: RunTables) -> str:
    return str(tables.manifest.get("model", {}).get("name", "the model"))


def _corpus_name(tables: RunTables) -> str:
    return str(tables.manifest.get("corpus", {}).get("name", "corpus"))
