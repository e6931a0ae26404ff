import re
import zlib
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import ReportError
from linguagraph.figures import arcs, arcs_to_pdf
from linguagraph.figures.arc_pdf import arcs_to_figure
from linguagraph.figures.palette import INK, PAPER, series

WORDS = ("Cats", "(mostly)", "sleep", "here", "$x$", "\\alpha", "<b>", "&amp;", ".")
HOSTILE = ("日本語", "עברית", "𝔘🙂", "नमस्ते", "\u202egnp\x00\n", "]]>", "e\u0301", "\ud800", "")


def drawing(*forms: str, layers: int = 2) -> str:
    rows = [
        (i, i + 1, "obl:tmod", "->", layer, (0.0, 0.4, 1.0)[i % 3])
        for i in range(len(forms) - 1)
        for layer in range(layers)
    ]
    names = ["source", "target", "label", "direction", "layer", "retained_share"]
    return arcs(
        Sentence(tuple(Token(i, form) for i, form in enumerate(forms))),
        pd.DataFrame(rows, columns=names),
        predicate=2,
        gold={0: "ARG0"},
        predicted={0: "ARG0", 3: "ARGM-LOC"},
        title="Example",
    )


def tiny(content: str, width: float = 20.0, height: float = 10.0) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lg-arcs" width="{width}" '
        f'height="{height}">{content}</svg>'
    )


def page_size(pdf: bytes) -> list[float]:
    found = re.search(rb"/MediaBox \[([^\]]*)\]", pdf)
    assert found
    return [float(number) for number in found[1].split()]


def written(pdf: bytes) -> list[str]:
    """The strings of the page, from its decompressed content, without the kerning."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    page = next(page for page in map(zlib.decompress, streams) if b"\nBT\n" in page)
    strings = []
    for shown in page.split(b"\nBT\n")[1:]:
        pieces = re.findall(rb"\(((?:\\.|[^\\)])*)\)", shown.split(b"\nET\n")[0], re.DOTALL)
        raw = re.sub(rb"\\(.)", rb"\1", b"".join(pieces), flags=re.DOTALL)
        strings.append(raw.decode("utf-16-be", "replace"))
    return strings


def pixels(figure: Figure) -> set[tuple[int, ...]]:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    flat = np.asarray(canvas.buffer_rgba())[..., :3].reshape(-1, 3)
    return {tuple(int(v) for v in row) for row in np.unique(flat, axis=0)}


def test_a_drawing_becomes_the_same_pdf_every_time() -> None:
    svg = drawing(*WORDS)
    first = arcs_to_pdf(svg)
    assert first.startswith(b"%PDF")
    assert arcs_to_pdf(svg) == first
    for word in (b"CreationDate", b"Producer", b"Creator", b"/Subtype /Image"):
        assert word not in first


def test_the_page_has_as_many_points_as_the_svg_has_units() -> None:
    svg = drawing(*WORDS)
    root = ElementTree.fromstring(svg)
    assert page_size(arcs_to_pdf(svg)) == [
        0.0,
        0.0,
        float(root.get("width", "")),
        float(root.get("height", "")),
    ]


def test_every_text_of_the_svg_is_text_in_the_pdf() -> None:
    svg = drawing(*WORDS)
    texts = [e.text or "" for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}text")]
    assert set(WORDS) <= set(texts)
    found = written(arcs_to_pdf(svg))
    # the dash of a missing role lies in a part of the font with its own numbering
    assert [text for text in texts if text != "–"] == [t for t in found if t != "\0"]
    assert texts.count("–") == found.count("\0") == 1


def test_a_path_keeps_its_corners_dashes_and_strength() -> None:
    svg = tiny(
        '<g><title>said, not drawn</title><path d="M 2 8 V 4 Q 2 2 4 2 H 10 l -1 2 h 3 z" '
        'fill="none" stroke="#0072b2" stroke-width="2" stroke-opacity="0.5" '
        'stroke-dasharray="5 2"/></g>'
    )
    (patch,) = arcs_to_figure(svg).artists
    assert isinstance(patch, PathPatch)
    corners = [(2, 8), (2, 4), (2, 2), (4, 2), (10, 2), (9, 4), (12, 4), (2, 8)]
    assert np.asarray(patch.get_path().vertices).tolist() == [list(map(float, c)) for c in corners]
    assert np.asarray(patch.get_path().codes).tolist() == [
        *(Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE3),
        *(Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY),
    ]
    assert patch.get_linewidth() == 2.0
    assert to_rgba(patch.get_edgecolor()) == (*to_rgb("#0072b2"), 0.5)
    assert to_rgba(patch.get_facecolor())[3] == 0.0
    content = zlib.decompress(
        re.findall(rb"stream\r?\n(.*?)\r?\nendstream", arcs_to_pdf(svg), re.DOTALL)[0]
    )
    assert b"[ 5 2 ] 0 d" in content  # in points, whatever the width of the line
    assert b"\n2 2 m\n2 6 l\n" in content  # the PDF counts from below


def test_later_elements_cover_earlier_ones() -> None:
    cover = f'<rect x="0" y="0" width="20" height="10" fill="{PAPER}"/>'
    word = f'<text x="2" y="8" font-size="9" fill="{INK}" text-anchor="start">M</text>'
    white = {(255, 255, 255)}
    assert pixels(arcs_to_figure(tiny(word + cover))) == white
    assert pixels(arcs_to_figure(tiny(cover + word))) > white


def test_both_layers_appear_in_their_colours() -> None:
    shown = pixels(arcs_to_figure(drawing(*WORDS)))
    for color in (series(0).color, series(1).color, PAPER):
        assert tuple(round(255 * v) for v in to_rgb(color)) in shown


def test_hostile_and_foreign_text_is_drawn_without_a_warning() -> None:
    found = written(arcs_to_pdf(drawing(*HOSTILE)))
    assert "[U+202E]gnp[U+0000] " in found
    assert "]]>" in found


def test_a_long_sentence_becomes_a_wide_page() -> None:
    pdf = arcs_to_pdf(drawing(*(f"word{i}" for i in range(120))))
    assert page_size(pdf)[2] > 5000
    assert {"word0", "word119"} <= set(written(pdf))


def test_a_page_is_never_longer_than_readers_accept() -> None:
    word = f'<text x="0" y="90" font-size="20" fill="{INK}" text-anchor="start">far</text>'
    svg = tiny(word, width=28800.0, height=100.0)
    assert page_size(arcs_to_pdf(svg)) == [0.0, 0.0, 14400.0, 50.0]
    (text,) = arcs_to_figure(svg).artists
    assert text.get_fontsize() == 10.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("svg", "reason"),
    [
        ("<svg", "unclosed token"),
        ("<svg/>", "not an svg of class lg-arcs"),
        (tiny("<image/>"), "unknown element 'image'"),
        (tiny('<path d="M 1 1 C 1 2 3 4 5 6"/>'), "unknown path command 'C 1 2 3 4 5 6'"),
        (tiny('<path d="z"/>'), "unknown path command 'z'"),
        (tiny("<path/>"), "'d'"),
        (tiny("", width=0.0), "its size is 0 by 10"),
    ],
)
def test_what_is_no_arc_drawing_is_refused(svg: str, reason: str) -> None:
    with pytest.raises(ReportError, match=re.escape(reason)):
        arcs_to_pdf(svg)
