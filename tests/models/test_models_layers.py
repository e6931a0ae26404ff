"""The gated GCN layer and masked aggregation against arithmetic done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from linguagraph.errors import ConfigError
from linguagraph.models.layers import (
    Dropout,
    GatedGCNLayer,
    Messages,
    _channels,
    _gated_sum,
    aggregate,
    aggregate_open,
    sum_at,
)

SOURCE, TARGET = torch.tensor([0, 1, 2, 1]), torch.tensor([1, 0, 1, 2])
DIRECTION, EDGE_TYPE = torch.tensor([0, 1, 0, 1]), torch.tensor([0, 2, 1, 3])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.fixture
def layer() -> GatedGCNLayer:
    torch.manual_seed(0)
    made = GatedGCNLayer(2, 3, edge_types=4)
    torch.nn.init.normal_(made.bias)
    torch.nn.init.normal_(made.gate_bias)
    return made


def by_hand(layer: GatedGCNLayer, states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edge messages, soft gates and outgoing states of the graph above, one number at a time."""
    weights = layer.weight.detach().numpy().reshape(3, 3, 2)  # ->, <-, self-loop
    gate_weights = layer.gate_weight.detach().numpy()
    bias, gate_bias = layer.bias.detach().numpy(), layer.gate_bias.detach().numpy()
    messages, gates = [], []
    out = np.zeros((3, 3))
    for source, target, way, kind in zip(SOURCE, TARGET, DIRECTION, EDGE_TYPE, strict=True):
        gates.append(sigmoid(gate_weights[way] @ states[source] + gate_bias[kind]))
        messages.append(gates[-1] * (weights[way] @ states[source] + bias[kind]))
        out[target] += messages[-1]
    for node in range(3):
        gate = sigmoid(gate_weights[2] @ states[node] + gate_bias[4])
        out[node] += gate * (weights[2] @ states[node] + bias[4])
    return np.array(messages), np.array(gates), np.maximum(out, 0)


def test_messages_gates_and_states_of_three_nodes(layer: GatedGCNLayer) -> None:
    states = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 3.0]])
    sent = layer.messages(torch.tensor(states).float(), SOURCE, TARGET, EDGE_TYPE, DIRECTION)
    messages, gates, out = by_hand(layer, states)
    np.testing.assert_allclose(sent.edges.detach(), messages, atol=1e-6)
    assert sent.soft_gates is not None
    np.testing.assert_allclose(sent.soft_gates.detach(), gates, atol=1e-6)
    new = aggregate(sent, TARGET)
    np.testing.assert_allclose(new.detach(), out, atol=1e-6)
    assert (out == 0).any()
    assert (out > 0).any()


def test_a_message_of_known_weights() -> None:
    layer = GatedGCNLayer(1, 1, edge_types=2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0], [5.0], [7.0]]))
        layer.gate_weight.copy_(torch.tensor([[1.0], [0.0], [0.0]]))
        layer.bias.copy_(torch.tensor([[0.5], [1.0], [-20.0]]))
        layer.gate_bias.copy_(torch.tensor([-3.0, 0.0, 0.0]))
    ends = torch.tensor([0, 1]), torch.tensor([1, 0])
    kinds = torch.tensor([0, 1])
    sent = layer.messages(torch.tensor([[3.0], [4.0]]), ends[0], ends[1], kinds, kinds)
    assert sent.edges.tolist() == [[0.5 * 6.5], [0.5 * 21.0]]  # sigmoid(3 - 3), sigmoid(0)
    assert sent.loops.tolist() == [[0.5 * 1.0], [0.5 * 8.0]]
    assert aggregate(sent, ends[1]).tolist() == [[0.5 + 10.5], [4.0 + 3.25]]


