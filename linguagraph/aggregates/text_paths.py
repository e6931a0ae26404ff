"""Tables of gradient paths, one row per sentence and layer -> shares by part, starts, entropies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import Resampling, wilson
from linguagraph.errors import TableError

__all__ = ["mean_by", "part_shares", "share_by_group", "weight_shares"]

_LAYER_COLUMNS = ("sentence", "layer", "part")


def part_shares(paths: pd.DataFrame, parts: Sequence[str]) -> pd.DataFrame:
    """Share of top paths that lead through each part, by layer, with Wilson's intervals.

    Args:
        paths: one row per sentence and layer, columns ``sentence``, ``layer``, ``part``.
        parts: in the order wanted; parts without a path have share 0.

    Returns:
        ``layer``, ``part``, ``k``, ``n``, ``share``, ``low``, ``high``.

    Raises:
        TableError: a column is missing, or a part is none of ``parts``.
    """
    _need(paths, *_LAYER_COLUMNS)
    odd = sorted(set(paths["part"]) - set(parts))
    if odd:
        raise TableError(f"parts {odd} are none of {list(parts)}")
    rows = []
    for layer, group in paths.groupby("layer", sort=True):
        counts = group["part"].value_counts()
        rows += [(layer, part, int(counts.get(part, 0)), len(group)) for part in parts]
    return _with_intervals(pd.DataFrame(rows, columns=["layer", "part", "k", "n"]))


def weight_shares(
    paths: pd.DataFrame, parts: Sequence[str], *, resampling: Resampling
) -> pd.DataFrame:
    """Mean share of the total path weight through each part, by layer.

    Args:
        paths: one row per sentence and layer, with a column ``weight_PART`` for each part.
        resampling: of sentences, for the intervals.

    Returns:
        ``layer``, ``part``, ``n``, ``share``, ``low``, ``high``.
    """
    _need(paths, "layer", *(f"weight_{part}" for part in parts))
    frames = []
    for part in parts:
        means = mean_by(paths, "layer", f"weight_{part}", resampling=resampling)
        frames.append(means.rename(columns={"mean": "share"}).assign(part=part))
    joined = pd.concat(frames, ignore_index=True)
    order = {part: place for place, part in enumerate(parts)}
    joined = joined.sort_values(["layer", "part"], key=lambda c: c.map(order).fillna(c))
    return joined[["layer", "part", "n", "share", "low", "high"]].reset_index(drop=True)


def share_by_group(table: pd.DataFrame, group: str, flag: str) -> pd.DataFrame:
    """Share of rows whose flag is set, by group and over all, with Wilson's intervals.

    Returns:
        ``group`` (text; the last row is "all"), ``k``, ``n``, ``share``, ``low``, ``high``.
    """
    _need(table, group, flag)
    rows = [
        (str(value), int(part[flag].sum()), len(part))
        for value, part in table.groupby(group, sort=True)
    ]
    rows.append(("all", int(table[flag].sum()), len(table)))
    return _with_intervals(pd.DataFrame(rows, columns=[group, "k", "n"]))


def mean_by(table: pd.DataFrame, group: str, value: str, *, resampling: Resampling) -> pd.DataFrame:
    """Mean of a column by group with percentile intervals over resampled rows.

    Missing values are left out; fewer than two values have no interval.

    Returns:
        ``group``, ``n``, ``mean``, ``low``, ``high``.
    """
    _need(table, group, value)
    tail = (1 - resampling.level) / 2
    rows = []
    for name, part in table.groupby(group, sort=False):
        values = part[value].dropna().to_numpy(float)
        low = high = float("nan")
        if len(values) > 1:
            random = np.random.default_rng(resampling.seed)
            drawn = random.integers(len(values), size=(resampling.resamples, len(values)))
            low, high = np.quantile(values[drawn].mean(axis=1), [tail, 1 - tail])
        mean = float(values.mean()) if len(values) else float("nan")
        rows.append((name, len(values), mean, float(low), float(high)))
    return pd.DataFrame(rows, columns=[group, "n", "mean", "low", "high"])


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    low, high = wilson(table["k"], table["n"])
    share = table["k"] / table["n"].where(table["n"] > 0)
    return table.assign(share=share, low=low, high=high)


def _need(table: pd.DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise TableError(f"the table lacks the columns {missing}; it has {list(table.columns)}")
