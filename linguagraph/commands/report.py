"""A corpus -> its report: all stages at once."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from linguagraph.commands.options import (
    Batch,
    Coreference,
    Corpus,
    Device,
    Documents,
    Format,
    Json,
    Language,
    Limit,
    MaxPredicates,
    Model,
    Out,
    Overwrite,
    ParserName,
    Predicates,
    Predicted,
    Presegmented,
    Pretokenised,
    Quiet,
    Resume,
    Seeds,
    SkipBad,
    StanzaDir,
    Threads,
)
from linguagraph.runs.console import bars, sayer

__all__ = ["report"]


def report(
    corpus: Corpus,
    out: Out,
    model: Model = "srl-gnn",
    seeds: Seeds = None,
    device: Device = "auto",
    batch_size: Batch = 4000,
    threads: Threads = None,
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
    max_predicates: MaxPredicates = None,
    compare_parses: Annotated[
        bool,
        typer.Option(
            "--compare-parses",
            help="Parse a corpus with gold trees, too, and report what changes.",
        ),
    ] = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Read or parse a corpus, mask a model's edges, and write the report into OUT."""
    from linguagraph.runs.reporting import ReportOptions, run_report
    from linguagraph.runs.sources import Reading

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
    options = ReportOptions(
        model=model,
        seeds=seeds,
        device=device,
        batch_size=batch_size,
        threads=threads,
        reading=reading,
        max_predicates=max_predicates,
        compare_parses=compare_parses,
    )
    say = sayer(quiet)
    with bars(quiet) as progress:
        made = run_report(
            corpus,
            out,
            options=options,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            warn=say,
        )
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    say(f"report: {out / 'report.html'}")
