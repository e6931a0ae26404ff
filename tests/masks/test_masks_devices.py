"""Masks on a GPU are those of a processor; seeds side by side are those one by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.documents import read_conll09
from linguagraph.masks.frozen import frozen
from linguagraph.masks.probes import load_graphmask
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.masks.srl_model import SrlExplainable
from linguagraph.models import encode_examples, load_model
from linguagraph.models.batch import collate, in_order
from linguagraph.models.deterministic import deterministic
from linguagraph.pretrained import BUNDLED, bundled_path, sample_path

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
SEEDS = range(5)


def bundled(name: str, device: str = "cpu") -> SrlGraphMask:
    """A bundled model with its five probes."""
    model, record = load_model(bundled_path(name))
    probes = bundled_path(name) / "probes"
    explains = record["fingerprint"]
    return load_graphmask(model.to(device), probes, seeds=SEEDS, explains=explains)[0]


def sampled(masker: SrlGraphMask, *, limit: int | None = None) -> Iterator[list[object]]:
    """Batches of the bundled sample."""
    sentences = list(read_conll09(sample_path()))[:limit]
    examples = sorted(encode_examples(sentences, masker.model.vocabulary), key=len)
    for run in in_order([len(example) for example in examples], tokens=2000):
        yield [examples[i] for i in run]


@pytest.mark.parametrize("size", [1, 3])
def test_seeds_side_by_side_give_the_logits_of_each_alone(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = planted_sentences(8, seed=1)
    model = small_model(sentences, small_config("srl-gnn"))
    batch, masker = batch_of(model, sentences), SrlGraphMask.create(model, seeds=range(3))
    parts = [slice(start, start + size) for start in range(0, 3, size)]
    monkeypatch.setattr(masker, "_parts", lambda batch: parts)
    together = masker.mask(batch).logits
    for seed in range(3):
        alone = SrlGraphMask.create(model, seeds=[seed])
        for name, parameter in masker.probe.select(seed).items():
            assert torch.equal(alone.probe.select(seed)[name], parameter)
        assert torch.allclose(alone.mask(batch).logits[0], together[seed], atol=1e-5)


@pytest.mark.parametrize("lowest", [0, 1])
def test_adapters_run_all_seeds_as_they_run_each(lowest: int) -> None:
    sentences = planted_sentences(6, seed=1)
    adapter = SrlExplainable(small_model(sentences))
    graphs = adapter.graphs(batch_of(adapter.model, sentences))
    generator = torch.Generator().manual_seed(0)
    gates = torch.rand(3, 2, graphs.num_edges, generator=generator).round()
    gates[:, :lowest] = 1
    baselines = [torch.randn(3, size, generator=generator) for size in adapter.model.message_sizes]
    with frozen(adapter.model):
        trace = adapter.trace(graphs)
        together = adapter.run_seeds(graphs, gates, baselines=baselines, trace=trace, lowest=lowest)
        for seed, rows in enumerate(gates):
            own = [baseline[seed] for baseline in baselines]
            alone = adapter.run(graphs, rows, baselines=own, trace=trace)
            assert torch.allclose(together[seed], alone, atol=1e-5)


@pytest.mark.parametrize("name", BUNDLED)
def test_bfloat16_changes_few_edges_and_gates_are_read_out_in_32_bits(name: str) -> None:
    masker = bundled(name)
    examples = next(sampled(masker, limit=12))
    batch = collate(examples, num_labels=len(masker.model.vocabulary.labels))
    plain = masker.mask(batch)
    masker.precision = "bfloat16"
    half = masker.mask(batch)
    assert half.logits.dtype == half.original.logits.dtype == torch.float32
    shares = []
    for gates, others, places in zip(plain.gates, half.gates, half.locations, strict=True):
        assert places.dtype == torch.float32
        assert not torch.equal(places, places.bfloat16().float())  # more digits than 16 bits have
        shares.append((gates == others).float().mean())
    assert min(shares) > 0.99
    assert not torch.equal(plain.locations[0], half.locations[0])


@pytest.mark.gpu
@CUDA
@pytest.mark.parametrize("name", BUNDLED)
def test_masks_on_a_gpu_are_those_of_a_processor(name: str) -> None:
    there, here = bundled(name), bundled(name, "cuda")
    threshold, gates, same = there.probe.config.gates.threshold, 0, 0
    for examples in sampled(there):
        first = there.mask(there.collate(examples))
        second = here.mask(here.collate(examples))
        for layer, locations in enumerate(first.locations):
            equal = first.gates[layer] == second.gates[layer].cpu()
            gates, same = gates + equal.numel(), same + int(equal.sum())
            assert ((locations - threshold).abs()[~equal] < 1e-4).all()
    assert same >= 0.999 * gates


@pytest.mark.gpu
@CUDA
def test_deterministic_masks_are_the_same_bit_for_bit() -> None:
    with deterministic():
        masker = bundled("srl-lstm-gnn", "cuda")
        batch = masker.collate(next(sampled(masker)))
        first, second = masker.mask(batch), masker.mask(batch)
    assert torch.equal(first.logits, second.logits)
    for one, two in zip(first.locations, second.locations, strict=True):
        assert torch.equal(one, two)
