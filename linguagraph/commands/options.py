"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Batch",
    "Device",
    "Format",
    "Json",
    "Limit",
    "Model",
    "Out",
    "Overwrite",
    "Predicted",
    "Quiet",
    "Resume",
    "RunDir",
    "Seeds",
    "SkipBad",
    "Threads",
]

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
