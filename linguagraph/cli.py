"""Command line -> stages, training, conversion and reports; one command per arrow of the line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from linguagraph import __version__
from linguagraph.commands import (
    benchmark,
    bundled,
    compare,
    compare_methods,
    counting,
    exchange,
    export,
    faithfulness,
    graph,
    new_analysis,
    query,
    report,
    running,
    stages,
    study,
    sweep,
    train_parser,
    train_predicates,
    train_qa,
    training,
)
from linguagraph.runs.console import alone, exit_status

__all__ = ["app", "main"]

app = typer.Typer(
    help=(
        "Which parts of linguistic structure does a graph neural network really use?\n\n"
        "'linguagraph report CORPUS -o OUT' does everything. Each stage is also a command that "
        "goes on where the one before it stopped: parse CORPUS -o OUT, then graph OUT, mask OUT, "
        "tabulate OUT and analyse OUT."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help texts speak of [tables] of TOML files
    context_settings={"help_option_names": ["-h", "--help"]},
)
train = typer.Typer(
    help=(
        "Train task models, GraphMask probes and parsers.\n\n"
        "'torchrun --nproc-per-node 2 -m linguagraph train ...' shares every batch among two "
        "processes (of all but 'train parser'), each with a GPU of its own if there are any."
    ),
    short_help="Train task models, GraphMask probes and parsers.",
    no_args_is_help=True,
)
data = typer.Typer(help="Build corpora from their public sources.", no_args_is_help=True)
benchmarks = typer.Typer(
    help="Compare masking methods where the truth is known.", no_args_is_help=True
)
studies = typer.Typer(
    help="Studies of small transformers: words and gradients.", no_args_is_help=True
)
models = typer.Typer(short_help="List the bundled models, or fetch Stanza's.")
app.add_typer(models, name="models")
app.add_typer(train, name="train")
app.add_typer(data, name="data")
app.add_typer(benchmarks, name="benchmark")
app.add_typer(studies, name="study")

app.command(short_help="Do everything, from a corpus to the report.")(report.report)
app.command(short_help="Read or parse a corpus; begin a run.")(stages.parse)
app.command(short_help="Build, merge, export and draw graphs.")(graph.graph)
app.command(short_help="Mask every edge in every layer; score the masks.")(stages.mask)
app.command(short_help="Write the tables of a masked run as Parquet.")(stages.tabulate)
app.command(short_help="Measure how faithful a run's masks are.")(faithfulness.faithfulness)
app.command(short_help="Analyse a run's tables and write the report.")(stages.analyse)
app.command("new-analysis", short_help="Begin an analysis of your own.")(new_analysis.new_analysis)
app.command(short_help="Train, mask and tabulate a grid of models.")(sweep.sweep)
app.command(short_help="Do a corpus in shards, also on a cluster.")(running.run)
app.command(short_help="Say what is done, failed and left.")(running.status)
app.command(short_help="Estimate hours and gigabytes beforehand.")(running.cost)
app.command(short_help="Lay runs on one corpus side by side.")(compare.compare)
app.command("compare-methods", short_help="Lay methods on one model side by side.")(
    compare_methods.compare_methods
)
app.command("export-tables", short_help="Write a run's tables for papers and for R.")(
    export.export_tables
)
app.command(short_help="Ask the tables of a run in SQL.")(query.query)
app.command("export-corpus", short_help="Write a run's corpus with what is retained.")(
    exchange.export_corpus
)
app.command("import-masks", short_help="Make a run of masks made elsewhere.")(exchange.import_masks)
models.callback(invoke_without_command=True)(bundled.models)
models.command("download", short_help="Fetch Stanza's full models.")(bundled.download)
train.command("srl")(training.train_srl)
train.command("qa", short_help="Train a question answering model.")(train_qa.train_qa)
train.command("graphmask")(training.train_graphmask)
train.command("predicates")(train_predicates.train_predicates)
train.command("parser")(train_parser.train_parser)
benchmarks.command("faithfulness")(benchmark.faithfulness)
benchmarks.command("counting")(counting.counting)
studies.command(short_help="DiffMask: words by layer and part of speech.")(study.sentiment)
studies.command(short_help="Gradient paths of subject-verb agreement.")(study.agreement)
studies.command(short_help="Gradient paths where the answer is known.")(study.repetition)
data.command("ewt-srl")(bundled.data_ewt_srl)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"linguagraph {__version__}")
        raise typer.Exit


@train.callback()
def _together(context: typer.Context) -> None:
    """Refuse what several processes cannot do together."""
    if context.invoked_subcommand == "parser":
        alone("train parser")


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of the program itself."""
    if context.invoked_subcommand not in (None, "train"):
        alone(str(context.invoked_subcommand))


def main() -> None:
    """Entry point; see :func:`linguagraph.runs.console.exit_status`."""
    sys.exit(exit_status(lambda: app(standalone_mode=False)))


if __name__ == "__main__":
    main()
