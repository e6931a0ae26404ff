"""What an analysis hands to the report: findings, figures with data, tables, marked text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from linguagraph.errors import ReportError

__all__ = ["FigureBlock", "Piece", "Section", "TableBlock", "TextBlock"]


@dataclass(frozen=True)
class TableBlock:
    """One table of the report, also written to ``tables/NAME.csv`` and ``tables/NAME.tex``.

    Attributes:
        name: file stem, unique in the report (lower case, words joined by ``_``).
        caption: what the rows and columns are, with units and the definition of n.
        frame: the table; shares and scores in [0, 1], counts as integers, column names as written
            to CSV (lower case, words joined by ``_``).
        percent: columns shown as percentages in HTML and LaTeX (CSV keeps [0, 1]).
        digits: decimals of the other floating-point columns.
        folded: shown behind a disclosure (long tables, data of a figure).
    """

    name: str
    caption: str
    frame: pd.DataFrame
    percent: tuple[str, ...] = ()
    digits: int = 3
    folded: bool = False


@dataclass(frozen=True)
class FigureBlock:
    """One figure of the report, also written to ``figures/NAME.svg`` and ``figures/NAME.pdf``.

    Attributes:
        name: file stem, unique in the report.
        caption: what is drawn, with units.
        alt: what a reader who cannot see the figure should know: the numbers that matter.
        svg: the drawing as a standalone SVG document.
        pdf: the same as PDF bytes; ``None`` where only SVG exists.
        data: name of the :class:`TableBlock` of the same section that holds the figure's data.
    """

    name: str
    caption: str
    alt: str
    svg: str
    pdf: bytes | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of running text, or where a mark begins or ends.

    Attributes:
        kind: ``text``, ``open`` or ``close``.
        text: the words (``text``), or what stands at the mark's beginning (``open``).
        group: what belongs together has the same group and looks alike (``open``).
    """

    kind: str
    text: str = ""
    group: int = 0


@dataclass(frozen=True)
class TextBlock:
    """Running text with marks, which may nest.

    Attributes:
        name: slug, unique in the report.
        caption: what is shown and what the marks are.
        paragraphs: pieces in reading order; in each, every mark that opens closes.
        cut: what was left out, as a sentence; empty if nothing was.

    Raises:
        ReportError: an unknown kind of piece, or marks that do not close.
    """

    name: str
    caption: str
    paragraphs: tuple[tuple[Piece, ...], ...]
    cut: str = ""

    def __post_init__(self) -> None:
        for number, paragraph in enumerate(self.paragraphs):
            depth = 0
            for piece in paragraph:
                if piece.kind not in ("text", "open", "close"):
                    raise ReportError(
                        f"text {self.name!r}: piece of kind {piece.kind!r}; expected text, open "
                        "or close"
                    )
                depth += {"open": 1, "close": -1}.get(piece.kind, 0)
                if depth < 0:
                    break
            if depth:
                raise ReportError(
                    f"text {self.name!r}: marks of paragraph {number} do not open and close in turn"
                )


@dataclass(frozen=True)
class Section:
    """One question answered.

    Attributes:
        name: slug, the anchor in the report.
        title: heading.
        question: the linguistic question, one sentence.
        finding: generated sentence(s) that say what the numbers show.
        figures, tables: in reading order.
        notes: caveats and definitions, a paragraph each.
        summary: top-level keys of ``summary.json`` and their values (JSON types only).
        texts: running text with marks, shown after the figures.
    """

    name: str
    title: str
    question: str
    finding: str
    figures: tuple[FigureBlock, ...] = ()
    tables: tuple[TableBlock, ...] = ()
    notes: tuple[str, ...] = ()
    summary: dict[str, Any] | None = None
    texts: tuple[TextBlock, ...] = ()
