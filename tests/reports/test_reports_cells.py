import numpy as np
import pandas as pd
import pytest

from linguagraph.errors import ReportError
from linguagraph.reports.cells import show_number, shown_columns
from linguagraph.reports.sections import TableBlock


@pytest.mark.parametrize(
    ("value", "percent", "shown"),
    [
        (0.1624, True, "16.2%"),
        (-0.011, True, "−1.1%"),
        (-0.0001, True, "0.0%"),
        (4391, False, "4,391"),
        (np.int64(-7), False, "−7"),
        (0.79, False, "0.790"),
        (np.float32(0.5), False, "0.500"),
        (1234.5678, False, "1,234.568"),
        (True, False, "yes"),
        (np.False_, False, "no"),
        (None, True, "–"),
        (float("nan"), True, "–"),
        (pd.NA, False, "–"),
        ([1, 2], False, "1, 2"),
        ([], False, "–"),
        ("a\u202eb", False, "a[U+202E]b"),
        ("0.5", True, "0.5"),
    ],
)
def test_numbers_as_text(value: object, percent: bool, shown: str) -> None:
    assert show_number(value, percent=percent) == shown


def shown(
    frame: pd.DataFrame, *percent: str, limit: int | None = None
) -> dict[str, tuple[str, ...]]:
    block = TableBlock("t", "c", frame, percent)
    return {c.header: c.cells for c in shown_columns(block, limit=limit)}


def test_an_interval_joins_its_estimate() -> None:
    frame = pd.DataFrame(
        {"label": ["a"], "share": [0.162], "low": [0.158], "high": [0.167], "n": [9]}
    )
    assert shown(frame, "share", "low", "high") == {
        "label": ("a",),
        "share (interval)": ("16.2% (15.8–16.7)",),
        "n": ("9",),
    }


def test_named_intervals_and_negative_ends() -> None:
    frame = pd.DataFrame({"kappa": [0.1], "n": [3], "kappa_low": [-0.1], "kappa_high": [0.3]})
    assert shown(frame) == {"kappa (interval)": ("0.100 (−0.100 to 0.300)",), "n": ("3",)}


def test_share_takes_an_interval_that_stands_apart() -> None:
    frame = pd.DataFrame({"share": [0.5], "n": [3], "low": [0.4], "high": [0.6]})
    assert shown(frame, "share", "low", "high") == {
        "share (interval)": ("50.0% (40.0–60.0)",),
        "n": ("3",),
    }


def test_a_missing_interval_leaves_the_estimate() -> None:
    frame = pd.DataFrame({"x": [0.5, np.nan], "ci_low": [np.nan] * 2, "ci_high": [np.nan] * 2})
    assert shown(frame) == {"x (interval)": ("0.500", "–")}


def test_ends_without_an_estimate_stay_columns() -> None:
    frame = pd.DataFrame({"low": [1], "high": [2]})
    assert shown(frame) == {"low": ("1",), "high": ("2",)}


def test_alignment_limit_and_the_frame_are_left_alone() -> None:
    frame = pd.DataFrame({"a_b": ["x", "y"], "v": [1, 2], "ok": [True, False]})
    columns = shown_columns(TableBlock("t", "c", frame), limit=1)
    assert [(c.header, c.name, c.numeric, c.cells) for c in columns] == [
        ("a b", "a_b", False, ("x",)),
        ("v", "v", True, ("1",)),
        ("ok", "ok", False, ("yes",)),
    ]
    assert list(frame.columns) == ["a_b", "v", "ok"]


def test_whole_numbers_in_float_columns_are_counts() -> None:
    assert shown(pd.DataFrame({"k": [831.0, np.nan], "p": [1.0, 0.0]})) == {
        "k": ("831", "–"),
        "p": ("1.000", "0.000"),
    }


def test_unknown_percent_columns_are_named() -> None:
    with pytest.raises(ReportError, match=r"'t'.*\['z'\]"):
        shown(pd.DataFrame({"a": [1]}), "z")
