from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from linguagraph.errors import ReportError
from linguagraph.reports.svg import safe_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'


def wrap(inner: str) -> str:
    return f"{HEAD}{inner}</svg>"


def test_ids_and_references_get_the_prefix() -> None:
    inner = (
        '<defs><path id="m" d="M 0 0"/><clipPath id="c"/></defs>'
        '<use href="#m"/><g clip-path="url(#c)"/>'
    )
    shown = safe_svg(wrap(inner), prefix="fig", label="what")
    assert isinstance(shown, Markup)
    for part in ('id="fig-m"', 'href="#fig-m"', "url(#fig-c)", 'role="img"', 'aria-label="what"'):
        assert part in shown


def test_the_label_is_escaped(hostile_text: str) -> None:
    shown = safe_svg(wrap(""), prefix="f", label=hostile_text)
    assert "<script" not in shown
    assert "\u202e" not in shown
    assert ElementTree.fromstring(str(shown)).get("aria-label", "").startswith("<script>")


def test_text_stays_escaped() -> None:
    shown = safe_svg(wrap("<text>&lt;script&gt; ]]&gt;</text>"), prefix="f", label="")
    assert "<text>&lt;script&gt; ]]&gt;</text>" in shown


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        "<style>*{fill:red}</style>",
        "<foreignObject/>",
        '<image href="http://example.org/a.png"/>',
        '<a href="#x"><text>t</text></a>',
        '<g onload="alert(1)"/>',
        '<g ONCLICK="alert(1)"/>',
        '<g style="fill:url(http://example.org)"/>',
        '<use href="http://example.org/a.svg#x"/>',
        '<use href="data:image/svg+xml,x"/>',
        '<use x:href="http://example.org/a.svg#x"/>',
        '<use x:href="#local"/>',
        '<path fill="url(http://example.org/#a)"/>',
        '<path fill="URL(javascript:alert(1))"/>',
        '<path fill="u\\72l(http://example.org)"/>',
        '<path fill="url(#a) url(http://example.org)"/>',
        '<animate attributeName="href"/>',
        '<set attributeName="onload"/>',
        '<iframe src="x"/>',
        '<h:div xmlns:h="http://www.w3.org/1999/xhtml"/>',
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">1</h:script>',
        '<g class="top"/>',
        '<g tabindex="0"/>',
        "<g>",
        "<!DOCTYPE svg><g/>",
    ],
)
def test_everything_else_is_refused(inner: str) -> None:
    with pytest.raises(ReportError, match="'fig'"):
        safe_svg(wrap(inner), prefix="fig", label="")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "<html/>",
        '<svg onload="alert(1)"/>',
        f'<!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}&a;</svg>',
        f'<?xml-stylesheet href="http://example.org"?>{HEAD}<g a="\x00"/></svg>',
    ],
)
def test_what_is_no_svg_is_refused(text: str) -> None:
    with pytest.raises(ReportError):
        safe_svg(text, prefix="fig", label="")


def test_processing_instructions_and_comments_are_dropped() -> None:
    text = (
        f'<?xml version="1.0"?><?xml-stylesheet href="http://example.org"?>{HEAD}<!-- x --></svg>'
    )
    shown = safe_svg(text, prefix="fig", label="")
    assert "stylesheet" not in shown
    assert "<!--" not in shown
