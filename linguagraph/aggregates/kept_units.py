"""Tables of kept and dropped units, one row per unit and layer -> shares kept, by group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import Resampling, ratio_table, resample
from linguagraph.errors import TableError

__all__ = ["kept_shares"]


def kept_shares(units: pd.DataFrame, by: list[str], *, resampling: Resampling) -> pd.DataFrame:
    """Share of units that are kept, by group, with intervals over resampled sentences.

    Args:
        units: one row per unit and layer; columns ``sentence``, ``kept`` and those of ``by``.
        by: columns of the groups.
        resampling: of sentences.

    Returns:
        The columns of ``by``, then those of
        :func:`linguagraph.aggregates.statistics.ratio_table`; groups in the order in which they
        first occur.

    Raises:
        TableError: a column is missing.
    """
    missing = [name for name in ("sentence", "kept", *by) if name not in units.columns]
    if missing:
        raise TableError(f"the table lacks the columns {missing}; it has {list(units.columns)}")
    groups = units[by].drop_duplicates().reset_index(drop=True)
    cell = units[by].merge(groups.reset_index(names="cell"), on=by, how="left")["cell"].to_numpy()
    sentence, known = pd.factorize(units["sentence"])
    total = np.zeros((len(known), len(groups)))
    np.add.at(total, (sentence, cell), 1)
    kept = np.zeros_like(total)
    np.add.at(kept, (sentence, cell), units["kept"].to_numpy(float))
    k, n = resample(kept, total, resampling=resampling)
    return pd.concat([groups, ratio_table(k, n, resampling=resampling)], axis=1)
