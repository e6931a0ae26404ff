"""SQL -> rows of a run's tables, shown, written, with their sentences, or drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linguagraph.commands.options import Json, Quiet, Threads
from linguagraph.runs.console import sayer

__all__ = ["query"]

SHOWN = 50
"""Rows printed unless told otherwise."""


def query(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory with its tables.")],
    sql: Annotated[
        str | None,
        typer.Argument(metavar="SQL", help="One SELECT. Without it: which tables there are."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Add each row's sentence: [source] and {target} marked.")
    ] = False,
    draw: Annotated[
        Path | None,
        typer.Option(help="Draw the rows' sentences, their edges set off, into a .html or .svg."),
    ] = None,
    drawings: Annotated[int, typer.Option(help="Drawings at most.", min=1)] = 20,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write all rows into a .csv, .json or .parquet file."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    as_json: Json = False,
    limit: Annotated[
        int | None,
        typer.Option(help=f"Rows at most; printed as a table: {SHOWN}, else all.", min=1),
    ] = None,
    memory: Annotated[
        str, typer.Option(metavar="SIZE", help="What the query may use, such as 500MB or 4GB.")
    ] = "1GB",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Ask the tables of a run in SQL (DuckDB's); it reads only, whatever the SQL says.

    All retained nsubj edges to nominal predicates longer than 8 tokens, with their sentences:

    linguagraph query RUN "SELECT sentence, layer, source, target, retained_share FROM words WHERE
    retained AND label = 'nsubj' AND target_kind = 'predicate' AND predicate_type = 'N' AND
    token_distance > 8" --text

    Tables: edges, paths, roles, scores ... as in the run's Parquet files; shares: one row per
    example, layer and edge, over all seeds; words: the same with the words (of questions: the
    mentions) at both ends; sentences and tokens. 'linguagraph query RUN' lists them with columns.
    """
    from linguagraph.runs import query_output as output
    from linguagraph.runs.querying import run_sql
    from linguagraph.runs.saved import open_run

    output.check_suffixes(out, draw)
    say, saved = sayer(quiet), open_run(run)
    printed = as_csv or as_json
    if sql is None:
        rows, more = saved.columns, False
    else:
        most = limit
        if most is None and not printed and out is None:
            most = SHOWN
        answer = run_sql(saved.sources, sql, limit=most, memory=memory, threads=threads)
        rows, more = answer.frame, answer.more
    if draw is not None:
        made, left = saved.draw(rows, most=drawings)
        output.write_drawings(made, rows, draw, sql=sql or "")
        rest = f"; {left} more examples: see --drawings" if left else ""
        say(f"drawn: {draw} ({len(made)} sentences{rest})")
    if text:
        rows = rows.assign(marked=saved.texts(rows))
    if out is not None:
        output.write_rows(rows, out)
        say(f"rows: {out} ({len(rows):,}{', the first ones' if more else ''})")
    if printed:
        typer.echo(output.as_csv(rows) if as_csv else output.as_json(rows), nl=False)
    elif out is None:
        output.show_rows(rows, more=more)
