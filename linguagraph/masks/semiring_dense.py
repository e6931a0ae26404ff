"""Local derivatives of matrix products, softmax and layer normalisation, as maps.

See :mod:`linguagraph.masks.semiring_maps`. Softmax and normalisation are one operation each, with
their whole Jacobian between a row's inputs and outputs: the paths do not depend on how a library
computes the row's mean or sum.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from linguagraph.masks.semiring_maps import Shape, unbroadcast
from linguagraph.masks.semirings import BLOCK, Semiring

__all__ = ["LeftFactor", "NormMap", "RightFactor", "SoftmaxMap"]


class LeftFactor:
    """``out = x @ right``, from x.

    Args:
        inputs: shape [..., N, M] of x; right: float [..., M, K]; outputs: shape [..., N, K].
    """

    def __init__(self, inputs: Shape, right: Tensor, outputs: Shape) -> None:
        self.inputs, self.right, self.outputs = tuple(inputs), right, tuple(outputs)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        found = ring.matmul(value, self.right.transpose(-1, -2))
        return unbroadcast(ring, found, self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        pad = len(self.outputs) - len(self.inputs)
        value = value.view(value.shape[0], *(1,) * pad, *self.inputs)
        return ring.matmul(value, self.right)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        batch, row, column = _place(element, self.outputs)
        here = _matrix(self.right, batch, self.outputs)
        count = self.inputs[-1]
        first = (_own(batch, self.inputs, self.outputs) * self.inputs[-2] + row) * count
        return torch.arange(first, first + count), here[:, column]


class RightFactor:
    """``out = left @ x``, from x.

    Args:
        inputs: shape [..., M, K] of x; left: float [..., N, M]; outputs: shape [..., N, K].
    """

    def __init__(self, inputs: Shape, left: Tensor, outputs: Shape) -> None:
        self.inputs, self.left, self.outputs = tuple(inputs), left, tuple(outputs)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        found = ring.matmul(value.transpose(-1, -2), self.left).transpose(-1, -2)
        return unbroadcast(ring, found, self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        pad = len(self.outputs) - len(self.inputs)
        value = value.view(value.shape[0], *(1,) * pad, *self.inputs)
        return ring.matmul(value.transpose(-1, -2), self.left.transpose(-1, -2)).transpose(-1, -2)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        batch, row, column = _place(element, self.outputs)
        here = _matrix(self.left, batch, self.outputs)
        inner, width = self.inputs[-2:]
        first = _own(batch, self.inputs, self.outputs) * inner * width
        return first + torch.arange(inner) * width + column, here[row]


def _place(element: int, outputs: Shape) -> tuple[int, int, int]:
    rest, column = divmod(element, outputs[-1])
    batch, row = divmod(rest, outputs[-2])
    return batch, row, column


def _own(batch: int, inputs: Shape, outputs: Shape) -> int:
    """Which of a factor's own matrices stands at a place of the broadcast batch."""
    place, step = 0, 1
    own = (1,) * (len(outputs) - len(inputs)) + tuple(inputs[:-2])
    for out, size in zip(reversed(outputs[:-2]), reversed(own), strict=True):
        place += (batch % out if size != 1 else 0) * step
        batch, step = batch // out, step * size
    return place


def _matrix(factor: Tensor, batch: int, outputs: Shape) -> Tensor:
    own = _own(batch, tuple(factor.shape), outputs)
    return factor.reshape(-1, *factor.shape[-2:])[own]


class SoftmaxMap:
    """Softmax along one dimension: ``d s_i / d x_j = s_i (delta_ij - s_j)``.

    Off the diagonal the derivative is a product of s_i and s_j, so no Jacobian is ever built: what
    flows is summed over all i, with that of i = j taken apart.

    Args:
        probabilities: s, float [...]; dim: along which they sum to 1; log: the output is log s,
            whose derivative is ``delta_ij - s_j``.
    """

    def __init__(self, probabilities: Tensor, dim: int, *, log: bool = False) -> None:
        self.dim, self.log = dim, log
        self.s = probabilities.movedim(dim, -1)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        value = value.movedim(_shifted(self.dim), -1)
        sent = value if self.log else ring.times(value, self.s)
        others = ring.times(_others(ring, sent), -self.s)
        own = ring.times(sent, 1 - self.s)
        return ring.add(others, own).movedim(-1, _shifted(self.dim))

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        value = value.movedim(_shifted(self.dim), -1)
        others = _others(ring, ring.times(value, -self.s))
        found = ring.add(others, ring.times(value, 1 - self.s))
        if not self.log:
            found = ring.times(found, self.s)
        return found.movedim(-1, _shifted(self.dim))

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        shape = self.s.movedim(-1, self.dim).shape
        places = torch.arange(prod(shape)).view(shape).movedim(self.dim, -1)
        row, i = divmod(int((places.reshape(-1) == element).nonzero()), self.s.shape[-1])
        s = self.s.reshape(-1, self.s.shape[-1])[row]
        weights = -s.clone()
        weights[i] += 1
        if not self.log:
            weights = weights * s[i]
        return places.reshape(-1, self.s.shape[-1])[row], weights


