"""States and messages of one site -> a logit for every message, by a small network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from linguagraph.masks.explainable import Sent, Site

__all__ = ["EdgeNet"]


class EdgeNet(nn.Module):
    """``W2 f(W1 [h_u, h_v, m])``: a perceptron over source, target and message.

    Schlichtkrull et al. (2021), equations 6 and 7, where ``f = ReLU(LN(.))``; node parts of the
    first product are computed per node.

    Args:
        site: gives the widths.
        hidden: width of the hidden layer.
        seed: of the initial weights.
        nodes, message: what the network sees.
        norm: layer normalisation before the ReLU.
        bias: first value of the last bias.
    """

    def __init__(
        self,
        site: Site,
        *,
        hidden: int,
        seed: int,
        nodes: bool = True,
        message: bool = True,
        norm: bool = True,
        bias: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm = norm
        widths = {"source": site.source * nodes, "target": site.target * nodes}
        widths["message"] = site.message * message
        self.parts = tuple(name for name, width in widths.items() if width)
        inputs = sum(widths.values())
        generator = torch.Generator().manual_seed(seed)
        bound = 1 / math.sqrt(max(1, inputs))
        for name in self.parts:
            weight = torch.empty(hidden, widths[name]).uniform_(-bound, bound, generator=generator)
            self.register_parameter(name, nn.Parameter(weight))
        first = torch.empty(hidden).uniform_(-bound, bound, generator=generator)
        bound = 1 / math.sqrt(hidden)
        self.first = nn.Parameter(first)
        self.read = nn.Parameter(torch.empty(hidden).uniform_(-bound, bound, generator=generator))
        self.last = nn.Parameter(torch.tensor(float(bias)))

    def forward(self, sent: Sent) -> Tensor:
        """Logits, float [M]; no gradient goes into the model's states and messages."""
        found: Tensor = self.first
        if "source" in self.parts:
            found = found + self._node("source", sent.sources, sent.index[0])
        if "target" in self.parts:
            found = found + self._node("target", sent.targets, sent.index[1])
        if "message" in self.parts:
            found = found + F.linear(sent.messages.detach(), self.get_parameter("message"))
        if self.norm:
            found = F.layer_norm(found, (found.shape[-1],))
        return F.relu(found) @ self.read + self.last

    def _node(self, name: str, states: Tensor, rows: Tensor) -> Tensor:
        return F.linear(states.detach(), self.get_parameter(name)).index_select(0, rows)
