"""A corpus, or a task with known truth -> its report: all stages at once."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linguagraph.commands.options import (
    Batch,
    Coreference,
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
    Threshold,
)
from linguagraph.errors import ConfigError
from linguagraph.runs.console import bars, sayer

if TYPE_CHECKING:
    from linguagraph.runs.analysing import Report

__all__ = ["report"]

_OF_TASKS = {
    *("context", "task", "out", "seeds", "threads", "resume", "overwrite", "quiet", "as_json"),
}
"""Parameters that go together with --task."""

_OF_QUESTIONS_ONLY = {"rivals", "rival_items", "entities"}
_OF_QUESTIONS = {
    *("out", "corpus", "model", "seeds", "device", "threads", "coreference", "parser"),
    *("stanza_dir", "skip_bad", "limit", "resume", "overwrite", "quiet", "as_json"),
}
"""Parameters that go together with questions."""


def report(
    context: typer.Context,
    out: Out,
    corpus: Annotated[
        str | None,
        typer.Argument(
            metavar="CORPUS",
            help="Text file, folder or pattern of text files, - for standard input; an annotated "
            "file: CoNLL-2009, CoNLL-U; or questions: WikiHop JSON (.json, .jsonl). Not with "
            "--task.",
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="Instead of a corpus: star, path or redundant, synthetic graphs of which is known "
            "what the answer depends on, and a model trained on them."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="srl-gnn, srl-lstm-gnn, qa, or a directory with model.safetensors and probes/. "
            "Default: qa for questions, else srl-gnn.",
        ),
    ] = None,
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
    method: MethodName = "graphmask",
    keep: Keep = None,
    threshold: Threshold = None,
    method_seeds: MethodSeeds = None,
    fit_on: FitOn = None,
    compare_parses: Annotated[
        bool,
        typer.Option(
            "--compare-parses",
            help="Parse a corpus with gold trees, too, and report what changes.",
        ),
    ] = False,
    rivals: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Questions only: further methods for the tables that compare methods. Default: "
            "nonamortised,gnnexplainer,integrated_gradients.",
        ),
    ] = None,
    rival_items: Annotated[
        int | None,
        typer.Option(
            help="Questions only: how many of them, the first ones, further methods explain (20); "
            "0: none.",
            min=0,
        ),
    ] = None,
    entities: Annotated[
        str | None,
        typer.Option(
            metavar="LANG",
            help="Questions only: named entities of Stanza's model of a language are the bridges.",
        ),
    ] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Read or parse a corpus, mask a model's edges, and write the report into OUT."""
    if task is not None:
        made = _of_task(
            context,
            task,
            out,
            seeds=seeds,
            threads=threads,
            resume=resume,
            overwrite=overwrite,
            quiet=quiet,
        )
        _tell(made, out, quiet=quiet, as_json=as_json)
        return
    if corpus is None:
        raise typer.BadParameter("give a CORPUS, or --task star", param_hint="CORPUS")
    if corpus.lower().endswith((".json", ".jsonl")) and format is None:
        made = _of_questions(
            context,
            corpus,
            out,
            model=model or "qa",
            seeds=seeds,
            device=device,
            threads=threads,
            coreference=coreference,
            parser=parser,
            stanza_dir=stanza_dir,
            skip_bad=skip_bad,
            limit=limit,
            rivals=rivals,
            rival_items=rival_items,
            entities=entities,
            resume=resume,
            overwrite=overwrite,
            quiet=quiet,
        )
        _tell(made, out, quiet=quiet, as_json=as_json)
        return
    _refuse(context, _OF_QUESTIONS_ONLY, f"for questions (WikiHop JSON) only; {corpus} is none")
    from linguagraph.runs.methods import MethodOptions
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
        model=model or "srl-gnn",
        seeds=seeds,
        device=device,
        batch_size=batch_size,
        threads=threads,
        reading=reading,
        max_predicates=max_predicates,
        compare_parses=compare_parses,
        method=MethodOptions(method, keep, threshold, method_seeds, fit_on),
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
    _tell(made, out, quiet=quiet, as_json=as_json)


def _of_task(
    context: typer.Context,
    task: str,
    out: Path,
    *,
    seeds: str | None,
    threads: int | None,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> Report:
    """The report of a task; options that only a corpus has are refused."""
    import torch

    from linguagraph.runs.any_task import report_task

    given = {name for name in context.params if _typed(context, name)}
    wrong = [str(p.opts[-1]) for p in context.command.params if p.name in given - _OF_TASKS]
    if "corpus" in given:
        raise ConfigError(f"leave the corpus out: --task {task} brings its own graphs")
    if wrong:
        raise ConfigError(
            f"{', '.join(wrong)} with --task {task}: for reports on a corpus only; --task brings "
            "its own graphs and model"
        )
    torch.set_num_threads(threads or 1)  # the graphs are small: more threads wait for each other
    with bars(quiet) as progress:
        return report_task(
            task, out, seeds=seeds, resume=resume, overwrite=overwrite, progress=progress
        )


def _of_questions(
    context: typer.Context,
    corpus: str,
    out: Path,
    *,
    model: str,
    seeds: str | None,
    device: str,
    threads: int | None,
    coreference: str,
    parser: str | None,
    stanza_dir: str | None,
    skip_bad: bool,
    limit: int | None,
    rivals: str | None,
    rival_items: int | None,
    entities: str | None,
    resume: bool,
    overwrite: bool,
    quiet: bool,
) -> Report:
    """The report on questions; options that only other corpora have are refused."""
    from linguagraph.runs.qa import QaOptions, options_with, report_qa
    from linguagraph.runs.qa_items import QaReading

    every = {name for name in context.params if name != "context"}
    wrong = every - _OF_QUESTIONS - _OF_QUESTIONS_ONLY
    _refuse(context, wrong, "not for questions (WikiHop JSON)")
    reading = QaReading(
        coreference="rules" if coreference == "auto" else coreference,
        parser=parser,
        stanza_dir=stanza_dir,
        entities=entities,
        limit=limit,
        skip_bad=skip_bad,
    )
    options = QaOptions(model=model, seeds=seeds, device=device, threads=threads, reading=reading)
    named = None if rivals is None else tuple(r.strip() for r in rivals.split(",") if r.strip())
    options = options_with(options, rivals=named, rival_items=rival_items)
    with bars(quiet) as progress:
        return report_qa(
            corpus,
            out,
            options=options,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            warn=sayer(quiet),
        )


def _refuse(context: typer.Context, names: Collection[str], why: str) -> None:
    given = {name for name in context.params if _typed(context, name)} & set(names)
    wrong = [str(p.opts[-1]) for p in context.command.params if p.name in given]
    if wrong:
        raise ConfigError(f"{', '.join(wrong)}: {why}")


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _tell(made: Report, out: Path, *, quiet: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    sayer(quiet)(f"report: {out / 'report.html'}")
