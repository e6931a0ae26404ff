"""A forward pass of any PyTorch model -> its gradient graph, as a tape of local derivatives.

While a :class:`Tape` records, every PyTorch function that is called on a watched tensor, or on
something computed from one, is noted with the local derivatives of its output, by the rules of
:mod:`linguagraph.masks.semiring_rules`. Functions are intercepted through
:class:`torch.overrides.TorchFunctionMode`, the public interface for this; models are neither
changed nor copied, and run without gradient.

Passes over the tape, in any semiring, are :meth:`Tape.backward` and :meth:`Tape.forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name

from linguagraph.errors import MaskError
from linguagraph.masks.semiring_maps import LocalMap
from linguagraph.masks.semirings import Semiring, find_semiring

__all__ = ["Node", "Tape"]

Parents = Sequence[tuple[Tensor, LocalMap]]
Rule = Callable[["Tape", Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


@dataclass(slots=True)
class Node:
    """One tensor of the gradient graph.

    Attributes:
        number: its place on the tape; parents have smaller ones.
        tensor: its value.
        op: name of the function that made it, "input" for watched tensors.
        scope: path of the module in whose forward pass it was made, "" outside of any.
        parents: numbers of the tensors that it was computed from, with the local derivatives; the
            same tensor once per place in which it is used.
        version: of ``tensor`` when it was noted.
    """

    number: int
    tensor: Tensor
    op: str
    scope: str
    parents: list[tuple[int, LocalMap]]
    version: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor."""
        return tuple(self.tensor.shape)


