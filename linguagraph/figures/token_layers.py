"""Scores of the tokens of one sentence in every layer -> a heat map, tokens down, layers across."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from linguagraph.errors import TableError
from linguagraph.figures.palette import INK, PAPER
from linguagraph.figures.panels import settle, styled
from linguagraph.figures.text import shorten

__all__ = ["token_layers"]

_ROW, _COLUMN, _MARGIN = 0.24, 0.8, 1.6  # inches
_LONGEST = 24


def token_layers(
    tokens: Sequence[str], layers: Sequence[str], scores: np.ndarray, *, title: str = ""
) -> Figure:
    """Draw one cell per token and layer, darker for a higher score, with the score in it.

    Args:
        tokens: T, from top to bottom.
        layers: L names, from left to right.
        scores: float [L, T] in [0, 1].
        title: above the map.

    Raises:
        TableError: scores of another shape, or outside of [0, 1].
    """
    values = np.asarray(scores, float)
    if values.shape != (len(layers), len(tokens)):
        raise TableError(
            f"scores have shape {values.shape}; expected ({len(layers)}, {len(tokens)})"
        )
    if values.size and not ((values >= 0) & (values <= 1)).all():
        raise TableError("scores must lie between 0 and 1")
    with styled():
        size = (_MARGIN + _COLUMN * len(layers), 0.7 + _ROW * len(tokens))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        axes.pcolormesh(values.T, cmap="Blues", vmin=0, vmax=1, edgecolors=PAPER, linewidth=0.5)
        for token in range(len(tokens)):
            for layer in range(len(layers)):
                value = values[layer, token]
                axes.text(
                    layer + 0.5,
                    token + 0.5,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="#ffffff" if value > 0.6 else "#1a1a1a",
                )
        axes.set_yticks(np.arange(len(tokens)) + 0.5)
        axes.set_yticklabels([shorten(token, _LONGEST) for token in tokens], color=INK)
        axes.set_xticks(np.arange(len(layers)) + 0.5)
        axes.set_xticklabels(list(layers))
        axes.invert_yaxis()
        axes.tick_params(length=0)
        if title:
            axes.set_title(title, loc="left", fontsize=9)
        return settle(figure)
