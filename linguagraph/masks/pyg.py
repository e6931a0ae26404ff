"""Other people's PyG models -> :class:`Explainable`: seen and masked through hooks, unchanged."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Pass, Site
from linguagraph.masks.frozen import frozen
from linguagraph.masks.outputs import Output
from linguagraph.masks.pyg_hooks import (
    Interception,
    attributes_kept,
    message_passing_layers,
    step_modules,
)
from linguagraph.masks.pyg_passes import Recorder, Replacer
from linguagraph.masks.pyg_plan import Plan, make_plan
from linguagraph.masks.pyg_units import (
    Given,
    UnitRule,
    edge_layout,
    edge_roots,
    told_apart,
    unit_rule,
)

__all__ = ["PygModel", "call_by_names"]

HOMOGENEOUS = "edges"


class PygModel:
    """A model with ``torch_geometric.nn.MessagePassing`` layers, as methods see it.

    What counts as a layer is learned from the first batch with edges (see
    :func:`linguagraph.masks.pyg_plan.make_plan`). Every input edge has one gate per layer, whatever
    the layer does inside; messages that are the layer's own (self-loops that it adds) have none.
    An input self-loop that a layer replaces by its own is not present there. Attention and
    normalisation are computed on the whole graph: a gate replaces a message, it removes no edge.

    Args:
        model: any module; it stays exactly as it is.
        output: kind of its output (see :class:`Output`), or an Output.
        call: how to call it: ``call(model, batch) -> Tensor``; by default
            :func:`call_by_names`.
        units: what has a prediction: ``graph``, ``node``, ``edge``, ``edge_label`` (columns of
            ``edge_label_index``), a node type of a heterogeneous graph, or a callable
            ``batch -> graph of each unit``; ``None`` infers it from the first output.
        asked: name of a bool attribute of the batch, or a callable ``batch -> bool [U]``, that
            picks the units whose predictions are explained; all by default.

    Raises:
        MaskError: the model has no such layers, or torch_geometric is missing.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        output: str | Output = "classification",
        call: Callable[[Any, Any], Any] | None = None,
        units: str | Callable[[Any], Tensor] | None = None,
        asked: str | Callable[[Any], Tensor] | None = None,
    ) -> None:
        self.layers = message_passing_layers(model)
        self._steps = step_modules(model, self.layers)
        self._held: Interception | None = None
        self.model = model
        self.output = Output(output) if isinstance(output, str) else output
        self._call, self._units, self._asked = call or call_by_names, units, asked
        self.plan: Plan | None = None
        self._rule: UnitRule | None = None
        self._follow = True
        self._again: bool | None = None

    @property
    def module(self) -> nn.Module:
        """The model itself."""
        return self.model

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where it sends messages, bottom first."""
        return self._known().sites

    @property
    def num_layers(self) -> int:
        """L."""
        return self._known().num_layers

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the hooks in place between the passes of a with-block, which saves setting them."""
        if self._held is not None:
            yield
            return
        try:
            with Interception(self.layers, self._steps) as self._held:
                yield
        finally:
            self._held = None

    def _known(self) -> Plan:
        if self.plan is None:
            raise MaskError(
                "the layers of the model are learned from the first batch with edges: trace one "
                "before (a loader without edges teaches nothing)"
            )
        return self.plan

    @property
    def device(self) -> torch.device:
        """Where the model's parameters are."""
        first = next(self.model.parameters(), None)
        return torch.device("cpu") if first is None else first.device

    def batch(self, graphs: Sequence[Any]) -> GraphBatch:
        """Join ``Data`` or ``HeteroData`` objects."""
        from torch_geometric.data import Batch

        if not graphs:
            raise MaskError("no graphs to explain")
        joined = graphs[0] if len(graphs) == 1 and _is_batch(graphs[0]) else None
        return self.graphs(Batch.from_data_list(list(graphs)) if joined is None else joined)

    def graphs(self, content: Any) -> GraphBatch:
        """What a loader yields, or a single ``Data`` or ``HeteroData``, as a batch.

        Raises:
            MaskError: it has no ``edge_index``, or what the units are cannot be told.
        """
        if isinstance(content, GraphBatch):
            return content
        content = told_apart(content)
        layout = edge_layout(content)
        if layout.edge_index.device != self.device:
            content = copy.copy(content).to(self.device)  # ``to`` itself works in place
            layout = edge_layout(content)
        if self._rule is None:
            count = self._count_units(content)
            self._rule = unit_rule(content, layout, count, self._units)
        return GraphBatch(
            content=content,
            edge_index=layout.edge_index,
            edge_graph=layout.edge_graph,
            unit_graph=self._rule(content, layout).to(self.device),
            num_graphs=layout.num_graphs,
            edge_sets=layout.edge_sets,
        )

    def given(self, *args: Any, **kwargs: Any) -> GraphBatch:
        """Arguments of the model itself, as ``torch_geometric.explain.Explainer`` has them.

        Without a ``batch`` vector among them, several graphs count as one.
        """
        found = self.graphs(Given(args, kwargs))
        count = self._count_units(found.content)
        if count == len(found.unit_graph):
            return found
        return replace(found, unit_graph=found.edge_graph.new_zeros(count))

    def _count_units(self, content: Any) -> int:
        with torch.no_grad(), frozen(self.model), attributes_kept(self.layers.values()):
            return self._run_model(content).shape[0]

    def trace(self, batch: GraphBatch) -> Pass:
        """Run the model as it is, without gradient, and note what it sends."""
        recorder = Recorder(batch)
        with torch.no_grad():
            output = self._intercepted(batch, recorder.visit)
        plan = self.plan
        if plan is None:
            recorder.check()
            plan = make_plan(recorder.seen, [name for name, _ in batch.edge_sets])
            if batch.num_edges:
                self.plan = plan
                self._follow = any(one.sending.edge is not None for one in recorder.seen)
        sent, present, own = recorder.collect(plan)
        asked = self._asked_units(batch, output)
        if asked is None:
            asked, weights = output.new_ones(len(output), dtype=torch.bool), batch.even_weights
        else:
            counts = batch.per_graph(asked.float(), batch.unit_graph).clamp(min=1)
            weights = asked.float() / counts.index_select(0, batch.unit_graph)
        found = Pass(output, sent, present, weights.to(output.dtype), asked, own, recorder.first)
        if self._again is None and self.plan is not None and batch.num_edges:
            self._again = self._repeats(batch, found)
        return found if self._again else replace(found, memory=None)

    @torch.no_grad()
    def _repeats(self, batch: GraphBatch, trace: Pass) -> bool:
        """Whether the first messages, handed back, give the same output: not if ``message`` does
        anything else on the way, or draws random numbers."""
        gates = torch.ones(self.num_layers, batch.num_edges, device=batch.edge_index.device)
        again = self.run(batch, gates, trace=trace)
        return torch.allclose(again, trace.output, rtol=1e-6, atol=1e-6)

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """Output under gates, see :meth:`Explainable.run`.

        The whole model runs again, but for the messages of its first propagation.
        """
        visit = Replacer(self._known(), batch, gates, baselines).visit
        return self._intercepted(batch, visit, None if trace is None else trace.memory)

    def flow(self, batch: GraphBatch, gates: Tensor, watch: Callable[[Tensor], Tensor]) -> Tensor:
        """See :class:`linguagraph.masks.semiring_edges.Watchable`: paths end in ``x``.

        Raises:
            MaskError: the graphs have no floating-point ``x`` of their own.
        """
        x = getattr(batch.content, "x", None)
        if not isinstance(x, Tensor) or not x.is_floating_point():
            raise MaskError(
                "semiring paths end in node features: the graphs need a floating-point tensor x"
            )
        content = copy.copy(batch.content)
        content.x = watch(x)
        return self.run(replace(batch, content=content), gates)

    def _intercepted(self, batch: GraphBatch, visit: Any, first: Tensor | None = None) -> Tensor:
        roots = edge_roots(batch.content)
        with self.held():
            assert self._held is not None
            with self._held.begin(roots, visit, follow=self._follow, first=first):
                output = self._run_model(batch.content)
        if output.shape[0] != batch.unit_graph.shape[0]:
            raise MaskError(
                f"the model returns {output.shape[0]} rows for {batch.unit_graph.shape[0]} units; "
                "say what they are: units='graph', 'node', 'edge' or a callable"
            )
        return output

    def _run_model(self, content: Any) -> Tensor:
        if isinstance(content, Given):
            return self.output.check(self.model(*content.args, **content.kwargs))
        return self.output.check(self._call(self.model, content))

    def _asked_units(self, batch: GraphBatch, output: Tensor) -> Tensor | None:
        if self._asked is None or isinstance(batch.content, Given):
            return None  # by hand the caller says what is asked (PyG's ``index``)
        content = batch.content
        found = self._asked(content) if callable(self._asked) else _named(content, self._asked)
        if found.dtype != torch.bool or found.shape != output.shape[:1]:
            raise MaskError(
                f"asked gives {found.dtype} {tuple(found.shape)}; expected bool "
                f"[{output.shape[0]}], one for each unit"
            )
        return found.to(output.device)


