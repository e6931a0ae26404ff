"""Semiring passes against every path of small networks, enumerated one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import MaskError
from linguagraph.masks.semiring import Tape, entropy, one_hot, through, top_path


@dataclass(frozen=True)
class Op:
    """A function of earlier values; ``inputs`` are their places, 0 is the network's input."""

    function: Callable[..., Tensor]
    inputs: tuple[int, ...]


Network = Sequence[Op]


def values_of(network: Network, x: Tensor) -> list[Tensor]:
    found = [x]
    for op in network:
        found.append(op.function(*(found[at] for at in op.inputs)))
    return found


def local_jacobians(network: Network, x: Tensor) -> list[list[tuple[int, Tensor]]]:
    """For every value, its parents with matrices [own elements, parent's elements], by autograd."""
    values = values_of(network, x)
    found: list[list[tuple[int, Tensor]]] = [[]]
    for op in network:
        arguments = tuple(values[at] for at in op.inputs)
        parts = torch.autograd.functional.jacobian(op.function, arguments)  # type: ignore[no-untyped-call]
        size = op.function(*arguments).numel()
        found.append(
            [(at, part.reshape(size, -1)) for at, part in zip(op.inputs, parts, strict=True)]
        )
    return found


def every_path(
    jacobians: list[list[tuple[int, Tensor]]], value: int, element: int
) -> Iterator[tuple[float, tuple[tuple[int, int], ...]]]:
    """Signed weight and (value, element) places of each path down to the input."""
    if value == 0:
        yield 1.0, ((0, element),)
        return
    for parent, matrix in jacobians[value]:
        for below, weight in enumerate(matrix[element].tolist()):
            if weight != 0:
                for rest, places in every_path(jacobians, parent, below):
                    yield weight * rest, ((value, element), *places)


