"""Star graphs under several methods: what is drawn, what is said in words, what is refused."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from linguagraph.errors import ReportError
from linguagraph.figures.palette import SOFT, series
from linguagraph.figures.stars import StarPanel, describe_stars, star_panels, star_svg

NAMES = ("blue", "orange", "green")
COLOURS = (0, 0, 1, 2)
TRUTH = StarPanel("Relevant edges", (True, True, True, False))
SOFT_METHOD = StarPanel("Soft <one>", (True, False, False, False), (0.9, 0.1, 0.25, 0.0), "F1 50")


def test_words() -> None:
    words = describe_stars(COLOURS, (0, 1), [TRUTH, SOFT_METHOD], names=NAMES)
    assert words == (
        "A star graph with 4 edges: 2 blue, 1 orange, 1 green. The query: more blue than orange? "
        "Relevant edges retains 2 of 2 blue, 1 of 1 orange. Soft <one> retains 1 of 2 blue."
    )
    nothing = StarPanel("None", (False,) * 4)
    assert describe_stars(COLOURS, (0, 1), [nothing], names=NAMES).endswith("retains nothing.")


def test_the_drawing() -> None:
    figure = star_panels(COLOURS, (0, 1), [TRUTH, SOFT_METHOD], names=NAMES)
    first, second = figure.axes
    lines = [line for line in first.lines if len(line.get_xdata()) == 2]
    assert [line.get_color() for line in lines] == [
        series(0).color, series(0).color, series(1).color, SOFT,
    ]  # fmt: skip
    assert len({line.get_linewidth() for line in lines}) == 2
    assert [text.get_text() for text in first.texts] == ["x", "x", "y", ""]
    assert [text.get_text() for text in second.texts] == ["0.90", "0.10", "0.25", "0.00"]
    assert second.get_title() == "Soft <one>\nF1 50"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["blue (x)", "orange (y)", "green", "dropped"]


def test_many_panels_take_rows_of_four() -> None:
    figure = star_panels(COLOURS, (0, 1), [TRUTH] * 6, names=NAMES)
    assert len(figure.axes) == 8
    assert sum(axes.get_title() != "" for axes in figure.axes) == 6


def test_svg_is_named_escaped_and_the_same_every_time() -> None:
    def drawn() -> str:
        figure = star_panels(COLOURS, (0, 1), [TRUTH, SOFT_METHOD], names=NAMES)
        return star_svg(figure, title="a < b", description="<script>")

    svg = drawn()
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root[0].text == "a < b"
    assert root[1].text == "<script>"
    assert "<script" not in svg
    assert drawn() == svg


@pytest.mark.parametrize(
    ("colours", "panels", "match"),
    [
        (COLOURS, [], "no panel"),
        ((0, 0, 1, 3), [TRUTH], "no colour 3"),
        ((0, 1), [TRUTH], "speaks of"),
        (COLOURS, [StarPanel("x", (True,) * 4, (0.1,))], "speaks of"),
    ],
)
def test_what_does_not_fit_is_refused(
    colours: tuple[int, ...], panels: list[StarPanel], match: str
) -> None:
    with pytest.raises(ReportError, match=match):
        star_panels(colours, (0, 1), panels, names=NAMES)
