"""Scores under masks over tokens and their controls, with votes that are decided by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny import WIDTHS
from torch import Tensor

from linguagraph.documents import read_sentences
from linguagraph.errors import ConfigError
from linguagraph.masks.diffmask_srl import SrlUnits
from linguagraph.masks.token_masker import TokenMasker, score_tokens
from linguagraph.masks.units import LayerPass, UnitBatch, UnitMask
from linguagraph.models.batch import SrlExample, encode_examples
from linguagraph.models.srl import SrlConfig, SrlModel
from linguagraph.models.vocabulary import SrlVocabulary
from linguagraph.pretrained import sample_path


class EveryOther:
    """Keeps all tokens in the input, and those at even places above it; dropped ones are zeros."""

    def __init__(self, model: SrlUnits) -> None:
        self.model = model

    def mask(self, batch: UnitBatch, *, trace: LayerPass | None = None) -> UnitMask:
        names = self.model.state_names
        kept = torch.ones(len(names), batch.num_units, dtype=torch.bool)
        kept[1:, 1::2] = False
        return UnitMask(kept.float(), kept, batch.unit_example, names)

    def answers(
        self, batch: UnitBatch, kept: Tensor, *, layer: int, trace: LayerPass | None = None
    ) -> Tensor:
        assert trace is not None
        with torch.no_grad():
            return self.model.run(batch, trace.states[0] * kept.float().unsqueeze(1))


@pytest.fixture(scope="module")
def examples() -> list[SrlExample]:
    sentences = list(read_sentences(sample_path()))[:3]
    return list(encode_examples(sentences, SrlVocabulary.build(sentences)))


@pytest.fixture(scope="module")
def masker() -> TokenMasker:
    sentences = list(read_sentences(sample_path()))[:3]
    torch.manual_seed(1)
    model = SrlModel(
        SrlConfig(encoder="mlp", gcn_layers=2, **WIDTHS), SrlVocabulary.build(sentences)
    )
    adapter = SrlUnits(model.eval())
    return TokenMasker(adapter, {0: EveryOther(adapter), 7: EveryOther(adapter)})


def scored(
    masker: TokenMasker, examples: Sequence[SrlExample]
) -> dict[tuple[str, int], tuple[list[list[int]], list[int]]]:
    masked = masker.explain(examples)
    roles = masked.trace.output.argmax(-1)
    random = np.random.default_rng(0)
    return {
        (name, seed): (counts.tolist(), kept.tolist())
        for name, seed, counts, kept in score_tokens(masker, masked, roles, random=random)
    }


def test_sizes_of_masks_and_controls(masker: TokenMasker, examples: list[SrlExample]) -> None:
    found = scored(masker, examples)
    sizes = [len(example) for example in examples]
    starts = np.cumsum([0, *sizes])
    even = [int(np.sum(np.arange(a, b) % 2 == 0)) for a, b in pairwise(starts)]
    assert found["original", -1][1] == sizes
    for seed in (0, 7):
        assert found["mask_0", seed][1] == sizes
        for name in ("mask_1", "retained_100", "random", "random_labels"):
            assert found[name, seed][1] == even
        complement = found["complement", seed][1]
        assert complement == [n - k for n, k in zip(sizes, even, strict=True)]
        assert sum(found["retained_50", seed][1]) == round(sum(even) / 2)
        assert sum(found["retained_0", seed][1]) == 0


def test_all_tokens_give_the_models_own_answers(
    masker: TokenMasker, examples: list[SrlExample]
) -> None:
    found = scored(masker, examples)
    original = found["original", -1][0]
    assert all(correct == predicted == gold for correct, predicted, gold in original)
    assert found["mask_0", 0][0] == original


def test_batches_cover_every_example_once(masker: TokenMasker, examples: list[SrlExample]) -> None:
    cut = list(masker.cut(examples, tokens=40))
    assert sorted(i for places in cut for i in places) == list(range(len(examples)))
    with pytest.raises(ConfigError, match="gates of at least one seed"):
        TokenMasker(masker.adapter, {})
