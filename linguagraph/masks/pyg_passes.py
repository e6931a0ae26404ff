"""What hooks see -> a :class:`Pass`; gates and baselines -> what they send instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import GraphBatch, Sent
from linguagraph.masks.pyg_hooks import Sending, rows_first
from linguagraph.masks.pyg_plan import Plan, Seen

__all__ = ["Recorder", "Replacer"]


class Recorder:
    """Notes every message of a pass."""

    def __init__(self, batch: GraphBatch) -> None:
        self.batch = batch
        self.first: Tensor | None = None
        self.seen: list[Seen] = []
        self.sent: list[tuple[Sent, Tensor | None]] = []
        self.starts = _starts(batch)

    def visit(self, sending: Sending, arguments: dict[str, Any], messages: Tensor) -> None:
        rows = rows_first(messages, sending.layer.node_dim).flatten(1).detach()
        if not self.seen:
            self.first = messages.detach()
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

    def check(self) -> None:
        """Every input edge sends at most one message in a propagation.

        Raises:
            MaskError: a layer sends more.
        """
        for one in self.seen:
            edge = one.sending.edge
            known = None if edge is None else edge[edge >= 0]
            if known is not None and len(set(known.tolist())) < len(known):
                raise MaskError(
                    f"layer {one.sending.name!r} sends several messages along one input edge (does "
                    "the model add reverse edges itself?), but an edge has one gate; add them "
                    "to edge_index before the model"
                )

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


class Replacer:
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
