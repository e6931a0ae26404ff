"""What every method owes its caller, whatever it does inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from rival_toy import Toy, ToyExplainable, deep_toy, linear_toy, random_toys, star

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.amortised import AmortisedConfig
from linguagraph.masks.rivals import METHODS, Method, find_method
from linguagraph.masks.rivals.gnnexplainer import GNNExplainer, GNNExplainerConfig
from linguagraph.masks.rivals.graphmask import AmortisedGraphMask, AmortisedGraphMaskConfig
from linguagraph.masks.rivals.information_bottleneck import (
    InformationBottleneck,
    InformationBottleneckConfig,
)
from linguagraph.masks.rivals.nonamortised import NonAmortised, NonAmortisedGatesConfig
from linguagraph.masks.rivals.pgexplainer import PGExplainer, PGExplainerConfig

QUICK: dict[str, Callable[[], Method]] = {
    **METHODS,
    "graphmask": lambda: AmortisedGraphMask(
        AmortisedGraphMaskConfig(AmortisedConfig(steps=4, epochs_after=0), batch_size=8)
    ),
    "nonamortised": lambda: NonAmortised(NonAmortisedGatesConfig(steps=5)),
    "information_bottleneck": lambda: InformationBottleneck(InformationBottleneckConfig(epochs=2)),
    "gnnexplainer": lambda: GNNExplainer(GNNExplainerConfig(epochs=5)),
    "pgexplainer": lambda: PGExplainer(PGExplainerConfig(epochs=2)),
}
NOISY = ("nonamortised", "gnnexplainer", "random")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")


@pytest.fixture(params=list(METHODS))
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "integrated_gradients":
        pytest.importorskip("captum")
    return str(request.param)


def fitted(name: str, toy: ToyExplainable, *, seed: int = 0) -> Method:
    method = QUICK[name]()
    method.fit(toy, random_toys(16, seed=2), seed=seed)
    return method


def test_the_registry_knows_every_method_by_its_own_name() -> None:
    assert {name: METHODS[name].name for name in METHODS} == {name: name for name in METHODS}
    assert len(METHODS) == 12
    assert find_method("erasure") is METHODS["erasure"]
    with pytest.raises(ConfigError, match=r"method='saliency'; expected one of \['graphmask'"):
        find_method("saliency")


def test_masks_have_one_schema(name: str) -> None:
    toy = deep_toy()
    graphs = random_toys(4, seed=1)
    batch = toy.batch(graphs)
    mask = fitted(name, toy).explain(toy, graphs)
    assert mask.method == name
    assert mask.scores.shape == (2, batch.num_edges)
    assert not mask.scores.requires_grad
    assert bool(((mask.scores >= 0) & (mask.scores <= 1)).all())
    assert mask.edge_sets == batch.edge_sets
    assert torch.equal(mask.edge_graph, batch.edge_graph)
    assert mask.raw.shape == mask.scores.shape


def test_graphs_of_a_batch_do_not_influence_each_other(name: str) -> None:
    toy = deep_toy()
    graphs = random_toys(4, seed=1)
    method = fitted(name, toy)
    together = method.explain(toy, graphs, seed=3)
    for number, graph in enumerate(graphs):
        alone = method.explain(toy, [graph], seed=3, first=number)
        mine = together.edge_graph == number
        torch.testing.assert_close(together.scores[:, mine], alone.scores, atol=1e-4, rtol=1e-4)
        assert torch.equal(together.retained[:, mine], alone.retained)


def test_masks_repeat_for_a_seed_and_the_global_noise_is_left_alone(name: str) -> None:
    toy = deep_toy()
    graphs = random_toys(3, seed=1)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = fitted(name, toy, seed=4).explain(toy, graphs, seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    again = fitted(name, toy, seed=4).explain(toy, graphs, seed=4)
    assert torch.equal(first.scores, again.scores)
    assert torch.equal(first.retained, again.retained)
    other = fitted(name, toy, seed=4).explain(toy, graphs, seed=5)
    assert torch.equal(first.scores, other.scores) == (name not in NOISY)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(name: str, training: bool) -> None:
    toy = deep_toy()
    toy.module.train(training)
    toy.module.weights[0].requires_grad_(False)
    needs = [p.requires_grad for p in toy.module.parameters()]
    values = [p.clone() for p in toy.module.parameters()]
    fitted(name, toy).explain(toy, random_toys(3, seed=1))
    assert toy.module.training is training
    assert toy.module.dropout.training is training
    assert [p.requires_grad for p in toy.module.parameters()] == needs
    assert all(torch.equal(p, v) for p, v in zip(toy.module.parameters(), values, strict=True))
    assert all(p.grad is None for p in toy.module.parameters())


def test_graphs_without_edges_are_fine(name: str) -> None:
    toy = deep_toy()
    bare = Toy(torch.ones(2, 3), torch.zeros(2, 0, dtype=torch.long))
    method = fitted(name, toy)
    assert method.explain(toy, [bare, bare]).scores.shape == (2, 0)
    (graph,) = random_toys(1, seed=1)
    mask = method.explain(toy, [bare, graph, bare], seed=1)
    alone = method.explain(toy, [graph], seed=1, first=1)
    torch.testing.assert_close(mask.scores, alone.scores, atol=1e-4, rtol=1e-4)


def test_edges_that_send_nothing_are_never_retained(name: str) -> None:
    toy = deep_toy()
    toy.missing = [(0, 0), (1, 2)]
    graphs = random_toys(3, seed=1)
    mask = fitted(name, toy).explain(toy, graphs)
    absent = ~mask.present
    assert int(absent.sum()) == 6
    assert not mask.retained[absent].any()
    assert not mask.scores[absent].any()


@pytest.mark.parametrize("output", ["classification", "multilabel", "regression"])
def test_every_kind_of_output_is_explained(name: str, output: str) -> None:
    toy = deep_toy(output=output)
    mask = fitted(name, toy).explain(toy, random_toys(3, seed=1))
    assert bool(mask.scores.isfinite().all())


@pytest.mark.parametrize("name", [n for n in METHODS if METHODS[n].needs_fit])
def test_amortised_methods_must_be_fitted_for_the_model(name: str) -> None:
    toy = deep_toy()
    with pytest.raises(MaskError, match="not fitted"):
        QUICK[name]().explain(toy, random_toys(1, seed=1))
    with pytest.raises(MaskError, match="fitted for"):
        fitted(name, toy).explain(linear_toy(), [star(1.0)])
    bare = Toy(torch.ones(2, 3), torch.zeros(2, 0, dtype=torch.long))
    with pytest.raises(MaskError, match="edge"):
        QUICK[name]().fit(toy, [bare])


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    PGExplainer(PGExplainerConfig(epochs=3)).fit(
        deep_toy(), random_toys(4, seed=2), progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
