"""Cells of the star task -> the picture of one graph under every method, as files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linguagraph.figures.export import to_pdf
from linguagraph.figures.stars import StarPanel, describe_stars, star_panels, star_svg
from linguagraph.files import write_bytes, write_text
from linguagraph.runs.benchmark_methods import CONTENDERS
from linguagraph.tasks.registry import task_splits
from linguagraph.tasks.star import COLOURS

__all__ = ["NAME", "write_picture"]

NAME = "star-graph"
"""Name of the files, without suffix."""

_LEFT_OUT = ("everything",)


def write_picture(folder: Path, cells: Sequence[dict[str, Any]], *, seed: int) -> list[Path]:
    """Write ``star-graph.svg``, ``.pdf``, ``.png`` and ``.txt``, the same in words.

    Args:
        folder: made if missing.
        cells: of the benchmark, in the order of the drawings.
        seed: whose masks are drawn.

    Returns:
        The files; none if no cell of this seed holds a drawn graph.
    """
    drawn = [
        cell
        for cell in cells
        if cell["task"] == "star" and cell["seed"] == seed and cell.get("shown")
    ]
    numbers = {cell["shown"]["graph"] for cell in drawn}
    drawn = [cell for cell in drawn if cell["method"] not in _LEFT_OUT]
    if len(numbers) != 1 or not drawn:
        return []
    graph = task_splits("star").test[numbers.pop()]
    colours, query = graph.edge_type.tolist(), tuple(graph.query[0].tolist())
    panels = [StarPanel("Relevant edges", tuple(graph.gold.tolist()))]
    panels += [_panel(cell) for cell in drawn]
    figure = star_panels(colours, query, panels, names=COLOURS)
    words = describe_stars(colours, query, panels, names=COLOURS)
    title = f"More {COLOURS[query[0]]} than {COLOURS[query[1]]} edges? One graph, every method"
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return [
        write_text(folder / f"{NAME}.svg", star_svg(figure, title=title, description=words)),
        write_bytes(folder / f"{NAME}.pdf", to_pdf(figure)),
        write_bytes(folder / f"{NAME}.png", png.getvalue()),
        write_text(folder / f"{NAME}.txt", words + "\n"),
    ]


def _panel(cell: dict[str, Any]) -> StarPanel:
    shown = cell["shown"]
    soft = cell["threshold"] is not None
    note = f"F1 {100 * cell['scores']['f1']:.1f}"
    if soft:
        note += f", above {cell['threshold']:g}"
    return StarPanel(
        CONTENDERS[cell["method"]].title,
        tuple(shown["retained"]),
        tuple(shown["scores"]) if soft else None,
        note,
    )
