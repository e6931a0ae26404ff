"""The heat map of tokens by layers: what is drawn, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from linguagraph.errors import TableError
from linguagraph.figures import to_svg
from linguagraph.figures.token_layers import token_layers
from linguagraph.reports.svg import safe_svg


def test_every_cell_is_drawn_with_its_score() -> None:
    scores = np.array([[1.0, 0.25], [0.5, 0.0], [0.75, 0.1]])
    figure = token_layers(["fine", "<film>"], ["input", "layer 1", "layer 2"], scores, title="x")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["fine", "<film>"]
    assert next(label.get_text() for label in axes.get_xticklabels()) == "input"
    assert sorted(t.get_text() for t in axes.texts) == [
        *("0.00", "0.10", "0.25", "0.50", "0.75", "1.00")
    ]
    assert axes.get_ylim() == (2, 0)  # first token on top
    svg = to_svg(figure)
    assert "&lt;film&gt;" in svg
    assert safe_svg(svg, prefix="heat", label="a heat map")


def test_scores_of_another_shape_or_range_are_refused() -> None:
    with pytest.raises(TableError, match=r"shape \(1, 1\); expected \(1, 2\)"):
        token_layers(["a", "b"], ["input"], np.zeros((1, 1)))
    with pytest.raises(TableError, match="between 0 and 1"):
        token_layers(["a"], ["input"], np.full((1, 1), 1.5))
