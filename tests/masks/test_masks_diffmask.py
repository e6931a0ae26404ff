"""DiffMask: gates by hand, training, resuming, storage, free masks."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from linguagraph.errors import CheckpointError, ConfigError, MaskError, RunError
from linguagraph.masks.diffmask import DiffMask
from linguagraph.masks.diffmask_free import FreeMaskConfig, mask_units_freely
from linguagraph.masks.diffmask_gates import DiffMaskConfig, DiffMaskGates
from linguagraph.masks.diffmask_step import divergence, step
from linguagraph.masks.diffmask_training import DiffMaskTraining
from linguagraph.masks.frozen import frozen
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.outputs import Output
from linguagraph.masks.units import LayerPass, UnitBatch, UnitMask

FAST = DiffMaskTraining(
    epochs=30,
    batch=40,
    lr=2e-2,
    layers="all",
    checks=1,
    constraint=LagrangianConfig(tolerance=0.02, lr=0.1, initial=5.0),
)


class Signs(nn.Module):
    """Sums the first coordinate of units whose second is positive; two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([4.0]))

    def up(self, x: Tensor) -> Tensor:
        return torch.cat((x[:, :1] * (x[:, 1:] > 0), x[:, 1:]), 1) * self.scale

    def read(self, states: Tensor, batch: UnitBatch) -> Tensor:
        total = states.new_zeros(batch.num_examples).index_add(0, batch.unit_example, states[:, 0])
        return torch.stack((total, -total), 1)


class SignUnits:
    """Examples are float [n, 2]: only units with a positive second coordinate matter."""

    state_names, state_sizes, output = ("input", "layer 1"), (2, 2), Output()

    def __init__(self) -> None:
        self.module = Signs()

    def batch(self, examples: list[Tensor]) -> UnitBatch:
        sizes = torch.tensor([len(e) for e in examples])
        of = torch.arange(len(examples)).repeat_interleave(sizes)
        return UnitBatch(torch.cat(list(examples)), of, len(examples))

    @torch.no_grad()
    def trace(self, batch: UnitBatch) -> LayerPass:
        x = batch.content
        count = batch.num_examples
        output = self.module.read(self.module.up(x), batch)
        return LayerPass((x, self.module.up(x)), output, torch.arange(count), torch.ones(count))

    def run(self, batch: UnitBatch, states: Tensor, *, layer: int = 0) -> Tensor:
        return self.module.read(self.module.up(states) if layer == 0 else states, batch)


