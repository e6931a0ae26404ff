"""Models as DiffMask sees them: with every row as it was the answer is the model's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import qa_tools
import srl_tools
import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.diffmask_qa import QaUnits
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.masks.diffmask_transformers import TransformerUnits
from linguagraph.masks.frozen import frozen
from linguagraph.masks.units import Layered, UnitBatch
from linguagraph.models.batch import encode_examples

TEXTS = ((2, 7, 8, 9, 3), (2, 10, 3), (2, 11, 12, 13, 14, 15, 3))


def srl_units(name: str) -> tuple[Layered, UnitBatch, Tensor]:
    sentences = srl_tools.planted_sentences(6, seed=3)
    model = srl_tools.small_model(sentences, srl_tools.small_config(name))
    units = SrlUnits(model)
    batch = units.batch(list(encode_examples(sentences, model.vocabulary)))
    with torch.no_grad():
        return units, batch, model(batch.content).logits


def qa_units(form: str) -> tuple[Layered, UnitBatch, Tensor]:
    model = qa_tools.new_model()
    units = QaUnits(model, form=form)
    batch = units.batch(qa_tools.encoded(qa_tools.made_items(4)))
    with torch.no_grad():
        return units, batch, model(batch.content, form=form).logits


def bert(head: str = "sequence") -> Any:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=12,
        num_labels=3,
    )
    kinds = {
        "sequence": transformers.BertForSequenceClassification,
        "token": transformers.BertForTokenClassification,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kinds[head](config).eval()
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.3)
        return model


def tokenised(ids: tuple[int, ...]) -> dict[str, Any]:
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": torch.ones(1, len(ids), dtype=torch.long),
        "special_tokens_mask": torch.tensor([[int(i in (2, 3)) for i in ids]]),
        "word_ids": [None, *(k // 2 for k in range(len(ids) - 2)), None],
    }


def bert_units(head: str) -> tuple[Layered, UnitBatch, Tensor]:
    model = bert(head)
    units = TransformerUnits(model)
    batch = units.batch([tokenised(ids) for ids in TEXTS])
    ids = nn.utils.rnn.pad_sequence([torch.tensor(i) for i in TEXTS], batch_first=True)
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=(ids > 0).long()).logits
    return units, batch, logits if head == "sequence" else logits[batch.content.maskable]


CASES: dict[str, Callable[[], tuple[Layered, UnitBatch, Tensor]]] = {
    "srl mlp": lambda: srl_units("srl-gnn"),
    "srl lstm": lambda: srl_units("srl-lstm-gnn"),
    "qa edges": lambda: qa_units("edges"),
    "qa matrices": lambda: qa_units("matrices"),
    "bert": lambda: bert_units("sequence"),
    "bert tokens": lambda: bert_units("token"),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_as_they_were_give_the_models_own_answer(case: str) -> None:
    units, batch, wanted = CASES[case]()
    with torch.no_grad(), frozen(units.module):
        trace = units.trace(batch)
        assert torch.equal(trace.output, wanted)
        assert len(trace.states) == len(units.state_names) == len(units.state_sizes)
        for layer, states in enumerate(trace.states):
            assert states.shape == (batch.num_units, units.state_sizes[layer])
            assert torch.equal(units.run(batch, states, layer=layer), wanted), layer


@pytest.mark.parametrize("case", CASES)
def test_other_rows_give_other_answers_and_gradients(case: str) -> None:
    units, batch, wanted = CASES[case]()
    with frozen(units.module):
        trace = units.trace(batch)
        for layer, states in enumerate(trace.states):
            other = (states + 0.1 * torch.randn(states.shape)).requires_grad_()
            found = units.run(batch, other, layer=layer)
            if case == "bert" and layer == 3:  # only [CLS], no unit, is read from the top
                assert torch.equal(found, units.run(batch, states, layer=layer))
                continue
            assert not torch.allclose(found, wanted)
            (slope,) = torch.autograd.grad(found.square().sum(), other)
            assert bool((slope != 0).any())
    assert all(p.requires_grad and p.grad is None for p in units.module.parameters())


@pytest.mark.parametrize("case", CASES)
def test_units_and_weights(case: str) -> None:
    units, batch, _ = CASES[case]()
    with frozen(units.module):
        trace = units.trace(batch)
    assert bool((batch.unit_example.diff() >= 0).all())
    assert int(batch.unit_example.max()) == batch.num_examples - 1
    assert trace.output.shape[0] == len(trace.output_example) == len(trace.weights)


def test_the_answers_of_an_srl_example_weigh_as_much_as_its_arguments() -> None:
    units, batch, logits = srl_units("srl-gnn")
    with frozen(units.module):
        trace = units.trace(batch)
    sums = torch.zeros(batch.num_examples).index_add(0, trace.output_example, trace.weights)
    for example in range(batch.num_examples):
        mine = batch.unit_example == example
        arguments = max(1, int((logits[mine].argmax(-1) != 0).sum()))
        assert sums[example].item() == pytest.approx(int(mine.sum()) / arguments)


def test_pieces_of_the_text_are_units_special_tokens_and_padding_are_none() -> None:
    units, batch, _ = bert_units("sequence")
    assert batch.unit_example.tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2]
    assert batch.content.word.tolist() == [0, 0, 1, 0, 0, 0, 1, 1, 2]
    vectors = units.module.get_input_embeddings().weight[[7, 8, 9, 10, 11, 12, 13, 14, 15]]
    with frozen(units.module):
        assert torch.equal(units.trace(batch).states[0], vectors)


def test_hidden_states_are_those_that_the_library_tells() -> None:
    units, batch, _ = bert_units("sequence")
    content = batch.content
    with torch.no_grad():
        found = units.module(
            input_ids=content.input_ids, output_hidden_states=True, **content.inputs
        ).hidden_states
    for layer, states in enumerate(units.trace(batch).states[1:], start=1):
        assert torch.equal(states, found[layer][content.maskable])


def test_no_hook_is_left_when_a_pass_fails() -> None:
    units, batch, _ = bert_units("sequence")
    states = units.trace(batch).states[2]
    with pytest.raises((RuntimeError, IndexError, ValueError)):
        units.run(batch, states[:-1], layer=2)
    assert all(not m._forward_hooks for m in units.module.modules())


def test_what_cannot_be_masked_is_refused() -> None:
    with pytest.raises(MaskError, match="no encoder of the transformers library"):
        TransformerUnits(nn.Linear(2, 2))
    row = tokenised(TEXTS[0])
    del row["special_tokens_mask"]
    with pytest.raises(MaskError, match="return_special_tokens_mask=True"):
        TransformerUnits(bert()).batch([row])
