"""Edge indices that a layer makes of its input -> which input edge every column is.

Layers rewrite the graph before they send messages: they drop and add self-loops, pick the edges of
one relation, sort. A gate belongs to an edge of the *input*, so its column must be known after all
of that. While :class:`EdgeIds` is active, every tensor made from an edge index by selecting,
joining or reordering has a shadow: a tensor of the same shape that holds the number of the input
edge in every place. Where the trail is lost (a layer that caches its normalised graph),
:func:`match_pairs` finds the edges again by source and target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from linguagraph.errors import MaskError

__all__ = ["EdgeIds", "match_pairs"]

_SAME_PLACES = {
    *("__getitem__", "cat", "concat", "stack", "hstack", "vstack", "index_select", "masked_select"),
    *("select", "narrow", "unbind", "split", "chunk", "flip", "roll", "clone", "contiguous"),
    *("detach", "t", "transpose", "permute", "view", "reshape", "flatten", "unsqueeze", "squeeze"),
    *("expand", "expand_as", "repeat", "gather", "take_along_dim", "swapaxes"),
}
_SAME_SHAPE = {"to", "long", "int", "cpu", "cuda", "add", "sub", "mul", "__add__", "__radd__"}
_SAME_SHAPE |= {"__sub__", "__mul__", "__rmul__", "type", "type_as"}


class EdgeIds(TorchFunctionMode):
    """Follow input edges through a model's own rewriting of its edge index.

    The model computes exactly what it would without; only shadows are computed beside it.

    Args:
        roots: input edge indices, int64 [2, E_k] each; their edges are numbered one after the
            other, from 0.
    """

    def __init__(self, roots: Iterable[Tensor]) -> None:
        super().__init__()
        self._shadows: dict[int, tuple[Tensor, Tensor]] = {}
        start = 0
        for root in roots:
            size = root.shape[1]
            ids = torch.arange(start, start + size, device=root.device)
            self._note(root, ids.expand(2, size))
            start += size

    def of(self, edge_index: Tensor) -> Tensor | None:
        """Input edge of every column of an edge index, int64 [M], -1 for none of them.

        ``None`` if the tensor was not made from an input edge index.
        """
        found = self._shadows.get(id(edge_index))
        if found is None or found[1].dim() != 2:
            return None
        first, second = found[1]
        return torch.where(first == second, first, -1)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "__iter__" and id(args[0]) in self._shadows:
            rows = args[0].unbind(0)
            for row, ids in zip(rows, self._shadows[id(args[0])][1].unbind(0), strict=True):
                self._note(row, ids)
            return iter(rows)
        out = func(*args, **options)
        if name in _SAME_PLACES and self._has_shadow(args[0] if args else None):
            self._follow(func, args, options, out)
        elif name in _SAME_SHAPE and args and id(args[0]) in self._shadows:
            ids = self._shadows[id(args[0])][1]
            if isinstance(out, Tensor) and out.shape == ids.shape:
                self._note(out, ids.to(out.device))
        return out

    def _has_shadow(self, value: object) -> bool:
        if isinstance(value, (list, tuple)):
            return any(id(part) in self._shadows for part in value)
        return id(value) in self._shadows

    def _follow(
        self, func: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], out: Any
    ) -> None:
        first = args[0]
        replaced = (
            [self._shadow(part) for part in first]
            if isinstance(first, (list, tuple))
            else self._shadow(first)
        )
        ids = func(replaced, *args[1:], **options)
        pairs = zip(out, ids, strict=True) if isinstance(out, (list, tuple)) else [(out, ids)]
        for tensor, shadow in pairs:
            self._note(tensor, shadow)

    def _shadow(self, tensor: Tensor) -> Tensor:
        found = self._shadows.get(id(tensor))
        return torch.full_like(tensor, -1, dtype=torch.long) if found is None else found[1]

    def _note(self, tensor: Tensor, ids: Tensor) -> None:
        # the tensor is kept, too: its id must not go to another one meanwhile
        self._shadows[id(tensor)] = (tensor, ids)


def match_pairs(edge_index: Tensor, roots: Sequence[Tensor], *, name: str) -> Tensor:
    """Input edge of every column by source and target, int64 [M]; -1 for all self-loops.

    Parallel edges (same source and target) are matched in order, which needs as many of them on
    both sides. Nothing tells an input self-loop from one that the layer adds.

    Args:
        edge_index: int64 [2, M], what a layer sends along.
        roots: the input edge indices, numbered one after the other; the first that holds all
            columns is taken.
        name: of the layer, for the message.

    Raises:
        MaskError: no input edge index holds all columns.
    """
    start = 0
    for root in roots:
        found = _match(edge_index, root)
        if found is not None:
            return torch.where(found < 0, found, found + start)
        start += root.shape[1]
    raise MaskError(
        f"layer {name!r} sends messages along edges that are not in the model's edge_index, or "
        "chooses among parallel edges; a gate belongs to an input edge, so rewrite the graph "
        "before the model, or give parallel edges one edge each"
    )


def _match(edge_index: Tensor, root: Tensor) -> Tensor | None:
    size = max(_top(root), _top(edge_index)) + 1
    wanted, known = (pair[0] * size + pair[1] for pair in (edge_index, root))
    order = torch.sort(known, stable=True).indices
    ranked = known[order]
    place = torch.searchsorted(ranked, wanted) + _occurrence(wanted)
    inside = place < len(ranked)
    place = place.clamp(max=max(len(ranked) - 1, 0))
    if not len(ranked):
        found = torch.full_like(wanted, -1)
    else:
        hit = inside & (ranked[place] == wanted)
        found = torch.where(hit, order[place], -1)
    loops = edge_index[0] == edge_index[1]
    missing = (found < 0) & ~loops
    if bool(missing.any()):
        return None
    parallel = _multiplicity(known)
    same = _multiplicity(wanted)[~loops] == parallel[found[~loops]]
    return torch.where(loops, -1, found) if bool(same.all()) else None


def _top(edge_index: Tensor) -> int:
    return int(edge_index.max()) if edge_index.numel() else -1


def _occurrence(keys: Tensor) -> Tensor:
    """How many equal keys come before each, int64 [M]."""
    if not len(keys):
        return keys.clone()
    ranked, order = torch.sort(keys, stable=True)
    first = torch.searchsorted(ranked, ranked)
    counts = torch.empty_like(keys)
    counts[order] = torch.arange(len(keys), device=keys.device) - first
    return counts


def _multiplicity(keys: Tensor) -> Tensor:
    """How often each key occurs, int64 [M]."""
    _, inverse, counts = torch.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse] if len(keys) else keys.clone()
