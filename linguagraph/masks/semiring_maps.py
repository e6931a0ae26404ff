"""Local derivatives of operations, as maps between the elements of an input and of an output.

Every map knows three things: how values flow back (output -> input), how they flow ahead (input ->
output), and from which input elements, with which weights, one output element is reached. The
first two are passes in any semiring, the third follows single paths.

Values are [C, shape of the tensor], see :mod:`linguagraph.masks.semirings`. Elements are counted in
row-major order of the tensor's shape.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import Protocol

import torch
from torch import Tensor

from linguagraph.masks.semirings import Semiring

__all__ = [
    "LocalMap",
    "Moved",
    "Picked",
    "Placed",
    "Poured",
    "Rows",
    "Scaled",
    "Spread",
    "Summed",
    "unbroadcast",
]

Shape = tuple[int, ...]
View = Callable[[Tensor], Tensor]


class LocalMap(Protocol):
    """The local derivatives between one input and one output of an operation."""

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """Values [C, output shape] -> [C, input shape]."""

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """Values [C, input shape] -> [C, output shape]."""

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """Input elements int64 [K] that reach one output element, and signed weights [K]."""


def unbroadcast(ring: Semiring, value: Tensor, shape: Shape) -> Tensor:
    """Sum values [C, broadcast shape] over the dimensions that a shape was broadcast along."""
    extra = value.dim() - 1 - len(shape)
    if extra:
        value = ring.total(value, tuple(range(1, extra + 1)))
    dims = tuple(at + 1 for at, size in enumerate(shape) if size == 1 and value.shape[at + 1] != 1)
    return ring.total(value, dims, keepdim=True) if dims else value


def _empty_like(ring: Semiring, value: Tensor, shape: Shape) -> Tensor:
    return value.new_zeros(ring.components, *shape)


class Scaled:
    """Element by element with broadcasting: ``d out[i] / d x[broadcast(i)] = weight[i]``.

    Args:
        inputs, outputs: shapes.
        weight: broadcasts to ``outputs``; made when it is first needed; ``None`` for ones.
    """

    def __init__(
        self, inputs: Shape, outputs: Shape, weight: Callable[[], Tensor] | None = None
    ) -> None:
        self.inputs, self.outputs, self._make = tuple(inputs), tuple(outputs), weight

    @cached_property
    def weight(self) -> Tensor | None:
        """The derivatives, or ``None`` for ones."""
        return None if self._make is None else self._make()

    def _times(self, ring: Semiring, value: Tensor) -> Tensor:
        return value if self.weight is None else ring.times(value, self.weight)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return unbroadcast(ring, self._times(ring, value), self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return self._times(ring, self.spread(value))

    def spread(self, value: Tensor) -> Tensor:
        """Values [C, input shape], broadcast to [C, output shape]."""
        if self.inputs == self.outputs:
            return value
        pad = (1,) * (len(self.outputs) - len(self.inputs))
        full = value.view(value.shape[0], *pad, *self.inputs)
        return full.expand(value.shape[0], *self.outputs)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        place, at, step = 0, element, 1
        for out, own in _aligned(self.outputs, self.inputs):
            place += (at % out if own != 1 else 0) * step
            at, step = at // out, step * own
        index = torch.tensor([place])
        if self.weight is None:
            return index, torch.ones(1)
        weight = self.weight.expand(self.outputs)
        return index, weight[_unravel(element, self.outputs)].reshape(1)


def _aligned(outputs: Shape, inputs: Shape) -> list[tuple[int, int]]:
    """Sizes of output and input dimensions, last first; missing ones are 1."""
    own = (1,) * (len(outputs) - len(inputs)) + tuple(inputs)
    return list(zip(reversed(outputs), reversed(own), strict=True))


def _unravel(element: int, shape: Shape) -> tuple[int, ...]:
    found = []
    for size in reversed(shape):
        found.append(element % size)
        element //= size
    return tuple(reversed(found))


class Moved:
    """The output is a view of the input that shows every element at most once.

    Args:
        inputs: shape of the input; view: what makes the output of a contiguous input.
    """

    def __init__(self, inputs: Shape, view: View) -> None:
        self.inputs, self.view = tuple(inputs), view

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        out = _empty_like(ring, value, self.inputs)
        for part, found in zip(out, value, strict=True):
            self.view(part).copy_(found)
        return out

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return torch.stack([self.view(part.contiguous()) for part in value])

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        return self._places[element].view(1), torch.ones(1)

    @cached_property
    def _places(self) -> Tensor:
        return self.view(torch.arange(prod(self.inputs)).view(self.inputs)).reshape(-1)


class Placed:
    """The input fills one part of the output, as in a concatenation.

    Args:
        outputs: shape of the output; view: the part of it that the input fills.
    """

    def __init__(self, outputs: Shape, view: View) -> None:
        self.outputs, self.view = tuple(outputs), view

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return torch.stack([self.view(part.contiguous()) for part in value])

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        out = _empty_like(ring, value, self.outputs)
        for part, found in zip(out, value, strict=True):
            self.view(part).copy_(found)
        return out

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        found = self._places[element]
        return (found.view(1), torch.ones(1)) if found >= 0 else _nothing()

    @cached_property
    def _places(self) -> Tensor:
        places = torch.full(self.outputs, -1)
        part = self.view(places)
        part.copy_(torch.arange(part.numel()).view(part.shape))
        return places.view(-1)


def _nothing() -> tuple[Tensor, Tensor]:
    return torch.empty(0, dtype=torch.int64), torch.empty(0)


class Picked:
    """Every output element is one input element: ``out[i] = x[index[i]]``, with repetitions.

    Args:
        inputs, outputs: shapes; index: int64 [outputs], elements of the input; -1 for none.
    """

    def __init__(self, inputs: Shape, index: Tensor) -> None:
        self.inputs, self.index = tuple(inputs), index

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        index, flat = self.index.reshape(-1), value.reshape(value.shape[0], -1, 1)
        if bool((index < 0).any()):
            keep = (index >= 0).nonzero().squeeze(1)
            index, flat = index[keep], flat[:, keep]
        found = ring.scatter(flat, index, prod(self.inputs))
        return found.view(ring.components, *self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        flat = value.reshape(value.shape[0], -1)
        index = self.index.reshape(-1)
        found = flat.index_select(1, index.clamp(min=0)) * (index >= 0)
        return found.view(value.shape[0], *self.index.shape)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        found = self.index.reshape(-1)[element].cpu()
        return (found.view(1), torch.ones(1)) if found >= 0 else _nothing()


class Poured:
    """Every input element is added to one output element: ``out[index[i]] += x[i]``.

    Args:
        index: int64 [inputs], elements of the output; outputs: shape of the output.
    """

    def __init__(self, index: Tensor, outputs: Shape) -> None:
        self.index, self.outputs = index, tuple(outputs)

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        flat = value.reshape(value.shape[0], -1)
        return flat[:, self.index.reshape(-1)].view(value.shape[0], *self.index.shape)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        flat = value.reshape(value.shape[0], -1, 1)
        found = ring.scatter(flat, self.index.reshape(-1), prod(self.outputs))
        return found.view(ring.components, *self.outputs)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        places = (self.index.reshape(-1) == element).nonzero().squeeze(1).cpu()
        return places, torch.ones(len(places))


class Rows:
    """Rows along one dimension, chosen by an index: ``index_select`` and embeddings.

    Args:
        inputs: shape of the input; dim: of it; index: int64 [E].
    """

    def __init__(self, inputs: Shape, dim: int, index: Tensor) -> None:
        self.inputs, self.dim, self.index = tuple(inputs), dim % len(inputs), index

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return _scattered(ring, value, self.dim, self.index, self.inputs[self.dim])

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return value.index_select(self.dim + 1, self.index)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        inner = prod(self.inputs[self.dim + 1 :])
        outer, rest = divmod(element, inner * len(self.index))
        row, at = divmod(rest, inner)
        chosen = int(self.index[row])
        place = (outer * self.inputs[self.dim] + chosen) * inner + at
        return torch.tensor([place]), torch.ones(1)


def _scattered(ring: Semiring, value: Tensor, dim: int, index: Tensor, size: int) -> Tensor:
    """Sum along ``dim`` (of the shape without C) by index; that dimension becomes ``size``."""
    shape = value.shape[1:]
    outer, inner = prod(shape[:dim]), prod(shape[dim + 1 :])
    rows = value.reshape(value.shape[0], outer, shape[dim], inner)
    rows = rows.transpose(1, 2).reshape(value.shape[0], shape[dim], outer * inner)
    found = ring.scatter(rows, index, size).view(value.shape[0], size, outer, inner)
    return found.transpose(1, 2).reshape(value.shape[0], *shape[:dim], size, *shape[dim + 1 :])


class Spread:
    """Rows added at the places of an index: ``index_add`` and segment sums, from the added rows.

    Args:
        inputs: shape of the added rows; dim; index: int64 [E]; size: of the output along ``dim``.
    """

    def __init__(self, inputs: Shape, dim: int, index: Tensor, size: int) -> None:
        self.inputs, self.dim, self.index, self.size = tuple(inputs), dim % len(inputs), index, size

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return value.index_select(self.dim + 1, self.index)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        return _scattered(ring, value, self.dim, self.index, self.size)

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        inner = prod(self.inputs[self.dim + 1 :])
        outer, rest = divmod(element, inner * self.size)
        row, at = divmod(rest, inner)
        rows = (self.index == row).nonzero().squeeze(1).cpu()
        return (outer * len(self.index) + rows) * inner + at, torch.ones(len(rows))


class Summed:
    """Sums over dimensions, with weight 1 (or 1 / n for means).

    Args:
        inputs: shape of the input; dims: summed over; weight: of every element.
    """

    def __init__(self, inputs: Shape, dims: tuple[int, ...], *, weight: float = 1.0) -> None:
        self.inputs, self.weight = tuple(inputs), weight
        self.dims = tuple(sorted(dim % max(len(inputs), 1) for dim in dims))

    def _kept(self) -> Shape:
        return tuple(1 if at in self.dims else size for at, size in enumerate(self.inputs))

    def _times(self, ring: Semiring, value: Tensor) -> Tensor:
        if self.weight == 1:
            return value
        return ring.times(value, value.new_tensor(self.weight))

    def back(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`."""
        value = self._times(ring, value).reshape(value.shape[0], *self._kept())
        return value.expand(value.shape[0], *self.inputs)

    def ahead(self, ring: Semiring, value: Tensor) -> Tensor:
        """See :class:`LocalMap`; the output keeps summed dimensions as 1 only if it has them."""
        return ring.total(self._times(ring, value), tuple(d + 1 for d in self.dims))

    def sources(self, element: int) -> tuple[Tensor, Tensor]:
        """See :class:`LocalMap`."""
        kept = torch.arange(prod(self.inputs)).view(self.inputs)
        order = [at for at in range(len(self.inputs)) if at not in self.dims] + list(self.dims)
        rest = prod(self.inputs[at] for at in self.dims)
        places = kept.permute(order).reshape(-1, rest)[element]
        return places, torch.full((len(places),), self.weight)
