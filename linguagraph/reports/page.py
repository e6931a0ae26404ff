"""Sections -> what the templates print: numbered figures and tables, cells as text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from markupsafe import Markup

from linguagraph.figures.text import shorten
from linguagraph.reports.cells import ShownColumn, shown_columns
from linguagraph.reports.sections import FigureBlock, Piece, Section, TableBlock
from linguagraph.reports.svg import safe_svg

__all__ = ["PageFigure", "PageSection", "PageTable", "PageText", "page_sections"]

TONES = 6
"""Looks of marks; groups take them in turn."""

_TALL = 24
_FOLD_LENGTH = 90


@dataclass(frozen=True)
class PageTable:
    """One table as printed.

    Attributes:
        name, number, caption: file stem, number in the report, caption.
        columns: headings and alignment; ``rows``: cells by row.
        row_headers: the first cell of each row names the row.
        folded: behind a disclosure, whose line is ``fold_label``.
        tall: scrolls vertically.
        cut: what was left out, as a sentence; empty if nothing was.
    """

    name: str
    number: int
    caption: str
    columns: tuple[ShownColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    row_headers: bool
    folded: bool
    fold_label: str
    tall: bool
    cut: str


@dataclass(frozen=True)
class PageFigure:
    """One figure as printed; ``svg`` is ``None`` where only a link to the file is left."""

    name: str
    number: int
    caption: str
    alt: str
    svg: Markup | None
    pdf: bool
    table: PageTable | None


@dataclass(frozen=True)
class PageText:
    """One running text as printed; the group of each piece is the number of its look."""

    name: str
    number: int
    caption: str
    paragraphs: tuple[tuple[Piece, ...], ...]
    cut: str


@dataclass(frozen=True)
class PageSection:
    """One section as printed; ``tables`` are those that are not the data of a figure."""

    name: str
    title: str
    question: str
    finding: str
    figures: tuple[PageFigure, ...]
    texts: tuple[PageText, ...]
    tables: tuple[PageTable, ...]
    notes: tuple[str, ...]


def page_sections(
    sections: Iterable[Section], *, linked: Collection[str], row_limit: int, files: str = ""
) -> list[PageSection]:
    """Return the sections as printed.

    Args:
        sections: in reading order, names checked.
        linked: names of figures that are replaced by a link to their file.
        row_limit: most rows of a table that are printed.
        files: path from the page to the folder of tables, with a slash at its end.

    Raises:
        ReportError: a figure is refused by :func:`linguagraph.reports.svg.safe_svg`, or a table's
            percent columns are not its own.
    """
    pages = []
    figure_number = table_number = text_number = 0
    for section in sections:
        tables: dict[str, PageTable] = {}
        for block in _as_printed(section):
            table_number += 1
            tables[block.name] = _table(block, table_number, row_limit, files)
        figures = []
        for drawing in section.figures:
            figure_number += 1
            data = tables.pop(drawing.data, None) if drawing.data is not None else None
            figures.append(_figure(drawing, figure_number, data, linked=drawing.name in linked))
        texts = []
        for text in section.texts:
            text_number += 1
            looks = tuple(
                tuple(replace(piece, group=piece.group % TONES) for piece in paragraph)
                for paragraph in text.paragraphs
            )
            texts.append(PageText(text.name, text_number, text.caption, looks, text.cut))
        pages.append(
            PageSection(
                section.name,
                section.title,
                section.question,
                section.finding,
                tuple(figures),
                tuple(texts),
                tuple(tables.values()),
                section.notes,
            )
        )
    return pages


def _as_printed(section: Section) -> list[TableBlock]:
    """Return the tables in the order in which they stand: data follows its figure."""
    order = [figure.data for figure in section.figures]
    places = {name: order.index(name) for name in order if name is not None}
    return sorted(section.tables, key=lambda block: places.get(block.name, len(order)))


def _figure(block: FigureBlock, number: int, data: PageTable | None, *, linked: bool) -> PageFigure:
    if data is not None:
        label = f"Data of Figure {number}: Table {data.number}, {_count(len(data.rows))}"
        data = replace(data, folded=True, fold_label=label)
    # Audited even when only linked: the file beside the report is opened by browsers too.
    svg = safe_svg(block.svg, prefix=block.name, label=block.alt)
    return PageFigure(
        block.name,
        number,
        block.caption,
        block.alt,
        None if linked else svg,
        block.pdf is not None,
        data,
    )


def _table(block: TableBlock, number: int, limit: int, files: str) -> PageTable:
    columns = tuple(shown_columns(block, limit=limit))
    total, shown = len(block.frame), min(len(block.frame), limit)
    rows = tuple(tuple(column.cells[i] for column in columns) for i in range(shown))
    cut = ""
    if total > shown:
        cut = f"The first {shown:,} of {total:,} rows; all are in {files}tables/{block.name}.csv."
    return PageTable(
        block.name,
        number,
        block.caption,
        columns,
        rows,
        bool(columns) and not columns[0].numeric,
        block.folded,
        f"Table {number}. {shorten(block.caption, _FOLD_LENGTH)} ({_count(shown)})",
        shown > _TALL,
        cut,
    )


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
