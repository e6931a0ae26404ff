"""A run's findings -> files for other tools, and masks that other tools made -> a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Out, Overwrite, Quiet, RunDir
from linguagraph.runs.console import sayer, tell

__all__ = ["export_corpus", "import_masks"]


def export_corpus(
    run: RunDir,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
    format: Annotated[
        str | None,
        typer.Option(help="conllu, conllup, graphml or json. Default: the suffix of the file."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose masks, where the run has those of several."),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a run's corpus with the retained share of every edge.

    The share of an edge in a layer is the mean over seeds and over the predicates of its sentence.
    CoNLL-U has it in MISC of the dependent: RetainedDown=0.400,1.000 (messages from the head, by
    layer), RetainedUp (messages to the head), Retained (the mean of all). CoNLL-U Plus has the
    columns LINGUAGRAPH:RETAINED, LINGUAGRAPH:DOWN and LINGUAGRAPH:UP. GraphML (one graph) and JSON
    (a graph per sentence or question) have all edges, with retained_0, retained_1 ... by layer.
    """
    from linguagraph.runs.corpus_export import export_corpus
    from linguagraph.runs.saved import open_run

    opened = open_run(run)
    made = export_corpus(opened, out, format=format, method=method)
    what = "sentences" if opened.language else "graphs"
    facts = {"file": str(made.path), what: made.sentences, "explained": made.explained}
    tell(facts, as_json=as_json, quiet=quiet)


def import_masks(
    run: RunDir,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Parquet file of masks.")],
    out: Out,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the method that made the masks.")
    ],
    missing: Annotated[
        str, typer.Option(help="What edges without a row are: superfluous, or an error.")
    ] = "superfluous",
    threshold: Annotated[
        float | None,
        typer.Option(metavar="T", help="For files of scores alone: retain edges above T."),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a new run of masks that were made elsewhere for the sentences of RUN.

    FILE has a row per predicate, layer, edge and seed: sentence, predicate_index (or example),
    layer, source, target (or edge), score, retained, seed; see MASKS in linguagraph/columns.py.
    Each predicate needs at least one row to be counted; edges without a row are superfluous.
    A run's own masks have this form:

    linguagraph query RUN "SELECT sentence, predicate_index, layer, source, target, seed, score,
    retained FROM edges" -o masks.parquet
    """
    from linguagraph.runs.importing import import_masks

    say = sayer(quiet)
    made = import_masks(
        run,
        file,
        out,
        method=method,
        missing=missing,
        threshold=threshold,
        overwrite=overwrite,
        notify=say,
    )
    facts: dict[str, object] = {"run": str(made.path), "examples": made.examples, "of": made.of}
    facts |= {"seeds": list(made.seeds), "edges without a row": made.missing}
    tell(facts, as_json=as_json, quiet=quiet)
    say(f"next: linguagraph analyse {made.path}")
