"""Run directories -> a comparison: sections, tables, one HTML page and the files beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.analyses import Params, summary
from linguagraph.analyses.compare import compare_sections, method_sections
from linguagraph.analyses.compared import Compared, compared_runs
from linguagraph.analyses.terms import terms
from linguagraph.edges.storage import RunTables
from linguagraph.errors import ConfigError, RunError
from linguagraph.reports import Section, render, save_report, to_iframe
from linguagraph.reports.comparison import comparison_tiles
from linguagraph.runs.analysing import Report
from linguagraph.runs.comparable import check_comparable, check_one_model, warnings_of
from linguagraph.runs.directory import Run
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.stored import Sentences

__all__ = ["Comparison", "compare", "compare_methods"]

PAGE = "compare.html"
"""Name of the page in a directory."""


@dataclass(frozen=True)
class Comparison:
    """A finished comparison.

    Attributes:
        names: of the runs, as the page calls them.
        sections: what the page says, in order.
        summary: content of ``summary.json``.
        warnings: what the runs differ in besides what is compared.
        manifest: what each run was made from, by name.
    """

    names: tuple[str, ...]
    sections: tuple[Section, ...] = field(repr=False)
    summary: dict[str, Any] = field(repr=False)
    warnings: tuple[str, ...]
    manifest: Mapping[str, Any] = field(repr=False)
    title: str = ""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table of the page by name."""
        return {t.name: t.frame for section in self.sections for t in section.tables}

    def html(self, *, files: str = "") -> str:
        """The page; ``files`` is the path from it to the folder of tables and figures."""
        return render(
            self.sections,
            title=self.title,
            manifest=self.manifest,
            summary={},
            kind="Comparison of runs",
            tiles=comparison_tiles(self.summary),
            notices=self.warnings,
            files=files,
        )

    def save(self, path: str | Path) -> Path:
        """Write the page and its files, and return the path of the page.

        Args:
            path: ``NAME.html``, with tables, figures and ``summary.json`` in a folder
                ``NAME_files`` beside it; or a directory that gets all of them and ``compare.html``.
        """
        target = Path(path)
        if target.suffix.lower() in (".html", ".htm"):
            home, page = target.with_name(f"{target.stem}_files"), target.resolve()
            files = f"{home.name}/"
        else:
            home, files = target, ""
            page = target.resolve() / PAGE
        html = self.html(files=files)
        save_report(home, sections=self.sections, html=html, summary=self.summary, page=page)
        return page if target.is_absolute() else (target if files else target / PAGE)

    def _repr_html_(self) -> str:
        return to_iframe(self.html())


def compare(
    runs: Sequence[str | Path | Report],
    *,
    names: Sequence[str] | None = None,
    params: Params | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """Lay runs on the same corpus side by side: what they score, retain, share and differ in.

    Models, methods, seeds and depths may differ. Needs no torch.

    Args:
        runs: two or more finished run directories (as made by ``linguagraph report`` or up to
            ``linguagraph tabulate``), or reports; differences are from the first.
        names: what to call them; by default the models' names, with the method or the directory
            where these do not tell them apart.
        params: options of the analyses.
        progress: for people who wait.

    Raises:
        ConfigError: fewer than two runs, one of them twice, or names that do not fit.
        RunError: a run is not finished, or runs cannot be compared.
    """
    return _compare(runs, names, params, progress, parts=compare_sections)


def compare_methods(
    runs: Sequence[str | Path | Report],
    *,
    names: Sequence[str] | None = None,
    params: Params | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """Lay runs of several methods on one model and corpus side by side.

    Agreement of every pair at equal sparsity, faithfulness against random edges, retention by
    label, and cost. The first run says how many edges every method retains where they are compared
    at equal sparsity.

    Args:
        runs, names, params, progress: as for :func:`compare`.

    Raises:
        ConfigError: as for :func:`compare`.
        RunError: as for :func:`compare`, or the runs explain different models.
    """
    return _compare(runs, names, params, progress, parts=method_sections, one_model=True)


def _compare(
    runs: Sequence[str | Path | Report],
    names: Sequence[str] | None,
    params: Params | None,
    progress: Progress,
    *,
    parts: Callable[[Compared, Params | None], tuple[Section, ...]],
    one_model: bool = False,
) -> Comparison:
    if len(runs) < 2:
        raise ConfigError(f"a comparison needs at least two runs; {len(runs)} given")
    task = progress("comparing", 4)
    places = [str(run.resolve()) for run in runs if isinstance(run, Path)]
    places += [str(Path(run).resolve()) for run in runs if isinstance(run, str)]
    twice = sorted({place for place in places if places.count(place) > 1})
    if twice:
        raise ConfigError(f"{', '.join(twice)} is given twice; a run is equal to itself")
    reports = [id(run.run_tables) for run in runs if isinstance(run, Report)]
    if len(set(reports)) < len(reports):
        raise ConfigError("a report is given twice; a run is equal to itself")
    read = [_read(run) for run in runs]
    found = _named(runs, read, names)
    task(1)
    check_comparable(found)
    if one_model:
        check_one_model(found)
    compared = compared_runs(found, warnings=warnings_of(found))
    task(1)
    sections = parts(compared, params)
    task(1)
    corpus = read[0].manifest.get("corpus", {}).get("name") or terms(read[0]).cases
    made = Comparison(
        compared.names,
        sections,
        summary(sections),
        compared.warnings,
        _manifest(found),
        f"{' and '.join(compared.names)}: {corpus}",
    )
    task(1)
    task.close()
    return made


def _read(run: str | Path | Report) -> RunTables:
    if isinstance(run, Report):
        return run.run_tables
    opened = Run.open(run)
    opened.finished("tabulate")
    sentences = Sentences(opened.path / "parse")
    manifest = opened.manifest
    whole = manifest.get("language") is not False and manifest.get("task") != "qa"
    return RunTables.read(opened.path, manifest=manifest, sentences=sentences if whole else None)


def _named(
    runs: Sequence[str | Path | Report], read: Sequence[RunTables], names: Sequence[str] | None
) -> dict[str, RunTables]:
    """Tables by names that tell the runs apart."""
    if names is not None:
        if len(names) != len(runs) or len(set(names)) < len(names) or not all(names):
            raise ConfigError(
                f"names are {list(names)}; give one for each of the {len(runs)} runs, no two alike"
            )
        return dict(zip(names, read, strict=True))
    empty = [str(run) for run, tables in zip(runs, read, strict=True) if tables.edges.empty]
    if empty:
        raise RunError(f"{', '.join(empty)}: the edge table is empty, so nothing can be compared")
    models = [str(t.edges["model"].iloc[0]) for t in read]
    methods = [str(t.edges["method"].iloc[0]) for t in read]
    folders = [
        f"run {i}" if isinstance(run, Report) else Path(run).resolve().name
        for i, run in enumerate(runs)
    ]
    both = [f"{a} ({b})" for a, b in zip(models, methods, strict=True)]
    chosen = methods if len(set(models)) == 1 else models
    for option in (chosen, both, folders):
        if len(set(option)) == len(option):
            return dict(zip(option, read, strict=True))
    return {f"{i}: {name}": t for i, (name, t) in enumerate(zip(folders, read, strict=True))}


def _manifest(runs: Mapping[str, RunTables]) -> dict[str, Any]:
    """What the page shows of each run's manifest: all but the stages and the single probes."""
    left_out = ("stages", "probes", "params", "versions", "hardware", "format")
    return {
        name: {k: v for k, v in tables.manifest.items() if k not in left_out}
        for name, tables in runs.items()
    }
