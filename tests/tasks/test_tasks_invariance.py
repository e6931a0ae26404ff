"""Two networks of one function: equal values, LRP by hand, and equal masks."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("torch_geometric")

from linguagraph.errors import ConfigError
from linguagraph.tasks.invariance import SumGnn, figure_graph, invariance, lrp, value_graphs


def values(name: str, batch: object) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = SumGnn(name)(batch.x, batch.edge_index, batch.root_index)  # type: ignore[attr-defined]
    return found


def test_both_networks_give_the_formula() -> None:
    batch = value_graphs(300, seed=1).batch()
    (source, target), root = batch.edge_index, batch.root_index
    sums = torch.zeros(batch.num_nodes).index_add(0, target, batch.x[source, 0])
    expected = (sums[root] - 1 - sums[root + 1].clamp(min=0)).clamp(min=0)
    expected = torch.where(sums[root] > 1, expected, 0.0)
    for name in ("f", "g"):
        torch.testing.assert_close(values(name, batch).squeeze(1), expected)
    assert torch.equal(values("f", batch), values("g", batch))
    assert 0.2 < float((expected > 0).float().mean()) < 0.9


def test_relevance_by_hand() -> None:
    """Sundararajan et al. (2017), figure 7, at (3, 1): f 1.5 and -0.5, g 2 and -1."""
    graph = figure_graph().batch()
    assert values("f", graph).item() == values("g", graph).item() == 1
    of_f, of_g = (lrp(SumGnn(name), graph) for name in ("f", "g"))
    expected_f = torch.tensor([1.5 * 2 / 3, 1.5 / 3, -0.25, -0.25])
    expected_g = torch.tensor([2 * 2 / 3, 2 / 3, -0.5, -0.5])
    torch.testing.assert_close(of_f, expected_f, atol=1e-6, rtol=0)
    torch.testing.assert_close(of_g, expected_g, atol=1e-6, rtol=0)


def test_no_value_no_relevance() -> None:
    batch = value_graphs(100, seed=2).batch()
    silent = values("f", batch).squeeze(1) == 0
    graph = batch.batch[batch.edge_index[0]]
    for name in ("f", "g"):
        found = lrp(SumGnn(name), batch)
        assert bool(torch.isfinite(found).all())
        assert bool((found[silent[graph]] == 0).all())


def test_unknown_networks_and_empty_sets() -> None:
    with pytest.raises(ConfigError, match="'f', 'g'"):
        SumGnn("h")
    with pytest.raises(ConfigError, match="at least 1"):
        value_graphs(0, seed=0)


@pytest.mark.slow
def test_graphmask_gives_both_the_same_masks() -> None:
    found = invariance(train=300, test=200)
    assert found.masks_equal
    assert found.scores_apart < 1e-3
    assert found.outputs < 1e-6
    assert found.lrp_apart > 0.1
    assert 0 < found.retained < 1
