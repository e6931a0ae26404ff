"""What the checks of a training retain by label: counted by hand, in step with the quality."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from srl_tools import planted_sentences, small_config, small_model

from linguagraph.columns import LEARNING
from linguagraph.masks import FitConfig, FitResult, ProbeConfig, SrlGraphMask, fit_graphmask
from linguagraph.masks.learning import LabelTally, learning_rows
from linguagraph.models import encode_examples
from linguagraph.models.checkpoints import load_tensors, save_tensors

SENTENCES = planted_sentences(24, seed=12)
CONFIG = FitConfig(epochs_per_layer=1, epochs_after=1, tokens=60, lr=0.02, seed=3)


def fit(
    directory: Path | None = None, *, stop: int | None = None, resume: bool = False
) -> FitResult:
    model = small_model(SENTENCES, small_config(gcn_layers=2), seed=0)
    masker = SrlGraphMask.create(model, seeds=(0, 5), config=ProbeConfig(hidden=6))
    examples = list(encode_examples(SENTENCES, model.vocabulary))

    def progress(step: int, steps: int) -> None:
        if step == stop:
            raise KeyboardInterrupt

    return fit_graphmask(
        masker,
        examples[:18],
        examples[18:],
        CONFIG,
        directory=directory,
        resume=resume,
        log=lambda line: None,
        progress=progress,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FitResult]:
    directory = tmp_path_factory.mktemp("probes")
    return directory, fit(directory)


def test_gates_are_counted_by_seed_layer_and_type() -> None:
    tally = LabelTally(seeds=2, layers=2, types=4, lowest=1)
    gates = [torch.ones(2, 3), torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])]
    there = [torch.ones(3), torch.tensor([1.0, 1.0, 1.0])]
    for _ in range(2):
        tally.add(gates, there, torch.tensor([3, 0, 3]))
    assert tally.counts[:, 0].sum() == 0  # no gates yet
    assert tally.counts[:, 1].tolist() == [[2, 0, 0, 4], [0, 0, 0, 4], [0, 0, 0, 2]]
    table = learning_rows([tally.counts], [(7, 2.5, 1)], seeds=(0, 5), labels=("<unk>", "obj"))
    assert table.columns.tolist() == list(LEARNING.names)
    assert table.astype(object).to_numpy().tolist() == [
        [0, 7, 2.5, 1, 1, "<unk>", "->", 2, 0],
        [0, 7, 2.5, 1, 1, "obj", "<-", 4, 4],
        [5, 7, 2.5, 1, 1, "<unk>", "->", 2, 0],
        [5, 7, 2.5, 1, 1, "obj", "<-", 4, 2],
    ]


def test_edges_that_cannot_matter_are_not_counted() -> None:
    tally = LabelTally(seeds=1, layers=1, types=2)
    tally.add([torch.tensor([[1.0, 0.0]])], [torch.tensor([1.0, 0.0])], torch.tensor([0, 0]))
    assert tally.counts.tolist() == [[[1, 0]], [[1, 0]]]


def test_no_check_gives_an_empty_table() -> None:
    assert learning_rows([], [], seeds=(0,), labels=("a",)).empty


def test_shares_of_a_check_are_those_of_its_quality(whole: tuple[Path, FitResult]) -> None:
    result = whole[1]
    table = result.learning
    assert table["check"].nunique() == len(result.history) == 6
    for check, entry in enumerate(result.history):
        part = table[table["check"] == check]
        assert part["epoch"].unique() == pytest.approx(entry["epoch"])
        assert part["layer"].min() == part["lowest"].unique() == entry["lowest"]
        sums = part.groupby(["seed", "layer"])[["edges", "retained"]].sum()
        for (seed, layer), row in sums.iterrows():
            share = row["retained"] / row["edges"]
            assert share == pytest.approx(entry["quality"][seed].per_layer[layer])


def test_the_record_is_resumed_with_the_training(
    whole: tuple[Path, FitResult], tmp_path: Path
) -> None:
    directory, expected = whole
    steps = int(load_tensors(directory / "trainer.safetensors")[1]["done"])
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, stop=steps // 2)
    pd.testing.assert_frame_equal(fit(tmp_path, resume=True).learning, expected.learning)
    pd.testing.assert_frame_equal(fit(tmp_path, resume=True).learning, expected.learning)


def test_a_training_begun_without_the_record_goes_on(
    whole: tuple[Path, FitResult], tmp_path: Path
) -> None:
    expected = whole[1]
    steps = int(load_tensors(whole[0] / "trainer.safetensors")[1]["done"])
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, stop=steps // 2)
    path = tmp_path / "trainer.safetensors"
    tensors, record = load_tensors(path)
    done = len(tensors.pop("learning"))
    save_tensors(path, tensors, {k: v for k, v in record.items() if k != "fingerprint"})
    found = fit(tmp_path, resume=True)
    assert replace(found, learning=expected.learning).history == expected.history
    late = expected.learning[expected.learning["check"] >= done].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.learning, late, check_categorical=False)
