"""Counts of role triples in, precision, recall and F1 with intervals over sentences out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from linguagraph.aggregates.statistics import (
    FloatArray,
    Resampling,
    Sums,
    percentile_interval,
    wilson,
)

__all__ = ["MEASURES", "interval", "prf", "prf_table"]

MEASURES = ("precision", "recall", "f1")


def prf(correct: FloatArray, predicted: FloatArray, gold: FloatArray) -> tuple[FloatArray, ...]:
    """Precision, recall and F1 = 2 * correct / (predicted + gold), elementwise.

    A measure whose denominator is 0 is NaN: without a prediction there is no precision, but there
    is an F1 of 0 if there is gold.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return tuple(
            np.where(below > 0, above / below, np.nan)
            for above, below in (
                (correct, predicted),
                (correct, gold),
                (2 * correct, predicted + gold),
            )
        )


def interval(
    value: FloatArray, samples: FloatArray, sentences: FloatArray, *, resampling: Resampling
) -> tuple[FloatArray, FloatArray]:
    """Percentile interval, or Wilson's over ``sentences`` where a score is exactly 0 or 1.

    NaN where no resample is defined, as it is with too few sentences.
    """
    low, high = percentile_interval(samples, level=resampling.level)
    constant = ((value <= 0) | (value >= 1)) & bool(~np.isnan(samples).all())
    wide_low, wide_high = wilson(
        np.nan_to_num(value) * sentences, sentences, level=resampling.level
    )
    return np.where(constant, wide_low, low), np.where(constant, wide_high, high)


def prf_table(
    correct: Sums, predicted: Sums, gold: Sums, *, resampling: Resampling
) -> pd.DataFrame:
    """One row per cell, in C order.

    Returns:
        ``gold``, ``predicted``, ``correct`` (triples), then ``precision``, ``recall`` and ``f1``,
        each with ``_low`` and ``_high``.
    """
    columns: dict[str, FloatArray] = {
        "gold": np.rint(gold.total.ravel()).astype(np.int64),
        "predicted": np.rint(predicted.total.ravel()).astype(np.int64),
        "correct": np.rint(correct.total.ravel()).astype(np.int64),
    }
    values = prf(correct.total, predicted.total, gold.total)
    samples = prf(correct.samples, predicted.samples, gold.samples)
    sentences = np.maximum(predicted.sentences, gold.sentences)
    for name, value, sample in zip(MEASURES, values, samples, strict=True):
        low, high = interval(value, sample, sentences, resampling=resampling)
        columns |= {name: value.ravel(), f"{name}_low": low.ravel(), f"{name}_high": high.ravel()}
    return pd.DataFrame(columns)
