"""Integrated gradients and gradient x gate against closed forms."""

from __future__ import annotations

import pytest
import torch
from rival_toy import deep_toy, linear_toy, random_toys, relu_toy, star

from linguagraph.errors import ConfigError
from linguagraph.masks.rivals.gradient_gate import GradientGate
from linguagraph.masks.rivals.integrated_gradients import (
    IntegratedGradients,
    IntegratedGradientsConfig,
)

captum = pytest.importorskip("captum")
METHODS = [IntegratedGradients, GradientGate]


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_model_gives_every_edge_its_own_share(method: type[GradientGate]) -> None:
    mask = method().explain(linear_toy(), [star(1.0, -4.0, 2.0), star(3.0, 6.0)])
    # the first answer is no (1 - 4 + 2 < 0): what speaks for no is positive
    expected = torch.tensor([[-1.0, 4.0, -2.0, 3.0, 6.0]])
    torch.testing.assert_close(mask.raw, expected)
    torch.testing.assert_close(mask.scores, torch.tensor([[0.25, 1.0, 0.5, 0.5, 1.0]]))
    assert mask.retained.tolist() == [[False, True, False, False, True]]


def test_the_two_differ_on_a_bent_path() -> None:
    """relu(a S - c), S = 4, c = 3: the slope is 1 on the last quarter of the path only."""
    graph = star(1.0, 3.0)
    path = IntegratedGradientsConfig(steps=400, rule="middle")
    integrated = IntegratedGradients(path).explain(relu_toy(shift=3.0), [graph])
    torch.testing.assert_close(integrated.raw, torch.tensor([[0.25, 0.75]]), atol=0.01, rtol=0)
    here = GradientGate().explain(relu_toy(shift=3.0), [graph])
    torch.testing.assert_close(here.raw, torch.tensor([[1.0, 3.0]]))


@pytest.mark.parametrize("rule", ["gauss", "middle", "right", "trapezoid"])
def test_attributions_sum_to_what_all_messages_do(rule: str) -> None:
    toy, graphs = deep_toy(layers=3), random_toys(6, seed=4)
    steps = IntegratedGradientsConfig(steps=300, rule=rule)
    mask = IntegratedGradients(steps).explain(toy, graphs)
    batch = toy.batch(graphs)
    toy.module.eval()
    whole = toy.trace(batch).output
    nothing = toy.run(batch, torch.zeros(3, batch.num_edges))
    wanted = toy.output.target(whole, whole) - toy.output.target(whole, nothing)
    found = batch.per_graph(mask.raw.sum(0), batch.edge_graph)
    torch.testing.assert_close(found, wanted, atol=0.05, rtol=0.02)


def test_a_run_per_step_serves_all_graphs() -> None:
    toy = deep_toy()
    IntegratedGradients(IntegratedGradientsConfig(steps=7)).explain(toy, random_toys(6, seed=4))
    assert toy.runs == 7


def test_graphs_that_nothing_flows_in_have_no_scores() -> None:
    mask = GradientGate().explain(linear_toy(), [star(0.0, 0.0), star(1.0)])
    assert mask.scores.tolist() == [[0.0, 0.0, 1.0]]


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"rule='simpson'; expected one of \['gauss'"):
        IntegratedGradientsConfig(rule="simpson")
    with pytest.raises(ConfigError, match="steps=1"):
        IntegratedGradientsConfig(steps=1)
