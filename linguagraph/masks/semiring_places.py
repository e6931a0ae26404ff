"""Functions that move elements without changing them: views, selections, concatenations, scatters.

See :mod:`linguagraph.masks.semiring_rules`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

from linguagraph.errors import MaskError
from linguagraph.masks.semiring_maps import Moved, Picked, Placed, Poured, Rows, Scaled, Spread
from linguagraph.masks.semiring_tape import Rule, Tape

__all__ = ["PLACES"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _view(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """One view, or several of them, of one tensor, by a function that never repeats elements."""
    out = func(*args, **kwargs)
    x, rest = (args[0], args[1:]) if args else (kwargs["input"], ())
    named = {k: v for k, v in kwargs.items() if k != "input"}
    parts = [out] if isinstance(out, Tensor) else list(out)
    fresh = []
    for place, part in enumerate(parts):
        if tape.tracked(part):  # the same object, as contiguous() gives
            fresh.append(part)
            continue
        at = None if isinstance(out, Tensor) else place

        def view(t: Tensor, at: int | None = at) -> Tensor:
            found: Any = func(t, *rest, **named)
            return found if at is None else found[at]  # type: ignore[no-any-return]

        tape.note(part, [(x, Moved(x.shape, view))], op=func.__name__.strip("_"))
        fresh.append(part)
    if isinstance(out, Tensor):
        return fresh[0]
    return tuple(fresh) if isinstance(out, tuple) else fresh


def _constant(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """What does not depend on its argument's value, or only in steps: no path leads through."""
    return func(*args, **kwargs)