def _matrix(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


W1, W2, W3 = _matrix(4, 3, seed=1), _matrix(3, 4, seed=2), _matrix(2, 3, seed=3)
GAIN, BIAS = _matrix(3, seed=4), _matrix(3, seed=5)
Q, K, V = (_matrix(3, 3, seed=seed) for seed in (6, 7, 8))

FEED_FORWARD = (
    Op(lambda x: F.linear(x, W1), (0,)),
    Op(torch.tanh, (1,)),
    Op(lambda h: F.linear(h, W2, BIAS), (2,)),
    Op(lambda x, h: x + h, (0, 3)),
    Op(lambda h: F.layer_norm(h, (3,), GAIN, BIAS), (4,)),
    Op(F.gelu, (5,)),
    Op(lambda h: h.sum(0), (6,)),
    Op(lambda h: F.linear(h, W3), (7,)),
)
ATTENTION = (
    Op(lambda x: F.linear(x, Q), (0,)),
    Op(lambda x: F.linear(x, K), (0,)),
    Op(lambda x: F.linear(x, V), (0,)),
    Op(lambda k: k.transpose(-1, -2), (2,)),
    Op(torch.matmul, (1, 4)),
    Op(lambda s: torch.softmax(s, -1), (5,)),
    Op(torch.matmul, (6, 3)),
    Op(lambda x, a: x + a, (0, 7)),
    Op(lambda h: h[0], (8,)),
    Op(lambda h: F.linear(h, W3), (9,)),
)
PLACES = (
    Op(lambda x: x.index_select(0, torch.tensor([1, 0, 1])), (0,)),
    Op(lambda h: torch.sigmoid(h), (1,)),
    Op(lambda x, h: torch.cat((x, h), 0), (0, 2)),
    Op(
        lambda h: torch.zeros(2, 3, dtype=h.dtype).index_add(0, torch.tensor([0, 1, 1, 0, 0]), h),
        (3,),
    ),
    Op(lambda h, x: h * x, (4, 0)),
    Op(lambda h: torch.log_softmax(h, -1), (5,)),
    Op(lambda h: h.mean(0), (6,)),
)
RECURRENT = (
    Op(lambda x: F.linear(x, Q), (0,)),
    Op(lambda x: x[0], (1,)),
    Op(torch.sigmoid, (2,)),
    Op(lambda x: x[1], (1,)),
    Op(torch.tanh, (4,)),
    Op(lambda i, g: i * g, (3, 5)),
    Op(torch.tanh, (6,)),
    Op(lambda h: F.rms_norm(h, (3,), GAIN, 1e-6), (7,)),
    Op(lambda h, c: torch.stack((h, c)), (8, 6)),
    Op(lambda h: F.linear(h, W3).amax(0), (9,)),
)
NETWORKS = {
    "feed_forward": FEED_FORWARD,
    "attention": ATTENTION,
    "places": PLACES,
    "recurrent": RECURRENT,
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_passes_equal_all_paths_enumerated(name: str, seed: int) -> None:
    network, x = NETWORKS[name], _matrix(2, 3, seed=100 + seed)
    paths = list(every_path(local_jacobians(network, x), len(network), 1))
    weights = [abs(weight) for weight, _ in paths]
    total, best = sum(weights), max(weights)
    shares = [weight / total for weight in weights]
    nats = -sum(share * math.log(share) for share in shares)
    assert len(paths) > 20

    tape = Tape()
    with tape.recording():
        values = values_of(network, tape.watch(x))
    seeds = one_hot(tape, values[-1], 1)
    back = {
        r: tape.backward(seeds, r)[tape.inputs[0]] for r in ("sum", "total", "max", "expectation")
    }
    ahead = {r: tape.forward(r) for r in back}
    out = tape.number(values[-1])

    gradient = torch.zeros(6, dtype=torch.float64)
    for weight, places in paths:
        gradient[places[-1][1]] += weight
    torch.testing.assert_close(back["sum"][0].reshape(-1), gradient, rtol=1e-6, atol=1e-9)
    assert float(back["total"].sum()) == pytest.approx(total, rel=1e-6)
    assert float(back["max"].max()) == pytest.approx(best, rel=1e-6)
    assert float(entropy(back["expectation"].sum((1, 2)))) == pytest.approx(nats, rel=1e-6)
    assert float(ahead["sum"][out][0, 1]) == pytest.approx(float(gradient.sum()), rel=1e-6)
    assert float(ahead["total"][out][0, 1]) == pytest.approx(total, rel=1e-6)
    assert float(ahead["max"][out][0, 1]) == pytest.approx(best, rel=1e-6)
    assert float(entropy(ahead["expectation"][out][:, 1])) == pytest.approx(nats, rel=1e-6)

    expected = max(paths, key=lambda path: abs(path[0]))
    found = top_path(tape, ahead["max"], out, 1)
    numbers = {tape.number(value): at for at, value in enumerate(values)}
    places = tuple((numbers[s.node], s.element) for s in found.steps if s.node in numbers)
    assert places == expected[1]
    assert found.value == pytest.approx(abs(expected[0]), rel=1e-6)
    assert found.sign == math.copysign(1, expected[0])
    assert math.prod(step.weight for step in found.steps) == pytest.approx(expected[0], rel=1e-6)


def test_weight_through_a_node_is_that_of_the_paths_through_it() -> None:
    x = _matrix(2, 3, seed=9)
    paths = list(every_path(local_jacobians(ATTENTION, x), len(ATTENTION), 0))
    tape = Tape()
    with tape.recording():
        values = values_of(ATTENTION, tape.watch(x))
    keys = tape.number(values[2])
    seeds = one_hot(tape, values[-1], 0)
    for ring, join in (("total", sum), ("max", max)):
        below, above = tape.forward(ring), tape.backward(seeds, ring, keep=[keys])
        found = through(tape, keys, below, above).reshape(-1)
        for element in range(6):
            here = [abs(w) for w, places in paths if (2, element) in places]
            assert float(found[element]) == pytest.approx(join(here), rel=1e-6)  # type: ignore[operator]


def test_top_path_says_where_there_is_none() -> None:
    tape = Tape()
    with tape.recording():
        out = tape.watch(torch.ones(2)) * torch.tensor([0.0, 1.0])
    with pytest.raises(MaskError, match="no path of positive weight"):
        top_path(tape, tape.forward("max"), tape.number(out), 0)


def test_entropy_of_two_equal_paths_is_log_two_and_of_one_path_zero() -> None:
    tape = Tape()
    with tape.recording():
        x = tape.watch(torch.tensor([2.0, 3.0]))
        both, one = x.sum(), x[0] * 5
    two = tape.backward(one_hot(tape, both), "expectation")[tape.inputs[0]].sum(1)
    alone = tape.backward(one_hot(tape, one), "expectation")[tape.inputs[0]].sum(1)
    assert float(entropy(two)) == pytest.approx(math.log(2), rel=1e-6)
    assert float(entropy(alone)) == pytest.approx(0, abs=1e-6)


def test_weights_beyond_the_range_of_floats_are_told() -> None:
    with pytest.raises(MaskError, match="double precision"):
        entropy(torch.tensor([[math.inf], [1.0]]))
