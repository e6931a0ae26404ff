"""PyTorch functions by name -> what they put on a tape: the table of all that is covered.

A function's name is the one under which PyTorch shows it (``add`` for ``torch.add``,
``Tensor.__add__`` and ``Tensor.add_``). What is put together from other functions (attention,
recurrent layers, ``einsum``) stands in :mod:`linguagraph.masks.semiring_composed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from linguagraph.errors import MaskError
from linguagraph.masks import semiring_composed as composed
from linguagraph.masks.semiring_dense import LeftFactor, NormMap, RightFactor, SoftmaxMap
from linguagraph.masks.semiring_maps import LocalMap, Scaled, Summed
from linguagraph.masks.semiring_places import PLACES
from linguagraph.masks.semiring_tape import Rule, Tape

__all__ = ["RULES", "find_rule"]


def _ones(value: float, like: Tensor) -> Callable[[], Tensor] | None:
    return None if value == 1 else lambda: like.new_tensor(float(value))


def _add(tape: Tape, func: Any, args: Any, kwargs: Any, *, sign: float = 1.0) -> Tensor:
    """``x + alpha y`` and ``x - alpha y``."""
    out: Tensor = func(*args, **kwargs)
    second = sign * float(kwargs.get("alpha", 1))
    parents = [
        (value, Scaled(value.shape, out.shape, _ones(factor, out)))
        for value, factor in zip(args[:2], (1.0, second), strict=False)
        if isinstance(value, Tensor)
    ]
    tape.note(out, parents, op=_name(func))
    return out


def _subtract(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``x - alpha y``."""
    return _add(tape, func, args, kwargs, sign=-1.0)


