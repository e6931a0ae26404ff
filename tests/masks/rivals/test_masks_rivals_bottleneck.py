"""The readout bottleneck: its information by hand, its noise, and what it learns."""

from __future__ import annotations

import math

import pytest
import torch
from rival_toy import Toy, ToyExplainable, ToyModel, random_toys, star
from torch.distributions import Normal, kl_divergence

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import Sent, Site
from linguagraph.masks.rivals.edge_net import EdgeNet
from linguagraph.masks.rivals.information_bottleneck import (
    Bottleneck,
    InformationBottleneck,
    InformationBottleneckConfig,
)
from linguagraph.masks.rivals.training import TrainingSet


def two_colours(count: int, *, seed: int) -> list[Toy]:
    """Stars whose leaves have one of two colours, and a value; only the first colour counts."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        leaves = int(torch.randint(2, 6, (), generator=generator))
        colour = torch.randint(0, 2, (leaves,), generator=generator)
        value = torch.randn(leaves, generator=generator)
        x = torch.stack((value * (colour == 0), value * (colour == 1), 1.0 * (colour == 0)), 1)
        edges = star(*[1.0] * leaves).edges
        found.append(Toy(torch.cat((torch.zeros(1, 3), x)), edges))
    return found


def counting() -> ToyExplainable:
    """The sign of the summed values of the first colour."""
    model = ToyModel(torch.eye(3), read=lambda state: 4 * state[:, :1])
    return ToyExplainable(model)


def test_information_is_the_divergence_between_two_gaussians() -> None:
    site = Site(0, "edges", 2, 2, 3)
    config = InformationBottleneckConfig()
    bottleneck = Bottleneck([site], config=config, seed=0)
    mean, scale = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.5, 0.5, 0.0])
    bottleneck.get_buffer("mean0").copy_(mean)
    bottleneck.get_buffer("scale0").copy_(scale)
    messages = torch.tensor([[1.0, 0.0, 2.0], [-3.0, 2.0, 2.0]])
    logits = torch.tensor([0.3, -1.2])
    index = torch.zeros(2, 2, dtype=torch.long)
    sent = Sent(torch.zeros(1, 2), torch.zeros(1, 2), index, messages)
    gate = torch.sigmoid(logits).unsqueeze(1)
    active, mean, scale = messages[:, :2], mean[:2], scale[:2]
    mixed = Normal(gate * active + (1 - gate) * mean, (1 - gate) * scale)
    # the third dimension never varies: it carries nothing
    expected = kl_divergence(mixed, Normal(mean, scale).expand((2, 2))).mean(-1)
    torch.testing.assert_close(bottleneck._nats(0, sent, logits), expected)


@pytest.mark.parametrize("scale", ["std", "variance"])
def test_noise_has_the_mean_and_the_scale_of_each_dimension(scale: str) -> None:
    """Messages of one feature: 0, 0, 6, 6 (mean 3, standard deviation 3), the other always 2."""
    x = torch.tensor([[0.0, 0.0], [0.0, 2.0], [0.0, 2.0], [6.0, 2.0], [6.0, 2.0]])
    toy = ToyExplainable(ToyModel(torch.eye(2), read=lambda state: state[:, :1]))
    graphs = [Toy(x, star(1.0, 1.0, 1.0, 1.0).edges)] * 3
    passes = TrainingSet(toy, graphs, batch_size=2, generator=torch.Generator())
    bottleneck = Bottleneck(toy.sites, config=InformationBottleneckConfig(scale=scale), seed=0)
    bottleneck.measure(passes, scale)
    (mean,) = bottleneck.means
    torch.testing.assert_close(mean, torch.tensor([3.0, 2.0]))
    expected = [3.0, 0.0] if scale == "std" else [9.0, 0.0]
    torch.testing.assert_close(bottleneck.get_buffer("scale0"), torch.tensor(expected))
    batch = toy.batch(graphs * 300)
    (noise,) = bottleneck.noise(batch, toy.trace(batch), torch.Generator().manual_seed(0))
    assert noise.shape == (3600, 2)
    assert noise[:, 0].std().item() == pytest.approx(expected[0], rel=0.1)
    assert noise[:, 1].tolist() == [2.0] * 3600


def test_messages_that_count_get_larger_gates() -> None:
    method = InformationBottleneck(
        InformationBottleneckConfig(epochs=15, lr=1e-2, batch_size=32, bias=0.0)
    )
    method.fit(counting(), two_colours(400, seed=1))
    graphs = two_colours(40, seed=2)
    mask = method.explain(counting(), graphs)
    counts = torch.cat([graph.x[1:, 2] for graph in graphs]) > 0
    assert mask.scores[0, counts].mean() > mask.scores[0, ~counts].mean() + 0.05
    assert len(method.history) == 15
    torch.testing.assert_close(mask.baselines[0], method.bottleneck.means[0])


def test_nothing_but_noise_is_left_where_information_is_dear() -> None:
    config = InformationBottleneckConfig(epochs=30, lr=1e-2, beta=100.0)
    method = InformationBottleneck(config)
    method.fit(counting(), two_colours(100, seed=1))
    mask = method.explain(counting(), two_colours(10, seed=2))
    assert mask.scores.max().item() < 0.3
    assert not mask.retained.any()


def test_the_network_is_the_formula() -> None:
    site = Site(0, "edges", 2, 1, 3)
    net = EdgeNet(site, hidden=4, seed=0, bias=0.7)
    sent = Sent(
        torch.randn(5, 2), torch.randn(4, 1), torch.tensor([[4, 0], [1, 3]]), torch.randn(2, 3)
    )
    joined = torch.cat((sent.sources[[4, 0]], sent.targets[[1, 3]], sent.messages), 1)
    weight = torch.cat((net.source, net.target, net.message), 1)
    hidden = torch.nn.functional.layer_norm(joined @ weight.t() + net.first, (4,)).relu()
    torch.testing.assert_close(net(sent), hidden @ net.read + 0.7)
    bound = 1 / math.sqrt(6)
    assert float(weight.detach().abs().max()) <= bound


def test_passes_are_kept_while_there_is_room() -> None:
    toy, graphs = counting(), random_toys(6, seed=1)
    kept = TrainingSet(toy, graphs, batch_size=2, generator=torch.Generator().manual_seed(0))
    first = {id(batch) for batch, _ in kept}
    assert {id(batch) for batch, _ in kept} == first
    assert len(first) == 3
    none = TrainingSet(toy, graphs, batch_size=2, generator=torch.Generator(), room=0)
    list(none)
    assert not none.kept
    bare = Toy(torch.ones(2, 3), torch.zeros(2, 0, dtype=torch.long))
    with pytest.raises(MaskError, match="none of the 2 training graphs has an edge"):
        list(TrainingSet(toy, [bare, bare], batch_size=1, generator=torch.Generator()))


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"scale='range'; expected one of \['std'"):
        InformationBottleneckConfig(scale="range")
    with pytest.raises(ConfigError, match="epochs=0"):
        InformationBottleneckConfig(epochs=0)
