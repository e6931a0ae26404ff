"""The question answering model: both forms are one function, gates, padding, and its layers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from qa_tools import SMALL, encoded, made_items, new_model, trained_model
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.models.qa import IMPOSSIBLE, QaConfig, choose_form
from linguagraph.models.qa_batch import QaBatch, _packing, collate_qa
from linguagraph.models.qa_layers import GatedRelational
from linguagraph.models.qa_training import accuracy


def some_batch(count: int = 5) -> QaBatch:
    """Questions with two to four chains: graphs of several sizes."""
    items = [made_items(1, first=i, chains=2 + i % 3)[0] for i in range(count)]
    return collate_qa(encoded(items))


@pytest.mark.parametrize("normalise", ["relation", "node", "root"])
def test_edge_lists_and_matrices_are_the_same_function(normalise: str) -> None:
    model, batch = new_model(replace(SMALL, normalise=normalise)), some_batch()
    with torch.no_grad():
        edges, matrices = (model(batch, form=form) for form in ("edges", "matrices"))
    torch.testing.assert_close(edges.logits, matrices.logits, atol=1e-5, rtol=1e-5)
    for flat, padded in zip(edges.states, matrices.states, strict=True):
        torch.testing.assert_close(flat, batch.unpadded(padded), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("filled", [False, True])
def test_both_forms_agree_under_gates_and_baselines(filled: bool) -> None:
    model, batch = new_model(), some_batch()
    torch.manual_seed(1)
    gates = torch.rand(3, batch.num_edges)
    baselines = list(torch.randn(3, SMALL.width)) if filled else [None, None, None]
    with torch.no_grad():
        states, query = model.encode(batch)
        one = model.propagate(
            states, query, batch, form="edges", gates=list(gates), baselines=baselines
        )
        rows = list(batch.matrices(gates))
        other = model.propagate(
            states, query, batch, form="matrices", gates=rows, baselines=baselines
        )
    torch.testing.assert_close(one.logits, other.logits, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(one.logits, model(batch).logits, atol=1e-3)


def test_both_forms_have_the_same_slopes() -> None:
    model, batch = new_model(), some_batch()
    found = []
    for form in ("edges", "matrices"):
        gates = torch.full((3, batch.num_edges), 0.7, requires_grad=True)
        rows = list(gates) if form == "edges" else list(batch.matrices(gates))
        states, query = model.encode(batch)
        logits = model.propagate(states, query, batch, form=form, gates=rows).logits
        loss = logits.clamp(min=-50).square().sum()
        found.append(torch.autograd.grad(loss, (gates, model.layer.message.weight)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_layer_is_what_the_equations_say() -> None:
    torch.manual_seed(0)
    layer = GatedRelational(3, 2)
    states = torch.randn(3, 3)
    edges = [(0, 1, 0), (2, 1, 0), (0, 1, 1), (1, 0, 1)]  # source, target, relation
    gates = torch.tensor([1.0, 0.0, 0.25, 1.0])
    weights = torch.tensor([0.5, 0.5, 1.0, 1.0])
    baseline = torch.tensor([1.0, -1.0, 2.0])
    weight, bias = layer.message.weight.view(2, 3, 3), layer.message.bias.view(2, 3)
    expected = []
    for node in range(3):
        update = layer.own.weight @ states[node] + layer.own.bias
        for (source, target, relation), gate, share in zip(edges, gates, weights, strict=True):
            if target == node:
                message = weight[relation] @ states[source] + bias[relation]
                update = update + share * (gate * message + (1 - gate) * baseline)
        share = torch.sigmoid(layer.gate(torch.cat((update, states[node]))))
        expected.append(share * torch.tanh(update) + (1 - share) * states[node])
    source, target, relation = torch.tensor(edges).T
    every = layer.messages(states)
    found = layer.over_edges(
        states, every[source, relation], target, weights, gates=gates, baseline=baseline
    )
    torch.testing.assert_close(found, torch.stack(expected))


def test_an_item_gets_the_same_answer_in_any_batch() -> None:
    model = new_model()
    items = [made_items(1, first=i, chains=2 + i % 3)[0] for i in range(4)]
    examples = encoded(items)
    for form in ("edges", "matrices"):
        with torch.no_grad():
            together = model(collate_qa(examples), form=form).logits
            for row, example in zip(together, examples, strict=True):
                alone = model(collate_qa([example]), form=form).logits[0]
                torch.testing.assert_close(row[: len(alone)], alone, atol=1e-5, rtol=1e-5)
                assert bool((row[len(alone) :] == IMPOSSIBLE).all())


def test_a_candidate_scores_as_its_best_mention() -> None:
    model, batch = new_model(), some_batch()
    with torch.no_grad():
        found = model(batch, form="edges")
        asked = found.query.index_select(0, batch.item)
        top = found.states[-1]
        fitting = top * model.wanted(found.query).index_select(0, batch.item)
        scores = model.readout(torch.cat((top, fitting, asked), 1)).squeeze(1)
    for item in range(batch.num_items):
        for candidate in range(int(batch.choices[item])):
            own = (batch.item == item) & (batch.candidate == candidate)
            torch.testing.assert_close(found.logits[item, candidate], scores[own].max())


def test_candidates_without_a_mention_are_impossible_and_gold_is_no_input() -> None:
    item = made_items(1)[0]
    bare = replace(item.item, candidates=(*item.item.candidates, "zzyzx"), gold=None, answer=None)
    example = encoded([replace(item, item=bare)])[0]
    assert example.answer == -1
    with torch.no_grad():
        logits = new_model()(collate_qa([example])).logits[0]
        known = new_model()(collate_qa(encoded([item]))).logits[0]
    assert float(logits[-1]) == IMPOSSIBLE
    assert torch.equal(logits[:-1], known)


def test_messages_to_a_node_weigh_one_by_relation_or_by_node() -> None:
    batch = some_batch()
    target, kinds = batch.edge_index[1], len(RELATIONS)
    for normalise, key in (("relation", target * kinds + batch.relation), ("node", target)):
        sums = torch.zeros(int(key.max()) + 1).index_add(0, key, batch.weights(normalise))
        torch.testing.assert_close(sums[torch.unique(key)], torch.ones(len(torch.unique(key))))
    with pytest.raises(ConfigError, match="normalise='none'"):
        batch.weights("none")


def test_the_form_is_chosen_by_density() -> None:
    batch = some_batch()
    assert choose_form(batch) == "matrices"  # every pair has a relation
    few = replace(
        batch,
        edge_index=batch.edge_index[:, :2],
        relation=batch.relation[:2],
        edge_item=batch.edge_item[:2],
    )
    assert choose_form(few) == "edges"
    assert choose_form(few, "matrices") == "matrices"
    with pytest.raises(ConfigError, match="form='dense'"):
        choose_form(batch, "dense")


def test_padding_and_matrices_go_back_and_forth() -> None:
    batch = some_batch()
    values = torch.randn(2, batch.num_nodes, 3)
    assert torch.equal(batch.unpadded(batch.padded(values)), values)
    edges = torch.randn(2, batch.num_edges)
    matrices = batch.matrices(edges)
    assert matrices.shape == (2, *batch.cells)
    assert torch.equal(batch.edges(matrices), edges)
    assert int((matrices[0] != 0).sum()) == batch.num_edges  # no two edges share a cell


def test_two_hops_are_learned() -> None:
    model = trained_model()
    assert accuracy(model, encoded(made_items(60, first=5000)))[0] >= 58
    batch = collate_qa(encoded(made_items(60, first=5000)))
    shut = [torch.zeros(batch.num_edges)] * 3
    with torch.no_grad():
        states, query = model.encode(batch)
        blind = model.propagate(states, query, batch, form="edges", gates=shut).logits
    assert int((blind.argmax(-1) == batch.answer).sum()) < 40  # a third by chance


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": 0},
        {"dropout": 1.0},
        {"normalise": "sum"},
        {"relations": ("MATCH", "SYNONYM")},
        {"context": -1},
    ],
)
def test_impossible_architectures_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        QaConfig(**wrong)  # type: ignore[arg-type]


def test_relations_can_be_left_out() -> None:
    config = replace(SMALL, relations=("MATCH", "DOC-BASED"))
    example = encoded(made_items(1), config)[0]
    assert set(example.graph.labels) == {"MATCH", "DOC-BASED"}
    with torch.no_grad():
        assert new_model(config)(collate_qa([example])).logits.shape == (1, 3)


def test_queries_are_packed_as_torch_packs_them() -> None:
    batch, model = some_batch(6), new_model()
    lengths = torch.tensor([3, 1, 4, 1, 5, 2])
    query = torch.where(torch.arange(5) < lengths.unsqueeze(1), torch.arange(30).view(6, 5), 0)
    made = replace(batch, query=query, query_length=lengths, **_packing(lengths, 5))
    embedded = query.unsqueeze(-1).expand(6, 5, model.config.word).float()
    found = made.packed(embedded)
    expected = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
    assert torch.equal(found.batch_sizes, expected.batch_sizes)
    states, _ = pad_packed_sequence(model.lstm(found)[0], batch_first=True)
    wanted, _ = pad_packed_sequence(model.lstm(expected)[0], batch_first=True)
    assert torch.allclose(states, wanted, atol=1e-6)
    assert torch.equal(found.data.unique(), expected.data.unique())
