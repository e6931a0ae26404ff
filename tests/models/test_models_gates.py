"""Gates and baselines as arguments of whole models."""

from __future__ import annotations

import pytest
import torch
from srl_tools import batch_of, build_sentence, planted_sentences, small_config, small_model
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.models import SRL_MODELS, SrlBatch, SrlConfig, SrlModel

SENTENCES = planted_sentences(12, seed=5)
CONFIGS = {
    "srl-gnn": small_config("srl-gnn"),
    "srl-lstm-gnn": small_config("srl-lstm-gnn"),
    "three layers": small_config("srl-gnn", gcn_layers=3),
}


@pytest.fixture(params=list(CONFIGS))
def model(request: pytest.FixtureRequest) -> SrlModel:
    return small_model(SENTENCES, CONFIGS[request.param])


def random_masks(model: SrlModel, batch: SrlBatch, seeds: int) -> tuple[list[Tensor], list[Tensor]]:
    torch.manual_seed(4)
    gates = [torch.rand(seeds, batch.num_edges) for _ in model.layers]
    return gates, [torch.randn(seeds, size) for size in model.message_sizes]


@pytest.mark.parametrize("lead", [(), (3,)])
def test_gates_of_one_leave_the_model_exactly_as_it_is(
    model: SrlModel, lead: tuple[int, ...]
) -> None:
    batch = batch_of(model, SENTENCES)
    ones = [torch.ones(*lead, batch.num_edges) for _ in model.layers]
    fills = [torch.randn(*lead, size) for size in model.message_sizes]
    with torch.inference_mode():
        plain = model(batch).logits
        for baselines in (None, fills):
            masked = model(batch, gates=ones, baselines=baselines).logits
            assert masked.shape == (*lead, *plain.shape)
            # one mask: bit for bit; several: matrix products of another height
            tolerance = 1e-6 if lead else 0.0
            torch.testing.assert_close(masked, plain.expand_as(masked), atol=tolerance, rtol=0)