def sign_examples(count: int, *, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        first = torch.randint(0, 2, (5,), generator=generator) * 2.0 - 1
        second = torch.randint(0, 2, (5,), generator=generator) * 2.0 - 1
        found.append(torch.stack((first, second), 1))
    return found


@pytest.fixture(scope="module")
def fitted() -> DiffMask:
    made = DiffMask(SignUnits(), config=DiffMaskConfig(hidden=16, bias=2.0))
    return made.fit(sign_examples(400, seed=1), sign_examples(100, seed=2), FAST)


def test_votes_multiply_up_to_the_layer() -> None:
    gates = DiffMaskGates((2, 3), DiffMaskConfig(hidden=4))
    states = (torch.randn(5, 2), torch.randn(5, 3))
    first, both = gates.locations(states, 0), gates.locations(states, 1)
    assert first.shape == (1, 5)
    assert both.shape == (2, 5)
    assert torch.equal(both[0], first[0])
    shift = 0.2 * math.log(0.2)  # P(v != 0) = sigmoid(location - t log(-l / r))
    wanted = torch.sigmoid(both[0] - shift) * torch.sigmoid(both[1] - shift)
    assert torch.allclose(gates.kept(both), wanted)


def test_a_vote_sees_the_input_and_its_own_layer_alone() -> None:
    gates = DiffMaskGates((2, 3, 3), DiffMaskConfig(hidden=4))
    states = [torch.randn(5, 2), torch.randn(5, 3), torch.randn(5, 3)]
    before = gates.locations(states, 2)
    states[2] = torch.randn(5, 3)
    after = gates.locations(states, 2)
    assert torch.equal(before[:2], after[:2])
    assert not torch.equal(before[2], after[2])


def test_all_votes_begin_open() -> None:
    gates = DiffMaskGates((2,), DiffMaskConfig(hidden=4, bias=5.0, limit=6.0))
    nn.init.zeros_(gates.votes[0].read.weight)
    found = gates.locations((torch.randn(7, 2),), 0)
    assert torch.allclose(found, torch.full((1, 7), 5.0), atol=1e-5)
    assert float(gates.kept(found).detach().min()) > 0.99


def test_a_vote_beyond_the_limit_is_not_pushed_further_but_comes_back() -> None:
    gates = DiffMaskGates((2,), DiffMaskConfig(hidden=4, limit=4.0))
    vote = gates.votes[0]
    nn.init.zeros_(vote.read.weight)
    nn.init.constant_(vote.read.bias, -5.0)
    found = gates.locations((torch.zeros(1, 2),), 0)
    assert found.item() == -4.0
    (slope,) = torch.autograd.grad(found.sum(), vote.read.bias, retain_graph=True)
    assert slope.item() == 0.0  # descent would close it further
    (slope,) = torch.autograd.grad(-found.sum(), vote.read.bias)
    assert slope.item() == -1.0


def test_dropped_units_are_replaced_by_the_baseline() -> None:
    gates = DiffMaskGates((2, 2), DiffMaskConfig(variant="hidden"))
    with torch.no_grad():
        gates.baselines[1].copy_(torch.tensor([7.0, 8.0]))
    states = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = gates.fill(states, torch.tensor([1.0, 0.0, 0.5]), 1)
    assert torch.equal(found[0], states[0])
    assert found[1].tolist() == [7.0, 8.0]
    assert found[2].tolist() == [6.0, 7.0]


def test_means_and_scales_are_those_of_the_states() -> None:
    gates = DiffMaskGates((2,), DiffMaskConfig())
    gates.start((torch.tensor([[1.0, 3.0], [3.0, 3.0]]),))
    assert gates.get_buffer("mean_0").tolist() == [2.0, 3.0]
    assert gates.get_buffer("scale_0").tolist() == [1.0, 1.0]  # deviation 1, and none at all
    assert gates.baselines[0].tolist() == [2.0, 3.0]


def test_the_divergence_of_an_example_is_weighted() -> None:
    logits = torch.tensor([[9.0, -9.0], [9.0, -9.0], [9.0, -9.0]])
    masked = torch.tensor([[9.0, -9.0], [-9.0, 9.0], [-9.0, 9.0]])
    example, weights = torch.tensor([0, 0, 1]), torch.tensor([0.5, 0.5, 1.0])
    trace = LayerPass((), logits, example, weights)
    batch = UnitBatch(None, torch.zeros(0), 2)
    found = divergence(Output(), batch, trace, masked)
    assert found.tolist() == pytest.approx([0.5, 1.0], abs=1e-4)


def test_penalty_and_divergence_of_open_gates() -> None:
    model = SignUnits()
    gates = DiffMaskGates((2, 2), DiffMaskConfig(limit=60.0, bias=50.0))
    with frozen(model.module):
        batch = model.batch(sign_examples(6, seed=0))
        penalty, apart = step(model, gates, batch, layers=(0, 1))
    assert penalty.tolist() == pytest.approx([1.0, 1.0])
    assert apart.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    penalty.sum().backward()
    assert all(p.grad is not None for p in gates.votes.parameters())


def test_useless_units_are_dropped_and_the_others_kept(fitted: DiffMask) -> None:
    examples = sign_examples(50, seed=9)
    batch = fitted.model.batch(examples)
    mask = fitted.mask(batch)
    matters = torch.cat(examples)[:, 1] > 0
    assert mask.state_names == ("input", "layer 1")
    assert fitted.result is not None
    assert fitted.result.within
    assert float((mask.retained[1] == matters).float().mean()) > 0.97
    assert bool((mask.scores[1] <= mask.scores[0]).all())
    quality = fitted.measure(examples)
    assert quality.same[1] > 0.95
    assert quality.retained[1] == pytest.approx(float(mask.retained[1].float().mean()))


def test_the_model_stays_as_it_was(fitted: DiffMask) -> None:
    module = fitted.model.module
    assert module.training
    assert module.scale.requires_grad
    assert module.scale.grad is None
    assert module.scale.item() == 4.0


def test_answers_when_all_is_kept_are_the_models_own(fitted: DiffMask) -> None:
    batch = fitted.model.batch(sign_examples(8, seed=3))
    trace = fitted.model.trace(batch)
    for layer in range(2):
        found = fitted.answers(batch, torch.ones(batch.num_units), layer=layer)
        assert torch.equal(found, trace.output)
    with pytest.raises(MaskError, match="expected \\(40,\\) and a layer from 0 to 1"):
        fitted.answers(batch, torch.ones(3), layer=0)


def test_saved_gates_say_the_same(fitted: DiffMask, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "deep" / "seed-0.safetensors", record={"data": "made"})
    read = DiffMask.load(path, fitted.model)
    batch = fitted.model.batch(sign_examples(8, seed=3))
    assert torch.equal(read.mask(batch).scores, fitted.mask(batch).scores)
    assert read.quality == fitted.quality
    other = SignUnits()
    with torch.no_grad():
        other.module.scale.fill_(5.0)
    with pytest.raises(CheckpointError, match="train gates for this one"):
        DiffMask.load(path, other)


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    data, dev = sign_examples(80, seed=1), sign_examples(20, seed=2)
    config = DiffMaskTraining(epochs=3, batch=16, lr=1e-2, checks=2)
    whole = DiffMask(SignUnits()).fit(data, dev, config)

    def stop(done: int, steps: int) -> None:
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DiffMask(SignUnits()).fit(data, dev, config, directory=tmp_path, progress=stop)
    resumed = DiffMask(SignUnits()).fit(data, dev, config, directory=tmp_path, resume=True)
    assert resumed.quality == whole.quality
    for name, tensor in whole.gates.state_dict().items():
        assert torch.equal(tensor, resumed.gates.state_dict()[name]), name
    assert whole.result is not None
    assert resumed.result is not None
    assert len(resumed.result.history) == len(whole.result.history) == 6
    with pytest.raises(RunError, match="config"):
        DiffMask(SignUnits()).fit(data, dev, FAST, directory=tmp_path, resume=True)


def test_the_log_and_progress_tell_of_every_check_and_step() -> None:
    lines: list[str] = []
    steps: list[tuple[int, int]] = []
    config = DiffMaskTraining(epochs=2, batch=20, checks=1)
    DiffMask(SignUnits()).fit(
        sign_examples(40, seed=1),
        sign_examples(10, seed=2),
        config,
        log=lines.append,
        progress=lambda done, of: steps.append((done, of)),
    )
    assert [line.split()[1] for line in lines] == ["1.00/2", "2.00/2"]
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_free_masks_drop_what_the_answer_does_not_need() -> None:
    """Two units of +1 and three useless ones: one of the two alone already gives the answer."""
    model = SignUnits()
    example = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0], [1.0, -1.0]])
    batch = model.batch([example, example.flip(0)])
    found = mask_units_freely(model, batch, FreeMaskConfig(steps=200), baseline=torch.zeros(2))
    assert found.state_names == ("input",)
    kept = found.retained[0].view(2, 5)
    assert kept[0].sum() <= 1
    assert kept[1].sum() <= 1
    again = mask_units_freely(model, batch, FreeMaskConfig(steps=5), layer=1)
    assert again.state_names == ("layer 1",)
    with pytest.raises(MaskError, match="needs \\(2,\\)"):
        mask_units_freely(model, batch, baseline=torch.zeros(3))
    with pytest.raises(MaskError, match="from 0 to 1"):
        mask_units_freely(model, batch, layer=2)


def test_settings_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="variant='all'"):
        DiffMaskConfig(variant="all")
    with pytest.raises(ConfigError, match=r"bias=3\.0, limit=1"):
        DiffMaskConfig(limit=1.0)
    with pytest.raises(ConfigError, match="epochs=0"):
        DiffMaskTraining(epochs=0)
    with pytest.raises(ConfigError, match="layers='two'"):
        DiffMaskTraining(layers="two")
    with pytest.raises(MaskError, match="at least one training"):
        DiffMask(SignUnits()).fit([], [])
    with pytest.raises(MaskError, match="retained have shape"):
        UnitMask(torch.zeros(1, 2), torch.zeros(2, 2).bool(), torch.zeros(2), ("input",))
