"""Batches go to another device as one block."""

from __future__ import annotations

import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_model

from linguagraph.errors import ConfigError
from linguagraph.models.transfer import moved, pack, unpacked


def test_a_block_holds_all_tensors_in_their_shapes() -> None:
    tensors = {"a": torch.arange(3), "b": torch.arange(4).view(2, 2).t(), "c": torch.arange(0)}
    block = pack(tensors, torch.empty(7, dtype=torch.int64))
    assert block.tolist() == [0, 1, 2, 0, 2, 1, 3]
    found = unpacked(block, tensors)
    assert list(found) == ["a", "b", "c"]
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_what_is_there_already_stays() -> None:
    tensors = {"a": torch.arange(3)}
    assert moved(tensors, "cpu")["a"] is tensors["a"]


def test_other_types_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"a is torch\.float32"):
        moved({"a": torch.zeros(2)}, "cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_batch_on_a_gpu_is_one_block_and_nobody_waits() -> None:
    sentences = planted_sentences(3, seed=0)
    batch = batch_of(small_model(sentences), sentences)
    torch.cuda.set_sync_debug_mode("error")
    try:
        there = batch.to("cuda")
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len({t.untyped_storage().data_ptr() for t in there.tensors().values()}) == 1
    own = batch.tensors()
    assert all(torch.equal(own[name], t.cpu()) for name, t in there.tensors().items())
