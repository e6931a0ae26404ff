"""Semirings over path weights: sums, largest products, and expectations, vectorised over tensors.

A value over n elements is a tensor [C, n ...]: C components, then the shape of what it belongs to.
Weights of edges are plain tensors of local derivatives; each semiring lifts them to its own values.

Du et al. (2023), section 3. Two ways to treat signs are kept apart, by name:

* ``sum`` adds signed weights: it is the gradient, and paths of opposite sign cancel.
* ``total``, ``max`` and ``expectation`` use the absolute values of local derivatives. A largest
  product of signed numbers is no semiring (a negative factor turns the largest into the smallest,
  so multiplication does not distribute over max), and neither entropy nor shares are defined for
  negative weights. The weight of a path is then how strongly it passes a change on, whatever its
  direction.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from linguagraph.errors import ConfigError

__all__ = ["SEMIRINGS", "Expectation", "MaxProduct", "Semiring", "SumProduct", "find_semiring"]

BLOCK = 1 << 18
"""Products held at once by the (max, x) matrix product: about the size of a second-level cache."""


class Semiring(Protocol):
    """What passes over the gradient graph need of a semiring.

    Attributes:
        name: its key in :data:`SEMIRINGS`.
        components: C.
        absolute: whether weights count by their absolute values.
    """

    name: str
    components: int
    absolute: bool

    def lift(self, weight: Tensor) -> Tensor:
        """Values [C, ...] of edges with these weights [...]."""

    def add(self, left: Tensor, right: Tensor) -> Tensor:
        """The semiring's sum of two values of one shape."""

    def times(self, value: Tensor, weight: Tensor) -> Tensor:
        """The semiring's product of values [C, ...] and lifted weights, broadcast."""

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """The semiring's product of two values, broadcast."""

    def total(self, value: Tensor, dims: tuple[int, ...], *, keepdim: bool = False) -> Tensor:
        """The semiring's sum over dimensions, counted in [C, ...] (so none is 0)."""

    def matmul(self, value: Tensor, weight: Tensor) -> Tensor:
        """Values [C, ..., N, M] times weights [..., M, K] -> [C, ..., N, K]; M is summed over."""

    def scatter(self, value: Tensor, index: Tensor, size: int) -> Tensor:
        """Sum rows [C, E, D] by index int64 [E] -> [C, size, D]."""


