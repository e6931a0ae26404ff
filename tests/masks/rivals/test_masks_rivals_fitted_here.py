"""Methods that learn on the explained graph itself, attention, random scores, and noise."""

from __future__ import annotations

import pytest
import torch
from rival_toy import deep_toy, linear_toy, random_toys, star

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.rivals.attention import Attention, AttentionConfig
from linguagraph.masks.rivals.gnnexplainer import GNNExplainer, GNNExplainerConfig
from linguagraph.masks.rivals.noise import GraphNoise
from linguagraph.masks.rivals.nonamortised import NonAmortised, NonAmortisedGatesConfig
from linguagraph.masks.rivals.random_scores import RandomScores


def test_gates_of_edges_that_nothing_hangs_on_close() -> None:
    """Only the leaf of value 6 makes the difference between yes and no."""
    config = NonAmortisedGatesConfig(steps=400, baselines="zero")
    mask = NonAmortised(config).explain(linear_toy(shift=3.0), [star(0.0, 6.0, 0.0)])
    assert mask.retained.tolist() == [[False, True, False]]
    assert mask.scores[0, 1] > 0.5 > mask.scores[0, 0]
    assert mask.baselines[0].tolist() == [[0.0]] * 3


def test_learned_baselines_take_over_the_answer() -> None:
    """A baseline of the graph's own needs no edge at all."""
    config = NonAmortisedGatesConfig(steps=400, lr=0.1)
    mask = NonAmortised(config).explain(linear_toy(shift=3.0), [star(0.0, 6.0, 0.0)])
    assert not mask.retained.any()
    assert mask.baselines[0].sum().item() > 3.0


def test_baselines_start_at_the_mean_of_the_graph() -> None:
    config = NonAmortisedGatesConfig(steps=1, baselines="mean")
    mask = NonAmortised(config).explain(linear_toy(), [star(0.0, 6.0), star(1.0)])
    assert mask.baselines[0].tolist() == [[3.0], [3.0], [1.0]]


def test_each_graph_has_its_own_multiplier() -> None:
    """A graph whose answer hangs on nothing loses its edges, whatever its mate needs."""
    config = NonAmortisedGatesConfig(baselines="zero")
    mask = NonAmortised(config).explain(linear_toy(shift=3.0), [star(0.0, 0.0), star(6.0)])
    assert mask.retained.tolist() == [[False, False, True]]


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="steps=0"):
        NonAmortisedGatesConfig(steps=0)
    with pytest.raises(ConfigError, match=r"baselines='none'; expected one of \['learned'"):
        NonAmortisedGatesConfig(baselines="none")
    with pytest.raises(ConfigError, match="epochs=0"):
        GNNExplainerConfig(epochs=0)


def test_gnnexplainer_opens_what_the_answer_needs_and_closes_the_rest() -> None:
    config = GNNExplainerConfig(epochs=400, lr=0.05, entropy=0.1)
    mask = GNNExplainer(config).explain(linear_toy(), [star(5.0, -5.0, 0.0)])
    # answer: no (the sum is 0); the second speaks for it, the first against it, the third for
    # nothing, so that it has no gradient, is not regularised and gets no score
    assert mask.scores[0, 1] > 0.9
    assert mask.scores[0, 0] < 0.1
    assert mask.scores[0, 2] == 0


@pytest.mark.parametrize("per_layer", [False, True])
def test_gnnexplainer_masks_layers_together_or_apart(per_layer: bool) -> None:
    config = GNNExplainerConfig(per_layer=per_layer)
    mask = GNNExplainer(config).explain(deep_toy(), random_toys(3, seed=1))
    assert torch.equal(mask.scores[0], mask.scores[1]) == (not per_layer)


def test_attention_is_the_models_own() -> None:
    toy, graphs = deep_toy(), random_toys(3, seed=1)
    own = toy.trace(toy.batch(graphs)).own
    plain = Attention(AttentionConfig(relative=False)).explain(toy, graphs)
    torch.testing.assert_close(plain.scores, own)
    relative = Attention().explain(toy, graphs)
    torch.testing.assert_close(relative.raw, own)
    for number in range(3):
        mine = relative.edge_graph == number
        torch.testing.assert_close(relative.scores[:, mine], own[:, mine] / own[:, mine].max())
    toy.has_own = False
    with pytest.raises(MaskError, match="ToyModel has no gates or attention of its own"):
        Attention().explain(toy, graphs)


def test_random_scores_belong_to_seed_and_number_of_the_graph() -> None:
    toy = linear_toy()
    mask = RandomScores().explain(toy, [star(1.0, 1.0)] * 200, seed=1)
    assert len(mask.scores.unique()) > 390
    assert mask.scores.mean().item() == pytest.approx(0.5, abs=0.06)
    part = RandomScores().explain(toy, [star(1.0, 1.0)] * 3, seed=1, first=7)
    assert torch.equal(part.scores, mask.scores[:, 14:20])


def test_noise_differs_from_draw_to_draw() -> None:
    toy = linear_toy()
    batch = toy.batch([star(1.0, 1.0), star(1.0)])
    noise = GraphNoise(batch, seed=0)
    first, second = noise.uniform(2), noise.uniform(2)
    assert first.shape == (2, 3)
    assert not torch.equal(first, second)
    assert bool(((first > 0) & (first < 1)).all())
    alone = GraphNoise(toy.batch([star(1.0)]), seed=0, first=1)
    assert torch.equal(alone.uniform(2), first[:, 2:])
    assert torch.equal(alone.uniform(2), second[:, 2:])
