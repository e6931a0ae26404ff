"""Command line -> stages, training, conversion and reports; one command per arrow of the line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from linguagraph import __version__
from linguagraph.runs.console import bars, exit_status, sayer, tell

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
train = typer.Typer(help="Train task models and GraphMask probes.", no_args_is_help=True)
data = typer.Typer(help="Build corpora from their public sources.", no_args_is_help=True)
app.add_typer(train, name="train")
app.add_typer(data, name="data")

RunDir = Annotated[
    Path, typer.Argument(metavar="RUN", help="Run directory, as made by 'linguagraph parse'.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Directory to write into.")]
Model = Annotated[
    str,
    typer.Option(help="srl-gnn, srl-lstm-gnn, or a directory with model.safetensors and probes/."),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        help="Probes: a number (the first so many) or a list such as 0,2,4. Default: all."
    ),
]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto (a GPU if there is one).")]
Batch = Annotated[
    int,
    typer.Option(
        help="Tokens per batch; a token counts once per predicate of its sentence.", min=1
    ),
]
Limit = Annotated[int | None, typer.Option(help="Read only so many sentences.", min=1)]
Threads = Annotated[int | None, typer.Option(help="Processor threads. Default: all.", min=1)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress bars, no messages but errors.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a run that was made otherwise.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave sentences out that cannot be read; count them.")
]
Predicted = Annotated[
    bool, typer.Option("--predicted", help="Use the predicted columns of CoNLL-2009.")
]
Format = Annotated[
    str | None,
    typer.Option(help="conll09, conllu or conllup. Default: decided by the suffix of the file."),
]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"linguagraph {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command(short_help="Do everything, from a corpus to the report.")
def report(
    corpus: Annotated[
        Path, typer.Argument(metavar="CORPUS", help="Annotated corpus: CoNLL-2009 with predicates.")
    ],
    out: Out,
    model: Model = "srl-gnn",
    seeds: Seeds = None,
    device: Device = "auto",
    batch_size: Batch = 4000,
    limit: Limit = None,
    threads: Threads = None,
    format: Format = None,
    predicted: Predicted = False,
    skip_bad: SkipBad = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Do everything: read a corpus, mask a model's edges, and write the report into OUT."""
    from linguagraph.runs.reporting import ReportOptions, run_report

    options = ReportOptions(
        model=model,
        seeds=seeds,
        device=device,
        batch_size=batch_size,
        limit=limit,
        threads=threads,
        skip_bad=skip_bad,
        predicted=predicted,
        format=format,
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


@app.command()
def parse(
    corpus: Annotated[
        Path,
        typer.Argument(metavar="CORPUS", help="Annotated corpus; masks need predicates."),
    ],
    out: Out,
    limit: Limit = None,
    format: Format = None,
    predicted: Predicted = False,
    skip_bad: SkipBad = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Read and check a corpus; begin a run in OUT."""
    from linguagraph.runs.directory import Run
    from linguagraph.runs.parsing import find_corpus, parse_stage

    find_corpus(corpus)
    run = Run.create(out, resume=resume or overwrite, notify=sayer(quiet), overwrite=overwrite)
    options = {"limit": limit, "format": format, "predicted": predicted, "skip_bad": skip_bad}
    with run.lock(), bars(quiet) as progress:
        parse_stage(
            run,
            corpus,
            format=format,
            limit=limit,
            skip_bad=skip_bad,
            predicted=predicted,
            progress=progress,
            warn=sayer(quiet),
        )
        run.update(options=options)
    found = run.manifest
    tell(found["corpus"] | {"dropped": found["dropped"]}, as_json=as_json, quiet=quiet)


@app.command()
def graph(run: RunDir, quiet: Quiet = False) -> None:
    """Build the dependency graphs of a parsed run."""
    from linguagraph.runs.directory import Run
    from linguagraph.runs.parsing import graph_stage

    opened = Run.open(run, notify=sayer(quiet))
    with opened.lock(), bars(quiet) as progress:
        graph_stage(opened, progress=progress)
    sayer(quiet)(f"graphs: {run / 'graph'}; next: linguagraph mask {run}")


@app.command(short_help="Mask every edge in every layer; score the masks.")
def mask(
    run: RunDir,
    model: Model = "srl-gnn",
    seeds: Seeds = None,
    device: Device = "auto",
    batch_size: Batch = 4000,
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Mask every edge in every layer, and score the model under the masks and their controls."""
    import torch

    from linguagraph.runs.directory import Run, free_threads
    from linguagraph.runs.masking import mask_stage
    from linguagraph.runs.models import load_explained
    from linguagraph.runs.reporting import facts

    count = free_threads(threads)
    torch.set_num_threads(count)
    say = sayer(quiet)
    opened = Run.open(run, notify=say, overwrite=overwrite)
    explained = load_explained(model, seeds=seeds, device=device)
    options = {"model": model, "seeds": seeds, "device": device, "batch_size": batch_size}
    options = opened.manifest.get("options", {}) | options | {"threads": threads}
    with opened.lock(), bars(quiet) as progress:
        mask_stage(
            opened,
            explained,
            tokens=batch_size,
            facts=facts(explained, threads=count, options=options),
            progress=progress,
            warn=say,
        )
    say(f"masks: {run / 'mask'}; next: linguagraph tabulate {run}")


@app.command(short_help="Write the tables of a masked run as Parquet.")
def tabulate(run: RunDir, quiet: Quiet = False) -> None:
    """Write the edge, path, role and score tables of a masked run as Parquet."""
    from linguagraph.runs.directory import Run
    from linguagraph.runs.tabulating import tabulate_stage

    opened = Run.open(run, notify=sayer(quiet))
    with opened.lock(), bars(quiet) as progress:
        tabulate_stage(opened, progress=progress)
    sayer(quiet)(f"tables: {run}/*.parquet; next: linguagraph analyse {run}")


@app.command(name="analyse")
def analyse_(
    run: RunDir,
    min_n: Annotated[int, typer.Option(help="Mark cells with fewer cases.", min=1)] = 30,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples.", min=10)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Analyse the tables of a run and write the report."""
    from linguagraph.analyses import Params
    from linguagraph.runs.analysing import analyse_stage
    from linguagraph.runs.directory import Run

    opened = Run.open(run, notify=sayer(quiet))
    params = Params(min_n=min_n, resamples=resamples, seed=seed)
    with opened.lock(), bars(quiet) as progress:
        made = analyse_stage(opened, params=params, progress=progress)
    if as_json:
        typer.echo(json.dumps(made.summary, indent=2, ensure_ascii=False))
    sayer(quiet)(f"report: {run / 'report.html'}")


@app.command(short_help="List the bundled models.")
def models(as_json: Json = False) -> None:
    """List the bundled models: scores, data, licence, and how to rebuild them."""
    from linguagraph.runs.listing import list_models

    found = list_models()
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for entry in found:
        typer.echo(f"{entry['name']}  ({entry['fingerprint']}, {entry['megabytes']} MB)")
        for key in ("what", "scores", "masks", "data", "licence", "rebuild"):
            typer.echo(f"  {key:<8}{entry[key]}")


@train.command("srl")
def train_srl_(
    train: Annotated[Path, typer.Option("--train", help="Training corpus, CoNLL-2009.")],
    dev: Annotated[Path, typer.Option("--dev", help="Development corpus, CoNLL-2009.")],
    out: Out,
    model: Annotated[str, typer.Option(help="srl-gnn or srl-lstm-gnn.")] = "srl-gnn",
    config: Annotated[
        Path | None,
        typer.Option(help="TOML with tables [model] and [training]; the options below count more."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.", min=1)] = None,
    precision: Annotated[str | None, typer.Option(help="float32 or bfloat16.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence of the data, to be recorded.")
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Train a semantic role labelling model."""
    from linguagraph.runs.training import train_srl_run

    overrides = {"seed": seed, "epochs": epochs, "precision": precision}
    with bars(quiet) as progress:
        train_srl_run(
            train,
            dev,
            out,
            model=model,
            config=config,
            overrides={k: v for k, v in overrides.items() if v is not None},
            licence=licence,
            device=device,
            threads=threads,
            resume=resume,
            log=sayer(quiet),
            progress=progress,
        )


@train.command("graphmask")
def train_graphmask_(
    model: Annotated[Path, typer.Option(help="Trained model to explain: its directory.")],
    train: Annotated[Path, typer.Option("--train", help="Training corpus, CoNLL-2009.")],
    dev: Annotated[Path, typer.Option("--dev", help="Development corpus, CoNLL-2009.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory. Default: MODEL/probes.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML with tables [probe], [fit] and [constraint].")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Number of probes, or a list such as 0,1,7.")] = "5",
    tolerance: Annotated[
        float | None, typer.Option(help="Tolerance beta, in the unit of the divergence.", min=0)
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Train GraphMask probes for a trained model, all seeds in one run."""
    from linguagraph.errors import ConfigError
    from linguagraph.pretrained import BUNDLED
    from linguagraph.runs.training import train_graphmask_run

    if out is None and str(model) in BUNDLED:
        raise ConfigError(f"{model} is a bundled model; say with -o where its new probes shall go")
    with bars(quiet) as progress:
        train_graphmask_run(
            model,
            train,
            dev,
            out or model / "probes",
            config=config,
            seeds=seeds,
            tolerance=tolerance,
            device=device,
            threads=threads,
            resume=resume,
            log=sayer(quiet),
            progress=progress,
        )


@data.command("ewt-srl")
def data_ewt_srl(
    ud: Annotated[Path, typer.Option(help="UD_English-EWT: directory with the CoNLL-U files.")],
    propbank: Annotated[
        Path, typer.Option(help="PropBank release: directory or tar with the EWT stand-off files.")
    ],
    out: Out,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Join UD_English-EWT with the PropBank release into CoNLL-2009."""
    from dataclasses import asdict

    from linguagraph.documents import convert_ewt_srl

    tell(asdict(convert_ewt_srl(ud, propbank, out)), as_json=as_json, quiet=quiet)


def main() -> None:
    """Entry point; see :func:`linguagraph.runs.console.exit_status`."""
    sys.exit(exit_status(lambda: app(standalone_mode=False)))


if __name__ == "__main__":
    main()
