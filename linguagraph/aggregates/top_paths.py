"""The table of best gradient paths in, what they have in common out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from linguagraph.aggregates.groups import share_by
from linguagraph.aggregates.statistics import Resampling

__all__ = ["STARTS", "path_labels", "path_moves", "path_roles", "path_starts", "whole_paths"]

ANSWER = ("example", "token", "rank", "seed")

STARTS = ("the answer's token", "the predicate", "another token")
"""Where a path may start; the first that fits is taken."""


def whole_paths(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per path instead of one per step, with ``length``: steps that follow an edge.

    Args:
        steps: :data:`linguagraph.columns.TOP_PATHS`.
    """
    moved = steps.assign(length=(steps["label"].astype(str) != "").astype(int))
    length = moved.groupby(list(ANSWER), observed=True, sort=False)["length"].sum()
    once = steps.drop_duplicates(list(ANSWER))
    return once.merge(length.reset_index(), on=list(ANSWER), how="left").reset_index(drop=True)


def path_roles(paths: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Mean share of the best path in all path weight, per role of the answer ("" for none).

    Args:
        paths: from :func:`whole_paths`.

    Returns:
        ``role`` and the columns of :func:`linguagraph.aggregates.share_by`; n in paths.
    """
    return share_by(paths, "role", resampling=resampling, value="share")


def path_starts(paths: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Share of the paths that start at each of :data:`STARTS`; column ``start``."""
    own = paths["start"] == paths["token"]
    predicate = ~own & (paths["start"] == paths["predicate_index"])
    flags = dict(zip(STARTS, (own, predicate, ~own & ~predicate), strict=True))
    parts = [_shares(paths, flag, {"start": name}, resampling) for name, flag in flags.items()]
    return pd.concat(parts, ignore_index=True)


def path_moves(steps: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Share of the paths that follow an edge in each layer; column ``layer``, the top one first."""
    moves = steps["label"].astype(str) != ""
    table = share_by(steps.assign(moves=moves), "layer", resampling=resampling, value="moves")
    return table.sort_values("layer", ascending=False, ignore_index=True)


def path_labels(steps: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """Share of the paths that lead along each label and direction in each layer.

    Returns:
        ``layer``, ``label``, ``direction`` and the columns of ``ratio_table``, with n in paths;
        most frequent first; steps that stay at their token have an empty label.
    """
    keys = ["layer", "label", "direction"]
    parts = []
    for _, own in steps.groupby("layer"):
        for label, direction in own[keys[1:]].drop_duplicates().itertuples(index=False):
            flag = (own["label"] == label) & (own["direction"] == direction)
            number = int(own["layer"].iloc[0])
            named: dict[str, str | int] = {
                "layer": number,
                "label": str(label),
                "direction": str(direction),
            }
            parts.append(_shares(own, flag, named, resampling))
    if not parts:
        return pd.DataFrame(columns=keys)
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["layer", "share"], ascending=[False, False], ignore_index=True)


def _shares(
    rows: pd.DataFrame, flag: pd.Series, named: Mapping[str, str | int], resampling: Resampling
) -> pd.DataFrame:
    """The share of rows with a flag, as one row with names before it."""
    found = share_by(rows.assign(hit=flag, all="all"), "all", resampling=resampling, value="hit")
    lead = pd.DataFrame([dict(named)])
    return pd.concat([lead, found.drop(columns="all")], axis=1)
