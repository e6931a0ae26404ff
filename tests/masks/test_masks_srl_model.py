"""SRL models as methods see them: the same outputs, gradients, and only edges that can matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from merged_tools import planted_documents
from srl_tools import planted_sentences, small_config, small_model

from linguagraph.errors import MaskError
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.explainable import Explainable, divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.masks.srl_model import EDGES, SrlExplainable
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.contexts import GraphSource
from linguagraph.models.srl import SrlModel
from linguagraph.models.vocabulary import SrlVocabulary

SENTENCES = planted_sentences(12, seed=5)


@pytest.fixture(params=["srl-gnn", "srl-lstm-gnn"])
def model(request: pytest.FixtureRequest) -> SrlModel:
    return small_model(SENTENCES, small_config(request.param, gcn_layers=2))


def examples_of(model: SrlModel) -> list[SrlExample]:
    return list(encode_examples(SENTENCES, model.vocabulary))


def merged() -> tuple[SrlModel, list[SrlExample]]:
    documents = planted_documents(4, seed=2)
    sentences = [sentence for document in documents for sentence in document.sentences]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        vocabulary = SrlVocabulary.build(
            sentences, rare_word=1, rare_role=1, labels=("coref:nominal",)
        )
        config = small_config(kinds=("dependency", "coreference"))
        model = SrlModel(config, vocabulary).eval()
    graphs = GraphSource(model.config).graphs(documents)
    return model, list(encode_examples(sentences, vocabulary, graphs=graphs))


def test_a_batch_keeps_the_order_of_edges_and_says_whose_they_are(model: SrlModel) -> None:
    adapter: Explainable = SrlExplainable(model)
    examples = examples_of(model)[:3]
    batch = adapter.batch(examples)
    counts = [example.graph.num_edges for example in examples]
    lengths = [len(example) for example in examples]
    assert batch.edge_graph.tolist() == np.repeat(range(3), counts).tolist()
    assert batch.unit_graph.tolist() == np.repeat(range(3), lengths).tolist()
    assert batch.edge_sets == ((EDGES, sum(counts)),)
    first = torch.as_tensor(examples[0].graph.edge_index)
    assert torch.equal(batch.edge_index[:, : counts[0]], first)
    assert batch.num_graphs == 3


def test_sites_and_what_they_send_have_the_models_widths(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model)[:4])
    with frozen(model):
        seen = adapter.trace(batch)
    assert [site.source for site in adapter.sites] == list(model.state_sizes)
    assert [site.message for site in adapter.sites] == list(model.message_sizes)
    for site, sent in zip(adapter.sites, seen.sent, strict=True):
        assert sent.sources.shape == (len(batch.unit_graph), site.source)
        assert sent.targets is sent.sources
        assert sent.messages.shape == (batch.num_edges, site.message)
        assert torch.equal(sent.index, batch.edge_index)
    assert seen.own is not None
    assert torch.equal(seen.own[1], seen.memory.messages[1].soft_gates)
    assert seen.present.all()
    assert not seen.output.requires_grad


@pytest.mark.parametrize("with_trace", [True, False])
def test_gates_at_one_are_the_model_and_gates_at_zero_are_not(
    model: SrlModel, with_trace: bool
) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model))
    with frozen(model):
        seen = adapter.trace(batch)
        known = seen if with_trace else None
        open_ = torch.ones(2, batch.num_edges)
        fills = [torch.randn(size) for size in model.message_sizes]
        same = adapter.run(batch, open_, trace=known)
        torch.testing.assert_close(same, seen.output, atol=1e-6, rtol=0)
        same = adapter.run(batch, open_, baselines=fills, trace=known)
        torch.testing.assert_close(same, seen.output, atol=1e-6, rtol=0)
        closed = adapter.run(batch, torch.zeros(2, batch.num_edges), trace=known)
    assert (closed - seen.output).abs().max() > 0.01


def test_baselines_may_be_missing_one_for_all_or_one_for_each_edge(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model))
    gates = torch.rand(2, batch.num_edges)
    width = model.message_sizes[1]
    one = torch.randn(width)
    with frozen(model):
        seen = adapter.trace(batch)
        each = [None, one.expand(batch.num_edges, width).contiguous()]
        first = adapter.run(batch, gates, baselines=[None, one], trace=seen)
        second = adapter.run(batch, gates, baselines=each, trace=seen)
        zeros = [torch.zeros(size) for size in model.message_sizes]
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(
            adapter.run(batch, gates, trace=seen),
            adapter.run(batch, gates, baselines=zeros, trace=seen),
            atol=1e-5,
            rtol=1e-5,
        )


def test_gradients_reach_gates_and_baselines_and_not_the_model(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model))
    gates = torch.full((2, batch.num_edges), 0.5, requires_grad=True)
    fills = [torch.zeros(size, requires_grad=True) for size in model.message_sizes]
    with frozen(model):
        seen = adapter.trace(batch)
        masked = adapter.run(batch, gates, baselines=fills, trace=seen)
        apart = divergence(adapter.output, batch, seen, masked)
        torch.autograd.backward(apart.sum())
    assert apart.shape == (batch.num_graphs,)
    assert gates.grad is not None
    assert (gates.grad.abs() > 0).float().mean() > 0.5
    assert all(fill.grad is not None and fill.grad.abs().sum() > 0 for fill in fills)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_masked_pass_is_that_of_the_fitted_masks(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    masker = SrlGraphMask.create(model, seeds=(0, 3), config=ProbeConfig(hidden=8, bias=0.0))
    for fill in masker.probe.baselines:
        torch.nn.init.normal_(fill)
    examples = examples_of(model)
    masked = masker.mask(masker.collate(examples))
    batch = adapter.batch(examples)
    assert 0.1 < torch.stack(masked.gates).mean() < 0.9
    with frozen(model):
        seen = adapter.trace(batch)
        for index in range(2):
            logits = adapter.run(
                batch,
                torch.stack([gates[index] for gates in masked.gates]),
                baselines=[fill[index].detach() for fill in masker.probe.baselines],
                trace=seen,
            )
            torch.testing.assert_close(logits, masked.logits[index], atol=1e-5, rtol=1e-5)


def test_the_divergence_counts_arguments_and_asks_for_them(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model))
    with frozen(model):
        seen = adapter.trace(batch)
        masked = adapter.run(batch, torch.zeros(2, batch.num_edges), trace=seen)
    apart = divergence(adapter.output, batch, seen, masked)
    predicted = seen.output.argmax(-1) != 0
    for graph in range(batch.num_graphs):
        units = batch.unit_graph == graph
        alone = Divergence()(seen.output[units], masked[units])
        torch.testing.assert_close(apart[graph], alone)
        asked = predicted[units] if predicted[units].any() else torch.ones_like(predicted[units])
        assert torch.equal(seen.asked[units], asked)


def test_every_token_is_asked_where_no_argument_is_predicted(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model)[:2])
    with frozen(model):
        trace = model(batch.content)
    logits = torch.zeros_like(trace.logits)
    logits[0, 1] = 1.0
    seen = adapter.seen(batch, type(trace)(logits, trace.states, trace.messages))
    second = batch.unit_graph == 1
    assert seen.asked.nonzero().squeeze(1).tolist() == [0, *second.nonzero().squeeze(1).tolist()]
    assert torch.equal(seen.weights, torch.ones(len(logits)))


def test_only_edges_that_can_matter_are_present_in_merged_graphs() -> None:
    model, examples = merged()
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples)
    with frozen(model):
        seen = adapter.trace(batch)
        for layer in range(2):
            assert torch.equal(seen.present[layer], batch.content.effective(layer, 2))
        assert not seen.present[1].all()
        assert seen.output.shape[0] == len(batch.unit_graph) < batch.content.num_nodes
        gates = torch.rand(2, batch.num_edges)
        elsewhere = torch.where(seen.present, gates, torch.rand(2, batch.num_edges))
        first, second = (adapter.run(batch, g, trace=seen) for g in (gates, elsewhere))
    torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-5)


def test_gates_and_baselines_of_another_shape_are_refused(model: SrlModel) -> None:
    adapter = SrlExplainable(model)
    batch = adapter.batch(examples_of(model)[:2])
    with frozen(model):
        with pytest.raises(MaskError, match=r"expected \[L, E\]"):
            adapter.run(batch, torch.ones(1, batch.num_edges))
        with pytest.raises(MaskError, match="one per layer"):
            adapter.run(batch, torch.ones(2, batch.num_edges), baselines=[None])
