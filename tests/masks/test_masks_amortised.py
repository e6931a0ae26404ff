"""Training of an amortised GraphMask: what a step computes, resuming, keeping, standardising."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from graphmask_tools import batches, one_layer, stars, trees, two_layers
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import CheckpointError, ConfigError, MaskError, RunError
from linguagraph.masks import amortised_probe
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.amortised_loading import fitted_scale, randomness_kept, start_probe
from linguagraph.masks.amortised_probe import SiteErasure, SiteProbe
from linguagraph.masks.amortised_step import Placed, _Gates, assemble, locate, step
from linguagraph.masks.explainable import Pass, Sent, Site, divergence
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.hard_concrete import HardConcrete
from linguagraph.masks.lagrangian import LagrangianConfig
from linguagraph.masks.outputs import Output
from linguagraph.masks.probe import ProbeConfig
from linguagraph.masks.trainer_state import preferable

SHORT = AmortisedConfig(epochs_after=2, steps=6, checks=1, probe=ProbeConfig(hidden=8))
SITE = Site(0, "edges", source=3, target=2, message=4, calls=3)


def sent(messages: int = 11, *, call: bool = True, site: Site = SITE) -> Sent:
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    index = torch.stack((torch.randint(5, (messages,)), torch.randint(6, (messages,))))
    calls = torch.arange(messages) % 3 if call else None
    return Sent(
        random(5, site.source),
        random(6, site.target),
        index,
        random(messages, site.message),
        None,
        calls,
    )


def erasure(seeds: tuple[int, ...] = (0, 7), site: Site = SITE) -> SiteErasure:
    layer = SiteErasure(seeds, site, ProbeConfig(hidden=5))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
    width = site.source + site.target + site.message
    layer.standardise(torch.arange(width) * 0.1, 1 + torch.arange(width) * 0.2, torch.ones(4))
    return layer


@pytest.mark.parametrize("seeds", [(0,), (0, 7)])
def test_locations_follow_equations_6_and_7(seeds: tuple[int, ...]) -> None:
    layer, given = erasure(seeds), sent()
    q = torch.cat((given.sources[given.index[0]], given.targets[given.index[1]], given.messages), 1)
    width = torch.arange(9)
    q = (q - width * 0.1) / (1 + width * 0.2)
    assert given.call is not None
    q = torch.cat((q, F.one_hot(given.call, 3).float()), 1)
    found = layer(given)
    assert found.shape == (len(seeds), 11)
    for place in range(len(seeds)):
        hidden = q @ layer.weight[place].t() + layer.inner[place]
        normed = (hidden - hidden.mean(1, keepdim=True)) / (
            hidden.var(1, correction=0, keepdim=True) + 1e-5
        ).sqrt()
        active = (normed * layer.norm_weight[place] + layer.norm_bias[place]).clamp(min=0)
        expected = active @ layer.read[place] + layer.offset[place]
        torch.testing.assert_close(found[place], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("call", [True, False])
def test_per_node_and_per_message_are_the_same(call: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    site = SITE if call else replace(SITE, calls=1)
    layer, given = erasure(site=site), sent(call=call, site=site)
    slopes = []
    for joint in (1 << 40, -(1 << 40)):
        monkeypatch.setattr(amortised_probe, "JOINT", joint)
        found = layer(given)
        slopes.append((found, *torch.autograd.grad(found.square().sum(), layer.weight)))
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("source", "target"), [(0, 2), (3, 0), (0, 0)])
def test_sides_without_states_are_left_out(source: int, target: int) -> None:
    site = Site(0, "edges", source, target, 4)
    given, layer = sent(call=False, site=site), SiteErasure((0,), site, ProbeConfig(hidden=5))
    assert layer.inputs(given).shape == (11, source + target + 4)
    torch.testing.assert_close(
        F.linear(layer.inputs(given), layer.weight[0]), layer._by_node(given), atol=1e-5, rtol=1e-5
    )
    assert torch.isfinite(layer(given)).all()


def test_calls_and_every_part_of_an_edge_matter() -> None:
    layer, given = erasure(), sent()
    base = layer(given)
    for other in (
        replace(given, sources=given.sources + 1),
        replace(given, targets=given.targets.flip(0)),
        replace(given, messages=given.messages.flip(0)),
        replace(given, call=torch.zeros(11, dtype=torch.long)),
    ):
        assert (layer(other) - base).abs().max().item() > 0.01


def test_constant_and_rare_inputs_are_not_blown_up() -> None:
    layer = SiteErasure((0,), replace(SITE, calls=1), ProbeConfig(hidden=5))
    deviation = torch.tensor([0.0, 0.0, 0.0, 2.0, 2.0, 10.0, 0.0, 10.0, 10.0])
    layer.standardise(torch.zeros(9), deviation, torch.ones(4))
    typical = (300 / 4) ** 0.5
    expected = [1, 1, 1, 0.5, 0.5, 0.1, 1 / (0.1 * typical), 0.1, 0.1]
    torch.testing.assert_close(layer.scale, torch.tensor(expected))


def test_a_probe_starts_from_the_moments_of_present_messages() -> None:
    model = one_layer()
    batch = model.batch(stars(6))
    with frozen(model.net):
        trace = model.trace(batch)
    there = torch.arange(batch.num_edges) % 2 == 0
    trace = replace(trace, present=there.unsqueeze(0))
    probe = SiteProbe((0, 1), model.sites, ProbeConfig())
    start_probe(probe, [trace, trace])
    messages = trace.sent[0].messages[there]
    baseline = probe.baselines(1)[0]
    assert baseline is not None
    torch.testing.assert_close(baseline, messages.mean(0))
    values = probe.erasures[0].inputs(trace.sent[0])[there]
    shown = torch.addcmul(probe.erasures[0].shift, values, probe.erasures[0].scale)
    torch.testing.assert_close(shown.mean(0), torch.zeros(7), atol=1e-5, rtol=0)
    spread = shown.std(0, correction=0)
    assert spread[4:].tolist() == pytest.approx([spread[4].item(), 1, 1], abs=1e-3)


def test_a_seed_means_the_same_whatever_is_beside_it_and_nothing_is_drawn() -> None:
    before = torch.get_rng_state()
    first, second = (SiteProbe(s, [SITE, SITE], ProbeConfig(hidden=4)) for s in ((0, 4), (4, 9)))
    assert torch.equal(torch.get_rng_state(), before)
    mine, again = first.select(4), second.select(4)
    assert all(torch.equal(t, again[name]) for name, t in mine.items())
    assert not torch.equal(mine["layers.0.weight"], mine["layers.1.weight"])
    assert not torch.equal(mine["layers.0.weight"], first.select(0)["layers.0.weight"])
    second.insert(9, mine)
    assert torch.equal(second.select(9)["layers.1.read"], mine["layers.1.read"])


@pytest.mark.parametrize("gates", [HardConcrete(), HardConcrete(0.5, -0.1, 1.1)])
def test_the_lean_gates_equal_the_plain_expressions(gates: HardConcrete) -> None:
    generator = torch.Generator().manual_seed(0)
    locations = (2 * torch.randn(2, 50, generator=generator)).clamp(-4.9, 4.9).requires_grad_()
    noise = torch.rand(2, 50, generator=generator).clamp(1e-6, 1 - 1e-6)
    share, weight = torch.rand(50, generator=generator), torch.randn(2, 50, generator=generator)
    hard, penalty = _Gates.apply(locations, noise.clone(), share, gates)
    soft = gates.soft(locations, noise)
    assert torch.equal(hard, (soft > 0.5).float())
    plain = (gates.nonzero_probability(locations) * share).sum(1)
    torch.testing.assert_close(penalty, plain)
    ours = torch.autograd.grad(
        (hard * weight).sum() + (penalty * torch.tensor([1, 3])).sum(), locations
    )
    theirs = torch.autograd.grad(
        (soft * weight).sum() + (plain * torch.tensor([1, 3])).sum(), locations
    )
    torch.testing.assert_close(ours[0], theirs[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_divergences_have_their_own_slopes(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = 3 * torch.randn(3, 4, 2, generator=generator, dtype=torch.float64)
    original, masked = outputs[0], outputs[1:].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda m: Output(kind).divergence(original, m), (masked,))
    far = torch.tensor([[0.0, 200.0]], requires_grad=True)
    found = Output(kind).divergence(torch.tensor([[200.0, 0.0]]), far)
    (slope,) = torch.autograd.grad(found.sum(), far)
    assert torch.isfinite(slope).all()


def test_decided_gates_are_not_pushed_further_but_may_come_back() -> None:
    locations = torch.tensor([[6.0, 6.0, -6.0, -6.0]], requires_grad=True)
    # with this noise the gates are undecided, so that a slope comes through
    noise = torch.sigmoid(-locations.detach() + 0.1)
    hard, _ = _Gates.apply(locations, noise, torch.zeros(4), HardConcrete())
    (slope,) = torch.autograd.grad((hard * torch.tensor([-1.0, 1.0, 1.0, -1.0])).sum(), locations)
    # descent on a slope below 0 opens further: not from 6 on; and so on
    assert (slope[0] != 0).tolist() == [False, True, False, True]


def test_values_are_put_where_their_edges_are() -> None:
    present = torch.ones(2, 3, dtype=torch.bool)
    trace = Pass(torch.zeros(1, 2), (), present, torch.ones(1), torch.ones(1).bool())
    values = torch.tensor([[0.1, 0.2, 0.3]])
    above = assemble(values, None, trace)
    torch.testing.assert_close(above, torch.tensor([[[1, 1, 1], [0.1, 0.2, 0.3]]]))
    placed = assemble(values, torch.tensor([5, 0, 3]), trace)
    torch.testing.assert_close(placed, torch.tensor([[[0.2, 1, 1], [0.3, 1, 0.1]]]))


def test_there_is_no_look_ahead_and_layers_below_have_no_gates() -> None:
    model = two_layers()
    batch, probe = model.batch(trees(4)), SiteProbe((0,), two_layers().sites, ProbeConfig(hidden=4))
    with frozen(model.net):
        trace = model.trace(batch)
    both: Placed = locate(model, probe, batch, trace)
    above = trace.sent[1]
    changed = replace(trace, sent=(trace.sent[0], replace(above, messages=above.messages + 1)))
    other = locate(model, probe, batch, changed).locations
    size = batch.num_edges
    assert torch.equal(other[:, :size], both.locations[:, :size])
    assert not torch.equal(other[:, size:], both.locations[:, size:])
    top = locate(model, probe, batch, trace, lowest=1)
    torch.testing.assert_close(top.locations, both.locations[:, size:])
    assert bool((assemble(top.locations, top.column, trace)[:, 0] == 1).all())


@pytest.mark.parametrize("calls", [False, True])
def test_a_step_gives_the_penalty_over_present_edges_and_the_mean_divergence(calls: bool) -> None:
    model = one_layer(calls=calls)
    batch = model.batch(stars(5))
    probe = SiteProbe((0, 1), model.sites, ProbeConfig(hidden=4))

    def generators() -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed) for seed in (5, 6)]

    with frozen(model.net):
        found = step(model, probe, batch, lowest=0, generators=generators())
        trace = model.trace(batch)
    assert found is not None
    placed, gates = locate(model, probe, batch, trace), probe.config.gates
    expected = gates.nonzero_probability(placed.locations).mean(1)
    torch.testing.assert_close(found[0], expected)
    for place, generator in enumerate(generators()):
        row = placed.locations[place]
        noise = torch.empty_like(row).detach().uniform_(1e-6, 1 - 1e-6, generator=generator)
        hard = (gates.soft(row, noise) > 0.5).float()
        hard = assemble(hard.unsqueeze(0), placed.column, trace)[0]
        masked = model.run(batch, hard, baselines=probe.baselines(place))
        apart = divergence(Output(), batch, trace, masked).mean()
        torch.testing.assert_close(found[1][place], apart)
    slopes = torch.autograd.grad(found[1].sum(), list(probe.parameters()), allow_unused=True)
    assert all(slope is not None for slope in slopes)


def result_of(mask: GraphMask) -> Any:
    assert mask.result is not None
    assert mask.probe is not None
    return mask.result, mask.probe.select(0)


def test_an_interrupted_fit_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    model = two_layers()
    loader = torch.utils.data.DataLoader(
        trees(40), batch_size=8, shuffle=True, collate_fn=model.batch
    )

    def make(**options: Any) -> GraphMask:
        return GraphMask(two_layers(), seeds=(0, 2), config=SHORT).fit(loader, **options)

    def interrupt(done: int, steps: int) -> None:
        assert steps == 40
        if done == 25:
            raise KeyboardInterrupt

    whole = result_of(make())
    with pytest.raises(KeyboardInterrupt):
        make(directory=tmp_path, progress=interrupt)
    seen: list[int] = []
    again = result_of(make(directory=tmp_path, resume=True, progress=lambda k, _: seen.append(k)))
    assert seen == list(range(21, 41))
    assert again[0] == whole[0]
    assert all(torch.equal(t, again[1][name]) for name, t in whole[1].items())


def test_resuming_with_other_options_is_refused(tmp_path: Path) -> None:
    model = one_layer()
    graphs = batches(model, stars(16))
    GraphMask(model, config=SHORT).fit(graphs, directory=tmp_path)
    with pytest.raises(RunError, match=r"other options \(config\)"):
        GraphMask(model, config=replace(SHORT, lr=0.1)).fit(graphs, directory=tmp_path, resume=True)
    with pytest.raises(RunError, match=r"other options \(seeds\)"):
        GraphMask(model, config=SHORT, seeds=(1,)).fit(graphs, directory=tmp_path, resume=True)
    (tmp_path / "trainer.json").unlink()
    with pytest.raises(CheckpointError, match="missing"):
        GraphMask(model, config=SHORT).fit(graphs, directory=tmp_path, resume=True)


def test_checks_are_logged_and_steps_counted() -> None:
    model, lines, steps = one_layer(), [], []
    GraphMask(model, config=replace(SHORT, checks=2)).fit(
        batches(model, stars(48)), log=lines.append, progress=lambda *s: steps.append(s)
    )
    assert len(lines) == 6  # three epochs of six steps: two rounds of three batches
    assert lines[0].startswith("epoch 0.50/3  gates from layer 0  retained ")
    assert steps == [(k, 18) for k in range(1, 19)]


def test_the_multiplier_moves_through_a_fit() -> None:
    """It grows while answers change too much and falls while they do not."""
    for tolerance, grows in ((0.0, True), (1.0, False)):
        model = one_layer()
        constraint = LagrangianConfig(initial=10.0, tolerance=tolerance)
        config = replace(SHORT, constraint=constraint)
        mask = GraphMask(model, seeds=(0, 1), config=config).fit(batches(model, stars(48)))
        assert mask.result is not None
        for seed in (0, 1):
            values = [10.0, *(entry["multipliers"][seed] for entry in mask.result.history)]
            steps = [b - a for a, b in pairwise(values)]
            assert all((step > 0) is grows and step != 0 for step in steps)


def test_what_is_kept_is_measured_on_dev_and_among_the_checks() -> None:
    model = one_layer()
    dev = batches(model, stars(20, seed=7))
    mask = GraphMask(model, config=SHORT).fit(batches(model, stars(48)), dev=dev)
    assert mask.result is not None
    assert mask.quality(dev) == mask.result.kept
    assert mask.result.kept[0] in [entry["quality"][0] for entry in mask.result.history]


@pytest.mark.parametrize(
    ("found", "before", "better"),
    [
        ((0.01, 0.2), (0.0, 0.3), True),
        ((0.0, 0.3), (0.01, 0.2), False),
        ((0.01, 0.9), (0.02, 0.1), True),
        ((0.03, 0.1), (0.02, 0.9), False),
        ((0.02, 0.9), (0.03, 0.1), True),
    ],
)
def test_the_sparsest_within_the_allowed_loss_is_preferred(
    found: tuple[float, float], before: tuple[float, float], better: bool
) -> None:
    assert preferable(found, before, allowed=0.015) is better


def test_the_scale_of_outputs_is_their_deviation_over_asked_units() -> None:
    outputs, asked = torch.tensor([[1.0, 0.0], [3.0, 4.0], [99.0, 99.0]]), torch.ones(3).bool()
    asked[2] = False
    trace = Pass(outputs, (), torch.ones(1, 0).bool(), torch.ones(3), asked)
    assert fitted_scale(Output("regression"), [trace]).scale == pytest.approx((5 / 2) ** 0.5)
    alone = replace(trace, asked=torch.tensor([False, True, False]))
    assert fitted_scale(Output("regression"), [alone]).scale == pytest.approx(3.5)
    nothing = replace(trace, output=outputs * 0)
    assert fitted_scale(Output("regression"), [nothing]).scale == 1


def test_randomness_is_kept_on_errors_too() -> None:
    before = torch.get_rng_state()

    def draw() -> None:
        with randomness_kept(torch.device("cpu")):
            raise ValueError(torch.rand(3))

    with pytest.raises(ValueError):
        draw()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs_per_layer": 0}, "epochs_per_layer=0; expected at least 1"),
        ({"steps": 0}, "steps=0"),
        ({"checks": 0}, "checks=0"),
        ({"lr": 0.0}, "lr=0.0"),
        ({"allowed": -1.0}, "allowed=-1.0"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AmortisedConfig(**options)


def test_masked_outputs_that_overflow_are_an_error_and_not_a_mask() -> None:
    model = one_layer()
    graphs = batches(model, stars(16))
    config = replace(SHORT, lr=1e38, constraint=LagrangianConfig(initial=10))
    with pytest.raises(MaskError, match="not a number"):
        GraphMask(model, config=config).fit(graphs)
