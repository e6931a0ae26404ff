"""Operations are those that torch counts; bytes and times are those counted by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from qa_tools import encoded, made_items, new_model
from srl_tools import batch_of, planted_sentences, small_model
from torch.utils.flop_counter import FlopCounterMode

from linguagraph.errors import ConfigError
from linguagraph.graphs.entity import RELATIONS
from linguagraph.masks.adjacency_probe import AdjacencyProbe
from linguagraph.masks.amortised_step import step
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.floors import GraphSizes, Work, along, product, qa_floor, srl_floor
from linguagraph.masks.frozen import frozen
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.qa_model import QaExplainable
from linguagraph.masks.srl import SrlGraphMask
from linguagraph.models.qa import QaConfig
from linguagraph.models.srl import SRL_MODELS, SrlConfig, SrlModel


@contextmanager
def counting() -> Iterator[FlopCounterMode]:
    """Count operations, also those of LSTMs, which oneDNN would hide."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oneDNN's, about other processors
        with torch.backends.mkldnn.flags(enabled=False), FlopCounterMode(display=False) as counter:
            yield counter


def test_products_and_sums_cost_what_they_move() -> None:
    assert product(2, 3, 5) == Work(60.0, 4.0 * (6 + 15 + 10))
    assert product(2, 3, 5, batch=2) == Work(120.0, 8.0 * 31)
    assert along(7, 2, 3) == Work(0.0, 4.0 * 27)


def test_the_larger_floor_counts() -> None:
    work = Work(flops=100.0, bytes=30.0) + Work(20.0, 10.0)
    assert work.seconds(flops=60.0, bandwidth=40.0) == 2.0
    assert work.bound(flops=60.0, bandwidth=40.0) == "operations"
    assert work.seconds(flops=60.0, bandwidth=10.0) == 4.0
    assert work.bound(flops=60.0, bandwidth=10.0) == "bytes"


@pytest.mark.parametrize("name", list(SRL_MODELS))
def test_operations_of_a_role_labelling_iteration_are_those_that_torch_counts(name: str) -> None:
    # of one length, so that rows of LSTMs have no padding
    sentences = [s for s in planted_sentences(60, seed=0) if len(s.tokens) == 6][:5]
    model = SrlModel(SRL_MODELS[name], small_model(sentences).vocabulary)
    batch, masker = batch_of(model, sentences), SrlGraphMask.create(model, seeds=[0])
    with frozen(model), counting() as counter:
        penalty, apart = masker.step(batch, divergence=Divergence())
        torch.autograd.backward((penalty + apart).sum())
    classes = len(model.vocabulary.roles)
    sizes = GraphSizes(batch.num_nodes, batch.num_edges, batch.num_examples, classes=classes)
    found = srl_floor(model.config, sizes, inputs=model.embedding.width)
    assert found.flops == counter.get_total_flops()
    assert found == srl_floor(model.config, sizes)  # the width is that of the configuration


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_operations_of_an_iteration_over_questions_are_those_that_torch_counts(
    seeds: tuple[int, ...],
) -> None:
    model = new_model()
    adapter = QaExplainable(model, form="matrices")
    batch = adapter.batch(encoded(made_items(1)) * 4)  # of one size, without padding
    probe = AdjacencyProbe(seeds, adapter.sites, adapter.relations, ProbeConfig())
    generators = [torch.Generator() for _ in seeds]
    with frozen(model), counting() as counter:
        found = step(adapter, probe, batch, lowest=0, generators=generators)
        assert found is not None
        torch.autograd.backward(found, [torch.ones(len(seeds))] * 2)
    content = batch.content
    sizes = GraphSizes(
        content.num_nodes,
        content.num_edges,
        content.num_items,
        relations=len(RELATIONS),
        largest=content.size,
        query=int(content.query_length.sum()),
    )
    twice = product(4, 2 * model.config.query, model.config.width).flops  # by answer, avoidable
    expected = counter.get_total_flops() - twice
    assert qa_floor(model.config, sizes, seeds=len(seeds)).flops == expected


def test_five_seeds_share_the_unmasked_pass() -> None:
    config, sizes = SRL_MODELS["srl-lstm-gnn"], GraphSizes(2000, 3800, 80, classes=40)
    one, five = (srl_floor(config, sizes, seeds=count) for count in (1, 5))
    assert one.flops < five.flops < 5 * one.flops
    assert five.flops - one.flops == pytest.approx(
        srl_floor(config, sizes, seeds=9).flops - five.flops
    )


def test_layers_that_are_not_counted_are_refused() -> None:
    with pytest.raises(ConfigError, match="counted for gated-gcn"):
        srl_floor(SrlConfig(conv="gat"), GraphSizes(1, 1, 1))
    with pytest.raises(ConfigError, match="counted for gated-rgcn"):
        qa_floor(QaConfig(conv="gat"), GraphSizes(1, 1, 1))
