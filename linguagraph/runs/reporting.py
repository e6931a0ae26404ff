"""A corpus, or a run with tables -> the report: from Python, and for the command line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from linguagraph import __version__
from linguagraph.analyses import Params
from linguagraph.runs.analysing import Report, analyse_stage
from linguagraph.runs.directory import Run, free_threads
from linguagraph.runs.masking import TOKENS, mask_stage
from linguagraph.runs.measure import hardware, versions
from linguagraph.runs.models import Explained, load_explained
from linguagraph.runs.parsing import Sentences, find_corpus, graph_stage, parse_stage
from linguagraph.runs.progress import Progress, no_progress
from linguagraph.runs.tabulating import tabulate_stage

__all__ = ["Report", "ReportOptions", "facts", "report", "run_report"]


@dataclass(frozen=True)
class ReportOptions:
    """Options of :func:`report`.

    Attributes:
        model: bundled name, or directory with ``model.safetensors`` and ``probes/``.
        seeds: probes to use: a number (the first so many), a list, or ``None`` for all.
        device: ``cpu``, ``cuda`` or ``auto``.
        batch_size: tokens per batch, counting a token once per predicate of its sentence.
        limit: read only so many sentences.
        threads: processor threads; ``None`` takes what the process may use.
        skip_bad: leave sentences out that cannot be read, and count them.
        predicted: use the predicted columns of CoNLL-2009.
        format: of the corpus; ``None`` decides by suffix.
    """

    model: str = "srl-gnn"
    seeds: str | int | Sequence[int] | None = None
    device: str = "auto"
    batch_size: int = TOKENS
    limit: int | None = None
    threads: int | None = None
    skip_bad: bool = False
    predicted: bool = False
    format: str | None = None


def report(
    corpus: str | Path,
    model: str | None = None,
    *,
    out: str | Path | None = None,
    options: ReportOptions | None = None,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Explain a model on an annotated corpus and report on it.

    Args:
        corpus: CoNLL-2009 file with predicates.
        model: bundled name or directory; ``None`` takes that of ``options`` (srl-gnn by default).
        out: run directory that keeps every stage; ``None`` works in a temporary one.
        options: everything else.
        params: of the analyses.
        resume: go on with the run in ``out``.
        overwrite: replace the run in ``out`` if it was made from another corpus, model or options.
        progress: see :func:`linguagraph.runs.progress.progress_bars`.

    Raises:
        LinguagraphError: what is wrong and what to do.
    """
    chosen = options or ReportOptions()
    if model is not None:
        chosen = replace(chosen, model=model)
    if out is not None:
        return run_report(
            corpus,
            out,
            options=chosen,
            params=params,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    with tempfile.TemporaryDirectory(prefix="linguagraph-") as folder:
        run = Path(folder) / "run"
        made = run_report(corpus, run, options=chosen, params=params, progress=progress)
        # the shards go with the folder: keep the sentences
        sentences = {s.index: s for s in Sentences(run / "parse").stream()}
        return replace(made, run_tables=replace(made.run_tables, sentences=sentences))


def run_report(
    corpus: str | Path,
    out: str | Path,
    *,
    options: ReportOptions,
    params: Params | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
    warn: Callable[[str], None] = lambda message: None,
) -> Report:
    """All stages, from a corpus to the files of the report in ``out``.

    Finished stages and shards of a resumed run are not computed again. ``warn`` receives what a
    person should know: bad sentences, labels unknown to the model, stages that are done anew.
    """
    find_corpus(corpus)
    threads = free_threads(options.threads)
    torch.set_num_threads(threads)
    explained = load_explained(options.model, seeds=options.seeds, device=options.device)
    run = Run.create(out, resume=resume or overwrite, notify=warn, overwrite=overwrite)
    with run.lock():
        parse_stage(
            run,
            corpus,
            format=options.format,
            limit=options.limit,
            skip_bad=options.skip_bad,
            predicted=options.predicted,
            progress=progress,
            warn=warn,
        )
        graph_stage(run, progress=progress)
        mask_stage(
            run,
            explained,
            tokens=options.batch_size,
            facts=facts(explained, threads=threads, options=asdict(options)),
            progress=progress,
            warn=warn,
        )
        tabulate_stage(run, progress=progress)
        return analyse_stage(run, params=params, progress=progress)


def facts(explained: Explained, *, threads: int, options: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says of the program, the machine and the options."""
    device = str(next(explained.masker.model.parameters()).device)
    return {
        "linguagraph": __version__,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": options,
        "hardware": hardware(device, threads),
    }
