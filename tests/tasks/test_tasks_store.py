"""Bulk collation gives what PyG's own collation gives."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("torch_geometric")

from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from linguagraph.errors import ConfigError, MaskError
from linguagraph.tasks.path import path_graphs
from linguagraph.tasks.redundant import redundant_graphs
from linguagraph.tasks.star import star_graphs
from linguagraph.tasks.store import GraphStore, Pick

MAKERS = [star_graphs, path_graphs, redundant_graphs]


def same(a: Batch, b: Batch) -> None:
    assert set(a.keys()) == set(b.keys())
    for name in a.keys():  # noqa: SIM118 - a batch is no mapping
        assert a[name].dtype == b[name].dtype, name
        assert torch.equal(a[name], b[name]), name
    assert a.num_graphs == b.num_graphs


@pytest.mark.parametrize("make", MAKERS)
def test_bulk_batches_equal_those_of_a_loader(make: object) -> None:
    store = make(20, seed=3)  # type: ignore[operator]
    for own, other in zip(store.batches(8), DataLoader(store, batch_size=8), strict=True):
        same(own, other)


@pytest.mark.parametrize("make", MAKERS)
def test_any_selection_equals_that_of_pyg(make: object) -> None:
    store = make(12, seed=4)  # type: ignore[operator]
    which = [5, 0, 11, 5]
    expected = Batch.from_data_list([store[number] for number in which])
    same(store.batch(torch.tensor(which)), expected)
    same(Pick.join([store.picks()[number] for number in which]), expected)


def test_a_bulk_batch_comes_apart_again() -> None:
    store = path_graphs(5, seed=0)
    for number, data in enumerate(store.batch().to_data_list()):
        for name in store[number].keys():  # noqa: SIM118
            assert torch.equal(data[name], store[number][name]), name


def test_an_epoch_holds_every_graph_once_and_the_next_has_another_order() -> None:
    store = star_graphs(50, seed=0)
    shuffled = store.batches(16, seed=7)
    epochs = [torch.cat([batch.query for batch in shuffled]) for _ in range(2)]
    assert [batch.num_graphs for batch in shuffled] == [16, 16, 16, 2]
    assert len(shuffled) == 4
    assert not torch.equal(*epochs)
    for epoch in epochs:
        assert sorted(epoch.tolist()) == sorted(store.field("query").tolist())


def test_slices_and_negative_numbers() -> None:
    store = star_graphs(10, seed=0)
    assert len(store[2:5]) == 3
    assert torch.equal(store[2:5][0].edge_type, store[2].edge_type)
    assert torch.equal(store[-1].edge_type, store[9].edge_type)
    with pytest.raises(IndexError):
        store[10]


def test_what_does_not_fit_is_refused() -> None:
    store = star_graphs(3, seed=0)
    with pytest.raises(ConfigError, match="there are"):
        store.field("colour")
    with pytest.raises(ConfigError, match="at least 1"):
        store.batches(0)
    with pytest.raises(MaskError, match="2 stores"):
        Pick.join([store.picks()[0], star_graphs(3, seed=0).picks()[0]])
    one = torch.tensor([1])
    with pytest.raises(ConfigError, match="x has 3 rows, not one per node"):
        GraphStore(
            one,
            one,
            torch.zeros(2, 1, dtype=torch.int64),
            one * 0,
            node={"x": torch.zeros(3, 1)},
            edge={},
            graph={},
        )
