"""Padding is neutral: it takes part in all operations and changes nothing for the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from srl_tools import batch_of, build_sentence, planted_sentences, small_config, small_model

from linguagraph.errors import ConfigError
from linguagraph.models.padding import RoundSizes, pad
from linguagraph.models.transfer import pack, unpacked

SENTENCE = build_sentence(
    [("a", "X", 1, "det"), ("b", "VB", -1, "root"), ("c", "X", 1, "obj")], [(1, {2: "A1"})]
)


def test_added_nodes_and_edges_stay_among_themselves() -> None:
    batch = batch_of(small_model([SENTENCE]), [SENTENCE])
    assert RoundSizes.of(batch) == RoundSizes(nodes=512, edges=1024, examples=32, longest=16)
    found = pad(batch, RoundSizes(nodes=5, edges=7, examples=3, longest=4))
    assert found.units.tolist() == [1, 1, 1, 0, 0]
    assert found.edges.tolist() == [1, 1, 1, 1, 0, 0, 0]
    made = found.batch
    assert made.source[:4].tolist() == batch.source.tolist()
    assert made.source[4:].tolist() == made.target[4:].tolist() == [3, 4, 3]
    assert made.example.tolist() == [0, 0, 0, 2, 2]
    assert made.predicate.tolist() == [1, 3, 3]
    assert made.spans.tolist() == [3, 1, 1]
    assert made.roles[3:].tolist() == [-100, -100]
    assert made.longest == 4
    assert not made.has_context


@pytest.mark.parametrize("name", ["srl-gnn", "srl-lstm-gnn"])
def test_predictions_for_what_is_there_do_not_change(name: str) -> None:
    sentences = planted_sentences(5, seed=3)
    model = small_model(sentences, small_config(name)).eval()
    batch = batch_of(model, sentences)
    found = pad(batch, RoundSizes.of(batch))
    tensors = found.tensors()
    size = sum(tensor.numel() for tensor in tensors.values())
    again = found.with_tensors(
        unpacked(pack(tensors, torch.empty(size, dtype=torch.int64)), tensors)
    )
    with torch.no_grad():
        plain, padded = model(batch).logits, model(again.batch).logits
    assert padded.shape[0] == 512
    assert torch.allclose(padded[: batch.num_nodes], plain, atol=1e-6)


def test_batches_that_do_not_fit_are_refused() -> None:
    batch = batch_of(small_model([SENTENCE]), [SENTENCE])
    with pytest.raises(ConfigError, match="a batch of 3 nodes does not fit into"):
        pad(batch, RoundSizes(nodes=3, edges=4, examples=2, longest=3))


def test_batches_with_context_are_refused() -> None:
    batch = batch_of(small_model([SENTENCE]), [SENTENCE])
    batch = replace(batch, unit=batch.unit[:2])  # the third token is of another sentence
    with pytest.raises(ConfigError, match="context"):
        pad(batch, RoundSizes.of(batch))
