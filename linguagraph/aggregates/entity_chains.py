"""Masks and random edges against gold reasoning in, precision, recall and paths out.

Where people have marked which two supports an answer rests on, a *gold edge* has both ends in
them. A mask retains some of them; as many random edges retain others, and the mask says something
about the reasoning only where it does better.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import dense_codes
from linguagraph.aggregates.prf import interval
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
    resample,
)

__all__ = ["CHAIN_MEASURES", "CONTROLS", "chains_by_control", "entity_chains"]

CONTROLS = ("method", "random", "random_labels")
"""What chooses the edges (see :data:`linguagraph.columns.CHAINS`), in the order of the report."""

CHAIN_MEASURES: Mapping[str, tuple[str, str]] = {
    "retained": ("retained", "edges"),
    "precision": ("gold_retained", "retained"),
    "recall": ("gold_retained", "gold_edges"),
    "macro_precision": ("item_precision", "has_retained"),
    "macro_recall": ("item_recall", "runs"),
    "supports": ("supports", "runs"),
    "path": ("path", "runs"),
    "gold_path": ("gold_path", "runs"),
    "bridge_path": ("bridge_path", "has_bridge"),
}
"""Each measure and the two sums whose ratio it is."""


def entity_chains(
    chains: pd.DataFrame, items: pd.DataFrame | None = None, *, resampling: Resampling
) -> pd.DataFrame:
    """How much of the gold reasoning each method and control keeps.

    Args:
        chains: :data:`linguagraph.columns.CHAINS`; items without gold edges are left out.
        items: :data:`linguagraph.columns.ITEMS`; ``bridge_path`` is then about items whose gold
            bridge is known, else about all.

    Returns:
        A row per ``method``, ``control`` and ``measure``: ``n`` items, ``runs`` (seeds times
        draws), ``value`` with ``low``, ``high`` (over items), and in rows of controls
        ``difference`` of the method from the control with ``_low``, ``_high`` (paired). Measures:

        * ``retained``: retained edges of all edges;
        * ``precision``: gold edges among the retained ones, ``recall``: retained ones among the
          gold edges, edges of all items counted together (micro-averages);
        * ``macro_precision``, ``macro_recall``: means over items (and runs) of the same;
        * ``supports``: gold supports that a retained edge touches, 0 to 2, mean;
        * ``path``, ``gold_path``, ``bridge_path``: shares of items with such a path.

        Sums run over items, seeds and draws; without any in the denominator a value is NaN.
    """
    rows = []
    gold = chains[chains["gold_edges"] > 0]
    names = gold["method"].astype(str)
    for method in dict.fromkeys(names):
        rows += _method(gold[names == method], items, method, resampling)
    columns = ["method", "control", "measure", "n", "runs", "value", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, *_DIFFERENCE])


def chains_by_control(table: pd.DataFrame) -> pd.DataFrame:
    """The result of :func:`entity_chains`, measures side by side, without the macro-averages.

    Returns:
        A row per ``method`` and ``control``: ``n`` items and each measure with ``_low``, ``_high``.
    """
    names = [name for name in CHAIN_MEASURES if not name.startswith("macro")]
    rows = []
    for (method, control), part in table.groupby(["method", "control"], sort=False):
        row = {"method": method, "control": control, "n": int(part["n"].max())}
        values = part.set_index("measure")
        for name in names:
            for end, column in (("", "value"), ("_low", "low"), ("_high", "high")):
                row[f"{name}{end}"] = values.at[name, column]
        rows.append(row)
    measures = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["method", "control", "n", *measures])


_DIFFERENCE = ("difference", "difference_low", "difference_high")


def _method(
    part: pd.DataFrame, items: pd.DataFrame | None, method: str, resampling: Resampling
) -> list[dict[str, object]]:
    example, examples = dense_codes(part["example"].to_numpy())
    control = part["control"].astype(str).to_numpy()
    present = [name for name in CONTROLS if (control == name).any()]
    facts = _facts(part, items)
    pairs = list(CHAIN_MEASURES.values())
    tallies = np.zeros((2, len(examples), len(present), len(pairs)))
    for place, name in enumerate(present):
        here = control == name
        runs = np.bincount(example[here], minlength=len(examples))
        for column, pair in enumerate(pairs):
            for side, field in enumerate(pair):
                sums = np.bincount(example[here], facts[field][here], len(examples))
                tallies[side, :, place, column] = sums / np.maximum(1, runs)
    above, below = resample(tallies[0], tallies[1], resampling=resampling)
    value, samples = _ratio(above.total, below.total), _ratio(above.samples, below.samples)
    low, high = _intervals(value, samples, below.sentences, resampling)
    result: list[dict[str, object]] = []
    for place, name in enumerate(present):
        change = np.full((3, len(pairs)), np.nan)
        if name != "method" and "method" in present:
            own = present.index("method")
            drawn = samples[:, own] - samples[:, place]
            ends = percentile_interval(drawn, level=resampling.level)
            change = np.stack([value[own] - value[place], *ends])
        draws = part.loc[control == name, ["seed", "draw"]].drop_duplicates()
        result += [
            {
                "method": method,
                "control": name,
                "measure": measure,
                "n": int(below.sentences[place, column]),
                "runs": len(draws),
                "value": value[place, column],
                "low": low[place, column],
                "high": high[place, column],
                **dict(zip(_DIFFERENCE, change[:, column], strict=True)),
            }
            for column, measure in enumerate(CHAIN_MEASURES)
        ]
    return result


def _facts(part: pd.DataFrame, items: pd.DataFrame | None) -> dict[str, FloatArray]:
    """Every sum's part of each row, float64 [rows]."""
    names = {field for pair in CHAIN_MEASURES.values() for field in pair} & set(part.columns)
    facts = {name: part[name].to_numpy(dtype=np.float64) for name in names}
    kept, gold = facts["retained"], facts["gold_retained"]
    facts["runs"] = np.ones(len(part))
    facts["has_retained"] = (kept > 0).astype(np.float64)
    facts["item_precision"] = gold / np.maximum(1, kept)
    facts["item_recall"] = gold / facts["gold_edges"]
    facts["has_bridge"] = facts["runs"]
    if items is not None:
        known = items.loc[items["bridge"].fillna("") != "", "example"]
        facts["has_bridge"] = part["example"].isin(known).to_numpy(dtype=np.float64)
        facts["bridge_path"] = facts["bridge_path"] * facts["has_bridge"]
    return facts


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(below > 0, above / below, np.nan))


def _intervals(
    value: FloatArray, samples: FloatArray, items: np.ndarray, resampling: Resampling
) -> tuple[FloatArray, FloatArray]:
    """Intervals of shares, Wilson's at 0 and 1; of the number of supports always by percentiles."""
    place = list(CHAIN_MEASURES).index("supports")
    share = value.copy()
    share[..., place] = np.nan  # no share
    low, high = interval(share, samples, items, resampling=resampling)
    ends = percentile_interval(samples[..., place], level=resampling.level)
    low[..., place], high[..., place] = ends
    return low, high
