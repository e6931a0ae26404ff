"""Items in, agreement of the seeds about them out: Fleiss' kappa and its companions.

Orientation: an item (one edge in one layer of one example) is a *subject*, a seed is a *rater*, and
the two categories are retained and superfluous. ``fleiss_kappa`` of statsmodels takes a table with
subjects in rows and categories in columns whose rows each add up to the number of raters; it is
never given seeds in columns.

With m raters, N items, k_i raters who say "retained", A = sum k_i and B = sum k_i^2, all
coefficients depend on N, A and B alone:

* prevalence p = A / (N m);
* raw agreement P = share of agreeing pairs of raters, averaged over items
  = (2 B - 2 m A + N m (m - 1)) / (N m (m - 1));
* Fleiss' kappa (1971) = (P - Pe) / (1 - Pe), Pe = p^2 + (1 - p)^2; undefined when one category is
  never used;
* Gwet's AC1 (2008): the same with Pe = 2 p (1 - p); stays defined and does not fall when one
  category is rare;
* Krippendorff's alpha, nominal: 1 - (1 - P) / De, De = 2 A (N m - A) / (N m (N m - 1)).

The bootstrap therefore resamples the per-sentence sums of N, A and B.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from linguagraph.aggregates.items import IntArray, Items
from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    percentile_interval,
)
from linguagraph.errors import ConfigError

__all__ = ["GROUPS", "MEASURES", "agreement", "coefficients"]

GROUPS = ("layer", "label", "direction", "predicate_type")
"""What agreement can be split by."""

MEASURES = ("fleiss_kappa", "raw_agreement", "prevalence", "gwet_ac1", "krippendorff_alpha")


def agreement(items: Items, *, by: Sequence[str] = (), resampling: Resampling) -> pd.DataFrame:
    """Agreement of the probe seeds, over all items or split by columns.

    The seeds are those of probes of one explained model: the coefficients say how far the *probes*
    agree, not how far models trained with other seeds would.

    Args:
        by: any of :data:`GROUPS`; one row over all items by default.

    Returns:
        The columns of ``by`` (strings), ``n`` (items rated by every seed), ``incomplete`` (items
        left out because some seed did not rate them), ``seeds``; each of :data:`MEASURES` with
        ``_low`` and ``_high`` (percentile interval over resampled sentences; resamples in which a
        coefficient is undefined are left out); ``small``; and ``reason``: why kappa is NaN, or "".
        Combinations that do not occur are left out.

    Raises:
        ConfigError: ``by`` names something else.
    """
    index = _index(items, by)
    raters, size = len(items.seeds), len(index)

    def count(part: Items) -> tuple[FloatArray, FloatArray]:
        cells, complete = _cells(part, by), _complete(part)
        k = np.where(complete, part.retained, 0)
        values = (complete.astype(float), k, k * k)
        left_out = part.tally(cells, size, ~complete)
        return np.stack([part.tally(cells, size, v) for v in values], axis=-1), left_out

    sums, incomplete = items.count(count).resample(resampling=resampling)
    values = _coefficients(sums.total, raters)
    samples = _coefficients(sums.samples, raters)
    table = index.assign(
        n=sums.total[:, 0].astype(np.int64),
        incomplete=incomplete.total.astype(np.int64),
        seeds=raters,
    )
    for name in MEASURES:
        table[name] = values[name]
        low, high = percentile_interval(samples[name], level=resampling.level)
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    if raters > 1 and items.size == len(items.rows):  # items on disk: from N, A and B
        complete = _complete(items)
        kept = (_cells(items, by)[complete], items.retained[complete])
        table["fleiss_kappa"] = _fleiss(*kept, raters, size)
    undefined = table["fleiss_kappa"].isna()
    table.loc[undefined, ["fleiss_kappa_low", "fleiss_kappa_high"]] = np.nan
    table["small"] = table["n"] < resampling.min_n
    table["reason"] = [
        _reason(raters, n, p) for n, p in zip(table["n"], table["prevalence"], strict=True)
    ]
    if by:
        table = table[table["n"] + table["incomplete"] > 0]
    return table.reset_index(drop=True)


def coefficients(
    items: FloatArray, votes: FloatArray, squares: FloatArray, raters: int
) -> dict[str, FloatArray]:
    """All coefficients from N, A and B (see the module), elementwise; NaN where undefined."""
    ratings = items * raters
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(items > 0, votes / ratings, np.nan)
        if raters < 2:
            nothing = np.full(np.shape(p), np.nan)
            return {**dict.fromkeys(MEASURES, nothing), "prevalence": p}
        pairs = ratings * (raters - 1)
        raw = (2 * squares - 2 * raters * votes + pairs) / pairs
        chance = p**2 + (1 - p) ** 2
        one_sided = (votes <= 0) | (votes >= ratings)
        kappa = np.where(one_sided, np.nan, (raw - chance) / (1 - chance))
        ac1 = (raw - 2 * p * (1 - p)) / (1 - 2 * p * (1 - p))
        expected = 2 * votes * (ratings - votes) / (ratings * (ratings - 1))
        alpha = np.where(one_sided, np.nan, 1 - (1 - raw) / expected)
    return dict(zip(MEASURES, (kappa, raw, p, ac1, alpha), strict=True))


def _coefficients(sums: FloatArray, raters: int) -> dict[str, FloatArray]:
    return coefficients(sums[..., 0], sums[..., 1], sums[..., 2], raters)


def _fleiss(cells: IntArray, k: IntArray, raters: int, size: int) -> FloatArray:
    """Kappa of each cell from statsmodels; NaN where a category is never used."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    order = np.argsort(cells, kind="stable")
    table = np.column_stack([k, raters - k])[order]  # rows: items; columns: retained, superfluous
    ends = np.cumsum(np.bincount(cells, minlength=size))
    kappa = np.full(size, np.nan)
    for cell, (start, stop) in enumerate(zip(np.r_[0, ends[:-1]], ends, strict=True)):
        part = table[start:stop]
        if len(part) and part.any(axis=0).all():
            kappa[cell] = fleiss_kappa(part, method="fleiss")
    return kappa


def _reason(raters: int, n: int, prevalence: float) -> str:
    if raters < 2:
        return "fewer than two seeds"
    if not n:
        return "no edge was rated by every seed"
    if prevalence <= 0:
        return "every seed calls every edge superfluous"
    if prevalence >= 1:
        return "every seed retains every edge"
    return ""


def _complete(items: Items) -> NDArray[np.bool_]:
    """Which items every seed rates; none without seeds."""
    raters = len(items.seeds)
    return items.rated == raters if raters else np.zeros(len(items.rows), dtype=bool)


def _levels(items: Items, name: str) -> list[str]:
    if name not in GROUPS:
        raise ConfigError(f"agreement cannot be split by {name!r}; known: {', '.join(GROUPS)}")
    return [str(layer) for layer in items.layers] if name == "layer" else items.names(name)


def _cells(items: Items, by: Sequence[str]) -> IntArray:
    """Cell [items] among the combinations of the columns of ``by``."""
    cells = np.zeros(len(items.rows), dtype=np.intp)
    for name in by:
        codes = items.layer if name == "layer" else items.codes(name)[0]
        cells = cells * len(_levels(items, name)) + codes
    return cells


def _index(items: Items, by: Sequence[str]) -> pd.DataFrame:
    """The combinations, one row each."""
    if not by:
        return pd.DataFrame(index=range(1))
    levels = [_levels(items, name) for name in by]
    return pd.MultiIndex.from_product(levels, names=list(by)).to_frame(index=False)
