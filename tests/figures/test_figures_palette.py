import itertools
import re
from pathlib import Path

import pytest

from linguagraph.figures.palette import INK, PAPER, SERIES, SOFT, series

STYLE = Path(__file__).resolve().parents[2] / "templates" / "report.css"


def _linear(color: str) -> list[float]:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def _luminance(color: str) -> float:
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), _linear(color), strict=True))


def contrast(first: str, second: str) -> float:
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


def _dark_paper() -> str:
    dark = STYLE.read_text(encoding="utf-8").split(':root[data-theme="dark"]')[1]
    found = re.search(r"--paper: (#\w{6})", dark)
    assert found
    return found[1]


@pytest.mark.parametrize("style", SERIES)
def test_series_show_on_white_and_on_the_dark_page(style: object) -> None:
    color = style.color  # type: ignore[attr-defined]
    assert contrast(color, PAPER) >= 3.0
    assert contrast(color, _dark_paper()) >= 3.0


def test_text_colours_are_readable_on_paper() -> None:
    assert contrast(INK, PAPER) >= 7.0
    assert contrast(SOFT, PAPER) >= 4.5


def test_nothing_but_colour_is_needed_to_tell_series_apart() -> None:
    for name in ("hatch", "marker", "dash", "color"):
        values = [getattr(style, name) for style in SERIES]
        assert len(set(values)) == len(values), name


def test_first_colours_differ_for_the_colour_blind() -> None:
    """Deuteranopia and protanopia simulated in linear RGB (Viénot et al. 1999, rounded)."""
    for matrix in (
        ((0.29, 0.71, 0.0), (0.29, 0.71, 0.0), (-0.02, 0.02, 1.0)),
        ((0.11, 0.89, 0.0), (0.11, 0.89, 0.0), (0.0, 0.0, 1.0)),
    ):
        seen = [
            [sum(m * p for m, p in zip(row, _linear(s.color), strict=True)) for row in matrix]
            for s in SERIES[:4]
        ]
        for first, second in itertools.combinations(seen, 2):
            distance = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
            assert distance > 0.08


def test_series_repeat() -> None:
    assert series(6) == series(0)


def test_the_page_recolours_the_three_page_colours() -> None:
    text = STYLE.read_text(encoding="utf-8")
    for color in (INK, SOFT, PAPER):
        for attribute in ("fill", "stroke"):
            assert f'[{attribute}="{color}"]' in text
