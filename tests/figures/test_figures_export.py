import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from matplotlib.figure import Figure

from linguagraph.figures import bars, stacked, to_pdf, to_svg
from linguagraph.figures.palette import INK, PAPER

TABLE = pd.DataFrame(
    {"label": ["a", "b"] * 2, "kept": ["0", "0", "1", "1"], "share": [0.3, 0.6, 0.7, 0.4]}
)


@pytest.fixture
def figure() -> Figure:
    return stacked(TABLE, y="label", x="share", hue="kept", xlabel="share of paths")


def test_output_is_the_same_every_time(figure: Figure) -> None:
    first, second = to_svg(figure), to_pdf(figure)
    again = stacked(TABLE, y="label", x="share", hue="kept", xlabel="share of paths")
    assert to_pdf(again) == second
    assert to_svg(again) == first == to_svg(figure)


def test_no_date_version_style_or_script(figure: Figure) -> None:
    svg = to_svg(figure)
    for word in ("metadata", "<style", "style=", "DOCTYPE", "xlink", "Matplotlib", "<script"):
        assert word not in svg
    pdf = to_pdf(figure)
    for word in (b"CreationDate", b"Producer", b"Creator"):
        assert word not in pdf
    assert pdf.startswith(b"%PDF")


def test_text_is_text_in_a_generic_face(figure: Figure) -> None:
    root = ElementTree.fromstring(to_svg(figure))
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "share of paths" in texts
    assert root.get("font-family") == "sans-serif"


def test_ink_and_paper_are_attributes_that_a_page_can_replace(figure: Figure) -> None:
    svg = to_svg(figure)
    assert f'fill="{INK}"' in svg
    assert f'fill="{PAPER}"' in svg


def test_ids_are_all_used_and_differ_between_figures(figure: Figure) -> None:
    other = to_svg(bars(TABLE[:2], y="label", x="share", xlabel=""))
    names = []
    for svg in (to_svg(figure), other):
        ids = re.findall(r'\bid="([^"]+)"', svg)
        assert ids
        assert len(set(ids)) == len(ids)
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg))
        assert set(ids) == {a or b for a, b in used}
        names.append(set(ids))
    assert not names[0] & names[1]


def test_the_file_stays_small(figure: Figure) -> None:
    assert len(to_svg(figure)) < 20_000
