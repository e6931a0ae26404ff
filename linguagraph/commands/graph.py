"""`linguagraph graph` -> the graphs of a run or of questions, for what follows and for others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Quiet
from linguagraph.errors import ConfigError
from linguagraph.runs.console import bars, sayer

__all__ = ["graph"]

_FOR_QUESTIONS = frozenset({"out", "coreference", "limit", "skip_bad"})
_FOR_BOTH = frozenset({"run", "export", "quiet", "as_json"})


def graph(
    context: typer.Context,
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="Run directory, as made by 'linguagraph parse', or a file of multi-hop questions: "
            "WikiHop JSON (.json, .jsonl).",
        ),
    ],
    kinds: Annotated[
        str | None,
        typer.Option(
            help="Merge edges of these kinds into one graph per document: dependency, "
            "coreference, cooccurrence, joined by commas. "
            "Default, with --export or --svg: dependency,coreference."
        ),
    ] = None,
    links: Annotated[
        str,
        typer.Option(help="Coreference: link each mention to the nearest, first or all before it."),
    ] = "nearest",
    subtypes: Annotated[
        str, typer.Option(help="Dependency labels: keep their subtypes, or fold them.")
    ] = "keep",
    unit: Annotated[
        str, typer.Option(help="What co-occurs: lemma (content words), entity, chain or mention.")
    ] = "lemma",
    window: Annotated[
        str, typer.Option(help="Where: sentence, tokens, paragraph or document.")
    ] = "sentence",
    size: Annotated[int, typer.Option(help="Distance in tokens, for --window tokens.", min=1)] = 5,
    measure: Annotated[
        str, typer.Option(help="Score of a pair: count, ppmi, log_likelihood or t_score.")
    ] = "ppmi",
    min_count: Annotated[int, typer.Option(help="Leave out rarer pairs.", min=1)] = 2,
    minimum: Annotated[float, typer.Option(help="Smallest score of a pair.")] = 0.0,
    top: Annotated[int, typer.Option(help="Most co-occurrence neighbours of a token.", min=1)] = 5,
    export: Annotated[
        str | None, typer.Option(help="graphml, json, pyg, parquet, joined by commas.")
    ] = None,
    svg: Annotated[
        bool, typer.Option("--svg", help="Draw each document, and its first 100 sentences.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Questions: directory to write into.")
    ] = None,
    coreference: Annotated[
        str,
        typer.Option(help="Questions: rules (parse the supports, find what corefers), or none."),
    ] = "rules",
    limit: Annotated[int | None, typer.Option(help="Questions: read only so many.", min=1)] = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Questions: leave out those that cannot be used; count."),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Build the graphs of a parsed run; merge, export and draw them if asked to.

    The dependency graphs of the sentences, which 'mask' needs, go to RUN/graph. Merged graphs of
    whole documents go to RUN/graphs, with kinds.csv, labels.csv and summary.json.

    Of a file of questions, the entity graphs over the mentions in the supports are built instead,
    and written into --out, with relations.csv and summary.json.
    """
    from linguagraph.documents.wikihop import is_wikihop

    if is_wikihop(run) and not run.is_dir():
        _refuse(context, lambda name: name not in _FOR_QUESTIONS | _FOR_BOTH, "a run")
        _questions(
            run,
            out,
            coreference=coreference,
            limit=limit,
            skip_bad=skip_bad,
            export=export,
            quiet=quiet,
            as_json=as_json,
        )
        return
    _refuse(context, lambda name: name in _FOR_QUESTIONS, "a file of questions (.json, .jsonl)")
    from linguagraph.runs.directory import Run
    from linguagraph.runs.graph_options import GraphOptions, names
    from linguagraph.runs.graphs import write_graphs
    from linguagraph.runs.merged import run_documents
    from linguagraph.runs.parsing import graph_stage

    options = GraphOptions(
        kinds=("dependency", "coreference") if kinds is None else names(kinds),
        links=links,
        subtypes=subtypes,
        unit=unit,
        window=window,
        size=size,
        measure=measure,
        min_count=min_count,
        minimum=minimum,
        top=top,
        exports=names(export),
        svg=svg,
    )
    say = sayer(quiet)
    if (run / "graphs").is_dir() and not (kinds is None and export is None and not svg):
        say(f"{run / 'graphs'} is made anew: its earlier exports and drawings are replaced")
    opened = Run.open(run, notify=say)
    with opened.lock(), bars(quiet) as progress:
        graph_stage(opened, progress=progress)
        say(f"graphs: {run / 'graph'}; next: linguagraph mask {run}")
        if kinds is None and export is None and not svg:
            return
        documents = run_documents(opened.finished("parse"))
        made = write_graphs(documents, run / "graphs", options=options, progress=progress, warn=say)
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    elif not quiet:
        typer.echo(made.kinds.to_string(index=False, float_format="{:.3f}".format))
    say(f"merged graphs: {run / 'graphs'}")


def _questions(
    path: Path,
    out: Path | None,
    *,
    coreference: str,
    limit: int | None,
    skip_bad: bool,
    export: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    from linguagraph.runs.graph_options import names
    from linguagraph.runs.qa_graphs import write_entity_graphs
    from linguagraph.runs.qa_items import QaReading, open_items

    if out is None:
        raise ConfigError("no directory to write into; give it with --out")
    reading = QaReading(coreference=coreference, limit=limit, skip_bad=skip_bad)
    source = open_items(path, reading=reading)
    say = sayer(quiet)
    with bars(quiet) as progress:
        made = write_entity_graphs(source, out, exports=names(export), progress=progress, warn=say)
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    elif not quiet:
        typer.echo(made.relations.to_string(index=False, float_format="{:.3f}".format))
    say(f"entity graphs: {out}")


def _refuse(context: typer.Context, wrong: Callable[[str], bool], right: str) -> None:
    """Name the options on the command line that make no sense.

    Raises:
        ConfigError: there are such options.
    """
    given = [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name is not None
        and wrong(parameter.name)
        and getattr(context.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    ]
    if given:
        raise ConfigError(f"{', '.join(given)}: only for {right}")
