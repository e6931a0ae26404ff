"""Gated relational graph convolution, over edge lists or over adjacency matrices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["GatedRelational"]


class GatedRelational(nn.Module):
    """One step of De Cao et al. (2019), equations 1 to 3.

    ``u_v = W_s h_v + b_s + sum_{r, u in N_r(v)} w_uv (W_r h_u + b_r)``,
    ``a = sigmoid(W_a [u, h])``, ``h' = a * tanh(u) + (1 - a) * h``. ``w_uv`` are the
    weights of :meth:`QaBatch.weights`. The message of an edge is ``W_r h_u + b_r``; a gate z puts
    ``z m + (1 - z) b`` in its place (Schlichtkrull et al. 2021, equation 3), and w stays. The
    node's own state is no message and is never gated.

    Args:
        width: of states and messages.
        relations: R.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__()
        self.width, self.relations = width, relations
        self.message = nn.Linear(width, relations * width)
        self.own = nn.Linear(width, width)
        self.gate = nn.Linear(2 * width, width)

    def messages(self, states: Tensor) -> Tensor:
        """What every node would send in every relation: [..., D] -> [..., R, D]."""
        sent: Tensor = self.message(states)
        return sent.view(*states.shape[:-1], self.relations, self.width)

    def over_edges(
        self,
        states: Tensor,
        messages: Tensor,
        target: Tensor,
        weights: Tensor,
        *,
        gates: Tensor | None = None,
        baseline: Tensor | None = None,
    ) -> Tensor:
        """New states [N, D] from a list of edges.

        Args:
            states: float [N, D].
            messages: float [E, D], of each edge.
            target: int64 [E]; weights: float [E].
            gates: float [E]; ``None``: all open.
            baseline: float [D] or [E, D]; ``None``: zeros.
        """
        if gates is not None:
            kept = messages * gates.unsqueeze(-1)
            if baseline is not None:
                kept = kept + (1 - gates).unsqueeze(-1) * baseline
            messages = kept
        summed = torch.zeros_like(states).index_add(0, target, messages * weights.unsqueeze(-1))
        return self._update(states, summed)

    def over_matrices(
        self,
        states: Tensor,
        messages: Tensor,
        weights: Tensor,
        *,
        gates: Tensor | None = None,
        baseline: Tensor | None = None,
    ) -> Tensor:
        """New states [..., B, V, D] from adjacency matrices (equations 8 and 10 of the paper).

        ``sum_r (Z_r * A_r) M_r + ((J - Z_r) * A_r) B`` in one product, where A holds the weights;
        messages are never enumerated.

        Args:
            states: float [..., B, V, D]; messages: float [..., B, V, R, D], of each node.
            weights: float [B, V target, R, V source], 0 where there is no edge.
            gates: float [..., B, V, R, V]; ``None``: all open.
            baseline: float [..., D]; ``None``: zeros.
        """
        passed = weights if gates is None else weights * gates
        sent = messages.transpose(-3, -2).flatten(-3, -2)  # [..., B, R * V, D]
        summed = torch.matmul(passed.flatten(-2), sent)
        if gates is not None and baseline is not None:
            dropped = (weights.sum((-2, -1)) - passed.sum((-2, -1))).unsqueeze(-1)
            summed = summed + dropped * baseline[..., None, None, :]
        return self._update(states, summed)

    def _update(self, states: Tensor, summed: Tensor) -> Tensor:
        update = self.own(states) + summed
        share = torch.sigmoid(self.gate(torch.cat((update, states), -1)))
        return torch.lerp(states, torch.tanh(update), share)
