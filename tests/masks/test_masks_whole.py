"""The part of a batch that one process has: sizes and noise of the whole, counted by hand."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.amortised_loading import Batches
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.whole import Whole
from linguagraph.models.world import World


@dataclass(frozen=True)
class Told(World):
    """A world whose processes are known to have these sizes: messages by site, graphs, edges."""

    rows: tuple[tuple[float, ...], ...] = ()

    def every(self, values: Tensor) -> Tensor:
        rows = torch.tensor(self.rows, dtype=values.dtype)
        assert torch.equal(rows[self.rank], values)
        return rows


def placed(blocks: tuple[int, ...], present: list[float]) -> Any:
    return SimpleNamespace(blocks=blocks, present=torch.tensor(present))


def graphs(count: int) -> Any:
    return SimpleNamespace(num_graphs=count)


def draw(whole: Whole, size: int) -> list[float]:
    row = torch.zeros(size)
    whole.draw(row, torch.Generator().manual_seed(7))
    return row.tolist()


def test_parts_have_the_noise_of_the_whole_site_by_site() -> None:
    # two sites; the first process has 2 and 1 messages, the second one 1 and 3
    rows = ((2, 1, 2, 3), (1, 3, 1, 2))
    first = Whole.of(placed((2, 1), [1, 1, 1]), graphs(2), 1.0, Told(0, 2, rows=rows))
    second = Whole.of(placed((1, 3), [1, 0, 1, 0]), graphs(1), 1.0, Told(1, 2, rows=rows))
    assert (first.messages, first.spans) == (7, ((0, 2), (3, 4)))
    assert (second.messages, second.spans) == (7, ((2, 3), (4, 7)))
    assert [float(w.edges) for w in (first, second)] == [5, 5]
    assert [float(w.graphs) for w in (first, second)] == [3, 3]
    alone = Whole.of(placed((3, 4), [1, 1, 1, 1, 0, 1, 0]), graphs(3), 1.0, World())
    assert (alone.messages, float(alone.edges), alone.graphs) == (7, 5, 3)
    every, left, right = draw(alone, 7), draw(first, 3), draw(second, 4)
    assert [*left[:2], right[0], left[2], *right[1:]] == every
    assert len(set(every)) == 7


def test_a_part_that_stands_in_counts_nothing_and_moves_the_generator_alike() -> None:
    rows = ((0, 0, 0), (2, 1, 2))
    standing = Whole.of(placed((2,), [1, 1]), graphs(1), 0.0, Told(0, 2, rows=rows))
    real = Whole.of(placed((2,), [1, 1]), graphs(1), 1.0, Told(1, 2, rows=rows))
    assert (standing.messages, float(standing.edges), float(standing.graphs)) == (2, 2, 1)
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    for whole, generator in zip((standing, real), generators, strict=True):
        whole.draw(torch.zeros(2), generator)
    assert torch.equal(*(torch.rand(4, generator=g) for g in generators))


def test_a_part_of_another_size_that_stands_in_gets_even_noise() -> None:
    rows = ((0, 0, 0), (2, 1, 2))
    standing = Whole.of(placed((3,), [1, 1, 1]), graphs(1), 0.0, Told(0, 2, rows=rows))
    assert draw(standing, 3) == [0.5, 0.5, 0.5]


def test_a_loader_that_cannot_be_cut_is_named() -> None:
    nodes = torch.zeros(1, dtype=torch.long)
    batch = GraphBatch(None, torch.zeros(2, 0, dtype=torch.long), nodes[:0], nodes, 1, (("e", 0),))
    batches = Batches([batch], lambda found: found)
    assert list(batches.parts(World())) == [(batch, 1.0)]
    with pytest.raises(MaskError, match=r"a list, whose batches cannot be cut among 2 processes"):
        list(batches.parts(World(0, 2)))
