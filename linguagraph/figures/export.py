"""A matplotlib figure -> a small, deterministic SVG document or PDF.

The SVG keeps text as text: it can be searched and read aloud, follows the reader's own sans-serif
face, and stays small. Matplotlib's output is rewritten so that it can stand in a page beside
others: no style sheet that leaks into the page, no ``style`` attributes (a strict content policy
refuses them), ids derived from the drawing itself, no date, no version.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from linguagraph.figures.panels import GLYPH_WARNINGS

__all__ = ["to_pdf", "to_svg"]

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_ROUNDED = ("d", "x", "y", "width", "height", "transform", "points")
_FAMILY = "sans-serif"


def to_svg(figure: Figure) -> str:
    """Return the figure as a standalone SVG document.

    The same figure gives the same text on every run. Colours of the ink, of secondary text and of
    the background are those of :mod:`linguagraph.figures.palette`, written as plain attributes, so
    that a page may replace them by its own.
    """
    stream = io.StringIO()
    with _exporting():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(stream.getvalue())
    _drop(root, _SVG + "metadata")
    _drop(root, _SVG + "style")
    root.set("stroke-linejoin", "round")
    root.set("font-family", _FAMILY)
    for element in root.iter():
        _plain(element)
    for name in ("width", "height"):
        root.set(name, root.get(name, "").removesuffix("pt"))
    root.set("class", "lg-figure")
    _name_ids(root)
    _flatten(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def to_pdf(figure: Figure) -> bytes:
    """Return the figure as PDF bytes with TrueType text.

    The same figure gives the same bytes on every run. Missing glyphs are drawn as boxes.
    """
    stream = io.BytesIO()
    nothing: dict[str, Any] = {"CreationDate": None, "ModDate": None, "Creator": None}
    with _exporting():
        figure.savefig(stream, format="pdf", metadata={**nothing, "Producer": None})
    return stream.getvalue()


@contextmanager
def _exporting() -> Iterator[None]:
    settings: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "linguagraph",
        "pdf.fonttype": 42,
        "pdf.compression": 6,
        "savefig.bbox": "standard",
        "savefig.facecolor": "auto",
        "hatch.linewidth": 0.7,
        "path.simplify": True,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=GLYPH_WARNINGS)
        yield


def _drop(root: ElementTree.Element, tag: str) -> None:
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag == tag]:
            parent.remove(child)


def _plain(element: ElementTree.Element) -> None:
    """Turn ``style`` into attributes, the tag into a local name, and round the numbers."""
    element.tag = element.tag.removeprefix(_SVG)
    if _XLINK_HREF in element.attrib:
        element.set("href", element.attrib.pop(_XLINK_HREF))
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            size = re.search(r"([\d.]+)px", value)
            weight = re.match(r"(\d+|bold)\s", value)
            if size:
                element.set("font-size", size[1])
            if weight:
                element.set("font-weight", weight[1])
        elif name == "font-size":
            element.set(name, value.removesuffix("px"))
        elif name and name != "font-family":
            element.set(name, value)
    for name in _ROUNDED:
        if name in element.attrib:
            text = _NUMBER.sub(_round, element.attrib[name])
            element.set(name, " ".join(text.split()))
    if element.tag == "svg":
        element.attrib.pop("version", None)
        element.set("xmlns", _SVG[1:-1])
    if element.tag != "text":
        element.text = None if not (element.text or "").strip() else element.text
    element.tail = None


def _round(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _name_ids(root: ElementTree.Element) -> None:
    """Keep only the ids that are referred to, and derive them from the drawing."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text))
    wanted = {name for pair in used for name in pair if name}
    prefix = "g" + hashlib.sha256(text.encode()).hexdigest()[:10]
    new: dict[str, str] = {}
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name is not None and name in wanted:
            element.set("id", new.setdefault(name, f"{prefix}-{len(new)}"))
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href":
                element.set(key, "#" + new[value[1:]])
            elif value.startswith("url(#"):
                element.set(key, f"url(#{new[value[5:-1]]})")


def _flatten(parent: ElementTree.Element) -> None:
    """Replace groups that carry no attribute by their children."""
    children: list[ElementTree.Element] = []
    for child in parent:
        _flatten(child)
        if child.tag in ("g", "defs") and len(child) == 0:
            continue
        if child.tag == "g" and not child.attrib:
            children.extend(child)
        else:
            children.append(child)
    parent[:] = children
