"""The table of token masks in, items out: what is said of edges can be said of tokens, too."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import Items, compile_items

__all__ = ["NEAR", "part_of_speech", "token_items", "token_places"]

NEAR = ("0", "1", "2", "3", "4-5", "6-10", "11+")
"""Bins of the distance between a token and the predicate, in tokens."""

_ENDS = (0, 1, 2, 3, 5, 10)


def token_items(table: pd.DataFrame) -> Items:
    """Tokens in the place of edges: each (example, layer, token) once, with the votes of all seeds.

    Args:
        table: :data:`linguagraph.columns.TOKEN_MASKS`.

    Raises:
        TableError: as :func:`linguagraph.aggregates.items.compile_items`.
    """
    return compile_items(table.rename(columns={"token": "edge"}))


def part_of_speech(table: pd.DataFrame) -> pd.Series:
    """The universal part of speech where the corpus has it, else the corpus's own; "" for none."""
    name = "upos" if table["upos"].notna().any() else "xpos"
    return table[name].astype(object).where(table[name].notna(), "").astype("category")


def token_places(table: pd.DataFrame) -> pd.Series:
    """The bin of :data:`NEAR` of every row's distance to the predicate, an ordered category."""
    codes = np.searchsorted(np.array(_ENDS), table["token_distance"].to_numpy())
    values = pd.Categorical.from_codes(codes, categories=pd.Index(NEAR), ordered=True)
    return pd.Series(values, index=table.index)
