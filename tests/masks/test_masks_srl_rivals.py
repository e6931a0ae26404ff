"""Other methods on SRL batches: their choices, what they put in the place of messages, seeds."""

from __future__ import annotations

import pytest
import torch
from srl_tools import planted_sentences, small_config, small_model

from linguagraph.errors import ConfigError
from linguagraph.masks.frozen import frozen
from linguagraph.masks.masker import Masker
from linguagraph.masks.srl_rivals import Choice, RivalMasker
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.srl import SrlModel

pytest.importorskip("torch_geometric")

from linguagraph.masks.rivals.attention import Attention
from linguagraph.masks.rivals.nonamortised import NonAmortised, NonAmortisedGatesConfig
from linguagraph.masks.rivals.random_scores import RandomScores

SENTENCES = planted_sentences(10, seed=4)


@pytest.fixture(scope="module")
def model() -> SrlModel:
    return small_model(SENTENCES, small_config(gcn_layers=2))


def examples_of(model: SrlModel) -> list[SrlExample]:
    return list(encode_examples(SENTENCES, model.vocabulary))


def test_the_masked_model_is_that_of_the_gates_with_zeros(model: SrlModel) -> None:
    masker: Masker = RivalMasker(
        model, {0: RandomScores(), 7: RandomScores()}, choice=Choice(keep=0.4)
    )
    examples = examples_of(model)
    batch = masker.collate(examples)
    masked = masker.explain(batch, examples, first=0)
    assert (masker.method, masker.seeds, masker.num_layers) == ("random", (0, 7), 2)
    assert not torch.equal(masked.scores[0][0], masked.scores[0][1])
    of_edge = batch.edge_example()
    for index in range(2):
        kept = sum(gates[index] for gates in masked.gates)
        counts = torch.zeros(batch.num_examples).index_add(0, of_edge, kept)
        assert torch.equal(counts, (2 * batch.edge_counts * 0.4 + 0.5).floor())
        with torch.no_grad(), frozen(model):
            gates = [gates[index] for gates in masked.gates]
            plain = model(batch, gates=gates, baselines=[torch.zeros(12), torch.zeros(12)])
        torch.testing.assert_close(masked.logits[index], plain.logits, atol=1e-5, rtol=1e-5)


def test_a_methods_own_baselines_stand_in_the_place_of_dropped_messages(model: SrlModel) -> None:
    method = NonAmortised(NonAmortisedGatesConfig(steps=15, lr=0.5))
    masker = RivalMasker(model, {3: method})
    examples = examples_of(model)
    batch = masker.collate(examples)
    masked = masker.explain(batch, examples)
    (fills,) = masked.fills
    assert all(fill is not None and fill.abs().sum() > 0 for fill in fills)
    assert any(0 < gates.mean() < 1 for gates in masked.gates)
    with torch.no_grad(), frozen(model):
        plain = model(batch, gates=[gates[0] for gates in masked.gates], baselines=fills)
        torch.testing.assert_close(masked.logits[0], plain.logits, atol=1e-5, rtol=1e-5)
        opened = [torch.ones_like(gates) for gates in masked.gates]
        same = masker.under(masked, batch, opened)
    torch.testing.assert_close(same[0], masked.original.logits, atol=1e-5, rtol=1e-5)


def test_a_threshold_is_compared_with_scores(model: SrlModel) -> None:
    masker = RivalMasker(model, {0: Attention()}, choice=Choice(threshold=0.9))
    examples = examples_of(model)
    masked = masker.explain(masker.collate(examples), examples)
    for gates, scores in zip(masked.gates, masked.scores, strict=True):
        assert torch.equal(gates.bool(), scores > 0.9)


def test_the_model_stays_as_it_was(model: SrlModel) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    masker = RivalMasker(model, {0: NonAmortised(NonAmortisedGatesConfig(steps=3))})
    examples = examples_of(model)
    masker.explain(masker.collate(examples), examples)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert not model.training


def test_what_cannot_be(model: SrlModel) -> None:
    with pytest.raises(ConfigError, match="at least one seed"):
        RivalMasker(model, {})
    with pytest.raises(ConfigError, match="give one of them"):
        Choice(keep=0.1, threshold=0.2)
    with pytest.raises(ConfigError, match="share from 0 to 1"):
        Choice(keep=-0.1)
