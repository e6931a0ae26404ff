"""A run over tokens in, what its analyses share out: names of layers, shares, small drawings."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from linguagraph.aggregates import Items, compile_items, share_by
from linguagraph.aggregates.token_items import token_items
from linguagraph.edges.storage import RunTables
from linguagraph.errors import TableError
from linguagraph.figures import bars, to_pdf, to_svg
from linguagraph.reports.sections import FigureBlock

from .blocks import rows
from .params import Params
from .phrases import percent

__all__ = ["draw_shares", "items_of", "masks_of", "shares", "states_of", "top_rows", "unit_of"]


def masks_of(tables: RunTables) -> pd.DataFrame:
    """The table of token masks.

    Raises:
        TableError: the run has none.
    """
    if tables.token_masks is None:
        raise TableError("the run has no table 'token_masks'; tabulate it again")
    return tables.token_masks


def unit_of(tables: RunTables) -> str:
    """What the masks of a run keep or drop: "token" or "edge"."""
    return "token" if tables.manifest.get("units") == "tokens" else "edge"


def items_of(tables: RunTables) -> Items:
    """What is masked, each once in every layer, with the votes of all seeds."""
    if unit_of(tables) == "token":
        return token_items(masks_of(tables))
    return compile_items(tables.edges)


def states_of(table: pd.DataFrame) -> list[str]:
    """Names of the layers, from the input up."""
    named = table[["layer", "state"]].drop_duplicates().sort_values("layer")
    return [str(name) for name in named["state"]]


def top_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the top layer, for which the gates of all layers have voted."""
    return table[table["layer"] == table["layer"].max()] if len(table) else table


def shares(table: pd.DataFrame, by: str | Sequence[str], params: Params) -> pd.DataFrame:
    """Share of tokens kept per group, see :func:`linguagraph.aggregates.share_by`."""
    return share_by(table, by, resampling=params.resampling)


def draw_shares(
    table: pd.DataFrame, *, name: str, column: str, what: str, params: Params
) -> FigureBlock:
    """Bars of the shares of one column's values, small cells left out."""
    drawn = table[~table["small"]].head(params.max_labels)
    spoken = ", ".join(f"{r[column]} {percent(r['share'])}" for r in rows(drawn))
    figure = bars(drawn, y=column, x="share", low="low", high="high", xlabel="Tokens kept")
    caption = (
        f"Share of tokens kept in the top layer by {what}, with {params.level:.0%} intervals over "
        f"sentences; groups of fewer than {params.min_n} tokens are left out."
    )
    alt = f"Tokens kept by {what}: {spoken or 'all groups are small'}."
    return FigureBlock(name, caption, alt, to_svg(figure), to_pdf(figure), data=name)
