"""Gradient paths of small transformers: against autograd, brute-force shares, and known models."""

from __future__ import annotations

import math

import pytest
import torch

from linguagraph.errors import MaskError
from linguagraph.masks.semiring import Tape
from linguagraph.masks.semiring_text import PARTS, find_layers, text_path
from linguagraph.models.text_classifier import TextClassifier, TextConfig, build_classifier
from linguagraph.models.text_vocabulary import SPECIAL, TextVocabulary

pytest.importorskip("transformers")

VOCABULARY = TextVocabulary((*SPECIAL, "a", "b", "c", "d"))
WORDS = ("a", "b", "[MASK]", "d")


def small(head: str = "sequence", layers: int = 2) -> TextClassifier:
    torch.manual_seed(1)
    config = TextConfig(
        labels=("a", "b"), head=head, layers=layers, width=8, heads=2, inner=8, spread=0.3
    )
    return build_classifier(config, VOCABULARY).eval().double()


@pytest.mark.parametrize("head", ["sequence", "masked"])
def test_the_gradient_is_that_of_autograd(head: str) -> None:
    model = small(head)
    batch = model.encode([WORDS])
    embeddings = model.network.get_input_embeddings()(batch.input_ids).detach().requires_grad_()
    answers = model.answers(model.network(inputs_embeds=embeddings).logits, batch)
    (expected,) = torch.autograd.grad(answers[0, 1] - answers[0, 0], embeddings)
    tape = Tape()
    with tape.recording(model):
        logits = model.network(inputs_embeds=tape.watch(embeddings)).logits
        answers = model.answers(logits, batch)
        margin = answers[0, 1] - answers[0, 0]
    found = tape.backward({tape.number(margin): torch.ones_like(margin)}, "sum")
    torch.testing.assert_close(found[tape.inputs[0]][0], expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("head", ["sequence", "masked"])
def test_a_path_takes_one_way_through_every_layer(head: str) -> None:
    path = text_path(small(head), WORDS, label=1)
    assert len(path.layers) == 2
    for layer in path.layers:
        assert layer.part in PARTS
        assert sum(layer.weights) == pytest.approx(1)
        assert min(layer.weights) > 0
        assert 0 <= layer.piece < 6
    assert 0 < path.share < 1
    assert path.entropy > -math.log(path.share) * path.share
    assert path.word == path.column - 1
    if path.layers[0].part != "query":  # what the lowest layer reads is where the path ends
        assert path.layers[0].piece == path.column


def test_without_values_only_the_skip_connection_is_left() -> None:
    model = small(layers=1)
    attention = model.network.bert.encoder.layer[0].attention
    with torch.no_grad():
        attention.output.dense.weight.zero_()
    path = text_path(model, WORDS, label=0)
    assert path.layers[0].part == "skip"
    assert path.layers[0].weights == pytest.approx((0, 0, 0, 1))
    assert path.column == 0  # [CLS] is all that reaches the answer
    assert path.word == -1
    assert path.layers[0].piece == 0


def test_with_constant_attention_all_goes_through_values() -> None:
    model = small(layers=1)
    attention = model.network.bert.encoder.layer[0].attention.self
    with torch.no_grad():
        attention.query.weight.zero_()
        attention.query.bias.zero_()
        attention.key.weight.zero_()
    weights = text_path(model, WORDS, label=0).layers[0].weights
    assert weights[:2] == (0, 0)
    assert weights[2] > 0


def test_margins_have_the_sign_of_the_answer() -> None:
    model = small()
    odds = model.probabilities([WORDS])[0]
    margin = text_path(model, WORDS, label=1).margin
    assert margin == pytest.approx(float((odds[1] / odds[0]).log()), abs=1e-4)
    assert text_path(model, WORDS, label=0).margin == pytest.approx(-margin)


def test_what_cannot_be_followed_is_refused() -> None:
    with pytest.raises(MaskError, match="training mode"):
        text_path(small().train(), WORDS, label=0)
    other = TextClassifier(
        torch.nn.Linear(2, 2), VOCABULARY, labels=("a", "b"), head="sequence", positions=8
    )
    with pytest.raises(MaskError, match="named query, key and value"):
        find_layers(other)


def test_paths_from_one_word_leave_the_skip_connection() -> None:
    model = small()
    everywhere = text_path(model, WORDS, label=1)
    from_words = [text_path(model, WORDS, label=1, start=i) for i in range(len(WORDS))]
    for number, path in enumerate(from_words):
        assert path.word == number
        assert path.value == pytest.approx(everywhere.best[number])
        assert path.best[number] == pytest.approx(path.value)
        assert path.total[number] == pytest.approx(everywhere.total[number])
        assert sum(path.total) == path.total[number]
        assert {layer.part for layer in path.layers} & {"key", "value"}  # [CLS] is the answer's
        assert path.value <= everywhere.value * (1 + 1e-9)
    from_all = [path.value for path in from_words]
    if everywhere.word >= 0:
        assert everywhere.value == pytest.approx(max(from_all))
    with pytest.raises(MaskError, match="start=9; the sentence has no such word"):
        text_path(model, WORDS, label=1, start=9)
