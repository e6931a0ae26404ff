import math

import pytest
from linguagraph.analyses.phrases import (
    change,
    count,
    difference,
    join,
    kappa_word,
    number,
    percent,
    points,
    span,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.162, "16.2%"),
        (0.0004, "under 0.1%"),
        (0.9999, "over 99.9%"),
        (0.0006, "0.1%"),
        (NAN, "undefined"),
    ],
)
def test_percent_never_rounds_to_nothing_or_all(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-0.008, "0.8 points"), (0.01, "1.0 point"), (0.0001, "under 0.1 points")]
)
def test_points_are_unsigned(value: float, text: str) -> None:
    assert points(value) == text


def test_differences_change_their_words() -> None:
    assert difference(-0.008, -0.011, -0.005, level=0.95) == (
        "0.8 points below (95% interval −1.1 to −0.5 points)"
    )
    assert difference(0.02, 0.01, 0.03, level=0.9, up="more") == (
        "2.0 points more (90% interval +1.0 to +3.0 points)"
    )
    assert difference(0.002, -0.01, 0.03, level=0.95) == (
        "no difference that the interval can tell from none "
        "(+0.2; 95% interval −1.0 to +3.0 points)"
    )
    assert difference(0.0, 0.0, 0.0, level=0.95) == "exactly equal"
    assert difference(NAN, NAN, NAN, level=0.95) == "a difference that cannot be computed"
    assert difference(0.1, NAN, NAN, level=0.95) == "10.0 points above (no interval)"


@pytest.mark.parametrize(
    ("low", "high", "sign"),
    [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.1, 0), (NAN, 0.1, 0), (0, 1, 0)],
)
def test_change_needs_an_interval_without_zero(low: float, high: float, sign: int) -> None:
    assert change(low, high) == sign


def test_small_words() -> None:
    assert span(0.031, 0.045, level=0.95) == "95% interval 3.1% to 4.5%"
    assert span(NAN, NAN, level=0.95) == "no interval"
    assert count(1, "edge") == "1 edge"
    assert count(2000, "edge") == "2,000 edges"
    assert count(2, "label and direction", "labels and directions") == "2 labels and directions"
    assert [join([]), join(["a"]), join(["a", "b"]), join("abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert number(0.5) == 0.5
    assert number(math.inf) is None
    assert number(NAN) is None


@pytest.mark.parametrize(
    ("kappa", "word"),
    [
        (-0.1, "less than chance"),
        (0.1, "slight"),
        (0.3, "fair"),
        (0.5, "moderate"),
        (0.74, "substantial"),
        (0.9, "almost perfect"),
        (NAN, "undefined"),
    ],
)
def test_kappa_words(kappa: float, word: str) -> None:
    assert kappa_word(kappa) == word
