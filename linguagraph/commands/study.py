"""Data and a directory -> one of the studies of small transformers, with its page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Quiet, Threads
from linguagraph.runs.console import bars, sayer, tell

__all__ = ["agreement", "repetition", "sentiment"]

Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Encoder = Annotated[
    Path | None,
    typer.Option(
        "--model",
        help="Folder of a model of the transformers library to explain. Default: train a small "
        "one.",
    ),
]


def sentiment(
    out: Out,
    data: Annotated[
        Path,
        typer.Option("--data", help="Folder with train.tsv and dev.tsv: sentence, tab, 0 or 1."),
    ],
    model: Encoder = None,
    epochs: Annotated[int, typer.Option(help="Passes in training the gates.", min=1)] = 10,
    tolerance: Annotated[
        float, typer.Option(help="Largest divergence under the masks, in bits.", min=0.0)
    ] = 0.01,
    shown: Annotated[int, typer.Option(help="Sentences to draw.", min=0)] = 4,
    limit: Annotated[
        int | None, typer.Option(help="Use only so many sentences of each file.", min=2)
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """DiffMask over a sentiment classifier: words by layer and part of speech.

    Give the same command again to go on where it stopped.
    """
    from linguagraph.runs.study_sentiment import SentimentConfig, study_sentiment

    _set_threads(threads)
    config = SentimentConfig(
        epochs=epochs, tolerance=tolerance, limit=limit, shown=shown, seed=seed
    )
    with bars(quiet) as progress:
        facts = study_sentiment(data, out, config, model=model, log=sayer(quiet), progress=progress)
    tell(facts, as_json=as_json, quiet=quiet)


def agreement(
    out: Out,
    trees: Annotated[
        Path, typer.Option("--trees", help="English CoNLL-U with Penn tags, to train on.")
    ],
    linzen: Annotated[
        Path, typer.Option("--linzen", help="Folder with linzen.text and linzen.gold.")
    ],
    model: Encoder = None,
    sentences: Annotated[
        int, typer.Option(help="Test sentences whose paths are followed.", min=1)
    ] = 500,
    whole: Annotated[
        bool, typer.Option("--whole", help="Show the model what follows the verb, too.")
    ] = False,
    epochs: Annotated[int, typer.Option(help="Passes over the training data.", min=1)] = 14,
    limit: Annotated[
        int | None, typer.Option(help="Parse only so many test sentences.", min=1)
    ] = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Gradient paths of subject-verb agreement: parts of attention, starts at the subject.

    Give the same command again to go on where it stopped.
    """
    from linguagraph.runs.study_agreement import AgreementConfig, study_agreement

    _set_threads(threads)
    config = AgreementConfig(sentences=sentences, prefix=not whole, epochs=epochs, seed=seed)
    with bars(quiet) as progress:
        facts = study_agreement(
            trees,
            linzen,
            out,
            config,
            model=model,
            limit=limit,
            log=sayer(quiet),
            progress=progress,
        )
    tell(facts, as_json=as_json, quiet=quiet)


def repetition(
    out: Out,
    train: Annotated[int, typer.Option(help="Training sequences per task.", min=1)] = 16000,
    sentences: Annotated[
        int, typer.Option(help="Test sequences per task whose paths are followed.", min=1)
    ] = 300,
    epochs: Annotated[int, typer.Option(help="Passes over the training data.", min=1)] = 10,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Gradient paths where the answer is known: is the first symbol repeated?

    Give the same command again to go on where it stopped.
    """
    from linguagraph.runs.study_repetition import RepetitionConfig, study_repetition

    _set_threads(threads)
    config = RepetitionConfig(train=train, sentences=sentences, epochs=epochs, seed=seed)
    with bars(quiet) as progress:
        facts = study_repetition(out, config, log=sayer(quiet), progress=progress)
    tell(facts, as_json=as_json, quiet=quiet)


def _set_threads(threads: int | None) -> None:
    """Processor threads of torch."""
    import torch

    from linguagraph.runs.directory import free_threads

    torch.set_num_threads(free_threads(threads))
