"""Controls of masks over units: as many units, dropped units, and what the answers become."""

from __future__ import annotations

import pytest
import torch
from test_masks_diffmask import FAST, SignUnits, sign_examples

from linguagraph.errors import MaskError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_gates import DiffMaskConfig
from linguagraph.masks.unit_controls import (
    UNIT_CONDITIONS,
    control_masks,
    random_like,
    score_units,
)
from linguagraph.masks.units import UnitBatch, UnitMask


def test_as_many_random_units_of_each_example_as_are_kept() -> None:
    kept = torch.tensor([1, 0, 0, 1, 1, 1, 0, 0, 0, 0]).bool()
    example = torch.tensor([0, 0, 0, 0, 2, 2, 2, 3, 3, 3])
    generator = torch.Generator().manual_seed(0)
    drawn = [random_like(kept, example, generator=generator) for _ in range(200)]
    for one in drawn:
        assert torch.bincount(example[one], minlength=4).tolist() == [2, 0, 2, 0]
    share = torch.stack(drawn).float().mean(0)
    assert (share[:4] - 0.5).abs().max() < 0.15
    assert (share[4:7] - 2 / 3).abs().max() < 0.15


def test_the_conditions_of_one_layer() -> None:
    retained = torch.tensor([[True, True, True], [True, False, True]])
    mask = UnitMask(retained.float(), retained, torch.tensor([0, 0, 1]), ("a", "b"))
    found = dict(control_masks(mask, 1, generator=torch.Generator().manual_seed(0)))
    assert tuple(found) == UNIT_CONDITIONS
    assert found["original"].tolist() == [True] * 3
    assert found["retained"].tolist() == [True, False, True]
    assert found["deleted"].tolist() == [False, True, False]
    assert found["random"].sum() == 2
    assert found["random"][2]


def test_kept_units_carry_the_answers_and_others_do_not() -> None:
    masker = DiffMask(SignUnits(), config=DiffMaskConfig(hidden=16, bias=2.0))
    masker.fit(sign_examples(400, seed=1), sign_examples(100, seed=2), FAST)
    model = masker.model
    batches = [model.batch(sign_examples(100, seed=seed)) for seed in (5, 6)]

    def count(batch: UnitBatch, answers: torch.Tensor) -> dict[str, float]:
        first = torch.zeros(batch.num_examples)
        x = batch.content
        first.index_add_(0, batch.unit_example, x[:, 0] * (x[:, 1] > 0))
        right = (answers.argmax(-1) == (first < 0)).sum()
        return {"right": float(right), "all": float(batch.num_examples)}

    rows = {
        (row.layer, row.condition): row for row in score_units(masker, batches, seed=3, count=count)
    }
    assert len(rows) == 8
    plain, kept = rows["layer 1", "original"], rows["layer 1", "retained"]
    gone, random = rows["layer 1", "deleted"], rows["layer 1", "random"]
    assert (plain.units, plain.same) == (1.0, 1.0)
    assert plain.divergence == pytest.approx(0, abs=1e-6)
    assert plain.scores == {"right": 200.0, "all": 200.0}
    assert kept.units == pytest.approx(0.5, abs=0.06)
    assert random.units == kept.units
    assert gone.units == pytest.approx(1 - kept.units)
    assert kept.divergence < 0.05 < random.divergence
    assert kept.divergence < gone.divergence
    assert kept.scores["right"] > random.scores["right"]


def test_no_batches_are_refused() -> None:
    with pytest.raises(MaskError, match="pass at least one"):
        score_units(DiffMask(SignUnits()), [])
