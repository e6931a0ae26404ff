"""Counts in blocks of sentences against the same counts at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from linguagraph.aggregates.blocks import Blocks, Draws
from linguagraph.aggregates.contrasts import contrast_blocks, contrast_table
from linguagraph.aggregates.statistics import Resampling, resample
from linguagraph.errors import TableError

FloatArray = np.ndarray


def cut(folder: Path, *counts: FloatArray, ends: tuple[int, ...]) -> Blocks:
    """The counts in blocks that end after so many sentences."""

    def make() -> Iterator[tuple[FloatArray, ...]]:
        start = 0
        for end in ends:
            yield tuple(c[start:end] for c in counts)
            start = end

    return Blocks(make, len(counts[0]), Draws(folder))


@pytest.fixture
def counts() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(3)
    totals = rng.integers(0, 9, size=(41, 3, 2)).astype(float)
    return rng.binomial(totals.astype(int), 0.3).astype(float), totals


@pytest.mark.parametrize("ends", [(41,), (1, 20, 41), (7, 7, 41)])
def test_blocks_give_the_same_sums_to_the_last_bit(
    ends: tuple[int, ...], counts: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    resampling = Resampling(resamples=50, seed=4)
    whole = resample(*counts, resampling=resampling)
    found = cut(tmp_path, *counts, ends=ends).resample(resampling=resampling)
    for one, other in zip(whole, found, strict=True):
        assert np.array_equal(one.total, other.total)
        assert np.array_equal(one.samples, other.samples)
        assert np.array_equal(one.sentences, other.sentences)


def test_sums_of_fractions_are_close(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((30, 4))
    resampling = Resampling(resamples=20)
    (whole,) = resample(values, resampling=resampling)
    (found,) = cut(tmp_path, values, ends=(11, 30)).resample(resampling=resampling)
    assert np.allclose(whole.samples, found.samples, rtol=1e-12)


def test_weights_are_drawn_once_and_add_up(tmp_path: Path) -> None:
    draws, resampling = Draws(tmp_path), Resampling(resamples=7)
    weights = draws.weights(12, resampling)
    assert weights.shape == (7, 12)
    assert np.asarray(weights).sum(axis=1).tolist() == [12] * 7
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    draws.weights(12, resampling)
    assert file.stat().st_mtime_ns == written


def test_too_few_sentences_have_no_samples(tmp_path: Path) -> None:
    (found,) = cut(tmp_path, np.ones((3, 2)), ends=(2, 3)).resample(resampling=Resampling())
    assert found.total.tolist() == [3, 3]
    assert np.isnan(found.samples).all()


def test_sentences_that_are_not_there_are_noticed(tmp_path: Path) -> None:
    blocks = Blocks(lambda: iter([(np.ones((6, 1)),)]), 9, Draws(tmp_path))
    with pytest.raises(TableError, match="6 sentences were counted where 9"):
        blocks.resample(resampling=Resampling(resamples=10))


def test_blocks_are_added_and_parts_of_them_chosen(
    counts: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    blocks = cut(tmp_path, *counts, ends=(5, 41))
    (added,) = blocks.select(lambda a, b: (b[:, 1] - a[:, 1],)).add(lambda c: (c.sum(axis=0),))
    assert np.array_equal(added, (counts[1] - counts[0])[:, 1].sum(axis=0))


def test_contrasts_of_blocks_are_those_of_the_whole(
    counts: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    import pandas as pd

    hits, totals = counts
    arrays = (hits[:, :, 0], totals[:, :, 0], hits[:, :, 1], totals[:, :, 1])
    index, resampling = pd.DataFrame({"cell": range(3)}), Resampling(resamples=40)
    whole = contrast_table(index, *arrays, resampling=resampling)
    found = contrast_blocks(index, cut(tmp_path, *arrays, ends=(9, 30, 41)), resampling=resampling)
    pd.testing.assert_frame_equal(whole, found, rtol=1e-12)
    assert whole["p"].notna().all()
