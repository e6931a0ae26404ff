"""A tabulated run -> its tables as files for papers, spreadsheets and R; needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from linguagraph.aggregates import compile_items
from linguagraph.aggregates.lme4 import LME4_FORMULA, lme4_table
from linguagraph.analyses import Params, analyse, find_plugins
from linguagraph.edges.storage import RunTables
from linguagraph.files import write_text
from linguagraph.reports.exporting import export_tables, provenance, write_csv
from linguagraph.reports.save import to_json
from linguagraph.runs.comparing import read_compared
from linguagraph.runs.directory import Run
from linguagraph.runs.stored import Documents, Sentences

__all__ = ["export_lme4", "export_run"]


def export_run(
    run: Run,
    directory: str | Path,
    *,
    analyses: Iterable[str | Path] = (),
    warn: Callable[[str], None] = lambda message: None,
) -> list[Path]:
    """Write every table of the run's report (:func:`export_tables`), with the report's options.

    Args:
        analyses: files or folders of further analyses, as they were given to the report.
        warn: told of further analyses that the report had and that are not here.

    Raises:
        RunError: the run is not tabulated.
    """
    run.finished("tabulate")
    manifest = run.manifest
    sentences = Sentences(run.path / "parse")
    tables = replace(
        RunTables.read(run.path, manifest=manifest, sentences=sentences),
        documents=Documents(run.path / "parse"),
        compared=read_compared(run),
    )
    plugins = find_plugins(analyses)
    absent = {found["name"] for found in manifest.get("analyses") or ()} - {p.name for p in plugins}
    if absent:
        warn(
            f"without the tables of {', '.join(sorted(absent))}, which the report has: name the "
            "file again with --analysis"
        )
    sections = analyse(tables, _params(manifest.get("params") or {}), plugins=plugins)
    return export_tables(sections, directory, manifest=manifest)


def export_lme4(run: Run, path: str | Path) -> list[Path]:
    """Write the run's edges as a CSV file for R's lme4, and a text beside it that says how.

    Args:
        path: of the CSV file; the text has the same name and ends in ``.txt``.

    Raises:
        RunError: the run is not tabulated.
        TableError: its edge table holds several models or methods.
    """
    run.finished("tabulate")
    tables = RunTables.read(run.path, manifest=run.manifest)
    table = lme4_table(compile_items(tables.edges))
    target = Path(path)
    facts = {k: v for k, v in provenance(run.manifest).items() if k != "manifest"}
    text = (
        f"{target.name}: one row per edge and layer of every example, {len(table):,} rows.\n\n"
        "retained and rated count seeds. Sentences (s), examples (e) and layers (k) begin with a\n"
        "letter, so that R takes them for factors. direction: down is from head to dependent, up\n"
        "is back. distance is in tokens, log_distance = log2(1 + distance), frequency = log2 of\n"
        "the edges with the label (fixed by the label). position: where the edge lies relative to\n"
        "the dependency paths from the predicate to its predicted arguments.\n\nIn R:\n\n"
        f'edges <- read.csv("{target.name}", stringsAsFactors = TRUE, na.strings = "")\n'
        f"model <- lme4::glmer({LME4_FORMULA},\n  data = edges, family = binomial)\n\n"
        f"Made from:\n{to_json(facts)}"
    )
    return [write_csv(table, target), write_text(target.with_suffix(".txt"), text)]


def _params(stored: dict[str, Any]) -> Params:
    """The options that the report was made with, as its manifest tells them."""
    known = {field.name for field in fields(Params)}
    named = {"max_tokens" if key == "max_edges" else key: value for key, value in stored.items()}
    return Params(**{key: value for key, value in named.items() if key in known})
