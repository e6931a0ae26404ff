"""Our mask behind PyG's Explainer and its metrics."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

pytest.importorskip("torch_geometric")

from pyg_models import MODELS, graphs
from torch_geometric.data import Batch
from torch_geometric.explain import Explainer, metric
from torch_geometric.loader import DataLoader

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.pyg_explainer import AmortisedGraphMask, MaskingExplainer

SETTINGS = {
    "explanation_type": "model",
    "edge_mask_type": "object",
    "model_config": {
        "mode": "multiclass_classification",
        "task_level": "graph",
        "return_type": "raw",
    },
}
NAMES = ("x", "edge_index", "edge_type", "edge_attr", "root_index")


def trained(name: str, count: int = 300) -> tuple[nn.Module, list]:
    torch.manual_seed(0)
    model, data = MODELS[name](), graphs(name, count)
    whole = Batch.from_data_list(data)
    inputs = {k: whole[k] for k in NAMES}
    if name in ("shared", "gated", "jumping"):
        inputs = {k: inputs[k] for k in ("x", "edge_index", "root_index")}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(**inputs), whole.y)
        loss.backward()
        optimizer.step()
    return model, data


@pytest.fixture(scope="module", params=["sage", "rgcn"])
def fitted(request: pytest.FixtureRequest) -> tuple[GraphMask, nn.Module, list]:
    model, data = trained(request.param)
    config = AmortisedConfig(epochs_after=2, steps=60, constraint=LagrangianConfig())
    mask = GraphMask(model, config=config).fit(DataLoader(data, batch_size=50))
    return mask, model, data


def explain(explainer: Explainer, data: Batch) -> object:
    arguments = {k: data[k] for k in NAMES[2:]}
    return explainer(data.x, data.edge_index, **arguments)


def test_an_explanation_is_the_mask_and_the_model_is_as_before(
    fitted: tuple[GraphMask, nn.Module, list],
) -> None:
    mask, model, data = fitted
    batch = Batch.from_data_list(data[:5])
    before = model(**{k: batch[k] for k in NAMES}).detach()
    explainer = Explainer(model, AmortisedGraphMask(mask), **SETTINGS)
    explanation = explain(explainer, batch)
    expected = mask.explain(batch)
    assert torch.equal(explanation.layer_edge_mask, expected.retained)
    assert torch.equal(explanation.edge_mask, expected.retained.any(0).float())
    assert explanation.validate()
    mean = Explainer(model, AmortisedGraphMask(mask, reduce="mean"), **SETTINGS)
    assert torch.equal(explain(mean, batch).edge_mask, expected.retained.float().mean(0))
    assert torch.equal(model(**{k: batch[k] for k in NAMES}), before)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.training


def test_metrics_go_through_our_hooks(fitted: tuple[GraphMask, nn.Module, list]) -> None:
    mask, model, data = fitted
    batch = Batch.from_data_list(data[:40])
    explainer = MaskingExplainer(model, AmortisedGraphMask(mask), **SETTINGS)
    explanation = explain(explainer, batch)
    plus, minus = metric.fidelity(explainer, explanation)
    assert 0 <= minus <= 0.2  # what is retained nearly suffices, though with zeros for the rest
    assert plus >= minus
    assert 0 <= metric.unfaithfulness(explainer, explanation) <= 1
    assert all(module.explain is None for module in mask.model.layers.values())


def test_masked_predictions_are_pygs_own_where_that_works() -> None:
    model, data = trained("sage")
    batch = Batch.from_data_list(data[:6])
    mask = GraphMask(model, config=AmortisedConfig(epochs_after=0, steps=2))
    mask.fit([batch])
    weights = torch.rand(batch.num_edges)
    arguments = {k: batch[k] for k in NAMES[2:]}
    ours = MaskingExplainer(model, AmortisedGraphMask(mask), **SETTINGS)
    own = ours.get_masked_prediction(batch.x, batch.edge_index, None, weights, **arguments)
    theirs = Explainer(model, AmortisedGraphMask(mask), **SETTINGS)
    expected = theirs.get_masked_prediction(batch.x, batch.edge_index, None, weights, **arguments)
    torch.testing.assert_close(own, expected.detach(), rtol=0, atol=1e-5)


def test_index_keeps_only_edges_that_reach_the_asked_node() -> None:
    import torch_geometric.nn as pyg

    torch.manual_seed(0)
    conv = pyg.SAGEConv(4, 3)
    data = graphs("sage", 1)[0]
    mask = GraphMask(conv, config=AmortisedConfig(epochs_after=0, steps=2)).fit([data])
    settings = {**SETTINGS, "model_config": {**SETTINGS["model_config"], "task_level": "node"}}  # type: ignore[dict-item]
    explainer = Explainer(conv, AmortisedGraphMask(mask), **settings)
    explanation = explainer(data.x, data.edge_index, index=0)
    into_root = data.edge_index[1] == 0
    assert not explanation.edge_mask[~into_root].any()


def test_settings_that_do_not_fit_are_refused(fitted: tuple[GraphMask, nn.Module, list]) -> None:
    mask, model, _ = fitted
    with pytest.raises(ConfigError, match="edge_mask_type='object'"):
        Explainer(model, AmortisedGraphMask(mask), **{**SETTINGS, "node_mask_type": "object"})
    with pytest.raises(ConfigError, match="explanation_type='model'"):
        Explainer(model, AmortisedGraphMask(mask), **{**SETTINGS, "explanation_type": "phenomenon"})
    with pytest.raises(ConfigError, match="reduce='sum'"):
        AmortisedGraphMask(mask, reduce="sum")
    other = MODELS["sage"]()
    explainer = Explainer(other, AmortisedGraphMask(mask), **SETTINGS)
    with pytest.raises(MaskError, match="not the one"):
        explain(explainer, Batch.from_data_list(graphs("sage", 2)))
