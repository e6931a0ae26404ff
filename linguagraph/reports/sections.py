"""What an analysis hands to the report: findings in words, figures with data, captioned tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["FigureBlock", "Section", "TableBlock"]


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
    """

    name: str
    title: str
    question: str
    finding: str
    figures: tuple[FigureBlock, ...] = ()
    tables: tuple[TableBlock, ...] = ()
    notes: tuple[str, ...] = ()
    summary: dict[str, Any] | None = None
