"""The bundled gates belong to the bundled models, and decide what they are said to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from linguagraph.documents import read_sentences
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_qa import QaUnits
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.models import encode_examples, load_model
from linguagraph.models.qa_checkpoints import load_qa_model
from linguagraph.pretrained import bundled_path, sample_path


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("srl-gnn", lambda home: SrlUnits(load_model(home)[0])),
        ("qa", lambda home: QaUnits(load_qa_model(home)[0])),
    ],
)
def test_gates_are_small_and_fit_their_model(name: str, units: Callable[..., Any]) -> None:
    path = bundled_path(name) / "diffmask" / "seed-0.safetensors"
    assert path.stat().st_size < 1_000_000
    masker = DiffMask.load(path, units(bundled_path(name)))
    assert masker.quality is not None
    assert masker.quality.excess(0.03) <= 0.003
    assert list(masker.quality.retained) == sorted(masker.quality.retained, reverse=True)


def test_gates_of_the_role_labeller_keep_as_much_of_the_sample() -> None:
    home = bundled_path("srl-gnn")
    model = load_model(home)[0]
    masker = DiffMask.load(home / "diffmask" / "seed-0.safetensors", SrlUnits(model))
    examples = list(encode_examples(read_sentences(sample_path()), model.vocabulary))[:120]
    found = masker.measure(examples)
    assert masker.quality is not None
    assert found.retained == pytest.approx(masker.quality.retained, abs=0.12)
    assert max(found.divergence) < 0.1
