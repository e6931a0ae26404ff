"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Batch",
    "Coreference",
    "Corpus",
    "Deterministic",
    "Device",
    "Documents",
    "FitOn",
    "Format",
    "Json",
    "Keep",
    "Language",
    "Limit",
    "MaxPredicates",
    "MethodName",
    "MethodSeeds",
    "Model",
    "Out",
    "Overwrite",
    "ParserName",
    "Precision",
    "Predicates",
    "Predicted",
    "Presegmented",
    "Pretokenised",
    "Quiet",
    "Resume",
    "RunDir",
    "Seeds",
    "SkipBad",
    "StanzaDir",
    "Threads",
    "Threshold",
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
Precision = Annotated[
    str,
    typer.Option(
        help="float32, or bfloat16: matrix products of model and probes in 16 bits, faster on a "
        "GPU; a few edges near the threshold change."
    ),
]
Deterministic = Annotated[
    bool,
    typer.Option(
        "--deterministic",
        help="On a GPU use only operations that give the same bits every time; slower. On a "
        "processor they do with the same --threads.",
    ),
]
Batch = Annotated[
    int,
    typer.Option(
        help="Tokens per batch; a token counts once per predicate of its sentence.", min=1
    ),
]
Limit = Annotated[
    int | None, typer.Option(help="Read only so many sentences (or questions).", min=1)
]
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
    bool,
    typer.Option(
        "--skip-bad", help="Leave sentences (or questions) out that cannot be read; count them."
    ),
]
Predicted = Annotated[
    bool, typer.Option("--predicted", help="Use the predicted columns of CoNLL-2009.")
]
Format = Annotated[
    str | None,
    typer.Option(
        help="text, conll09, conllu or conllup. Default: decided by the suffix of the file."
    ),
]
Corpus = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="Text file, folder or pattern of text files, - for standard input; or an annotated "
        "file: CoNLL-2009, CoNLL-U.",
    ),
]
ParserName = Annotated[
    str | None,
    typer.Option(
        "--parser",
        help="bundled (small, English), stanza:LANG (full models on this machine; see "
        "'linguagraph models download'), or a folder of model files. Default: bundled for English.",
    ),
]
Language = Annotated[
    str | None, typer.Option("--lang", help="Language code of the text. Default: the parser's.")
]
StanzaDir = Annotated[
    str | None,
    typer.Option(help="Folder of Stanza's full models. Default: where Stanza keeps them."),
]
Pretokenised = Annotated[
    bool,
    typer.Option("--pretokenised", help="Text has one sentence a line, spaces between its tokens."),
]
Presegmented = Annotated[bool, typer.Option("--presegmented", help="Text has one sentence a line.")]
Predicates = Annotated[
    str,
    typer.Option(
        help="auto (find them where the corpus has none), given, or a folder with a predicate "
        "finder."
    ),
]
Coreference = Annotated[
    str,
    typer.Option(
        help="auto (what is annotated; rules for English text and questions), none, rules; not for "
        "questions: given, stanza."
    ),
]
MaxPredicates = Annotated[
    int | None,
    typer.Option(
        help="Explain about so many predicates, drawn at random; 0: all. Default of 'report': 5000 "
        "for text, all for an annotated corpus.",
        min=0,
    ),
]
Documents = Annotated[
    str | None,
    typer.Option(
        help="CoNLL-U file with the same sentences as a CoNLL-2009 corpus: where documents begin "
        "and what corefers."
    ),
]
MethodName = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="NAME",
        help="graphmask (trained probes), or another method: nonamortised, erasure, "
        "integrated_gradients, gradient_gate, information_bottleneck, gnnexplainer, pgexplainer, "
        "attention, semiring, semiring_best, random; or diffmask, which masks tokens (gates "
        "trained beforehand, or fitted here).",
    ),
]
Keep = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Other methods: retain this share of each example's edges, those with the highest "
        "scores. Default: the share that the model's GraphMask probes retain on their dev data.",
        min=0.0,
        max=1.0,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(metavar="T", help="Other methods: retain edges with a score above T instead."),
]
MethodSeeds = Annotated[
    int | None,
    typer.Option(
        help="Other methods: how often one with noise is run (3); those without run once.", min=1
    ),
]
FitOn = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Annotated corpus for methods that learn from one (information_bottleneck, "
        "pgexplainer). Default: the corpus that is explained.",
    ),
]
