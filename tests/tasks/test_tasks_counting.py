"""The counting task: examples, the model, and DiffMask against the known relevant tokens."""

from __future__ import annotations

import pytest
import torch

from linguagraph.errors import ConfigError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_free import FreeMaskConfig, mask_units_freely
from linguagraph.masks.diffmask_gates import DiffMaskConfig
from linguagraph.masks.frozen import frozen
from linguagraph.masks.units import UnitMask
from linguagraph.tasks.counting import (
    CountingExample,
    CountingModel,
    CountingTraining,
    CountingUnits,
    counting_accuracy,
    counting_diffmask,
    counting_examples,
    score_tokens,
    train_counting,
)

BY_HAND = (CountingExample((3, 5), (3, 1, 5, 3)), CountingExample((2, 9), (9, 9, 0, 2, 7)))


def test_answers_and_relevant_tokens_by_hand() -> None:
    first, second = BY_HAND
    assert first.answer
    assert first.gold == (True, False, True, True)
    assert not second.answer
    assert second.gold == (True, True, False, True, False)
    assert not CountingExample((1, 2), (1, 2)).answer  # a tie is no


def test_examples_are_drawn_from_the_seed() -> None:
    found = counting_examples(3_000, seed=1)
    assert found == counting_examples(3_000, seed=1)
    assert found != counting_examples(3_000, seed=2)
    assert {len(e.digits) for e in found} == set(range(4, 11))
    assert all(e.query[0] != e.query[1] for e in found)
    assert {digit for e in found for digit in e.digits} == set(range(10))
    tokens = [relevant for e in found for relevant in e.gold]
    assert sum(tokens) / len(tokens) == pytest.approx(0.4 + 0.6 * 0.2, abs=0.015)
    with pytest.raises(ConfigError, match="at least 1"):
        counting_examples(0, seed=1)


def test_rows_as_they_were_give_the_models_own_answer() -> None:
    model = CountingModel(width=6)
    units = CountingUnits(model)
    batch = units.batch(BY_HAND)
    content = batch.content
    with torch.no_grad(), frozen(model):
        trace = units.trace(batch)
        wanted = model(content.query, content.digits, content.lengths)
        assert torch.equal(trace.output, wanted)
        for layer, states in enumerate(trace.states):
            assert states.shape == (9, 6)
            assert torch.equal(units.run(batch, states, layer=layer), wanted)


def test_padding_does_not_matter() -> None:
    model = CountingModel(width=6)
    units = CountingUnits(model)
    alone = units.trace(units.batch(BY_HAND[:1])).output
    assert torch.allclose(units.trace(units.batch(BY_HAND)).output[:1], alone, atol=1e-6)


def test_scores_by_hand() -> None:
    """Relevant are 6 of 9 tokens; 5 are kept, 4 of them relevant."""
    kept = torch.tensor([[1, 1, 1, 0, 1, 1, 0, 0, 0], [0] * 9]).bool()
    mask = UnitMask(kept.float(), kept, torch.tensor([0] * 4 + [1] * 5), ("a", "b"))
    first, second = score_tokens(mask, BY_HAND)
    assert first.precision == pytest.approx(4 / 5)
    assert first.recall == pytest.approx(4 / 6)
    assert first.f1 == pytest.approx(2 * 4 / (5 + 6))
    assert first.retained == pytest.approx(5 / 9)
    assert (second.precision, second.recall, second.f1) == (0, 0, 0)


def test_training_goes_on_from_the_seed_and_tells_its_steps() -> None:
    config = CountingTraining(examples=60, batch=20, epochs=2)
    steps: list[tuple[int, int]] = []
    first = train_counting(3, config=config, width=6, progress=lambda a, b: steps.append((a, b)))
    again = train_counting(3, config=config, width=6)
    assert steps == [(k, 6) for k in range(1, 7)]
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    )
    assert not first.training
    with pytest.raises(ConfigError, match="epochs=0"):
        CountingTraining(epochs=0)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["input", "hidden"])
def test_amortised_masks_keep_what_matters_and_free_ones_too_little(variant: str) -> None:
    model = train_counting(0)
    test = counting_examples(1_000, seed=100)
    assert counting_accuracy(model, test) > 0.99
    masker = counting_diffmask(model, config=DiffMaskConfig(variant=variant, bias=4.0))
    assert masker.result is not None
    assert masker.result.within
    units = masker.model
    batch = units.batch(test)
    found = dict(zip(units.state_names, score_tokens(masker.mask(batch), test), strict=True))
    assert found["feed-forward"].f1 >= 0.97
    layer = 0 if variant == "input" else 1
    some = test[:200]
    free = mask_units_freely(
        units,
        units.batch(some),
        FreeMaskConfig(),
        layer=layer,
        baseline=masker.gates.baselines[layer],
    )
    hindsight = score_tokens(free, some)[0]
    assert hindsight.recall < 0.75 < 0.97 < found["feed-forward"].recall


def test_gates_are_trained_on_examples_of_the_task() -> None:
    model = train_counting(0, config=CountingTraining(examples=100, epochs=1), width=6)
    masker = counting_diffmask(model, seed=1, train=60, dev=20, epochs=1)
    assert isinstance(masker, DiffMask)
    assert masker.quality is not None
    assert len(masker.quality.retained) == 3
