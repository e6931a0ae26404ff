"""PyTorch Geometric's convolutions as layers whose messages can be gated.

A layer calls PyG's module and reads the messages off through its message hook; what the module does
after its sum stands in ``loops`` (what a node adds to the sum by itself) and ``update``. With open
gates the outcome is the module's own output followed by ReLU, to rounding: a test. Labels and
directions enter as edge features, an embedding for each. Attention is computed from unmasked
states, as in the papers' erasure function: a closed gate takes away a message with the weight that
it has, and the others keep theirs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.errors import ConfigError
from linguagraph.models.layers import Messages

__all__ = ["GatLayer", "GineLayer", "TransformerLayer"]


class _PygLayer(nn.Module):
    """What the three share: edge features, and messages [..., E, D] of a module of PyG's."""

    conv: nn.Module

    def __init__(self, *, message_width: int, edge_types: int, edge_width: int) -> None:
        super().__init__()
        self.message_width = message_width
        self.edges = nn.Embedding(edge_types, edge_width)
        nn.init.normal_(self.edges.weight, std=edge_width**-0.5)

    def _sent(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Messages [..., E, D] and weights [..., E] (mean over heads) that PyG's module makes."""
        leading = states.shape[:-2]
        copies, size, count = leading.numel(), states.shape[-2], len(source)
        ends = torch.stack((source, target))
        features = self.edges(edge_type)
        if copies != 1:
            first = torch.arange(copies, device=source.device).repeat_interleave(count) * size
            ends = ends.repeat(1, copies) + first
            features = features.repeat(copies, 1)
        caught: list[Tensor] = []
        conv: Any = self.conv
        handle = conv.register_message_forward_hook(lambda _, __, sent: caught.append(sent))
        try:
            weights = self._call(states.reshape(-1, states.shape[-1]), ends, features)
        finally:
            handle.remove()
        (sent,) = caught
        shaped = sent.reshape(*leading, count, self.message_width)
        return shaped, None if weights is None else weights.mean(-1).view(*leading, count)

    def _call(self, states: Tensor, ends: Tensor, features: Tensor) -> Tensor | None:
        """Run PyG's module; attention [E, heads], if it has any."""
        _, (_, weights) = self.conv(states, ends, features, return_attention_weights=True)
        found: Tensor = weights
        return found


class GatLayer(_PygLayer):
    """Graph attention with several heads (Velickovic et al. 2018) by PyG's ``GATConv``.

    Labels count in the attention only, not in the values. A node's own state is a linear residual
    that no gate touches, instead of an edge to itself that would share the attention.

    Args:
        inputs: width of incoming states.
        outputs: width of messages and outgoing states, all heads together.
        edge_types: number of labels times directions.
        heads: attention heads.
        edge_width: width of the edge features.
    """

    def __init__(
        self, inputs: int, outputs: int, *, edge_types: int, heads: int, edge_width: int
    ) -> None:
        super().__init__(message_width=outputs, edge_types=edge_types, edge_width=edge_width)
        self.conv = _pyg("GATConv")(
            inputs,
            _per_head(outputs, heads),
            heads=heads,
            add_self_loops=False,
            edge_dim=edge_width,
            residual=True,
        )

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """See :class:`linguagraph.models.convolutions.Convolution`; soft gates are attention."""
        sent, weights = self._sent(states, source, target, edge_type)
        conv: Any = self.conv
        return Messages(edges=sent, loops=conv.res(states) + conv.bias, soft_gates=weights)

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """ReLU."""
        return F.relu(summed, inplace=True)


class TransformerLayer(_PygLayer):
    """Graph transformer with edge features (Shi et al. 2021) by PyG's ``TransformerConv``.

    Args:
        inputs, outputs, edge_types, heads, edge_width: as for :class:`GatLayer`.
    """

    def __init__(
        self, inputs: int, outputs: int, *, edge_types: int, heads: int, edge_width: int
    ) -> None:
        super().__init__(message_width=outputs, edge_types=edge_types, edge_width=edge_width)
        self.conv = _pyg("TransformerConv")(
            inputs, _per_head(outputs, heads), heads=heads, edge_dim=edge_width
        )

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """See :class:`linguagraph.models.convolutions.Convolution`; soft gates are attention."""
        sent, weights = self._sent(states, source, target, edge_type)
        conv: Any = self.conv
        return Messages(edges=sent, loops=conv.lin_skip(states), soft_gates=weights)

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """ReLU."""
        return F.relu(summed, inplace=True)


class GineLayer(_PygLayer):
    """Graph isomorphism network with edge features (Hu et al. 2020) by PyG's ``GINEConv``.

    Its messages have the width of the incoming states: the network of the layer comes after the
    sum.

    Args:
        inputs, outputs, edge_types, edge_width: as for :class:`GatLayer`.
    """

    def __init__(self, inputs: int, outputs: int, *, edge_types: int, edge_width: int) -> None:
        super().__init__(message_width=inputs, edge_types=edge_types, edge_width=edge_width)
        network = nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Linear(outputs, outputs))
        self.conv = _pyg("GINEConv")(network, train_eps=True, edge_dim=edge_width)

    def messages(
        self, states: Tensor, source: Tensor, target: Tensor, edge_type: Tensor, direction: Tensor
    ) -> Messages:
        """See :class:`linguagraph.models.convolutions.Convolution`; there are no soft gates."""
        sent, _ = self._sent(states, source, target, edge_type)
        conv: Any = self.conv
        return Messages(edges=sent, loops=(1 + conv.eps) * states, soft_gates=None)

    def update(self, summed: Tensor, states: Tensor) -> Tensor:
        """The network of the layer, then ReLU."""
        conv: Any = self.conv
        return F.relu(conv.nn(summed), inplace=True)

    def _call(self, states: Tensor, ends: Tensor, features: Tensor) -> None:
        self.conv(states, ends, features)


def _per_head(outputs: int, heads: int) -> int:
    if outputs % heads:
        raise ConfigError(f"heads={heads} do not divide the width {outputs}; choose another")
    return outputs // heads


def _pyg(name: str) -> Any:
    """A convolution of PyG's.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        from torch_geometric import nn as layers
    except ImportError as error:
        raise ConfigError(
            f"{name} is a layer of PyTorch Geometric, which is not installed: "
            "pip install 'linguagraph[pyg]'"
        ) from error
    return getattr(layers, name)
