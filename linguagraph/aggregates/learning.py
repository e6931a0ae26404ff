"""The record of the training of probes in, retained share per label and epoch out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from linguagraph.errors import ConfigError

__all__ = ["GROUPS", "learning_curves"]

GROUPS = ("layer", "label", "direction")
"""What the curves can be split by."""


def learning_curves(learning: pd.DataFrame, *, by: Sequence[str] = ()) -> pd.DataFrame:
    """Retained share at each check of the training, mean over seeds.

    The record holds sums over the development examples and not their sentences, so there are no
    intervals; ``lowest`` and ``highest`` are the smallest and the largest share of a seed.

    Args:
        learning: :data:`linguagraph.columns.LEARNING`.
        by: any of :data:`GROUPS`; without ``layer``, all layers that have gates at the check.

    Returns:
        The columns of ``by`` (strings), ``check``, ``epoch``, ``layers`` (that have gates), ``n``
        (edges of one seed), ``k`` (retained, mean over seeds), ``share``, ``lowest``, ``highest``,
        ``seeds`` and ``share_of_retained`` (what the row makes up of all that is retained in its
        layers at the check); ordered by check.

    Raises:
        ConfigError: ``by`` names something else.
    """
    unknown = [name for name in by if name not in GROUPS]
    if unknown:
        raise ConfigError(f"learning cannot be split by {unknown}; known: {', '.join(GROUPS)}")
    keys = [*by, "check", "epoch"]
    table = learning.astype(dict.fromkeys(by, "str"))
    if "layer" not in by:
        table = table.assign(layer=table["layer"].astype(int))
    per_seed = table.groupby([*keys, "seed"], observed=True, sort=False, as_index=False)
    sums = per_seed.agg(
        edges=("edges", "sum"), retained=("retained", "sum"), layers=("layer", "nunique")
    )
    sums["share"] = sums["retained"] / sums["edges"].where(sums["edges"] > 0)
    within = ["check", "seed", *(["layer"] if "layer" in by else [])]
    whole = sums.groupby(within)["retained"].transform("sum")
    sums["of"] = sums["retained"] / whole.where(whole > 0)
    grouped = sums.groupby(keys, observed=True, sort=False, as_index=False).agg(
        layers=("layers", "max"),
        n=("edges", "mean"),
        k=("retained", "mean"),
        share=("share", "mean"),
        lowest=("share", "min"),
        highest=("share", "max"),
        seeds=("seed", "nunique"),
        share_of_retained=("of", "mean"),
    )
    grouped["n"] = np.rint(grouped["n"].to_numpy(dtype=float)).astype(np.int64)
    return grouped.sort_values([*by, "check"], kind="stable", ignore_index=True)
