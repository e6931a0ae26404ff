"""One command per stage: each reads the files of the one before it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import (
    Batch,
    Coreference,
    Corpus,
    Deterministic,
    Device,
    Documents,
    FitOn,
    Format,
    Json,
    Keep,
    Language,
    Limit,
    MaxPredicates,
    MethodName,
    MethodSeeds,
    Model,
    Out,
    Overwrite,
    ParserName,
    Precision,
    Predicates,
    Predicted,
    Presegmented,
    Pretokenised,
    Quiet,
    Resume,
    RunDir,
    Seeds,
    SkipBad,
    StanzaDir,
    Threads,
    Threshold,
)
from linguagraph.runs.console import bars, sayer, tell

__all__ = ["parse", "mask", "tabulate", "analyse"]


def parse(
    corpus: Corpus,
    out: Out,
    format: Format = None,
    parser: ParserName = None,
    lang: Language = None,
    stanza_dir: StanzaDir = None,
    pretokenised: Pretokenised = False,
    presegmented: Presegmented = False,
    predicates: Predicates = "auto",
    coreference: Coreference = "auto",
    documents: Documents = None,
    predicted: Predicted = False,
    skip_bad: SkipBad = False,
    limit: Limit = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Read an annotated corpus, or parse text; begin a run in OUT."""
    from linguagraph.runs.directory import Run
    from linguagraph.runs.parsing import parse_stage
    from linguagraph.runs.sources import Reading, open_source

    reading = Reading(
        format=format,
        limit=limit,
        skip_bad=skip_bad,
        predicted=predicted,
        parser=parser,
        language=lang,
        stanza_dir=stanza_dir,
        pretokenised=pretokenised,
        presegmented=presegmented,
        predicates=predicates,
        coreference=coreference,
        documents=documents,
    )
    say = sayer(quiet)
    source = open_source(corpus, reading, on_bad=lambda error: say(str(error)))
    run = Run.create(out, resume=resume or overwrite, notify=say, overwrite=overwrite)
    with run.lock(), bars(quiet) as progress:
        parse_stage(run, corpus, reading=reading, source=source, progress=progress, warn=say)
        run.update(options={"reading": asdict(reading)})
    found = run.manifest
    tell(found["corpus"] | {"dropped": found["dropped"]}, as_json=as_json, quiet=quiet)


def mask(
    run: RunDir,
    model: Model = "srl-gnn",
    seeds: Seeds = None,
    device: Device = "auto",
    precision: Precision = "float32",
    deterministic: Deterministic = False,
    batch_size: Batch = 4000,
    max_predicates: MaxPredicates = None,
    method: MethodName = "graphmask",
    keep: Keep = None,
    threshold: Threshold = None,
    method_seeds: MethodSeeds = None,
    fit_on: FitOn = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Mask every edge in every layer, and score the model under the masks and their controls.

    With --method diffmask every token, in every layer.
    """
    import torch

    from linguagraph.models.deterministic import deterministic as only_deterministic
    from linguagraph.runs.directory import Run, free_threads
    from linguagraph.runs.methods import MethodOptions
    from linguagraph.runs.reporting import facts, load_any, mask_any

    count = free_threads(threads)
    torch.set_num_threads(count)
    say = sayer(quiet)
    opened = Run.open(run, notify=say, overwrite=overwrite)
    chosen = MethodOptions(method, keep, threshold, method_seeds, fit_on)
    with only_deterministic(deterministic), opened.lock(), bars(quiet) as progress:
        explained = load_any(model, chosen, seeds=seeds, device=device, precision=precision)
        options = {"model": model, "seeds": seeds, "device": device, "batch_size": batch_size}
        options |= {"threads": threads, **chosen.noted()}
        if precision != "float32" or deterministic:
            options |= {"precision": precision, "deterministic": deterministic}
        before = {k: v for k, v in opened.manifest.get("options", {}).items() if k != "method"}
        options = before | options
        mask_any(
            opened,
            explained,
            tokens=batch_size,
            most=max_predicates or None,
            facts=facts(explained, threads=count, options=options),
            progress=progress,
            warn=say,
        )
    say(f"masks: {run / 'mask'}; next: linguagraph tabulate {run}")


def tabulate(run: RunDir, quiet: Quiet = False) -> None:
    """Write the edge, path, role and score tables of a masked run as Parquet."""
    from linguagraph.runs.directory import Run
    from linguagraph.runs.tabulating import tabulate_stage

    opened = Run.open(run, notify=sayer(quiet))
    with opened.lock(), bars(quiet) as progress:
        tabulate_stage(opened, progress=progress)
    sayer(quiet)(f"tables: {run}/*.parquet; next: linguagraph analyse {run}")


def analyse(
    run: RunDir,
    min_n: Annotated[int, typer.Option(help="Mark cells with fewer cases.", min=1)] = 30,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples.", min=10)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    analysis: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Also run the analysis in this module, see 'linguagraph new-analysis'. May be "
            "given more than once.",
        ),
    ] = None,
    analyses: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also run all analyses in this folder.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Read the tables in blocks, by DuckDB, within so much memory, such as 2GB; for "
            "tables larger than memory. A folder of shards is always read so (2GB).",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Analyse the tables of a run, or of a folder of shards, and write the report.

    Analyses of installed packages run after those that are built in, then those of --analysis and
    --analyses. One that fails is named in the report; the exit status is 1 if it was given here.
    """
    from linguagraph.analyses import FAILED, Params
    from linguagraph.runs.analysing import Report, analyse_stage
    from linguagraph.runs.analysing_stored import MEMORY, StoredReport, analyse_stored
    from linguagraph.runs.directory import Run
    from linguagraph.runs.partitioned import is_collection

    say = sayer(quiet)
    params = Params(min_n=min_n, resamples=resamples, seed=seed)
    given = [*(analysis or ()), *([] if analyses is None else [analyses])]
    opened = Run(run, notify=say) if is_collection(run) else Run.open(run, notify=say)
    made: Report | StoredReport
    with opened.lock(), bars(quiet) as progress:
        if memory is None and not is_collection(run):
            made = analyse_stage(opened, params=params, analyses=given, progress=progress, warn=say)
        else:
            size = memory or MEMORY
            made = analyse_stored(
                run, memory=size, params=params, analyses=given, progress=progress, warn=say
            )
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    say(f"report: {run / 'report.html'}")
    if any(failure["from_file"] for failure in made.summary.get(FAILED, ())):
        raise typer.Exit(1)
