"""The propagations of one forward pass -> a model's sites: layers, and sets of edges in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from linguagraph.errors import MaskError
from linguagraph.masks.explainable import Site
from linguagraph.masks.pyg_hooks import Sending

__all__ = ["Call", "Plan", "Seen", "make_plan"]


@dataclass(frozen=True)
class Seen:
    """One propagation of a pass and what it sent, with widths of states and messages.

    Attributes:
        sending: where it came from.
        edges: number of its set of edges; ``None`` if it sent nothing and nothing tells.
        widths: of source states, target states and messages.
    """

    sending: Sending
    edges: int | None
    widths: tuple[int, int, int]


@dataclass(frozen=True)
class Call:
    """Where the messages of one propagation belong.

    Attributes:
        name: of the layer in the model.
        site: position in :attr:`Plan.sites`.
        number: which of the site's calls it is.
    """

    name: str
    site: int
    number: int


@dataclass(frozen=True)
class Plan:
    """How a model sends messages, the same for every batch.

    Attributes:
        sites: layers and sets of edges, bottom first.
        calls: in the order of the forward pass.
    """

    sites: tuple[Site, ...]
    calls: tuple[Call, ...]

    @property
    def num_layers(self) -> int:
        """L."""
        return 1 + max(site.layer for site in self.sites)

    def call(self, number: int, name: str) -> Call:
        """The call with a number.

        Raises:
            MaskError: the model does not send as it did when the plan was made.
        """
        if number >= len(self.calls) or self.calls[number].name != name:
            raise MaskError(
                f"propagation {number} comes from layer {name!r}, unlike before: which layers the "
                "model runs must not depend on the batch"
            )
        return self.calls[number]


def make_plan(seen: Sequence[Seen], names: Sequence[str]) -> Plan:
    """Tell layers apart.

    One call of a layer is one step of message passing, whatever it does inside: a propagation for
    each relation belongs to the same step. If an edge sends a second time within one call (a layer
    that repeats itself, as GatedGraphConv), a new step begins. The layers of a HeteroConv, and
    layers that work side by side on different sets of edges, share a step.

    Args:
        seen: all propagations of a pass over a batch with edges.
        names: of the sets of edges.

    Raises:
        MaskError: nothing was sent, or messages of one step and set differ in width.
    """
    layer, sets, group = -1, set[int](), -1
    used: dict[int, torch.Tensor] = {}
    found: dict[tuple[int, int], list[Seen]] = {}
    order: list[tuple[int, int]] = []
    for one in seen:
        kind = _edge_set(one, names)
        sending = one.sending
        edges = _input_edges(one)
        if sending.group != group:
            fresh = sending.together or layer < 0 or bool(sets & _sets(seen, sending.group, names))
            group = sending.group
            if fresh:
                layer, sets, used = layer + 1, set(), {}
        elif kind in used and bool(torch.isin(edges, used[kind]).any()):
            layer, sets, used = layer + 1, set(), {}
        sets.add(kind)
        used[kind] = torch.cat([used[kind], edges]) if kind in used else edges
        found.setdefault((layer, kind), []).append(one)
        order.append((layer, kind))
    if not found:
        raise MaskError("the model sent no messages along edges in its forward pass")
    places = {key: place for place, key in enumerate(sorted(found))}
    sites = tuple(_site(key, found[key], names) for key in sorted(found))
    counts = dict.fromkeys(found, 0)
    calls = []
    for one, key in zip(seen, order, strict=True):
        calls.append(Call(one.sending.name, places[key], counts[key]))
        counts[key] += 1
    return Plan(sites, tuple(calls))


def _edge_set(one: Seen, names: Sequence[str]) -> int:
    if one.edges is not None:
        return one.edges
    if len(names) == 1:
        return 0
    raise MaskError(
        f"layer {one.sending.name!r} sent nothing, so that its edges are not known; begin with a "
        "batch that has edges of every type"
    )


def _sets(seen: Sequence[Seen], group: int, names: Sequence[str]) -> set[int]:
    return {_edge_set(one, names) for one in seen if one.sending.group == group}


def _input_edges(one: Seen) -> torch.Tensor:
    edge = one.sending.edge
    if edge is None:
        return torch.arange(one.sending.edge_index.shape[1], device=one.sending.edge_index.device)
    return edge[edge >= 0]


def _site(key: tuple[int, int], seen: Sequence[Seen], names: Sequence[str]) -> Site:
    layer, kind = key
    widths = {one.widths for one in seen}
    if len(widths) > 1:
        raise MaskError(
            f"layer {seen[0].sending.name!r} sends messages of different widths along the same "
            f"edges in one step ({sorted(w[2] for w in widths)}); gates need one width"
        )
    source, target, message = seen[0].widths
    return Site(layer, names[kind], source, target, message, len(seen))