class SumProduct:
    """(+, x): the gradient, and with absolute weights the total weight of all paths.

    Args:
        absolute: use absolute values of the weights.
    """

    components = 1

    def __init__(self, *, absolute: bool = False) -> None:
        self.absolute = absolute
        self.name = "total" if absolute else "sum"

    def _sized(self, weight: Tensor) -> Tensor:
        return weight.abs() if self.absolute else weight

    def lift(self, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return self._sized(weight).unsqueeze(0)

    def add(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return left + right

    def times(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return value * self._sized(weight)

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return left * right

    def total(self, value: Tensor, dims: tuple[int, ...], *, keepdim: bool = False) -> Tensor:
        """See :class:`Semiring`."""
        return value.sum(dims, keepdim=keepdim) if dims else value

    def matmul(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return value @ self._sized(weight)

    def scatter(self, value: Tensor, index: Tensor, size: int) -> Tensor:
        """See :class:`Semiring`."""
        out = value.new_zeros(value.shape[0], size, value.shape[2])
        return out.index_add_(1, index, value)


class MaxProduct:
    """(max, x) on absolute values: the weight of the highest-weighted path."""

    name = "max"
    components = 1
    absolute = True

    def lift(self, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return weight.abs().unsqueeze(0)

    def add(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return torch.maximum(left, right)

    def times(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return value * weight.abs()

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return left * right

    def total(self, value: Tensor, dims: tuple[int, ...], *, keepdim: bool = False) -> Tensor:
        """See :class:`Semiring`."""
        return value.amax(dims, keepdim=keepdim) if dims else value

    def matmul(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`; there is no library routine for it, so products go by blocks."""
        weight = weight.abs()
        if weight.dim() == 2:
            rows = value.reshape(-1, value.shape[-1])
            return _max_rows(rows, weight).view(*value.shape[:-1], weight.shape[-1])
        batch = torch.broadcast_shapes(value.shape[1:-2], weight.shape[:-2])  # type: ignore[no-untyped-call]
        left = value[0].expand(*batch, *value.shape[-2:]).reshape(-1, *value.shape[-2:])
        right = weight.expand(*batch, *weight.shape[-2:]).reshape(-1, *weight.shape[-2:])
        found = _max_batched(left, right)
        return found.view(1, *batch, value.shape[-2], weight.shape[-1])

    def scatter(self, value: Tensor, index: Tensor, size: int) -> Tensor:
        """See :class:`Semiring`."""
        out = value.new_zeros(value.shape[0], size, value.shape[2])
        at = index.view(1, -1, 1).expand_as(value)
        return out.scatter_reduce_(1, at, value, "amax")


class Expectation:
    """Pairs (p, r): sums ``(p1 + p2, r1 + r2)``, products ``(p1 p2, p1 r2 + p2 r1)``.

    An edge of weight w is lifted to ``(|w|, |w| log |w|)``. The sum over all paths is then
    ``(Z, R)`` with R the sum of p log p over paths, and the entropy of the distribution p / Z over
    paths is ``log Z - R / Z`` nats, see :func:`linguagraph.masks.semiring.entropy` (Du et al. 2023,
    section 3.3, with the opposite sign of r).
    """

    name = "expectation"
    components = 2
    absolute = True

    def lift(self, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        size = weight.abs()
        return torch.stack((size, _entropic(size)))

    def add(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return left + right

    def times(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        size = weight.abs()
        found = value * size
        found[1] += value[0] * _entropic(size)
        return found

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        return torch.stack((left[0] * right[0], left[0] * right[1] + left[1] * right[0]))

    def total(self, value: Tensor, dims: tuple[int, ...], *, keepdim: bool = False) -> Tensor:
        """See :class:`Semiring`."""
        return value.sum(dims, keepdim=keepdim) if dims else value

    def matmul(self, value: Tensor, weight: Tensor) -> Tensor:
        """See :class:`Semiring`."""
        size = weight.abs()
        found = value @ size
        found[1] += value[0] @ _entropic(size)
        return found

    def scatter(self, value: Tensor, index: Tensor, size: int) -> Tensor:
        """See :class:`Semiring`."""
        out = value.new_zeros(value.shape[0], size, value.shape[2])
        return out.index_add_(1, index, value)


def _entropic(size: Tensor) -> Tensor:
    """x log x of x >= 0, 0 at 0."""
    tiny = torch.finfo(size.dtype).tiny
    return size.clamp_min(tiny).log_().mul_(size)


def _max_rows(rows: Tensor, weight: Tensor) -> Tensor:
    """max over m of rows [N, m] * weight [m, K], both at least 0 -> [N, K]."""
    count, (inner, outer) = len(rows), weight.shape
    out = rows.new_zeros(count, outer)
    at = None
    if not rows.is_cuda:
        at = rows.amax(1).nonzero().squeeze(1)  # rows of zeros give zeros
        if len(at) == count:
            at = None
        else:
            rows, count = rows.index_select(0, at), len(at)
    found = out if at is None else rows.new_zeros(count, outer)
    cut = max(1, BLOCK // max(outer, 1))
    for first in range(0, inner, cut):
        part = weight[first : first + cut]
        step = max(1, BLOCK // max(part.numel(), 1))
        for start in range(0, count, step):
            left = rows[start : start + step, first : first + cut].unsqueeze(-1)
            best = (left * part).amax(1)
            if inner <= cut:
                found[start : start + step] = best
            else:
                torch.maximum(found[start : start + step], best, out=found[start : start + step])
    return out if at is None else out.index_copy_(0, at, found)


def _max_batched(left: Tensor, right: Tensor) -> Tensor:
    """max over m of left [B, N, m] * right [B, m, K], both at least 0 -> [B, N, K]."""
    batch, rows, inner = left.shape
    outer = right.shape[-1]
    found = left.new_zeros(batch, rows, outer)
    if 0 in (batch, rows, inner, outer):
        return found
    cut = max(1, BLOCK // (inner * outer))
    step = max(1, cut // rows)
    for first in range(0, batch, step):
        here = right[first : first + step].unsqueeze(1)
        for start in range(0, rows, cut):
            part = left[first : first + step, start : start + cut].unsqueeze(-1)
            found[first : first + step, start : start + cut] = (part * here).amax(2)
    return found


SEMIRINGS: dict[str, Semiring] = {
    one.name: one for one in (SumProduct(), SumProduct(absolute=True), MaxProduct(), Expectation())
}
"""Name and object of every semiring."""


def find_semiring(name: str | Semiring) -> Semiring:
    """A semiring by its name; one that is given already is returned.

    Raises:
        ConfigError: there is none of that name.
    """
    if not isinstance(name, str):
        return name
    if name not in SEMIRINGS:
        raise ConfigError(f"semiring={name!r}; expected one of {', '.join(SEMIRINGS)}")
    return SEMIRINGS[name]
