"""Tables of a study -> sections with figures, and one page of HTML beside its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from linguagraph.analyses.blocks import rows
from linguagraph.figures import bars, lines, to_pdf, to_svg
from linguagraph.reports import FigureBlock, Section, TableBlock, render, save_report
from linguagraph.reports.headline import Tile

__all__ = ["PERCENT", "bar_figure", "line_figure", "parts_section", "save_study", "shown_share"]

_PARTS = "Queries, keys, values and the skip connection"

PERCENT = ("share", "low", "high", "accuracy", "chance")
"""Columns shown as percentages."""


def shown_share(row: Mapping[str, Any]) -> str:
    """A share with its interval and n, in words."""
    if not row["n"]:
        return "none (n = 0)"
    low, high = 100 * row["low"], 100 * row["high"]
    return f"{100 * row['share']:.1f}% ({low:.1f} to {high:.1f}, n = {int(row['n']):,})"


def table_block(name: str, caption: str, frame: pd.DataFrame, *, digits: int = 3) -> TableBlock:
    """A table whose shares are shown as percentages."""
    percent = tuple(column for column in PERCENT if column in frame.columns)
    return TableBlock(name, caption, frame.reset_index(drop=True), percent, digits)


def bar_figure(
    name: str, caption: str, alt: str, frame: pd.DataFrame, **axes: Any
) -> tuple[FigureBlock, TableBlock]:
    """Bars (see :func:`linguagraph.figures.bars`) and the table of their data."""
    drawing = bars(frame, low="low", high="high", **axes)
    block = table_block(f"{name}_data", caption, frame)
    return FigureBlock(name, caption, alt, to_svg(drawing), to_pdf(drawing), block.name), block


def line_figure(
    name: str, caption: str, alt: str, frame: pd.DataFrame, **axes: Any
) -> tuple[FigureBlock, TableBlock]:
    """Lines (see :func:`linguagraph.figures.lines`) and the table of their data."""
    drawing = lines(frame, **axes)
    block = table_block(f"{name}_data", caption, frame)
    return FigureBlock(name, caption, alt, to_svg(drawing), to_pdf(drawing), block.name), block


def parts_section(
    shares: pd.DataFrame,
    weights: pd.DataFrame,
    *,
    about: str,
    name: str = "parts",
    title: str = _PARTS,
) -> Section:
    """Where paths lead: through queries, keys, values or the skip connection, by layer.

    Args:
        shares: of :func:`linguagraph.aggregates.text_paths.part_shares`.
        weights: of :func:`linguagraph.aggregates.text_paths.weight_shares`.
        about: which paths, for the captions.
        name, title: of the section; figures are named after it.
    """
    shares = shares.assign(layer="layer " + shares["layer"].astype(str))
    weights = weights.assign(layer="layer " + weights["layer"].astype(str))
    said = []
    for layer, group in shares.groupby("layer", sort=False):
        top = max(rows(group), key=lambda row: row["share"])
        said.append(f"{layer}: most by the {top['part']}, {shown_share(top)}")
    axes = {"y": "part", "x": "share", "panel": "layer", "ylabel": "part"}
    figure, data = bar_figure(
        f"top_{name}",
        f"Share of top gradient paths that lead through each part of each layer, {about}, with "
        "Wilson's 95% intervals.",
        "; ".join(said) + ".",
        shares,
        xlabel="share of top paths",
        **axes,
    )
    other, other_data = bar_figure(
        f"weight_{name}",
        f"Mean share of the total absolute weight of all paths, by part and layer, {about}, with "
        "95% intervals over resampled sentences.",
        "; ".join(
            f"{row['layer']} {row['part']} {100 * row['share']:.1f}%" for row in rows(weights)
        )
        + ".",
        weights,
        xlabel="share of path weight",
        **axes,
    )
    return Section(
        name,
        title,
        "Which part of self-attention does the gradient flow through, in each layer?",
        "; ".join(said)[:1].upper() + "; ".join(said)[1:] + ".",
        (figure, other),
        (data, other_data),
        (
            "A path takes exactly one of the four ways through a layer. The top path is the one of "
            "the largest product of absolute local derivatives.",
        ),
    )


def save_study(
    out: Path,
    sections: Sequence[Section],
    *,
    title: str,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
    tiles: Sequence[Tile],
    notices: Sequence[str] = (),
) -> Path:
    """Write the page, its tables and figures; returns the page."""
    page = render(
        sections,
        title=title,
        manifest=manifest,
        summary=summary,
        kind="Study",
        tiles=tiles,
        notices=notices,
    )
    save_report(out, sections=sections, html=page, summary=summary, manifest=manifest)
    return out / "report.html"
