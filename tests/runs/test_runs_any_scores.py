"""Conditions of a batch of graphs: as many edges as the mask keeps; answers by graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("torch_geometric")

from any_graphs import Planted, batches

from linguagraph.masks.explainable import EdgeMask
from linguagraph.masks.frozen import frozen
from linguagraph.masks.pyg import PygModel
from linguagraph.runs.any_scores import Explained, score_masks


def explained(retained: torch.Tensor | None = None) -> tuple[PygModel, Explained]:
    """Four graphs; by default the mask keeps the needed edges of the lower layer, and no other."""
    model = PygModel(Planted())
    content = batches(4, seed=3)[0]
    batch = model.graphs(content)
    with frozen(model.module):
        trace = model.trace(batch)
    if retained is None:
        retained = torch.stack((content.needed, torch.zeros_like(content.needed)))
    mask = EdgeMask(retained.float(), retained, trace.present, batch.edge_sets, seed=7)
    labels = content.edge_type.numpy()
    return model, Explained(batch, trace, [mask], [None], labels, content.y)


def test_conditions_and_what_they_keep() -> None:
    model, parts = explained()
    found = {s.condition: s for s in score_masks(model, parts, random=np.random.default_rng(0))}
    shares = [f"retained_{share}" for share in (75, 50, 25, 0)]
    assert list(found) == ["original", "retained_100", *shares, "random", "random_labels"]
    assert found["original"].seed == -1
    assert found["random"].seed == 7
    assert {tuple(s.edges.tolist()) for s in found.values()} == {(12, 12, 12, 12)}
    for name in ("retained_100", "random", "random_labels"):
        assert found[name].kept.tolist() == [3, 3, 3, 3]
    assert found["original"].kept.tolist() == [12, 12, 12, 12]
    assert [int(found[name].kept.sum()) for name in shares] == [9, 6, 3, 0]
    for name in ("original", "retained_100", "random_labels"):  # three of three: nothing to draw
        assert found[name].correct.tolist() == [1, 1, 1, 1]
        assert found[name].answers.tolist() == [1, 1, 1, 1]
    wrong = int(parts.right.sum()) if parts.right is not None else 0
    assert int(found["retained_0"].correct.sum()) == 4 - wrong  # all logits are 0: class 0


def test_baselines_stand_in_for_dropped_messages() -> None:
    model, parts = explained(torch.zeros(2, 24, dtype=torch.bool))
    filled = Explained(
        parts.batch,
        parts.trace,
        parts.masks,
        [[torch.tensor([1.0, 0.0, 0.0, 0.0]), None]],
        parts.labels,
        torch.ones(4, dtype=torch.long),
    )
    found = {s.condition: s for s in score_masks(model, filled, random=np.random.default_rng(0))}
    assert found["retained_100"].correct.tolist() == [1, 1, 1, 1]
    assert found["retained_100"].kept.tolist() == [0, 0, 0, 0]
