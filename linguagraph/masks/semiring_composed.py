"""Functions that are put together from others: attention, recurrent layers, ``einsum``, in place.

See :mod:`linguagraph.masks.semiring_rules`. What is put together here is recorded step by step, so
that paths lead through queries, keys and values, and through the gates of every time step.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import MaskError
from linguagraph.masks.semiring_maps import Scaled
from linguagraph.masks.semiring_tape import Rule, Tape

__all__ = ["COMPOSED", "in_place", "maybe_in_place"]


Step = tuple[Tensor, Tensor]


def _attention(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Scaled dot-product attention: scores, softmax, weighted sum."""
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
    q, k, v, mask, dropout, causal = [
        args[at] if at < len(args) else kwargs.get(name, default)
        for at, (name, default) in enumerate(zip(names, (None,) * 4 + (0.0, False), strict=True))
    ]
    if dropout:
        raise MaskError("attention draws dropout; call model.eval() first")
    scale = kwargs.get("scale")
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    with tape.again():
        if kwargs.get("enable_gqa") and k.shape[-3] != q.shape[-3]:
            times = q.shape[-3] // k.shape[-3]
            k, v = k.repeat_interleave(times, -3), v.repeat_interleave(times, -3)
        scores = torch.matmul(q * scale, k.transpose(-1, -2))
        if causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        if mask is not None and mask.dtype == torch.bool:
            scores = scores.masked_fill(~mask, -math.inf)
        elif mask is not None:
            scores = scores + mask
        return torch.matmul(torch.softmax(scores, -1), v)


