"""Planted useless edges are found, whatever kind of layer sends along them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

pytest.importorskip("torch_geometric")

from pyg_models import MODELS, graphs
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.pyg import call_by_names

CONFIG = AmortisedConfig(epochs_after=2, steps=100, lr=1e-2)


def edge_kinds(name: str, data: list) -> tuple[Tensor, Tensor]:
    """Which edges come from useless leaves, and which go to the root, bool [E] each."""
    plain = graphs("gin", len(data))
    top = torch.cat([one.edge_type == 2 for one in plain])
    useless = torch.cat([~one.useful for one in plain])
    if name != "hetero":
        return useless, top
    rest = torch.zeros(int((~top).sum()), dtype=torch.bool)  # back to the leaves
    into = torch.cat((rest, torch.ones(int(top.sum()), dtype=torch.bool), rest))
    return torch.cat((useless[~top], torch.zeros(int(top.sum()), dtype=torch.bool), rest)), into


@pytest.mark.parametrize("name", [name for name in MODELS if name != "gcn-cached"])
def test_useless_edges_are_found_and_predictions_kept(name: str) -> None:
    torch.manual_seed(0)
    model, data = MODELS[name](), graphs(name, 400)
    whole = Batch.from_data_list(data)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        out = call_by_names(model, whole)
        F.cross_entropy(out, whole.y).backward()
        optimizer.step()
    assert (out.argmax(1) == whole.y).float().mean() > 0.98
    mask = GraphMask(model, config=CONFIG).fit(DataLoader(data, batch_size=100))
    found = mask.explain(whole)
    useless, top = edge_kinds(name, data)
    assert found.retained.shape == (2, whole.num_edges)
    assert found.retained[0, useless].float().mean() < 0.05
    assert found.retained[1, ~top].float().mean() < 0.05
    assert found.retained[1, top].float().mean() > 0.2
    same = mask.masked_output(whole, found).argmax(1) == out.argmax(1)
    assert same.float().mean() > 0.97
