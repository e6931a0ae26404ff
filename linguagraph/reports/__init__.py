"""Small tables and figures -> one HTML file, LaTeX tables, and the directory that holds them."""

from linguagraph.reports.html import DEFAULT_BUDGET, render, to_iframe
from linguagraph.reports.latex import to_latex
from linguagraph.reports.save import save_report
from linguagraph.reports.sections import FigureBlock, Piece, Section, TableBlock, TextBlock

__all__ = [
    "DEFAULT_BUDGET",
    "FigureBlock",
    "Piece",
    "Section",
    "TableBlock",
    "TextBlock",
    "render",
    "save_report",
    "to_iframe",
    "to_latex",
]