def _is_batch(value: Any) -> bool:
    from torch_geometric.data import Batch

    return isinstance(value, Batch)


def _named(content: Any, name: str) -> Tensor:
    found = content.get(name) if isinstance(content, Mapping) else getattr(content, name, None)
    if not isinstance(found, Tensor):
        raise MaskError(f"the batch has no tensor {name!r}")
    return found


def call_by_names(model: nn.Module, batch: Any) -> Any:
    """Call a model with what its ``forward`` asks for, taken from a batch by name.

    A single parameter named ``data``, ``batch`` or ``graph`` receives the whole batch; others are
    attributes of it (``x``, ``edge_index``, ``edge_attr``, ``batch``, ``x_dict`` ...); optional
    ones that the batch does not have keep their defaults.

    Raises:
        MaskError: a parameter without default that the batch does not have.
    """
    parameters = [
        p
        for p in inspect.signature(model.forward).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    required = [p for p in parameters if p.default is p.empty]
    if len(required) == 1 and required[0].name in ("data", "batch", "graph", "hetero_data"):
        return model(batch)
    given = {}
    for parameter in parameters:
        value = _attribute(batch, parameter.name)
        if value is not None:
            given[parameter.name] = value
        elif parameter.default is parameter.empty:
            raise MaskError(
                f"the model's forward needs {parameter.name!r}, which the batch does not have; "
                "pass call=lambda model, batch: model(...)"
            )
    return model(**given)


def _attribute(batch: Any, name: str) -> Any:
    try:
        value = getattr(batch, name)
    except (AttributeError, KeyError):
        return None
    return None if callable(value) else value  # ``size`` is a method of every batch