def test_leading_dimensions_equal_a_loop(layer: GatedGCNLayer) -> None:
    states = torch.randn(4, 3, 2)
    together = layer.messages(states, SOURCE, TARGET, EDGE_TYPE, DIRECTION)
    for index in range(4):
        alone = layer.messages(states[index], SOURCE, TARGET, EDGE_TYPE, DIRECTION)
        torch.testing.assert_close(together.edges[index], alone.edges)
        torch.testing.assert_close(together.loops[index], alone.loops)
        torch.testing.assert_close(aggregate(together, TARGET)[index], aggregate(alone, TARGET))


def test_edge_types_must_divide_by_the_directions() -> None:
    with pytest.raises(ConfigError, match=r"edge_types=5 .* directions=2"):
        GatedGCNLayer(2, 2, edge_types=5)


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_sum_at_adds_rows_at_their_targets(lead: tuple[int, ...]) -> None:
    values = torch.arange(math.prod(lead) * 8.0).reshape(*lead, 4, 2)
    expected = torch.zeros(*lead, 5, 2)
    for edge, target in enumerate(TARGET.tolist()):
        expected[..., target, :] += values[..., edge, :]
    assert torch.equal(sum_at(values, TARGET, 5), expected)


def test_sum_at_of_no_edges_is_zero() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    assert sum_at(torch.zeros(3, 0, 2), none, 4).tolist() == torch.zeros(3, 4, 2).tolist()


def masked_by_hand(sent: Messages, gates: Tensor, baseline: Tensor) -> Tensor:
    """Equation 3 with explicit broadcasting."""
    full = gates.unsqueeze(-1)
    mixed = full * sent.edges + (1 - full) * baseline
    out = torch.zeros(*mixed.shape[:-2], 3, mixed.shape[-1])
    for edge, target in enumerate(TARGET.tolist()):
        out[..., target, :] += mixed[..., edge, :]
    return torch.relu(out + sent.loops)


@pytest.mark.parametrize(
    ("gates", "baseline", "broadcast"),
    [
        ((4,), (3,), (3,)),
        ((5, 4), (3,), (3,)),
        ((5, 4), (5, 3), (5, 1, 3)),
        ((4,), (4, 3), (4, 3)),
        ((5, 4), (5, 4, 3), (5, 4, 3)),
    ],
    ids=["one mask", "one baseline", "per seed", "per edge", "per seed and edge"],
)
def test_masked_messages_follow_equation_3(
    gates: tuple[int, ...], baseline: tuple[int, ...], broadcast: tuple[int, ...]
) -> None:
    torch.manual_seed(1)
    sent = Messages(torch.randn(4, 3), torch.randn(3, 3), None)
    z, b = torch.rand(gates), torch.randn(baseline)
    found = aggregate(sent, TARGET, gates=z, baseline=b)
    torch.testing.assert_close(found, masked_by_hand(sent, z, b.reshape(broadcast)))


def test_without_a_baseline_dropped_messages_are_zero() -> None:
    sent = Messages(torch.ones(4, 3), torch.zeros(3, 3), None)
    found = aggregate(sent, TARGET, gates=torch.tensor([1.0, 0.0, 0.0, 1.0]))
    assert found.tolist() == [[0.0] * 3, [1.0] * 3, [1.0] * 3]


@pytest.mark.parametrize(
    ("messages", "gates", "baseline"),
    [
        ((4, 2), (4,), (2,)),
        ((4, 2), (3, 4), (2,)),
        ((4, 2), (3, 4), (3, 2)),
        ((3, 4, 2), (3, 4), (3, 2)),
        ((3, 4, 2), (3, 4), (2,)),
        ((3, 4, 2), (4,), (2,)),
        ((1, 4, 2), (3, 4), (3, 2)),
        ((3, 4, 2), (1, 4), (1, 2)),
    ],
)
def test_the_gradient_of_the_gated_sum_is_right(
    messages: tuple[int, ...], gates: tuple[int, ...], baseline: tuple[int, ...]
) -> None:
    torch.manual_seed(2)
    inputs = tuple(
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in (messages, gates, baseline)
    )
    assert torch.autograd.gradcheck(lambda m, z, b: _gated_sum(m, z, b, TARGET, 3), inputs)


