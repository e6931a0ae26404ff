"""Names of graph convolutions for entity graphs -> layers over edge lists or matrices alike.

PyTorch Geometric's layers know edge lists only, and the probes for questions work over matrices;
where it has the same convolution, a test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.models.qa_layers import GatedRelational, RelationalLayer

__all__ = [
    "QA_CONVOLUTIONS",
    "Attention",
    "GatRelational",
    "Ggnn",
    "Gine",
    "Rgcn",
    "TransformerRelational",
    "make_qa_convolution",
]


class _Linear(RelationalLayer):
    """What sends ``W_r h_u + b_r``."""

    def __init__(self, width: int, relations: int) -> None:
        super().__init__(width, relations)
        self.message = nn.Linear(width, relations * width)

    def messages(self, states: Tensor) -> Tensor:
        """See the class."""
        sent: Tensor = self.message(states)
        return sent.view(*states.shape[:-1], self.relations, self.width)


class Rgcn(_Linear):
    """The relational GCN of Schlichtkrull et al. (2018): ``tanh(W_0 h_v + sum w_uv W_r h_u)``.

    Departures: messages have a bias, and tanh stands for ReLU, since the layer is applied several
    times with the same parameters.

    Args:
        width, relations: as for :class:`RelationalLayer`.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__(width, relations)
        self.own = nn.Linear(width, width)

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """See the class."""
        return torch.tanh(self.own(states) + summed)


class Ggnn(_Linear):
    """The gated graph neural network of Li et al. (2016): a GRU cell over sums of messages.

    Departure: messages are weighed as the other layers' are, not only summed.

    Args:
        width, relations: as for :class:`RelationalLayer`.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__(width, relations)
        self.cell = nn.GRUCell(width, width)

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """The cell."""
        before = states.expand(summed.shape)
        new: Tensor = self.cell(summed.reshape(-1, self.width), before.reshape(-1, self.width))
        return new.view(summed.shape)


class Gine(RelationalLayer):
    """Graph isomorphism network with edge features (Hu et al. 2020), a vector per relation.

    ``tanh(MLP((1 + eps) h_v + sum w_uv ReLU(h_u + e_r)))``. Departures: messages are weighed as
    the other layers' are, and the tanh, since parameters are shared by all layers.

    Args:
        width, relations: as for :class:`RelationalLayer`.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__(width, relations)
        self.kinds = nn.Parameter(torch.randn(relations, width) / math.sqrt(width))
        self.eps = nn.Parameter(torch.zeros(()))
        self.network = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def messages(self, states: Tensor) -> Tensor:
        """``ReLU(h_u + e_r)``."""
        return F.relu(states.unsqueeze(-2) + self.kinds)

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """See the class."""
        return torch.tanh(self.network((1 + self.eps) * states + summed))


class Attention(RelationalLayer):
    """Layers that weigh messages by attention, a softmax over all edges that enter a node.

    :meth:`pairs` and :meth:`listed` give the same logits in the two forms. The update is
    ``tanh(W_0 h_v + sum)``.

    Args:
        width, relations, heads: as for :class:`RelationalLayer`; heads divide the width.

    Raises:
        ConfigError: they do not.
    """

    def __init__(self, width: int, relations: int, *, heads: int) -> None:
        super().__init__(width, relations, heads=heads)
        if width % heads:
            raise ConfigError(f"heads={heads} do not divide the width {width}; choose another")
        self.own = nn.Linear(width, width)

    def pairs(self, states: Tensor) -> Tensor:
        """Logits of all pairs, [..., V, D] -> [..., V target, R, V source, heads]."""
        raise NotImplementedError

    def listed(self, states: Tensor, edge_index: Tensor, relation: Tensor) -> Tensor:
        """Logits of a list of edges, [N, D] -> [E, heads]."""
        raise NotImplementedError

    def weigh_edges(
        self, states: Tensor, edge_index: Tensor, relation: Tensor, weights: Tensor
    ) -> Tensor:
        """Attention [E, heads]; see :class:`RelationalLayer`."""
        logits = self.listed(states, edge_index, relation)
        place = edge_index[1].unsqueeze(-1).expand_as(logits)
        highest = logits.new_full((len(states), self.heads), -torch.inf)
        highest = highest.scatter_reduce(0, place, logits.detach(), "amax")
        powers = (logits - highest.gather(0, place)).exp()
        sums = torch.zeros_like(highest).scatter_add(0, place, powers)
        return powers / sums.gather(0, place)

    def weigh_matrices(self, states: Tensor, weights: Tensor) -> Tensor:
        """Attention [..., B, V, R, V, heads]; see :class:`RelationalLayer`."""
        there = (weights > 0).unsqueeze(-1)
        logits = self.pairs(states).masked_fill(~there, -torch.inf)
        highest = logits.detach().amax((-3, -2), keepdim=True).clamp(min=-1e30)
        powers = (logits - highest).exp()
        shares: Tensor = powers / powers.sum((-3, -2), keepdim=True).clamp(min=1e-30)
        return shares

    def update(self, states: Tensor, summed: Tensor) -> Tensor:
        """See the class."""
        return torch.tanh(self.own(states) + summed)


