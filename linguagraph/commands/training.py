"""Corpora -> trained models and probes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Deterministic, Device, Out, Quiet, Resume, Threads
from linguagraph.runs.console import bars, sayer

__all__ = ["train_srl", "train_graphmask"]

TrainDocuments = Annotated[
    Path | None,
    typer.Option(
        help="CoNLL-U with the training sentences and '# newdoc': for models with further kinds."
    ),
]
DevDocuments = Annotated[Path | None, typer.Option(help="The same for the development sentences.")]


def train_srl(
    train: Annotated[Path, typer.Option("--train", help="Training corpus, CoNLL-2009.")],
    dev: Annotated[Path, typer.Option("--dev", help="Development corpus, CoNLL-2009.")],
    out: Out,
    model: Annotated[str, typer.Option(help="srl-gnn or srl-lstm-gnn.")] = "srl-gnn",
    kinds: Annotated[
        str | None,
        typer.Option(help="Edge kinds: dependency, and coreference, cooccurrence or both."),
    ] = None,
    conv: Annotated[
        str | None,
        typer.Option(help="Graph layers: gated-gcn, rgcn, gat, gine, transformer or ggnn."),
    ] = None,
    layers: Annotated[int | None, typer.Option(help="Graph layers, one on another.", min=1)] = None,
    encoder: Annotated[str | None, typer.Option(help="Below them: mlp or bilstm.")] = None,
    train_documents: TrainDocuments = None,
    dev_documents: DevDocuments = None,
    coreference: Annotated[
        str,
        typer.Option(help="Chains: rules, given (CorefUD Entity= of these files) or none."),
    ] = "rules",
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
    from linguagraph.runs.launch import train_together
    from linguagraph.runs.training import train_srl_run

    overrides = {"seed": seed, "epochs": epochs, "precision": precision}
    architecture = {"conv": conv, "gcn_layers": layers, "encoder": encoder}
    with train_together(device, out) as world, bars(quiet or not world.first) as progress:
        train_srl_run(
            train,
            dev,
            out,
            model=model,
            architecture={k: v for k, v in architecture.items() if v is not None},
            kinds=None if kinds is None else [kind.strip() for kind in kinds.split(",")],
            documents=(train_documents, dev_documents),
            coreference=coreference,
            config=config,
            overrides={k: v for k, v in overrides.items() if v is not None},
            licence=licence,
            device=device,
            threads=threads,
            resume=resume,
            log=sayer(quiet or not world.first),
            progress=progress,
            world=world,
        )


def train_graphmask(
    model: Annotated[Path, typer.Option(help="Trained model to explain: its directory.")],
    train: Annotated[
        list[Path],
        typer.Option(
            "--train",
            help="Training corpus: CoNLL-2009, or WikiHop JSON for a model for questions (which "
            "takes several).",
        ),
    ],
    dev: Annotated[Path, typer.Option("--dev", help="Development corpus, likewise.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory. Default: MODEL/probes.")
    ] = None,
    train_documents: TrainDocuments = None,
    dev_documents: DevDocuments = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML with tables [probe], [fit] and [constraint].")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Number of probes, or a list such as 0,1,7.")] = "5",
    tolerance: Annotated[
        float | None, typer.Option(help="Tolerance beta, in the unit of the divergence.", min=0)
    ] = None,
    device: Device = "auto",
    precision: Annotated[
        str | None,
        typer.Option(
            help="float32 (the default), or bfloat16: matrix products in 16 bits, faster on a GPU."
        ),
    ] = None,
    deterministic: Deterministic = False,
    threads: Threads = None,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Train GraphMask probes for a trained model, all seeds in one run.

    For models for questions the probes work over adjacency matrices.
    """
    from linguagraph.errors import ConfigError
    from linguagraph.models.deterministic import deterministic as only_deterministic
    from linguagraph.pretrained import BUNDLED, BUNDLED_QA
    from linguagraph.runs.launch import train_together
    from linguagraph.runs.qa_training import is_qa_model, train_qa_masks_run
    from linguagraph.runs.training import train_graphmask_run

    if out is None and str(model) in BUNDLED + BUNDLED_QA:
        raise ConfigError(f"{model} is a bundled model; say with -o where its new probes shall go")
    home = out or model / "probes"
    if is_qa_model(model):
        if train_documents is not None or dev_documents is not None:
            raise ConfigError("--train-documents, --dev-documents: not for models for questions")
        if precision not in (None, "float32"):
            raise ConfigError("--precision: probes of models for questions are trained in float32")
        with (
            only_deterministic(deterministic),
            train_together(device, home) as world,
            bars(quiet or not world.first) as progress,
        ):
            train_qa_masks_run(
                model,
                train,
                dev,
                home,
                config=config,
                seeds=seeds,
                tolerance=tolerance,
                device=device,
                threads=threads,
                resume=resume,
                log=sayer(quiet or not world.first),
                progress=progress,
                world=world,
            )
        return
    if len(train) > 1:
        raise ConfigError(f"{len(train)} times --train: {model} learns from one corpus")
    with (
        only_deterministic(deterministic),
        train_together(device, home) as world,
        bars(quiet or not world.first) as progress,
    ):
        train_graphmask_run(
            model,
            train[0],
            dev,
            home,
            documents=(train_documents, dev_documents),
            config=config,
            seeds=seeds,
            tolerance=tolerance,
            precision=precision,
            device=device,
            threads=threads,
            resume=resume,
            log=sayer(quiet or not world.first),
            progress=progress,
            world=world,
        )