@dataclass
class Tape:
    """The gradient graph of what is computed while it records; see :meth:`recording`.

    Attributes:
        nodes: in the order in which they were made.
        outputs: numbers of the nodes that each module returned, by its path, in call order.
        inputs: numbers of the watched tensors.
    """

    nodes: list[Node] = field(default_factory=list)
    outputs: dict[str, list[int]] = field(default_factory=dict)
    inputs: list[int] = field(default_factory=list)
    _known: dict[int, int] = field(default_factory=dict, repr=False)
    _scopes: list[str] = field(default_factory=list, repr=False)
    _mode: _Recorder | None = field(default=None, repr=False)

    @contextmanager
    def recording(self, *modules: nn.Module) -> Iterator[Tape]:
        """Record what is computed inside, without gradient.

        Args:
            modules: whose submodules' paths are noted in :attr:`Node.scope` and :attr:`outputs`.

        Raises:
            MaskError: inside, when a function is called that no rule covers, or a module is in
                training mode and draws random numbers.
        """
        handles = [handle for module in modules for handle in self._hooks(module)]
        self._mode = _Recorder(self)
        try:
            with torch.no_grad(), self._mode:
                yield self
        finally:
            self._mode = None
            self._scopes.clear()
            for handle in handles:
                handle.remove()

    @contextmanager
    def again(self) -> Iterator[None]:
        """Record inside a rule, for operations that are put together from others."""
        assert self._mode is not None
        with self._mode:
            yield

    def watch(self, tensor: Tensor) -> Tensor:
        """Make a tensor an input: paths end in it. Returns the tensor, to be used from here on."""
        number = self.note(tensor.detach(), [], op="input")
        self.inputs.append(number)
        return self.nodes[number].tensor

    def tracked(self, value: Any) -> bool:
        """Whether a value is a tensor on the tape."""
        return isinstance(value, Tensor) and id(value) in self._known

    def number(self, tensor: Tensor) -> int:
        """The place of a tensor on the tape.

        Raises:
            MaskError: it is not there, or was changed in place behind the tape's back.
        """
        if id(tensor) not in self._known:
            raise MaskError(
                "the tensor does not depend on a watched one, or was made outside of the recording"
            )
        node = self.nodes[self._known[id(tensor)]]
        if node.tensor._version != node.version:
            raise MaskError(
                f"the result of {node.op} in {node.scope or 'the model'} was changed in place "
                "through a view of it; semiring passes need that step to be out of place"
            )
        return node.number

    def note(self, tensor: Tensor, parents: Parents, *, op: str) -> int:
        """Put a tensor on the tape; a parent that is not on it is left out."""
        edges = [(self.number(x), local) for x, local in parents if self.tracked(x)]
        node = Node(
            len(self.nodes),
            tensor,
            op,
            self._scopes[-1] if self._scopes else "",
            edges,
            tensor._version,
        )
        self.nodes.append(node)
        self._known[id(tensor)] = node.number
        return node.number

    def replace(self, tensor: Tensor, edges: list[tuple[int, LocalMap]], *, op: str) -> None:
        """Note a tensor anew that has just been changed in place.

        Args:
            tensor: as it is now; edges: numbers of its parents (its own former node among them,
                see :meth:`save`), with the local derivatives; op: what changed it.
        """
        scope = self._scopes[-1] if self._scopes else ""
        node = Node(len(self.nodes), tensor, op, scope, edges, tensor._version)
        self.nodes.append(node)
        self._known[id(tensor)] = node.number

    def save(self, tensor: Tensor) -> None:
        """Keep a copy of a tensor's value for its node; to be called before a change in place."""
        if self.tracked(tensor):
            node = self.nodes[self.number(tensor)]
            node.tensor = tensor.detach().clone()
            node.version = node.tensor._version

    def _hooks(self, root: nn.Module) -> Iterator[Any]:
        for path, module in root.named_modules():

            def enter(_: nn.Module, __: Any, path: str = path) -> None:
                self._scopes.append(path)

            def leave(_: nn.Module, __: Any, out: Any, path: str = path) -> None:
                self._scopes.pop()
                if self.tracked(out):
                    self.outputs.setdefault(path, []).append(self._known[id(out)])

            yield module.register_forward_pre_hook(enter)
            yield module.register_forward_hook(leave)

    def backward(
        self,
        seeds: Mapping[int, Tensor],
        ring: str | Semiring = "sum",
        *,
        keep: Sequence[int] | None = None,
    ) -> dict[int, Tensor]:
        """Sum over all paths from output elements down to every element of every node.

        Args:
            seeds: by number of an output node, bool or float of its shape: where paths begin, and
                (as a weight) with what.
            ring: name of a semiring, or the semiring.
            keep: numbers of the nodes whose values are wanted; ``None``: those of the inputs.

        Returns:
            By node number, values [C, shape]; zeros where no path leads.
        """
        ring = find_semiring(ring)
        wanted = set(self.inputs if keep is None else keep)
        values = {
            number: ring.lift(seed.to(self.nodes[number].tensor)) for number, seed in seeds.items()
        }
        found = {}
        with torch.no_grad():
            for node in reversed(self.nodes[: max(values) + 1]):
                value = values.pop(node.number, None)
                if value is None:
                    continue
                if node.number in wanted:
                    found[node.number] = value
                for parent, local in node.parents:
                    flow = local.back(ring, value)
                    known = values.get(parent)
                    values[parent] = flow if known is None else ring.add(known, flow)
        return {number: found.get(number, self._zeros(number, ring)) for number in wanted}

    def forward(
        self, ring: str | Semiring = "sum", *, keep: Sequence[int] | None = None
    ) -> dict[int, Tensor]:
        """Sum over all paths from the inputs up to every element of every node.

        Args:
            ring: name of a semiring, or the semiring.
            keep: numbers of the nodes whose values are wanted; ``None``: all.

        Returns:
            By node number, values [C, shape].
        """
        ring = find_semiring(ring)
        wanted = None if keep is None else set(keep)
        last = self._last_uses() if wanted is not None else {}
        values: dict[int, Tensor] = {}
        with torch.no_grad():
            for node in self.nodes:
                value = None
                if node.number in self.inputs:
                    value = ring.lift(torch.ones_like(node.tensor))
                for parent, local in node.parents:
                    flow = local.ahead(ring, values[parent])
                    flow = flow.reshape(ring.components, *node.shape)
                    value = flow if value is None else ring.add(value, flow)
                for parent in {parent for parent, _ in node.parents}:
                    if wanted is not None and last[parent] == node.number and parent not in wanted:
                        del values[parent]
                values[node.number] = self._zeros(node.number, ring) if value is None else value
        return values if wanted is None else {n: v for n, v in values.items() if n in wanted}

    def _last_uses(self) -> dict[int, int]:
        return {parent: node.number for node in self.nodes for parent, _ in node.parents}

    def _zeros(self, number: int, ring: Semiring) -> Tensor:
        tensor = self.nodes[number].tensor
        return tensor.new_zeros(ring.components, *tensor.shape)


class _Recorder(TorchFunctionMode):
    """Hands every call that touches a tensor of the tape to its rule."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """See :class:`torch.overrides.TorchFunctionMode`."""
        kwargs = kwargs or {}
        if not any(self.tape.tracked(value) for value in _tensors((args, kwargs))):
            return func(*args, **kwargs)
        from linguagraph.masks.semiring_rules import find_rule

        rule = find_rule(func)
        if rule is not None:
            return rule(self.tape, func, args, kwargs)
        out = func(*args, **kwargs)
        if any(t.is_floating_point() for t in _tensors(out)):
            scope = self.tape._scopes[-1] if self.tape._scopes else ""
            raise MaskError(
                f"semiring passes do not cover {_known_as(func)}"
                + (f", called in {scope!r}" if scope else "")
                + "; see linguagraph.masks.semiring_rules.RULES for what they do, and add a rule"
            )
        return out


def _known_as(func: Callable[..., Any]) -> str:
    return resolve_name(func) or str(getattr(func, "__name__", func))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)