def _property(name: str) -> Rule:
    def rule(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
        """A transposed view."""
        out: Tensor = func(*args, **kwargs)
        local = Moved(args[0].shape, lambda t: getattr(t, name))
        tape.note(out, [(args[0], local)], op=name)
        return out

    return rule


def _expand(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Broadcasting."""
    out: Tensor = func(*args, **kwargs)
    tape.note(out, [(args[0], Scaled(args[0].shape, out.shape))], op="expand")
    return out


def _picked(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """Any function that only picks elements: what it does to their numbers tells which."""
    out = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    numbers = torch.arange(1, x.numel() + 1, device=x.device).view(
        x.shape
    )  # 0 is what is filled in
    found = func(numbers, *args[1:], **{k: v for k, v in kwargs.items() if k != "input"}) - 1
    tape.note(out, [(x, Picked(x.shape, found))], op=func.__name__.strip("_"))
    return out


def _packed(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """Packing of padded sequences, and back."""
    out = func(*args, **kwargs)
    x = args[0]
    numbers = torch.arange(1, x.numel() + 1, device=x.device).view(x.shape)
    rest = list(args[1:])
    if "pad_packed" in func.__name__:
        rest[2] = 0  # what is filled in
    found = func(numbers, *rest, **kwargs)[0] - 1
    tape.note(out[0], [(x, Picked(x.shape, found))], op=func.__name__.strip("_"))
    return out


def _item(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """``x[...]``: a view if it is one, else a selection."""
    x, key = args
    if not isinstance(x, Tensor):
        return func(*args)
    keys = key if isinstance(key, tuple) else (key,)
    if all(k is None or k is Ellipsis or isinstance(k, slice | int) for k in keys):
        return _view(tape, func, args, kwargs)
    first = keys[0]
    numbers = isinstance(first, Tensor) and first.dtype == torch.int64
    if len(keys) == 1 and numbers and first.dim() == 1:
        out: Tensor = func(*args)
        index = torch.where(first < 0, first + x.shape[0], first)
        tape.note(out, [(x, Rows(x.shape, 0, index))], op="getitem")
        return out
    return _picked(tape, func, args, kwargs)


def _index_select(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Rows along a dimension."""
    out: Tensor = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    dim = args[1] if len(args) > 1 else kwargs["dim"]
    index = args[2] if len(args) > 2 else kwargs["index"]
    tape.note(out, [(x, Rows(x.shape, dim, index))], op="index_select")
    return out


def _embedding(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Rows of a table that is itself watched."""
    out: Tensor = func(*args, **kwargs)
    index, table = args[0], args[1] if len(args) > 1 else kwargs["weight"]
    with tape.again():
        rows = table.index_select(0, index.reshape(-1)).view(*index.shape, -1)
    tape.note(out, [(rows, Scaled(rows.shape, out.shape))], op="embedding")
    return out


def _cat(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Concatenation: every part fills its own place."""
    out: Tensor = func(*args, **kwargs)
    parts = args[0] if args else kwargs["tensors"]
    dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    parents, start = [], 0
    for part in parts:
        size = part.shape[dim] if part.dim() == out.dim() else 0

        def view(t: Tensor, start: int = start, size: int = size) -> Tensor:
            return t.narrow(dim, start, size)

        parents.append((part, Placed(out.shape, view)))
        start += size
    tape.note(out, parents, op="cat")
    return out


def _stack(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Stacking: every part fills its own place."""
    out: Tensor = func(*args, **kwargs)
    parts = args[0] if args else kwargs["tensors"]
    dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    parents = [
        (part, Placed(out.shape, lambda t, k=k: t.select(dim, k)))  # type: ignore[misc]
        for k, part in enumerate(parts)
    ]
    tape.note(out, parents, op="stack")
    return out


def _pad(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Padding with a constant."""
    out: Tensor = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    pad = list(args[1] if len(args) > 1 else kwargs["pad"])
    if (args[2] if len(args) > 2 else kwargs.get("mode", "constant")) != "constant" or min(pad) < 0:
        raise MaskError(
            "semiring passes cover padding with a constant only, by widths of at least 0"
        )

    def view(t: Tensor) -> Tensor:
        for k in range(len(pad) // 2):
            t = t.narrow(-1 - k, pad[2 * k], x.shape[-1 - k])
        return t

    tape.note(out, [(x, Placed(out.shape, view))], op="pad")
    return out


def _set_item(tape: Tape, func: Any, args: Any, kwargs: Any) -> None:
    """``x[...] = value``."""
    x, key, value = args
    if x._is_view():
        raise MaskError("semiring passes do not cover assignments into a view of a tensor")
    hole = torch.ones_like(x)
    hole[key] = 0
    numbers = torch.arange(x.numel(), device=x.device).view(x.shape)[key]
    parents: list[Any] = []
    if tape.tracked(x):
        parents.append((x, Scaled(x.shape, x.shape, lambda: hole)))
    if tape.tracked(value):
        with tape.again():
            wide = value.expand(numbers.shape)
        parents.append((wide, Poured(numbers, tuple(x.shape))))
    edges = [(tape.number(t), local) for t, local in parents]
    tape.save(x)
    func(*args, **kwargs)
    tape.replace(x, edges, op="setitem")


def _rowwise(index: Tensor, dim: int) -> Tensor | None:
    """The index int64 [E] of rows along ``dim``, if it is one that was only expanded."""
    others = [k for k in range(index.dim()) if k != dim % index.dim()]
    if any(index.shape[k] > 1 and index.stride(k) != 0 for k in others) or 0 in index.shape:
        return None
    for k in reversed(others):
        index = index.select(k, 0)
    return index


def _scatter(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``index_add``, ``index_copy``, ``scatter`` and ``scatter_add``."""
    name = func.__name__.strip("_")
    x, dim, index, source = (
        args[:4] if len(args) > 3 else (*args[:3], kwargs.get("source", kwargs.get("src")))
    )
    out: Tensor = func(*args, **kwargs)
    alpha = float(kwargs.get("alpha", 1))
    if kwargs.get("reduce") not in (None, "sum", "add"):
        raise MaskError(f"semiring passes do not cover {name} with reduce={kwargs['reduce']!r}")
    added = name in ("index_add", "scatter_add") or kwargs.get("reduce") in ("add", "sum")
    weight = None
    if not added:
        hole = torch.ones_like(out)
        hole = hole.index_fill(dim, index, 0) if "index" in name else hole.scatter(dim, index, 0.0)
        weight = lambda: hole  # noqa: E731
    parents: list[Any] = [(x, Scaled(x.shape, out.shape, weight))]
    if isinstance(source, Tensor):
        if alpha != 1:
            with tape.again():
                source = source * alpha
        rows = index if "index" in name else _rowwise(index, dim)
        whole = "index" in name or tuple(index.shape) == tuple(source.shape)
        if rows is not None and whole:
            parents.append((source, Spread(source.shape, dim, rows, out.shape[dim])))
        else:
            numbers = torch.arange(out.numel(), device=out.device).view(out.shape)
            for k, size in enumerate(index.shape):
                if k != dim % out.dim():
                    numbers = numbers.narrow(k, 0, size)
            with tape.again():
                part = source[tuple(slice(0, size) for size in index.shape)]
            parents.append((part, Poured(numbers.gather(dim, index), tuple(out.shape))))
    tape.note(out, parents, op=name)
    return out


def _largest(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """``max``, ``min``, ``amax``, ``amin``, ``topk``, ``sort``: the element that was chosen."""
    out = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    name = func.__name__
    numbers = torch.arange(x.numel(), device=x.device).view(x.shape)
    if isinstance(out, tuple):
        dim = kwargs.get("dim", args[-1] if name in ("max", "min") else -1)
        if name == "topk" and len(args) > 2:
            dim = args[2]
        if name in ("max", "min"):
            dim = kwargs.get("dim", args[1] if len(args) > 1 else -1)
        keep = out[1].dim() == x.dim()
        at = out[1] if keep else out[1].unsqueeze(dim)
        index = numbers.gather(dim, at)
        index = index if keep else index.squeeze(dim)
        tape.note(out[0], [(x, Picked(x.shape, index))], op=name)
        return out
    if len(args) > 1 and isinstance(args[1], Tensor):
        with tape.again():
            return (torch.maximum if "max" in name else torch.minimum)(x, args[1])
    dims = kwargs.get("dim", args[1] if len(args) > 1 else None)
    every = tuple(range(x.dim()))
    chosen = every if dims is None else ((dims,) if isinstance(dims, int) else tuple(dims))
    chosen = tuple(d % max(x.dim(), 1) for d in chosen)
    order = [d for d in every if d not in chosen] + list(chosen)
    rest = prod(x.shape[d] for d in chosen)
    flat = x.permute(order).reshape(-1, rest)
    at = flat.argmax(1, keepdim=True) if "max" in name else flat.argmin(1, keepdim=True)
    index = numbers.permute(order).reshape(-1, rest).gather(1, at)
    tape.note(out, [(x, Picked(x.shape, index.view(out.shape)))], op=name)
    return out


def _scatter_reduce(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``scatter_reduce`` by sum, mean, largest or smallest; ties share evenly."""
    x, dim, index, source = args[:4] if len(args) > 3 else (*args[:3], kwargs["src"])
    how = args[4] if len(args) > 4 else kwargs["reduce"]
    own = kwargs.get("include_self", True)
    if how not in ("sum", "mean", "amax", "amin"):
        raise MaskError(f"semiring passes do not cover scatter_reduce by {how!r}")
    plain = [t.detach() if isinstance(t, Tensor) else t for t in (x, index, source)]
    out = torch.scatter_reduce(plain[0], dim, plain[1], plain[2], how, include_self=own)
    if how in ("amax", "amin"):
        mine = (source == out.gather(dim, index)).to(out)
        before = ((x == out) if own else torch.zeros_like(out)).to(out)
        ties = torch.scatter_add(before, dim, index, mine)
    else:
        mine, before = torch.ones_like(source), torch.full_like(out, float(own))
        ties = torch.scatter_add(before, dim, index, mine)
        if not own:
            before = (ties == 0).to(out)
        if how == "sum":
            ties = torch.ones_like(out)
    ties = ties.clamp(min=1)
    with tape.again():
        start = x * (before / ties)
        found = torch.scatter_add(start, dim, index, source * (mine / ties.gather(dim, index)))
    tape.note(out, [(found, Scaled(found.shape, out.shape))], op="scatter_reduce")
    return out


VIEWS = _words(
    """view reshape flatten unflatten unsqueeze squeeze view_as reshape_as contiguous transpose
    permute t swapaxes swapdims movedim moveaxis adjoint select narrow split chunk unbind
    tensor_split diagonal split_with_sizes"""
)

CONSTANTS = _words(
    """new_zeros new_ones new_full new_empty new_tensor zeros_like ones_like full_like empty_like
    rand_like randn_like sign sgn round floor ceil trunc heaviside get_data"""
)

PLACES: dict[str, Rule] = {
    **dict.fromkeys(VIEWS, _view),
    **{f"get_{name}": _property(name) for name in ("T", "mT", "H", "mH")},
    **dict.fromkeys(CONSTANTS, _constant),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expand),
    **dict.fromkeys(
        (
            "flip",
            "roll",
            "repeat",
            "tile",
            "repeat_interleave",
            "masked_select",
            "take",
            "tril",
            "triu",
            "gather",
            "take_along_dim",
        ),
        _picked,
    ),
    **dict.fromkeys(("pack_padded_sequence", "pad_packed_sequence"), _packed),
    "getitem": _item,
    "setitem": _set_item,
    "index_select": _index_select,
    "embedding": _embedding,
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    "stack": _stack,
    "pad": _pad,
    **dict.fromkeys(("index_add", "index_copy", "scatter_add", "scatter"), _scatter),
    "scatter_reduce": _scatter_reduce,
    **dict.fromkeys(("max", "min", "amax", "amin", "topk", "sort"), _largest),
}
"""Rules of these functions, by name."""
