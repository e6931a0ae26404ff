"""Covariate patterns with counts in, those that a combination of columns separates out.

A logit has no finite maximum-likelihood estimate if some combination of the columns is never
positive where nothing is retained, never negative where everything is, and zero where both occur
(Albert & Anderson 1984). Patterns in which both occur rule most combinations out; the rest is a
linear program (Konis 2007), solved only if they leave any.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from linguagraph.aggregates.items import IntArray
from linguagraph.aggregates.statistics import FloatArray

__all__ = ["separated_rows"]

_SMALL = 1e-7


def separated_rows(
    matrix: FloatArray, votes: FloatArray, hits: FloatArray
) -> tuple[NDArray[np.bool_], IntArray]:
    """Find complete and quasi-complete separation.

    Args:
        matrix: [patterns, columns], columns linearly independent.
        votes, hits: [patterns], cases and those that count.

    Returns:
        bool [patterns], patterns whose outcome some combination of columns decides, and the columns
        of that combination; none where the estimate is finite. The other patterns may still be
        separated by another combination: ask again without these.
    """
    none = np.zeros(len(matrix), dtype=bool), np.zeros(0, dtype=np.intp)
    mixed = (hits > 0) & (hits < votes)
    free = _null_space(matrix[mixed])
    if not free.shape[1] or not len(matrix):
        return none
    sign = np.where(hits[~mixed] > 0, 1.0, -1.0)
    reduced = (matrix[~mixed] @ free) * sign[:, None]
    if not len(reduced) or (sign.min() == sign.max() and not mixed.any()):
        return none  # nothing varies; there is no model at all
    found = linprog(
        -reduced.sum(axis=0),
        A_ub=-reduced,
        b_ub=np.zeros(len(reduced)),
        bounds=[(-1, 1)] * free.shape[1],
        method="highs",
    )
    if not found.success:
        return none
    weights = np.asarray(found.x, dtype=np.float64)
    score = reduced @ weights
    rows = np.zeros(len(matrix), dtype=bool)
    rows[np.flatnonzero(~mixed)] = score > _SMALL * max(1.0, float(np.abs(reduced).max()))
    columns = np.flatnonzero(np.abs(free @ weights) > 1e-6)
    return (rows, columns) if rows.any() else none


def _null_space(matrix: FloatArray) -> FloatArray:
    """Combinations of columns that are zero in every row: [columns, combinations]."""
    scale = np.sqrt((matrix**2).sum(axis=0))
    scale[scale == 0] = 1
    values, vectors = np.linalg.eigh((matrix / scale).T @ (matrix / scale))
    small = values < 1e-10 * max(1.0, float(values.max(initial=0)))
    return np.asarray(vectors[:, small] / scale[:, None])
