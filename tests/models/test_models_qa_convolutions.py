"""Convolutions over entity graphs: both forms, gates, PyG's own output, training and disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from qa_tools import SMALL, encoded, made_items, new_model
from torch.nn import functional as F

from linguagraph.documents.item_mentions import MentionConfig
from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.models.qa import QaConfig
from linguagraph.models.qa_batch import QaBatch, collate_qa
from linguagraph.models.qa_checkpoints import load_qa_model, save_qa_model
from linguagraph.models.qa_convolutions import (
    QA_CONVOLUTIONS,
    Attention,
    GatRelational,
    TransformerRelational,
    make_qa_convolution,
)

NAMES = list(QA_CONVOLUTIONS)


def config(name: str) -> QaConfig:
    return replace(SMALL, conv=name, heads=2)


def some_batch() -> QaBatch:
    items = [made_items(1, first=i, chains=2 + i % 3)[0] for i in range(4)]
    return collate_qa(encoded(items))


@pytest.mark.parametrize("name", NAMES)
def test_edge_lists_and_matrices_are_the_same_function(name: str) -> None:
    model, batch = new_model(config(name)), some_batch()
    torch.manual_seed(1)
    gates, fills = torch.rand(3, batch.num_edges), list(torch.randn(3, SMALL.width))
    with torch.no_grad():
        states, query = model.encode(batch)
        for some, given in ((None, None), (gates, None), (gates, fills)):
            flat, padded = (
                model.propagate(
                    states,
                    query,
                    batch,
                    form=form,
                    gates=None if some is None else list(some if form == "edges" else rows),
                    baselines=given,
                )
                for form, rows in (("edges", ()), ("matrices", batch.matrices(gates)))
            )
            torch.testing.assert_close(flat.logits, padded.logits, atol=1e-5, rtol=1e-5)
            top = batch.unpadded(padded.states[-1])
            torch.testing.assert_close(flat.states[-1], top, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_both_forms_have_the_same_slopes(name: str) -> None:
    model, batch = new_model(config(name)), some_batch()
    found = []
    for form in ("edges", "matrices"):
        gates = torch.full((3, batch.num_edges), 0.7, requires_grad=True)
        rows = list(gates) if form == "edges" else list(batch.matrices(gates))
        states, query = model.encode(batch)
        logits = model.propagate(states, query, batch, form=form, gates=rows).logits
        loss = logits.clamp(min=-50).square().sum()
        found.append(torch.autograd.grad(loss, (gates, *model.layer.parameters())))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
        assert bool(one.isfinite().all())


@pytest.mark.parametrize("name", NAMES)
def test_masks_of_open_gates_change_nothing_and_seeds_go_side_by_side(name: str) -> None:
    explained = QaExplainable(new_model(config(name)), form="matrices")
    batch = explained.graphs(some_batch())
    trace = explained.trace(batch)
    ones = torch.ones(explained.num_layers, batch.num_edges)
    fills = [torch.randn(SMALL.width) for _ in range(explained.num_layers)]
    with torch.no_grad():
        same = explained.run(batch, ones, baselines=fills, trace=trace)
        torch.testing.assert_close(same, trace.output, atol=1e-6, rtol=1e-6)
        gates = torch.rand(2, explained.num_layers, batch.num_edges)
        pairs = [torch.randn(2, SMALL.width) for _ in range(explained.num_layers)]
        together = explained.run_seeds(batch, gates, baselines=pairs, trace=trace)
        for seed in range(2):
            alone = explained.run(
                batch, gates[seed], baselines=[p[seed] for p in pairs], trace=trace
            )
            torch.testing.assert_close(together[seed], alone, atol=1e-5, rtol=1e-5)
            assert not torch.allclose(alone, trace.output, atol=1e-4)


@pytest.mark.parametrize("name", ["gat", "transformer"])
def test_attention_sums_to_one_over_all_relations(name: str) -> None:
    model, batch = new_model(config(name)), some_batch()
    layer, states = model.layer, torch.randn(batch.num_nodes, SMALL.width)
    assert isinstance(layer, Attention)
    weights = model.weights(batch, "edges")
    found = layer.weigh_edges(states, batch.edge_index, batch.relation, weights)
    summed = torch.zeros(batch.num_nodes, 2).index_add(0, batch.edge_index[1], found)
    there = torch.bincount(batch.edge_index[1], minlength=batch.num_nodes) > 0
    torch.testing.assert_close(summed, there.float().unsqueeze(1).expand(-1, 2))


def test_attention_is_that_of_pyg() -> None:
    layers = pytest.importorskip("torch_geometric.nn")
    torch.manual_seed(0)
    batch, width = some_batch(), SMALL.width
    kinds = torch.eye(len(RELATIONS))[batch.relation]
    states = torch.randn(batch.num_nodes, width)
    weights = torch.ones(batch.num_edges)

    gat = GatRelational(width, len(RELATIONS), heads=2)
    torch.nn.init.normal_(gat.kinds)
    theirs = layers.GATConv(
        width, width // 2, heads=2, add_self_loops=False, edge_dim=len(RELATIONS), bias=False
    )
    with torch.no_grad():
        theirs.lin.weight.copy_(gat.value.weight)
        theirs.att_src[0].copy_(gat.ends[0])
        theirs.att_dst[0].copy_(gat.ends[1])
        theirs.att_edge.fill_(1.0)
        spread = gat.kinds.T.unsqueeze(1) / (width // 2)  # heads, 1, R: sums to a_r over a head
        theirs.lin_edge.weight.copy_(spread.expand(-1, width // 2, -1).flatten(0, 1))
    summed = theirs(states, batch.edge_index, kinds)

    transformer = TransformerRelational(width, len(RELATIONS), heads=2)
    other = layers.TransformerConv(
        width, width // 2, heads=2, edge_dim=len(RELATIONS), root_weight=False
    )
    with torch.no_grad():
        for one, two in (("query", "lin_query"), ("key", "lin_key"), ("value", "lin_value")):
            getattr(other, two).load_state_dict(getattr(transformer, one).state_dict())
        other.lin_edge.weight.copy_(transformer.kinds.T)
    for ours, expected in ((gat, summed), (transformer, other(states, batch.edge_index, kinds))):
        sent = ours.messages(states)[batch.edge_index[0], batch.relation]
        share = ours.weigh_edges(states, batch.edge_index, batch.relation, weights)
        found = ours.over_edges(states, sent, batch.edge_index[1], share)
        torch.testing.assert_close(
            found, torch.tanh(ours.own(states) + expected), atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("name", NAMES)
def test_every_convolution_learns_and_comes_back_from_disk(name: str, tmp_path: Path) -> None:
    model, batch = new_model(config(name)).train(), some_batch()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(25):
        loss = F.cross_entropy(model(batch).logits, batch.answer)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    save_qa_model(tmp_path / "model.safetensors", model.eval(), MentionConfig(), {})
    found, _, record = load_qa_model(tmp_path)
    halves = {key: value.half().float() for key, value in model.state_dict().items()}
    model.load_state_dict(halves)
    assert torch.equal(found(batch).logits, model(batch).logits)
    assert record["config"].get("conv", "gated-rgcn") == name


def test_bad_options_and_the_record_of_the_papers_layer() -> None:
    with pytest.raises(ConfigError, match="conv='gcn'; expected one of gated-rgcn"):
        QaConfig(conv="gcn")
    with pytest.raises(ConfigError, match="heads=3 do not divide the width 128"):
        make_qa_convolution("gat", 128, 4, heads=3)
    with pytest.raises(ConfigError, match="expected one of"):
        make_qa_convolution("x", 8, 4, heads=1)
    assert not {"conv", "heads"} & set(QaConfig().to_json())
    assert QaConfig(conv="gat").to_json()["heads"] == 4
