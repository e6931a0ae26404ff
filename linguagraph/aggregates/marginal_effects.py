"""A fitted model in, what each factor does to the retained share, all others equal, out.

The *adjusted share* of a level is the mean prediction if every edge of the model had that level and
were otherwise as it is (a predictive margin); the *effect* of a level is its adjusted share minus
that of the reference level, averaged over the same edges, and of a numeric factor the mean slope.
Their intervals are by the delta method, with Student's t of G - 1 degrees of freedom for G
clusters.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import t as student

from linguagraph.aggregates.contrasts import holm
from linguagraph.aggregates.logit import Fit
from linguagraph.aggregates.model_design import Design
from linguagraph.aggregates.retention_factors import Factor
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["REFERENCE", "marginal_effects"]

REFERENCE = "reference"

_NUMBERS = ("adjusted", "adjusted_low", "adjusted_high", "effect", "effect_low", "effect_high", "p")


def marginal_effects(design: Design, fit: Fit, *, level: float, known: bool) -> pd.DataFrame:
    """Adjusted shares and average marginal effects of all factors.

    Args:
        level: coverage of the intervals.
        known: whether there are enough clusters for intervals.

    Returns:
        The rows of ``design.raw`` with ``reference``, ``adjusted``, ``adjusted_low``,
        ``adjusted_high``, ``effect``, ``effect_low``, ``effect_high``, ``p``,
        ``p_holm`` (adjusted over all rows with an effect); NaN with the reason in ``reason``.
    """
    found = {}
    votes = design.by_pattern(design.rated)
    weights = votes / votes.sum() if votes.sum() else votes
    eta = design.matrix @ fit.coefficients
    spread = float(student.ppf(0.5 + level / 2, max(1, design.clusters - 1)))
    for factor in design.factors:
        if factor.values is not None:
            found.update(_slope(design, fit, factor, eta, weights))
        else:
            found.update(_margins(design, fit, factor, eta, weights))
    rows = []
    for factor_name, level_name, reason in zip(
        design.raw["factor"], design.raw["level"], design.raw["reason"], strict=True
    ):
        reference = design.references.get(factor_name, "")
        values = found.get((factor_name, level_name)) or found.get((factor_name, ""))
        row: dict[str, object] = {"reference": reference, **dict.fromkeys(_NUMBERS, np.nan)}
        if values is not None and not reason:
            row.update(_interval(design, fit, values, spread, known))
        is_reference = reference == level_name and not reason
        row["reason"] = REFERENCE if is_reference else reason
        rows.append(row)
    table = pd.concat(
        [design.raw.drop(columns="reason"), pd.DataFrame(rows, index=design.raw.index)], axis=1
    )
    reason = table.pop("reason")
    return table.assign(p_holm=holm(table["p"].to_numpy(dtype=float)), reason=reason)


_Value = tuple[float, FloatArray] | None
_Found = dict[tuple[str, str], tuple[_Value, _Value]]


def _columns(design: Design, factor: str) -> dict[str, int]:
    return {term.level: i for i, term in enumerate(design.terms) if term.factor == factor}


def _margins(
    design: Design, fit: Fit, factor: Factor, eta: FloatArray, weights: FloatArray
) -> _Found:
    """Adjusted share and effect, each with its gradient, of every level in the model."""
    columns = _columns(design, factor.name)
    own = list(columns.values())
    base = eta - design.matrix[:, own] @ fit.coefficients[own]
    without = design.matrix.copy()
    without[:, own] = 0
    reference = design.references[factor.name]
    margins = {}
    for name in (reference, *columns):
        column = columns.get(name)
        mean = expit(base + (0 if column is None else fit.coefficients[column]))
        slope = weights * mean * (1 - mean)
        gradient = slope @ without
        if column is not None:
            gradient[column] = slope.sum()
        margins[name] = (float(weights @ mean), gradient)
    share, gradient = margins[reference]
    found: _Found = {(factor.name, reference): (margins[reference], None)}
    for name in columns:
        effect = (margins[name][0] - share, margins[name][1] - gradient)
        found[factor.name, name] = (margins[name], effect)
    return found


def _slope(
    design: Design, fit: Fit, factor: Factor, eta: FloatArray, weights: FloatArray
) -> _Found:
    """The mean derivative of the prediction in a numeric factor."""
    column = _columns(design, factor.name).get("")
    if column is None:
        return {}
    mean = expit(eta)
    slope = weights * mean * (1 - mean)
    beta = fit.coefficients[column]
    gradient = beta * ((slope * (1 - 2 * mean)) @ design.matrix)
    gradient[column] += slope.sum()
    return {(factor.name, ""): (None, (float(beta * slope.sum()), gradient))}


def _interval(
    design: Design, fit: Fit, values: tuple[_Value, _Value], spread: float, known: bool
) -> dict[str, float]:
    share, effect = values
    row = {}
    if share is not None:
        error = _error(fit, share[1]) if known else np.nan
        row["adjusted"] = share[0]
        row["adjusted_low"] = max(0.0, share[0] - spread * error)
        row["adjusted_high"] = min(1.0, share[0] + spread * error)
        if not known:
            row["adjusted_low"] = row["adjusted_high"] = np.nan
    if effect is not None:
        error = _error(fit, effect[1]) if known else np.nan
        row["effect"] = effect[0]
        row["effect_low"] = effect[0] - spread * error
        row["effect_high"] = effect[0] + spread * error
        with np.errstate(invalid="ignore", divide="ignore"):
            z = abs(effect[0]) / np.float64(error)
        row["p"] = float(2 * student.sf(z, max(1, design.clusters - 1)))
    return row


def _error(fit: Fit, gradient: FloatArray) -> float:
    variance = float(gradient @ fit.covariance @ gradient)
    return float(np.sqrt(max(0.0, variance)))
