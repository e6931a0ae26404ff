"""Node states and typed edges -> messages -> node states, with gates and baselines as arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError

__all__ = ["Dropout", "GatedGCNLayer", "Messages", "aggregate", "sum_at"]


@dataclass(frozen=True)
class Messages:
    """What one layer sends before aggregation.

    Attributes:
        edges: float [..., E, D], one message per edge.
        loops: float [..., N, D], the layer's own self-loop messages; never gated by a mask.
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
    return out.scatter_add(0, target.unsqueeze(-1).expand_as(values), values)


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
        ctx.save_for_backward(messages, gates, baseline, target)
        kept = sum_at(messages * gates.unsqueeze(-1), target, size)
        dropped = sum_at((1 - gates).unsqueeze(-1), target, size)
        return kept + dropped * baseline.unsqueeze(-2)

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        messages, gates, baseline, target = ctx.saved_tensors  # type: ignore[attr-defined]
        needs = ctx.needs_input_grad  # type: ignore[attr-defined]
        arriving = grad.index_select(-2, target)
        grad_messages = grad_gates = grad_baseline = None
        if needs[0]:
            grad_messages = _to_shape(arriving * gates.unsqueeze(-1), messages)
        if needs[1]:
            at_message = (arriving * messages).sum(-1)
            at_baseline = (grad @ baseline.unsqueeze(-1)).squeeze(-1).index_select(-1, target)
            grad_gates = _to_shape(at_message - at_baseline, gates)
        if needs[2]:
            weighted = ((1 - gates).unsqueeze(-2) @ arriving).squeeze(-2)
            grad_baseline = _to_shape(weighted, baseline)
        return grad_messages, grad_gates, grad_baseline, None, None


def _gated_sum(
    messages: Tensor, gates: Tensor, baseline: Tensor, target: Tensor, size: int
) -> Tensor:
    summed: Tensor = _GatedSum.apply(messages, gates, baseline, target, size)  # type: ignore[no-untyped-call]
    return summed


def _to_shape(value: Tensor, like: Tensor) -> Tensor:
    return value.sum_to_size(like.shape)


def aggregate(
    messages: Messages,
    target: Tensor,
    *,
    gates: Tensor | None = None,
    baseline: Tensor | None = None,
) -> Tensor:
    """Masked sum of messages, then ReLU: the states that a layer passes on.

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
    return F.relu(summed + messages.loops)


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
        self.outputs = outputs
        self.channels = directions + 1
        self.weight = nn.Parameter(torch.empty(self.channels * outputs, inputs))
        self.gate_weight = nn.Parameter(torch.empty(self.channels, inputs))
        self.bias = nn.Parameter(torch.zeros(edge_types + 1, outputs))
        self.gate_bias = nn.Parameter(torch.zeros(edge_types + 1))
        for start in range(0, self.channels * outputs, outputs):
            nn.init.xavier_uniform_(self.weight.data[start : start + outputs])
        nn.init.normal_(self.gate_weight, std=1 / math.sqrt(inputs))

    def messages(
        self, states: Tensor, source: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """Messages along all edges and self-loops.

        Args:
            states: float [..., N, inputs].
            source, edge_type, direction: int64 [E].
        """
        size, channels = states.shape[-2], self.channels
        values = F.linear(states, self.weight)
        values = values.reshape(*values.shape[:-2], size * channels, self.outputs)
        logits = F.linear(states, self.gate_weight).flatten(-2)
        place = source * channels + direction
        edge_gates = torch.sigmoid(
            logits.index_select(-1, place) + self.gate_bias.index_select(0, edge_type)
        )
        edge_values = values.index_select(-2, place) + F.embedding(edge_type, self.bias)
        loops = torch.arange(size, device=states.device) * channels + (channels - 1)
        loop_gates = torch.sigmoid(logits.index_select(-1, loops) + self.gate_bias[-1])
        loop_values = values.index_select(-2, loops) + self.bias[-1]
        return Messages(
            edges=edge_gates.unsqueeze(-1) * edge_values,
            loops=loop_gates.unsqueeze(-1) * loop_values,
            soft_gates=edge_gates,
        )


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
