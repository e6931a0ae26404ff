"""Node states and typed edges -> messages -> node states, with gates and baselines as arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError

__all__ = [
    "Dropout",
    "GatedGCNLayer",
    "Messages",
    "aggregate",
    "aggregate_open",
    "gather",
    "sum_at",
]


@dataclass(frozen=True)
class Messages:
    """What one layer sends before aggregation.

    Attributes:
        edges: float [..., E, D], one message per edge.
        loops: float [..., N, D], what each node adds to the sum by itself; never gated by a mask.
        soft_gates: float [..., E] in [0, 1], the model's own scalar gate on each edge, or ``None``.
    """

    edges: Tensor
    loops: Tensor
    soft_gates: Tensor | None


def sum_at(values: Tensor, target: Tensor, size: int) -> Tensor:
    """Sum rows by target: values [..., E, D] and target int64 [E] -> [..., size, D]."""
    if values.dim() > 2:
        flat = values.flatten(0, -3)
        offsets = torch.arange(flat.shape[0], device=target.device).unsqueeze(1) * size
        index = (target + offsets).reshape(-1)
        summed = sum_at(flat.reshape(-1, values.shape[-1]), index, flat.shape[0] * size)
        return summed.reshape(*values.shape[:-2], size, values.shape[-1])
    out = values.new_zeros(size, values.shape[-1])
    return out.scatter_add_(0, target.unsqueeze(-1).expand_as(values), values)


class _Channels(torch.autograd.Function):
    """Rows of all channels [..., N * C, D] -> rows at ``place`` and those of the last channel.

    Two selections with one gradient buffer: autograd would fill and add two.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, values: Tensor, place: Tensor, channels: int
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(place)
        ctx.channels = channels  # type: ignore[attr-defined]
        last = values.view(*values.shape[:-2], -1, channels, values.shape[-1])[..., -1, :]
        return values.index_select(-2, place), last.clone(memory_format=torch.contiguous_format)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, edges: Tensor, loops: Tensor
    ) -> tuple[Tensor, None, None]:
        (place,) = ctx.saved_tensors  # type: ignore[attr-defined]
        *leading, size, width = loops.shape
        grad = loops.new_empty(*leading, size, ctx.channels, width)  # type: ignore[attr-defined]
        grad[..., :-1, :] = 0
        grad[..., -1, :] = loops
        grad = grad.flatten(-3, -2)
        return grad.index_add_(-2, place, edges), None, None


