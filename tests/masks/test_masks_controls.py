"""Weakened and random masks, and the scores under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from srl_tools import batch_of, planted_sentences, small_config, small_model

from linguagraph.errors import MaskError
from linguagraph.masks import Masked, ProbeConfig, SrlGraphMask
from linguagraph.masks.controls import (
    CONDITIONS,
    control_gates,
    draw_like,
    draw_rows,
    drop_some,
    score_conditions,
)
from linguagraph.models import SrlBatch, SrlModel, count_roles

SENTENCES = planted_sentences(8, seed=14)
FLAGS = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(FLAGS, st.integers(0, 99))
def test_a_draw_keeps_as_many_in_every_group(flags: list[tuple[bool, int]], seed: int) -> None:
    kept = np.array([f for f, _ in flags], dtype=bool)
    groups = np.array([g for _, g in flags], dtype=np.int64)
    drawn = draw_like(kept, groups, np.random.default_rng(seed).random(len(kept)))
    assert drawn.dtype == bool
    for group in range(5):
        assert drawn[groups == group].sum() == kept[groups == group].sum()


def test_a_draw_is_uniform_within_its_group() -> None:
    kept = np.array([True, False, False, False, True, True])
    groups = np.array([0, 0, 0, 0, 1, 1])
    random = np.random.default_rng(0)
    mean = np.mean([draw_like(kept, groups, random.random(6)) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, [0.25] * 4 + [1, 1], atol=0.03)


def test_a_draw_takes_the_first_in_order() -> None:
    kept = np.array([True, False, False, True, True, False])
    groups = np.array([0, 0, 0, 0, 1, 1])
    order = np.array([4.0, 1.0, 3.0, 2.0, 9.0, 5.0])
    assert draw_like(kept, groups, order).tolist() == [False, True, False, True, False, True]


@settings(max_examples=60, deadline=None)
@given(FLAGS, st.integers(0, 99))
def test_rows_are_drawn_as_each_alone(flags: list[tuple[bool, int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = np.array([g for _, g in flags], dtype=np.int64)
    kept = np.stack([random.permutation([f for f, _ in flags]) for _ in range(3)]).astype(bool)
    order = random.integers(0, 9, kept.shape).astype(float)  # with ties
    expected = [draw_like(*row) for row in zip(kept, [groups] * 3, order, strict=True)]
    drawn = draw_rows(
        torch.from_numpy(kept).float(), torch.from_numpy(groups), torch.from_numpy(order), count=5
    )
    assert torch.equal(drawn, torch.from_numpy(np.stack(expected)).float())


@pytest.mark.parametrize(("share", "count"), [(100, 7), (75, 5), (50, 4), (25, 2), (0, 0)])
def test_dropping_keeps_a_share_of_the_kept(share: int, count: int) -> None:
    kept = np.array([True] * 7 + [False] * 5)
    left = drop_some(kept, share, np.random.default_rng(1))
    assert left.sum() == count
    assert not (left & ~kept).any()


def test_dropping_is_uniform() -> None:
    kept = np.array([True, False, True, True, True])
    random = np.random.default_rng(0)
    mean = np.mean([drop_some(kept, 50, random) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, [0.5, 0, 0.5, 0.5, 0.5], atol=0.03)


@pytest.fixture
def model() -> SrlModel:
    return small_model(SENTENCES, small_config(dropout=0.4))


@pytest.fixture
def masker(model: SrlModel) -> SrlGraphMask:
    made = SrlGraphMask.create(model, seeds=(2, 7), config=ProbeConfig(hidden=8, bias=0.0))
    torch.manual_seed(1)
    for name, parameter in made.probe.named_parameters():
        if name.endswith(("baseline", "read")):
            torch.nn.init.normal_(parameter)
    return made


@pytest.fixture
def batch(model: SrlModel) -> SrlBatch:
    return batch_of(model, SENTENCES)


@pytest.fixture
def masked(masker: SrlGraphMask, batch: SrlBatch) -> Masked:
    return masker.mask(batch)


def scores(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch, *, thresholds: list[float] | None = None
) -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
    found = score_conditions(
        masker, masked, batch, random=np.random.default_rng(0), thresholds=thresholds
    )
    return {(name, seed): (counts, kept) for name, seed, counts, kept in found}


def test_control_masks_have_the_size_that_they_control_for(masked: Masked, batch: SrlBatch) -> None:
    made = dict(control_gates(masked, batch, np.random.default_rng(0)))
    assert not torch.equal(made["random"][0], masked.gates[0])
    assert list(made) == [n for n in CONDITIONS[2:] if n != "soft_gates"]
    for layer, gates in enumerate(masked.gates):
        for index in range(2):
            whole = gates[index].sum().item()
            for share in (75, 50, 25, 0):
                part = made[f"retained_{share}"][layer][index]
                assert part.sum().item() == round(whole * share / 100)
                assert bool((part <= gates[index]).all())
            for name, groups in (
                ("random", batch.edge_example()),
                ("random_labels", batch.edge_example() * 12 + batch.edge_type),
                ("soft_gates_top", batch.edge_example()),
            ):
                drawn = made[name][layer][index]
                wanted = torch.zeros(120).index_add(0, groups, gates[index])
                assert torch.equal(torch.zeros(120).index_add(0, groups, drawn), wanted)


def test_the_top_soft_gates_are_the_largest_of_their_example(
    masked: Masked, batch: SrlBatch
) -> None:
    made = dict(control_gates(masked, batch, np.random.default_rng(0)))
    for layer, sent in enumerate(masked.original.messages):
        assert sent.soft_gates is not None
        for index in range(2):
            chosen = made["soft_gates_top"][layer][index].bool()
            for example in range(8):
                here = batch.edge_example() == example
                inside, outside = (sent.soft_gates[here & part] for part in (chosen, ~chosen))
                if len(inside) and len(outside):
                    assert inside.min() >= outside.max()


def test_predicate_edges_are_those_that_touch_the_predicate(
    masked: Masked, batch: SrlBatch
) -> None:
    made = dict(control_gates(masked, batch, np.random.default_rng(0)))["predicate_edges"]
    predicates = set(batch.predicate.tolist())
    ends = zip(batch.source.tolist(), batch.target.tolist(), strict=True)
    wanted = [float(bool({u, v} & predicates)) for u, v in ends]
    assert 0 < sum(wanted) < len(wanted)
    for gates in made:
        assert gates.tolist() == [wanted, wanted]


def test_every_condition_is_scored_for_every_seed(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch
) -> None:
    found = scores(masker, masked, batch, thresholds=[0.3, 0.3])
    single = {"original", "soft_gates"}
    expected = [(n, s) for n in CONDITIONS for s in ((-1,) if n in single else (2, 7))]
    assert sorted(found) == sorted(expected)
    assert all(counts.shape == (8, 3) and kept.shape == (8,) for counts, kept in found.values())
    gold = found["original", -1][0][:, 2]
    assert gold.tolist() == [len(s.frames[0].roles) for s in SENTENCES]
    assert all((counts[:, 2] == gold).all() for counts, _ in found.values())
    assert ("soft_gates", -1) not in scores(masker, masked, batch)


def test_the_original_keeps_all_edges_and_the_unmasked_counts(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch
) -> None:
    counts, kept = scores(masker, masked, batch)["original", -1]
    with torch.no_grad():
        nodes = count_roles(masker.model(batch).logits.argmax(-1), batch.roles)
    expected = torch.zeros(8, 3, dtype=torch.int64).index_add(0, batch.example, nodes)
    assert counts.tolist() == expected.tolist()
    assert kept.tolist() == (2 * batch.edge_counts).tolist()


def test_the_mask_and_nothing_of_it(masker: SrlGraphMask, masked: Masked, batch: SrlBatch) -> None:
    found = scores(masker, masked, batch)
    for index, seed in enumerate((2, 7)):
        per_edge = torch.stack([gates[index] for gates in masked.gates]).sum(0)
        wanted = torch.zeros(8).index_add(0, batch.edge_example(), per_edge)
        assert found["retained_100", seed][1].tolist() == wanted.tolist()
        assert found["random", seed][1].tolist() == wanted.tolist()
        assert found["random_labels", seed][1].sum() == wanted.sum()
        nodes = count_roles(masked.logits[index].argmax(-1), batch.roles).sum(0)
        assert found["retained_100", seed][0].sum(0).tolist() == nodes.tolist()
        counts, kept = found["retained_0", seed]
        assert not kept.any()
        zeros = [torch.zeros(1, batch.num_edges)] * 2
        fills = [b[index : index + 1].detach() for b in masker.probe.baselines]
        with torch.no_grad():
            logits = masker.model(batch, gates=zeros, baselines=fills).logits[0]
        assert counts.sum(0).tolist() == count_roles(logits.argmax(-1), batch.roles).sum(0).tolist()


@pytest.mark.parametrize("low", [0.0, 0.5, 1.1])
def test_soft_gates_below_the_threshold_are_closed_without_a_baseline(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch, low: float
) -> None:
    found = scores(masker, masked, batch, thresholds=[low, 0.0])
    counts, kept = found["soft_gates", -1]
    soft = masked.original.messages[0].soft_gates
    assert soft is not None
    mask = (soft >= low).float()
    closed = torch.zeros(8).index_add(0, batch.edge_example(), 1 - mask)
    assert kept.tolist() == (2 * batch.edge_counts - closed).tolist()
    with torch.no_grad():
        logits = masker.model(batch, gates=[mask, torch.ones_like(mask)]).logits
    assert counts.sum(0).tolist() == count_roles(logits.argmax(-1), batch.roles).sum(0).tolist()


def test_scoring_ignores_and_keeps_the_models_mode(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch
) -> None:
    calm = scores(masker, masked, batch, thresholds=[0.4, 0.4])
    masker.model.train()
    found = scores(masker, masked, batch, thresholds=[0.4, 0.4])
    assert masker.model.training
    for key, (counts, kept) in calm.items():
        assert (counts == found[key][0]).all()
        assert (kept == found[key][1]).all()


def test_between_two_conditions_the_caller_computes_as_usual(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch
) -> None:
    for _ in score_conditions(
        masker, masked, batch, random=np.random.default_rng(0), thresholds=[0.4, 0.4]
    ):
        assert not torch.is_inference_mode_enabled()
        assert all(p.requires_grad for p in masker.model.parameters())


def test_a_model_without_soft_gates_has_no_such_condition(
    masker: SrlGraphMask, masked: Masked, batch: SrlBatch
) -> None:
    bare = tuple(replace(m, soft_gates=None) for m in masked.original.messages)
    without = replace(masked, original=replace(masked.original, messages=bare))
    with pytest.raises(MaskError, match="no soft gates"):
        scores(masker, without, batch, thresholds=[0.4, 0.4])