def _subtract_from(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``rsub(x, y) = y - x``."""
    out: Tensor = func(*args, **kwargs)
    parents = [
        (value, Scaled(value.shape, out.shape, _ones(factor, out)))
        for value, factor in zip(args[:2], (-1.0, 1.0), strict=False)
        if isinstance(value, Tensor)
    ]
    tape.note(out, parents, op=_name(func))
    return out


def _multiply(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``x * y``: one edge from each factor, weighted by the other."""
    out: Tensor = func(*args, **kwargs)
    x, y = args[:2]
    parents = []
    for value, other in ((x, y), (y, x)):
        if isinstance(value, Tensor):
            number = other if tape.tracked(other) else torch.as_tensor(other).to(out)
            parents.append((value, Scaled(value.shape, out.shape, _constant(tape, number))))
    tape.note(out, parents, op=_name(func))
    return out


def _constant(tape: Tape, value: Tensor) -> Callable[[], Tensor]:
    """The value that a tensor has now, should it be changed in place later."""
    if not tape.tracked(value):
        return lambda: value
    node = tape.nodes[tape.number(value)]
    return lambda: node.tensor


def _elementwise(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Any function that works element by element; its derivatives are those of PyTorch."""
    out: Tensor = func(*args, **kwargs)
    held = [_constant(tape, a) if isinstance(a, Tensor) else a for a in args]
    named = {k: _constant(tape, v) if isinstance(v, Tensor) else v for k, v in kwargs.items()}
    places: list[int | str] = [k for k, value in enumerate(args) if tape.tracked(value)]
    places += [k for k, value in kwargs.items() if tape.tracked(value)]
    parents = []
    for place in places:
        value = args[place] if isinstance(place, int) else kwargs[place]
        derivative = _Derivative(func, held, named, place, out.shape)
        parents.append((value, Scaled(value.shape, out.shape, derivative)))
    tape.note(out, parents, op=_name(func))
    return out


class _Derivative:
    """The derivative of an element-wise function with respect to one argument, when asked for."""

    def __init__(
        self, func: Any, args: list[Any], kwargs: dict[str, Any], place: int | str, shape: Any
    ) -> None:
        self.func, self.args, self.kwargs, self.place, self.shape = func, args, kwargs, place, shape

    def __call__(self) -> Tensor:
        args = [a() if callable(a) else a for a in self.args]
        kwargs = {k: v() if callable(v) else v for k, v in self.kwargs.items()}
        store: Any = args if isinstance(self.place, int) else kwargs
        with torch.enable_grad():
            x = store[self.place].detach().expand(self.shape).clone().requires_grad_()
            store[self.place] = x
            found: Tensor = torch.autograd.grad(self.func(*args, **kwargs).sum(), x)[0]
        return found


def _linear(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``x W^T + b``; parameters on the tape make it a product and a sum."""
    x, weight, bias = _named(args, kwargs, ("input", "weight", "bias"), (None, None, None))
    if tape.tracked(weight) or tape.tracked(bias) or x.dim() == 1:
        with tape.again():
            product = torch.matmul(x, weight.t())
            return product if bias is None else product + bias
    out = F.linear(x, weight, bias)
    tape.note(out, [(x, LeftFactor(x.shape, weight.t(), out.shape))], op="linear")
    return out


def _matmul(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Matrix products of any batch shape."""
    x, y = _named(args, kwargs, ("input", "other"), (None, None))
    if func is getattr(Tensor, "__rmatmul__", None):
        x, y = y, x
    with tape.again():
        if x.dim() == 1:
            return torch.matmul(x.unsqueeze(0), y).squeeze(-2 if y.dim() > 1 else 0)
        if y.dim() == 1:
            return torch.matmul(x, y.unsqueeze(1)).squeeze(-1)
    out = torch.matmul(x, y)
    left, right = _constant(tape, x), _constant(tape, y)
    parents: list[tuple[Tensor, LocalMap]] = [
        (x, LeftFactor(x.shape, right(), out.shape)),
        (y, RightFactor(y.shape, left(), out.shape)),
    ]
    tape.note(out, parents, op="matmul")
    return out


def _added_product(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """``addmm`` and ``baddbmm``: beta input + alpha (x @ y)."""
    rest = dict(kwargs)
    start, x, y = _named(args, rest, ("input", "mat1", "mat2"), (None, None, None))
    if x is None:
        x, y = rest["batch1"], rest["batch2"]
    with tape.again():
        product, beta = torch.matmul(x, y) * rest.get("alpha", 1), rest.get("beta", 1)
        return product if beta == 0 else product + start * beta  # type: ignore[no-any-return]


def _softmax(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Softmax and log-softmax, one operation per row."""
    out: Tensor = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    if not isinstance(dim, int):
        raise MaskError("softmax without a dimension is not covered; give dim")
    log = "log" in _name(func)
    probabilities = out.exp() if log else out
    tape.note(out, [(x, SoftmaxMap(probabilities, dim, log=log))], op=_name(func))
    return out


def _layer_norm(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Layer normalisation, one operation per row."""
    names = ("input", "normalized_shape", "weight", "bias", "eps")
    x, shape, weight, bias, eps = _named(args, kwargs, names, (None, None, None, None, 1e-5))
    _no_parameters(tape, "layer_norm", weight, bias)
    out = F.layer_norm(x, shape, weight, bias, eps)
    rows = x.reshape(-1, torch.Size(shape).numel())
    variance, mean = torch.var_mean(rows, dim=1, keepdim=True, correction=0)
    deviation = (variance + eps).sqrt()
    local = NormMap(x.shape, (rows - mean) / deviation, deviation, weight)
    tape.note(out, [(x, local)], op="layer_norm")
    return out


def _rms_norm(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Root-mean-square normalisation, one operation per row."""
    names = ("input", "normalized_shape", "weight", "eps")
    x, shape, weight, eps = _named(args, kwargs, names, (None, None, None, None))
    _no_parameters(tape, "rms_norm", weight)
    out = F.rms_norm(x, shape, weight, eps)
    rows = x.reshape(-1, torch.Size(shape).numel())
    small = torch.finfo(x.dtype).eps if eps is None else eps
    deviation = (rows.square().mean(1, keepdim=True) + small).sqrt()
    local = NormMap(x.shape, rows / deviation, deviation, weight, centred=False)
    tape.note(out, [(x, local)], op="rms_norm")
    return out


def _no_parameters(tape: Tape, name: str, *parameters: Any) -> None:
    if any(tape.tracked(p) for p in parameters):
        raise MaskError(f"semiring passes do not cover {name} with watched parameters")


def _batch_norm(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Batch normalisation with running statistics, element by element."""
    names = ("input", "running_mean", "running_var", "weight", "bias", "training")
    values = _named(args, kwargs, names, (None, None, None, None, None, False))
    if values[5]:
        raise MaskError("batch_norm is in training mode; call model.eval() first")
    return _elementwise(tape, func, args, kwargs)


def _dropout(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Nothing in evaluation."""
    names = ("input", "p", "training")
    x, rate, training = _named(args, kwargs, names, (None, 0.5, True))
    if training and rate > 0:
        raise MaskError("dropout is in training mode; call model.eval() first")
    out: Tensor = x.view_as(x)
    tape.note(out, [(x, Scaled(x.shape, out.shape))], op="dropout")
    return out


def _reduce(tape: Tape, func: Any, args: Any, kwargs: Any) -> Tensor:
    """Sums and means over some or all dimensions."""
    out: Tensor = func(*args, **kwargs)
    x = args[0] if args else kwargs["input"]
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    if dim is None or isinstance(dim, torch.dtype) or dim == () or dim == []:
        dims = tuple(range(x.dim()))
    else:
        dims = (dim,) if isinstance(dim, int) else tuple(dim)
    weight = out.numel() / max(1, x.numel()) if _name(func) == "mean" else 1.0
    tape.note(out, [(x, Summed(x.shape, dims, weight=weight))], op=_name(func))
    return out


def _identity(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """Copies, and conversions between floating-point types."""
    out = func(*args, **kwargs)
    if not isinstance(out, Tensor) or not out.is_floating_point():
        return out
    x = args[0]
    if out is x:
        return x
    tape.note(out, [(x, Scaled(x.shape, out.shape))], op=_name(func))
    return out


def _stop(tape: Tape, func: Any, args: Any, kwargs: Any) -> Any:
    """What gradients do not flow through."""
    out = func(*args, **kwargs)
    return out.clone() if tape.tracked(out) else out


def _named(args: Any, kwargs: Any, names: Any, defaults: Any) -> list[Any]:
    """Arguments in the order of their names."""
    return [
        args[k] if k < len(args) else kwargs.get(name, default)
        for k, (name, default) in enumerate(zip(names, defaults, strict=True))
    ]


def _name(func: Any) -> str:
    """A function's name without the marks of operators and in-place variants."""
    name = getattr(func, "__name__", "")
    if name.startswith("__i") and name.endswith("__") and hasattr(Tensor, f"__{name[3:]}"):
        return str(name[3:-2])
    return str(name.strip("_"))


ELEMENTWISE = tuple(
    """relu relu6 gelu tanh sigmoid silu elu leaky_relu selu celu softplus softsign hardtanh
    hardswish hardsigmoid mish logsigmoid log_sigmoid prelu tanhshrink threshold exp expm1 exp2
    log log1p log2 log10 sqrt rsqrt square pow rpow abs neg negative reciprocal sin cos tan
    atan sinh cosh erf erfc
    clamp clamp_min clamp_max clip div divide truediv true_divide rdiv rtruediv maximum minimum
    where lerp addcmul addcdiv masked_fill xlogy nan_to_num positive pos hypot logaddexp atan2
    softshrink hardshrink""".split()  # noqa: SIM905
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(("add", "radd"), _add),
    **dict.fromkeys(("sub", "subtract"), _subtract),
    "rsub": _subtract_from,
    **dict.fromkeys(("mul", "multiply", "rmul"), _multiply),
    "linear": _linear,
    **dict.fromkeys(("matmul", "rmatmul", "mm", "bmm", "mv"), _matmul),
    **dict.fromkeys(("addmm", "baddbmm"), _added_product),
    **dict.fromkeys(("softmax", "log_softmax"), _softmax),
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "batch_norm": _batch_norm,
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "feature_dropout"), _dropout),
    **dict.fromkeys(("sum", "mean"), _reduce),
    **dict.fromkeys(
        ("clone", "to", "type", "type_as", "float", "double", "half", "bfloat16", "cpu", "cuda"),
        _identity,
    ),
    **dict.fromkeys(("detach", "data"), _stop),
    **PLACES,
    **composed.COMPOSED,
}
"""Rule of every function that is covered, by its name."""


def find_rule(func: Callable[..., Any]) -> Rule | None:
    """The rule of a function, or ``None``."""
    raw = getattr(func, "__name__", "")
    owner = getattr(func, "__self__", None)
    if raw == "__get__":  # a property of tensors, such as x.T
        return RULES.get(f"get_{getattr(owner, '__name__', '')}")
    if raw in ("__setitem__", "__set__"):
        return RULES.get(raw.strip("_"))
    rule = RULES.get(_name(func))
    if rule is None:
        return None
    augmented = raw.startswith("__i") and raw.endswith("__") and raw not in ("__invert__",)
    if augmented or (raw.endswith("_") and not raw.endswith("__")):
        return composed.in_place(rule, _name(func))
    return composed.maybe_in_place(rule)
