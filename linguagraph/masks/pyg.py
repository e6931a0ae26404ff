"""Other people's PyG models -> :class:`Explainable`: seen and masked through hooks, unchanged."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Pass, Sent, Site
from linguagraph.masks.outputs import Output
from linguagraph.masks.pyg_hooks import (
    Interception,
    Sending,
    message_passing_layers,
    rows_first,
    step_modules,
)
from linguagraph.masks.pyg_plan import Plan, Seen, make_plan
from linguagraph.masks.pyg_units import Given, UnitRule, edge_layout, edge_roots, unit_rule

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
        self.model = model
        self.output = Output(output) if isinstance(output, str) else output
        self._call, self._units, self._asked = call or call_by_names, units, asked
        self.plan: Plan | None = None
        self._rule: UnitRule | None = None
        self._follow = True

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
        layout = edge_layout(content)
        if layout.edge_index.device != self.device:
            content = copy.copy(content).to(self.device)  # ``to`` itself works in place
            layout = edge_layout(content)
        if self._rule is None:
            with torch.no_grad():
                count = self._run_model(content).shape[0]
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
        with torch.no_grad():
            count = self._run_model(found.content).shape[0]
        if count == len(found.unit_graph):
            return found
        return replace(found, unit_graph=found.edge_graph.new_zeros(count))

    def trace(self, batch: GraphBatch) -> Pass:
        """Run the model as it is, without gradient, and note what it sends."""
        recorder = _Recorder(batch)
        with torch.no_grad():
            output = self._intercepted(batch, recorder.visit)
        plan = self.plan
        if plan is None:
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
        return Pass(output, sent, present, weights, asked, own)

    def run(
        self,
        batch: GraphBatch,
        gates: Tensor,
        *,
        baselines: Sequence[Tensor | None] | None = None,
        trace: Pass | None = None,
    ) -> Tensor:
        """Output under gates, see :meth:`Explainable.run`; the whole model runs again."""
        return self._intercepted(batch, _Replacer(self._known(), batch, gates, baselines).visit)

    def _intercepted(self, batch: GraphBatch, visit: Any) -> Tensor:
        roots = edge_roots(batch.content)
        hooks = Interception(self.layers, self._steps, roots, visit, follow=self._follow)
        with hooks:
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
        if self._asked is None:
            return None
        content = batch.content
        found = self._asked(content) if callable(self._asked) else _named(content, self._asked)
        if found.dtype != torch.bool or found.shape != output.shape[:1]:
            raise MaskError(
                f"asked gives {found.dtype} {tuple(found.shape)}; expected bool "
                f"[{output.shape[0]}], one for each unit"
            )
        return found.to(output.device)


class _Recorder:
    """Notes every message of a pass."""

    def __init__(self, batch: GraphBatch) -> None:
        self.batch = batch
        self.seen: list[Seen] = []
        self.sent: list[tuple[Sent, Tensor | None]] = []
        self.starts = _starts(batch)

    def visit(self, sending: Sending, arguments: dict[str, Any], messages: Tensor) -> None:
        rows = rows_first(messages, sending.layer.node_dim).flatten(1).detach()
        index = sending.index
        sources, targets = (
            rows.new_zeros(int(end.max()) + 1 if len(end) else 0, 0) if found is None else found
            for found, end in zip(sending.states(), index, strict=True)
        )
        own = sending.attention(arguments, len(rows))
        edge = sending.edge
        if edge is None and len(self.starts) > 1:
            first = self.starts[sending.root]
            edge = torch.arange(first, first + len(rows), device=rows.device)
        kind = sending.root if sending.root >= 0 else self._edge_set(edge)
        if edge is not None and bool((edge < 0).any()):
            keep = edge >= 0
            rows, index, edge = rows[keep], index[:, keep], edge[keep]
            own = None if own is None else own[keep]
        found = Sent(sources.detach(), targets.detach(), index, rows, edge)
        self.sent.append((found, own))
        widths = (sources.shape[1], targets.shape[1], rows.shape[1])
        self.seen.append(Seen(sending, kind, widths))

    def _edge_set(self, edge: Tensor | None) -> int | None:
        known = edge[edge >= 0] if edge is not None else None
        if known is None or not len(known):
            return 0 if len(self.starts) == 1 else None
        return sum(int(known[0]) >= start for start in self.starts) - 1

    def collect(self, plan: Plan) -> tuple[tuple[Sent, ...], Tensor, Tensor | None]:
        """One :class:`Sent` per site, present edges bool [L, E] and attention float [L, E]."""
        size, device = self.batch.num_edges, self.batch.edge_index.device
        if len(self.sent) != len(plan.calls):
            raise MaskError(
                f"the model propagated {len(self.sent)} times, {len(plan.calls)} times before; "
                "which layers it runs must not depend on the batch"
            )
        shape = (plan.num_layers, size)
        if len(self.starts) == 1 and all(sent.edge is None and w is None for sent, w in self.sent):
            every = torch.ones(shape, dtype=torch.bool, device=device)
            return tuple(sent for sent, _ in self.sent), every, None
        present = torch.zeros(shape, dtype=torch.bool, device=device)
        own = torch.full(shape, float("nan"), device=device)
        parts: list[list[Sent]] = [[] for _ in plan.sites]
        whole = torch.arange(size, device=device)
        for number, (sent, weights) in enumerate(self.sent):
            call = plan.call(number, self.seen[number].sending.name)
            parts[call.site].append(sent)
            layer = plan.sites[call.site].layer
            at = whole[: len(sent.messages)] if sent.edge is None else sent.edge
            present[layer, at] = True
            if weights is not None:
                own[layer, at] = weights.to(own.dtype)
        joined = tuple(_join(of_site) for of_site in parts)
        return joined, present, None if bool(own.isnan().all()) else own


def _join(parts: list[Sent]) -> Sent:
    if len(parts) == 1:
        return parts[0]
    same = all(p.sources is parts[0].sources or _same(p.sources, parts[0].sources) for p in parts)
    same = same and all(_same(p.targets, parts[0].targets) for p in parts)
    index = [part.index for part in parts]
    sources, targets = parts[0].sources, parts[0].targets
    if not same:  # every call has states of its own (embeddings per relation)
        starts = [(0, 0)]
        for part in parts[:-1]:
            first, second = starts[-1]
            starts.append((first + len(part.sources), second + len(part.targets)))
        index = [
            part.index + part.index.new_tensor(start).unsqueeze(1)
            for part, start in zip(parts, starts, strict=True)
        ]
        sources = torch.cat([part.sources for part in parts])
        targets = torch.cat([part.targets for part in parts])
    edges = [
        torch.arange(len(part.messages), device=part.messages.device)
        if part.edge is None
        else part.edge
        for part in parts
    ]
    call = [torch.full_like(edge, number) for number, edge in enumerate(edges)]
    return Sent(
        sources,
        targets,
        torch.cat(index, 1),
        torch.cat([part.messages for part in parts]),
        torch.cat(edges),
        torch.cat(call),
    )


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and (a.data_ptr() == b.data_ptr() or a.numel() == 0)


class _Replacer:
    """Mixes every message with its baseline."""

    def __init__(
        self,
        plan: Plan,
        batch: GraphBatch,
        gates: Tensor,
        baselines: Sequence[Tensor | None] | None,
    ) -> None:
        expected = (plan.num_layers, batch.num_edges)
        if gates.shape != expected:
            raise MaskError(f"gates have shape {tuple(gates.shape)}; expected {expected}")
        self.plan, self.gates = plan, gates
        self.baselines = baselines or [None] * len(plan.sites)
        self.starts = _starts(batch)
        self.count = 0

    def visit(self, sending: Sending, arguments: dict[str, Any], messages: Tensor) -> Tensor:
        call = self.plan.call(self.count, sending.name)
        self.count += 1
        gates, edge = self.gates[self.plan.sites[call.site].layer], sending.edge
        fill = self.baselines[call.site]
        if edge is None:
            first = self.starts[sending.root]
            part = slice(first, first + messages.shape[sending.layer.node_dim])
            gates = gates[part]
            fill = fill[part] if fill is not None and fill.dim() == 2 else fill
        else:
            own = edge < 0  # the layer's own messages stay as they are
            at = edge.clamp(min=0)
            gates = torch.where(own, 1.0, gates.index_select(0, at)) if gates.numel() else own + 0.0
            if fill is not None and fill.dim() == 2:
                fill = fill.index_select(0, at) if fill.shape[0] else fill.new_zeros(1)
        return _mix(messages, gates.to(messages.dtype), fill, sending.layer.node_dim)


def _mix(messages: Tensor, gates: Tensor, fill: Tensor | None, dim: int) -> Tensor:
    if messages.dim() == 1:
        return messages * gates if fill is None else torch.lerp(fill.reshape(-1), messages, gates)
    rows = rows_first(messages, dim)
    gates = gates.view(-1, *[1] * (rows.dim() - 1))
    if fill is None:
        mixed = rows * gates
    else:
        shape = rows.shape[1:] if fill.dim() == 1 else rows.shape
        mixed = torch.lerp(fill.to(rows.dtype).reshape(shape).expand_as(rows), rows, gates)
    return mixed if rows.shape == messages.shape else mixed.movedim(0, dim)


def _starts(batch: GraphBatch) -> list[int]:
    starts, total = [], 0
    for _, size in batch.edge_sets:
        starts.append(total)
        total += size
    return starts


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
