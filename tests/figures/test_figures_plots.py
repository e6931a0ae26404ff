"""Bars, lines, stacked bars and histograms: what they draw, not how they look."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from linguagraph.errors import TableError
from linguagraph.figures import bars, histogram, lines, stacked, to_svg

SHARES = pd.DataFrame(
    {
        "label": ["nsubj", "obj", "nsubj", "obj"],
        "type": ["V", "V", "N", "N"],
        "share": [0.5, 0.25, 0.1, np.nan],
        "low": [0.4, 0.2, 0.05, np.nan],
        "high": [0.6, 0.3, 0.2, np.nan],
    }
)


def test_bars_keep_the_order_and_the_values() -> None:
    figure = bars(SHARES[:2], y="label", x="share", low="low", high="high", xlabel="retained")
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["nsubj", "obj"]
    assert [p.get_width() for p in axes.patches] == [0.5, 0.25]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # first row on top
    whiskers = axes.collections[0].get_segments()
    assert whiskers[0].tolist() == [[0.4, 0.0], [0.6, 0.0]]
    assert axes.get_xlabel() == "retained"


def test_bars_split_by_hue_differ_in_hatch_and_have_a_legend() -> None:
    figure = bars(SHARES, y="label", x="share", hue="type", xlabel="")
    patches = [p for p in figure.axes[0].patches if p.get_height() > 0]
    assert {p.get_hatch() for p in patches} == {"", "////"}
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["V", "N"]
    assert figure.legends[0].get_title().get_text() == "type"


def test_long_lists_by_hue_are_points_with_markers() -> None:
    rows = [
        {"label": f"label{i}", "type": t, "share": i / 60} for i in range(60) for t in ("V", "N")
    ]
    figure = bars(pd.DataFrame(rows), y="label", x="share", hue="type", xlabel="")
    markers = {line.get_marker() for line in figure.axes[0].lines}
    assert {"o", "s"} <= markers
    assert figure.get_size_inches()[1] > 60 * 0.25


def test_panels_have_their_own_label_and_scale() -> None:
    figure = bars(
        SHARES,
        y="label",
        x="share",
        panel="type",
        xlabel={"V": "of verbs", "N": "of nouns"},
    )
    first, second = figure.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("V", "N")
    assert (first.get_xlabel(), second.get_xlabel()) == ("of verbs", "of nouns")
    assert first.get_xlim() != second.get_xlim()
    shared = bars(SHARES, y="label", x="share", panel="type", xlabel="share")
    assert shared.axes[0].get_xlim() == shared.axes[1].get_xlim()


def test_lines_place_words_evenly_and_numbers_by_value() -> None:
    table = pd.DataFrame({"d": ["1", "2", "3–5"], "share": [0.9, 0.5, 0.1]})
    axes = lines(table, x="d", y="share", xlabel="distance", ylabel="paths").axes[0]
    assert axes.lines[0].get_xdata().tolist() == [0.0, 1.0, 2.0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["1", "2", "3–5"]
    numbers = pd.DataFrame({"d": [1, 2, 10], "share": [0.9, 0.5, 0.1]})
    axes = lines(numbers, x="d", y="share", xlabel="", ylabel="").axes[0]
    assert axes.lines[0].get_xdata().tolist() == [1.0, 2.0, 10.0]
    assert axes.get_ylim()[0] <= 0.0


def test_lines_differ_in_dash_and_marker() -> None:
    axes = lines(
        SHARES, x="label", y="share", low="low", high="high", hue="type", xlabel="", ylabel=""
    ).axes[0]
    first, second = axes.lines[:2]
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()


def test_stacked_parts_start_where_the_last_one_ended() -> None:
    table = pd.DataFrame(
        {"paths": ["V", "V", "N", "N"], "kept": ["0", "1", "0", "1"], "share": [0.4, 0.6, 1.0, 0.0]}
    )
    axes = stacked(table, y="paths", x="share", hue="kept", xlabel="share").axes[0]
    parts = [(p.get_x(), p.get_width()) for p in axes.patches]
    assert parts == [(0.0, 0.4), (0.0, 1.0), (0.4, 0.6), (1.0, 0.0)]
    assert {t.get_text() for t in axes.texts} == {"40%", "60%", "100%"}
    assert axes.get_xlim() == (0.0, 1.0)
    assert axes.get_ylabel() == "paths"


def test_stacked_refuses_negative_parts() -> None:
    table = pd.DataFrame({"a": ["x"], "b": ["y"], "v": [-0.1]})
    with pytest.raises(TableError, match="negative"):
        stacked(table, y="a", x="v", hue="b", xlabel="")


def test_histogram_marks_positions() -> None:
    table = pd.DataFrame({"gate": [0.25, 0.75], "edges": [10, 30]})
    figure = histogram(
        table, x="gate", weight="edges", xlabel="gate", ylabel="edges", marks={"mean": 0.625}
    )
    axes = figure.axes[0]
    assert [(p.get_height(), p.get_width()) for p in axes.patches] == [(10.0, 0.5), (30.0, 0.5)]
    assert axes.texts[0].get_text() == "mean"
    assert axes.texts[0].xy[0] == 0.625


@pytest.mark.parametrize(
    "draw",
    [
        lambda t: bars(t, y="label", x="share", xlabel=""),
        lambda t: lines(t, x="label", y="share", xlabel="", ylabel=""),
        lambda t: stacked(t, y="label", x="share", hue="type", xlabel=""),
        lambda t: histogram(t, x="share", weight="low", xlabel="", ylabel=""),
    ],
)
def test_an_empty_table_says_so(draw: object) -> None:
    assert "no data" in to_svg(draw(SHARES[:0]))  # type: ignore[operator]


def test_missing_columns_are_named() -> None:
    with pytest.raises(TableError, match=r"\['shre'\].*'share'"):
        bars(SHARES, y="label", x="shre", xlabel="")


def test_repeated_rows_are_refused_instead_of_drawn_over_each_other() -> None:
    with pytest.raises(TableError, match="several rows"):
        bars(SHARES, y="label", x="share", xlabel="")
    with pytest.raises(TableError, match="several rows"):
        lines(SHARES, x="label", y="share", xlabel="", ylabel="")


def test_rows_without_a_label_are_refused_instead_of_dropped() -> None:
    table = pd.DataFrame({"label": ["a", None], "v": [0.1, 0.2]})
    with pytest.raises(TableError, match="missing values"):
        bars(table, y="label", x="v", xlabel="")


def test_categories_are_drawn_like_strings_in_the_order_of_the_rows() -> None:
    table = SHARES.astype({"label": "category", "type": "category"}).iloc[::-1]
    plain = SHARES.iloc[::-1]
    for draw, where in (
        (bars, {"y": "label", "x": "share"}),
        (lines, {"x": "label", "y": "share"}),
    ):
        labels = {"xlabel": ""} if draw is bars else {"xlabel": "", "ylabel": ""}
        assert to_svg(draw(table, hue="type", **where, **labels)) == to_svg(
            draw(plain, hue="type", **where, **labels)
        )


def test_mathematics_and_underscores_in_labels_are_plain_text() -> None:
    table = pd.DataFrame(
        {"a": ["$", "_x", "$x_1$", "\u202ea"], "h": ["_a", "$b$", "c", "d"], "v": [0.1] * 4}
    )
    svg = to_svg(bars(table, y="a", x="v", hue="h", xlabel="$x$"))
    for text in ("$x_1$", ">_a<", "$b$", "[U+202E]a", ">$x$<"):
        assert text in svg


def test_scripts_without_glyphs_warn_nobody() -> None:
    table = pd.DataFrame({"a": ["漢字", "ไทย"], "v": [0.1, 0.2]})
    assert "漢字" in to_svg(bars(table, y="a", x="v", xlabel=""))


def test_the_callers_settings_neither_matter_nor_change() -> None:
    plain = to_svg(bars(SHARES[:2], y="label", x="share", xlabel=""))
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        assert to_svg(bars(SHARES[:2], y="label", x="share", xlabel="")) == plain
        assert dict(mpl.rcParams) == before


def test_colours_come_from_the_palette() -> None:
    axes = bars(SHARES[:2], y="label", x="share", xlabel="").axes[0]
    assert {to_hex(p.get_facecolor()) for p in axes.patches} == {"#0072b2"}


def test_importing_figures_loads_neither_pyplot_nor_torch() -> None:
    code = (
        "import sys, linguagraph.figures, linguagraph.reports;"
        "bad = {'matplotlib.pyplot', 'torch', 'stanza', 'seaborn'} & set(sys.modules);"
        "raise SystemExit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
