"""A fitted model in, how well its predictions fit the observed shares out: a check in ten groups.

Votes are ordered by predicted share and cut into ten groups of about equal size. The test adds the
differences between observed and expected votes of each group up by cluster, so that edges of one
sentence are not taken for independent (a cluster-robust counterpart of Hosmer & Lemeshow 1980, in
the form of a score test for ten further constants); the estimation of the coefficients is allowed
for. The area under the curve (AUC) is that of the votes the model was fitted on: how often a
retained vote has a higher prediction than one that is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import chi2
from scipy.stats import t as student

from linguagraph.aggregates.items import IntArray, sums_by
from linguagraph.aggregates.logit import Fit
from linguagraph.aggregates.model_design import Design
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["Calibration", "calibrate"]

GROUPS = 10


@dataclass(frozen=True)
class Calibration:
    """How well a model fits.

    Attributes:
        table: one row per group: ``group``, ``n`` (items), ``predicted`` and ``observed`` share,
            ``difference`` with ``low`` and ``high``.
        auc: area under the curve, NaN where all votes agree.
        statistic, df, p: of the test; NaN where it has no meaning.
    """

    table: pd.DataFrame
    auc: float
    statistic: float
    df: int
    p: float


def calibrate(design: Design, fit: Fit, *, level: float, known: bool) -> Calibration:
    """Compare predicted and observed shares; ``known``: whether clusters suffice for intervals."""
    mean = expit(design.matrix @ fit.coefficients)
    votes, hits = design.by_pattern(design.rated), design.by_pattern(design.retained)
    group = _groups(mean, votes)
    size = int(group.max(initial=-1)) + 1
    n = sums_by(group, votes, size)
    expected = sums_by(group, votes * mean, size)
    observed = sums_by(group, hits, size)
    apart = np.zeros((design.clusters, size))
    for part in design.parts():
        residual = part.retained - part.rated * mean[part.pattern]
        cell = part.cluster * size + group[part.pattern]
        apart[part.clusters] = sums_by(cell, residual, part.size * size).reshape(-1, size)
    slopes = np.zeros((size, design.matrix.shape[1]))
    np.add.at(slopes, group, design.matrix * (votes * mean * (1 - mean))[:, None])
    apart = apart - fit.influence @ slopes.T  # what the estimation takes out of each group
    covariance = apart.T @ apart * design.clusters / max(1, design.clusters - 1)
    spread = float(student.ppf(0.5 + level / 2, max(1, design.clusters - 1)))
    error = np.sqrt(np.maximum(0, np.diag(covariance))) / n if known else np.full(size, np.nan)
    difference = (observed - expected) / n
    table = pd.DataFrame(
        {
            "group": np.arange(1, size + 1),
            "n": np.rint(n * design.per_vote).astype(np.int64),
            "predicted": expected / n,
            "observed": observed / n,
            "difference": difference,
            "low": difference - spread * error,
            "high": difference + spread * error,
        }
    )
    statistic, df = _wald(observed - expected, covariance) if known else (np.nan, 0)
    p = float(chi2.sf(statistic, df)) if df else np.nan
    return Calibration(table, _auc(mean, votes, hits), statistic, df, p)


def _groups(mean: FloatArray, votes: FloatArray) -> IntArray:
    """Group of each pattern, from 0 without gaps; equal predictions share one."""
    values, place = np.unique(np.round(mean, 12), return_inverse=True)
    weight = sums_by(place, votes, len(values))
    middle = (np.cumsum(weight) - weight / 2) / max(1.0, weight.sum())
    group = np.minimum((middle * GROUPS).astype(np.intp), GROUPS - 1)
    return np.asarray(np.unique(group, return_inverse=True)[1][place], dtype=np.intp)


def _wald(apart: FloatArray, covariance: FloatArray) -> tuple[float, int]:
    """Quadratic form in the directions that vary, and their number."""
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    used = values > 1e-6
    along = vectors[:, used].T @ (apart / scale)
    return float((along**2 / values[used]).sum()), int(used.sum())


def _auc(mean: FloatArray, votes: FloatArray, hits: FloatArray) -> float:
    values, place = np.unique(mean, return_inverse=True)
    yes = sums_by(place, hits, len(values))
    no = sums_by(place, votes - hits, len(values))
    if not yes.sum() or not no.sum():
        return float("nan")
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / (yes.sum() * no.sum()))
