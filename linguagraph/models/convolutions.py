"""Names of graph convolutions -> layers whose messages can be gated, all behind one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.models.layers import GatedGCNLayer, Messages
from linguagraph.models.pyg_layers import GatLayer, GineLayer, TransformerLayer

__all__ = [
    "CONVOLUTIONS",
    "Convolution",
    "ConvolutionOptions",
    "GgnnLayer",
    "RgcnLayer",
    "make_convolution",
]


class Convolution(Protocol):
    """One graph layer: messages from states, states from the sum of (masked) messages."""

    @property
    def message_width(self) -> int:
        """D of the messages."""

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """Messages along all edges, and what each node adds to the sum by itself.

        Args:
            states: float [..., N, inputs].
            source, target, edge_type, direction: int64 [E].
        """

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """New states [..., N, outputs] from sums [..., N, D] and incoming states."""


@dataclass(frozen=True)
class ConvolutionOptions:
    """What convolutions may be told beyond their widths.

    Attributes:
        heads: attention heads (``gat``, ``transformer``).
        edge_width: width of the embedding of an edge's label and direction (``gat``, ``gine``,
            ``transformer``).
        bases: matrices that relations share (``rgcn``).
    """

    heads: int = 4
    edge_width: int = 64
    bases: int = 8

    def __post_init__(self) -> None:
        for name in ("heads", "edge_width", "bases"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}; expected at least 1")


class RgcnLayer(nn.Module):
    """The relational GCN of Schlichtkrull et al. (2018), equations 2 and 3.

    ``m_uv = c_v,r W_r h_u`` with ``W_r = sum_b a_rb V_b`` and ``c_v,r`` one over the number of
    edges of relation r that enter v; ``W_0 h_v + b`` is added to the sum, then ReLU. A relation is
    a label with a direction. Departure: a message also has a bias per relation, as the gated GCN's.

    Args:
        inputs: width of incoming states.
        outputs: width of messages and outgoing states.
        edge_types: number of labels times directions.
        bases: B.
    """

    def __init__(self, inputs: int, outputs: int, *, edge_types: int, bases: int) -> None:
        super().__init__()
        self.message_width, self.bases = outputs, bases
        self.bases_weight = nn.Parameter(torch.empty(bases * outputs, inputs))
        self.mixture = nn.Parameter(torch.empty(edge_types, bases))
        self.bias = nn.Parameter(torch.zeros(edge_types, outputs))
        self.own = nn.Linear(inputs, outputs)
        for start in range(0, bases * outputs, outputs):
            nn.init.xavier_uniform_(self.bases_weight.data[start : start + outputs])
        nn.init.normal_(self.mixture, std=bases**-0.5)
        nn.init.xavier_uniform_(self.own.weight)

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """See :class:`Convolution`; there are no soft gates."""
        shared = F.linear(states, self.bases_weight)
        shared = shared.view(*states.shape[:-1], self.bases, self.message_width)
        mixed = self.mixture.index_select(0, edge_type).unsqueeze(-2)  # [E, 1, B]
        sent = torch.matmul(mixed, shared.index_select(-3, source)).squeeze(-2)
        sent = sent + self.bias.index_select(0, edge_type)
        share = _one_of(target * len(self.bias) + edge_type).unsqueeze(-1).to(sent.dtype)
        return Messages(edges=sent * share, loops=self.own(states), soft_gates=None)

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """ReLU."""
        return F.relu(summed, inplace=True)


class GgnnLayer(nn.Module):
    """One step of the gated graph neural network of Li et al. (2016), equations 2 to 6.

    ``m_uv = W_dir h_u + b_type``, summed at each node and fed to a GRU cell whose state is the
    node's own. Departures: matrices are per direction and biases per label and direction (a matrix
    for each of a hundred labels would not be learned), and steps share no parameters, as in the
    other convolutions here, so that depth means the same for all. Where the incoming states have
    another width, a linear layer brings them to the new one first.

    Args:
        inputs: width of incoming states.
        outputs: width of messages and outgoing states.
        edge_types: number of labels times directions.
        directions: number of directions.
    """

    def __init__(self, inputs: int, outputs: int, *, edge_types: int, directions: int = 2) -> None:
        super().__init__()
        self.message_width, self.directions = outputs, directions
        self.entry = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs)
        self.weight = nn.Parameter(torch.empty(directions * outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(edge_types, outputs))
        self.cell = nn.GRUCell(outputs, outputs)
        for start in range(0, directions * outputs, outputs):
            nn.init.xavier_uniform_(self.weight.data[start : start + outputs])

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """See :class:`Convolution`; there are no soft gates, and loops are zero."""
        values = F.linear(states, self.weight)
        width, size = self.message_width, states.shape[-2]
        values = values.reshape(*values.shape[:-2], size * self.directions, width)
        sent = values.index_select(-2, source * self.directions + direction)
        sent = sent + self.bias.index_select(0, edge_type)
        loops = sent.new_zeros(*states.shape[:-1], width)
        return Messages(edges=sent, loops=loops, soft_gates=None)

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """The GRU cell."""
        before: Tensor = self.entry(states)
        before = before.expand(summed.shape)
        width = self.message_width
        new: Tensor = self.cell(summed.reshape(-1, width), before.reshape(-1, width))
        return new.view(summed.shape)


def _one_of(group: Tensor) -> Tensor:
    """Float: one over the number of members of each element's group; group int64 [E] from 0."""
    _, place, counts = torch.unique(group, return_inverse=True, return_counts=True)
    found: Tensor = (1 / counts).index_select(0, place)
    return found


Builder = Callable[[int, int, int, ConvolutionOptions], nn.Module]

CONVOLUTIONS: dict[str, Builder] = {
    "gated-gcn": lambda i, o, types, _: GatedGCNLayer(i, o, edge_types=types),
    "rgcn": lambda i, o, types, say: RgcnLayer(i, o, edge_types=types, bases=say.bases),
    "gat": lambda i, o, types, say: GatLayer(
        i, o, edge_types=types, heads=say.heads, edge_width=say.edge_width
    ),
    "gine": lambda i, o, types, say: GineLayer(i, o, edge_types=types, edge_width=say.edge_width),
    "transformer": lambda i, o, types, say: TransformerLayer(
        i, o, edge_types=types, heads=say.heads, edge_width=say.edge_width
    ),
    "ggnn": lambda i, o, types, _: GgnnLayer(i, o, edge_types=types),
}
"""Names of the convolutions. The first two are the papers'; ``gat``, ``gine`` and ``transformer``
are PyTorch Geometric's own layers (optional extra ``pyg``), which knows no GGNN with labels."""


def make_convolution(
    name: str, inputs: int, outputs: int, *, edge_types: int, options: ConvolutionOptions
) -> nn.Module:
    """A new layer with parameters drawn from torch's global generator.

    Args:
        name: key of :data:`CONVOLUTIONS`.
        inputs, outputs: widths of incoming and outgoing states.
        edge_types: number of labels times directions.
        options: what only some of them heed.

    Raises:
        ConfigError: an unknown name; heads that do not divide the width; PyG is not installed.
    """
    if name not in CONVOLUTIONS:
        raise ConfigError(f"conv={name!r}; expected one of {', '.join(CONVOLUTIONS)}")
    return CONVOLUTIONS[name](inputs, outputs, edge_types, options)