def _shifted(dim: int) -> int:
    return dim if dim < 0 else dim + 1


def _others(ring: Semiring, value: Tensor) -> Tensor:
    """For every place of the last dimension, the semiring's sum over all other places."""
    if ring.name != "max":
        return value.sum(-1, keepdim=True) - value
    if value.shape[-1] == 1:
        return torch.zeros_like(value)
    best = value.topk(2, dim=-1)
    first, second = best.values[..., :1], best.values[..., 1:]
    at = torch.arange(value.shape[-1], device=value.device)
    return torch.where(at == best.indices[..., :1], second, first)


class NormMap:
    """Layer normalisation of rows of n: ``d y_i / d x_j = g_i / s (delta_ij - (c + u_i u_j) / n)``.

    u is the normalised row, s its deviation, g the gain; c is 1, and 0 for root-mean-square
    normalisation, which subtracts no mean. The matrix in the brackets is symmetric, so that both
    directions take the same product.

    Args:
        inputs: shape of x; normalised: u, float [R, n]; deviation: s, float [R, 1]; gain: float [n]
            or ``None``; centred: whether c is 1.
    """

    def __init__(
        self,
        inputs: Shape,
        normalised: Tensor,
        deviation: Tensor,
        gain: Tensor | None,
        *,
        centred: bool = True,
    ) -> None:
        self.inputs, self.u, self.c = tuple(inputs), normalised, float(centred)
        scale = 1 / deviation
        self.scale = scale.expand_as(normalised) if gain is None else scale * gain.reshape(1, -1)

    def _rows(self, value: Tensor) -> Tensor:
        return value.reshape(value.shape[0], *self.u.shape)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        sent = ring.times(self._rows(value), self.scale)
        return self._through(ring, sent).reshape(value.shape[0], *self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        found = ring.times(self._through(ring, self._rows(value)), self.scale)
        return found.reshape(value.shape[0], *self.inputs)

    def _through(self, ring: Semiring, rows: Tensor) -> Tensor:
        """Rows [C, R, n] times the symmetric matrices of the rows."""
        if not ring.absolute:
            size = self.u.shape[-1]
            along = self.u * (rows * self.u).sum(-1, keepdim=True)
            return rows - (self.c * rows.sum(-1, keepdim=True) + along) / size
        found = torch.zeros_like(rows)
        at = rows[0].amax(1).nonzero().squeeze(1)
        step = max(1, BLOCK // self.u.shape[-1] ** 2)
        for part in torch.split(at, step):
            here = rows.index_select(1, part)
            found.index_copy_(1, part, self._dense(ring, here, self.u.index_select(0, part)))
        return found

    def _dense(self, ring: Semiring, rows: Tensor, u: Tensor) -> Tensor:
        size = u.shape[-1]
        ones = torch.full_like(u, self.c)
        left, right = torch.stack((ones, u), -1), torch.stack((torch.ones_like(u), u), 1)
        if ring.name != "max":
            matrix = (left @ right).div_(-size)
            matrix.diagonal(dim1=1, dim2=2).add_(1)
            return ring.matmul(rows.unsqueeze(-2), matrix).squeeze(-2)
        products = (left * (rows[0].unsqueeze(-1) / size)) @ right
        products.diagonal(dim1=1, dim2=2).zero_()
        off = products.abs_().amax(1)
        own = rows[0] * (1 - (self.c + u * u) / size).abs()
        return torch.maximum(off, own).unsqueeze(0)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`linguagraph.masks.semiring_maps.LocalMap`."""
        row, i = divmod(element, self.u.shape[-1])
        u = self.u[row]
        weights = -(self.c + u[i] * u) / len(u)
        weights[i] += 1
        places = torch.arange(len(u)) + row * len(u)
        return places, weights * self.scale[row, i]