def test_the_gradient_with_a_baseline_per_edge_is_right() -> None:
    torch.manual_seed(3)
    m, b = (torch.randn(4, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    z = torch.rand(4, dtype=torch.float64, requires_grad=True)
    loops = torch.full((3, 2), 20.0, dtype=torch.float64)

    def run(m: Tensor, z: Tensor, b: Tensor) -> Tensor:
        return aggregate(Messages(m, loops, None), TARGET, gates=z, baseline=b)

    assert torch.autograd.gradcheck(run, (m, z, b))


def test_only_asked_gradients_are_computed() -> None:
    gates = torch.rand(4, requires_grad=True)
    messages, baseline = torch.randn(4, 2), torch.randn(2)
    torch.autograd.backward(_gated_sum(messages, gates, baseline, TARGET, 3).sum())
    assert gates.grad is not None
    torch.testing.assert_close(gates.grad, (messages - baseline).sum(-1))


@pytest.mark.parametrize("lead", [(), (2,)])
def test_the_gradient_of_picking_channels_is_right(lead: tuple[int, ...]) -> None:
    torch.manual_seed(5)
    values = torch.randn(*lead, 9, 2, dtype=torch.float64, requires_grad=True)
    place = torch.tensor([0, 4, 4, 7, 1])
    edges, loops = _channels(values, place, 3)
    assert torch.equal(edges, values.index_select(-2, place))
    assert torch.equal(loops, values[..., 2::3, :])
    assert torch.autograd.gradcheck(lambda v: _channels(v, place, 3), (values,))


def test_messages_of_some_edges_equal_those_among_all(layer: GatedGCNLayer) -> None:
    states, some = torch.randn(3, 2), torch.tensor([3, 0, 2])
    with torch.no_grad():
        every = layer.messages(states, SOURCE, TARGET, EDGE_TYPE, DIRECTION)
        sent, loops = layer.selected(states, SOURCE[some], EDGE_TYPE[some], DIRECTION[some])
    torch.testing.assert_close(sent, every.edges[some])
    torch.testing.assert_close(loops, every.loops)


@pytest.mark.parametrize("filled", [False, True])
def test_summing_open_edges_only_equals_summing_all_under_gates(filled: bool) -> None:
    torch.manual_seed(6)
    edges, loops = torch.randn(2, 4, 3), torch.randn(2, 3, 3)
    gates = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    baseline = torch.randn(2, 3) if filled else None
    mask, edge = gates.nonzero(as_tuple=True)
    closed = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])  # the edges enter 1, 0, 1 and 2
    found = aggregate_open(
        edges[mask, edge], loops, mask * 3 + TARGET[edge], closed, baseline=baseline
    )
    expected = aggregate(Messages(edges, loops, None), TARGET, gates=gates, baseline=baseline)
    torch.testing.assert_close(found, expected)


def test_dropout_keeps_the_expectation_and_its_rate() -> None:
    torch.manual_seed(0)
    kept = Dropout(0.3).train()(torch.ones(400, 500))
    level = round(0.3 * 256) / 256
    assert kept.unique().tolist() == pytest.approx([0, 1 / (1 - level)])
    # standard deviations: of the share 0.001, of the mean 0.0015
    assert (kept == 0).float().mean().item() == pytest.approx(level, abs=0.005)
    assert kept.mean().item() == pytest.approx(1.0, abs=0.008)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.999])
def test_dropout_at_the_ends_of_its_range(rate: float) -> None:
    x = torch.ones(33, 7)
    dropout = Dropout(rate)
    assert torch.equal(dropout.eval()(x), x)
    found = dropout.train()(x)
    assert bool(torch.isfinite(found).all())
    assert torch.equal(found, x) == (rate < 0.1)


def test_an_impossible_dropout_rate_is_refused() -> None:
    with pytest.raises(ConfigError, match="dropout=1"):
        Dropout(1)
