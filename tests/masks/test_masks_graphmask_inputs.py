"""What GraphMask takes: one graph, a number of seeds, some answers of many."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("torch_geometric")

import torch_geometric.nn as pyg
from pyg_models import graphs

from linguagraph.errors import MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask

SHORT = AmortisedConfig(epochs_after=0, steps=2)


def test_a_single_graph_is_a_loader_of_one_batch_and_seeds_may_be_a_number() -> None:
    data = graphs("gin", 1)[0]
    torch.manual_seed(0)
    model = pyg.SAGEConv(4, 3)
    mask = GraphMask(model, seeds=2, config=SHORT).fit(data)
    listed = GraphMask(model, seeds=(0, 1), config=SHORT).fit([data])
    assert mask.seeds == (0, 1)
    assert torch.equal(mask.explain(data).scores, listed.explain(data).scores)


def test_some_answers_only_and_none_at_all() -> None:
    data = graphs("gin", 1)[0]
    data.train_mask = data.x[:, 2] > 0
    data.none = data.train_mask & False
    torch.manual_seed(0)
    model = pyg.SAGEConv(4, 3)
    mask = GraphMask(model, asked="train_mask", config=SHORT).fit(data)
    assert mask.explain(data).scores.shape == (1, data.num_edges)
    given = mask.model.given(data.x, data.edge_index)  # by hand: all are asked
    assert mask.explain(given).scores.shape == (1, data.num_edges)
    with pytest.raises(MaskError, match="asked picks no unit"):
        GraphMask(model, asked="none", config=SHORT).fit(data)
