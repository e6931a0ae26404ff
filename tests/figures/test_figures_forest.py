"""Forest plots: every estimate at its place, groups named, gaps where nothing is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from linguagraph.errors import TableError
from linguagraph.figures import forest, to_svg

TABLE = pd.DataFrame(
    {
        "factor": ["label", "label", "layer"],
        "level": ["obj", "<b>$x$", "1"],
        "effect": [0.2, np.nan, -0.1],
        "low": [0.1, np.nan, -0.2],
        "high": [0.3, np.nan, 0.0],
    }
)


def drawn(table: pd.DataFrame, **options: str) -> Figure:
    return forest(table, y="level", x="effect", low="low", high="high", xlabel="Effect", **options)


def test_rows_stand_under_the_names_of_their_groups() -> None:
    axes = drawn(TABLE, group="factor").axes[0]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names == ["label", "obj", "<b>$x$", "layer", "1"]

    found = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert len(found) == 1
    np.testing.assert_allclose(found[0].get_ydata(), [1, 2, 4])
    np.testing.assert_allclose(found[0].get_xdata(), [0.2, np.nan, -0.1])

    assert "&lt;b&gt;" in to_svg(drawn(TABLE, group="factor"))


def test_series_stand_side_by_side() -> None:
    both = pd.concat([TABLE.assign(way="a"), TABLE.assign(way="b")], ignore_index=True)
    axes = drawn(both, group="factor", hue="way").axes[0]
    found = [line.get_ydata() for line in axes.lines if len(line.get_xdata()) == 3]
    np.testing.assert_allclose(found[0] + 0.3, found[1])


def test_a_table_without_rows_says_so() -> None:
    assert "no data" in [text.get_text() for text in drawn(TABLE.iloc[:0]).axes[0].texts]


def test_repeated_rows_and_missing_columns_are_refused() -> None:
    with pytest.raises(TableError, match="several rows"):
        drawn(pd.concat([TABLE, TABLE]), group="factor")
    with pytest.raises(TableError, match="lacks columns"):
        drawn(TABLE.drop(columns="low"))
