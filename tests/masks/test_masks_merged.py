"""Masks over merged graphs: edges of the context are gated where they can matter, only there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from merged_tools import linked_documents, planted_documents
from srl_tools import small_config
from torch.nn import functional as F

from linguagraph.documents.records import Document
from linguagraph.masks import (
    FitConfig,
    LagrangianConfig,
    Masked,
    NonAmortisedConfig,
    ProbeConfig,
    SrlGraphMask,
    fit_graphmask,
    mask_nonamortised,
)
from linguagraph.masks.controls import KIND_CONDITIONS, control_gates, score_conditions
from linguagraph.masks.divergences import Divergence
from linguagraph.masks.frozen import frozen
from linguagraph.models import SrlBatch, SrlExample, SrlModel, SrlVocabulary, encode_examples
from linguagraph.models.batch import bucket, collate
from linguagraph.models.contexts import GraphSource

KINDS = ("dependency", "coreference")
DOCUMENTS = planted_documents(5, seed=8)
LABELS = ("coref:pronoun", "coref:proper", "coref:nominal")


def untrained(name: str = "srl-gnn", *, layers: int = 2) -> SrlModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        sentences = [s for d in DOCUMENTS for s in d.sentences]
        vocabulary = SrlVocabulary.build(sentences, rare_word=1, rare_role=1, labels=LABELS)
        config = small_config(name, kinds=KINDS, gcn_layers=layers)
        return SrlModel(config, vocabulary).eval()


def examples_of(model: SrlModel, documents: list[Document]) -> list[SrlExample]:
    graphs = GraphSource(model.config).graphs(documents)
    sentences = [s for d in documents for s in d.sentences]
    return list(encode_examples(sentences, model.vocabulary, graphs=graphs))


def half_open(model: SrlModel, examples: list[SrlExample]) -> tuple[SrlGraphMask, SrlBatch, Masked]:
    masker = SrlGraphMask.create(model, seeds=(0, 4), config=ProbeConfig(hidden=6, bias=0.0))
    batch = masker.collate(examples)
    return masker, batch, masker.mask(batch)


@pytest.fixture(params=["srl-gnn", "srl-lstm-gnn"])
def model(request: pytest.FixtureRequest) -> SrlModel:
    return untrained(request.param)


def test_edges_that_cannot_matter_are_closed_and_nothing_depends_on_it(model: SrlModel) -> None:
    masker, batch, masked = half_open(model, examples_of(model, DOCUMENTS))
    for layer, (gates, locations) in enumerate(zip(masked.gates, masked.locations, strict=True)):
        effective = batch.effective(layer, 2)
        assert effective is not None
        decided = masker.probe.config.gates.decide(locations)
        assert torch.equal(gates[:, effective], decided[:, effective])
        assert gates[:, ~effective].sum() == 0
    assert batch.effective(0, 2).all()
    assert not batch.effective(1, 2).all()
    opened = [masker.probe.config.gates.decide(v) for v in masked.locations]
    with torch.inference_mode(), frozen(model):
        again = masker.run(masked.original, batch, opened)
    torch.testing.assert_close(again, masked.logits, atol=1e-5, rtol=1e-5)


def test_all_gates_open_is_the_model_itself(model: SrlModel) -> None:
    examples = examples_of(model, DOCUMENTS)
    masker = SrlGraphMask.create(model, seeds=(0, 4), config=ProbeConfig(hidden=6, bias=50.0))
    batch = masker.collate(examples)
    masked = masker.mask(batch)
    plain = masked.original.logits
    torch.testing.assert_close(masked.logits, plain.expand_as(masked.logits), atol=1e-5, rtol=1e-5)
    for quality in masker.evaluate(examples).values():
        assert quality.retained == 1.0
        assert quality.per_layer == (1.0, 1.0)
        assert quality.difference == 0.0


def test_shares_count_edges_where_they_can_matter(model: SrlModel) -> None:
    examples = examples_of(model, DOCUMENTS)
    masker, batch, masked = half_open(model, examples)
    counts = [int(batch.effective(k, 2).sum()) for k in range(2)]
    kept = torch.stack([gates.sum(-1) for gates in masked.gates])
    for place, quality in enumerate(masker.evaluate(examples).values()):
        shares = [kept[k, place].item() / counts[k] for k in range(2)]
        assert quality.per_layer == pytest.approx(shares)
        assert quality.retained == pytest.approx(kept[:, place].sum().item() / sum(counts))


def test_the_penalty_is_the_mean_over_gates_that_can_matter(model: SrlModel) -> None:
    masker, batch, masked = half_open(model, examples_of(model, DOCUMENTS))
    with frozen(model):
        penalty, _ = masker.step(batch, divergence=Divergence())
    gates = masker.probe.config.gates
    expected = torch.zeros(2)
    for layer, locations in enumerate(masked.locations):
        there = batch.effective(layer, 2)
        expected += gates.nonzero_probability(locations)[:, there].sum(-1)
    total = sum(int(batch.effective(k, 2).sum()) for k in range(2))
    torch.testing.assert_close(penalty.detach(), expected / total)


def test_controls_draw_only_edges_that_can_matter(model: SrlModel) -> None:
    _, batch, masked = half_open(model, examples_of(model, DOCUMENTS))
    effective = [batch.effective(k, 2) for k in range(2)]
    of_edge = batch.edge_example()
    for name, gates in control_gates(masked, batch, np.random.default_rng(0)):
        for layer, drawn in enumerate(gates):
            assert drawn[:, ~effective[layer]].sum() == 0, name
            if name.startswith("random") or name == "soft_gates_top":
                for found, kept in zip(drawn, masked.gates[layer], strict=True):
                    counts = [
                        torch.zeros(batch.num_examples).index_add(0, of_edge, g)
                        for g in (found, kept)
                    ]
                    assert torch.equal(*counts), name


def test_scores_without_each_kind(model: SrlModel) -> None:
    masker, batch, masked = half_open(model, examples_of(model, DOCUMENTS))
    found = {
        (name, seed): (counts, kept)
        for name, seed, counts, kept in score_conditions(
            masker, masked, batch, random=np.random.default_rng(0), thresholds=[0.5, 0.5]
        )
    }
    assert KIND_CONDITIONS[:4] == (
        "without_dependency",
        "removed_dependency",
        "without_coreference",
        "removed_coreference",
    )
    named = {key for key in found if key[0] in KIND_CONDITIONS}
    assert named == {
        *((f"without_{kind}", seed) for kind in KINDS for seed in (0, 4)),
        *((f"removed_{kind}", -1) for kind in KINDS),
    }
    of_edge, effective = batch.edge_example(), [batch.effective(k, 2) for k in range(2)]
    total = torch.stack(effective).sum(0)
    original = found["original", -1]
    assert original[0][:, 2].tolist() == found["removed_coreference", -1][0][:, 2].tolist()
    for code, kind in enumerate(KINDS):
        left = torch.where(batch.kind == code, 0, total)
        expected = torch.zeros(batch.num_examples, dtype=torch.long).index_add(0, of_edge, left)
        assert found[f"removed_{kind}", -1][1].tolist() == expected.tolist()
        assert found[f"without_{kind}", 4][1].tolist() == expected.tolist()
    assert original[1].sum() == total.sum()
    assert (found["soft_gates", -1][1] <= original[1]).all()


def test_models_of_dependencies_have_no_such_scores() -> None:
    sentences = [s for d in DOCUMENTS for s in d.sentences]
    vocabulary = SrlVocabulary.build(sentences, rare_word=1, rare_role=1)
    model = SrlModel(small_config(), vocabulary).eval()
    examples = list(encode_examples(sentences, vocabulary))
    masker, batch, masked = half_open(model, examples)
    names = {
        found[0]
        for found in score_conditions(
            masker, masked, batch, random=np.random.default_rng(0), thresholds=None
        )
    }
    assert not names & set(KIND_CONDITIONS)


def test_masks_without_amortisation_close_what_cannot_matter() -> None:
    model = untrained()
    batch = collate(examples_of(model, DOCUMENTS[:2]), num_labels=len(model.vocabulary.labels))
    masked = mask_nonamortised(model, batch, NonAmortisedConfig(steps=5))
    for layer, gates in enumerate(masked.gates):
        assert gates[:, ~batch.effective(layer, 2)].sum() == 0


def test_coreference_edges_that_a_model_needs_are_kept() -> None:
    train, fresh = linked_documents(160, seed=1), linked_documents(60, seed=9)
    model = _trained(train)
    examples = examples_of(model, train)
    masker = SrlGraphMask.create(model, seeds=(0, 1), config=ProbeConfig(hidden=16))
    config = FitConfig(
        epochs_per_layer=40,
        epochs_after=0,
        tokens=60,
        lr=0.005,
        checks=1,
        allowed=0.06,
        constraint=LagrangianConfig(tolerance=0.05, lr=0.05),
    )
    fit_graphmask(masker, examples[:-40], examples[-40:], config, log=lambda line: None)
    batch = masker.collate(examples_of(model, fresh))
    gates = masker.mask(batch).gates[0].bool()
    needed = batch.kind == KINDS.index("coreference")
    assert needed.sum() == 60  # one edge into each "it"; the one back leads out of the sentence
    for row in gates:
        assert row[needed].float().mean() >= 0.6  # a baseline may stand for one role's edges
        assert row[~needed].float().mean() <= 0.5
    counts = {}
    for name, seed, found, _ in score_conditions(
        masker,
        masker.mask(batch),
        batch,
        random=np.random.default_rng(0),
        thresholds=None,
    ):
        counts[name, seed] = found.sum(0)
    f1 = {key: 2 * c[0] / (c[1] + c[2]) for key, c in counts.items()}
    assert f1["original", -1] > 0.95
    assert f1["retained_100", 0] > 0.8
    for key in (
        ("without_coreference", 0),
        ("without_coreference", 1),
        ("removed_coreference", -1),
    ):
        assert f1[key] < f1["retained_100", 0] - 0.1


def _trained(documents: list[Document]) -> SrlModel:
    sentences = [s for d in documents for s in d.sentences]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vocabulary = SrlVocabulary.build(sentences, rare_word=1, rare_role=1, labels=LABELS)
        config = small_config(hidden=48, gcn_layers=1, kinds=KINDS, word=16, edge_dropout=0.0)
        model = SrlModel(config, vocabulary).train()
        examples = examples_of(model, documents)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
        for epoch in range(20):
            for run in bucket([e.num_nodes for e in examples], tokens=150, seed=epoch):
                batch = collate([examples[i] for i in run], num_labels=len(vocabulary.labels))
                loss = F.cross_entropy(model(batch).logits, batch.roles, label_smoothing=0.1)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()
