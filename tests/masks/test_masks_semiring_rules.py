"""Every covered function: signed sums against autograd, both ways; what is not covered is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import MaskError
from linguagraph.masks.semiring import Tape
from linguagraph.masks.semiring_rules import RULES, find_rule

Function = Callable[[Tensor], Tensor]
INDEX = torch.tensor([2, 0, 2])
BIG = torch.tensor([[0, 1, 1, 0], [2, 0, 1, 0], [1, 1, 2, 2]])
OTHER = torch.linspace(-1.3, 1.1, 12, dtype=torch.float64).view(3, 4)
SQUARE = torch.linspace(-0.7, 0.9, 16, dtype=torch.float64).view(4, 4)


def _assigned(x: Tensor) -> Tensor:
    out = torch.zeros(4, 4, dtype=x.dtype)
    out[1:, :] = x
    out[0] = x[1] * 2
    return out * SQUARE


def _in_place(x: Tensor) -> Tensor:
    y = x * 2
    z = y * OTHER + 1
    y.add_(x).mul_(OTHER)
    y += z
    return y


def _relu_in_place(x: Tensor) -> Tensor:
    return F.relu(x * OTHER, inplace=True) * x


def _top(x: Tensor) -> Tensor:
    return x.topk(2, dim=1).values.sum(1) + x.max(1).values * x.min(1)[0]


def _reduced(x: Tensor) -> Tensor:
    start = torch.full((3, 4), -9.0, dtype=x.dtype)
    return torch.cat(
        [
            start.scatter_reduce(0, BIG, x, "amax", include_self=False),
            torch.zeros_like(x).scatter_reduce(0, BIG, x, "mean", include_self=False),
            x.scatter_reduce(0, BIG, x, "sum"),
        ]
    )


FUNCTIONS: dict[str, Function] = {
    "arithmetic": lambda x: (
        (1 - x) * 3 + x / (x + 5) - (2 / (x + 4)) + (-x) ** 2 + torch.sub(x, x, alpha=3)
    ),
    "broadcast": lambda x: x * x[:, :1] + x[0] - x.mean(1, keepdim=True),
    "powers": lambda x: (
        (x + 3).pow(1.5) + (x + 3).sqrt() + (x + 3).rsqrt() + (x + 3).log() + x.exp()
    ),
    "activations": lambda x: F.gelu(x) + F.gelu(x, approximate="tanh") + F.silu(x) + F.elu(x),
    "more_activations": lambda x: (
        F.leaky_relu(x, 0.1) + F.softplus(x) + F.logsigmoid(x) + F.relu(x)
    ),
    "old_activations": lambda x: F.hardtanh(x) + F.mish(x) + x.tanh().sigmoid() + x.abs(),
    "clamped": lambda x: (
        x.clamp(-0.5, 0.5) + torch.where(x > 0, x, x * 2) + x.masked_fill(x > 1, 0)
    ),
    "mixed": lambda x: torch.lerp(x, OTHER, x.sigmoid()) + torch.addcmul(x, x, OTHER, value=2),
    "matmul": lambda x: x @ SQUARE @ x.t() @ OTHER,
    "vectors": lambda x: (x @ x[0]).unsqueeze(1) * (x[:, 0] @ x),
    "bmm": lambda x: torch.bmm(x.unsqueeze(0), x.t().unsqueeze(0))[0],
    "broadcast_matmul": lambda x: (x.unsqueeze(0) @ SQUARE.expand(2, 4, 4)).sum(0) @ x.T,
    "addmm": lambda x: torch.addmm(OTHER, x, SQUARE, beta=0.5, alpha=2) + torch.addmm(x, x, SQUARE),
    "linear": lambda x: F.linear(x, SQUARE, SQUARE[0]) + F.linear(OTHER, x.t() @ x, x[0]),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None] * 2, x[None] @ SQUARE)[
        0
    ],
    "causal": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None], is_causal=True),
    "softmax": lambda x: x.softmax(0) * F.log_softmax(x, dim=-1) + F.softmax(x, -1),
    "norms": lambda x: F.layer_norm(x, (4,), OTHER[0], OTHER[1]) + F.rms_norm(x, (4,), OTHER[2]),
    "normalize": lambda x: F.normalize(x, dim=1),
    "batch_norm": lambda x: F.batch_norm(x, OTHER[0], OTHER[1].abs() + 1, OTHER[2], OTHER[0]),
    "dropout": lambda x: F.dropout(x, 0.5, training=False) * 2,
    "views": lambda x: (
        x.view(2, 6).t().reshape(3, 4).unsqueeze(1).transpose(0, 2).flatten().unflatten(0, (4, 3))
    ),
    "pieces": lambda x: x.chunk(2, -1)[1] * x.split([1, 3], 1)[1][:, :2] + x.unbind(1)[3][:, None],
    "items": lambda x: x[:, [0, 2, 2]] * x[INDEX][:, 1:] + x[..., -1:] + x[None, 1, :3],
    "chosen": lambda x: x[x > 0].sum() * x.index_select(1, INDEX) * x.gather(0, BIG)[:, :3],
    "joined": lambda x: (
        torch.cat((x, x * 2), 1) @ torch.stack((OTHER, x), 1).view(6, 4)[:4].repeat(2, 1)
    ),
    "padded": lambda x: F.pad(x, (1, 2, 0, 1)) * 3,
    "assigned": _assigned,
    "in_place": _in_place,
    "relu_in_place": _relu_in_place,
    "index_add": lambda x: (
        x.index_add(0, INDEX, x * 2) + torch.zeros_like(x).index_add_(0, INDEX, x, alpha=3)
    ),
    "index_copy": lambda x: x.index_copy(0, torch.tensor([1]), x[:1] * 5),
    "scatter_add": lambda x: (
        torch.zeros_like(x).scatter_add(0, BIG, x)
        + torch.zeros(5, 4, dtype=x.dtype).scatter_add_(0, INDEX[:, None].expand_as(x), x)[:3]
    ),
    "scatter": lambda x: x.scatter(1, torch.tensor([[1], [0], [3]]), x[:, :1] * 7),
    "scatter_reduce": _reduced,
    "largest": lambda x: x.amax(0) + x.amin((0, 1)) + _top(x)[0] + torch.maximum(x, OTHER).max(),
    "flipped": lambda x: x.flip(0) * x.roll(1, 1) + x.tril() + x.repeat_interleave(2, 0)[1:4],
    "einsum": lambda x: (
        torch.einsum("ij,kj->ki", x, OTHER) @ torch.einsum("...i,ij->...j", x, SQUARE)
    ),
    "embedding": lambda x: F.embedding(torch.tensor([[0, 2], [2, 1]]), x) ** 2,
    "types": lambda x: (
        x.float().double().to(torch.float64).clone().contiguous() * x.detach() * x.sign()
    ),
    "sums": lambda x: x.sum() * x.mean((0, 1)) * x.sum(0) + x.mean(0, keepdim=True),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signed_sums_are_the_gradient(name: str) -> None:
    function = FUNCTIONS[name]
    x = torch.tensor(
        [[0.3, -0.8, 1.2, 0.5], [-1.1, 0.9, 0.2, -0.4], [0.7, 1.6, -0.6, 1.0]], dtype=torch.float64
    )
    plain = x.clone().requires_grad_()
    expected = function(plain)
    weights = torch.linspace(0.5, 2, expected.numel(), dtype=torch.float64).view(expected.shape)
    (gradient,) = torch.autograd.grad((expected * weights).sum(), plain)
    tape = Tape()
    with tape.recording():
        out = function(tape.watch(x))
    torch.testing.assert_close(out, expected.detach(), rtol=1e-6, atol=1e-6)
    number = tape.number(out)
    back = tape.backward({number: weights}, "sum")[tape.inputs[0]][0]
    torch.testing.assert_close(back, gradient, rtol=1e-5, atol=1e-6)
    ahead = tape.forward("sum", keep=[number])[number][0]
    assert float((ahead * weights).sum()) == pytest.approx(
        float(gradient.sum()), rel=1e-5, abs=1e-6
    )
    for ring in ("total", "max"):
        down = tape.backward({number: weights}, ring)[tape.inputs[0]]
        up = tape.forward(ring, keep=[number])[number][0] * weights.abs()
        join = Tensor.sum if ring == "total" else Tensor.max
        assert float(join(down)) == pytest.approx(float(join(up)), rel=1e-6)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("packed", [False, True])
def test_recurrent_layers_are_recorded_step_by_step(kind: type[nn.Module], packed: bool) -> None:
    torch.manual_seed(0)
    net = kind(4, 3, num_layers=2, bidirectional=True, batch_first=True).eval()
    x = torch.randn(3, 5, 4)

    def function(x: Tensor) -> Tensor:
        given = x
        if packed:
            lengths = torch.tensor([5, 3, 1])
            given = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        states, last = net(given)
        first = last[0] if isinstance(last, tuple) else last
        data = states.data if packed else states
        return data.square().sum() + first.sum() * 3  # type: ignore[no-any-return]

    plain = x.clone().requires_grad_()
    expected = function(plain)
    (gradient,) = torch.autograd.grad(expected, plain)
    tape = Tape()
    with tape.recording(net):
        out = function(tape.watch(x))
    torch.testing.assert_close(out, expected.detach())
    found = tape.backward({tape.number(out): torch.ones_like(out)}, "sum")[tape.inputs[0]][0]
    torch.testing.assert_close(found, gradient)


def test_cells() -> None:
    torch.manual_seed(0)
    for cell in (nn.LSTMCell(4, 3), nn.GRUCell(4, 3)):
        x = torch.randn(2, 4, requires_grad=True)
        out = cell(x)
        out = out[0] if isinstance(out, tuple) else out
        (gradient,) = torch.autograd.grad(out.sum(), x)
        tape = Tape()
        with tape.recording(cell):
            again = cell(tape.watch(x))
            again = again[0] if isinstance(again, tuple) else again
        found = tape.backward({tape.number(again): torch.ones_like(again)}, "sum")
        torch.testing.assert_close(found[tape.inputs[0]][0], gradient)


def test_a_function_that_is_not_covered_is_named() -> None:
    tape = Tape()
    with tape.recording(), pytest.raises(MaskError, match=r"do not cover torch\.cumsum"):
        torch.cumsum(tape.watch(torch.ones(3)), 0)


def test_the_module_of_a_function_that_is_not_covered_is_named() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.special.i0(x)

    tape, net = Tape(), nn.Sequential(nn.Linear(3, 3), Odd())
    with tape.recording(net), pytest.raises(MaskError, match="called in '1'"):
        net(tape.watch(torch.ones(3)))
    assert not net._forward_hooks
    assert not net[1]._forward_pre_hooks


def test_training_mode_is_refused() -> None:
    tape = Tape()
    with tape.recording(), pytest.raises(MaskError, match="training mode"):
        F.dropout(tape.watch(torch.ones(3)), 0.5)
    with tape.recording(), pytest.raises(MaskError, match="training mode"):
        nn.BatchNorm1d(3)(tape.watch(torch.ones(2, 3)))


def test_changes_behind_the_tape_are_refused() -> None:
    tape = Tape()
    with tape.recording():
        y = tape.watch(torch.ones(2, 3)) * 2
        row = y[0]
        with pytest.raises(MaskError, match="view"):
            row.mul_(3)
        y.data.mul_(2)
    assert callable(find_rule(torch.relu))


def test_comparisons_and_indices_pass_through() -> None:
    tape = Tape()
    with tape.recording():
        x = tape.watch(torch.tensor([1.0, -2.0]))
        assert (x > 0).tolist() == [True, False]
        assert int(x.argmax()) == 0
        assert x.shape == (2,)
        assert torch.zeros_like(x).tolist() == [0, 0]


def test_every_rule_has_words() -> None:
    assert all(rule.__doc__ for rule in RULES.values())
