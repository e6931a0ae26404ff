"""Rows and drawings that a query found -> a terminal, standard output, or files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linguagraph.errors import ConfigError, QueryError
from linguagraph.figures.text import shorten, visible
from linguagraph.files import replaced, write_text
from linguagraph.reports.cells import show_number
from linguagraph.reports.html import render
from linguagraph.reports.sections import FigureBlock, Section, TableBlock
from linguagraph.runs.query_rows import Drawing

__all__ = [
    "DRAWN_AS",
    "WRITTEN_AS",
    "as_csv",
    "as_json",
    "check_suffixes",
    "show_rows",
    "write_drawings",
    "write_rows",
]

WRITTEN_AS = (".csv", ".json", ".parquet")
"""Suffixes of files of rows."""

DRAWN_AS = (".html", ".svg")
"""Suffixes of files of drawings."""

_NARROW = 9
"""Characters that a column needs at least; with less, rows are listed one below the other."""
_LONGEST = 400
_SVG = "{http://www.w3.org/2000/svg}"
_GAP = 12.0


def as_csv(rows: pd.DataFrame) -> str:
    """The rows as CSV with a line of names."""
    return rows.to_csv(index=False, lineterminator="\n")


def as_json(rows: pd.DataFrame) -> str:
    """The rows as a JSON list of objects; missing values and NaN are ``null``."""
    records = [{name: _plain(value) for name, value in row.items()} for row in _records(rows)]
    return json.dumps(records, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Write the rows as the suffix says, all or nothing.

    Raises:
        ConfigError: a suffix that is not in :data:`WRITTEN_AS`.
    """
    suffix = _suffix(path, WRITTEN_AS)
    if suffix != ".parquet":
        write_text(path, as_csv(rows) if suffix == ".csv" else as_json(rows))
        return
    with replaced(path) as temporary:
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), temporary)


def show_rows(rows: pd.DataFrame, *, more: bool) -> None:
    """Print the rows as a table, or one below the other where the terminal is too narrow."""
    console = Console(highlight=False)
    if len(rows.columns) * _NARROW > console.width:
        for number, record in enumerate(_records(rows), start=1):
            console.print(f"row {number}", style="bold")
            for name, value in record.items():
                console.print(Text(f"  {visible(name)}: {_cell(value)}"), soft_wrap=True)
    else:
        table = Table()
        for name in rows.columns:
            numeric = pd.api.types.is_numeric_dtype(rows[name])
            table.add_column(Text(visible(name)), justify="right" if numeric else "left")
        for record in _records(rows):
            table.add_row(*(Text(_cell(value)) for value in record.values()))
        console.print(table)
    noun = "row" if len(rows) == 1 else "rows"
    tail = f"the first {len(rows):,} {noun}; there are more: see --limit and -o" if more else None
    console.print(tail or f"{len(rows):,} {noun}")


def write_drawings(
    drawings: Sequence[Drawing], rows: pd.DataFrame, path: Path, *, sql: str
) -> None:
    """Write the drawings as one page (.html, with the rows) or one below the other (.svg).

    Raises:
        ConfigError: a suffix that is not in :data:`DRAWN_AS`.
        QueryError: there is nothing to draw.
    """
    suffix = _suffix(path, DRAWN_AS)
    if not drawings:
        raise QueryError("no rows, so that there is nothing to draw")
    if suffix == ".svg":
        write_text(path, _stacked(drawings))
        return
    figures = tuple(
        FigureBlock(f"drawing_{number}", _caption(made), f"{_caption(made)} Its edges.", made.svg)
        for number, made in enumerate(drawings, start=1)
    )
    shown = rows.map(lambda value: value if isinstance(value, (int, float, str)) else _cell(value))
    table = TableBlock("rows", "What the query found.", shown)
    section = Section(
        "query", "Query", sql, f"{len(rows):,} rows.", figures=figures, tables=(table,)
    )
    write_text(path, render([section], title="What a query found", manifest={}, summary={}))


def check_suffixes(rows: Path | None, drawings: Path | None) -> None:
    """Refuse names of files that could not be written, before the query runs.

    Raises:
        ConfigError: another suffix than those known.
    """
    if rows is not None:
        _suffix(rows, WRITTEN_AS)
    if drawings is not None:
        _suffix(drawings, DRAWN_AS)


def _caption(drawing: Drawing) -> str:
    return f"{drawing.title} ({drawing.rows} {'row' if drawing.rows == 1 else 'rows'})."


def _suffix(path: Path, known: Sequence[str]) -> str:
    if path.suffix.lower() not in known:
        raise ConfigError(f"{path}: expected a name that ends in {' or '.join(known)}")
    return path.suffix.lower()


def _stacked(drawings: Sequence[Drawing]) -> str:
    """One SVG document with the drawings one below the other."""
    ElementTree.register_namespace("", _SVG[1:-1])
    parts = [ElementTree.fromstring(made.svg) for made in drawings]
    whole = ElementTree.Element(f"{_SVG}svg")
    y = width = 0.0
    for part in parts:
        part.set("y", f"{y:g}")
        y += float(part.get("height", "0")) + _GAP
        width = max(width, float(part.get("width", "0")))
        whole.append(part)
    whole.attrib |= {"width": f"{width:g}", "height": f"{y - _GAP:g}"}
    whole.set("viewBox", f"0 0 {width:g} {y - _GAP:g}")
    return ElementTree.tostring(whole, encoding="unicode") + "\n"


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(name) for name in rows.columns]
    columns = (rows.iloc[:, i].tolist() for i in range(len(names)))
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    return None if pd.isna(value) else str(value)


def _cell(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, float):
        return show_number(plain)
    if isinstance(plain, list):
        return shorten(" ".join(_cell(item) for item in plain), _LONGEST)
    return "" if plain is None else shorten(plain, _LONGEST)
