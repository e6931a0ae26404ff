"""Runs on questions in, what their sections share out: why they are empty, notes, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from linguagraph.aggregates.entity_masks import EntityMasks
from linguagraph.edges.storage import RunTables
from linguagraph.figures import to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import Row, rows, seeds_note
from .method_words import method_words
from .params import Params
from .phrases import number, percent, span

__all__ = ["by_paper", "figure", "missing", "note", "place", "said", "shape", "shared", "spoken"]


def missing(tables: RunTables, *, retained: bool = True) -> str:
    """Why nothing can be said of the masks of a run; empty where something can."""
    if tables.edges.empty:
        return "the edge table is empty"
    if tables.mentions is None or tables.mentions.empty:
        return "the run has no table of mentions"
    if retained and not tables.edges["retained"].any():
        return "no edge is retained"
    return ""


def note(masks: EntityMasks, tables: RunTables) -> str:
    """What counts over seeds are, and what intervals resample."""
    return seeds_note(masks.items.seeds, "items", seedless=method_words(tables).seedless)


def place(layer: object) -> str:
    """A layer in words: "layer 0", "all layers"."""
    return "all layers" if layer == "all" else f"layer {layer}"


def shared(row: Mapping[str, float], params: Params) -> str:
    """A share with its interval, and the paper's: "27% (95% interval 26% to 28%; paper: 30%)"."""
    paper = row.get("paper", float("nan"))
    ends = span(row["low"], row["high"], level=params.level)
    ends += f"; paper: {percent(paper)}" if paper == paper else ""
    return f"{percent(row['share'])} ({ends})"


def by_paper(table: pd.DataFrame, keys: Sequence[str], known: Mapping[Any, float]) -> list[float]:
    """The paper's figure for each row, by the values of these columns; NaN where it has none."""
    found = []
    for row in rows(table):
        values = tuple(row[key] for key in keys)
        found.append(known.get(values if len(keys) > 1 else values[0], float("nan")))
    return found


def said(value: float) -> str:
    """The paper's figure in brackets, where it has one: " (paper: 51.6%)"."""
    return f" (paper: {percent(value)})" if value == value else ""


def spoken(table: pd.DataFrame, *names: str, value: str = "share", limit: int = 30) -> str:
    """The numbers of a figure in words: "layer 0, MATCH 9.4%; ..."."""
    known = table[table[value].notna()].head(limit)
    parts = [", ".join(str(r[n]) for n in names) + f" {percent(r[value])}" for r in rows(known)]
    return "; ".join(parts) or "there is nothing to draw"


def figure(name: str, caption: str, alt: str, drawing: Figure, *, data: str) -> FigureBlock:
    """A block of the report from a drawing; ``data``: the table that holds its numbers."""
    return FigureBlock(name, caption, alt, to_svg(drawing), to_pdf(drawing), data)


def shape(table: pd.DataFrame, key: str, *columns: str) -> Row:
    """For ``summary.json``: values of the columns by the key's value."""
    return {str(r[key]): {name: number(float(r[name])) for name in columns} for r in rows(table)}
