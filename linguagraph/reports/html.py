"""Sections, manifest and summary -> one HTML file that opens anywhere and asks nothing of anyone.

Style sheet and script are inlined and named by their hash in a content policy that forbids every
request. All text is escaped; only drawings that :func:`linguagraph.reports.svg.safe_svg` has
audited are inserted as markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from linguagraph.figures.text import visible
from linguagraph.reports.headline import (
    Tile,
    headline_note,
    headline_tiles,
    manifest_rows,
    model_names,
)
from linguagraph.reports.methods import method_name
from linguagraph.reports.names import check_names
from linguagraph.reports.page import page_sections
from linguagraph.reports.sections import Section

__all__ = ["DEFAULT_BUDGET", "fill_template", "render", "to_iframe"]

DEFAULT_BUDGET = 5_000_000
"""Most bytes of a report."""

_ROWS = 500
_FEWER_ROWS = 40


@dataclass(frozen=True)
class _Head:
    """What stands above and below the sections; see :func:`render`."""

    title: str
    kind: str
    model: str
    tiles: list[Tile]
    note: str
    notices: tuple[str, ...]
    manifest: list[tuple[str, str]]
    files: str


def render(
    sections: Iterable[Section],
    *,
    title: str,
    manifest: Mapping[str, Any],
    summary: Mapping[str, Any],
    budget: int = DEFAULT_BUDGET,
    kind: str | None = None,
    tiles: Sequence[Tile] | None = None,
    notices: Sequence[str] = (),
    files: str = "",
) -> str:
    """Return the report as one self-contained HTML document.

    Over ``budget`` bytes, figures are replaced by links to ``figures/NAME.svg`` beside the report:
    first those that are not the first of their section, then the others, the largest first; then
    long tables are cut. The report says at its top what was replaced.

    Args:
        sections: in reading order.
        title: heading and document title.
        manifest: what was run, on what, with which versions; shown in full at the end.
        summary: numbers for the headline; keys ``model``, ``corpus``, ``score``, ``retained``,
            ``agreement`` and ``predicted``, each of which may be absent.
        budget: most bytes.
        kind: what stands above the title; from the manifest by default.
        tiles: headline numbers; from the summary by default.
        notices: what readers should see first, a paragraph each.
        files: path from the page to the folder of figures and tables, with a slash at its end.

    Raises:
        ReportError: names are unsafe or used twice, or a figure or table is refused.
    """
    checked = check_names(sections)
    head = _Head(
        title,
        _kind(manifest) if kind is None else kind,
        model_names(summary),
        headline_tiles(summary) if tiles is None else list(tiles),
        headline_note(summary),
        tuple(notices),
        manifest_rows(manifest),
        files,
    )
    page = _page(checked, head, (), _ROWS)
    excess = len(page.encode()) - budget
    if excess <= 0:
        return page
    waiting = _least_important(checked)
    linked: list[str] = []
    while waiting and excess > 0:
        saved = 0
        while waiting and saved < excess:
            name, size = waiting.pop(0)
            linked.append(name)
            saved += size
        page = _page(checked, head, linked, _ROWS)
        excess = len(page.encode()) - budget
    if excess > 0:
        page = _page(checked, head, linked, _FEWER_ROWS)
    return page


def to_iframe(page: str, *, height: int = 800) -> str:
    """Return a rendered report for a notebook: isolated, so that no style leaks either way."""
    source = html.escape(page, quote=True)
    return (
        f'<iframe title="Report" sandbox="allow-scripts" srcdoc="{source}" '
        f'style="width:100%;height:{int(height)}px;border:0"></iframe>'
    )


def fill_template(name: str, **values: Any) -> str:
    """A page of its own from a template; every text is escaped."""
    return _environment().get_template(name).render(**values)


def _least_important(sections: Sequence[Section]) -> list[tuple[str, int]]:
    """Return figure names and sizes in bytes, in the order in which they are given up."""
    ranked = [
        (position == 0, -len(figure.svg.encode()), figure.name)
        for section in sections
        for position, figure in enumerate(section.figures)
    ]
    return [(name, -size) for _, size, name in sorted(ranked)]


def _page(sections: Sequence[Section], head: _Head, linked: Collection[str], rows: int) -> str:
    environment = _environment()
    style, script = _source("report.css"), _source("report.js")
    pages = page_sections(sections, linked=linked, row_limit=rows, files=head.files)
    replaced = [f.number for page in pages for f in page.figures if f.svg is None]
    return environment.get_template("report.html").render(
        title=head.title,
        kind=head.kind,
        model=head.model,
        tiles=head.tiles,
        note=head.note,
        notices=head.notices,
        sections=pages,
        manifest=head.manifest,
        files=head.files,
        href=quote(head.files),
        replaced=_replaced(replaced, head.files),
        style=Markup(style),  # our own file
        script=Markup(script),  # our own file
        policy="; ".join(
            (
                "default-src 'none'",
                f"style-src '{_hash(style)}'",
                f"script-src '{_hash(script)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    )


def _kind(manifest: Mapping[str, Any]) -> str:
    method = manifest.get("method")
    name = method_name(str(method.get("name")) if isinstance(method, Mapping) else "graphmask")
    if manifest.get("language") is False:
        return f"{name[:1].upper()}{name[1:]} report"
    return "Linguistic GraphMask report" if name == "GraphMask" else f"Linguistic report by {name}"


def _replaced(numbers: Sequence[int], files: str) -> str:
    if not numbers:
        return ""
    which = ", ".join(map(str, numbers))
    many = len(numbers) > 1
    return (
        f"To keep this file small, {'Figures' if many else 'Figure'} {which} "
        f"{'are' if many else 'is'} not drawn here but linked: see the folder "
        f"“{files}figures” beside it."
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("linguagraph.templates", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )


@cache
def _source(name: str) -> str:
    return _environment().get_template(name).render()


def _finalize(value: Any) -> Any:
    """Make hidden characters of every printed text visible; escaping follows."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
