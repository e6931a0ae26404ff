"""A name and a question -> a module to write an analysis in, and its test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Quiet
from linguagraph.runs.console import sayer

__all__ = ["new_analysis"]


def new_analysis(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Lower-case letters, digits and _: word_order."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")] = Path("."),
    title: Annotated[
        str | None, typer.Option(help="Heading of the section. Default: the name.")
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="What the analysis asks, in one sentence.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write NAME.py, an analysis that works as it is, and its test test_NAME.py; never overwrite.

    Change the module until it asks your own question; 'linguagraph analyse RUN --analysis NAME.py'
    puts it into the report of a run.
    """
    from linguagraph.runs.new_analysis import QUESTION
    from linguagraph.runs.new_analysis import new_analysis as make

    module, test = make(name, out, title=title, question=QUESTION if question is None else question)
    say = sayer(quiet)
    say(f"analysis: {module}; next: linguagraph analyse RUN --analysis {module}")
    say(f"its test: {test}; run it with: pytest {test}")