class _GatedSum(torch.autograd.Function):
    """sum_e z_e m_e + (1 - z_e) b at each target; backward keeps no tensor of masked messages."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        messages: Tensor,
        gates: Tensor,
        baseline: Tensor,
        target: Tensor,
        size: int,
    ) -> Tensor:
        kept = sum_at(messages * gates.unsqueeze(-1), target, size)
        dropped = sum_at((1 - gates).unsqueeze(-1), target, size)
        ctx.save_for_backward(messages, gates, baseline, target, dropped)
        return torch.addcmul(kept, dropped, baseline.unsqueeze(-2))

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        messages, gates, baseline, target, dropped = ctx.saved_tensors  # type: ignore[attr-defined]
        needs = ctx.needs_input_grad  # type: ignore[attr-defined]
        grad_messages = grad_gates = grad_baseline = None
        if needs[2]:
            weighted = (dropped.transpose(-1, -2) @ grad).squeeze(-2)
            grad_baseline = _to_shape(weighted, baseline)
        if needs[0] or needs[1]:
            arriving = grad.index_select(-2, target)
        if needs[1]:
            at_message = arriving * messages if needs[0] else arriving.mul_(messages)
            at_baseline = (grad @ baseline.unsqueeze(-1)).squeeze(-1).index_select(-1, target)
            grad_gates = _to_shape(at_message.sum(-1) - at_baseline, gates)
        if needs[0]:
            grad_messages = _to_shape(arriving.mul_(gates.unsqueeze(-1)), messages)
        return grad_messages, grad_gates, grad_baseline, None, None


def _channels(values: Tensor, place: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor] = _Channels.apply(values, place, channels)  # type: ignore[no-untyped-call]
    return found


def _gated_sum(
    messages: Tensor, gates: Tensor, baseline: Tensor, target: Tensor, size: int
) -> Tensor:
    summed: Tensor = _GatedSum.apply(messages, gates, baseline, target, size)  # type: ignore[no-untyped-call]
    return summed


def _to_shape(value: Tensor, like: Tensor) -> Tensor:
    return value.sum_to_size(like.shape)


def gather(
    messages: Messages,
    target: Tensor,
    *,
    gates: Tensor | None = None,
    baseline: Tensor | None = None,
) -> Tensor:
    """Masked sum of messages at each node, with what the node adds by itself.

    ``m~ = z * m + (1 - z) * b`` (Schlichtkrull et al. 2021, equation 3), summed at each target.

    Args:
        messages: of the layer; its leading dimensions may be absent while those of ``gates`` are
            there (several masks of one unmasked layer).
        target: int64 [E].
        gates: float [..., E] in [0, 1], or ``None`` for no mask.
        baseline: float [..., D], one for all edges, or [..., E, D], one for each; zeros if
            ``None``.

    Returns:
        float [..., N, D].
    """
    size = messages.loops.shape[-2]
    if gates is None:
        summed = sum_at(messages.edges, target, size)
    elif baseline is None:
        summed = sum_at(messages.edges * gates.unsqueeze(-1), target, size)
    elif baseline.dim() > gates.dim():
        mixed = torch.lerp(baseline, messages.edges, gates.unsqueeze(-1))
        summed = sum_at(mixed, target, size)
    else:
        summed = _gated_sum(messages.edges, gates, baseline, target, size)
    return summed + messages.loops


def aggregate(
    messages: Messages,
    target: Tensor,
    *,
    gates: Tensor | None = None,
    baseline: Tensor | None = None,
) -> Tensor:
    """:func:`gather`, then ReLU: the states that most layers pass on, float [..., N, D]."""
    return F.relu(gather(messages, target, gates=gates, baseline=baseline), inplace=True)


def aggregate_open(
    sent: Tensor,
    loops: Tensor,
    place: Tensor,
    closed: Tensor,
    *,
    baseline: Tensor | None = None,
) -> Tensor:
    """:func:`aggregate` for binary gates, given only the messages that open edges send.

    Args:
        sent: float [K, D], one message for every open edge of every mask.
        loops: float [N, D] or [S, N, D], self-loop messages.
        place: int64 [K], ``mask * N + target`` of each open edge.
        closed: float [S, N], closed edges that enter each node.
        baseline: float [S, D]; zeros if ``None``.

    Returns:
        float [S, N, D].
    """
    masks, size = closed.shape
    if baseline is None:
        start = sent.new_zeros(masks, size, sent.shape[-1])
    else:
        start = closed.unsqueeze(-1) * baseline.unsqueeze(1)
    summed = start.view(masks * size, -1).index_add_(0, place, sent).view_as(start)
    return summed.add_(loops).relu_()


class GatedGCNLayer(nn.Module):
    """The gated dependency GCN layer of Marcheggiani & Titov (2017), equations 5 to 7.

    ``m_uv = sigmoid(w_dir . h_u + g_type) * (W_dir h_u + b_type)`` with direction-specific weights
    and biases per label and direction, plus a gated self-loop with a weight matrix of its own; sum,
    then ReLU. Departure: biases and gate biases are per label *and* direction (theirs too, as
    their label set includes the direction).

    Args:
        inputs: width of incoming states.
        outputs: width of messages and outgoing states.
        edge_types: number of labels times directions.
        directions: number of directions.
    """

    def __init__(self, inputs: int, outputs: int, *, edge_types: int, directions: int = 2) -> None:
        super().__init__()
        if edge_types % directions:
            raise ConfigError(
                f"edge_types={edge_types} must be a multiple of directions={directions}"
            )
        self.outputs = self.message_width = outputs
        self.channels = directions + 1
        self.weight = nn.Parameter(torch.empty(self.channels * outputs, inputs))
        self.gate_weight = nn.Parameter(torch.empty(self.channels, inputs))
        self.bias = nn.Parameter(torch.zeros(edge_types + 1, outputs))
        self.gate_bias = nn.Parameter(torch.zeros(edge_types + 1))
        for start in range(0, self.channels * outputs, outputs):
            nn.init.xavier_uniform_(self.weight.data[start : start + outputs])
        nn.init.normal_(self.gate_weight, std=1 / math.sqrt(inputs))

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """Messages along all edges and self-loops; what an edge's target is does not count.

        Args:
            states: float [..., N, inputs].
            source, target, edge_type, direction: int64 [E].
        """
        size, channels = states.shape[-2], self.channels
        values = F.linear(states, self.weight)
        values = values.reshape(*values.shape[:-2], size * channels, self.outputs)
        logits = F.linear(states, self.gate_weight).flatten(-2)
        place = source * channels + direction
        edge_gates = torch.sigmoid(
            logits.index_select(-1, place) + self.gate_bias.index_select(0, edge_type)
        )
        edge_values, loop_values = _channels(values, place, channels)
        edge_values = edge_values + F.embedding(edge_type, self.bias)
        loop_gates = torch.sigmoid(logits[..., channels - 1 :: channels] + self.gate_bias[-1])
        loop_values = loop_values + self.bias[-1]
        return Messages(
            edges=edge_gates.unsqueeze(-1) * edge_values,
            loops=loop_gates.unsqueeze(-1) * loop_values,
            soft_gates=edge_gates,
        )

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """ReLU."""
        return F.relu(summed, inplace=True)

    def selected(
        self, states: Tensor, source: Tensor, edge_type: Tensor, direction: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Messages along some edges, float [K, outputs], and self-loop messages [R, outputs].

        What :meth:`messages` gives to rounding, at the cost of the chosen edges only.

        Args:
            states: float [R, inputs].
            source: int64 [K], row of each edge's source.
            edge_type, direction: int64 [K].
        """
        width = self.outputs
        sent = states.new_empty(len(source), width)
        for channel in range(self.channels - 1):
            at = (direction == channel).nonzero().squeeze(1)
            rows, types = states.index_select(0, source[at]), edge_type[at]
            values = F.linear(rows, self.weight[channel * width : (channel + 1) * width])
            values = values.to(sent.dtype).add_(self.bias.index_select(0, types))
            logits = rows @ self.gate_weight[channel] + self.gate_bias.index_select(0, types)
            sent.index_copy_(0, at, values.mul_(torch.sigmoid(logits).unsqueeze(-1)))
        loops = F.linear(states, self.weight[-width:], self.bias[-1])
        logits = states @ self.gate_weight[-1] + self.gate_bias[-1]
        return sent, loops.mul_(torch.sigmoid(logits).unsqueeze(-1)).to(sent.dtype)


class Dropout(nn.Module):
    """Inverted dropout that draws one random byte per element on CPU (rate in steps of 1/256).

    PyTorch's own dropout spends more time on random numbers there than a GCN layer on arithmetic.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ConfigError(f"dropout={rate}; expected a rate in [0, 1)")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop elements in training mode."""
        level = min(round(self.rate * 256), 255)
        if not self.training or level == 0:
            return x
        if x.is_cuda:
            return F.dropout(x, self.rate)
        count = x.numel()
        words = torch.empty((count + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        keep = words.view(torch.uint8)[:count].view(x.shape) >= level
        return x * (keep.to(x.dtype) * (256 / (256 - level)))