def test_gates_of_zero_leave_the_baseline_alone(model: SrlModel) -> None:
    batch = batch_of(model, SENTENCES)
    gates = [torch.zeros(batch.num_edges) for _ in model.layers]
    _, (*fills,) = random_masks(model, batch, 1)
    with torch.inference_mode():
        found = model(batch, gates=gates, baselines=[b[0] for b in fills]).logits
        states = model.encode(batch)
        degree = torch.bincount(batch.target, minlength=batch.num_nodes).unsqueeze(-1)
        for layer, fill in zip(model.layers, fills, strict=True):
            weight = layer.weight.view(3, layer.outputs, -1)[2]
            gate = torch.sigmoid(states @ layer.gate_weight[2] + layer.gate_bias[-1])
            loops = gate.unsqueeze(-1) * (states @ weight.t() + layer.bias[-1])
            states = F.relu(degree * fill[0] + loops)
        expected = model.classify(states, batch)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_several_masks_at_once_equal_one_after_another(model: SrlModel) -> None:
    batch = batch_of(model, SENTENCES)
    gates, fills = random_masks(model, batch, 4)
    with torch.inference_mode():
        together = model(batch, gates=gates, baselines=fills).logits
        for index in range(4):
            alone = model(
                batch, gates=[g[index] for g in gates], baselines=[b[index] for b in fills]
            )
            torch.testing.assert_close(together[index], alone.logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("filled", [False, True])
def test_computing_open_edges_only_equals_the_whole_pass(
    model: SrlModel, share: float, filled: bool
) -> None:
    batch = batch_of(model, SENTENCES)
    soft, fills = random_masks(model, batch, 3)
    gates = [(g < share).float() for g in soft]
    baselines = fills if filled else None
    with torch.inference_mode():
        trace = model(batch)
        found = model.masked_logits(trace, batch, gates=gates, baselines=baselines)
        expected = model(batch, gates=gates, baselines=baselines).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_open_edges_may_differ_from_layer_to_layer() -> None:
    model = small_model(SENTENCES, CONFIGS["three layers"])
    batch = batch_of(model, SENTENCES)
    soft, fills = random_masks(model, batch, 2)
    gates = [(g < share).float() for g, share in zip(soft, (0.2, 0.9, 0.1), strict=True)]
    with torch.inference_mode():
        found = model.masked_logits(model(batch), batch, gates=gates, baselines=fills)
        expected = model(batch, gates=gates, baselines=fills).logits
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_trace_tells_states_and_messages_before_masking(model: SrlModel) -> None:
    batch = batch_of(model, SENTENCES)
    gates, fills = random_masks(model, batch, 2)
    with torch.inference_mode():
        plain = model(batch)
        masked = model(batch, gates=gates, baselines=fills)
    assert len(plain.states) == len(plain.messages) == len(model.layers)
    assert [s.shape[-1] for s in plain.states] == list(model.state_sizes)
    assert [m.edges.shape[-1] for m in plain.messages] == list(model.message_sizes)
    assert torch.equal(masked.messages[0].edges, plain.messages[0].edges)
    soft = plain.messages[0].soft_gates
    assert soft is not None
    assert soft.shape == (batch.num_edges,)
    assert 0 < soft.min().item() <= soft.max().item() < 1


def test_starting_from_known_messages_changes_nothing() -> None:
    model = small_model(SENTENCES, CONFIGS["three layers"])
    batch = batch_of(model, SENTENCES)
    with torch.inference_mode():
        plain = model(batch)
        for start in range(3):
            again = model.propagate(
                plain.states[start], batch, start=start, messages=plain.messages[start]
            )
            assert again.start == start
            assert len(again.states) == 3 - start
            assert torch.equal(again.logits, plain.logits)


def test_what_an_example_is_batched_with_does_not_matter(model: SrlModel) -> None:
    with torch.inference_mode():
        together = model(batch_of(model, SENTENCES)).logits
        start = 0
        for sentence in SENTENCES:
            alone = model(batch_of(model, [sentence])).logits
            part = together[start : start + len(sentence)]
            torch.testing.assert_close(part, alone, atol=1e-5, rtol=1e-5)
            start += len(sentence)
    assert start == together.shape[0]


def test_a_sentence_of_one_token_has_no_edges_but_a_prediction(model: SrlModel) -> None:
    one = build_sentence([("ba", "VB", -1, "root")], [(0, {})])
    batch = batch_of(model, [one])
    assert batch.num_edges == 0
    gates = [torch.ones(2, 0) for _ in model.layers]
    fills = [torch.randn(2, size) for size in model.message_sizes]
    with torch.inference_mode():
        plain = model(batch).logits
        assert plain.shape == (1, len(model.vocabulary.roles))
        found = model(batch, gates=gates, baselines=fills).logits
    torch.testing.assert_close(found, plain.expand_as(found), atol=1e-6, rtol=0)


def test_dropped_edges_in_training_keep_the_expected_message() -> None:
    model = small_model(SENTENCES, small_config(edge_dropout=0.25))
    batch = batch_of(model, SENTENCES * 40)
    torch.manual_seed(0)
    mask = model._edge_mask(batch)
    assert mask.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert mask.mean().item() == pytest.approx(1.0, abs=0.05)
    with torch.no_grad():
        plain = model(batch).logits
        assert torch.equal(model(batch).logits, plain)
        assert not torch.equal(model.train()(batch).logits, plain)


def test_architectures_are_checked_by_name() -> None:
    assert set(SRL_MODELS) == {"srl-gnn", "srl-lstm-gnn"}
    assert (SRL_MODELS["srl-gnn"].gcn_layers, SRL_MODELS["srl-lstm-gnn"].gcn_layers) == (2, 1)
    with pytest.raises(ConfigError, match=r"encoder='gru'; expected 'mlp' or 'bilstm'"):
        SrlConfig(encoder="gru")
    with pytest.raises(ConfigError, match="gcn_layers=0"):
        SrlConfig(gcn_layers=0)
    assert SrlConfig(**SrlConfig(hidden=3).to_json()) == SrlConfig(hidden=3)
