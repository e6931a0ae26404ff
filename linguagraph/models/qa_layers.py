"""Relational graph layers for entity graphs, over edge lists or over adjacency matrices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["GatedRelational", "RelationalLayer"]


class RelationalLayer(nn.Module):
    """A layer whose message depends on its source and relation: what all of them share.

    A message m_ur is weighed by w_uv, summed at its target, and :meth:`update` makes the new state.
    The weights are those of :meth:`QaBatch.weights`, or attention with several heads, each of which
    weighs its own part of the messages. A gate z puts ``z m + (1 - z) b`` in the place of a message
    (Schlichtkrull et al. 2021, equation 3), and w stays. The node's own state is no message and is
    never gated.

    Args:
        width: of states and messages.
        relations: R.
        heads: of attention; 1 for layers without.
    """

    def __init__(self, width: int, relations: int, *, heads: int = 1) -> None:
        super().__init__()
        self.width, self.relations, self.heads = width, relations, heads

    def messages(self, states: Tensor) -> Tensor:
        """What every node would send in every relation: [..., D] -> [..., R, D]."""
        raise NotImplementedError

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """New states from those before and the weighed sums of messages, all [..., D]."""
        raise NotImplementedError

    def weigh_edges(
        self, states: Tensor, edge_index: Tensor, relation: Tensor, weights: Tensor
    ) -> Tensor:
        """Weights of a list of edges, float [E], or [E, heads] where they are attention.

        Args:
            states: float [N, D]; edge_index: int64 [2, E]; relation: int64 [E].
            weights: float [E], of the batch.
        """
        return weights

    def weigh_matrices(self, states: Tensor, weights: Tensor) -> Tensor:
        """Weights in matrices, float [..., B, V, R, V], or [..., B, V, R, V, heads].

        Args:
            states: float [..., B, V, D].
            weights: float [B, V target, R, V source], 0 where there is no edge.
        """
        return weights

    def by_head(self, values: Tensor) -> Tensor:
        """Values [..., D] -> [..., heads, D / heads]."""
        return values.view(*values.shape[:-1], self.heads, -1)

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
            target: int64 [E]; weights: float [E] or [E, heads].
            gates: float [E]; ``None``: all open.
            baseline: float [D] or [E, D]; ``None``: zeros.
        """
        if gates is not None:
            kept = messages * gates.unsqueeze(-1)
            if baseline is not None:
                kept = kept + (1 - gates).unsqueeze(-1) * baseline
            messages = kept
        parts = messages.view(len(messages), self.heads, -1) * weights.view(-1, self.heads, 1)
        summed = torch.zeros_like(states).index_add(0, target, parts.flatten(1))
        return self.update(states, summed)

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
            weights: of :meth:`weigh_matrices`, 0 where there is no edge.
            gates: float [..., B, V, R, V]; ``None``: all open.
            baseline: float [..., D]; ``None``: zeros.
        """
        if self.heads > 1:
            return self._over_heads(states, messages, weights, gates=gates, baseline=baseline)
        passed = weights if gates is None else weights * gates
        sent = messages.transpose(-3, -2).flatten(-3, -2)  # [..., B, R * V, D]
        summed = torch.matmul(passed.flatten(-2), sent)
        if gates is not None and baseline is not None:
            dropped = (weights.sum((-2, -1)) - passed.sum((-2, -1))).unsqueeze(-1)
            summed = summed + dropped * baseline[..., None, None, :]
        return self.update(states, summed)

    def _over_heads(
        self,
        states: Tensor,
        messages: Tensor,
        weights: Tensor,
        *,
        gates: Tensor | None,
        baseline: Tensor | None,
    ) -> Tensor:
        """The same with a weight per head, for the head's own part of the messages."""
        passed = weights if gates is None else weights * gates.unsqueeze(-1)
        cells = passed.movedim(-1, -4).flatten(-2)  # [..., B, heads, V, R * V]
        sent = self.by_head(messages.transpose(-3, -2).flatten(-3, -2))
        summed = torch.matmul(cells, sent.movedim(-2, -3)).movedim(-3, -2).flatten(-2)
        if gates is not None and baseline is not None:
            dropped = (weights.sum((-3, -2)) - passed.sum((-3, -2))).unsqueeze(-1)
            fill = self.by_head(baseline)[..., None, None, :, :]
            summed = summed + (dropped * fill).flatten(-2)
        return self.update(states, summed)


class GatedRelational(RelationalLayer):
    """One step of De Cao et al. (2019), equations 1 to 3.

    ``u_v = W_s h_v + b_s + sum_{r, u in N_r(v)} w_uv (W_r h_u + b_r)``,
    ``a = sigmoid(W_a [u, h])``, ``h' = a * tanh(u) + (1 - a) * h``.

    Args:
        width, relations: as for :class:`RelationalLayer`.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__(width, relations)
        self.message = nn.Linear(width, relations * width)
        self.own = nn.Linear(width, width)
        self.gate = nn.Linear(2 * width, width)

    def messages(self, states: Tensor) -> Tensor:
        """``W_r h_u + b_r``."""
        sent: Tensor = self.message(states)
        return sent.view(*states.shape[:-1], self.relations, self.width)

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """Equations 2 and 3."""
        update = self.own(states) + summed
        share = torch.sigmoid(self.gate(torch.cat((update, states), -1)))
        return torch.lerp(states, torch.tanh(update), share)