class GatRelational(Attention):
    """Graph attention (Velickovic et al. 2018); the relation counts in the attention only.

    ``LeakyReLU(a . W h_u + a' . W h_v + a_r)``; messages are ``W h_u``.

    Args:
        width, relations, heads: as for :class:`Attention`.
    """

    def __init__(self, width: int, relations: int, *, heads: int) -> None:
        super().__init__(width, relations, heads=heads)
        self.value = nn.Linear(width, width, bias=False)
        bound = math.sqrt(6 / (width // heads))
        self.ends = nn.Parameter(torch.empty(2, heads, width // heads).uniform_(-bound, bound))
        self.kinds = nn.Parameter(torch.zeros(relations, heads))

    def messages(self, states: Tensor) -> Tensor:
        """``W h_u``, the same in every relation."""
        sent: Tensor = self.value(states)
        return sent.unsqueeze(-2).expand(*states.shape[:-1], self.relations, self.width)

    def pairs(self, states: Tensor) -> Tensor:
        """See :class:`Attention`."""
        source, target = self._scores(states)
        logits = target[..., :, None, None, :] + source[..., None, None, :, :]
        return F.leaky_relu(logits + self.kinds[:, None, :], 0.2)

    def listed(self, states: Tensor, edge_index: Tensor, relation: Tensor) -> Tensor:
        """See :class:`Attention`."""
        source, target = self._scores(states)
        logits = source[edge_index[0]] + target[edge_index[1]] + self.kinds[relation]
        return F.leaky_relu(logits, 0.2)

    def _scores(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of nodes as sources and as targets, each [..., heads]."""
        values = self.by_head(self.value(states))
        return (values * self.ends[0]).sum(-1), (values * self.ends[1]).sum(-1)


class TransformerRelational(Attention):
    """Graph transformer with edge features (Shi et al. 2021), a vector per relation.

    ``q_v . (k_u + e_r) / sqrt(d)`` in each head; messages are ``v_u + e_r``.

    Args:
        width, relations, heads: as for :class:`Attention`.
    """

    def __init__(self, width: int, relations: int, *, heads: int) -> None:
        super().__init__(width, relations, heads=heads)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.kinds = nn.Parameter(torch.randn(relations, width) / math.sqrt(width))

    def messages(self, states: Tensor) -> Tensor:
        """``v_u + e_r``."""
        sent: Tensor = self.value(states).unsqueeze(-2) + self.kinds
        return sent

    def pairs(self, states: Tensor) -> Tensor:
        """See :class:`Attention`."""
        query, key = self.by_head(self.query(states)), self.by_head(self.key(states))
        kinds = self.by_head(self.kinds)
        among = torch.einsum("...vhd,...uhd->...vuh", query, key)
        of_kind = torch.einsum("...vhd,rhd->...vrh", query, kinds)
        logits = among[..., :, None, :, :] + of_kind[..., :, :, None, :]
        return logits / math.sqrt(self.width // self.heads)

    def listed(self, states: Tensor, edge_index: Tensor, relation: Tensor) -> Tensor:
        """See :class:`Attention`."""
        query, key = self.by_head(self.query(states)), self.by_head(self.key(states))
        asked = key[edge_index[0]] + self.by_head(self.kinds)[relation]
        return (query[edge_index[1]] * asked).sum(-1) / math.sqrt(self.width // self.heads)


Builder = Callable[[int, int, int], RelationalLayer]

QA_CONVOLUTIONS: dict[str, Builder] = {
    "gated-rgcn": lambda width, relations, _: GatedRelational(width, relations),
    "rgcn": lambda width, relations, _: Rgcn(width, relations),
    "gat": lambda width, relations, heads: GatRelational(width, relations, heads=heads),
    "gine": lambda width, relations, _: Gine(width, relations),
    "transformer": lambda width, relations, heads: TransformerRelational(
        width, relations, heads=heads
    ),
    "ggnn": lambda width, relations, _: Ggnn(width, relations),
}
"""Names of the convolutions; the first is the paper's."""


def make_qa_convolution(name: str, width: int, relations: int, *, heads: int) -> RelationalLayer:
    """A new layer with parameters drawn from torch's global generator.

    Raises:
        ConfigError: an unknown name; heads that do not divide the width.
    """
    if name not in QA_CONVOLUTIONS:
        raise ConfigError(f"conv={name!r}; expected one of {', '.join(QA_CONVOLUTIONS)}")
    return QA_CONVOLUTIONS[name](width, relations, heads)
