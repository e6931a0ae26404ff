"""Sections and a rendered report -> a directory of files, each written whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from linguagraph.errors import ReportError
from linguagraph.files import write_bytes, write_text
from linguagraph.reports.latex import to_latex
from linguagraph.reports.names import check_names
from linguagraph.reports.sections import Section
from linguagraph.reports.svg import safe_svg

__all__ = ["save_report", "to_json"]


def save_report(
    directory: str | Path,
    *,
    sections: Iterable[Section],
    html: str,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any] | None = None,
    page: str | Path = "report.html",
) -> list[Path]:
    """Write a report and everything in it, and return the paths in the order written.

    ``tables/NAME.csv`` and ``.tex``, ``figures/NAME.svg`` and ``.pdf`` come first, then
    ``summary.json``, ``manifest.json`` if given, and the page
    last: where it exists, all that it links to exists. Files of other names are left alone.

    Args:
        directory: made if missing.
        sections: those of the report.
        html: from :func:`linguagraph.reports.html.render`, which also keeps the byte budget.
        summary: content of ``summary.json``, the sections' numbers included.
        manifest: what was run; not written if ``None``.
        page: where the HTML is written, from ``directory`` on, or an absolute path.

    Raises:
        ReportError: names are unsafe or used twice, a figure holds what
            :func:`linguagraph.reports.svg.safe_svg` refuses, or a value is no JSON.
        OSError: a file cannot be written.
    """
    checked = check_names(sections)
    home = Path(directory)
    tables, figures = home / "tables", home / "figures"
    for folder in (home, tables, figures):
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    for section in checked:
        for block in section.tables:
            csv = block.frame.to_csv(index=False, lineterminator="\n")
            written.append(write_text(tables / f"{block.name}.csv", csv))
            written.append(write_text(tables / f"{block.name}.tex", to_latex(block)))
        for figure in section.figures:
            safe_svg(figure.svg, prefix=figure.name, label=figure.alt)
            written.append(write_text(figures / f"{figure.name}.svg", figure.svg))
            if figure.pdf is not None:
                written.append(write_bytes(figures / f"{figure.name}.pdf", figure.pdf))
    written.append(write_text(home / "summary.json", to_json(summary)))
    if manifest is not None:
        written.append(write_text(home / "manifest.json", to_json(manifest)))
    written.append(write_text(home / page, html))
    return written


def to_json(values: Mapping[str, Any]) -> str:
    """Return ``values`` as strict, indented JSON; NaN and infinities become ``null``.

    Numpy scalars and arrays, tuples and paths are converted; keys become strings.

    Raises:
        ReportError: a value is none of these; the message says where.
    """
    return (
        json.dumps(_plain(values, "summary"), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _plain(value: Any, where: str) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), where)
    raise ReportError(f"{where}: {type(value).__name__} cannot be written as JSON")
