"""An SVG document of ours -> audited markup that may stand in the page as it is.

The only place where a string is declared safe for HTML. The text is parsed, every element and
attribute must be on a short list, and what is emitted is written anew from the parsed tree, so
nothing that was not understood can get through.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from markupsafe import Markup

from linguagraph.errors import ReportError
from linguagraph.figures.text import visible

__all__ = ["safe_svg"]

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = (
    "circle clipPath defs desc ellipse g line marker path pattern polygon polyline rect svg text "
    "title tspan use"
)
_ATTRIBUTES = (
    "class clip-path clip-rule color cx cy d dominant-baseline fill fill-opacity fill-rule "
    "font-family font-size font-style font-weight height id marker-end marker-mid marker-start "
    "markerHeight markerUnits markerWidth opacity orient patternTransform patternUnits points "
    "preserveAspectRatio r refX refY role rx ry stroke stroke-dasharray stroke-dashoffset "
    "stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor "
    "transform viewBox width x x1 x2 y y1 y2"
)
_KNOWN_ELEMENTS = frozenset(_ELEMENTS.split())
_KNOWN_ATTRIBUTES = frozenset(_ATTRIBUTES.split())
_CLASSES = frozenset({"lg-figure", "lg-arcs"})
_LOCAL_URL = re.compile(r"url\(#[\w.-]+\)")
_LOCAL_HREF = re.compile(r"#[\w.-]+")


def safe_svg(text: str, *, prefix: str, label: str) -> Markup:
    """Return ``text`` as markup for an inline drawing.

    Args:
        text: a standalone SVG document, as :mod:`linguagraph.figures` makes them.
        prefix: put before every id, so that many drawings can share a page.
        label: alternative text, read instead of the drawing.

    Raises:
        ReportError: not well-formed, a document type, a script, style, image, link, event
            handler or foreign object, a reference that leaves the drawing, or anything else that
            is not on the list of what our figures use.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ReportError(f"figure {prefix!r}: an SVG with a document type is refused")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise ReportError(f"figure {prefix!r}: not well-formed SVG ({error})") from error
    if root.tag != _NAMESPACE + "svg":
        raise ReportError(f"figure {prefix!r}: expected an svg element, found {root.tag!r}")
    for element in root.iter():
        _check(element, prefix)
    root.set("role", "img")
    root.set("aria-label", visible(label))
    root.set("focusable", "false")
    # Safe: parsed, every element and attribute checked above, and serialised again with escapes.
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _check(element: ElementTree.Element, prefix: str) -> None:
    name = str(element.tag).removeprefix(_NAMESPACE)
    if name not in _KNOWN_ELEMENTS:
        raise ReportError(f"figure {prefix!r}: element {name!r} is refused")
    element.tag = name
    for key, value in element.attrib.items():
        if key == "href":
            if name != "use" or not _LOCAL_HREF.fullmatch(value):
                raise ReportError(f"figure {prefix!r}: reference {value!r} is refused")
            element.set(key, f"#{prefix}-{value[1:]}")
        elif key not in _KNOWN_ATTRIBUTES:
            raise ReportError(f"figure {prefix!r}: attribute {key!r} of {name!r} is refused")
        elif key == "id":
            element.set(key, f"{prefix}-{value}")
        elif key == "class" and not set(value.split()) <= _CLASSES:
            raise ReportError(f"figure {prefix!r}: class {value!r} is refused")
        elif "url" in value.lower() or "\\" in value:
            if not _LOCAL_URL.fullmatch(value):
                raise ReportError(f"figure {prefix!r}: value {value!r} of {key!r} is refused")
            element.set(key, f"url(#{prefix}-{value[5:-1]})")
