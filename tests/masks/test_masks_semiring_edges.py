"""Path weight through messages: against gradients of gates by hand, on all our kinds of models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from linguagraph.documents.records import Sentence
from linguagraph.errors import MaskError
from linguagraph.masks.frozen import frozen
from linguagraph.masks.rivals import METHODS
from linguagraph.masks.semiring_edges import EdgeFlow, record_edges
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models.batch import encode_examples
from linguagraph.models.srl import SrlModel


def _flow(model: SrlModel, sentences: list[Sentence]) -> tuple[SrlExplainable, Any, EdgeFlow]:
    adapter = SrlExplainable(model)
    examples = list(encode_examples(sentences[:4], model.vocabulary))
    with torch.no_grad(), frozen(model):
        batch = adapter.batch(examples)
        flow = record_edges(adapter, batch, adapter.trace(batch))
    return adapter, batch, flow


def test_recording_changes_neither_model_nor_answer(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    before = {k: v.clone() for k, v in planted_model.state_dict().items()}
    adapter, batch, flow = _flow(planted_model, planted_sentences)
    trace = adapter.trace(batch)
    target = adapter.output.target(trace.output, trace.output)
    torch.testing.assert_close(flow.tape.nodes[flow.answers].tensor, target)
    after = planted_model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in planted_model.modules())


def test_signed_sums_equal_the_gradient_of_embeddings(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    adapter, batch, flow = _flow(planted_model, planted_sentences)
    content = batch.content
    trace = adapter.trace(batch)
    plain = planted_model.embedding(content).detach().requires_grad_()
    logits = planted_model.propagate(planted_model.encoder(plain, content.rows), content).logits
    units = adapter.output.target(trace.output, logits)[trace.asked]
    (gradient,) = torch.autograd.grad(units.sum(), plain)
    seeds = {flow.answers: flow.asked.to(units.dtype)}
    found = flow.tape.backward(seeds, "sum")[flow.tape.inputs[0]][0]
    assert float(gradient.abs().max()) > 0
    torch.testing.assert_close(found, gradient, rtol=1e-5, atol=1e-6)


def test_total_weight_through_a_message_is_what_closing_its_gate_takes_away(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    """All path weight is linear in each gate of a one-layer model's messages (the weights of other
    local derivatives held fixed), so that a gate's derivative is the weight through it."""
    _, batch, flow = _flow(planted_model, planted_sentences)
    weight, whole = flow.passes("total")
    tape = flow.tape
    assert weight.shape == (1, batch.num_edges)
    assert bool((weight >= 0).all())
    assert float(weight.max()) > 0
    for graph in range(flow.num_graphs):
        inside = weight[0, batch.edge_graph == graph].sum()
        assert float(inside) <= float(whole[graph]) * (1 + 1e-5)
    product = next(n for n in tape.nodes if n.op == "mul" and _marks_gate(flow, n.number))
    below = tape.forward("total", keep=[product.number])[product.number][0]
    seeds = {flow.answers: flow.asked.float()}
    above = tape.backward(seeds, "total", keep=[product.number])[product.number][0]
    torch.testing.assert_close(weight[0], (below * above).sum(1), rtol=1e-4, atol=1e-6)


def _marks_gate(flow: EdgeFlow, number: int) -> bool:
    def from_gates(at: int) -> bool:
        parents = [p for p, _ in flow.tape.nodes[at].parents]
        return at == flow.gates or (bool(parents) and all(from_gates(p) for p in parents))

    return any(from_gates(p) for p, _ in flow.tape.nodes[number].parents)


def test_no_path_through_a_message_is_better_than_the_best(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    _, batch, flow = _flow(planted_model, planted_sentences)
    weight, whole = flow.passes("max")
    share = weight / whole[batch.edge_graph]
    assert float(share.max()) <= 1 + 1e-5


@pytest.mark.parametrize("name", ["semiring", "semiring_best"])
def test_scores_do_not_depend_on_the_cut_into_batches(
    name: str, planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    adapter = SrlExplainable(planted_model)
    examples = list(encode_examples(planted_sentences[:6], planted_model.vocabulary))
    method = METHODS[name]()
    together = method.explain(adapter, examples)
    apart = [method.explain(adapter, [example]).scores for example in examples]
    torch.testing.assert_close(together.scores, torch.cat(apart, 1), rtol=1e-4, atol=1e-6)
    assert together.method == name
    assert float(together.scores.max()) == pytest.approx(1, rel=1e-5)


def test_planted_rule_has_the_largest_scores(
    planted_model: SrlModel, planted_sentences: list[Sentence]
) -> None:
    """A token is A0 exactly if it is a subject of the predicate: that edge must matter most."""
    adapter = SrlExplainable(planted_model)
    examples = list(encode_examples(planted_sentences[:40], planted_model.vocabulary))
    mask = METHODS["semiring"]().explain(adapter, examples)
    batch = adapter.batch(examples)
    at_predicate = batch.edge_index[0] == batch.content.predicate[batch.edge_graph]
    assert float(mask.scores[0][at_predicate].mean()) > float(mask.scores[0][~at_predicate].mean())


def test_models_whose_inputs_cannot_be_watched_are_named() -> None:
    class Without:
        module = nn.Linear(1, 1)

    with pytest.raises(MaskError, match="Without has no flow"):
        record_edges(Without(), None, None)  # type: ignore[arg-type]
