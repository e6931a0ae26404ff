"""Any table with a yes-or-no column in, its share per group out: for questions of your own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from linguagraph.aggregates.contrasts import contrast_table
from linguagraph.aggregates.items import dense_codes, require_one
from linguagraph.aggregates.statistics import FloatArray, Resampling, ratio_table, resample
from linguagraph.errors import TableError

__all__ = ["share_by", "share_contrast"]


def share_by(
    table: pd.DataFrame,
    by: str | Sequence[str],
    *,
    resampling: Resampling,
    value: str = "retained",
) -> pd.DataFrame:
    """Share of rows for which ``value`` is true, per group, mean over seeds.

    Args:
        table: rows of an edge table, perhaps only some of them and with columns of your own; one
            model and one method.
        by: column or columns that make the groups; rows where one is missing are left out.
        resampling: how the intervals resample sentences.
        value: a column of booleans, or of numbers in [0, 1].

    Returns:
        One row per group, in ascending order: the columns ``by`` and those of
        :func:`linguagraph.aggregates.statistics.ratio_table`, with n in rows of one seed.

    Raises:
        TableError: a column is missing, or ``value`` holds something else.

    Example:
        >>> edges = pd.DataFrame({
        ...     "model": "m", "method": "graphmask", "seed": 0, "sentence": [0, 0, 1, 1],
        ...     "label": ["nsubj", "obj", "nsubj", "obj"], "retained": [True, False, True, True],
        ... })
        >>> share_by(edges, "label", resampling=Resampling())[["label", "n", "share"]]
           label  n  share
        0  nsubj  2    1.0
        1    obj  2    0.5
    """
    names = [by] if isinstance(by, str) else list(by)
    hits, totals, index = _counts(table, names, value)
    kept, there = resample(hits, totals, resampling=resampling)
    shares = ratio_table(kept, there, resampling=resampling, ratings=_seeds(table))
    return pd.concat([index, shares], axis=1)


def share_contrast(
    table: pd.DataFrame,
    by: str,
    first: object,
    second: object,
    *,
    resampling: Resampling,
    value: str = "retained",
) -> pd.DataFrame:
    """Difference between the shares of two groups, in which sentences stay paired.

    Args:
        table, resampling, value: as for :func:`share_by`.
        by: column that makes the groups.
        first, second: two of its values.

    Returns:
        One row: ``first``, ``second`` and the columns of
        :func:`linguagraph.aggregates.contrasts.contrast_table`; none if a group has no rows.

    Raises:
        TableError: as for :func:`share_by`.
    """
    hits, totals, index = _counts(table, [by], value)
    known = list(index[by])
    there = first in known and second in known
    names = pd.DataFrame({"first": [first], "second": [second]}, dtype=object)
    a, b = ([known.index(first)], [known.index(second)]) if there else ([], [])
    return contrast_table(
        names if there else names.iloc[:0],
        *(hits[:, a], totals[:, a], hits[:, b], totals[:, b]),
        resampling=resampling,
        ratings=_seeds(table),
    )


def _seeds(table: pd.DataFrame) -> int:
    return max(1, table["seed"].nunique())


def _counts(
    table: pd.DataFrame, by: list[str], value: str
) -> tuple[FloatArray, FloatArray, pd.DataFrame]:
    """Hits and rows, each [sentences, groups], and the groups."""
    missing = [n for n in ("sentence", "seed", value, *by) if n not in table.columns]
    if missing or not by:
        raise TableError(f"no columns {missing or by} to group by; there are {list(table.columns)}")
    require_one(table, "model", "method")
    numbers = table[value].to_numpy(dtype=np.float64, na_value=np.nan)
    if not ((numbers >= 0) & (numbers <= 1)).all():
        raise TableError(f"column {value!r}: expected true and false, or numbers from 0 to 1")
    number = table.groupby(by, observed=True).ngroup()  # missing where a value is missing
    group = number.fillna(-1).to_numpy().astype(np.intp)
    sentence, sentences = dense_codes(table["sentence"].to_numpy())
    kept = group >= 0
    index = table.loc[kept, by].assign(_group=group[kept]).drop_duplicates("_group")
    index = index.sort_values("_group").drop(columns="_group").reset_index(drop=True)
    shape = (len(sentences), len(index))
    cell = (sentence * len(index) + group)[kept]
    hits, totals = (
        np.bincount(cell, weights=w, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
        for w in (numbers[kept], np.ones(int(kept.sum())))
    )
    return hits, totals, index