def _lstm_step(
    x: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor | None
) -> tuple[Tensor, Tensor]:
    i, f, g, o = (x + F.linear(h, w, b)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _gru_step(
    x: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor | None
) -> tuple[Tensor, Tensor]:
    xr, xz, xn = x.chunk(3, -1)
    hr, hz, hn = F.linear(h, w, b).chunk(3, -1)
    z = torch.sigmoid(xz + hz)
    new = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
    return (1 - z) * new + z * h, c


STEPS = {"lstm": _lstm_step, "gru": _gru_step}


def _recurrent(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """LSTM and GRU layers over padded or packed sequences, time step by time step."""
    name = func.__name__.strip("_")
    packed = isinstance(args[1], Tensor) and args[1].dtype == torch.int64
    if packed:
        x, sizes, start, weights, biases, layers, dropout, train, both = args
        first = False
    else:
        x, start, weights, biases, layers, dropout, train, both, first = args
    if train and dropout > 0:
        raise MaskError(f"{name} draws dropout; call model.eval() first")
    states = start if name == "lstm" else (start, torch.zeros_like(start))
    per = 4 if biases else 2
    directions = 2 if both else 1
    if len(weights) != per * layers * directions:
        raise MaskError(f"semiring passes do not cover {name} with projections")
    last: list[list[Tensor]] = [[], []]
    with tape.again():
        if packed:
            counts = sizes.tolist()
            rows = list(x.split(counts))
        else:
            rows = list(x.unbind(1 if first else 0))
            counts = [len(row) for row in rows]
        for layer in range(layers):
            outputs = []
            for way in range(directions):
                at = layer * directions + way
                w = weights[per * at : per * (at + 1)]
                begin = tuple(part[at] for part in states)
                done, final = _along(name, rows, counts, begin, w, backward=way == 1)
                outputs.append(done)
                for store, part in zip(last, final, strict=True):
                    store.append(part)
            rows = (
                outputs[0] if not both else [torch.cat(p, -1) for p in zip(*outputs, strict=True)]
            )
        out = torch.cat(rows) if packed else torch.stack(rows, 1 if first else 0)
        h, c = torch.stack(last[0]), torch.stack(last[1])
    return (out, h, c) if name == "lstm" else (out, h)


def _along(
    name: str, rows: list[Tensor], counts: list[int], begin: Any, w: Any, *, backward: bool
) -> tuple[list[Tensor], tuple[Tensor, Tensor]]:
    """One direction of one layer; ``counts``: sequences that are still there at each step."""
    inner, outer, *biases = w
    b_in, b_out = biases or (None, None)
    projected = torch.split(F.linear(torch.cat(rows), inner, b_in), counts)
    order = range(len(rows))
    h, c = (part[: counts[0]] for part in begin)
    if backward:
        h, c = (part[: counts[-1]] for part in begin)
    ended: list[tuple[Tensor, Tensor]] = []
    found: list[Any] = [None] * len(rows)
    for t in reversed(order) if backward else order:
        size = counts[t]
        if size > len(h):
            h, c = (torch.cat((p, q[len(p) : size])) for p, q in zip((h, c), begin, strict=True))
        elif size < len(h):
            ended.append((h[size:], c[size:]))
            h, c = h[:size], c[:size]
        h, c = STEPS[name](projected[t], h, c, outer, b_out)
        found[t] = h
    parts = [(h, c), *reversed(ended)]
    final = tuple(p[0] if len(p) == 1 else torch.cat(p) for p in zip(*parts, strict=True))
    return found, final  # type: ignore[return-value]


def _cell(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """``lstm_cell`` and ``gru_cell``."""
    name = func.__name__.strip("_").removesuffix("_cell")
    x, start, inner, outer, *biases = args
    b_in, b_out = biases or (None, None)
    h, c = start if name == "lstm" else (start, start)
    with tape.again():
        h, c = STEPS[name](F.linear(x, inner, b_in), h, c, outer, b_out)
    return (h, c) if name == "lstm" else h


def _einsum(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``einsum`` of one or two operands, as a matrix product over shared letters."""
    text, *operands = args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    text = text.replace(" ", "")
    if len(operands) != 2 or "->" not in text:
        raise MaskError(f"semiring passes cover einsum of two operands with '->'; not {text!r}")
    left, right = text.split("->")[0].split(",")
    out = text.split("->")[1]
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in text]
    pairs = list(zip(operands, (left, right), strict=True))
    dots = max(tensor.dim() - len(letters.replace("...", "")) for tensor, letters in pairs)
    wide = "".join(spare[:dots])
    full = []
    for tensor, letters in pairs:
        missing = tensor.dim() - len(letters.replace("...", ""))
        full.append(letters.replace("...", wide[dots - missing :]))
    left, right, out = full[0], full[1], out.replace("...", wide)
    if any(len(set(s)) < len(s) for s in (left, right, out)):
        raise MaskError(f"semiring passes do not cover einsum with a repeated letter: {text!r}")
    both = [c for c in out if c in left and c in right]
    inner = [c for c in left if c in right and c not in out]
    ours, theirs = ([c for c in s if c not in both + inner] for s in (left, right))
    x, y = operands
    with tape.again():
        for letters, keep in ((left, ours), (right, theirs)):
            gone = [letters.index(c) for c in keep if c not in out]
            if gone and letters is left:
                x = x.sum(gone)
            elif gone:
                y = y.sum(gone)
        ours, theirs = ([c for c in s if c in out] for s in (ours, theirs))
        left = "".join(c for c in left if c in both + inner + ours)
        right = "".join(c for c in right if c in both + inner + theirs)
        sizes = dict(zip(right, y.shape, strict=True)) | dict(zip(left, x.shape, strict=True))
        width = math.prod(sizes[c] for c in inner)
        batch = [sizes[c] for c in both]
        a = x.permute([left.index(c) for c in both + ours + inner])
        b = y.permute([right.index(c) for c in both + inner + theirs])
        a = a.reshape(*batch, math.prod(sizes[c] for c in ours), width)
        b = b.reshape(*batch, width, math.prod(sizes[c] for c in theirs))
        found = torch.matmul(a, b).reshape(*batch, *(sizes[c] for c in ours + theirs))
        order = both + ours + theirs
        return found.permute([order.index(c) for c in out])


def _normalize(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``F.normalize``: division by the norm."""
    p = args[1] if len(args) > 1 else kwargs.get("p", 2.0)
    dim = args[2] if len(args) > 2 else kwargs.get("dim", 1)
    if p != 2:
        raise MaskError(f"semiring passes cover normalize with p=2 only; not p={p}")
    with tape.again():
        norm = args[0].square().sum(dim, keepdim=True).sqrt()
        return args[0] / norm.clamp_min(kwargs.get("eps", 1e-12))  # type: ignore[no-any-return]


COMPOSED: dict[str, Rule] = {
    "scaled_dot_product_attention": _attention,
    "lstm": _recurrent,
    "gru": _recurrent,
    "lstm_cell": _cell,
    "gru_cell": _cell,
    "einsum": _einsum,
    "normalize": _normalize,
}
"""Rules of these functions, by name."""


def in_place(rule: Rule, name: str) -> Rule:
    """The rule of ``x.name_(...)`` and ``x op= ...``: out of place, then copied into x."""

    def changed(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
        x = args[0]
        if x._is_view() and x._base is not None and tape.tracked(x._base):
            raise MaskError(f"semiring passes do not cover {name}_ on a view of another result")
        plain = getattr(Tensor, name, None) or getattr(torch, name)
        before = x.detach().clone() if not tape.tracked(x) else x
        found = rule(tape, plain, (before, *args[1:]), kwargs)
        return _copied(tape, x, found, name)

    return changed


def _copied(tape: Tape, x: Tensor, found: Tensor, name: str) -> Tensor:
    number = tape.number(found)
    tape.save(x)
    with torch.no_grad():
        x.copy_(found)
    tape.replace(x, [(number, Scaled(found.shape, x.shape))], op=f"{name}_")
    return x


def maybe_in_place(rule: Rule) -> Rule:
    """The rule of a function with an ``inplace`` option."""

    def either(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise MaskError(f"semiring passes do not cover {func.__name__} with out=")
        if not kwargs.get("inplace"):
            return rule(tape, func, args, kwargs)
        rest = {k: v for k, v in kwargs.items() if k != "inplace"}
        return _copied(tape, args[0], rule(tape, func, args, rest), func.__name__)

    return either
