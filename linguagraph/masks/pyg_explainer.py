"""A fitted GraphMask -> an algorithm for ``torch_geometric.explain.Explainer`` and its metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import ConfigError, MaskError
from linguagraph.masks.explainable import GraphBatch
from linguagraph.masks.frozen import frozen
from linguagraph.masks.graphmask import GraphMask
from linguagraph.masks.pyg import PygModel

try:
    from torch_geometric.explain import Explainer, Explanation, HeteroExplanation
    from torch_geometric.explain.algorithm import ExplainerAlgorithm
    from torch_geometric.explain.config import ExplanationType, MaskType
    from torch_geometric.utils import k_hop_subgraph
except ImportError as error:  # pragma: no cover
    raise MaskError("this needs torch_geometric: pip install 'linguagraph[pyg]'") from error

__all__ = ["REDUCTIONS", "AmortisedGraphMask", "MaskingExplainer"]

REDUCTIONS = ("any", "mean")


class AmortisedGraphMask(ExplainerAlgorithm):  # type: ignore[misc]
    """An amortised GraphMask behind PyG's interface: explaining trains nothing and changes nothing.

    ``Explainer(model, algorithm=AmortisedGraphMask(mask), explanation_type="model",
    edge_mask_type="object", model_config=...)``. PyG knows one value per edge, so that layers are
    reduced: ``any``: 1 if some layer retains the edge; ``mean``: the share of layers that do. The
    whole mask is in the explanation, too: ``layer_edge_mask`` bool [L, E] and ``layer_edge_score``
    float [L, E] (of heterogeneous graphs in each edge store). With ``index``, edges from which no
    path of L steps leads to the asked nodes are 0.

    Args:
        mask: fitted, for the model that the Explainer is given.
        reduce: one of :data:`REDUCTIONS`.
        seed: which probe, the first by default.

    Raises:
        ConfigError: unknown reduction.
        MaskError: the mask is for no PyG model.
    """

    def __init__(self, mask: GraphMask, *, reduce: str = "any", seed: int | None = None) -> None:
        super().__init__()
        if reduce not in REDUCTIONS:
            raise ConfigError(f"reduce={reduce!r}; expected one of {list(REDUCTIONS)}")
        if not isinstance(mask.model, PygModel):
            raise MaskError("torch_geometric explains models of its own layers only")
        self._mask, self.reduce, self.seed = (mask, mask.model), reduce, seed  # not as submodules

    def supports(self) -> bool:
        """Whether the Explainer's settings fit: explanations of the model, by edges as a whole.

        Raises:
            ConfigError: they do not; the message says which setting to change.
        """
        given = self.explainer_config
        if given.explanation_type != ExplanationType.model:
            raise ConfigError(
                "GraphMask explains what the model does, not what is true: explanation_type='model'"
            )
        if given.node_mask_type is not None or given.edge_mask_type != MaskType.object:
            raise ConfigError(
                "GraphMask decides on edges: node_mask_type=None, edge_mask_type='object'"
            )
        return True

    @torch.no_grad()
    def forward(
        self,
        model: nn.Module,
        x: Tensor | Mapping[str, Tensor],
        edge_index: Tensor | Mapping[tuple[str, str, str], Tensor],
        *,
        target: Tensor,
        index: int | Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """The explanation of one graph or batch; see :class:`ExplainerAlgorithm`.

        Raises:
            MaskError: the Explainer has another model than the mask was fitted for.
        """
        graphmask, adapter = self._mask
        if model is not adapter.model:
            raise MaskError("the Explainer's model is not the one that the mask was fitted for")
        batch = adapter.given(x, edge_index, **kwargs)
        found = graphmask.explain(batch, seed=self.seed)
        retained = found.retained
        if index is not None:
            retained = retained & self._near(batch, index, found.num_layers)
        if isinstance(x, Mapping):
            explanation = HeteroExplanation()
            start = 0
            assert isinstance(edge_index, Mapping)
            for kind, root in edge_index.items():
                part = slice(start, start + root.shape[1])
                self._fill(explanation[kind], retained[:, part], found.scores[:, part])
                start = part.stop
            return explanation
        explanation = Explanation()
        self._fill(explanation, retained, found.scores)
        return explanation

    def _fill(self, store: Any, retained: Tensor, scores: Tensor) -> None:
        kept = retained.float()
        store.edge_mask = kept.amax(0) if self.reduce == "any" else kept.mean(0)
        store.layer_edge_mask, store.layer_edge_score = retained, scores

    def _near(self, batch: GraphBatch, index: int | Tensor, layers: int) -> Tensor:
        """Edges from which the asked units can be reached, bool [E]; all but for node outputs."""
        every = torch.ones(batch.num_edges, dtype=torch.bool, device=batch.edge_index.device)
        nodes = int(batch.content.args[0].shape[0]) if len(batch.edge_sets) == 1 else -1
        if nodes != len(batch.unit_graph) or nodes == batch.num_graphs:
            return every
        adapter = self._mask[1]
        flow = next(iter(adapter.layers.values())).flow
        _, _, _, near = k_hop_subgraph(index, layers, batch.edge_index, num_nodes=nodes, flow=flow)
        found: Tensor = near
        return found


class MaskingExplainer(Explainer):  # type: ignore[misc]
    """PyG's Explainer, but masked predictions go through our hooks.

    PyG's own way fails for layers that propagate once per relation (RGCNConv), and leaves marks on
    the layers. Metrics such as ``torch_geometric.explain.metric.fidelity`` call
    :meth:`get_masked_prediction`, which here multiplies messages by the mask, in every layer, and
    leaves the model exactly as it was.
    """

    @torch.no_grad()
    def get_masked_prediction(
        self,
        x: Any,
        edge_index: Any,
        node_mask: Any = None,
        edge_mask: Any = None,
        **kwargs: Any,
    ) -> Tensor:
        """Output of the model with messages (and, if given, features) multiplied by masks."""
        if node_mask is not None:
            x = (
                {name: value * node_mask[name] for name, value in x.items()}
                if isinstance(x, Mapping)
                else x * node_mask
            )
        adapter = self._adapter()
        with frozen(self.model):
            batch = adapter.given(x, edge_index, **kwargs)
            trace = adapter.trace(batch)
            if edge_mask is None or not batch.num_edges:
                return trace.output
            parts = (
                [edge_mask[kind] for kind in edge_index]
                if isinstance(edge_mask, Mapping)
                else [edge_mask]
            )
            gates = torch.cat([part.float() for part in parts]).expand(adapter.num_layers, -1)
            return adapter.run(batch, gates)

    def _adapter(self) -> PygModel:
        if isinstance(self.algorithm, AmortisedGraphMask):
            return self.algorithm._mask[1]
        kinds = {
            "binary_classification": "multilabel",
            "multiclass_classification": "classification",
            "regression": "regression",
        }
        return PygModel(self.model, output=kinds[self.model_config.mode.value])
