"""A design in, coefficients with cluster-robust covariance out: logit and GEE, on patterns.

One vote (a seed's verdict on an edge in a layer) is one Bernoulli case; the binomial model of an
item's votes has the same likelihood. Both estimators are those of statsmodels on the votes row by
row (``GLM(..., Binomial()).fit(cov_type="cluster")`` and ``GEE(..., Exchangeable())``), computed
from the counts per pattern and cluster, which are sufficient:

* logit: maximum likelihood by Newton's method; sandwich covariance with the scores added up by
  cluster and the factor G / (G - 1) * (N - 1) / (N - p) for G clusters, N votes, p columns;
* GEE (Liang & Zeger 1986): equations weighted by an exchangeable working correlation within
  clusters, whose moment estimate alternates with Fisher scoring; sandwich without a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from linguagraph.aggregates.items import sums_by
from linguagraph.aggregates.model_design import Design
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["Fit", "fit_gee", "fit_logit", "inverse"]

_STEPS = 100
_CLOSE = 1e-10
_FAR = 40.0  # log odds
_FRESH, _EVERY = 3, 5  # steps of the GEE with new information
_LEAP = 2.0  # log odds that a step of the GEE may change a prediction by


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes:
        coefficients: [columns].
        covariance: [columns, columns], robust; NaN with fewer than two clusters.
        influence: [clusters, columns], how much each cluster moves the coefficients; their outer
            products add up to the covariance but for its factor.
        correlation: exchangeable correlation of the votes of a cluster; 0 for the logit.
        converged: whether the steps came to rest; steps: their number.
    """

    coefficients: FloatArray
    covariance: FloatArray
    influence: FloatArray
    correlation: float
    converged: bool
    steps: int


def fit_logit(design: Design) -> Fit:
    """Maximum likelihood with cluster-robust covariance."""
    votes, hits = design.by_pattern(design.rated), design.by_pattern(design.retained)
    matrix = design.matrix
    beta = np.zeros(matrix.shape[1])
    converged, step = False, 0
    old = _log_likelihood(matrix @ beta, votes, hits)
    while not converged and step < _STEPS:
        step += 1
        mean = expit(matrix @ beta)
        score = matrix.T @ (hits - votes * mean)
        change = inverse(_information(matrix, votes * mean * (1 - mean))) @ score
        size = 1.0
        while True:
            new = _log_likelihood(matrix @ (beta + size * change), votes, hits)
            if new >= old - 1e-9 * abs(old) or size < 1e-4:
                break
            size /= 2
        beta, old = beta + size * change, new
        converged = bool(np.abs(size * change).max(initial=0) < _CLOSE)
    mean = expit(matrix @ beta)
    bread = inverse(_information(matrix, votes * mean * (1 - mean)))
    influence = np.zeros((design.clusters, matrix.shape[1]))
    for part in design.parts():
        residual = part.matrix(part.retained - part.rated * mean[part.pattern], len(matrix))
        influence[part.clusters] = (residual @ matrix) @ bread
    cases, columns = float(votes.sum()), matrix.shape[1]
    count = design.clusters
    factor = np.nan
    if count > 1 and cases > columns:
        factor = count / (count - 1) * (cases - 1) / (cases - columns)
    return Fit(beta, influence.T @ influence * factor, influence, 0.0, converged, step)


def fit_gee(design: Design, start: Fit | None = None) -> Fit:
    """Generalised estimating equations, binomial, exchangeable within clusters.

    Steps are those of Fisher scoring with the information of some steps before, which has no part
    in where they come to rest: the equations are new in each step, the information in the first
    three and in every fifth.

    Args:
        design: what is fitted.
        start: the logit of the same design, if it is known.
    """
    start = fit_logit(design) if start is None else start
    matrix, beta = design.matrix, start.coefficients
    votes, hits = design.by_pattern(design.rated), design.by_pattern(design.retained)
    sizes = np.zeros(design.clusters)
    for part in design.parts():
        sizes[part.clusters] = sums_by(part.cluster, part.rated, part.size)
    correlation, converged, step = 0.0, False, 0
    bread = np.zeros((matrix.shape[1],) * 2)
    while not converged and step < _STEPS:
        step += 1
        mean = _inside(matrix @ beta)
        residuals, squared = _residuals(design, mean)
        correlation = _correlation(design, residuals, squared, sizes)
        if step <= _FRESH or step % _EVERY == 0:
            _, information = _equations(design, votes, mean, sizes, residuals, correlation)
            bread = inverse(information)
        change = bread @ _score(design, votes, hits, mean, sizes, residuals, correlation)
        largest = float(np.abs(matrix @ change).max(initial=0))
        beta = beta + change * min(1.0, _LEAP / max(largest, 1e-12))
        if np.abs(matrix @ beta).max(initial=0) > _FAR:
            break  # the equations have no solution, as can be where the model does not fit
        converged = bool(np.abs(change).max(initial=0) < _CLOSE)
    mean = _inside(matrix @ beta)
    residuals, _ = _residuals(design, mean)
    score, information = _equations(design, votes, mean, sizes, residuals, correlation)
    influence = score @ inverse(information)
    covariance = influence.T @ influence
    if design.clusters < 2:
        covariance = np.full_like(covariance, np.nan)
    return Fit(beta, covariance, influence, correlation, converged, step)


def inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a symmetric matrix; the generalised one where it has none."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    scaled = matrix / np.outer(scale, scale)
    return np.asarray(np.linalg.pinv(scaled, rcond=1e-13, hermitian=True) / np.outer(scale, scale))


def _inside(eta: FloatArray) -> FloatArray:
    """Probabilities, kept off 0 and 1, where residuals have no scale."""
    return np.clip(expit(eta), 1e-9, 1 - 1e-9)


def _information(matrix: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(matrix.T @ (matrix * weights[:, None]))


def _log_likelihood(eta: FloatArray, votes: FloatArray, hits: FloatArray) -> float:
    return float((hits * eta - votes * np.logaddexp(0, eta)).sum())


def _residuals(design: Design, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pearson residuals, and their squares vote by vote, added up by cluster."""
    spread = np.sqrt(mean * (1 - mean))
    sums, squared = np.zeros(design.clusters), np.zeros(design.clusters)
    for part in design.parts():
        own = mean[part.pattern]
        values = (part.retained - part.rated * own) / spread[part.pattern]
        sums[part.clusters] = sums_by(part.cluster, values, part.size)
        squares = part.retained * (1 - own) / own
        squares += (part.rated - part.retained) * own / (1 - own)
        squared[part.clusters] = sums_by(part.cluster, squares, part.size)
    return sums, squared


def _correlation(
    design: Design, residuals: FloatArray, squared: FloatArray, sizes: FloatArray
) -> float:
    """Moment estimate of the exchangeable correlation, as in statsmodels; 0 without pairs.

    Kept within the bounds in which every cluster's correlation matrix is positive definite.
    """
    cases, columns = sizes.sum(), design.matrix.shape[1]
    pairs = float((sizes * (sizes - 1)).sum() / 2)
    if pairs <= columns or cases <= columns:
        return 0.0
    scale = squared.sum() / (cases - columns)
    products = float(((residuals**2 - squared) / 2).sum())
    largest = float(sizes.max())
    found = products / scale / (pairs - columns)
    return float(np.clip(found, -0.99 / max(1.0, largest - 1), 0.99))


def _factor(sizes: FloatArray, correlation: float) -> FloatArray:
    """c / (1 - a) of each cluster, see :func:`_equations`."""
    return np.asarray(correlation / (1 - correlation) / (1 + (sizes - 1) * correlation))


def _score(
    design: Design,
    votes: FloatArray,
    hits: FloatArray,
    mean: FloatArray,
    sizes: FloatArray,
    residuals: FloatArray,
    correlation: float,
) -> FloatArray:
    """Estimating functions of :func:`_equations` added up over clusters, by way of patterns."""
    weights = _factor(sizes, correlation) * residuals
    weighted = np.zeros(design.patterns)
    for part in design.parts():
        own = part.rated * weights[part.clusters][part.cluster]
        weighted += sums_by(part.pattern, own, design.patterns)
    spread = np.sqrt(mean * (1 - mean))
    values = (hits - votes * mean) / (1 - correlation) - spread * weighted
    return np.asarray(values @ design.matrix)


def _equations(
    design: Design,
    votes: FloatArray,
    mean: FloatArray,
    sizes: FloatArray,
    residuals: FloatArray,
    correlation: float,
) -> tuple[FloatArray, FloatArray]:
    """Estimating functions [clusters, columns] and their information [columns, columns].

    The inverse of an exchangeable correlation matrix is (I - c J) / (1 - a), c = a / (1 + (n-1) a).
    """
    matrix = design.matrix
    spread = np.sqrt(mean * (1 - mean))
    factor = _factor(sizes, correlation)
    scaled = matrix * spread[:, None]
    score = np.zeros((design.clusters, matrix.shape[1]))
    information = _information(matrix, votes * spread**2) / (1 - correlation)
    for part in design.parts():
        here = part.clusters
        residual = part.matrix(part.retained - part.rated * mean[part.pattern], len(matrix))
        slopes = part.matrix(part.rated, len(matrix)) @ scaled
        score[here] = (residual @ matrix) / (1 - correlation)
        score[here] -= slopes * (factor * residuals)[here, None]
        information -= slopes.T @ (slopes * factor[here, None])
    return score, np.asarray(information)
