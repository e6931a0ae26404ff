"""Node features and coloured edges -> a root node's logits: the R-GCN of the synthetic tasks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError

try:
    from torch_geometric.nn import MessagePassing
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise MaskError(
        "synthetic tasks need PyTorch Geometric: pip install 'linguagraph[pyg]'"
    ) from error

__all__ = ["RelationalConfig", "RelationalConv", "RelationalModel", "call"]


@dataclass(frozen=True, kw_only=True)
class RelationalConfig:
    """Sizes of a :class:`RelationalModel`; the defaults are those of appendix E.

    Attributes:
        inputs: features per node; relations: colours of edges.
        layers: R-GCN layers.
        states: width of node states; hidden: width of the hidden layer of both MLPs.
        self_loops: whether a node's own state enters its next one, as in R-GCN (Schlichtkrull et
            al. 2018, equation 2), by a matrix of its own. That way is no edge and never masked.

    Raises:
        ConfigError: a size below 1.
    """

    inputs: int
    relations: int
    layers: int = 1
    states: int = 50
    hidden: int = 100
    self_loops: bool = False

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "self_loops" and value < 1:
                raise ConfigError(f"{name}={value}; expected at least 1")


class RelationalConv(MessagePassing):  # type: ignore[misc]
    """Messages ``ReLU(W_c h_u + b_c)``, c the edge's colour, summed at the target (equation 13).

    Shapes: x [N, in], edge_index int64 [2, E], edge_type int64 [E] -> [N, out].
    """

    def __init__(self, states_in: int, states_out: int, relations: int) -> None:
        super().__init__(aggr="add")
        bound = states_in**-0.5
        weight = torch.empty(relations, states_in, states_out).uniform_(-bound, bound)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(relations, states_out).uniform_(-bound, bound))

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor) -> Tensor:
        """Sums of messages at every node."""
        out: Tensor = self.propagate(edge_index, x=x, edge_type=edge_type)
        return out

    def message(self, x_j: Tensor, edge_type: Tensor) -> Tensor:
        """Messages [E, out]: one product for all colours, of which each edge takes its own."""
        relations, _, width = self.weight.shape
        every = x_j @ self.weight.transpose(0, 1).flatten(1)  # [E, relations * out]
        chosen = edge_type.view(-1, 1, 1).expand(-1, 1, width)
        own = every.view(-1, relations, width).gather(1, chosen).squeeze(1)
        return (own + self.bias.index_select(0, edge_type)).relu()


class RelationalModel(nn.Module):
    """MLP on node features, R-GCN layers, MLP on the state of each graph's root: one logit.

    The output is one logit per graph, so it is of the kind ``multilabel`` with C = 1 for
    :class:`linguagraph.masks.outputs.Output`.
    """

    def __init__(self, config: RelationalConfig) -> None:
        super().__init__()
        self.config = config
        self.initial = _mlp(config.inputs, config.hidden, config.states)
        size = (config.states, config.states)
        self.layers = nn.ModuleList(
            RelationalConv(*size, config.relations) for _ in range(config.layers)
        )
        self.own = nn.ModuleList(
            nn.Linear(*size) for _ in range(config.layers if config.self_loops else 0)
        )
        self.prediction = _mlp(config.states, config.hidden, 1)

    def forward(
        self, x: Tensor, edge_index: Tensor, edge_type: Tensor, root_index: Tensor
    ) -> Tensor:
        """Logits float [G, 1] of x [N, inputs], edges [2, E], colours [E] and roots [G]."""
        states = self.initial(x)
        for number, layer in enumerate(self.layers):
            sums = layer(states, edge_index, edge_type)
            states = sums + self.own[number](states) if self.config.self_loops else sums
        logits: Tensor = self.prediction(states.index_select(0, root_index))
        return logits


def call(model: nn.Module, data: Any) -> Tensor:
    """Logits [G, 1] of a PyG graph or batch; the ``call`` that adapters and loaders need."""
    logits: Tensor = model(data.x, data.edge_index, data.edge_type, data.root_index)
    return logits


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
