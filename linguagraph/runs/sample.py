"""The bundled sample and a bundled model -> tables to try and to test analyses on."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from linguagraph.edges.storage import RunTables
from linguagraph.pretrained import sample_path
from linguagraph.runs.directory import Run
from linguagraph.runs.masking import mask_stage
from linguagraph.runs.models import load_explained
from linguagraph.runs.parsing import Documents, Sentences, graph_stage, parse_stage
from linguagraph.runs.reporting import facts
from linguagraph.runs.sources import Reading
from linguagraph.runs.tabulating import tabulate_stage

__all__ = ["sample_tables"]


def sample_tables(
    model: str = "srl-gnn", *, seeds: int | None = 2, limit: int | None = 12
) -> RunTables:
    """The tables of a run on the bundled sample corpus, without a report.

    Args:
        model: bundled name, or directory with ``model.safetensors`` and ``probes/``.
        seeds: how many probes; ``None`` for all.
        limit: how many sentences, the first ones; ``None`` for all 67.

    Raises:
        LinguagraphError: what is wrong and what to do.
    """
    explained = load_explained(model, seeds=seeds)
    reading = Reading(limit=limit)
    with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
        run = Run.create(Path(folder) / "run", resume=False)
        parse_stage(run, sample_path(), reading=reading)
        graph_stage(run)
        mask_stage(run, explained, facts=facts(explained, threads=1, options={"model": model}))
        tabulate_stage(run)
        parsed = run.path / "parse"
        sentences = {s.index: s for s in Sentences(parsed).stream()}
        tables = RunTables.read(run.path, manifest=run.manifest, sentences=sentences)
        return replace(tables, documents=tuple(Documents(parsed)))
