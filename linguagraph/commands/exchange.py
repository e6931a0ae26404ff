"""A run's findings -> files for other tools, and masks that other tools made -> a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Quiet, RunDir
from linguagraph.runs.console import tell

__all__ = ["export_corpus"]


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
