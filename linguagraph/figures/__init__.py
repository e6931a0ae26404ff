"""Small tables -> matplotlib figures; sentences and edges -> SVG arcs; figures -> SVG and PDF."""

from linguagraph.figures.arc_pdf import arcs_to_pdf
from linguagraph.figures.arcs import arcs
from linguagraph.figures.bars import bars
from linguagraph.figures.export import to_pdf, to_svg
from linguagraph.figures.forest import forest
from linguagraph.figures.histogram import histogram
from linguagraph.figures.lines import lines
from linguagraph.figures.network import network
from linguagraph.figures.relation_arcs import relation_arcs
from linguagraph.figures.stacked import stacked

__all__ = [
    "arcs",
    "arcs_to_pdf",
    "bars",
    "forest",
    "histogram",
    "lines",
    "network",
    "relation_arcs",
    "stacked",
    "to_pdf",
    "to_svg",
]
