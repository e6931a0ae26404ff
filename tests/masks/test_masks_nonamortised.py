"""Gates fitted on the examples themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from srl_tools import batch_of, build_sentence, planted_edges, planted_sentences, small_model

from linguagraph.documents.records import Sentence, Token
from linguagraph.errors import ConfigError
from linguagraph.masks import (
    Divergence,
    LagrangianConfig,
    NonAmortisedConfig,
    mask_nonamortised,
)
from linguagraph.masks.nonamortised import _per_example
from linguagraph.models import SrlModel, encode_examples

QUICK = NonAmortisedConfig(steps=40)


def with_roles(sentences: list[Sentence], count: int) -> list[Sentence]:
    return [s for s in sentences if len(s.frames[0].roles) == 1 and len(s) > 5][:count]


@pytest.mark.parametrize("seed", [0, 1])
def test_sparse_masks_with_the_same_predictions_are_found(
    planted_model: SrlModel, seed: int
) -> None:
    """Bounds are wide: over nine models and noises 0 to 8 predictions of 40 changed."""
    sentences = with_roles(planted_sentences(200, seed=21), 40)
    batch = batch_of(planted_model, sentences)
    masked = mask_nonamortised(planted_model, batch, NonAmortisedConfig(seed=seed))
    gates = masked.gates[0]
    assert gates.shape == (1, batch.num_edges)
    assert masked.logits.shape == (1, batch.num_nodes, len(planted_model.vocabulary.roles))
    moved = masked.logits[0].argmax(-1) != masked.original.logits.argmax(-1)
    changed = torch.zeros(40).index_add(0, batch.example, moved.float()) > 0
    # a closed gate gets hardly any gradient, so that some examples end beyond the tolerance
    assert changed.sum().item() <= 14
    assert gates.mean().item() < 0.40
    examples = encode_examples(sentences, planted_model.vocabulary)
    needed = torch.tensor([edge for example in examples for edge in planted_edges(example)])
    assert gates[0][needed].mean().item() > 0.65
    assert gates[0][~needed].mean().item() < 0.35


def reworded(sentence: Sentence) -> Sentence:
    """Another sentence of the same tree shape."""
    tokens = tuple(
        Token(t.index, "ru", lemma="ru", xpos=t.xpos, head=t.head, deprel=t.deprel)
        for t in sentence.tokens
    )
    return Sentence(tokens, sentence.frames)


def test_examples_do_not_influence_their_batch_mates(planted_model: SrlModel) -> None:
    one, other = planted_sentences(2, seed=5)
    first = mask_nonamortised(planted_model, batch_of(planted_model, [one, other]), QUICK)
    second = mask_nonamortised(
        planted_model, batch_of(planted_model, [one, reworded(other)]), QUICK
    )
    edges = 2 * (len(one) - 1)
    assert torch.allclose(first.locations[0][:, :edges], second.locations[0][:, :edges], atol=1e-3)
    assert not torch.allclose(first.locations[0][:, edges:], second.locations[0][:, edges:])


def test_each_example_has_its_own_multiplier(planted_model: SrlModel) -> None:
    """An example whose prediction cannot change loses its edges, whatever its mate needs."""
    idle = build_sentence([("ba", "VB", -1, "root"), ("de", "X", 0, "obl")], [(0, {})])
    busy = with_roles(planted_sentences(40, seed=21), 1)[0]
    config = NonAmortisedConfig(
        steps=150, lr=0.1, constraint=LagrangianConfig(tolerance=0.05, initial=1.0)
    )
    masked = mask_nonamortised(planted_model, batch_of(planted_model, [idle, busy]), config)
    assert not masked.gates[0][0, :2].any()
    alone = mask_nonamortised(planted_model, batch_of(planted_model, [idle]), config)
    assert not alone.gates[0].any()


def test_it_repeats_for_a_seed(planted_model: SrlModel) -> None:
    batch = batch_of(planted_model, planted_sentences(3, seed=6))
    first, again, other = (
        mask_nonamortised(planted_model, batch, replace(QUICK, seed=seed)).locations[0]
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("unit", ["argument", "token"])
def test_the_divergence_is_counted_per_example(unit: str) -> None:
    sentences = planted_sentences(4, seed=7)
    model = small_model(sentences)
    batch = batch_of(model, sentences)
    divergence = Divergence("kl", unit)
    torch.manual_seed(0)
    original, masked = torch.randn(2, batch.num_nodes, len(model.vocabulary.roles))
    found = _per_example(original, masked, batch, divergence)
    for index in range(4):
        mine = batch.example == index
        expected = divergence(original[mine], masked[mine])
        assert found[index].item() == pytest.approx(expected.item(), abs=1e-5)


def test_examples_without_edges_are_fine() -> None:
    one = build_sentence([("ba", "VB", -1, "root")], [(0, {})])
    model = small_model([one])
    masked = mask_nonamortised(model, batch_of(model, [one]), NonAmortisedConfig(steps=2))
    assert [g.shape for g in masked.gates] == [(1, 0)] * 2
    torch.testing.assert_close(masked.logits[0], masked.original.logits, atol=1e-6, rtol=0)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="steps=0"):
        NonAmortisedConfig(steps=0)
