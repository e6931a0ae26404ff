"""Items in, a model of what decides whether an edge is retained out: effects with intervals.

Raw shares mix factors: labels differ in how far they reach, in how often they lie on the path to an
argument, and so on. The model is binomial,

    logit P(retained) = constant + label + direction + predicate type + distance + position + layer,

with the factors of :mod:`linguagraph.aggregates.retention_factors`. Seeds rate the same edges: each
vote is one case, and what makes the votes on an edge and the edges of a sentence depend on each
other is left to the *clusters* (sentences or documents): coefficients are those of a GEE with
exchangeable correlation within clusters, or of a logit, and in both the covariance is a sandwich
that adds up whole clusters. More seeds make no more clusters, and so do not narrow an interval
beyond what sentences allow. The seeds are taken as they are; the spread over other seeds is not
part of the intervals.

The two estimators ask slightly different questions. The logit counts every vote alike, so that
predictions average to the observed share of all edges. The GEE gives an edge of a long sentence
less weight, the more the votes of a sentence agree; where long sentences have another retained
share than short ones, as they often do, its predictions describe the edges of a typical sentence
and are not calibrated over all edges (Williamson, Datta & Satten 2003). The logit is the default.

The frequency of a label is fixed by the label, so a model with both drops it (and says so); name
the factors without the label to ask about frequency instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from linguagraph.aggregates.items import Items
from linguagraph.aggregates.logit import Fit, fit_gee, fit_logit
from linguagraph.aggregates.marginal_effects import REFERENCE, marginal_effects
from linguagraph.aggregates.model_calibration import calibrate
from linguagraph.aggregates.model_design import Design, make_design
from linguagraph.aggregates.model_pairs import Clusters
from linguagraph.aggregates.retention_factors import FACTORS, find_factors
from linguagraph.aggregates.statistics import Resampling
from linguagraph.errors import ConfigError

__all__ = ["CLUSTERS", "ESTIMATORS", "FEW_CLUSTERS", "RetentionModel", "retention_model"]
__all__ += ["retention_models"]

ESTIMATORS = ("gee", "logit")
"""The estimators, see :mod:`linguagraph.aggregates.logit`."""

CLUSTERS = ("sentence", "document")
"""What may be taken as a cluster."""

FEW_CLUSTERS = 40
"""With fewer clusters, sandwich intervals are known to be too narrow."""


@dataclass(frozen=True)
class RetentionModel:
    """A fitted model of retention.

    Attributes:
        effects: one row per factor and level: ``factor``, ``level``, ``n`` (items), ``clusters``,
            ``share`` (raw), ``reference``, ``adjusted``, ``adjusted_low``, ``adjusted_high``,
            ``effect``, ``effect_low``, ``effect_high``, ``p``, ``p_holm`` and ``reason``
            ("reference", why there is no effect, or ""), see
            :mod:`linguagraph.aggregates.marginal_effects`.
        coefficients: one row per column: ``factor``, ``level``, ``coefficient`` (log odds), ``se``,
            ``low``, ``high``, ``odds_ratio``.
        calibration: see :class:`linguagraph.aggregates.model_calibration.Calibration`.
        problems: ``problem`` (rare, constant, separated, aliased, few clusters, too few clusters,
            no variation, not converged), ``factor``, ``level``, ``n`` (items), ``done``.
        fit: one row: ``estimator``, ``cluster``, ``clusters``, ``items``, ``left_out`` (items set
            aside), ``seeds``, ``columns``, ``correlation`` (of the votes of a cluster), ``auc``,
            ``chi2``, ``df``, ``p``, ``converged``.
    """

    effects: pd.DataFrame
    coefficients: pd.DataFrame
    calibration: pd.DataFrame
    problems: pd.DataFrame
    fit: pd.DataFrame


def retention_model(
    items: Items,
    *,
    resampling: Resampling,
    factors: Sequence[str] = tuple(FACTORS),
    cluster: str = "sentence",
    estimator: str = "logit",
) -> RetentionModel:
    """Fit retained ~ factors, and turn coefficients into average marginal effects.

    Args:
        items: the edges with the seeds' votes.
        resampling: level of the intervals, the n below which levels are joined, and how many
            clusters it takes (``min_sentences``) for intervals; nothing is resampled.
        factors: some of :data:`linguagraph.aggregates.retention_factors.FACTORS`.
        cluster: one of :data:`CLUSTERS`.
        estimator: key of :data:`ESTIMATORS`.

    Raises:
        ConfigError: an unknown factor, cluster or estimator; documents where the table names none.
    """
    return retention_models(
        items, (estimator,), resampling=resampling, factors=factors, cluster=cluster
    )[0]


def retention_models(
    items: Items,
    estimators: Sequence[str],
    *,
    resampling: Resampling,
    factors: Sequence[str] = tuple(FACTORS),
    cluster: str = "sentence",
) -> tuple[RetentionModel, ...]:
    """:func:`retention_model` by several estimators, which share what they have in common."""
    for estimator in estimators:
        if estimator not in ESTIMATORS:
            raise ConfigError(f"estimator={estimator!r}; expected one of {', '.join(ESTIMATORS)}")
    found = find_factors(items, factors)
    design = make_design(items, found, _clusters(items, cluster), min_n=resampling.min_n)
    varies = bool(0 < design.retained.sum() < design.rated.sum())
    logit = fit_logit(design) if varies else _nothing(design)
    fits = [
        logit if name == "logit" or not varies else fit_gee(design, logit) for name in estimators
    ]
    pairs = zip(estimators, fits, strict=True)
    return tuple(
        _model(items, design, fit, name, cluster, varies, resampling) for name, fit in pairs
    )


def _model(
    items: Items,
    design: Design,
    fit: Fit,
    estimator: str,
    cluster: str,
    varies: bool,
    resampling: Resampling,
) -> RetentionModel:
    """What a fit says."""
    usable = varies and fit.converged
    problems = [design.problems, _concerns(design, fit, resampling.min_sentences)]
    problem_table = pd.concat([p for p in problems if len(p)] or problems[:1], ignore_index=True)
    known = usable and design.clusters >= max(2, resampling.min_sentences)
    known = known and design.clusters > len(design.terms)
    effects = marginal_effects(design, fit, level=resampling.level, known=known)
    if not usable:
        effects = _unusable(effects, "not converged" if varies else "no variation")
    check = calibrate(
        design, fit if usable else _nothing(design), level=resampling.level, known=known
    )
    predicted = ["predicted", "difference"]
    table = check.table if usable else check.table.assign(**dict.fromkeys(predicted, np.nan))
    summary = {
        "estimator": estimator,
        "cluster": cluster,
        "clusters": design.clusters,
        "items": round(design.items),
        "left_out": round(design.all_items - design.items),
        "seeds": len(items.seeds),
        "columns": len(design.terms),
        "correlation": fit.correlation if estimator == "gee" and usable else np.nan,
        "auc": check.auc if usable else np.nan,
        "chi2": check.statistic,
        "df": check.df,
        "p": check.p,
        "converged": usable,
    }
    return RetentionModel(
        effects=effects,
        coefficients=_coefficients(design, fit, resampling.level, known),
        calibration=table,
        problems=problem_table,
        fit=pd.DataFrame([summary]),
    )


def _clusters(items: Items, cluster: str) -> Clusters:
    if cluster == "sentence":
        return lambda part: part.sentence
    if cluster != "document":
        raise ConfigError(f"cluster={cluster!r}; expected one of {', '.join(CLUSTERS)}")
    if len(items.rows) < items.size:
        raise ConfigError("cluster='document' needs the table in memory; take sentences")
    codes, names = items.codes("document")
    if len(codes) and names == [""]:
        raise ConfigError("the edge table names no documents; take sentences as clusters")
    return lambda part: codes


def _concerns(design: Design, fit: Fit, least: int) -> pd.DataFrame:
    """What stands against the whole fit."""
    rows = []
    clusters = design.clusters
    what = f"{clusters} clusters"
    if not 0 < design.retained.sum() < design.rated.sum():
        what_for = "all votes agree" if design.rated.sum() else "no edge is left"
        rows.append(("no variation", f"{what_for}: nothing is fitted"))
    elif not fit.converged:
        rows.append(("not converged", f"no solution after {fit.steps} steps: no estimates"))
    if clusters < max(2, least):
        rows.append(("too few clusters", f"{what}, at least {max(2, least)} needed: no intervals"))
    elif clusters <= len(design.terms):
        rows.append(("too few clusters", f"{what} for {len(design.terms)} columns: no intervals"))
    elif clusters < FEW_CLUSTERS:
        rows.append(("few clusters", f"{what}, under {FEW_CLUSTERS}: intervals may be too narrow"))
    table = pd.DataFrame(rows, columns=["problem", "done"])
    table = table.assign(factor="", level="", n=round(design.items))
    return table[["problem", "factor", "level", "n", "done"]]


def _nothing(design: Design) -> Fit:
    columns = design.matrix.shape[1]
    empty = np.full((columns, columns), np.nan)
    return Fit(np.zeros(columns), empty, np.zeros((design.clusters, columns)), 0.0, False, 0)


def _unusable(effects: pd.DataFrame, why: str) -> pd.DataFrame:
    observed = ("factor", "level", "n", "clusters", "share", "reference", "reason")
    empty = {name: np.nan for name in effects.columns if name not in observed}
    reason = effects["reason"].where(~effects["reason"].isin(["", REFERENCE]), why)
    return effects.assign(**empty, reason=reason)


def _coefficients(design: Design, fit: Fit, level: float, known: bool) -> pd.DataFrame:
    error = np.sqrt(np.maximum(0, np.diag(fit.covariance)))
    if not known:
        error = np.full(len(error), np.nan)
    spread = float(student.ppf(0.5 + level / 2, max(1, design.clusters - 1)))
    coefficients = fit.coefficients if fit.converged else np.full(len(error), np.nan)
    return pd.DataFrame(
        {
            "factor": pd.Series([term.factor for term in design.terms], dtype=object),
            "level": pd.Series([term.level for term in design.terms], dtype=object),
            "coefficient": coefficients,
            "se": error,
            "low": coefficients - spread * error,
            "high": coefficients + spread * error,
            "odds_ratio": np.exp(coefficients),
        }
    )
