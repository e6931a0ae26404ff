"""Attributions in, how methods spread them over layers and levels out (Table 7, Figure 9)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.items import dense_codes
from linguagraph.aggregates.statistics import Resampling, ratio_table, resample

__all__ = ["attribution_layers", "attribution_levels"]


def attribution_layers(attributions: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """What share of an item's total score each method gives to each layer.

    Args:
        attributions: :data:`linguagraph.columns.ATTRIBUTIONS`.

    Returns:
        A row per ``method`` and ``layer``: ``n`` items (mean over seeds), ``without`` (items left
        out because all their scores are 0, mean over seeds), ``seeds``, ``share`` (mean over items
        and seeds of the layer's share), ``low``, ``high`` (over items).
    """
    keys = ["method", "seed", "example", "layer"]
    totals = attributions.drop_duplicates(keys)[[*keys, "total"]]
    frames = []
    for method, part in _methods(totals):
        grid = _grid(part, ["example", "seed", "layer"], ["total"])[..., 0]
        whole = np.nansum(grid, axis=-1, keepdims=True)
        known = whole > 0
        shares = np.where(known, np.nan_to_num(grid) / np.where(known, whole, 1), 0.0)
        present = ~np.isnan(grid).all(axis=-1)
        table = _shares(shares.sum(axis=1), known.sum(axis=1), known.shape[1], resampling)
        table["without"] = (present & ~known[..., 0]).sum() / max(1, known.shape[1])
        frames.append(_named(table, method, part))
    columns = ["method", "layer", "n", "without", "seeds", "share", "low", "high"]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def attribution_levels(attributions: pd.DataFrame, *, resampling: Resampling) -> pd.DataFrame:
    """What share of an item's edges scores above each level, by layer.

    Returns:
        A row per ``method``, ``layer`` and ``level``: ``n`` items (with edges; mean over seeds),
        ``seeds``, ``share`` (mean over items and seeds), ``low``, ``high`` (over items).
    """
    frames = []
    for method, part in _methods(attributions):
        levels, code = np.unique(
            part["level"].to_numpy(dtype=np.float64).round(6), return_inverse=True
        )
        part = part.assign(place=code)
        grid = _grid(part, ["example", "seed", "layer", "place"], ["above", "edges"])
        known = np.nan_to_num(grid[..., 1]) > 0
        shares = np.where(known, grid[..., 0] / np.where(known, grid[..., 1], 1), 0.0)
        table = _shares(shares.sum(axis=1), known.sum(axis=1), known.shape[1], resampling)
        layers = np.unique(part["layer"])
        table.insert(0, "method", method)
        table.insert(1, "layer", np.repeat(layers, len(levels)))
        table.insert(2, "level", np.tile(levels, len(layers)))
        frames.append(table.assign(seeds=part["seed"].nunique()))
    columns = ["method", "layer", "level", "n", "seeds", "share", "low", "high"]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def _methods(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each method, in the order of first appearance."""
    names = table["method"].astype(str)
    return [(name, table[names == name]) for name in dict.fromkeys(names)]


def _grid(table: pd.DataFrame, keys: list[str], values: list[str]) -> np.ndarray:
    """Values by the codes of the keys, [*keys, values]; NaN where there is no row."""
    coded = [dense_codes(table[key].to_numpy()) for key in keys]
    grid = np.full((*(len(names) for _, names in coded), len(values)), np.nan)
    grid[tuple(codes for codes, _ in coded)] = table[values].to_numpy(dtype=np.float64)
    return grid


def _shares(
    above: np.ndarray, below: np.ndarray, seeds: int, resampling: Resampling
) -> pd.DataFrame:
    hits, cases = resample(above.astype(float), below.astype(float), resampling=resampling)
    return ratio_table(hits, cases, resampling=resampling, ratings=max(1, seeds))


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]


def _named(table: pd.DataFrame, method: str, part: pd.DataFrame) -> pd.DataFrame:
    table.insert(0, "method", method)
    table.insert(1, "layer", np.unique(part["layer"]))
    return table.assign(seeds=part["seed"].nunique())
