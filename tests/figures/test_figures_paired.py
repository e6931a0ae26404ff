"""Two values per row and their difference, as drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from linguagraph.errors import TableError
from linguagraph.figures import to_svg
from linguagraph.figures.paired import paired

TABLE = pd.DataFrame(
    {
        "edge": ["nsubj (->) *", "$obj$"],
        "first": [0.75, 0.1],
        "second": [0.25, 0.2],
        "difference": [-0.5, 0.1],
        "low": [-0.6, 0.05],
        "high": [-0.4, 0.15],
    }
)


def test_values_stand_where_they_should() -> None:
    figure = paired(TABLE, y="edge", names=("GNN", "LSTM"), xlabels=("Share", "LSTM minus GNN"))
    shares, apart = figure.axes
    first, second = (line.get_xdata().tolist() for line in shares.lines[:2])
    assert (first, second) == ([0.75, 0.1], [0.25, 0.2])
    assert apart.lines[0].get_xdata().tolist() == [-0.5, 0.1]
    ends = [segment[:, 0].tolist() for segment in apart.collections[0].get_segments()]
    assert ends == [[-0.6, -0.4], [0.05, 0.15]]
    svg = to_svg(figure)
    for words in ("$obj$", "GNN", "LSTM minus GNN", "Share"):
        assert words in svg


def test_empty_and_wrong_tables() -> None:
    assert "no data" in to_svg(
        paired(TABLE.iloc[:0], y="edge", names=("a", "b"), xlabels=("x", "y"))
    )
    with pytest.raises(TableError, match="lacks columns"):
        paired(TABLE.drop(columns="low"), y="edge", names=("a", "b"), xlabels=("x", "y"))
    twice = pd.concat([TABLE, TABLE])
    with pytest.raises(TableError, match="several rows"):
        paired(twice, y="edge", names=("a", "b"), xlabels=("x", "y"))
